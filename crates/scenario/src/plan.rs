//! What a scenario asks for, as values. A plan has passed every check; nothing in it can be refused any more.

use crate::{Change, Host, Lookup, Probe, ReportAsked, Settings};
use mail::{Address, ArcResult, DkimResult, DmarcResult, Domain, EnhancedStatus, ReversePath, SpfResult};
use serde::Serialize;
use std::{fmt, net::IpAddr, ops::Range, sync::Arc, time::Duration};

/// The text of a scenario file, kept to show findings in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `SUBJECT/NAME`, without `.toml`.
    pub name: String,
    /// Path as the user named it, for messages.
    pub path: String,
    /// The whole text.
    pub text: String,
}

/// A value and where it stands in the file, as octet offsets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// One scenario: zones to serve, mail to send, and what must come of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Plan {
    /// The file.
    #[serde(skip)]
    pub source: Arc<Source>,
    /// What is claimed, as one sentence.
    pub title: String,
    /// `RFC 7208 §4.6.4` and the like.
    pub cites: Vec<String>,
    /// The mechanism that it demonstrates.
    pub teaches: Option<String>,
    /// Zones that the pretend Internet has while it runs, parents first.
    pub zones: Vec<Zone>,
    /// Reverse mapping: address and the name of its PTR record (RFC 1035 §3.5).
    pub ptr: Vec<(IpAddr, Domain)>,
    /// Hosts that the harness plays while it runs.
    pub hosts: Vec<Host>,
    /// Settings of the gateway that are changed while it runs, alone.
    pub settings: Settings,
    /// Questions to services of the gateway, in order; asked before mail is sent.
    pub probes: Vec<Probe>,
    /// Questions to the DNS, in order; asked before mail is sent.
    pub lookups: Vec<Lookup>,
    /// TLS reports, in order; asked for after all mail was sent.
    pub reports: Vec<ReportAsked>,
    /// Transactions, in order. There is at least one of transactions, probes, look-ups and changed settings.
    pub transactions: Vec<Transaction>,
}

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
    pub name: Domain,
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

/// One mail transaction (RFC 5321 §3.3) and what is claimed of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Transaction {
    /// A word for it in reports: what the file says, else `1`, `2`, …
    pub label: String,
    /// What is different from now on.
    pub change: Option<Change>,
    /// Who brings it.
    pub origin: Origin,
    /// MAIL FROM.
    pub mail_from: Spanned<ReversePath>,
    /// RCPT TO, in order; at least one.
    pub rcpt_to: Vec<Spanned<Address>>,
    /// What is sent behind DATA.
    pub message: Recipe,
    /// What must come of it.
    pub expect: Vec<Expectation>,
    /// Where the transaction stands.
    #[serde(skip)]
    pub span: Range<usize>,
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
    /// What it says in EHLO.
    pub ehlo: Spanned<String>,
    /// Whether it asks for TLS.
    pub tls: Tls,
    /// How it speaks.
    pub driver: Driver,
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

/// How a message is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recipe {
    /// Header and body as written, lines ended by LF. `{nonce}` stands for the nonce. Without a Message-ID
    /// field, `Message-ID: <{nonce}@mailproof.example>` is added; likewise Date.
    pub text: Spanned<String>,
    /// The text is sent octet for octet (TOML escapes such as `\r` work); nothing is added.
    pub exact: bool,
    /// Signatures, the first one applied first (and so lowest in the header).
    pub sign: Vec<Signature>,
    /// What is done to the message after signing, in order.
    pub tamper: Vec<Tamper>,
}

/// One DKIM signature (RFC 6376 §3.5).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signature {
    /// `d=`: the SDID.
    pub domain: Spanned<Domain>,
    /// `s=`; a key of that zone's `dkim`.
    pub selector: Spanned<String>,
    /// The key that signs: algorithm as declared in the zone.
    pub key: KeyAlgorithm,
    /// `rsa-sha1` instead of `rsa-sha256` (RFC 8301 forbids it).
    pub sha1: bool,
    /// `c=`, header part: relaxed, else simple.
    pub relaxed_header: bool,
    /// `c=`, body part: relaxed, else simple.
    pub relaxed_body: bool,
    /// `h=`, in order; a name may stand several times (oversigning).
    pub headers: Vec<String>,
    /// `l=`: this many octets of the canonicalized body.
    pub body_length: Option<u64>,
    /// `t=`, seconds from the run's clock, negative for the past.
    pub signed_at: Option<i64>,
    /// `x=`, seconds from the run's clock, negative for the past.
    pub expires_at: Option<i64>,
    /// `i=`: the AUID.
    pub auid: Option<String>,
}

