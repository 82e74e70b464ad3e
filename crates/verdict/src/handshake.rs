//! Claims on a TLS handshake.

use crate::{
    claims::Check,
    outcome::said,
    suites::{is_same_group, is_same_suite},
};
use evidence::{Handshake, Observed, Relay, Transaction, Trust};
use scenario::{HandshakeClaim, Origin, Tls};

/// How the connection that a claim is about was protected.
#[derive(Debug)]
pub(crate) enum Link<'a> {
    Protected(&'a Handshake),
    /// It was seen to go in cleartext; how.
    Cleartext(String),
    Unseen(String),
}

/// The connection to the gateway: of a client its own, of a submission the last hop between two MTAs.
pub(crate) fn link<'a>(origin: &Origin, seen: &'a Transaction) -> Link<'a> {
    match origin {
        Origin::Client(client) => direct(client.tls, seen),
        Origin::Submission(_) | Origin::Sendmail => match seen.relays.last() {
            None => Link::Unseen("no hop between two MTAs was seen".to_owned()),
            Some(Relay { handshake: Some(handshake), .. }) => Link::Protected(handshake),
            Some(Relay { from, to, reply: Observed::Seen(reply), .. }) => {
                Link::Cleartext(format!("{from} sent it to {to} in cleartext, which replied {}", said(reply)))
            }
            Some(Relay { from, to, reply: Observed::Unobserved(why), .. }) => {
                Link::Unseen(format!("{from} did not reach {to}: {why}"))
            }
        },
    }
}

fn direct(asked: Tls, seen: &Transaction) -> Link<'_> {
    let why = match &seen.handshake {
        Observed::Seen(handshake) => return Link::Protected(handshake),
        Observed::Unobserved(why) => why.clone(),
    };
    let is_good =
        |to: &str| seen.dialogue.iter().any(|e| e.to == to && e.reply.seen().is_some_and(mail::Reply::is_positive));
    if asked == Tls::Implicit || is_good("starttls") || !is_good("ehlo") {
        Link::Unseen(why)
    } else {
        Link::Cleartext(format!("EHLO was answered in cleartext: {why}"))
    }
}

/// Checks a claim. Suites and groups go by any of their names. `trusted` also holds for `verified`, which is more; other
/// words hold only for themselves.
pub(crate) fn check(claim: &HandshakeClaim, link: &Link<'_>) -> Check {
    let wanted_none = claim.version.as_deref() == Some("none");
    match link {
        Link::Unseen(why) => Check::unclear("what the handshake was", why.clone()),
        Link::Cleartext(_) if wanted_none => Check::Holds,
        Link::Cleartext(how) => Check::fails("there was no TLS", how.clone()),
        Link::Protected(seen) if wanted_none => {
            Check::fails(format!("the connection was protected by {}", seen.version), words(seen))
        }
        Link::Protected(seen) => details(claim, seen),
    }
}

/// A handshake in words.
pub(crate) fn words(handshake: &Handshake) -> String {
    let group = handshake.group.as_ref().map(|group| format!(" {group}")).unwrap_or_default();
    format!("{} {}{group}, peer {}", handshake.version, handshake.suite, trust(&handshake.peer))
}

fn details(claim: &HandshakeClaim, seen: &Handshake) -> Check {
    let group = seen.group.as_deref();
    let differs = |what: &str, claimed: &Option<String>, seen: &str, is_same: fn(&str, &str) -> bool| {
        let claimed = claimed.as_ref().filter(|claimed| !is_same(claimed, seen))?;
        Some(format!("the {what} is {seen}, not {claimed}"))
    };
    let faults: Vec<String> = [
        differs("version", &claim.version, &seen.version, |a, b| a.eq_ignore_ascii_case(b)),
        differs("cipher suite", &claim.suite, &seen.suite, is_same_suite),
        group.and_then(|group| differs("group", &claim.group, group, is_same_group)),
        differs("peer", &claim.peer, word(&seen.peer), |claimed, seen| {
            claimed == seen || (claimed, seen) == ("trusted", "verified")
        }),
    ]
    .into_iter()
    .flatten()
    .collect();
    match &claim.group {
        _ if !faults.is_empty() => Check::fails(faults.join(", "), format!("the handshake was {}", words(seen))),
        Some(claimed) if group.is_none() => Check::unclear(
            format!("whether the group is {claimed}"),
            "whoever saw the handshake does not tell the group",
        ),
        _ => Check::Holds,
    }
}

const fn word(peer: &Trust) -> &'static str {
    match peer {
        Trust::Anonymous => "anonymous",
        Trust::Untrusted(_) => "untrusted",
        Trust::Trusted => "trusted",
        Trust::Verified => "verified",
    }
}

fn trust(peer: &Trust) -> String {
    match peer {
        Trust::Untrusted(Some(why)) => format!("untrusted ({why})"),
        other => word(other).to_owned(),
    }
}
