//! What dead runs left is removed by the next run; what lives, or belongs to somebody else, is not touched.

use crate::{
    Failed, Held, Trial, docker,
    faults::{nothing_is_left, signal, start, wait_for},
    run, trial,
};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial(
            "leftovers::a_run_that_died_with_its_reaper_is_removed_by_the_next",
            a_run_that_died_with_its_reaper_is_removed_by_the_next,
        ),
        trial(
            "leftovers::what_lives_or_is_somebody_elses_is_not_touched",
            what_lives_or_is_somebody_elses_is_not_touched,
        ),
    ]
}

fn a_run_that_died_with_its_reaper_is_removed_by_the_next() -> Result<(), Failed> {
    let mut running = start(&["scenario", "run", "spf", "dkim", "--jobs", "1"])?;
    wait_for(&mut running, "✓", || Ok(()))?;
    let label = format!("label=mailproof.run={}", running.run);
    let networks = || docker(&["network", "ls", "--quiet", "--filter", &label]);
    let seen =
        docker(&["network", "inspect", networks()?.trim(), "--format", "{{index .Labels \"mailproof.reaper\"}}"])?;
    let reaper = seen.split(':').next().ok_or("no reaper")?;
    signal(reaper.parse()?, "KILL")?;
    signal(running.child.id(), "KILL")?;
    running.child.wait()?;
    if networks()?.trim().is_empty() || docker(&["ps", "--quiet", "--filter", &label])?.trim().is_empty() {
        return Err("nothing was left: the look is blind".into());
    }
    run(&["scenario", "run", "spf/pass"])?.must(0, &[&format!("removed what was left of run {}", running.run)])?;
    nothing_is_left(&running.run)
}

fn what_lives_or_is_somebody_elses_is_not_touched() -> Result<(), Failed> {
    // a network is a run, too: of another machine, and of a version that did not say of which
    let foreign = [("elsewhere1", Some("another-boot/pid:[1]/0")), ("elsewhere2", None)];
    let filter = |id: &str| format!("label=mailproof.run={id}");
    for (id, place) in foreign {
        let place = place.map(|place| format!("mailproof.place={place}"));
        let (run, name) = (format!("mailproof.run={id}"), format!("mailproof-{id}"));
        let mut words = vec!["network", "create", "--label", &run, "--label", "mailproof.owner=1:1"];
        words.extend(place.iter().flat_map(|place| ["--label", place.as_str()]));
        docker(&[&words[..], &[name.as_str()]].concat())?;
    }
    let held = Held::up("debian-stock")?;
    let container = held.container("mx.gateway.example")?.to_owned();
    let ran = run(&["scenario", "run", "spf/pass"])?;
    let pruned = run(&["stack", "prune"])?;
    let lives = docker(&["ps", "--quiet", "--filter", &format!("name={container}")])?;
    drop(held);
    let kept: Vec<bool> = foreign
        .iter()
        .map(|(id, _)| Ok(!docker(&["network", "ls", "--quiet", "--filter", &filter(id)])?.trim().is_empty()))
        .collect::<Result<_, Failed>>()?;
    let gone = run(&["stack", "prune", "elsewhere1", "elsewhere2"])?;
    ran.must(0, &["held"])?;
    pruned
        .must(0, &["run elsewhere1 belongs to another machine", "run elsewhere2 belongs", "stack prune elsewhere2"])?;
    gone.must(0, &["removed what was left of run elsewhere1", "removed what was left of run elsewhere2"])?;
    match (lives.trim().is_empty(), kept.contains(&false)) {
        (false, false) => Ok(()),
        (is_gone, _) => Err(format!("the held stack is gone: {is_gone}; of the others stay: {kept:?}").into()),
    }
}
