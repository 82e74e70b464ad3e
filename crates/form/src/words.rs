//! The words of the language, what they stand for and what they mean.

pub use self::questions::*;

use crate::Keyword;
use mail::{ArcResult, DkimResult, DmarcResult, SpfResult};
use plan::{Command, Dnssec, Driver, KeyRecord, Specification, Tls};

/// Algorithm of a DKIM signature (RFC 6376 §3.3, RFC 8463 §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA with SHA-256.
    Rsa,
    /// Ed25519 with SHA-256.
    Ed25519,
}

/// What a faulty name does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// RCODE 2.
    Servfail,
    /// RCODE 5.
    Refused,
    /// RCODE 3.
    Nxdomain,
    /// RCODE 4.
    Notimp,
    /// None at all.
    Silence,
    /// The right one, late.
    Delay,
    /// The right one, over TCP alone.
    Truncated,
    /// Over UDP that it does not fit, over TCP none.
    NoTcp,
    /// The right one and many octets more.
    Oversized,
}

/// `c=` (RFC 6376 §3.5): header part and body part, true for relaxed.
#[derive(Debug, Clone, Copy)]
pub struct Canonicalization(pub bool, pub bool);

/// What the client made of a certificate; the word itself.
#[derive(Debug, Clone, Copy)]
pub struct Peer(pub &'static str);

mod questions;

crate::keywords! {
    Dnssec: "a way to sign a zone" {
        "insecure" => Self::Insecure, "unsigned, and the parent proves it (the default)";
        "signed" => Self::Signed, "signed, with a chain from the root";
        "bogus" => Self::Bogus, "signed, but the DS record at the parent does not match";
        "expired" => Self::Expired, "signed, with signatures that have expired";
    }
    Algorithm: "a signature algorithm" {
        "rsa-sha256" => Self::Rsa, "RSA (the default)";
        "ed25519-sha256" => Self::Ed25519, "Ed25519 (RFC 8463 §3)";
    }
    KeyRecord: "a state of a key record" {
        "published" => Self::Published, "the public key (the default)";
        "revoked" => Self::Revoked, "an empty `p=` (RFC 6376 §3.6.1)";
        "wrong" => Self::Wrong, "another public key than the one that signs";
        "missing" => Self::Missing, "no record at all";
    }
    Answer: "a wrong answer" {
        "servfail" => Self::Servfail, "RCODE 2 (RFC 1035 §4.1.1)";
        "refused" => Self::Refused, "RCODE 5 (RFC 1035 §4.1.1)";
        "nxdomain" => Self::Nxdomain, "RCODE 3, as if there were no such name (RFC 1035 §4.1.1)";
        "notimp" => Self::Notimp, "RCODE 4 (RFC 1035 §4.1.1)";
        "silence" => Self::Silence, "nothing comes back";
        "delay" => Self::Delay, "the right answer, `seconds` later";
        "truncated" => Self::Truncated, "over UDP only that it does not fit (RFC 2181 §9), over TCP the right answer";
        "no-tcp" => Self::NoTcp, "over UDP only that it does not fit, over TCP nothing";
        "oversized" => Self::Oversized, "more TXT records beside the right ones, until the answer has so many `octets`";
    }
    Tls: "a way to protect a connection" {
        "none" => Self::None, "not at all";
        "starttls" => Self::Starttls, "by STARTTLS (RFC 3207 §4)";
        "implicit" => Self::Implicit, "from the first octet (RFC 8314 §3)";
    }
    Driver: "an SMTP client" {
        "well-behaved" => Self::WellBehaved, "keeps to the protocol (the default)";
        "byte-exact" => Self::ByteExact, "sends the octets as they are (the default for an exact message)";
    }
    Canonicalization: "a pair of canonicalizations (RFC 6376 §3.4)" {
        "relaxed/relaxed" => Self(true, true), "header and body relaxed (the default)";
        "relaxed/simple" => Self(true, false), "header relaxed, body simple";
        "simple/relaxed" => Self(false, true), "header simple, body relaxed";
        "simple/simple" => Self(false, false), "header and body simple";
    }
    Command: "a command" {
        "connect" => Self::Connect, "the connection itself: the greeting";
        "ehlo" => Self::Ehlo, "EHLO or HELO";
        "starttls" => Self::Starttls, "STARTTLS";
        "auth" => Self::Auth, "AUTH";
        "mail-from" => Self::MailFrom, "MAIL FROM";
        "rcpt-to" => Self::RcptTo, "RCPT TO, the last one if there are several";
        "data" => Self::Data, "DATA";
        "end-of-data" => Self::EndOfData, "the line with a single dot";
    }
    Specification: "a specification that differs from another one" {
        "RFC 7489" => Self::Rfc7489, "DMARC as it was published first";
        "RFC 9989" => Self::Rfc9989, "DMARC as it is today";
    }
    Peer: "a judgement of a certificate" {
        "anonymous" => Self("anonymous"), "there was no certificate";
        "untrusted" => Self("untrusted"), "no chain to a root that is known";
        "trusted" => Self("trusted"), "a good chain, the name not compared";
        "verified" => Self("verified"), "a good chain, and the name is right";
    }
}

macro_rules! results {
    ($($type:ident $what:literal)+) => {$(
        impl Keyword for $type {
            const WHAT: &'static str = $what;

            fn words() -> Vec<(&'static str, Self, &'static str)> {
                Self::ALL.iter().map(|result| (result.as_str(), *result, "")).collect()
            }
        }
    )+};
}
results! {
    SpfResult "an SPF result (RFC 7208 §2.6)"
    DkimResult "a DKIM result (RFC 8601 §2.7.1)"
    DmarcResult "a DMARC result (RFC 9989 §4)"
    ArcResult "an ARC result (RFC 8617 §4.4)"
}
