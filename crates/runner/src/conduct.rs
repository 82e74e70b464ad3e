//! Many scenarios over one stack, as many at once as names and jobs allow.

use crate::{
    drive::{Opinion, drive},
    schedule::{NameLocks, Schedule},
};
use claims::Scenario;
use evidence::Evidence;
use stack::{Stack, StackError};
use std::{
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use verdict::Verdict;

/// How scenarios are run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunOptions {
    /// How many at the same time.
    pub(crate) jobs: NonZeroUsize,
    /// Whether the harness judges each message for itself, too.
    pub(crate) opinion: Opinion,
}

/// A scenario that has run.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) scenario: Scenario,
    /// What was seen and what it means; or why nothing can be told.
    pub(crate) ended: Result<(Evidence, Verdict), String>,
    pub(crate) took: Duration,
}

/// Runs all scenarios and hands each to `each` as it ends. When the stack breaks, no more are started: those that are left
/// end with the reason.
pub(crate) async fn conduct(
    stack: &Arc<Stack>,
    scenarios: Vec<Scenario>,
    options: RunOptions,
    mut each: impl FnMut(Done),
) {
    let mut schedule = Schedule::new(scenarios.into_iter().map(|s| (NameLocks::of(&s.plan), s)));
    let mut running = JoinSet::new();
    let mut broken: Option<String> = None;
    loop {
        while broken.is_none() && running.len() < options.jobs.get() {
            let Some((names, scenario)) = schedule.start() else { break };
            let stack = Arc::clone(stack);
            running.spawn(async move {
                let begun = Instant::now();
                let (ended, broken) = one(&stack, &scenario, options.opinion).await;
                (names, Done { scenario, ended, took: begun.elapsed() }, broken)
            });
        }
        let Some(joined) = running.join_next().await else { break };
        let (names, done, why) = joined.expect("a scenario's own task does not panic");
        broken = broken.or(why);
        schedule.done(&names);
        each(done);
    }
    if let Some(why) = broken {
        while let Some((names, scenario)) = schedule.start() {
            schedule.done(&names);
            each(Done { scenario, ended: Err(format!("not run: {why}")), took: Duration::ZERO });
        }
    }
}

/// Runs one scenario; what is seen is only believed of a stack that is whole. Also says whether it is broken.
async fn one(
    stack: &Stack,
    scenario: &Scenario,
    opinion: Opinion,
) -> (Result<(Evidence, Verdict), String>, Option<String>) {
    let driven = drive(stack, &scenario.plan, opinion).await;
    let judged = driven.map(|evidence| {
        let verdict = verdict::judge(scenario, &evidence);
        (evidence, verdict)
    });
    let died = match stack.mend().await {
        Ok(died) => died,
        Err(broken) => return (Err(broken.to_string()), Some(broken.to_string())),
    };
    if let Some(died) = died.first() {
        return (Err(died.to_string()), stack.check().await.err().map(|broken| broken.to_string()));
    }
    if judged.as_ref().is_ok_and(|(_, verdict)| verdict.holds()) {
        return (judged.map_err(|e| e.to_string()), None);
    }
    match stack.check().await {
        Ok(()) => (judged.map_err(|e: StackError| e.to_string()), None),
        Err(broken) => (Err(broken.to_string()), Some(broken.to_string())),
    }
}
