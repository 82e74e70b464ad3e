//! Zones of the pretend Internet.

use mail::{DnsName, Domain};
use serde::Serialize;
use std::time::Duration;

/// A zone of the pretend Internet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Zone {
    /// Its apex.
    pub origin: Domain,
    /// How it is signed.
    pub dnssec: Dnssec,
    /// Records in zone-file syntax (RFC 1035 §5), TTL 0, names relative to the apex: sugar and `records`, in one text.
    /// Keys are left out: the public keys of `dkim` are added when they exist.
    pub records: String,
    /// DKIM key pairs, made for the run.
    pub dkim: Vec<DkimKey>,
    /// Names that answer wrongly.
    pub faults: Vec<Fault>,
}

/// How a zone is signed (RFC 4035).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dnssec {
    /// Unsigned; its parent proves that there is no DS record.
    #[default]
    Insecure,
    /// Signed, with a chain from the root.
    Signed,
    /// Signed, but the DS record at the parent does not match.
    Bogus,
    /// Signed, with signatures that have expired.
    Expired,
}

/// A DKIM key pair (RFC 6376 §3.6, RFC 8463).
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct DkimKey {
    /// The selector.
    pub selector: String,
    /// Kind of key.
    pub algorithm: KeyAlgorithm,
    /// What the zone says of it.
    pub record: KeyRecord,
    /// More tags for the record, such as `t=y` or `h=sha1`.
    pub tags: Option<String>,
}

/// Kind of a DKIM key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyAlgorithm {
    /// RSA of 1024 bits: RFC 8301 §3.2 forbids less.
    Rsa1024,
    /// RSA of 2048 bits.
    Rsa2048,
    /// RSA of 4096 bits: the record needs more than one character-string and often TCP.
    Rsa4096,
    /// Ed25519 (RFC 8463).
    Ed25519,
}

/// What the zone says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyRecord {
    /// The public key.
    #[default]
    Published,
    /// An empty `p=` (RFC 6376 §3.6.1).
    Revoked,
    /// Another public key than the one that signs.
    Wrong,
    /// Nothing at all.
    Missing,
}

/// A name that answers wrongly.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Fault {
    /// The whole name.
    pub name: DnsName,
    /// Only questions of this type, such as `TXT`; else all.
    pub record_type: Option<String>,
    /// What happens instead.
    pub kind: FaultKind,
}

/// What a name does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// RCODE 2 (RFC 1035 §4.1.1).
    Servfail,
    /// RCODE 5 (RFC 1035 §4.1.1).
    Refused,
    /// No answer.
    Silence,
    /// The right answer, this much later; at most 60 s.
    Delay(Duration),
}

impl Zone {
    /// A zone without records.
    #[must_use]
    pub fn empty(origin: Domain) -> Self {
        Self { origin, dnssec: Dnssec::default(), records: String::new(), dkim: Vec::new(), faults: Vec::new() }
    }
}
