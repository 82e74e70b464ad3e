//! The same cause is told once, however many scenarios it spoils.

use crate::{ScenarioReport, Status};

/// Names of scenarios that are listed; of more only the number is told.
const LISTED: usize = 10;

/// A scenario of which everything is told, and the names of those that are wrong in the very same way.
pub(crate) struct Told<'a> {
    pub(crate) first: &'a ScenarioReport,
    pub(crate) likewise: Vec<&'a str>,
}

impl<'a> Told<'a> {
    /// Scenarios by their causes, in the order of the first of each.
    pub(crate) fn all(scenarios: impl Iterator<Item = &'a ScenarioReport>) -> Vec<Self> {
        let mut all: Vec<(Option<String>, Self)> = Vec::new();
        for scenario in scenarios {
            let cause = cause(scenario);
            match all.iter_mut().find(|(other, _)| cause.is_some() && *other == cause) {
                Some((_, told)) => told.likewise.push(&scenario.name),
                None => all.push((cause, Self { first: scenario, likewise: Vec::new() })),
            }
        }
        all.into_iter().map(|(_, told)| told).collect()
    }
}

/// Everything that is wrong with it, without the places.
fn cause(scenario: &ScenarioReport) -> Option<String> {
    let why = match &scenario.status {
        Status::Error(why) => why.as_str(),
        Status::Failed => "",
        _ => return None,
    };
    let verdict = scenario.verdict.iter();
    let wrong = verdict.clone().flat_map(|v| v.findings()).map(|f| format!("{f}\n{}", f.help()));
    let unclear = verdict.flat_map(|v| v.errors()).map(|u| format!("{u}\n{}", u.help()));
    let all = [why.to_owned()].into_iter().chain(scenario.died.iter().cloned()).chain(wrong).chain(unclear);
    Some(all.collect::<Vec<_>>().join("\n"))
}

/// `a, b, c and 5 more`.
#[must_use]
pub fn listed<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    let more = names.len().saturating_sub(LISTED);
    let names: Vec<&str> = names.take(LISTED).collect();
    let names = names.join(", ");
    if more == 0 { names } else { format!("{names} and {more} more") }
}
