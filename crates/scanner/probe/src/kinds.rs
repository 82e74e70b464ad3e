//! Kinds of keys, by the signature schemes that belong to them, and which of them a server shows in TLS 1.3.

use crate::{
    classic::{self, Terms},
    hello::TLS13,
    line::Line,
    versions::Versions,
};
use futures_util::future::try_join_all;
use rustls_pki_types::CertificateDer;
use std::io;

/// The certificates that a server sends, its own first.
pub(crate) type Chain = Vec<CertificateDer<'static>>;

/// Schemes of TLS 1.3 by the kind of key that signs so (RFC 8446 §4.2.3, RFC 8734 §3). PKCS #1 and SHA-1 are for certificates alone
/// there.
pub(crate) const KINDS: [&[&str]; 7] = [
    &["rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"],
    &["ecdsa_secp256r1_sha256", "ecdsa_secp384r1_sha384", "ecdsa_secp521r1_sha512"],
    &["ed25519"],
    &["ed448"],
    &["rsa_pss_pss_sha256", "rsa_pss_pss_sha384", "rsa_pss_pss_sha512"],
    &["ecdsa_brainpoolP256r1tls13_sha256", "ecdsa_brainpoolP384r1tls13_sha384", "ecdsa_brainpoolP512r1tls13_sha512"],
    &["mldsa44", "mldsa65", "mldsa87"],
];

/// What the server shows to those who know one kind alone: one for each of [`KINDS`], or nothing if it takes no TLS 1.3.
///
/// # Errors
/// One of the questions has no answer.
pub(crate) async fn shown(line: &Line<'_>, versions: &Versions, name: Option<&str>) -> io::Result<Vec<Option<Chain>>> {
    if !versions.takes(TLS13) {
        return Ok(Vec::new());
    }
    try_join_all(KINDS.iter().map(|schemes| shaken(line, name, schemes))).await
}

/// TLS 1.3 hides certificates, and with what a server signs. Some servers say a ServerHello although they cannot sign. So a
/// library must shake hands, bound to these schemes. `None`: the server does not.
///
/// # Errors
/// There was no way to ask, or no answer in time.
pub(crate) async fn shaken(line: &Line<'_>, name: Option<&str>, schemes: &[&str]) -> io::Result<Option<Chain>> {
    let schemes = schemes.join(":");
    let terms = Terms { name, version: Some(TLS13), schemes: Some(&schemes) };
    shake(line, terms).await
}

/// The certificates that a handshake shows; `None`: there is none.
///
/// # Errors
/// There was no way to ask, or no answer in time.
pub(crate) async fn shake(line: &Line<'_>, terms: Terms<'_>) -> io::Result<Option<Chain>> {
    line.with(async |stream| Ok(classic::connect(stream, terms).await.ok().map(|stream| classic::chain(&stream)))).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::SCHEMES;

    #[test]
    fn each_scheme_has_a_name_and_belongs_to_one_kind() {
        let all: Vec<&str> = KINDS.concat();
        for (at, scheme) in all.iter().enumerate() {
            assert!(SCHEMES.iter().any(|(_, name)| name == scheme), "{scheme}");
            assert!(!all[..at].contains(scheme), "{scheme}");
        }
    }
}
