//! Questions to services of the gateway, and what can be claimed of the answers.

use crate::{Claimed, Spanned};
use mail::{Domain, Service};
use serde::Serialize;
use std::ops::Range;

/// A question to a service: what it takes, seen from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// A word for it in reports: what the file says, else the service.
    pub label: String,
    /// Which service of the gateway under test.
    pub service: Spanned<Service>,
    /// The name that is asked for (RFC 6066 §3); the host's own, if none is given.
    pub server_name: Option<Domain>,
    /// What must come of it; at least one.
    pub expect: Vec<Claimed<ProbeClaim>>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// What can be claimed of a probe.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeClaim {
    /// What it does about STARTTLS.
    Starttls(StarttlsClaim),
    /// It takes exactly these versions.
    Versions(Vec<String>),
    /// It takes each of these: a cipher suite (IANA or OpenSSL name), a group, or a family of suites.
    Takes(Vec<String>),
    /// It takes none of these.
    Refuses(Vec<String>),
    /// Whose order of suites counts, in every version before 1.3 that it takes: `server` or `client`.
    Order(String),
    /// A DHE group of at least so many bits, or none at all.
    DhBits(u16),
    /// What its certificate is worth to a client that wants its name: `untrusted`, `trusted`, `verified`.
    Peer(String),
    /// The kind of its certificate's key, as `RSA 2048`.
    Key(String),
    /// The profile of this name holds.
    Profile(String),
    /// A login before TLS is `refused` or `taken`.
    Login(String),
    /// What was injected behind STARTTLS is `dropped` (or the connection closed), or `answered`.
    Injection(String),
    /// It does each of these: `tickets`, `resumption`, `secure-renegotiation`, `client-renegotiation`, `compression`,
    /// `fallback-scsv`, `early-data`, `extended-master-secret`, `encrypt-then-mac`, `ocsp-stapling`.
    Has(Vec<String>),
    /// It does none of these.
    HasNot(Vec<String>),
    /// The TLSA records that the DNS has for it match its certificate, securely: `matches`, `differs` or `none`.
    Tlsa(String),
}

/// What a service does about STARTTLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StarttlsClaim {
    /// It does not offer it.
    Absent,
    /// It offers it, and works without as well.
    Optional,
    /// It offers it, and refuses to work without.
    Required,
}
