//! The names that a profile may use: registries of IANA, and the words of `evidence` for certificates.

use crate::Aspect;
use form::nearest;
use mail::{GROUPS, iana_suite, is_same_group, is_same_suite};
use tls_parser::CIPHERS;

/// Versions, oldest first.
const VERSIONS: [&str; 5] = ["SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// Finite-field groups by name: RFC 7919, and those of RFC 3526 that mail servers had built in.
const DH_GROUPS: [&str; 11] = [
    "ffdhe2048",
    "ffdhe3072",
    "ffdhe4096",
    "ffdhe6144",
    "ffdhe8192",
    "modp1536",
    "modp2048",
    "modp3072",
    "modp4096",
    "modp6144",
    "modp8192",
];

/// TLS SignatureScheme (RFC 8446 §4.2.3); pairs of TLS 1.2 that have no name there are called after the same pattern.
const SIGNATURES: [&str; 38] = [
    "rsa_pkcs1_sha256",
    "rsa_pkcs1_sha384",
    "rsa_pkcs1_sha512",
    "ecdsa_secp256r1_sha256",
    "ecdsa_secp384r1_sha384",
    "ecdsa_secp521r1_sha512",
    "rsa_pss_rsae_sha256",
    "rsa_pss_rsae_sha384",
    "rsa_pss_rsae_sha512",
    "rsa_pss_pss_sha256",
    "rsa_pss_pss_sha384",
    "rsa_pss_pss_sha512",
    "ed25519",
    "ed448",
    "ecdsa_brainpoolP256r1tls13_sha256",
    "ecdsa_brainpoolP384r1tls13_sha384",
    "ecdsa_brainpoolP512r1tls13_sha512",
    "mldsa44",
    "mldsa65",
    "mldsa87",
    "sm2sig_sm3",
    "rsa_pkcs1_sha256_legacy",
    "rsa_pkcs1_sha384_legacy",
    "rsa_pkcs1_sha512_legacy",
    "rsa_pkcs1_md5",
    "rsa_pkcs1_sha1",
    "rsa_pkcs1_sha224",
    "ecdsa_md5",
    "ecdsa_sha1",
    "ecdsa_sha224",
    "dsa_md5",
    "dsa_sha1",
    "dsa_sha224",
    "dsa_sha256",
    "dsa_sha384",
    "dsa_sha512",
    "ecdsa_sha256",
    "ecdsa_sha384",
];

/// Curves of certificate keys, each with the other names under which it is seen, numbers of its object among them.
const CURVES: [(&str, &[&str]); 7] = [
    ("P-256", &["secp256r1", "prime256v1", "1.2.840.10045.3.1.7"]),
    ("P-384", &["secp384r1", "1.3.132.0.34"]),
    ("P-521", &["secp521r1", "1.3.132.0.35"]),
    ("P-224", &["secp224r1", "1.3.132.0.33"]),
    ("brainpoolP256r1", &["1.3.36.3.3.2.8.1.1.7"]),
    ("brainpoolP384r1", &["1.3.36.3.3.2.8.1.1.11"]),
    ("brainpoolP512r1", &["1.3.36.3.3.2.8.1.1.13"]),
];

/// Keys that are known by one word.
const OTHER_KEYS: [&str; 5] = ["Ed25519", "Ed448", "ML-DSA-44", "ML-DSA-65", "ML-DSA-87"];

/// Signature algorithms under certificates, as x509 tools write them.
const CERTIFICATE_SIGNATURES: [&str; 17] = [
    "ecdsa-with-SHA256",
    "ecdsa-with-SHA384",
    "ecdsa-with-SHA512",
    "ecdsa-with-SHA224",
    "ecdsa-with-SHA1",
    "sha256WithRSAEncryption",
    "sha384WithRSAEncryption",
    "sha512WithRSAEncryption",
    "sha224WithRSAEncryption",
    "sha1WithRSAEncryption",
    "md5WithRSAEncryption",
    "rsassa-pss",
    "ed25519",
    "ed448",
    "dsa-with-SHA256",
    "dsa-with-SHA1",
    "md2WithRSAEncryption",
];

/// The name as it is listed, for one that a file uses; else the known name that is most like it, if one is.
pub(crate) fn resolve(aspect: Aspect, name: &str) -> Result<String, Option<String>> {
    let all = all(aspect);
    let name = if aspect == Aspect::Suite { iana_suite(name) } else { name.to_owned() };
    if let Some(known) = all.iter().find(|known| is_same(aspect, known, &name)) {
        return Ok((*known).to_owned());
    }
    if aspect == Aspect::CertificateKey && rsa_bits(&name).is_some() {
        return Ok(name);
    }
    Err(nearest(&name, all.iter().map(String::as_str)).map(str::to_owned))
}

/// All names of one kind.
fn all(aspect: Aspect) -> Vec<String> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    match aspect {
        Aspect::Version => owned(&VERSIONS),
        Aspect::Suite => {
            let mut names: Vec<&str> = CIPHERS.values().map(|suite| suite.name).collect();
            names.retain(|name| !name.ends_with("_SCSV"));
            names.sort_unstable();
            owned(&names)
        }
        Aspect::Group => GROUPS.iter().map(|(_, name)| (*name).to_owned()).collect(),
        Aspect::Dh => owned(&DH_GROUPS),
        Aspect::Signature => owned(&SIGNATURES),
        Aspect::CertificateKey => {
            let curves = CURVES.iter().map(|(curve, _)| format!("EC {curve}"));
            curves.chain(OTHER_KEYS.iter().map(|key| (*key).to_owned())).collect()
        }
        Aspect::CertificateSignature => owned(&CERTIFICATE_SIGNATURES),
        Aspect::Order | Aspect::CertificateLifetime | Aspect::Feature(_) => Vec::new(),
    }
}

