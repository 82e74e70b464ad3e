//! What a scenario asks for besides zones and mail: hosts that the harness plays, probes, look-ups, changed settings.

use crate::{Dnssec, Spanned, Zone};
use mail::{Domain, Service};
use serde::{Deserialize, Serialize};
use std::{net::IpAddr, ops::Range};

/// A host on the pretend Internet that the harness plays. Its addresses and TLSA records are in the plan's zones already,
/// but for the digests, which are known when its certificates are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Host {
    /// Its name.
    pub name: Domain,
    /// Its addresses; at least one. Nobody else has them while the scenario runs.
    pub ips: Vec<IpAddr>,
    /// TLSA records for its port 25, published at `_25._tcp.NAME`.
    pub tlsa: Vec<Tlsa>,
    /// The MTA on it, port 25.
    pub smtp: Option<SmtpHost>,
    /// The web server on it, port 443.
    pub https: Option<HttpsHost>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// A TLSA record (RFC 6698 §2.1). Numbers without a meaning are published all the same: such a record is unusable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tlsa {
    /// Certificate usage.
    pub usage: u8,
    /// Selector.
    pub selector: u8,
    /// Matching type.
    pub matching: u8,
    /// What the data is made of.
    pub of: TlsaOf,
}

/// What the data of a TLSA record is made of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TlsaOf {
    /// The host's certificate with this issue number.
    Issue(u8),
    /// Something that no certificate has.
    Wrong,
}

/// An MTA that the harness plays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SmtpHost {
    /// What it does about STARTTLS.
    pub starttls: StarttlsPlay,
    /// Its certificate.
    pub certificate: Certificate,
    /// Versions that it takes, `TLSv1` to `TLSv1.3`; empty: 1.2 and 1.3.
    pub versions: Vec<String>,
    /// What somebody on the way does to its connections.
    pub wire: Interference,
    /// The reply to the line with a single dot, such as `451 4.3.0 later`; `None`: the message is taken.
    pub end_of_data: Option<String>,
}

/// What a host does about STARTTLS (RFC 3207).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum StarttlsPlay {
    /// It offers and does it.
    #[default]
    Offered,
    /// It does not offer it, and does not know the command.
    Absent,
    /// It offers it, and answers the command with this reply code.
    Refused(u16),
    /// It offers it and answers 220, and in the same segment comes another reply in cleartext before the handshake.
    Injected,
}

/// What somebody on the way does to connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Interference {
    /// Nothing.
    #[default]
    None,
    /// Takes STARTTLS out of the reply to EHLO, and refuses the command.
    StripStarttls,
    /// Ends TLS itself, with a certificate that is issued to it for the host's name under a root that nobody knows.
    SwapCertificate,
    /// Cuts the line in the middle of the message.
    CutInData,
}

/// A web server that the harness plays, for MTA-STS policies (RFC 8461 §3.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HttpsHost {
    /// Its certificate.
    pub certificate: Certificate,
    /// Status of the answer to `/.well-known/mta-sts.txt`.
    pub status: u16,
    /// Body of that answer, lines ended by LF; sent with CRLF.
    pub policy: String,
    /// Media type of it; `text/plain` if the scenario does not say otherwise.
    pub media_type: String,
}

/// The certificate of a host.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
pub struct Certificate {
    /// Whether it is good, or in what way it is not.
    pub kind: CertificateKind,
    /// Kind of its key.
    pub key: CertificateKey,
    /// Which of the host's certificates: each number has a key of its own.
    pub issue: u8,
    /// Names in it; the host's own, if none are given.
    pub names: Vec<String>,
}

impl Default for Certificate {
    fn default() -> Self {
        Self { kind: CertificateKind::Good, key: CertificateKey::P256, issue: 1, names: Vec::new() }
    }
}

/// Whether a certificate is good, or in what one way it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateKind {
    /// Issued under the run's root.
    #[default]
    Good,
    /// It was valid until yesterday.
    Expired,
    /// It will be valid in a month.
    NotYetValid,
    /// It is for another name.
    WrongName,
    /// Signed with its own key.
    SelfSigned,
    /// Issued under a root that nobody knows.
    Untrusted,
}

/// Kind of the key of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateKey {
    /// ECDSA on P-256.
    #[default]
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA of 2048 bits.
    Rsa2048,
    /// Ed25519 (RFC 8410).
    Ed25519,
}

