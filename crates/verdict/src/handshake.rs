//! Claims on a TLS handshake.

use crate::{check::Check, outbound, outcome::said};
use evidence::{Handshake, Observed, Relay, Transaction, Trust};
use mail::{is_same_group, is_same_suite};
use plan::{HandshakeClaim, Origin, Tls};

/// How the connection that a claim is about was protected.
#[derive(Debug)]
pub(crate) enum Link<'a> {
    Protected(Protection<'a>),
    /// It was seen to go in cleartext; how.
    Cleartext(String),
    Unseen(String),
}

/// A handshake, and what its client makes of the server's certificate, which may be somebody else's to say.
#[derive(Debug)]
pub(crate) struct Protection<'a> {
    pub(crate) handshake: &'a Handshake,
    pub(crate) peer: Result<&'a Trust, String>,
}

impl<'a> Protection<'a> {
    /// As its client saw it.
    pub(crate) const fn by_client(handshake: &'a Handshake) -> Self {
        Self { handshake, peer: Ok(&handshake.peer) }
    }

    fn words(&self) -> String {
        match &self.peer {
            Ok(peer) => format!("{}, peer {}", parameters(self.handshake), trust(peer)),
            Err(_) => parameters(self.handshake),
        }
    }
}

/// The connection that a claim is about: of a client its own; of mail to a host that the harness plays that host's; of
/// other mail from a gateway the last hop between two MTAs.
pub(crate) fn link<'a>(origin: &Origin, seen: &'a Transaction) -> Link<'a> {
    match origin {
        Origin::Client(client) => direct(client.tls, seen),
        Origin::Submission(_) | Origin::Sendmail => {
            outbound::connection(seen).map_or_else(|| last_hop(seen), |connection| outbound::link(connection, seen))
        }
    }
}

/// The last hop between two MTAs, as the sending one logged it.
pub(crate) fn last_hop(seen: &Transaction) -> Link<'_> {
    match seen.object.relays.last() {
        None => Link::Unseen("no hop between two MTAs was seen".to_owned()),
        Some(Relay { handshake: Some(handshake), .. }) => Link::Protected(Protection::by_client(handshake)),
        Some(Relay { from, to, reply: Observed::Seen(reply), .. }) => {
            Link::Cleartext(format!("{from} sent it to {to} in cleartext, which replied {}", said(reply)))
        }
        Some(Relay { from, to, reply: Observed::Unobserved(why), .. }) => {
            Link::Unseen(format!("{from} did not reach {to}: {why}"))
        }
    }
}

/// The connection of the harness's own client.
pub(crate) fn direct(asked: Tls, seen: &Transaction) -> Link<'_> {
    let why = match &seen.handshake {
        Observed::Seen(handshake) => return Link::Protected(Protection::by_client(handshake)),
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
            Check::fails(format!("the connection was protected by {}", seen.handshake.version), seen.words())
        }
        Link::Protected(seen) => details(claim, seen),
    }
}

/// A handshake in words.
pub(crate) fn words(handshake: &Handshake) -> String {
    Protection::by_client(handshake).words()
}

/// Version, suite and group, as far as they are known.
pub(crate) fn parameters(handshake: &Handshake) -> String {
    let group = handshake.group.as_ref().map(|group| format!(" {group}")).unwrap_or_default();
    format!("{} {}{group}", handshake.version, handshake.suite)
}

/// A certificate in words, without what differs from run to run.
pub(crate) fn certificate(of: &evidence::Certificate) -> String {
    let names = if of.names.is_empty() { String::new() } else { format!(" for {}", of.names.join(", ")) };
    format!("{}{names}; {}; {} by {}", of.subject, of.key, of.signature, of.issuer)
}

fn details(claim: &HandshakeClaim, seen: &Protection<'_>) -> Check {
    let Protection { handshake, peer } = seen;
    let group = handshake.group.as_deref();
    let differs = |what: &str, claimed: &Option<String>, seen: &str, is_same: fn(&str, &str) -> bool| {
        let claimed = claimed.as_ref().filter(|claimed| !is_same(claimed, seen))?;
        Some(format!("the {what} is {seen}, not {claimed}"))
    };
    let faults: Vec<String> = [
        differs("version", &claim.version, &handshake.version, |a, b| a.eq_ignore_ascii_case(b)),
        differs("cipher suite", &claim.suite, &handshake.suite, is_same_suite),
        group.and_then(|group| differs("group", &claim.group, group, is_same_group)),
        peer.as_ref().ok().and_then(|peer| differs("peer", &claim.peer, word(peer), is_enough)),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (&claim.group, &claim.peer, peer) {
        _ if !faults.is_empty() => Check::fails(faults.join(", "), format!("the handshake was {}", seen.words())),
        (Some(claimed), ..) if group.is_none() => Check::unclear(
            format!("whether the group is {claimed}"),
            "whoever saw the handshake does not tell the group",
        ),
        (_, Some(claimed), Err(why)) => Check::unclear(format!("whether the peer is {claimed}"), why.clone()),
        _ => Check::Holds,
    }
}

/// Whether a certificate is worth at least what is claimed of it.
pub(crate) fn is_trust(claim: &str, seen: &Trust) -> bool {
    is_enough(claim, word(seen))
}

fn is_enough(claimed: &str, seen: &str) -> bool {
    claimed == seen || (claimed, seen) == ("trusted", "verified")
}

pub(crate) const fn word(peer: &Trust) -> &'static str {
    match peer {
        Trust::Anonymous => "anonymous",
        Trust::Untrusted(_) => "untrusted",
        Trust::Trusted => "trusted",
        Trust::Verified => "verified",
    }
}

pub(crate) fn trust(peer: &Trust) -> String {
    match peer {
        Trust::Untrusted(Some(why)) => format!("untrusted ({why})"),
        other => word(other).to_owned(),
    }
}
