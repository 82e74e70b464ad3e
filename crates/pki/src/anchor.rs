//! What a client makes of the certificates that a server sends (RFC 5280 §6).

use crate::PkiError;
use evidence::Trust;
use rustls::{
    CertificateError, Error, RootCertStore,
    client::{verify_server_cert_signed_by_trust_anchor, verify_server_name},
    crypto::{CryptoProvider, aws_lc_rs},
    server::ParsedCertificate,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject};
use std::sync::{Arc, LazyLock};
use x509_parser::parse_x509_certificate;

/// A root that a client knows, and the time that it takes for the present.
#[derive(Debug, Clone)]
pub struct Anchor {
    roots: Arc<RootCertStore>,
    now: UnixTime,
}

impl Anchor {
    pub(crate) fn new(root: CertificateDer<'static>, now: UnixTime) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(root).expect("a root of our own making can be trusted");
        Self { roots: Arc::new(roots), now }
    }

    /// The roots that this system knows, and the present.
    #[must_use]
    pub fn system() -> Self {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Self { roots: Arc::new(roots), now: UnixTime::now() }
    }

    /// The roots in a text of PEM, and the present.
    ///
    /// # Errors
    /// A certificate in it cannot be read, or there is none.
    pub fn from_pem(pem: &str) -> Result<Self, PkiError> {
        let fault = |reason: String| PkiError::Certificate { subject: "a root".to_owned(), reason };
        let mut roots = RootCertStore::empty();
        for root in CertificateDer::pem_slice_iter(pem.as_bytes()) {
            let root = root.map_err(|e| fault(e.to_string()))?;
            roots.add(root).map_err(|e| fault(e.to_string()))?;
        }
        if roots.is_empty() {
            return Err(fault("there is none".to_owned()));
        }
        Ok(Self { roots: Arc::new(roots), now: UnixTime::now() })
    }

    /// What certificates, the server's own first, are worth to a client that wants this host name or address
    /// (RFC 5280 §6.1, RFC 6125 §6). A name that is none matches nothing.
    #[must_use]
    pub fn judge(&self, chain: &[CertificateDer<'_>], server_name: &str) -> Trust {
        let Some((own, others)) = chain.split_first() else { return Trust::Anonymous };
        let verified = ParsedCertificate::try_from(own).and_then(|parsed| {
            let algorithms = provider().signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &self.roots, others, self.now, algorithms)?;
            Ok(parsed)
        });
        match verified {
            Err(error) => Trust::Untrusted(Some(reason(&error, own))),
            Ok(parsed) => match ServerName::try_from(server_name) {
                Ok(name) if verify_server_name(&parsed, &name).is_ok() => Trust::Verified,
                _ => Trust::Trusted,
            },
        }
    }
}

/// The cryptography for every rustls configuration of the run; no default of the process is relied on.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| Arc::new(aws_lc_rs::default_provider()));
    PROVIDER.clone()
}

fn reason(error: &Error, own: &CertificateDer<'_>) -> String {
    use CertificateError as E;
    let words = match error {
        Error::InvalidCertificate(E::Expired | E::ExpiredContext { .. }) => "expired",
        Error::InvalidCertificate(E::NotValidYet | E::NotValidYetContext { .. }) => "not yet valid",
        Error::InvalidCertificate(E::BadEncoding) => "unreadable",
        _ if is_self_signed(own) => "self-signed",
        Error::InvalidCertificate(E::UnknownIssuer) => "unknown issuer",
        Error::InvalidCertificate(E::BadSignature) => "bad signature",
        other => return other.to_string(),
    };
    words.to_owned()
}

fn is_self_signed(certificate: &CertificateDer<'_>) -> bool {
    parse_x509_certificate(certificate).is_ok_and(|(_, c)| c.subject().as_raw() == c.issuer().as_raw())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authority, CertificateKind, KeyKind, Request, WRONG_NAME};

    const NAME: &str = "mx.gateway.example";

    fn judged(kind: CertificateKind, server_name: &str) -> Trust {
        let authority = Authority::new().unwrap();
        let request = Request { names: vec![NAME.to_owned(), "192.0.2.25".to_owned()], kind, key: KeyKind::P256 };
        authority.anchor().judge(&authority.issue(&request).unwrap().chain, server_name)
    }

    fn untrusted(reason: &str) -> Trust {
        Trust::Untrusted(Some(reason.to_owned()))
    }

    #[test]
    fn each_kind_is_worth_what_it_says() {
        assert_eq!(judged(CertificateKind::Good, NAME), Trust::Verified);
        assert_eq!(judged(CertificateKind::WrongName, NAME), Trust::Trusted);
        assert_eq!(judged(CertificateKind::Expired, NAME), untrusted("expired"));
        assert_eq!(judged(CertificateKind::NotYetValid, NAME), untrusted("not yet valid"));
        assert_eq!(judged(CertificateKind::SelfSigned, NAME), untrusted("self-signed"));
        assert_eq!(judged(CertificateKind::Untrusted, NAME), untrusted("unknown issuer"));
    }

    #[test]
    fn names_are_compared_as_names_and_addresses_as_addresses() {
        assert_eq!(judged(CertificateKind::Good, "MX.Gateway.Example"), Trust::Verified);
        assert_eq!(judged(CertificateKind::Good, "192.0.2.25"), Trust::Verified);
        for other in ["192.0.2.26", "gateway.example", "", "no name"] {
            assert_eq!(judged(CertificateKind::Good, other), Trust::Trusted, "{other}");
        }
        assert_eq!(judged(CertificateKind::WrongName, WRONG_NAME), Trust::Verified);
    }

    #[test]
    fn no_certificate_is_anonymous_and_garbage_is_unreadable() {
        let anchor = Authority::new().unwrap().anchor();
        assert_eq!(anchor.judge(&[], NAME), Trust::Anonymous);
        assert_eq!(anchor.judge(&[CertificateDer::from(vec![0x30, 3, 2, 1])], NAME), untrusted("unreadable"));
    }

    #[test]
    fn without_the_intermediate_the_issuer_is_unknown() {
        let authority = Authority::new().unwrap();
        let request = Request { names: vec![NAME.to_owned()], kind: CertificateKind::Good, key: KeyKind::P256 };
        let issued = authority.issue(&request).unwrap();
        assert_eq!(authority.anchor().judge(&issued.chain[..1], NAME), untrusted("unknown issuer"));
    }

    #[test]
    fn the_certificate_of_another_run_is_worth_nothing() {
        let request = Request { names: vec![NAME.to_owned()], kind: CertificateKind::Good, key: KeyKind::P256 };
        let issued = Authority::new().unwrap().issue(&request).unwrap();
        // The other root has the same name, but not the key that signed.
        assert_eq!(Authority::new().unwrap().anchor().judge(&issued.chain, NAME), untrusted("bad signature"));
    }
}
