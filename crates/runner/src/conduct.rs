//! Many scenarios over one stack, as many at once as names and jobs allow.
//!
//! Of a daemon that died, and of a message that nobody sent, it cannot be told which scenario did it as long as several run. Those
//! that ran at that moment are then run again, alone, one after the other: the one with which it happens again did it, and
//! each of the others gets a verdict of its own.

use crate::{
    drive::{Opinion, drive},
    order::Order,
    schedule::{NameLocks, Schedule},
};
use claims::Scenario;
use evidence::{Delivered, Evidence};
use stack::{Died, Stack, StackError};
use std::{
    collections::VecDeque,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::task::JoinSet;
use verdict::Verdict;

/// How scenarios are run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RunOptions<'a> {
    /// How many at the same time.
    pub(crate) jobs: NonZeroUsize,
    /// Whether the harness judges each message for itself, too.
    pub(crate) opinion: Opinion,
    /// In which order they start.
    pub(crate) order: Order,
    /// When this is set no more are started, and nothing is told of those that were not.
    pub(crate) is_enough: Option<&'a AtomicBool>,
}

/// A scenario that has run.
#[derive(Debug)]
pub(crate) struct Done {
    pub(crate) scenario: Arc<Scenario>,
    pub(crate) ended: Ended,
    /// Services that it made end.
    pub(crate) died: Vec<Died>,
    pub(crate) took: Duration,
}

impl Done {
    const fn without(scenario: Arc<Scenario>, ended: Ended) -> Self {
        Self { scenario, ended, died: Vec::new(), took: Duration::ZERO }
    }

    /// Whether a service ended, or a message came from nowhere, while it ran alone.
    fn is_to_blame(&self) -> bool {
        !self.died.is_empty() || matches!(&self.ended, Ended::Judged(seen) if !seen.0.strays.is_empty())
    }
}

/// How a scenario ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// It was seen to its end, and this is what it means.
    Judged(Box<(Evidence, Verdict)>),
    /// Nothing can be told, and why.
    Unclear(String),
    /// It did not begin, since the stack was broken by then, and how.
    NotRun(String),
}

/// What happened while scenarios ran and that none of them can be blamed for.
#[derive(Debug, Default)]
pub(crate) struct Incident {
    /// Services that ended.
    pub(crate) died: Vec<Died>,
    /// Messages in mailboxes that nobody is known to have sent.
    pub(crate) strays: Vec<Delivered>,
}

impl Incident {
    fn is_none(&self) -> bool {
        self.died.is_empty() && self.strays.is_empty()
    }

    fn join(&mut self, other: Self) {
        self.died.extend(other.died);
        self.strays.extend(other.strays);
    }
}

/// Runs all scenarios and hands each to `each` as it ends; one that is found out later is handed over once more. When the stack is
/// broken for good, no more are started: those that are left end with the reason. Tells what no scenario can be blamed for.
pub(crate) async fn conduct(
    stack: &Arc<Stack>,
    scenarios: Vec<Scenario>,
    options: RunOptions<'_>,
    each: impl FnMut(Done),
) -> Incident {
    let one = |scenario, is_alone| one(Arc::clone(stack), scenario, options.opinion, is_alone);
    conduct_by(one, scenarios, options, each).await
}

/// The same, by whatever runs one scenario, alone or among others.
async fn conduct_by<F>(
    one: impl Fn(Arc<Scenario>, bool) -> F,
    mut scenarios: Vec<Scenario>,
    options: RunOptions<'_>,
    mut each: impl FnMut(Done),
) -> Incident
where
    F: Future<Output = Ran> + Send + 'static,
{
    let RunOptions { order, is_enough, .. } = options;
    let jobs = options.jobs.get();
    order.arrange(&mut scenarios, |scenario| &scenario.plan.source.name);
    let work = scenarios.into_iter().map(|scenario| (NameLocks::of(&scenario.plan), Arc::new(scenario)));
    let mut schedule = Schedule::new(work, order.alone_turn());
    let mut running = JoinSet::new();
    let mut suspects: Vec<Arc<Scenario>> = Vec::new();
    // those that ended last: the end of a service may be noticed late
    let mut recent: VecDeque<Arc<Scenario>> = VecDeque::new();
    let (mut unsolved, mut unexplained) = (Incident::default(), Incident::default());
    let mut broken: Option<String> = None;
    loop {
        let is_enough = || is_enough.is_some_and(|is_enough| is_enough.load(Ordering::Relaxed));
        while broken.is_none() && suspects.is_empty() && running.len() < jobs && !is_enough() {
            let Some((locks, scenario)) = schedule.start() else { break };
            let ran = one(scenario, false);
            running.spawn(async move { (locks, ran.await) });
        }
        let Some(joined) = running.join_next().await else {
            if suspects.is_empty() {
                break;
            }
            let (incident, asked) = (std::mem::take(&mut unsolved), std::mem::take(&mut suspects));
            let solved = match &broken {
                Some(why) => Err((why.clone(), asked)),
                None => ask_again(&one, asked, recent.drain(..), &mut unexplained, &mut each).await,
            };
            match solved {
                Ok(true) => {}
                Ok(false) => unexplained.join(incident),
                Err((why, unasked)) => {
                    unasked.into_iter().for_each(|scenario| each(Done::without(scenario, Ended::Unclear(why.clone()))));
                    broken = Some(why);
                }
            }
            continue;
        };
        let (locks, ran) = joined.expect("a scenario's own task does not panic");
        schedule.done(&locks);
        broken = broken.or(ran.broken);
        if suspects.is_empty() && ran.incident.is_none() {
            recent.push_back(Arc::clone(&ran.done.scenario));
            if recent.len() > jobs {
                recent.pop_front();
            }
            each(ran.done);
        } else {
            unsolved.join(ran.incident);
            suspects.push(ran.done.scenario);
        }
    }
    if let Some(why) = broken {
        while let Some((locks, scenario)) = schedule.start() {
            schedule.done(&locks);
            each(Done::without(scenario, Ended::NotRun(why.clone())));
        }
    }
    unexplained
}

