//! Many scenarios over one stack, as many at once as names and jobs allow.
//!
//! Of a daemon that died, and of a message that nobody sent, it cannot be told which scenario did it as long as several run. Those
//! that ran at that moment are then run again, alone, one after the other: the one with which it happens again did it, and
//! each of the others gets a verdict of its own.

use crate::{
    drive::{Opinion, drive},
    schedule::{NameLocks, Schedule},
};
use evidence::{Delivered, Evidence};
use plan::Plan;
use stack::{Died, Stack};
use std::{
    collections::VecDeque,
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
    pub(crate) plan: Arc<Plan>,
    pub(crate) ended: Ended,
    /// Services that it made end.
    pub(crate) died: Vec<Died>,
    pub(crate) took: Duration,
}

impl Done {
    const fn without(plan: Arc<Plan>, ended: Ended) -> Self {
        Self { plan, ended, died: Vec::new(), took: Duration::ZERO }
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

/// Runs all plans and hands each to `each` as it ends; one that is found out later is handed over once more. When the stack is
/// broken for good, no more are started: those that are left end with the reason. Tells what no scenario can be blamed for.
pub(crate) async fn conduct(
    stack: &Arc<Stack>,
    plans: Vec<Plan>,
    options: RunOptions,
    each: impl FnMut(Done),
) -> Incident {
    let one = |plan, is_alone| one(Arc::clone(stack), plan, options.opinion, is_alone);
    conduct_by(one, plans, options.jobs.get(), each).await
}

/// The same, by whatever runs one scenario, alone or among others.
async fn conduct_by<F>(
    one: impl Fn(Arc<Plan>, bool) -> F,
    plans: Vec<Plan>,
    jobs: usize,
    mut each: impl FnMut(Done),
) -> Incident
where
    F: Future<Output = Ran> + Send + 'static,
{
    let plans = plans.into_iter().map(Arc::new);
    let mut schedule = Schedule::new(plans.map(|plan| (NameLocks::of(&plan), plan)));
    let mut running = JoinSet::new();
    let mut suspects: Vec<Arc<Plan>> = Vec::new();
    // those that ended last: the end of a service may be noticed late
    let mut recent: VecDeque<Arc<Plan>> = VecDeque::new();
    let (mut unsolved, mut unexplained) = (Incident::default(), Incident::default());
    let mut broken: Option<String> = None;
    loop {
        while broken.is_none() && suspects.is_empty() && running.len() < jobs {
            let Some((locks, plan)) = schedule.start() else { break };
            let ran = one(plan, false);
            running.spawn(async move { (locks, ran.await) });
        }
        let Some(joined) = running.join_next().await else {
            if suspects.is_empty() {
                break;
            }
            let (incident, asked) = (std::mem::take(&mut unsolved), std::mem::take(&mut suspects));
            let solved = match &broken {
                Some(why) => Err((why.clone(), asked)),
                None => ask_again(&one, asked, recent.drain(..), &mut each).await,
            };
            match solved {
                Ok(true) => {}
                Ok(false) => unexplained.join(incident),
                Err((why, unasked)) => {
                    unasked.into_iter().for_each(|plan| each(Done::without(plan, Ended::Unclear(why.clone()))));
                    broken = Some(why);
                }
            }
            continue;
        };
        let (locks, ran) = joined.expect("a scenario's own task does not panic");
        schedule.done(&locks);
        broken = broken.or(ran.broken);
        if suspects.is_empty() && ran.incident.is_none() {
            recent.push_back(Arc::clone(&ran.done.plan));
            if recent.len() > jobs {
                recent.pop_front();
            }
            each(ran.done);
        } else {
            unsolved.join(ran.incident);
            suspects.push(ran.done.plan);
        }
    }
    if let Some(why) = broken {
        while let Some((locks, plan)) = schedule.start() {
            schedule.done(&locks);
            each(Done::without(plan, Ended::NotRun(why.clone())));
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
    one: &impl Fn(Arc<Plan>, bool) -> F,
    suspects: Vec<Arc<Plan>>,
    recent: impl Iterator<Item = Arc<Plan>>,
    each: &mut impl FnMut(Done),
) -> Result<bool, (String, Vec<Arc<Plan>>)> {
    let mut is_solved = false;
    let mut suspects = suspects.into_iter();
    while let Some(plan) = suspects.next() {
        let ran = one(plan, true).await;
        is_solved |= ran.done.is_to_blame();
        each(ran.done);
        if let Some(why) = ran.broken {
            return Err((why, suspects.collect()));
        }
    }
    for plan in recent {
        if is_solved {
            break;
        }
        let ran = one(plan, true).await;
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
    /// What happened meanwhile and may be another one's doing; nothing if it ran alone.
    incident: Incident,
    /// Why the stack is broken for good, if it is.
    broken: Option<String>,
}

/// Runs one scenario. What does not hold is only believed of a stack that is whole.
async fn one(stack: Arc<Stack>, plan: Arc<Plan>, opinion: Opinion, is_alone: bool) -> Ran {
    let begun = Instant::now();
    let driven = drive(&stack, &plan, opinion).await;
    let end = |ended, died, incident, broken| Ran {
        done: Done { plan: Arc::clone(&plan), ended, died, took: begun.elapsed() },
        incident,
        broken,
    };
    let nothing = Incident::default;
    let died = match stack.mend().await {
        Ok(died) => died,
        Err(broken) => {
            let why = broken.to_string();
            return end(Ended::Unclear(why.clone()), Vec::new(), nothing(), Some(why));
        }
    };
    let (strays, unread) = match stack.strays().await {
        Ok(strays) => (strays, None),
        Err(unread) => (Vec::new(), Some(unread)),
    };
    let happened = Incident { died, strays };
    if !is_alone && !happened.is_none() {
        let broken = stack.check().await.err().map(|broken| broken.to_string());
        return end(Ended::Unclear("it is asked again".to_owned()), Vec::new(), happened, broken);
    }
    let Incident { died, strays } = happened;
    let ended = match unread.map_or(driven, Err) {
        Ok(evidence) => {
            let evidence = Evidence { strays, ..evidence };
            let verdict = verdict::judge(&plan, &evidence);
            Ended::Judged(Box::new((evidence, verdict)))
        }
        Err(why) => Ended::Unclear(why.to_string()),
    };
    if died.is_empty() && matches!(&ended, Ended::Judged(seen) if seen.1.holds()) {
        return end(ended, died, nothing(), None);
    }
    match stack.check().await {
        Ok(()) => end(ended, died, nothing(), None),
        // what it made end stays ended: that is its doing
        Err(broken) if !died.is_empty() => end(ended, died, nothing(), Some(broken.to_string())),
        Err(broken) => end(Ended::Unclear(broken.to_string()), died, nothing(), Some(broken.to_string())),
    }
}

#[cfg(test)]
mod tests;
