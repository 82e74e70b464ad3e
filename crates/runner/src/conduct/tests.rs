//! Scenarios that make a service end, among others, without any stack.

use super::*;
use crate::order::Order;
use plan::{Source, World};
use std::sync::atomic::AtomicUsize;

fn scenario_of(name: &str) -> Scenario {
    let text = format!(
        "title = \"{name}\"\n[[lookup]]\nlabel = \"a\"\nname = \"{name}.example\"\ntype = \"TXT\"\nexpect = {{ rcode = \"NOERROR\" }}\n"
    );
    let source = Source { name: name.to_owned(), path: name.to_owned(), text };
    scenario::parse(source, &World::default()).unwrap()
}

fn died() -> Died {
    let (host, service, at) = ("mx".to_owned(), "opendmarc".to_owned(), Instant::now());
    Died { host, service, code: 134, at, then: stack::Afterwards::Restarted, log: Vec::new() }
}

fn judged(scenario: &Scenario) -> Ended {
    let evidence = Evidence::default();
    let verdict = verdict::judge(scenario, &evidence);
    Ended::Judged(Box::new((evidence, verdict)))
}

/// A service that scenarios called `killer…` end; whoever ends next notices.
#[derive(Default)]
struct Service {
    is_dead: AtomicBool,
    runs: AtomicUsize,
    /// It is never started again.
    is_dead_for_good: bool,
    /// It ended once by itself.
    ended_by_itself: AtomicBool,
}

impl Service {
    async fn one(self: Arc<Self>, scenario: Arc<Scenario>, is_alone: bool) -> Ran {
        self.runs.fetch_add(1, Ordering::SeqCst);
        if scenario.plan.source.name.starts_with("killer") || self.ended_by_itself.swap(false, Ordering::SeqCst) {
            self.is_dead.store(true, Ordering::SeqCst);
        }
        tokio::task::yield_now().await;
        let is_dead = self.is_dead.load(Ordering::SeqCst);
        if !self.is_dead_for_good {
            self.is_dead.store(false, Ordering::SeqCst);
        }
        let died: Vec<Died> = is_dead.then(died).into_iter().collect();
        let broken = (is_dead && self.is_dead_for_good).then(|| "opendmarc ended".to_owned());
        let (died, incident) = match is_alone {
            true => (died, Incident::default()),
            false => (Vec::new(), Incident { died, strays: Vec::new() }),
        };
        let ended = judged(&scenario);
        Ran { done: Done { scenario, ended, died, took: Duration::ZERO }, incident, broken }
    }
}

/// Who was to blame, who was not, who could not be judged, and what remains unexplained.
async fn run(service: Service, names: &[&str], jobs: usize) -> (Vec<(String, &'static str)>, usize, usize) {
    let service = Arc::new(service);
    let mut done = std::collections::BTreeMap::new();
    let each = |one: Done| {
        let word = match &one.ended {
            _ if !one.died.is_empty() => "killed it",
            Ended::Judged(_) => "judged",
            Ended::Unclear(_) => "unclear",
            Ended::NotRun(_) => "not run",
        };
        done.insert(one.scenario.plan.source.name.clone(), word);
    };
    let one = |scenario, is_alone| Arc::clone(&service).one(scenario, is_alone);
    let scenarios = names.iter().map(|name| scenario_of(name)).collect();
    let jobs = NonZeroUsize::new(jobs).unwrap();
    let options = RunOptions { jobs, opinion: Opinion::Off, order: Order::Name, is_enough: None };
    let incident = conduct_by(one, scenarios, options, each).await;
    (done.into_iter().collect(), incident.died.len(), service.runs.load(Ordering::SeqCst))
}

fn words(told: &[(&str, &'static str)]) -> Vec<(String, &'static str)> {
    told.iter().map(|(name, word)| ((*name).to_owned(), *word)).collect()
}

#[tokio::test]
async fn who_makes_a_service_end_is_found_and_all_others_are_judged() {
    let names = ["a", "b", "c", "killer", "x", "y", "z"];
    let expected: Vec<_> =
        names.iter().map(|name| (*name, if *name == "killer" { "killed it" } else { "judged" })).collect();
    for jobs in [1, 3, 16] {
        let (told, unexplained, runs) = run(Service::default(), &names, jobs).await;
        assert_eq!((told, unexplained), (words(&expected), 0), "{jobs} jobs");
        assert!(runs <= 2 * names.len() + jobs, "{runs} runs");
    }
}

#[tokio::test]
async fn an_end_that_does_not_happen_again_is_nobodys_doing_and_the_run_goes_on() {
    for jobs in [1, 3] {
        let service = Service { ended_by_itself: AtomicBool::new(true), ..Service::default() };
        let (told, unexplained, _) = run(service, &["a", "b", "c", "d"], jobs).await;
        assert_eq!(told, words(&["a", "b", "c", "d"].map(|name| (name, "judged"))), "{jobs} jobs");
        assert_eq!(unexplained, 1, "{jobs} jobs");
    }
}

#[tokio::test]
async fn on_a_stack_that_stays_broken_nothing_is_judged_any_more() {
    let service = Service { is_dead_for_good: true, ..Service::default() };
    let (told, _, _) = run(service, &["a", "killer", "x", "y"], 1).await;
    assert_eq!(told, words(&[("a", "judged"), ("killer", "unclear"), ("x", "not run"), ("y", "not run")]));
}