/// Runs each alone, and tells whether it happens again with any. Those that ended before are only asked if it does not, and
/// handed over only if it does with them.
///
/// # Errors
/// Why the stack is broken for good, and those that were not asked.
async fn ask_again<F: Future<Output = Ran>>(
    one: &impl Fn(Arc<Scenario>, bool) -> F,
    suspects: Vec<Arc<Scenario>>,
    recent: impl Iterator<Item = Arc<Scenario>>,
    unexplained: &mut Incident,
    each: &mut impl FnMut(Done),
) -> Result<bool, (String, Vec<Arc<Scenario>>)> {
    let mut is_solved = false;
    let mut suspects = suspects.into_iter();
    while let Some(scenario) = suspects.next() {
        let ran = one(scenario, true).await;
        is_solved |= ran.done.is_to_blame();
        unexplained.join(ran.incident);
        each(ran.done);
        if let Some(why) = ran.broken {
            return Err((why, suspects.collect()));
        }
    }
    for scenario in recent {
        if is_solved {
            break;
        }
        let ran = one(scenario, true).await;
        unexplained.join(ran.incident);
        if ran.done.is_to_blame() {
            is_solved = true;
            each(ran.done);
        }
        if let Some(why) = ran.broken {
            return Err((why, Vec::new()));
        }
    }
    Ok(is_solved)
}

/// What came of running a scenario once.
struct Ran {
    done: Done,
    /// What happened and is, or may be, another one's doing.
    incident: Incident,
    /// Why the stack is broken for good, if it is.
    broken: Option<String>,
}

/// Runs one scenario. What does not hold is only believed of a stack that is whole.
async fn one(stack: Arc<Stack>, scenario: Arc<Scenario>, opinion: Opinion, is_alone: bool) -> Ran {
    let begun = Instant::now();
    // what lies there already is not its doing
    let before = if is_alone { stack.strays().await.unwrap_or_default() } else { Vec::new() };
    let driven = drive(&stack, &scenario.plan, opinion).await;
    let end = |ended, died, incident, broken| Ran {
        done: Done { scenario: Arc::clone(&scenario), ended, died, took: begun.elapsed() },
        incident,
        broken,
    };
    let lost = |why: StackError, died| {
        let why = why.to_string();
        end(Ended::Unclear(why.clone()), died, Incident::default(), Some(why))
    };
    let asked_again = |died, broken: Option<StackError>| {
        let incident = Incident { died, strays: Vec::new() };
        end(Ended::Unclear("it is asked again".to_owned()), Vec::new(), incident, broken.map(|why| why.to_string()))
    };
    let mut died = match stack.mend().await {
        Ok(died) => died,
        Err(why) => return lost(why, Vec::new()),
    };
    if !is_alone && !died.is_empty() {
        return asked_again(died, stack.check().err());
    }
    // mail that nobody sent is only looked for where it can be told whose doing it is
    let strays = if is_alone { stack.strays().await } else { Ok(Vec::new()) };
    let seen = driven.and_then(|evidence| Ok(Evidence { strays: strays?, ..evidence }));
    let ended = match seen {
        Ok(evidence) => {
            let verdict = verdict::judge(&scenario, &evidence);
            Ended::Judged(Box::new((evidence, verdict)))
        }
        Err(why) => Ended::Unclear(why.to_string()),
    };
    let nothing = Incident { died: Vec::new(), strays: before };
    if died.is_empty() && matches!(&ended, Ended::Judged(seen) if seen.1.holds()) {
        return end(ended, died, nothing, None);
    }
    // another scenario may have ended a service since then
    match stack.mend().await {
        Ok(late) if !is_alone && !late.is_empty() => return asked_again(late, stack.check().err()),
        Ok(late) => died.extend(late),
        Err(why) => return lost(why, died),
    }
    match stack.check() {
        Ok(()) => end(ended, died, nothing, None),
        // what it made end stays ended: that is its doing
        Err(why) if !died.is_empty() => end(ended, died, nothing, Some(why.to_string())),
        Err(why) => lost(why, died),
    }
}

#[cfg(test)]
mod tests;
