//! TLSA records (RFC 6698 §2).

use crate::PkiError;
use data_encoding::HEXLOWER;
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256, Sha512};
use x509_parser::parse_x509_certificate;

/// The data of a TLSA record in presentation form, as `3 1 1 1a2b…` (RFC 6698 §2.2).
///
/// Certificate usage 1 and 3 speak of the server's own certificate, the first of the chain; 0 and 2 of the authority, the
/// last of the chain: one that the server sends, as RFC 7671 §5.2 asks for. Selector 0 is the certificate, 1 its
/// subjectPublicKeyInfo; matching type 0 is the whole of it, 1 its SHA-256 and 2 its SHA-512 hash.
///
/// # Errors
/// A number that has no meaning, an empty chain, or an unreadable certificate.
pub fn tlsa(usage: u8, selector: u8, matching: u8, chain: &[CertificateDer<'_>]) -> Result<String, PkiError> {
    let fault = |why| PkiError::Tlsa(format!("{usage} {selector} {matching}"), why);
    let certificate = match usage {
        1 | 3 => chain.first(),
        0 | 2 => chain.last(),
        _ => return Err(fault("certificate usages are 0 to 3")),
    };
    let certificate = certificate.ok_or_else(|| fault("there is no certificate"))?;
    let selected = match selector {
        0 => certificate.as_ref(),
        1 => {
            let (_, parsed) =
                parse_x509_certificate(certificate).map_err(|_| fault("the certificate is unreadable"))?;
            parsed.tbs_certificate.subject_pki.raw
        }
        _ => return Err(fault("selectors are 0 and 1")),
    };
    let data = match matching {
        0 => selected.to_vec(),
        1 => Sha256::digest(selected).to_vec(),
        2 => Sha512::digest(selected).to_vec(),
        _ => return Err(fault("matching types are 0 to 2")),
    };
    Ok(format!("{usage} {selector} {matching} {}", HEXLOWER.encode(&data)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authority, CertificateKind, KeyKind, Request};
    use rcgen::{KeyPair, PublicKeyData};

    #[test]
    fn a_record_names_the_right_certificate_part_and_hash() {
        let request = Request { names: vec!["mx.example".to_owned()], kind: CertificateKind::Good, key: KeyKind::P256 };
        let issued = Authority::new().unwrap().issue(&request).unwrap();
        let public = KeyPair::from_pem(&issued.key_pem).unwrap().subject_public_key_info();
        let hex = |octets: &[u8]| HEXLOWER.encode(octets);
        for (numbers, data) in [
            ((3, 1, 1), hex(&Sha256::digest(&public))),
            ((1, 1, 2), hex(&Sha512::digest(&public))),
            ((3, 1, 0), hex(&public)),
            ((3, 0, 1), hex(&Sha256::digest(&issued.chain[0]))),
            ((2, 0, 1), hex(&Sha256::digest(&issued.chain[1]))),
            ((0, 0, 0), hex(&issued.chain[1])),
        ] {
            let (usage, selector, matching) = numbers;
            let record = tlsa(usage, selector, matching, &issued.chain).unwrap();
            assert_eq!(record, format!("{usage} {selector} {matching} {data}"));
        }
    }

    #[test]
    fn what_has_no_meaning_is_refused() {
        let chain = [CertificateDer::from(vec![1, 2, 3])];
        for (usage, selector, matching) in [(4, 0, 0), (3, 2, 0), (3, 0, 3), (3, 1, 1)] {
            assert!(tlsa(usage, selector, matching, &chain).is_err());
        }
        let empty = tlsa(3, 0, 1, &[]).unwrap_err();
        assert_eq!(empty.to_string(), "TLSA 3 0 1: there is no certificate (RFC 6698 §2.1)");
    }
}
