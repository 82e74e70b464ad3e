//! Runs: told apart by label, and cleaned up however they end.

use crate::{DOCKER, Test, debian, ensure, run_id, runtime, settings, with_place};
use libtest_mimic::Failed;
use mailproof_container::{ContainerSpec, Engine, EngineError, Reaper, Run};
use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};
use tokio::time::{Instant, interval};

pub(crate) fn trials() -> Vec<Test> {
    vec![
        ("runs::sweeping_one_leaves_the_others", sweeping_one_leaves_the_others),
        ("runs::nothing_is_left_of_a_run_that_is_killed", nothing_is_left_of_a_run_that_is_killed),
        ("runs::nothing_is_left_of_a_run_killed_while_it_starts", nothing_is_left_of_a_run_killed_while_it_starts),
        ("runs::a_disarmed_reaper_leaves_all", a_disarmed_reaper_leaves_all),
    ]
}

/// A run that is killed: a network, three containers, a reaper; then it waits.
pub(crate) async fn raise(id: &str) -> Result<(), EngineError> {
    let address = DOCKER;
    let engine = Engine::connect(address).await?;
    let run = Run::new(id, false);
    let _reaper = Reaper::start(address, id)?;
    let image = engine.ensure(&debian(), &settings(), &|_| {}).await?;
    let network = engine.network(&run).await?;
    println!("network");
    let start = |name| engine.start(ContainerSpec::new(name, &image, &run, &network));
    tokio::try_join!(start("a"), start("b"), start("c"))?;
    println!("up");
    std::future::pending().await
}

fn sweeping_one_leaves_the_others() -> Result<(), Failed> {
    with_place(|place| async move {
        let other = Run::new(&run_id(), true);
        let network = place.engine.network(&other).await?;
        let start = |run: &Run, network| place.engine.start(ContainerSpec::new("a", &place.image, run, network));
        let (kept, swept) = tokio::try_join!(start(&place.run, &place.network), start(&other, &network))?;
        let did = place.engine.sweep(&other.id).await?;
        ensure(did.containers == 1 && did.networks == 1, || format!("{did:?}"))?;
        let gone = swept.exec(&["true"]).await;
        ensure(gone.is_err() && kept.exec(&["true"]).await?.code == 0, || format!("{gone:?}"))?;
        let ids: Vec<String> = place.engine.runs().await?.into_iter().map(|run| run.id).collect();
        ensure(ids.contains(&place.run.id) && !ids.contains(&other.id), || format!("{ids:?}"))
    })
}

fn nothing_is_left_of_a_run_that_is_killed() -> Result<(), Failed> {
    killed_after("up")
}

fn nothing_is_left_of_a_run_killed_while_it_starts() -> Result<(), Failed> {
    killed_after("network")
}

fn killed_after(word: &str) -> Result<(), Failed> {
    let run = run_id();
    let (mut child, mut lines) = raised(&run)?;
    let mut line = String::new();
    while line.trim_end() != word {
        line.clear();
        ensure(lines.read_line(&mut line)? > 0, || format!("it ended without `{word}`"))?;
    }
    child.kill()?;
    child.wait()?;
    runtime().block_on(async {
        let engine = Engine::connect(DOCKER).await?;
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut tick = interval(Duration::from_millis(100));
        loop {
            tick.tick().await;
            let left = engine.runs().await?.into_iter().find(|seen| seen.id == run);
            let Some(left) = left else { return Ok(()) };
            if Instant::now() > deadline {
                engine.sweep(&run).await?;
                return Err(format!("left: {left:?}").into());
            }
        }
    })
}

fn raised(run: &str) -> Result<(Child, BufReader<ChildStdout>), Failed> {
    #[expect(clippy::disallowed_methods, reason = "the test kills it")]
    let mut command = Command::new(std::env::current_exe()?);
    let mut child = command.args(["raise", run]).stdout(Stdio::piped()).spawn()?;
    let lines = BufReader::new(child.stdout.take().ok_or("no output")?);
    Ok((child, lines))
}

fn a_disarmed_reaper_leaves_all() -> Result<(), Failed> {
    with_place(|place| async move {
        Reaper::start(DOCKER, &place.run.id)?.disarm();
        let ids: Vec<String> = place.engine.runs().await?.into_iter().map(|run| run.id).collect();
        ensure(ids.contains(&place.run.id), || format!("{ids:?}"))?;
        drop(Reaper::start(DOCKER, &place.run.id)?);
        let deadline = Instant::now() + Duration::from_secs(30);
        let mut tick = interval(Duration::from_millis(100));
        while place.engine.runs().await?.iter().any(|run| run.id == place.run.id) {
            tick.tick().await;
            ensure(Instant::now() < deadline, || "a dropped reaper does not sweep".to_owned())?;
        }
        Ok(())
    })
}
