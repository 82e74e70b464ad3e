//! `versions`: the versions of TLS that a service takes.

use super::{
    Case, Probe, Scene, needs_tls,
    taken::{no_tls, suites_of, unobserved},
};
use crate::{Check, Claim, ClaimList, Written};
use evidence::Probed;
use form::{Flaw, words::Version};
use plan::Spanned;
use std::ops::Range;

/// It takes exactly these versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Versions(pub Vec<&'static str>);

impl Claim<Probe> for Versions {
    fn words(&self) -> String {
        match self.0.as_slice() {
            [] => "takes no version of TLS".to_owned(),
            versions => format!("takes exactly {}", versions.join(", ")),
        }
    }

    fn check(&self, case: &Case<'_>) -> Check {
        versions(&self.0, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        if self.0.is_empty() { Vec::new() } else { needs_tls(at, claims, scene) }
    }
}

impl Written<Probe> for Versions {
    const KEY: &'static str = "versions";
    const DOC: &'static str = "Exactly the versions of TLS that it takes; an empty list: there is no TLS.";
    type Form = Vec<Version>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|list| Self(list.iter().map(|version| version.0).collect()))]
    }
}

/// Exactly these versions are taken. One that was not observed makes it unclear, unless another one contradicts.
fn versions(claimed: &[&'static str], seen: &Probed) -> Check {
    let is_claimed = |version: &str| claimed.iter().any(|claim| claim.eq_ignore_ascii_case(version));
    let taken: Vec<&str> = seen.taken().map(|version| version.version.as_str()).collect();
    let mut contradictions: Vec<String> = (seen.taken().filter(|version| !is_claimed(&version.version)))
        .map(|version| format!("{} is taken: {}", version.version, suites_of(version)))
        .collect();
    for claim in claimed {
        match seen.versions.iter().find(|version| version.version.eq_ignore_ascii_case(claim)) {
            Some(version) if version.suites.seen().is_some_and(Vec::is_empty) => {
                contradictions.push(format!("{claim} is not taken with any cipher suite"));
            }
            None if seen.versions.is_empty() => contradictions.push(no_tls(seen)),
            _ => {}
        }
    }
    contradictions.dedup();
    if !contradictions.is_empty() {
        let taken = if taken.is_empty() { "no version of TLS".to_owned() } else { taken.join(", ") };
        let claimed = if claimed.is_empty() { "none".to_owned() } else { format!("exactly {}", claimed.join(", ")) };
        return Check::Fails(format!("it takes {taken}, not {claimed}"), contradictions);
    }
    let missing = claimed.iter().find(|claim| !seen.versions.iter().any(|v| v.version.eq_ignore_ascii_case(claim)));
    let why = unobserved(seen).or_else(|| missing.map(|version| format!("nothing was seen of {version}")));
    match why {
        Some(why) => {
            let words = Versions(claimed.to_vec()).words();
            Check::unclear(format!("whether it {words}"), why)
        }
        None => Check::Holds,
    }
}
