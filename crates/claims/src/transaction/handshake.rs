//! `handshake`: how the gateway's side of the connection was protected.

use super::{Case, Scene, Transaction, causes};
use crate::{
    Cause, Check, Claim, ClaimList, Written,
    links::{self, Link, Protection},
};
use form::{Flaw, keywords, tables, values::Line, words::Peer};
use mail::{is_same_group, is_same_suite};
use plan::{Daemon, Origin, Spanned, Tls};
use std::ops::Range;

/// The handshake was this, in everything that is named.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Handshake {
    /// Such as `TLSv1.3`; or `none`: there was no TLS.
    pub version: Option<&'static str>,
    /// Cipher suite, IANA or OpenSSL name.
    pub suite: Option<String>,
    /// Key exchange group.
    pub group: Option<String>,
    /// What the client made of the server's certificate: `anonymous`, `untrusted`, `trusted` or `verified`.
    pub peer: Option<&'static str>,
}

tables! {
    /// A claim on a TLS handshake.
    HandshakeTable "handshake" [Some] {
        /// The version.
        version: Option<Spanned<TlsVersion>>,
        /// The cipher suite, by its IANA or OpenSSL name.
        suite: Option<Line>,
        /// The group of the key exchange.
        group: Option<Line>,
        /// What the client made of the server's certificate.
        peer: Option<Peer>,
    }
}

/// A version of TLS, or none.
#[derive(Debug, Clone, Copy)]
pub struct TlsVersion(&'static str);

keywords! {
    TlsVersion: "a version of TLS" {
        "none" => Self("none"), "the connection was not protected";
        "TLSv1" => Self("TLSv1"), "TLS 1.0";
        "TLSv1.1" => Self("TLSv1.1"), "TLS 1.1";
        "TLSv1.2" => Self("TLSv1.2"), "TLS 1.2 (RFC 5246)";
        "TLSv1.3" => Self("TLSv1.3"), "TLS 1.3 (RFC 8446)";
    }
}

impl Claim<Transaction> for Handshake {
    fn words(&self) -> String {
        if self.version == Some("none") {
            return "no TLS".to_owned();
        }
        let peer = self.peer.map(|peer| format!("peer {peer}"));
        let words = [self.version.map(str::to_owned), self.suite.clone(), self.group.clone(), peer];
        words.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let wanted_none = self.version == Some("none");
        match links::link(&case.planned.origin, case.seen) {
            Link::Unseen(why) => Check::unclear("what the handshake was", why),
            Link::Cleartext(_) if wanted_none => Check::Holds,
            Link::Cleartext(how) => Check::fails("there was no TLS", how),
            Link::Protected(seen) if wanted_none => {
                Check::fails(format!("the connection was protected by {}", seen.handshake.version), seen.words())
            }
            Link::Protected(seen) => self.details(&seen, case),
        }
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        causes::setting(&case.plan.settings, Daemon::Postfix)
            .or_else(|| causes::next_host(case))
            .or_else(|| causes::origin(case))
    }

    fn contradictions(&self, _: &Range<usize>, _: &ClaimList<Transaction>, scene: &Scene<'_>) -> Vec<Flaw> {
        let (Some(version), Origin::Client(client)) = (self.version, &scene.planned.origin) else { return Vec::new() };
        if version == "none" || client.tls != Tls::None {
            return Vec::new();
        }
        let flaw = Flaw::new(format!("a client that asks for no TLS cannot get {version}"));
        vec![flaw.help("add `tls = \"starttls\"` to the client")]
    }
}

impl Handshake {
    /// Suites and groups go by any of their names. `trusted` also holds for `verified`, which is more; other words hold
    /// only for themselves.
    fn details(&self, seen: &Protection<'_>, case: &Case<'_>) -> Check {
        let Protection { handshake, peer } = seen;
        let group = handshake.group.as_deref();
        let differs = |what: &str, claimed: Option<&str>, seen: &str, is_same: fn(&str, &str) -> bool| {
            let claimed = claimed.filter(|claimed| !is_same(claimed, seen))?;
            Some(format!("the {what} is {seen}, not {claimed}"))
        };
        let (suite, claimed_group) = (self.suite.as_deref(), self.group.as_deref());
        let faults: Vec<String> = [
            differs("version", self.version, &handshake.version, |a, b| a.eq_ignore_ascii_case(b)),
            differs("cipher suite", suite, &handshake.suite, is_same_suite),
            group.and_then(|group| differs("group", claimed_group, group, is_same_group)),
            peer.as_ref().ok().and_then(|peer| differs("peer", self.peer, links::trust_as_str(peer), links::is_enough)),
        ]
        .into_iter()
        .flatten()
        .collect();
        match (claimed_group, self.peer, peer) {
            _ if !faults.is_empty() => Check::fails(faults.join(", "), format!("the handshake was {}", seen.words())),
            (Some(claimed), ..) if group.is_none() => case.not_shown(
                format!("whether the group is {claimed}"),
                "whoever saw the handshake does not tell the group".to_owned(),
            ),
            (_, Some(claimed), Err(why)) => case.not_shown(format!("whether the peer is {claimed}"), why.clone()),
            _ => Check::Holds,
        }
    }
}

impl Written<Transaction> for Handshake {
    const KEY: &'static str = "handshake";
    const DOC: &'static str = "How the gateway's side of the connection was protected.";
    type Form = HandshakeTable;

    fn read(written: Spanned<HandshakeTable>, flaws: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        let Spanned { value: table, span } = written;
        let unprotected = table.version.as_ref().filter(|version| version.value.0 == "none");
        if let Some(version) = unprotected
            && (table.suite.is_some() || table.group.is_some() || table.peer.is_some())
        {
            let flaw = Flaw::new("a connection without TLS has no suite, group or certificate");
            flaws.push(flaw.at(&version.span, "no TLS").at(&span, "but more is claimed of it"));
        }
        let value = Self {
            version: table.version.map(|version| version.value.0),
            suite: table.suite.map(|suite| suite.0),
            group: table.group.map(|group| group.0),
            peer: table.peer.map(|peer| peer.0),
        };
        vec![Spanned { value, span }]
    }
}
