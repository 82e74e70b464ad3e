//! Claims on what a gateway did as a client of hosts that the harness plays.

use crate::claims::{Case, Check};
use evidence::Transaction;
use mail::Domain;

/// A host took the message.
pub(crate) fn arrived(host: &Domain, seen: &Transaction) -> Check {
    if seen.arrived.iter().any(|a| a.host == host.as_str()) {
        return Check::Holds;
    }
    let at: Vec<&str> = seen.arrived.iter().map(|a| a.host.as_str()).collect();
    let evidence = if at.is_empty() { "no host took it".to_owned() } else { format!("taken by {}", at.join(", ")) };
    Check::fails(format!("{host} did not take the message"), evidence)
}

/// What the gateway offered in its ClientHello.
pub(crate) fn offered(versions: &[String], seen: &Transaction) -> Check {
    let Some(offer) = seen.connections.iter().rev().find_map(|c| c.offer.as_ref()) else {
        return Check::unclear("what the gateway offers", "it sent no ClientHello");
    };
    if offer.versions == versions {
        return Check::Holds;
    }
    let evidence = format!("the ClientHello offers {}", offer.versions.join(", "));
    Check::fails(format!("offered is not exactly {}", versions.join(", ")), evidence)
}

/// A policy was asked of a web server, or none.
pub(crate) fn fetched(wanted: bool, seen: &Transaction) -> Check {
    let asked: Vec<&str> = seen.connections.iter().filter(|c| c.service == "https").map(|c| c.host.as_str()).collect();
    match (asked.is_empty(), wanted) {
        (false, true) | (true, false) => Check::Holds,
        (true, true) => Check::fails("no policy was fetched", "no web server was connected to"),
        (false, false) => Check::fails("a policy was fetched", format!("from {}", asked.join(", "))),
    }
}

/// The Received field of the gateway says what was negotiated.
pub(crate) fn received(case: &Case<'_>) -> Check {
    let _ = case;
    Check::unclear("what Received says", "not looked at yet")
}
