//! How the connection was protected that a claim is about.

use crate::{outcomes::reply_text, played};
use evidence::{Handshake, Observed, Relay, Transaction, Trust};
use plan::{Origin, Tls};

/// How the connection that a claim is about was protected.
#[derive(Debug)]
pub enum Link<'a> {
    /// By TLS.
    Protected(Protection<'a>),
    /// It was seen to go in cleartext; how.
    Cleartext(String),
    /// It was not seen; why.
    Unseen(String),
}

/// A handshake, and what its client makes of the server's certificate, which may be somebody else's to say.
#[derive(Debug)]
pub struct Protection<'a> {
    /// The handshake.
    pub handshake: &'a Handshake,
    /// What the client makes of the certificate; or why that is not known.
    pub peer: Result<&'a Trust, String>,
}

impl<'a> Protection<'a> {
    /// As its client saw it.
    pub const fn by_client(handshake: &'a Handshake) -> Self {
        Self { handshake, peer: Ok(&handshake.peer) }
    }

    /// In words, with what the peer's certificate was worth where that is known.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.peer {
            Ok(peer) => format!("{}, peer {}", parameters(self.handshake), trust(peer)),
            Err(_) => parameters(self.handshake),
        }
    }
}

/// The connection that a claim is about: of a client its own; of mail to a host that the harness plays that host's; of
/// other mail from a gateway the last hop between two MTAs.
pub fn link<'a>(origin: &Origin, seen: &'a Transaction) -> Link<'a> {
    match origin {
        Origin::Client(client) => direct(client.tls, seen),
        Origin::Submission(_) | Origin::Sendmail => {
            played::connection(seen).map_or_else(|| last_hop(seen), |connection| played::link(connection, seen))
        }
    }
}

/// The last hop between two MTAs, as the sending one logged it.
pub fn last_hop(seen: &Transaction) -> Link<'_> {
    match seen.object.relays.last() {
        None => Link::Unseen("no hop between two MTAs was seen".to_owned()),
        Some(Relay { handshake: Some(handshake), .. }) => Link::Protected(Protection::by_client(handshake)),
        Some(Relay { from, to, reply: Observed::Seen(reply), .. }) => {
            Link::Cleartext(format!("{from} sent it to {to} in cleartext, which replied {}", reply_text(reply)))
        }
        Some(Relay { from, to, reply: Observed::Unobserved(why), .. }) => {
            Link::Unseen(format!("{from} did not reach {to}: {why}"))
        }
    }
}

/// The connection of the harness's own client.
pub fn direct(asked: Tls, seen: &Transaction) -> Link<'_> {
    let why = match &seen.handshake {
        Observed::Seen(handshake) => return Link::Protected(Protection::by_client(handshake)),
        Observed::Unobserved(why) => why.clone(),
    };
    // a reply that was not seen may have been a good one
    let is_good = |to: &str, unseen: bool| {
        let is_good = |reply: &Observed<mail::Reply>| reply.seen().map_or(unseen, mail::Reply::is_positive);
        seen.dialogue.iter().any(|e| e.to == to && is_good(&e.reply))
    };
    if asked == Tls::Implicit || is_good("starttls", true) || !is_good("ehlo", false) {
        Link::Unseen(why)
    } else {
        Link::Cleartext(format!("EHLO was answered in cleartext: {why}"))
    }
}

/// A handshake in words.
pub fn words(handshake: &Handshake) -> String {
    Protection::by_client(handshake).words()
}

/// Version, suite and group, as far as they are known.
pub fn parameters(handshake: &Handshake) -> String {
    let group = handshake.group.as_ref().map(|group| format!(" {group}")).unwrap_or_default();
    format!("{} {}{group}", handshake.version, handshake.suite)
}

/// A certificate in words, without what differs from run to run.
pub fn certificate(of: &evidence::Certificate) -> String {
    let names = if of.names.is_empty() { String::new() } else { format!(" for {}", of.names.join(", ")) };
    format!("{}{names}; {}; {} by {}", of.subject, of.key, of.signature, of.issuer)
}

/// Whether a certificate is worth at least what is claimed of it.
pub fn is_trust(claim: &str, seen: &Trust) -> bool {
    is_enough(claim, trust_as_str(seen))
}

/// Whether one word for the worth of a certificate means as much as another: `verified` is more than `trusted`.
pub(crate) fn is_enough(claimed: &str, seen: &str) -> bool {
    claimed == seen || (claimed, seen) == ("trusted", "verified")
}

/// The word for what a certificate is worth.
#[must_use]
pub const fn trust_as_str(peer: &Trust) -> &'static str {
    match peer {
        Trust::Anonymous => "anonymous",
        Trust::Untrusted(_) => "untrusted",
        Trust::Trusted => "trusted",
        Trust::Verified => "verified",
    }
}

/// What a certificate is worth, with the reason.
#[must_use]
pub fn trust(peer: &Trust) -> String {
    match peer {
        Trust::Untrusted(Some(why)) => format!("untrusted ({why})"),
        other => trust_as_str(other).to_owned(),
    }
}
