//! What is worth saying of a certificate (RFC 5280 §4.1).

use evidence::Certificate;
use rustls_pki_types::CertificateDer;
use std::net::IpAddr;
use time::format_description::well_known::Rfc3339;
use x509_parser::{
    der_parser::{Oid, asn1_rs::oid},
    objects::{oid_registry, oid2sn},
    parse_x509_certificate,
    prelude::{ASN1Time, GeneralName, X509Certificate, X509Name},
    public_key::PublicKey,
    x509::SubjectPublicKeyInfo,
};

/// Reads a certificate. Octets that are none are described as such: subject `(unreadable certificate)`, and the rest
/// empty.
#[must_use]
pub fn describe(certificate: &CertificateDer<'_>) -> Certificate {
    let Ok((_, parsed)) = parse_x509_certificate(certificate) else {
        return Certificate {
            subject: "(unreadable certificate)".to_owned(),
            issuer: String::new(),
            names: Vec::new(),
            key: String::new(),
            signature: String::new(),
            not_before: String::new(),
            not_after: String::new(),
        };
    };
    Certificate {
        subject: common_name(parsed.subject()),
        issuer: common_name(parsed.issuer()),
        names: names(&parsed),
        key: key(parsed.public_key()),
        signature: object(&parsed.signature_algorithm.algorithm),
        not_before: moment(parsed.validity().not_before),
        not_after: moment(parsed.validity().not_after),
    }
}

fn common_name(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().next().and_then(|cn| cn.as_str().ok());
    common.map_or_else(|| name.to_string(), str::to_owned)
}

fn names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = certificate.subject_alternative_name() else { return Vec::new() };
    let text = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(octets) => address(octets).map(|address| address.to_string()),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(text).collect()
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(octets).map(IpAddr::from).or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

fn key(key: &SubjectPublicKeyInfo<'_>) -> String {
    const P256: Oid<'static> = oid!(1.2.840.10045.3.1.7);
    const P384: Oid<'static> = oid!(1.3.132.0.34);
    const P521: Oid<'static> = oid!(1.3.132.0.35);
    const ED25519: Oid<'static> = oid!(1.3.101.112);
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    match key.parsed() {
        Ok(PublicKey::RSA(rsa)) => format!("RSA {}", rsa.key_size()),
        Ok(PublicKey::EC(_)) => match curve {
            Some(curve) if curve == P256 => "EC P-256".to_owned(),
            Some(curve) if curve == P384 => "EC P-384".to_owned(),
            Some(curve) if curve == P521 => "EC P-521".to_owned(),
            Some(curve) => format!("EC {}", object(&curve)),
            None => "EC".to_owned(),
        },
        _ if key.algorithm.algorithm == ED25519 => "Ed25519".to_owned(),
        _ => object(&key.algorithm.algorithm),
    }
}

/// Its short name, else its numbers.
fn object(oid: &Oid<'_>) -> String {
    oid2sn(oid, oid_registry()).map_or_else(|_| oid.to_id_string(), str::to_owned)
}

fn moment(time: ASN1Time) -> String {
    time.to_datetime().format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authority, CertificateKind, KeyKind, Request};

    fn issued(names: &[&str], kind: CertificateKind, key: KeyKind) -> Vec<Certificate> {
        let request = Request { names: names.iter().map(|n| (*n).to_owned()).collect(), kind, key };
        Authority::new().unwrap().issue(&request).unwrap().chain.iter().map(describe).collect()
    }

    #[test]
    fn a_chain_is_told_certificate_by_certificate() {
        let chain = issued(&["mx.gateway.example", "192.0.2.25", "2001:db8::25"], CertificateKind::Good, KeyKind::P384);
        let [leaf, intermediate] = chain.as_slice() else { panic!("{chain:?}") };
        assert_eq!((leaf.subject.as_str(), leaf.issuer.as_str()), ("mx.gateway.example", "Mailproof Intermediate"));
        assert_eq!(leaf.names, ["mx.gateway.example", "192.0.2.25", "2001:db8::25"]);
        assert_eq!((leaf.key.as_str(), leaf.signature.as_str()), ("EC P-384", "ecdsa-with-SHA256"));
        assert_eq!(
            (intermediate.subject.as_str(), intermediate.issuer.as_str()),
            ("Mailproof Intermediate", "Mailproof Root")
        );
        assert_eq!(intermediate.names, Vec::<String>::new());
        assert_eq!((leaf.not_before.len(), leaf.not_after.ends_with('Z')), ("2026-11-24T03:00:00Z".len(), true));
        assert!(leaf.not_before < leaf.not_after, "{leaf:?}");
    }

    #[test]
    fn each_kind_of_key_has_its_word() {
        let words = [
            (KeyKind::Rsa2048, "RSA 2048", "sha256WithRSAEncryption"),
            (KeyKind::Rsa4096, "RSA 4096", "sha256WithRSAEncryption"),
            (KeyKind::P256, "EC P-256", "ecdsa-with-SHA256"),
            (KeyKind::P384, "EC P-384", "ecdsa-with-SHA384"),
            (KeyKind::Ed25519, "Ed25519", "ed25519"),
        ];
        for (kind, key, signature) in words {
            let leaf = issued(&["mx.gateway.example"], CertificateKind::SelfSigned, kind).remove(0);
            assert_eq!((leaf.key.as_str(), leaf.signature.as_str()), (key, signature));
        }
    }

    #[test]
    fn a_long_name_stands_in_subject_alt_name_alone() {
        let name = format!("{}.{}.example", "a".repeat(60), "b".repeat(60));
        let leaf = issued(&[&name], CertificateKind::Good, KeyKind::P256).remove(0);
        assert_eq!((leaf.subject.as_str(), leaf.names), ("", vec![name]));
    }

    #[test]
    fn garbage_is_told_as_such() {
        for garbage in [&b""[..], b"\x30\x80", &[0x30; 64]] {
            assert_eq!(describe(&CertificateDer::from(garbage.to_vec())).subject, "(unreadable certificate)");
        }
    }
}
