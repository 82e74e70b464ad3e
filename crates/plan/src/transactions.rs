//! Mail transactions: who brings them, and what changes on the pretend Internet before them.

use crate::{Host, Recipe, Spanned, Transcript, Zone};
use mail::{Address, ReversePath};
use serde::Serialize;
use std::{fmt, net::IpAddr, ops::Range};

/// One mail transaction (RFC 5321 §3.3).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Transaction {
    /// A word for it in reports: what the file says, else `1`, `2`, …
    pub label: String,
    /// What is different from now on.
    pub change: Option<Change>,
    /// Who brings it.
    pub origin: Origin,
    /// MAIL FROM.
    pub mail_from: Path<ReversePath>,
    /// RCPT TO, in order; at least one, unless a dialogue is written out that has none.
    pub rcpt_to: Vec<Path<Address>>,
    /// What is sent behind DATA; of a dialogue that sends no message it is empty.
    pub message: Recipe,
    /// The dialogue, where it is written out: then only that is said.
    pub dialogue: Option<Transcript>,
    /// Where the transaction stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// A path of the envelope (RFC 5321 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Path<T> {
    /// The address in it, as far as there is one.
    pub value: T,
    /// The octets that are sent in the place of the path, where the scenario gives them.
    pub raw: Option<Vec<u8>>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

impl<T> From<Spanned<T>> for Path<T> {
    fn from(Spanned { value, span }: Spanned<T>) -> Self {
        Self { value, raw: None, span }
    }
}

impl<T: fmt::Display> Path<T> {
    /// What is sent behind `FROM:` or `TO:`.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        self.raw.clone().unwrap_or_else(|| format!("<{}>", self.value).into_bytes())
    }
}

/// Who brings a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The harness itself, as anyone, from any address.
    Client(Client),
    /// A user, through the submission service (RFC 6409) of the login's domain.
    Submission(Submission),
    /// A program on the gateway itself, through sendmail(1): as cron does it, and web applications.
    Sendmail,
}

/// A client on the pretend Internet that connects to port 25 of the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Client {
    /// Its address.
    pub ip: Spanned<IpAddr>,
    /// What it says in EHLO or HELO.
    pub ehlo: Spanned<String>,
    /// Whether it says HELO, and so asks for no extension (RFC 5321 §4.1.1.1).
    pub says_helo: bool,
    /// Whether it asks for TLS.
    pub tls: Tls,
    /// How it speaks.
    pub driver: Driver,
    /// Seconds after which it tries again what was refused for now (RFC 5321 §4.5.4.1); `None`: as the gateway's directory says.
    pub retry: Option<u64>,
}

/// A user at a submission service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Submission {
    /// Login, of one of the gateways' domains.
    pub login: Spanned<Address>,
    /// STARTTLS on port 587 or implicit TLS on port 465 (RFC 8314 §3).
    pub tls: Tls,
}

/// How a connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Not at all.
    #[default]
    None,
    /// By STARTTLS (RFC 3207).
    Starttls,
    /// From the first octet (RFC 8314 §3).
    Implicit,
}

/// Which SMTP client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    /// One that keeps to the protocol (mail-send): dot-stuffs, ends lines with CRLF.
    #[default]
    WellBehaved,
    /// One that sends the octets as they are, then `CRLF . CRLF`.
    ByteExact,
}

/// What is different from a transaction on.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Change {
    /// Zones that take the place of those with the same apex, whole.
    pub zones: Vec<Zone>,
    /// Hosts that take the place of those with the same name, whole.
    pub hosts: Vec<Host>,
    /// Services of the gateway, by their names in gateway.toml, that stand still from now on, and no others; `None`: the same
    /// as before.
    pub stopped: Option<Vec<String>>,
}

impl fmt::Display for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::None => "none",
            Self::Starttls => "starttls",
            Self::Implicit => "implicit",
        })
    }
}