/// Whether what was seen is what a profile lists. An RSA key is, if it has at least as many bits.
pub(crate) fn is_same(aspect: Aspect, listed: &str, seen: &str) -> bool {
    match aspect {
        Aspect::Suite => is_same_suite(listed, seen),
        Aspect::Group | Aspect::Dh => is_same_group(listed, seen),
        Aspect::CertificateKey => match (rsa_bits(listed), rsa_bits(seen)) {
            (Some(least), Some(bits)) => bits >= least,
            _ => key_name(listed).eq_ignore_ascii_case(&key_name(seen)),
        },
        _ => listed.eq_ignore_ascii_case(seen),
    }
}

fn rsa_bits(key: &str) -> Option<u32> {
    key.strip_prefix("RSA ")?.parse().ok()
}

/// `EC P-224` for `EC 1.3.132.0.33` and the like.
fn key_name(key: &str) -> String {
    let Some(curve) = key.strip_prefix("EC ") else { return key.to_owned() };
    let known = CURVES.iter().find(|(name, others)| {
        name.eq_ignore_ascii_case(curve) || others.iter().any(|other| other.eq_ignore_ascii_case(curve))
    });
    format!("EC {}", known.map_or(curve, |(name, _)| name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_by_its_other_names() {
        for (aspect, name, known) in [
            (Aspect::Suite, "ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
            (Aspect::Group, "prime256v1", "secp256r1"),
            (Aspect::Group, "X25519", "x25519"),
            (Aspect::CertificateKey, "EC secp384r1", "EC P-384"),
            (Aspect::CertificateKey, "RSA 3072", "RSA 3072"),
        ] {
            assert_eq!(resolve(aspect, name), Ok(known.to_owned()));
        }
    }

    #[test]
    fn an_unknown_name_has_a_neighbour() {
        assert_eq!(
            resolve(Aspect::Suite, "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA265"),
            Err(Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256".to_owned()))
        );
        assert!(resolve(Aspect::Version, "TLSv1.4").unwrap_err().is_some_and(|near| near.starts_with("TLSv1")));
        assert_eq!(resolve(Aspect::Suite, "TLS_FALLBACK_SCSV").unwrap_err().as_deref(), None);
    }

    #[test]
    fn rsa_keys_are_measured_and_curves_have_numbers() {
        let same = |listed, seen| is_same(Aspect::CertificateKey, listed, seen);
        assert!(same("RSA 2048", "RSA 3072") && same("RSA 2048", "RSA 2048") && !same("RSA 2048", "RSA 1024"));
        assert!(same("EC brainpoolP256r1", "EC 1.3.36.3.3.2.8.1.1.7") && !same("EC P-256", "EC P-384"));
        assert!(same("Ed448", "ed448") && !same("Ed25519", "RSA 4096"));
    }
}
