//! Planted lies: of each claim evidence by which it holds, and the same with one fact otherwise, by which it fails; and with that
//! fact unobserved, by which it cannot be told. A claim of a registry without a planted lie is a fault.

mod lookup;
mod probe;
mod report;
mod setting;
mod transaction;

use claims::{ClaimList, Scenario, Subject};
use evidence::{Evidence, Transaction};
use form::{Decode, Shape};
use mailproof_verdict::{Verdict, judge};
use std::collections::BTreeSet;

/// Makes one fact of the evidence another one, or takes it away.
type Change = fn(&mut Evidence);

/// A claim with evidence by which it holds.
struct Planted {
    claim: &'static str,
    /// A scenario with this claim, where it is not that of its subject.
    scenario: Option<fn(&str) -> Scenario>,
    holds: Evidence,
    lies: Vec<(&'static str, Change)>,
    unseen: Vec<(&'static str, Change)>,
}

/// A claim, as it is written, and evidence by which it holds.
fn of(claim: &'static str, holds: Evidence) -> Planted {
    Planted { claim, scenario: None, holds, lies: Vec::new(), unseen: Vec::new() }
}

impl Planted {
    /// With this it fails.
    fn lie(mut self, what: &'static str, change: Change) -> Self {
        self.lies.push((what, change));
        self
    }

    /// With this it cannot be told.
    fn unseen(mut self, what: &'static str, change: Change) -> Self {
        self.unseen.push((what, change));
        self
    }

    /// It is claimed in this scenario.
    fn within(self, scenario: fn(&str) -> Scenario) -> Self {
        Self { scenario: Some(scenario), ..self }
    }

    /// The scenario did not come to it.
    fn or_not_reached(self) -> Self {
        self.unseen("not reached", |evidence| *evidence = Evidence::default())
    }

    fn key(&self) -> &str {
        self.claim.split([' ', '=']).next().unwrap()
    }
}

/// What comes of a claim.
#[derive(Debug, PartialEq, Eq)]
enum Comes {
    Holds,
    Fails,
    Unclear,
}

/// Of all claims but those on later transactions.
fn comes(scenario: &Scenario, evidence: &Evidence) -> (Comes, String) {
    let verdict = judge(scenario, evidence);
    let verdict = Verdict { transactions: verdict.transactions.into_iter().take(1).collect(), ..verdict };
    let said: Vec<String> =
        verdict.findings().map(ToString::to_string).chain(verdict.errors().map(ToString::to_string)).collect();
    let said = said.join("\n");
    // what is wrong whatever is claimed has no claim
    let fails =
        verdict.findings().any(|finding| finding.places().iter().any(|place| place.what.starts_with("claimed: ")));
    let comes = match (fails, verdict.is_unclear()) {
        (true, false) => Comes::Fails,
        (false, true) => Comes::Unclear,
        (false, false) => Comes::Holds,
        (true, true) => panic!("it fails and is unclear: {said}"),
    };
    (comes, said)
}

/// Each claim with its lies; and that no claim of the registry is without one.
fn are_found<S: Subject>(planted: Vec<Planted>, scenario: impl Fn(&str) -> Scenario) {
    let keys: BTreeSet<String> = planted.iter().map(|planted| planted.key().to_owned()).collect();
    let Shape::Table(table) = ClaimList::<S>::shape() else { panic!("claims are a table") };
    let registered: BTreeSet<String> = table.keys.into_iter().map(|key| key.name).collect();
    assert_eq!(keys, registered, "each claim of the registry, and no other one, has planted lies");
    for Planted { claim, scenario: within, holds, lies, unseen } in planted {
        let scenario = within.map_or_else(|| scenario(claim), |within| within(claim));
        let (seen, said) = comes(&scenario, &holds);
        assert_eq!(seen, Comes::Holds, "{claim}: {said}");
        assert!(!lies.is_empty() && !unseen.is_empty(), "{claim} needs a lie and something that is not observed");
        for (changes, expected) in [(lies, Comes::Fails), (unseen, Comes::Unclear)] {
            for (what, change) in changes {
                let mut evidence = holds.clone();
                change(&mut evidence);
                assert_ne!(evidence, holds, "{claim}, {what}: nothing is otherwise");
                let (seen, said) = comes(&scenario, &evidence);
                assert_eq!(seen, expected, "{claim}, {what}: {said}");
            }
        }
    }
}

/// Evidence of one transaction.
fn mail(seen: Transaction) -> Evidence {
    Evidence { transactions: vec![seen], ..Evidence::default() }
}
