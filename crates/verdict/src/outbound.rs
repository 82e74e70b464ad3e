//! What a gateway did as a client of hosts that the harness plays, and claims on that.

use crate::{
    check::Check,
    handshake::{Link, Protection, parameters},
    outcome::said,
};
use evidence::{Connection, Observed, Transaction};
use mail::{Domain, Reply};
use std::collections::BTreeSet;

/// The connection to a played MTA that counts: the last one over which a message was taken, else the last.
pub(crate) fn connection(seen: &Transaction) -> Option<&Connection> {
    let took = |connection: &&Connection| {
        has_taken(connection) && seen.arrived.iter().any(|arrived| arrived.host == connection.host)
    };
    let to_mtas = || seen.connections.iter().filter(|connection| connection.service == "smtp");
    to_mtas().rfind(took).or_else(|| to_mtas().next_back())
}

/// How such a connection was protected. What the gateway makes of the certificate is its own log's to say.
pub(crate) fn link<'a>(connection: &'a Connection, seen: &'a Transaction) -> Link<'a> {
    let Connection { host, ended, .. } = connection;
    match &connection.handshake {
        Observed::Seen(handshake) => Link::Protected(Protection {
            handshake,
            peer: (seen.object.relays.iter().rfind(|relay| is_at(host, &relay.to)))
                .and_then(|relay| relay.handshake.as_ref())
                .map(|logged| &logged.peer)
                .ok_or_else(|| format!("no log says what the certificate of {host} was worth")),
        }),
        Observed::Unobserved(why) if has_begun_data(connection) => {
            Link::Cleartext(format!("the message was sent to {host} in cleartext: {why}"))
        }
        Observed::Unobserved(why) => Link::Unseen(format!("{host} saw no message and no TLS: {why}; {ended}")),
    }
}

/// Whether `name[address]:port` is this host.
fn is_at(host: &str, relay: &str) -> bool {
    relay.split('[').next().is_some_and(|name| name.eq_ignore_ascii_case(host))
}

fn has_taken(connection: &Connection) -> bool {
    is_replied(connection, "end-of-data")
}

fn has_begun_data(connection: &Connection) -> bool {
    is_replied(connection, "data") || has_taken(connection)
}

fn is_replied(connection: &Connection, to: &str) -> bool {
    connection.dialogue.iter().any(|e| e.to == to && e.reply.seen().is_some_and(Reply::is_positive))
}

/// A host took the message.
pub(crate) fn arrived(host: &Domain, seen: &Transaction) -> Check {
    if seen.arrived.iter().any(|arrived| arrived.host.eq_ignore_ascii_case(host.as_str())) {
        return Check::Holds;
    }
    let mut evidence: Vec<String> = seen.arrived.iter().map(|arrived| format!("{} took it", arrived.host)).collect();
    if evidence.is_empty() {
        evidence.push("no host took it".to_owned());
    }
    evidence.extend(seen.connections.iter().map(told));
    Check::Fails(format!("{host} did not take the message"), evidence)
}

/// What the gateway offered in its last ClientHello to an MTA: exactly these versions.
///
/// A ClientHello without supported_versions (RFC 8446 §4.2.1) only tells the highest version, which then is before 1.3.
/// Lower ones may be offered or not.
pub(crate) fn offered(versions: &[String], seen: &Transaction) -> Check {
    let what = || format!("whether exactly {} is offered", versions.join(", "));
    let to_mtas = || seen.connections.iter().filter(|connection| connection.service == "smtp");
    let Some((host, offer)) = to_mtas().rev().find_map(|c| Some((&c.host, c.offer.as_ref()?))) else {
        let why = to_mtas().next_back().map_or_else(|| "no host was connected to".to_owned(), told);
        return Check::unclear(what(), format!("no ClientHello was seen: {why}"));
    };
    let (claimed, there): (BTreeSet<&String>, BTreeSet<&String>) =
        (versions.iter().collect(), offer.versions.iter().collect());
    let only = offer.versions.iter().max().filter(|only| offer.versions.len() == 1 && only.as_str() < "TLSv1.3");
    match only {
        Some(only) if claimed.last() == Some(&only) => {
            let why = format!("the ClientHello to {host} only tells that {only} is the highest version");
            Check::unclear(what(), why)
        }
        None if claimed == there => Check::Holds,
        _ => {
            let there = offer.versions.join(", ");
            let highest = if only.is_some() { " as the highest version" } else { "" };
            let evidence = format!("the ClientHello to {host} offers {there}{highest}");
            Check::fails(format!("{there} is offered, not exactly {}", versions.join(", ")), evidence)
        }
    }
}

/// A policy was asked of a web server (RFC 8461 §3.3), or none. A connection over which nothing was asked does not
/// count.
pub(crate) fn fetched(wanted: bool, seen: &Transaction) -> Check {
    let to_web = || seen.connections.iter().filter(|connection| connection.service == "https");
    let asked: Vec<String> = to_web().filter(|connection| !connection.dialogue.is_empty()).map(told).collect();
    match (asked.is_empty(), wanted) {
        (false, true) | (true, false) => Check::Holds,
        (true, true) => {
            let tried: Vec<String> = to_web().map(told).collect();
            let none = || vec!["no web server was connected to".to_owned()];
            Check::Fails("no policy was fetched".to_owned(), if tried.is_empty() { none() } else { tried })
        }
        (false, false) => Check::Fails("a policy was fetched".to_owned(), asked),
    }
}

/// A connection in one line: how it was protected, the last thing said, and how it ended.
fn told(connection: &Connection) -> String {
    let how = match &connection.handshake {
        Observed::Seen(handshake) => parameters(handshake),
        Observed::Unobserved(why) => format!("no TLS ({why})"),
    };
    let last = connection.dialogue.iter().rfind(|e| e.to != "quit").map(|e| match &e.reply {
        Observed::Seen(reply) => format!(", {} answered {}", e.to, said(reply)),
        Observed::Unobserved(why) => format!(", {} not answered ({why})", e.to),
    });
    format!(
        "connected to {} ({}): {how}{}; {}",
        connection.host,
        connection.service,
        last.unwrap_or_default(),
        connection.ended
    )
}
