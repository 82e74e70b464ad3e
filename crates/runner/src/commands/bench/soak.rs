//! Endurance: the same scenarios many times, on one stack and on as many stacks. What differs from the first time, and what stays
//! behind, is told.

use super::{JOBS, rows::number};
use crate::{
    bring_up::{RunningStack, bring_up},
    commands::{CommandContext, Pair, run::applicable},
    conduct::{Done, Ended, RunOptions, conduct},
    drive::Opinion,
    exit::{CommandError, Exit},
    library,
    order::Order,
    start::CommandResult,
};
use claims::Scenario;
use similar::TextDiff;
use std::{collections::BTreeMap, fs, num::NonZeroUsize, path::Path, time::Instant};

/// Growth of memory in a round that is no noise, in kB, and rounds over which it is looked for.
const GROWTH: f64 = 256.0;
const ROUNDS: usize = 10;

/// What came of each scenario in a round: held or not and why, and its snapshot.
type Round = BTreeMap<String, (String, String)>;

/// What the harness holds, between rounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    descriptors: usize,
    tasks: usize,
    /// In kB; 0 where the system does not say.
    memory: u64,
}

/// Everything that was found.
#[derive(Debug, Default)]
struct Found {
    differences: Vec<String>,
    leaks: Vec<String>,
}

impl Found {
    fn differs(&mut self, what: String) {
        println!("differs: {what}");
        self.differences.push(what);
    }

    fn leaks(&mut self, what: String) {
        println!("left: {what}");
        self.leaks.push(what);
    }
}

/// Runs the chosen scenarios so many times on one stack, and then once on each of so many.
pub(crate) async fn soak(
    context: &CommandContext,
    gateway: Option<&str>,
    names: &[String],
    times: NonZeroUsize,
) -> CommandResult {
    let scratch = tempfile::tempdir().map_err(|cause| CommandError::error(miette::miette!("no directory: {cause}")))?;
    // files that the harness makes while it runs lie there from now on, and no other program's
    if let Err(other) = tempfile::env::override_temp_dir(scratch.path()) {
        return Err(CommandError::error(miette::miette!("temporary files go to {} already", other.display())));
    }
    let mut found = Found::default();
    let (mut first, mut ran, begun) = (None, 0, Instant::now());

    let running_stack = up(context, gateway).await?;
    let mut held = Vec::new();
    for round in 1..=times.get() {
        let done = once(context, &running_stack, gateway, names).await?;
        ran += done.len();
        compare(&mut first, done, &format!("round {round} on one stack"), &mut found);
        held.push(now());
    }
    down(running_stack, scratch.path(), &mut found).await?;
    grown(&held, &mut found);

    let mut held = Vec::new();
    for stack in 1..=times.get() {
        let running_stack = up(context, gateway).await?;
        let done = once(context, &running_stack, gateway, names).await?;
        ran += done.len();
        compare(&mut first, done, &format!("stack {stack}"), &mut found);
        down(running_stack, scratch.path(), &mut found).await?;
        held.push(now());
    }
    grown(&held, &mut found);

    let each = begun.elapsed().as_secs_f64() / (2 * times.get()) as f64;
    number(
        "soak, scenarios run",
        ran as f64,
        "",
        &format!("{times} times on one stack, on {times} stacks; {each:.1} s a round"),
    );
    number("soak, differences", found.differences.len() as f64, "", "");
    number("soak, what stayed behind", found.leaks.len() as f64, "", "");
    Ok(if found.differences.is_empty() && found.leaks.is_empty() { Exit::AsExpected } else { Exit::Failure })
}

async fn up(context: &CommandContext, gateway: Option<&str>) -> Result<RunningStack, CommandError> {
    bring_up(context, Pair::load(&context.workspace, gateway)?, true, false).await
}

/// All of them once.
async fn once(
    context: &CommandContext,
    running_stack: &RunningStack,
    gateway: Option<&str>,
    names: &[String],
) -> Result<Round, CommandError> {
    let world = Pair::load(&context.workspace, gateway)?.world();
    let scenarios: Vec<Scenario> = library::scenarios(library::find(&context.workspace.scenarios(), names)?, &world)?;
    let stack = &running_stack.stack;
    let ((scenarios, _), ()) = tokio::try_join!(applicable(stack, scenarios), stack.open_mailboxes())?;
    let mut round = Round::new();
    let options = RunOptions { jobs: JOBS, opinion: Opinion::On, order: Order::Name, is_enough: None };
    let incident = conduct(stack, scenarios, options, |done: Done| {
        let name = done.scenario.plan.source.name.clone();
        let died = done.died.iter().map(|died| format!("; {died}")).collect::<String>();
        let (word, snapshot) = match done.ended {
            Ended::Judged(seen) => {
                let (_, verdict) = *seen;
                let wrong: Vec<String> = verdict
                    .findings()
                    .map(ToString::to_string)
                    .chain(verdict.errors().map(ToString::to_string))
                    .collect();
                (if verdict.holds() { "holds".to_owned() } else { wrong.join("; ") }, verdict.snapshot)
            }
            Ended::Unclear(why) | Ended::NotRun(why) => (why, String::new()),
        };
        round.insert(name, (word + &died, snapshot));
    })
    .await;
    let strays = stack
        .strays()
        .await
        .map_or_else(|why| why.to_string(), |late| (late.len() + incident.strays.len()).to_string());
    let died: Vec<String> = incident.died.iter().map(ToString::to_string).collect();
    round.insert(
        "the run itself".to_owned(),
        (format!("messages that nobody sent: {strays}; {}", died.join("; ")), String::new()),
    );
    Ok(round)
}

