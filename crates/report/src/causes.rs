//! The same cause is told once, however many scenarios it spoils.

use crate::{ScenarioReport, Status};
use evidence::Redactor;

/// Names of scenarios that are listed; of more only the number is told.
const LISTED: usize = 10;
/// Characters of a reason that are kept.
const REASON: usize = 300;

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

/// Failed scenarios by what is wrong with them, in the order of the first of each: the reason in one line, and their names. Two have
/// one reason if it reads the same but for addresses and names of hosts.
#[must_use]
pub fn by_reason<'a>(failed: impl Iterator<Item = &'a ScenarioReport>) -> Vec<(String, Vec<&'a str>)> {
    let mut all: Vec<(Vec<String>, String, Vec<&str>)> = Vec::new();
    for scenario in failed {
        let reason = reason(scenario);
        let class: Vec<String> =
            reason.split(' ').map(|word| if is_name(word) { "…" } else { word }.to_owned()).collect();
        match all.iter_mut().find(|(other, ..)| *other == class) {
            Some((_, common, names)) => {
                *common = in_common(common, &reason);
                names.push(&scenario.name);
            }
            None => all.push((class, reason, vec![&scenario.name])),
        }
    }
    all.into_iter().map(|(_, reason, names)| (reason, names)).collect()
}

/// What is wrong with a scenario that failed, in one line: the cause at the gateway, where one is proven; else the first claim that
/// does not hold.
pub(crate) fn reason(scenario: &ScenarioReport) -> String {
    let findings = || scenario.verdict.iter().flat_map(verdict::Verdict::findings);
    let cause = findings().find_map(verdict::Finding::gateway_cause).map(|cause| match &cause.setting {
        Some(setting) => format!("{} ({} = {})", cause.what, setting.name, setting.value),
        None => cause.what.clone(),
    });
    let died = scenario.died.first().and_then(|died| died.lines().next()).map(|line| {
        let (what, _) = line.split_once("; the end of its log").unwrap_or((line, ""));
        what.to_owned()
    });
    let finding = || findings().next().map(|finding| finding.message().to_owned());
    let reason = died.or(cause).or_else(finding).unwrap_or_else(|| "failed".to_owned());
    // ids and times are those of this run alone
    let reason = Redactor::default().redact(&reason);
    let line: String = reason.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).take(REASON).collect();
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The words that both have at the same place; `…` stands for the others.
fn in_common(one: &str, other: &str) -> String {
    let words = one.split(' ').zip(other.split(' '));
    words.map(|(one, other)| if one == other { one } else { "…" }).collect::<Vec<_>>().join(" ")
}

/// Whether a word is an address, or the name of a host.
pub(crate) fn is_name(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_alphanumeric());
    let is_domain = |text: &str| {
        text.rsplit_once('.').is_some_and(|(_, top)| top.len() > 1 && top.chars().all(char::is_alphabetic))
    };
    // as Postfix names a host with its address
    let word = word.split_once('[').map_or(word, |(name, _)| name);
    word.contains('@') || word.parse::<std::net::IpAddr>().is_ok() || is_domain(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_other_words() {
        for name in [
            "alice@gateway.example",
            "`mx.partner.example`,",
            "192.0.2.10",
            "2001:db8::1",
            "<a@b>",
            "a.example[192.0.2.1]:24",
        ] {
            assert!(is_name(name), "{name}");
        }
        for word in ["250,", "5.7.1", "TLSv1.2", "end-of-data", "INBOX.", "smtpd_tls_protocols", "…", ""] {
            assert!(!is_name(word), "{word}");
        }
    }

    #[test]
    fn what_two_have_in_common_is_kept() {
        let (one, other) = ("the message for a@b was rejected", "the message for c@d was rejected");
        assert_eq!(in_common(one, other), "the message for … was rejected");
        assert_eq!(in_common(one, one), one);
    }
}
