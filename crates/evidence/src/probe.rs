//! What a probe saw of a service and its TLS, as values.

use crate::{Certificate, LookedUp, Observed, Trust};
use mail::{Reply, Service};
use serde::{Deserialize, Serialize};

/// Everything that was seen of one service from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// Which service.
    pub service: Service,
    /// Name and port that were asked, as `mx.gateway.example:25`.
    pub server: String,
    /// What it does before TLS; unobserved where TLS is implicit.
    pub cleartext: Observed<Cleartext>,
    /// SSLv3 and TLS 1.0 to 1.3, in this order; all five, unless there is no TLS at all, then none.
    pub versions: Vec<VersionSeen>,
    /// Key exchange groups that it takes, by their IANA names, in the server's order of preference where it has one.
    pub groups: Observed<Vec<String>>,
    /// The finite-field group of DHE suites of TLS 1.2 and before; `None`: it takes no such suite.
    pub dh: Observed<Option<DhSeen>>,
    /// Signature schemes with which it proves that it has its key, by their IANA names (RFC 8446 §4.2.3).
    pub signatures: Observed<Vec<String>>,
    /// The certificates that it sends, one for each kind of key, and one for each name asked for that gets another.
    pub chains: Observed<Vec<ChainSeen>>,
    /// What else it does or does not.
    pub features: Features,
    /// TLSA records that the DNS has for this host and port, and whether the answer is authentic.
    pub tlsa: Observed<LookedUp>,
}

/// What a service does before TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleartext {
    /// The greeting, its first line.
    pub greeting: String,
    /// What it says that it can, in its order: EHLO keywords, IMAP or POP3 or SIEVE capabilities.
    pub capabilities: Vec<String>,
    /// Whether it offers STARTTLS (or STLS).
    pub offers_starttls: bool,
    /// What it answers to a login with a wrong password before TLS: the first line.
    pub login: Observed<LoginSeen>,
    /// SMTP only: the reply to MAIL FROM without TLS; 530 means that TLS is required (RFC 3207 §4).
    pub mail_from: Observed<Reply>,
    /// Whether a command sent in the same segment behind STARTTLS is answered after the handshake (CVE-2011-0411).
    pub injection: Observed<Injection>,
}

/// What becomes of a login before TLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LoginSeen {
    /// It is not offered, and refused without looking at the password; with the answer.
    Refused(String),
    /// The password was looked at, or asked for; with the answer.
    Taken(String),
}

/// What becomes of plaintext that is injected behind STARTTLS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Injection {
    /// It was dropped: after the handshake nothing was said but what was asked for.
    Dropped,
    /// The connection was closed, or STARTTLS or the handshake refused.
    Closed,
    /// It was answered under TLS; with the answer.
    Answered(String),
}

/// What was seen of one version of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionSeen {
    /// `SSLv3`, `TLSv1`, `TLSv1.1`, `TLSv1.2` or `TLSv1.3`.
    pub version: String,
    /// The cipher suites that it takes, by their IANA names, in the order in which it chose them; empty: it does not take
    /// the version.
    pub suites: Observed<Vec<String>>,
    /// Whose order of suites counts; `None` where it takes fewer than two.
    pub order: Option<Order>,
}

/// Whose order of cipher suites counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// The server's.
    Server,
    /// The client's.
    Client,
}

/// A finite-field Diffie-Hellman group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhSeen {
    /// Size of its prime, in bits.
    pub bits: u16,
    /// Its name if it is a known one, as `ffdhe2048` (RFC 7919) or `modp2048` (RFC 3526).
    pub name: Option<String>,
}

/// A chain of certificates and what it is worth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainSeen {
    /// The name asked for (RFC 6066 §3); `None`: none was sent.
    pub server_name: Option<String>,
    /// The certificates, the server's own first.
    pub certificates: Vec<Certificate>,
    /// What a client makes of it that wants the server's name.
    pub trust: Trust,
    /// TLSA data of the chain as `3 1 1 …`, `3 0 1`, `2 1 1`, `2 0 1`, with SHA-256, for DANE (RFC 6698 §2).
    pub digests: Vec<String>,
}

/// What a service does or does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Features {
    /// Sends tickets for resumption (RFC 5077, RFC 8446 §4.6.1).
    pub tickets: Observed<bool>,
    /// Resumes a connection, by ticket or by id.
    pub resumption: Observed<bool>,
    /// Secure renegotiation (RFC 5746 §3.6).
    pub secure_renegotiation: Observed<bool>,
    /// Follows when the client renegotiates (TLS 1.2 and before).
    pub client_renegotiation: Observed<bool>,
    /// Takes DEFLATE compression (RFC 3749; CRIME).
    pub compression: Observed<bool>,
    /// Refuses a downgrade that TLS_FALLBACK_SCSV tells (RFC 7507 §3).
    pub fallback_scsv: Observed<bool>,
    /// Takes early data (RFC 8446 §2.3).
    pub early_data: Observed<bool>,
    /// Extended master secret (RFC 7627).
    pub extended_master_secret: Observed<bool>,
    /// Encrypt-then-MAC (RFC 7366).
    pub encrypt_then_mac: Observed<bool>,
    /// OCSP stapling (RFC 6066 §8).
    pub ocsp_stapling: Observed<bool>,
}

impl Probed {
    /// The chains that have a certificate.
    ///
    /// # Errors
    /// Why there are none, in words.
    pub fn certificates(&self) -> Result<Vec<&ChainSeen>, &str> {
        let chains = match &self.chains {
            Observed::Seen(chains) => chains.iter().filter(|chain| !chain.certificates.is_empty()).collect(),
            Observed::Unobserved(why) => return Err(why),
        };
        if Vec::is_empty(&chains) { Err("it showed no certificate") } else { Ok(chains) }
    }

    /// The versions that it takes; unobserved ones are not among them.
    pub fn taken(&self) -> impl Iterator<Item = &VersionSeen> {
        self.versions.iter().filter(|version| version.suites.seen().is_some_and(|suites| !suites.is_empty()))
    }

    /// All cipher suites that it takes, of all versions, each once, newest version first.
    #[must_use]
    pub fn suites(&self) -> Vec<&str> {
        let mut all: Vec<&str> = Vec::new();
        for suite in self.versions.iter().rev().filter_map(|version| version.suites.seen()).flatten() {
            if !all.contains(&suite.as_str()) {
                all.push(suite);
            }
        }
        all
    }
}
