//! DKIM key pairs and the records that publish them (RFC 6376 §3.6, RFC 8463).

use data_encoding::BASE64;
use ed25519_dalek::{Signer, SigningKey};
use plan::KeyAlgorithm;
use rsa::{
    Pkcs1v15Sign, RsaPrivateKey,
    pkcs8::{DecodePrivateKey, EncodePublicKey},
    traits::PublicKeyParts,
};
use sha2::{Digest, Sha256};
use std::fmt;

/// Why octets are no key pair.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// They are no PKCS#8 private key of the kind that was asked for.
    #[error("no {expected} private key in PKCS#8: {reason}")]
    Unreadable {
        /// What was asked for.
        expected: &'static str,
        /// What the parser says.
        reason: String,
    },
    /// It is an RSA key of another size.
    #[error("the RSA key has {found} bits instead of {expected}")]
    Size {
        /// What was asked for, in bits.
        expected: usize,
        /// Size of its modulus, in bits.
        found: usize,
    },
}

/// A private key to sign with.
pub struct KeyPair {
    algorithm: KeyAlgorithm,
    secret: Secret,
}

enum Secret {
    Rsa(Box<RsaPrivateKey>),
    Ed25519(Box<SigningKey>),
}

/// The hash algorithm of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
}

impl KeyPair {
    /// Reads a private key (PKCS#8, RFC 5958, in DER).
    ///
    /// # Errors
    /// It is no private key, or of another algorithm or size.
    pub fn from_pkcs8(algorithm: KeyAlgorithm, der: &[u8]) -> Result<Self, KeyError> {
        let secret = match bits(algorithm) {
            None => Secret::Ed25519(Box::new(SigningKey::from_pkcs8_der(der).map_err(|e| unreadable("Ed25519", &e))?)),
            Some(expected) => {
                let key = RsaPrivateKey::from_pkcs8_der(der).map_err(|e| unreadable("RSA", &e))?;
                let found = key.n().bits();
                if found != expected {
                    return Err(KeyError::Size { expected, found });
                }
                Secret::Rsa(Box::new(key))
            }
        };
        Ok(Self { algorithm, secret })
    }

    /// The algorithm of the key.
    #[must_use]
    pub const fn algorithm(&self) -> KeyAlgorithm {
        self.algorithm
    }

    /// The key record, as one text: `v=DKIM1; k=rsa; p=…` (RFC 6376 §3.6.1). `tags`, such as `t=y; h=sha1`, come before
    /// `p=`; one that is there already gets its value.
    #[must_use]
    pub fn record(&self, tags: Option<&str>) -> String {
        let public = match &self.secret {
            Secret::Rsa(key) => {
                let der = key.to_public_key().to_public_key_der().expect("an RSA public key can be written");
                BASE64.encode(der.as_bytes())
            }
            Secret::Ed25519(key) => BASE64.encode(key.verifying_key().as_bytes()),
        };
        record(self.algorithm, tags, &public)
    }

    /// The signature of these octets: RSASSA-PKCS1-v1_5, or Ed25519 of their SHA-256 hash (RFC 8463 §3).
    pub(crate) fn sign(&self, hash: Hash, octets: &[u8]) -> Vec<u8> {
        let digest = hash.of(octets);
        match &self.secret {
            Secret::Rsa(key) => {
                let scheme = match hash {
                    Hash::Sha1 => Pkcs1v15Sign::new::<sha1::Sha1>(),
                    Hash::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
                };
                key.sign(scheme, &digest).expect("a valid RSA key of 1024 bits or more signs a digest")
            }
            Secret::Ed25519(key) => key.sign(&digest).to_vec(),
        }
    }
}

/// Shows no secret.
impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyPair").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

impl Hash {
    pub(crate) fn of(self, octets: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha1 => sha1::Sha1::digest(octets).to_vec(),
            Self::Sha256 => Sha256::digest(octets).to_vec(),
        }
    }
}

/// The record of a key that was revoked: `p=` is empty (RFC 6376 §3.6.1).
#[must_use]
pub fn revoked_record(algorithm: KeyAlgorithm, tags: Option<&str>) -> String {
    record(algorithm, tags, "")
}

fn record(algorithm: KeyAlgorithm, tags: Option<&str>, public: &str) -> String {
    let kind = if algorithm == KeyAlgorithm::Ed25519 { "ed25519" } else { "rsa" };
    let mut list = vec![("v", Some("DKIM1")), ("k", Some(kind))];
    let mut key = ("p", Some(public));
    for tag in tags.unwrap_or_default().split(';').map(str::trim).filter(|tag| !tag.is_empty()) {
        let (name, value) = tag.split_once('=').map_or((tag, None), |(name, value)| (name.trim(), Some(value.trim())));
        if name == key.0 {
            key.1 = value;
        } else if let Some(known) = list.iter_mut().find(|(known, _)| *known == name) {
            known.1 = value;
        } else {
            list.push((name, value));
        }
    }
    list.push(key);
    let written = list.iter().map(|(name, value)| value.map_or((*name).to_owned(), |value| format!("{name}={value}")));
    written.collect::<Vec<_>>().join("; ")
}

const fn bits(algorithm: KeyAlgorithm) -> Option<usize> {
    match algorithm {
        KeyAlgorithm::Rsa1024 => Some(1024),
        KeyAlgorithm::Rsa2048 => Some(2048),
        KeyAlgorithm::Rsa4096 => Some(4096),
        KeyAlgorithm::Ed25519 => None,
    }
}

fn unreadable(expected: &'static str, reason: &dyn fmt::Display) -> KeyError {
    KeyError::Unreadable { expected, reason: reason.to_string() }
}
