//! `order`: whose order of cipher suites counts.

use super::{Case, Probe, Scene, needs_tls, taken::unobserved};
use crate::{Check, Claim, ClaimList, Written};
use evidence::{Order as Seen, Probed, VersionSeen};
use form::{Flaw, keywords};
use plan::Spanned;
use std::ops::Range;

/// Whose order of suites counts, in every version before 1.3 that is taken: `server` or `client`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Order(pub &'static str);

keywords! {
    Order: "whose order counts" {
        "server" => Self("server"), "the server's";
        "client" => Self("client"), "the client's";
    }
}

impl Claim<Probe> for Order {
    fn words(&self) -> String {
        format!("the {}'s order of cipher suites", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        order(self.0, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        needs_tls(at, claims, scene)
    }
}

impl Written<Probe> for Order {
    const KEY: &'static str = "order";
    const DOC: &'static str = "Whose order of suites counts before TLS 1.3.";
    type Form = Self;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}

/// Whose order counts, in every version before 1.3 in which there is a choice.
fn order(whose: &str, seen: &Probed) -> Check {
    let unclear = |why: String| Check::unclear(format!("whether the {whose}'s order of suites counts"), why);
    let before: Vec<&VersionSeen> = seen.versions.iter().filter(|version| version.version != "TLSv1.3").collect();
    let word = |order: Seen| match order {
        Seen::Server => "server",
        Seen::Client => "client",
    };
    let orders: Vec<(&str, &str)> =
        before.iter().filter_map(|version| Some((version.version.as_str(), word(version.order?)))).collect();
    let other: Vec<&str> = orders.iter().filter(|(_, order)| *order != whose).map(|(version, _)| *version).collect();
    if !other.is_empty() {
        let evidence = orders.iter().map(|(version, order)| format!("{version}: the {order}'s order counts")).collect();
        let opposite = if whose == "server" { "client" } else { "server" };
        return Check::Fails(format!("in {} the {opposite}'s order of suites counts", other.join(", ")), evidence);
    }
    let is_left =
        |version: &&&VersionSeen| version.order.is_none() && version.suites.seen().is_some_and(|s| s.len() > 1);
    match before.iter().find(is_left) {
        _ if before.iter().any(|version| version.suites.seen().is_none()) => {
            unclear(unobserved(seen).unwrap_or_default())
        }
        Some(version) => unclear(format!("nothing was seen of an order in {}", version.version)),
        None if orders.is_empty() => unclear("no version before TLS 1.3 is taken with two suites or more".to_owned()),
        None => Check::Holds,
    }
}