/// What is different from a transaction on.
#[derive(Debug, Clone, PartialEq, Serialize, Default)]
pub struct Change {
    /// Zones that take the place of those with the same apex, whole.
    pub zones: Vec<Zone>,
    /// Hosts that take the place of those with the same name, whole.
    pub hosts: Vec<Host>,
}

/// A setting of a daemon of the gateway that is changed while the scenario runs, alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingChange {
    /// Whose setting.
    pub daemon: Daemon,
    /// Its name, behind the service of `master.cf` or the blocks of Dovecot in which it stands ([`setting_path`]).
    pub name: Spanned<String>,
    /// Its value; `None`: its line is taken out, so that the compiled default holds.
    pub value: Option<String>,
}

/// The service and its type, or the blocks from outside, in which a setting stands by its name, and its name there:
/// `submission/inet/smtpd_tls_ciphers`, `service imap-login/inet_listener imaps/ssl`. An address may have a `/`, which is
/// none between blocks: `local 192.0.2.0/24/ssl`.
#[must_use]
pub fn setting_path(name: &str) -> (Vec<&str>, &str) {
    let Some((path, own)) = name.rsplit_once('/') else { return (Vec::new(), name) };
    let (mut blocks, mut from) = (Vec::new(), 0);
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    for at in ends {
        let block = &path[from..at];
        let is_block = |next: &str| next.starts_with(|c: char| c.is_ascii_lowercase());
        if !block.contains(' ') || path.get(at + 1..).is_none_or(is_block) {
            blocks.push(block);
            from = at + 1;
        }
    }
    (blocks, own)
}

/// A daemon whose settings can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Daemon {
    /// `main.cf` and `master.cf` of Postfix.
    Postfix,
    /// `dovecot.conf` of Dovecot.
    Dovecot,
}

/// The changed settings of a scenario, and what is claimed of them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Settings {
    /// The changes.
    pub changes: Vec<SettingChange>,
    /// What is claimed.
    pub expect: Vec<Claimed<SettingClaim>>,
}

/// A claim and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Claimed<T> {
    /// The claim.
    pub claim: T,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// What can be claimed of changed settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingClaim {
    /// The daemons work with all of them, or refuse one.
    Taken(bool),
    /// A daemon says something that has this text in it.
    Says(String),
    /// No daemon says anything.
    Silent,
}

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

/// A question to the DNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lookup {
    /// A word for it in reports: what the file says, else name and type.
    pub label: String,
    /// Name that is asked for.
    pub name: Spanned<Domain>,
    /// Type of record, as `TXT`.
    pub record_type: String,
    /// What must come of it; at least one.
    pub expect: Vec<Claimed<LookupClaim>>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// What can be claimed of a look-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookupClaim {
    /// The response code, as `NXDOMAIN`.
    Rcode(String),
    /// Exactly these records, in any order.
    Records(Vec<String>),
    /// A record has this text in it.
    Contains(String),
    /// The answer is authentic by DNSSEC (RFC 4035 §3.2.3), or not.
    Authentic(bool),
    /// The lint says exactly this of it, as codes; an empty list: nothing.
    Lint(Vec<String>),
}

/// A TLS report that the gateway sends (RFC 8460), asked for after all mail was sent. The scenario runs alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportAsked {
    /// A word for it: what the file says, else the domain.
    pub label: String,
    /// The policy domain that it is about, which publishes where reports go.
    pub domain: Spanned<Domain>,
    /// What must come of it; at least one.
    pub expect: Vec<Claimed<ReportClaim>>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// What can be claimed of a TLS report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportClaim {
    /// The type of its policy, `tlsa`, `sts` or `no-policy-found` (RFC 8460 §4.4).
    Policy(String),
    /// So many connections succeeded.
    Successful(u64),
    /// So many failed.
    Failed(u64),
    /// Exactly these result types (RFC 8460 §4.3), in any order.
    Results(Vec<String>),
}

impl Zone {
    /// A zone without records.
    #[must_use]
    pub fn empty(origin: Domain) -> Self {
        Self { origin, dnssec: Dnssec::default(), records: String::new(), dkim: Vec::new(), faults: Vec::new() }
    }
}
