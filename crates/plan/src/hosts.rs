//! Hosts on the pretend Internet that the harness plays.

use mail::Domain;
use serde::Serialize;
use std::{collections::BTreeMap, net::IpAddr, ops::Range};

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
    /// What it replies otherwise than a good MTA, and where: the first time the first reply, the last one from then on.
    pub replies: BTreeMap<Point, Vec<PlayedReply>>,
}

/// A point of a dialogue at which a played host replies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Point {
    /// The connection.
    Greeting,
    /// EHLO.
    Ehlo,
    /// HELO.
    Helo,
    /// STARTTLS.
    Starttls,
    /// MAIL FROM.
    MailFrom,
    /// RCPT TO.
    RcptTo,
    /// DATA.
    Data,
    /// The line with a single dot.
    EndOfData,
    /// RSET.
    Rset,
    /// QUIT.
    Quit,
}

/// What a played host does at a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlayedReply {
    /// It says this reply (RFC 5321 §4.2); several lines are separated by LF.
    Says(String),
    /// It hangs up.
    Closes,
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
    /// It offers it and answers 220, and goes on in cleartext.
    Cleartext,
    /// It offers it, answers 220 and hangs up when the handshake begins.
    Closed,
    /// It offers it and answers 220, and then sends octets that are nothing.
    Garbage,
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
