//! Public keys of DKIM.

use data_encoding::{BASE64, BASE64_NOPAD};
use x509_parser::{prelude::FromDer, public_key::PublicKey, x509::SubjectPublicKeyInfo};

/// Octets of an Ed25519 key (RFC 8463 §4.2).
const ED25519: usize = 32;

/// The octets of `p=`; white space may stand anywhere in it (RFC 6376 §3.6.1).
pub(crate) fn octets(text: &str) -> Option<Vec<u8>> {
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    BASE64.decode(text.as_bytes()).or_else(|_| BASE64_NOPAD.decode(text.as_bytes())).ok()
}

/// Size of an RSA key, in bits; else what is wrong with it.
pub(crate) fn rsa_bits(octets: &[u8]) -> Result<usize, &'static str> {
    let Ok((rest, info)) = SubjectPublicKeyInfo::from_der(octets) else {
        return Err(match octets.len() {
            ED25519 => "it is as long as an Ed25519 key; `k=ed25519` is missing then",
            _ => "it is no SubjectPublicKeyInfo; perhaps it is cut off",
        });
    };
    match info.parsed() {
        Ok(PublicKey::RSA(key)) if rest.is_empty() => {
            let modulus: &[u8] = key.modulus;
            let significant = modulus.iter().position(|octet| *octet != 0).map_or(&[][..], |at| &modulus[at..]);
            let first = significant.first().map_or(0, |octet| octet.leading_zeros() as usize);
            Ok(significant.len() * 8 - first)
        }
        Ok(PublicKey::RSA(_)) => Err("something stands behind it"),
        _ => Err("it is of another type"),
    }
}

/// What is wrong with an Ed25519 key.
pub(crate) fn ed25519_fault(octets: &[u8]) -> Option<String> {
    if octets.len() == ED25519 {
        return None;
    }
    let is_wrapped = octets.len() > ED25519 && SubjectPublicKeyInfo::from_der(octets).is_ok();
    let more = if is_wrapped { "; it is a SubjectPublicKeyInfo, of which the last 32 belong here" } else { "" };
    Some(format!("it has {} octets instead of {ED25519}{more}", octets.len()))
}

/// Whether octets are a SubjectPublicKeyInfo, and nothing else.
pub(crate) fn is_key_info(octets: &[u8]) -> bool {
    SubjectPublicKeyInfo::from_der(octets).is_ok_and(|(rest, _)| rest.is_empty())
}

/// Whether octets are a certificate, and nothing else.
pub(crate) fn is_certificate(octets: &[u8]) -> bool {
    x509_parser::certificate::X509Certificate::from_der(octets).is_ok_and(|(rest, _)| rest.is_empty())
}
