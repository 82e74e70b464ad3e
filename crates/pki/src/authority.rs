//! The certificate authority of a run, and what it issues (RFC 5280).

use crate::{
    Anchor, KeyKind, PkiError,
    keys::{generate, pem},
};
use plan::CertificateKind;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use std::fmt;
use time::{Duration, OffsetDateTime};

/// A root and an intermediate certificate made for the run, and others that nobody trusts.
pub struct Authority {
    trusted: IssuerChain,
    stranger: IssuerChain,
    anchor: Anchor,
    now: OffsetDateTime,
}

/// What is asked of an authority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Host names and IP addresses for subjectAltName, at least one. The first is the common name too, if it is short
    /// enough (64 octets).
    pub names: Vec<String>,
    /// Whether the certificate is good.
    pub kind: CertificateKind,
    /// Kind of its key.
    pub key: KeyKind,
}

/// For whom a certificate of the kind [`CertificateKind::WrongName`] is.
pub const WRONG_NAME: &str = "wrong-name.example";

/// A certificate with its chain and key.
pub struct Issued {
    /// The certificate and then the intermediate one (none if self-signed), in PEM.
    pub chain_pem: String,
    /// The private key: PKCS#8 in PEM. It is a secret of the run.
    pub key_pem: String,
    /// The certificates of `chain_pem`, its own first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key of `key_pem`.
    pub key: PrivateKeyDer<'static>,
}

struct IssuerChain {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    /// A new authority whose certificates are reckoned from now.
    ///
    /// # Errors
    /// The cryptographic library has no keys for us.
    pub fn new() -> Result<Self, PkiError> {
        let now = OffsetDateTime::now_utc();
        let trusted = IssuerChain::new("Mailproof", now)?;
        let stranger = IssuerChain::new("Stranger", now)?;
        let seconds = u64::try_from(now.unix_timestamp()).unwrap_or_default();
        let moment = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        let anchor = Anchor::new(trusted.root.der().clone(), moment);
        Ok(Self { trusted, stranger, anchor, now })
    }

    /// The root certificate in PEM: what a client of the pretend Internet trusts.
    #[must_use]
    pub fn root_pem(&self) -> String {
        pem("CERTIFICATE", self.trusted.root.der())
    }

    /// The root certificate and the time at which it was made, to judge certificates by.
    #[must_use]
    pub fn anchor(&self) -> Anchor {
        self.anchor.clone()
    }

    /// Issues a certificate, good or bad, with a new key.
    ///
    /// # Errors
    /// No name, a name that cannot stand in a certificate, or no key.
    pub fn issue(&self, request: &Request) -> Result<Issued, PkiError> {
        let names = match (request.kind, request.names.first()) {
            (_, None) => return Err(PkiError::NoName),
            (CertificateKind::WrongName, _) => vec![WRONG_NAME.to_owned()],
            _ => request.names.clone(),
        };
        let key = generate(request.key)?;
        let params = self.leaf(names, request)?;
        let (leaf, issuer) = match request.kind {
            CertificateKind::SelfSigned => (params.self_signed(&key), None),
            CertificateKind::Untrusted => self.stranger.sign(&params, &key),
            _ => self.trusted.sign(&params, &key),
        };
        let leaf = leaf.map_err(|e| refused(&request.names[0], &e))?;
        let chain: Vec<_> = [Some(leaf.der().clone()), issuer].into_iter().flatten().collect();
        Ok(Issued {
            chain_pem: chain.iter().map(|der| pem("CERTIFICATE", der)).collect(),
            key_pem: crate::pkcs8_pem(key.serialized_der()),
            chain,
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        })
    }

    fn leaf(&self, names: Vec<String>, request: &Request) -> Result<CertificateParams, PkiError> {
        let name = names[0].clone();
        let mut params = CertificateParams::new(names).map_err(|e| refused(&name, &e))?;
        params.distinguished_name = DistinguishedName::new();
        if name.len() <= 64 {
            params.distinguished_name.push(DnType::CommonName, name);
        }
        params.use_authority_key_identifier_extension = request.kind != CertificateKind::SelfSigned;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        if matches!(request.key, KeyKind::Rsa2048 | KeyKind::Rsa4096) {
            params.key_usages.push(KeyUsagePurpose::KeyEncipherment);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let (start, end) = match request.kind {
            CertificateKind::Expired => (Duration::days(-60), Duration::days(-1)),
            CertificateKind::NotYetValid => (Duration::days(30), Duration::days(60)),
            _ => (Duration::hours(-1), Duration::days(90)),
        };
        (params.not_before, params.not_after) = (self.now + start, self.now + end);
        Ok(params)
    }
}

impl IssuerChain {
    fn new(name: &str, now: OffsetDateTime) -> Result<Self, PkiError> {
        let (root, intermediate) = (format!("{name} Root"), format!("{name} Intermediate"));
        let top = CertifiedIssuer::self_signed(issuer(&root, None, now), generate(KeyKind::P256)?)
            .map_err(|e| refused(&root, &e))?;
        let below = CertifiedIssuer::signed_by(issuer(&intermediate, Some(0), now), generate(KeyKind::P256)?, &top)
            .map_err(|e| refused(&intermediate, &e))?;
        Ok(Self { root: top, intermediate: below })
    }

    fn sign(&self, leaf: &CertificateParams, key: &KeyPair) -> (Signed, Option<CertificateDer<'static>>) {
        (leaf.signed_by(key, &self.intermediate), Some(self.intermediate.der().clone()))
    }
}

type Signed = Result<rcgen::Certificate, rcgen::Error>;

fn issuer(name: &str, path_length: Option<u8>, now: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(path_length.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = path_length.is_some();
    params.not_before = now - Duration::days(365);
    params.not_after = now + Duration::days(3650);
    params
}

fn refused(subject: &str, reason: &dyn fmt::Display) -> PkiError {
    PkiError::Certificate { subject: subject.to_owned(), reason: reason.to_string() }
}

/// Shows no secret.
impl fmt::Debug for Issued {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issued").field("chain_pem", &self.chain_pem).finish_non_exhaustive()
    }
}

/// Shows no secret.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("root_pem", &self.root_pem()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
