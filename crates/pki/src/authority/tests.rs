//! Every kind of certificate with every kind of key.

use super::*;
use rustls_pki_types::pem::PemObject;
use x509_parser::{parse_x509_certificate, prelude::X509Certificate};

const KEYS: [KeyKind; 5] = [KeyKind::Rsa2048, KeyKind::Rsa4096, KeyKind::P256, KeyKind::P384, KeyKind::Ed25519];

fn request(kind: CertificateKind, key: KeyKind) -> Request {
    Request { names: vec!["mx.gateway.example".to_owned()], kind, key }
}

fn parsed(der: &CertificateDer<'static>) -> X509Certificate<'static> {
    parse_x509_certificate(Vec::leak(der.to_vec())).unwrap().1
}

#[test]
fn every_kind_of_key_serves_tls_and_its_certificate_is_verified() {
    let authority = Authority::new().unwrap();
    for kind in KEYS {
        let issued = authority.issue(&request(CertificateKind::Good, kind)).unwrap();
        let trust = authority.anchor().judge(&issued.chain, "mx.gateway.example");
        assert_eq!(trust, evidence::Trust::Verified, "{kind:?}");
        let config = rustls::ServerConfig::builder_with_provider(crate::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(issued.chain, issued.key);
        assert!(config.is_ok(), "{kind:?}: the key must be the certificate's");
    }
}

#[test]
fn the_chain_is_the_certificate_and_then_its_issuer() {
    let authority = Authority::new().unwrap();
    for kind in [CertificateKind::Good, CertificateKind::Untrusted] {
        let issued = authority.issue(&request(kind, KeyKind::P256)).unwrap();
        let read: Vec<_> = CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes()).map(Result::unwrap).collect();
        assert_eq!(read, issued.chain);
        let (leaf, intermediate) = (parsed(&read[0]), parsed(&read[1]));
        assert_eq!(leaf.issuer(), intermediate.subject());
        assert!(!leaf.is_ca() && intermediate.is_ca());
    }
    let alone = authority.issue(&request(CertificateKind::SelfSigned, KeyKind::P256)).unwrap();
    assert_eq!((alone.chain.len(), parsed(&alone.chain[0]).issuer()), (1, parsed(&alone.chain[0]).subject()));
}

#[test]
fn the_key_in_pem_is_the_key() {
    let issued = Authority::new().unwrap().issue(&request(CertificateKind::Good, KeyKind::Ed25519)).unwrap();
    assert_eq!(PrivateKeyDer::from_pem_slice(issued.key_pem.as_bytes()).unwrap(), issued.key);
}

#[test]
fn a_root_is_new_in_each_run() {
    let (one, other) = (Authority::new().unwrap(), Authority::new().unwrap());
    assert_ne!(one.root_pem(), other.root_pem());
    let root = CertificateDer::from_pem_slice(one.root_pem().as_bytes()).unwrap();
    assert!(parsed(&root).is_ca());
}

#[test]
fn a_certificate_without_a_name_or_with_a_bad_one_is_refused() {
    let authority = Authority::new().unwrap();
    let named = |names: &[&str]| Request {
        names: names.iter().map(|n| (*n).to_owned()).collect(),
        ..request(CertificateKind::Good, KeyKind::P256)
    };
    assert_eq!(authority.issue(&named(&[])).unwrap_err(), PkiError::NoName);
    let bad = authority.issue(&named(&["b\u{fc}cher.example"])).unwrap_err();
    assert!(bad.to_string().contains("b\u{fc}cher.example"), "{bad}");
}

#[test]
fn no_secret_is_shown() {
    let issued = Authority::new().unwrap().issue(&request(CertificateKind::Good, KeyKind::P256)).unwrap();
    let secret = issued.key_pem.lines().nth(1).unwrap();
    assert!(!format!("{issued:?}").contains(secret));
}
