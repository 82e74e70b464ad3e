//! Private keys.

use crate::PkiError;
use data_encoding::BASE64;
use ed25519_dalek::pkcs8::{EncodePrivateKey, KeypairBytes};
use plan::KeyAlgorithm;
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, RsaKeySize};
use rsa::rand_core::{OsRng, RngCore};
use rustls_pki_types::PrivatePkcs8KeyDer;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Kind of the key of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyKind {
    /// RSA of 2048 bits; making one takes a tenth of a second.
    Rsa2048,
    /// RSA of 4096 bits; making one takes a second.
    Rsa4096,
    /// ECDSA on P-256.
    #[default]
    P256,
    /// ECDSA on P-384.
    P384,
    /// Ed25519 (RFC 8410).
    Ed25519,
}

/// A DKIM key for the run (RFC 6376 §3.3), as PKCS#8 in DER (RFC 5208, RFC 8410 §7).
///
/// # Errors
/// The cryptographic library has no key for us.
pub fn dkim_key(algorithm: KeyAlgorithm) -> Result<Vec<u8>, PkiError> {
    match algorithm {
        // Too small for aws-lc, which makes the larger ones much faster.
        KeyAlgorithm::Rsa1024 => {
            let failed = |reason: &dyn fmt::Display| failed("RSA 1024", reason);
            let key = rsa::RsaPrivateKey::new(&mut OsRng, 1024).map_err(|e| failed(&e))?;
            Ok(rsa::pkcs8::EncodePrivateKey::to_pkcs8_der(&key).map_err(|e| failed(&e))?.as_bytes().to_vec())
        }
        KeyAlgorithm::Rsa2048 => Ok(generate(KeyKind::Rsa2048)?.serialize_der()),
        KeyAlgorithm::Rsa4096 => Ok(generate(KeyKind::Rsa4096)?.serialize_der()),
        KeyAlgorithm::Ed25519 => ed25519(),
    }
}

/// PKCS#8 in PEM (RFC 7468 §10).
#[must_use]
pub fn pkcs8_pem(der: &[u8]) -> String {
    pem("PRIVATE KEY", der)
}

pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = BASE64.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, later) = rest.split_at(rest.len().min(64));
        text += line;
        text += "\n";
        rest = later;
    }
    text + &format!("-----END {label}-----\n")
}

pub(crate) fn generate(kind: KeyKind) -> Result<KeyPair, PkiError> {
    let made = match kind {
        KeyKind::Rsa2048 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048),
        KeyKind::Rsa4096 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_4096),
        KeyKind::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        KeyKind::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
        KeyKind::Ed25519 => KeyPair::try_from(&PrivatePkcs8KeyDer::from(ed25519()?)),
    };
    made.map_err(|e| failed(kind.name(), &e))
}

/// Version 1, without the public key: OpenSSL does not read version 2 (RFC 5958 §2).
fn ed25519() -> Result<Vec<u8>, PkiError> {
    let mut secret_key = [0; 32];
    let failed = |reason: &dyn fmt::Display| failed("Ed25519", reason);
    OsRng.try_fill_bytes(&mut secret_key).map_err(|e| failed(&e))?;
    let key = KeypairBytes { secret_key, public_key: None };
    Ok(key.to_pkcs8_der().map_err(|e| failed(&e))?.as_bytes().to_vec())
}

fn failed(kind: &'static str, reason: &dyn fmt::Display) -> PkiError {
    PkiError::Key { kind, reason: reason.to_string() }
}

impl KeyKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA 2048",
            Self::Rsa4096 => "RSA 4096",
            Self::P256 => "EC P-256",
            Self::P384 => "EC P-384",
            Self::Ed25519 => "Ed25519",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::pkcs8::DecodePrivateKey;
    use rsa::traits::PublicKeyParts;
    use rustls_pki_types::{PrivateKeyDer, pem::PemObject};

    #[test]
    fn a_dkim_key_is_of_the_size_that_was_asked_for() {
        for (algorithm, bits) in
            [(KeyAlgorithm::Rsa1024, 1024), (KeyAlgorithm::Rsa2048, 2048), (KeyAlgorithm::Rsa4096, 4096)]
        {
            let key = rsa::RsaPrivateKey::from_pkcs8_der(&dkim_key(algorithm).unwrap()).unwrap();
            assert_eq!(key.n().bits(), bits);
        }
        ed25519_dalek::SigningKey::from_pkcs8_der(&dkim_key(KeyAlgorithm::Ed25519).unwrap()).unwrap();
    }

    #[test]
    fn two_keys_differ() {
        assert_ne!(dkim_key(KeyAlgorithm::Ed25519), dkim_key(KeyAlgorithm::Ed25519));
    }

    #[test]
    fn an_ed25519_key_has_version_1() {
        assert_eq!(dkim_key(KeyAlgorithm::Ed25519).unwrap()[..5], [0x30, 46, 2, 1, 0]);
    }

    #[test]
    fn pem_gives_the_octets_back() {
        for len in [1, 47, 48, 49, 600] {
            let der = vec![0xa5; len];
            let key = PrivateKeyDer::from_pem_slice(pkcs8_pem(&der).as_bytes()).unwrap();
            assert_eq!(key.secret_der(), der);
        }
        assert!(pkcs8_pem(&[7; 600]).lines().all(|line| line.len() <= 64));
    }
}