/// A change to a message after it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tamper {
    /// Text at the end of the body.
    AppendBody(String),
    /// A field on top of the header, `Name: value`.
    PrependHeader(String),
    /// The first field of this name gets this value.
    SetHeader {
        /// Name of the field.
        name: String,
        /// Its new value.
        value: String,
    },
    /// The first field of this name goes.
    RemoveHeader(String),
    /// The first occurrence of a text in the whole message is replaced.
    Replace {
        /// Text that must occur.
        find: String,
        /// What takes its place.
        with: String,
    },
}

/// One claim on a transaction, and where it stands.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Expectation {
    /// The claim.
    pub claim: Claim,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// What can be claimed of a transaction.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Claim {
    /// A reply of the server.
    Reply(ReplyClaim),
    /// The SPF result.
    Spf(SpfResult),
    /// The DKIM result.
    Dkim(DkimClaim),
    /// The DMARC result.
    Dmarc(DmarcResult),
    /// The ARC result.
    Arc(ArcResult),
    /// What became of the message.
    Outcome(Outcome),
    /// How the gateway's side of the connection was protected.
    Handshake(HandshakeClaim),
    /// The Received field of the gateway says how the connection was protected, and it is what was negotiated.
    Received,
    /// A host of this name, which the harness plays, took the message.
    Arrived(Domain),
    /// What the gateway offered in its ClientHello: exactly these versions.
    Offered(Vec<String>),
    /// A policy was asked of a web server that the harness plays (RFC 8461 §3.3), or none.
    Fetched(bool),
    /// A header field of the delivered message has this text in it.
    Header {
        /// Name of the field.
        name: String,
        /// Text that a field of that name must have.
        contains: String,
    },
}

/// A claim on one reply.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReplyClaim {
    /// To which command.
    pub to: Command,
    /// Three digits.
    pub code: u16,
    /// Enhanced status code.
    pub enhanced: Option<EnhancedStatus>,
    /// A text in it.
    pub text: Option<String>,
}

/// The command that a reply answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Command {
    /// The connection itself: the greeting.
    Connect,
    /// EHLO or HELO.
    Ehlo,
    /// STARTTLS.
    Starttls,
    /// AUTH.
    Auth,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO (the last one, if there are several).
    RcptTo,
    /// DATA.
    Data,
    /// The line with a single dot.
    EndOfData,
}

/// A claim on the DKIM results of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DkimClaim {
    /// One result for the whole message: the best of all signatures.
    Overall(DkimResult),
    /// The signatures of these domains have these results.
    Signatures(Vec<(Domain, DkimResult)>),
}

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The server refused it for good.
    Rejected,
    /// It was refused for now, or waits in a queue.
    Deferred,
    /// It lies in a mailbox, in this folder if one is named.
    Delivered(Option<String>),
    /// A queue gave up and notified the reverse-path (RFC 3464).
    Bounced,
    /// It was put aside: in this folder if one is named, or in a hold queue.
    Quarantined(Option<String>),
    /// It was accepted and thrown away.
    Discarded,
}

/// A claim on a TLS handshake.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct HandshakeClaim {
    /// Such as `TLSv1.3`; or `none`: there was no TLS.
    pub version: Option<String>,
    /// Cipher suite, IANA or OpenSSL name.
    pub suite: Option<String>,
    /// Key exchange group.
    pub group: Option<String>,
    /// What the client made of the server's certificate: `anonymous`, `untrusted`, `trusted` or `verified`.
    pub peer: Option<String>,
}

macro_rules! words {
    ($($name:ident { $($variant:pat => $word:literal),+ $(,)? })+) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(match self { $($variant => $word),+ })
            }
        }
    )+};
}
words! {
    Command {
        Self::Connect => "connect", Self::Ehlo => "ehlo", Self::Starttls => "starttls", Self::Auth => "auth",
        Self::MailFrom => "mail-from", Self::RcptTo => "rcpt-to", Self::Data => "data", Self::EndOfData => "end-of-data",
    }
    Tls { Self::None => "none", Self::Starttls => "starttls", Self::Implicit => "implicit" }
}