/// Tells what came out otherwise than the first time, which it becomes if there was none.
fn compare(first: &mut Option<Round>, round: Round, when: &str, found: &mut Found) {
    let Some(first) = first else {
        *first = Some(round);
        return;
    };
    for (name, (word, snapshot)) in &round {
        let Some((first_word, first_snapshot)) = first.get(name) else {
            found.differs(format!("{name} in {when}: it was not run the first time"));
            continue;
        };
        if word != first_word {
            found.differs(format!("{name} in {when}: {word}\n  the first time: {first_word}"));
        }
        if snapshot != first_snapshot {
            let diff = TextDiff::from_lines(first_snapshot.as_str(), snapshot.as_str());
            found.differs(format!("{name} in {when}:\n{}", diff.unified_diff().context_radius(2)));
        }
    }
    for name in first.keys().filter(|name| !round.contains_key(*name)) {
        found.differs(format!("{name} in {when}: it was not run"));
    }
}

/// Takes the stack down, and tells what is still there.
async fn down(running_stack: RunningStack, scratch: &Path, found: &mut Found) -> Result<(), CommandError> {
    let (engine, id) = (running_stack.engine.clone(), running_stack.run.clone());
    let volumes = engine.volumes_of(&id).await?;
    running_stack.down().await?;
    for left in engine.runs().await?.into_iter().filter(|run| run.id == id) {
        found.leaks(format!("run {id} is on the engine still, with {} containers", left.containers.len()));
    }
    for volume in engine.volumes_left(&volumes).await? {
        found.leaks(format!("volume {volume} of run {id}"));
    }
    for entry in fs::read_dir(scratch).into_iter().flatten().flatten() {
        found.leaks(format!("{} of run {id}", entry.path().display()));
        // each is told once
        let path = entry.path();
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    Ok(())
}

/// Tells what the harness holds more of than after the first round, and how its memory grows.
fn grown(held: &[Held], found: &mut Found) {
    let (Some(first), Some(last)) = (held.first(), held.last()) else { return };
    let rounds = held.len();
    for (what, before, after) in
        [("descriptors", first.descriptors, last.descriptors), ("tasks", first.tasks, last.tasks)]
    {
        number(&format!("{what} after {rounds}"), after as f64, "", &format!("{before} after the first"));
        // one for each round is a leak; fewer are connections that are kept
        if rounds > 1 && after >= before + rounds - 1 {
            found.leaks(format!("{what}: {before} after the first round, {after} after {rounds}"));
        }
    }
    let second_half: Vec<f64> = held[rounds / 2..].iter().map(|held| held.memory as f64).collect();
    let slope = slope(&second_half);
    let more = format!("{:+.0} kB a round in the second half", slope);
    number(&format!("memory after {rounds}"), last.memory as f64 / 1024.0, "MB", &more);
    if rounds >= ROUNDS && slope > GROWTH {
        found.leaks(format!("memory: {more}"));
    }
}

/// By how much values grow from one to the next, by least squares.
fn slope(values: &[f64]) -> f64 {
    let count = values.len() as f64;
    let mean = |of: &mut dyn Iterator<Item = f64>| of.sum::<f64>() / count;
    let (x, y) = (mean(&mut (0..values.len()).map(|at| at as f64)), mean(&mut values.iter().copied()));
    let over: f64 = values.iter().enumerate().map(|(at, value)| (at as f64 - x) * (value - y)).sum();
    let under: f64 = (0..values.len()).map(|at| (at as f64 - x).powi(2)).sum();
    if under == 0.0 { 0.0 } else { over / under }
}

/// By proc(5).
fn now() -> Held {
    let descriptors = fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
    Held { descriptors, tasks, memory: super::memory("VmRSS:").unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(word: &str, snapshot: &str) -> Round {
        [("spf/pass".to_owned(), (word.to_owned(), snapshot.to_owned()))].into()
    }

    #[test]
    fn what_comes_out_otherwise_than_the_first_time_is_a_difference() {
        let (mut first, mut found) = (None, Found::default());
        compare(&mut first, round("holds", "a\n"), "round 1", &mut found);
        compare(&mut first, round("holds", "a\n"), "round 2", &mut found);
        assert!(found.differences.is_empty());
        compare(&mut first, round("holds", "b\n"), "round 3", &mut found);
        compare(&mut first, round("fails", "a\n"), "round 4", &mut found);
        compare(&mut first, Round::new(), "round 5", &mut found);
        assert_eq!(found.differences.len(), 3, "{:?}", found.differences);
        assert!(found.differences[0].contains("-a\n+b"), "{}", found.differences[0]);
    }

    #[test]
    fn what_grows_with_each_round_is_a_leak() {
        let held = |descriptors, memory| Held { descriptors, tasks: 9, memory };
        let mut found = Found::default();
        grown(&[held(20, 1000), held(21, 1000), held(20, 1000), held(21, 1000)], &mut found);
        assert!(found.leaks.is_empty(), "{:?}", found.leaks);
        grown(&[held(20, 1000), held(21, 1000), held(22, 1000), held(23, 1000)], &mut found);
        assert_eq!(found.leaks.len(), 1);
        let mut found = Found::default();
        grown(&(0..20).map(|n| held(20, 1000 + n * 500)).collect::<Vec<_>>(), &mut found);
        assert_eq!(found.leaks, ["memory: +500 kB a round in the second half"]);
    }
}
