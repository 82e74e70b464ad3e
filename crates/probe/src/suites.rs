//! The cipher suites that are offered, and the primes that have a name.

use std::sync::LazyLock;
use tls_parser::{CIPHERS, TlsCipherSuite};

/// All suites of TLS 1.2 and before, in the order in which they are offered: strong ones first, so that a server which
/// follows the client chooses them first.
pub(crate) static BEFORE_13: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut all: Vec<&TlsCipherSuite> = CIPHERS.values().filter(|suite| !is_13(suite.id.0)).collect();
    all.retain(|suite| !suite.name.ends_with("_SCSV"));
    all.sort_by_key(|suite| (weakness(suite.name), suite.id.0));
    all.into_iter().map(|suite| suite.id.0).collect()
});

/// All suites of TLS 1.3 (RFC 8446 §B.4, RFC 8998 §2, RFC 9150 §4).
pub(crate) const OF_13: [u16; 9] = [0x1302, 0x1303, 0x1301, 0x1304, 0x1305, 0x00c6, 0x00c7, 0xc0b4, 0xc0b5];

pub(crate) fn is_13(id: u16) -> bool {
    OF_13.contains(&id)
}

/// The IANA name.
pub(crate) fn name(id: u16) -> String {
    match id {
        0x00c6 => "TLS_SM4_GCM_SM3".to_owned(),
        0x00c7 => "TLS_SM4_CCM_SM3".to_owned(),
        0xc0b4 => "TLS_SHA256_SHA256".to_owned(),
        0xc0b5 => "TLS_SHA384_SHA384".to_owned(),
        _ => TlsCipherSuite::from_id(id).map_or_else(|| format!("0x{id:04X}"), |suite| suite.name.to_owned()),
    }
}

fn weakness(name: &str) -> u8 {
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let cipher = if has(&["_NULL_", "_anon_", "EXPORT", "RC4", "RC2", "_DES", "3DES"]) {
        3
    } else if has(&["_GCM_", "CHACHA20", "_CCM"]) {
        0
    } else {
        1
    };
    cipher * 2 + u8::from(!has(&["TLS_ECDHE_", "TLS_DHE_"]))
}

/// Suites among these whose name has this word.
pub(crate) fn with(suites: &[u16], word: &str) -> Vec<u16> {
    suites.iter().copied().filter(|id| name(*id).contains(word)).collect()
}

/// The name of a well-known prime, by its size and the digits of π (RFC 3526) or e (RFC 7919 §A) that it begins with: nobody
/// finds a weak one that looks so.
pub(crate) fn prime_name(prime: &[u8]) -> Option<String> {
    const ONES: [u8; 8] = [0xff; 8];
    const PI: [u8; 16] =
        [0xc9, 0x0f, 0xda, 0xa2, 0x21, 0x68, 0xc2, 0x34, 0xc4, 0xc6, 0x62, 0x8b, 0x80, 0xdc, 0x1c, 0xd1];
    const E: [u8; 16] =
        [0xad, 0xf8, 0x54, 0x58, 0xa2, 0xbb, 0x4a, 0x9a, 0xaf, 0xdc, 0x56, 0x20, 0x27, 0x3d, 0x3c, 0xf1];
    if !prime.starts_with(&ONES) || !prime.ends_with(&ONES) || prime.len() < 96 {
        return None;
    }
    let bits = prime.len() * 8;
    match &prime[8..24] {
        digits if *digits == PI => Some(format!("modp{bits}")),
        digits if *digits == E => Some(format!("ffdhe{bits}")),
        _ => None,
    }
}

/// Size of a prime without leading zeros, in bits.
pub(crate) fn bits(prime: &[u8]) -> u16 {
    let spare = prime.first().map_or(0, |octet| octet.leading_zeros() as usize);
    u16::try_from((prime.len() * 8).saturating_sub(spare)).unwrap_or(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_suites_are_offered_and_come_last() {
        assert!(BEFORE_13.len() > 300, "{}", BEFORE_13.len());
        for id in [0x0000, 0x0002, 0x0003, 0x0005, 0x000a, 0x0034, 0x002f, 0xc018] {
            assert!(BEFORE_13.contains(&id), "{id:04x}");
        }
        let at = |id| BEFORE_13.iter().position(|other| *other == id).unwrap();
        assert!(at(0xc02f) < at(0xc013) && at(0xc013) < at(0x0005));
        assert!(!BEFORE_13.iter().any(|id| is_13(*id) || *id == 0x00ff || *id == 0x5600));
    }

    #[test]
    fn primes_are_known_by_their_digits() {
        let prime = openssl::bn::BigNum::get_rfc3526_prime_2048().unwrap().to_vec();
        assert_eq!((prime_name(&prime).as_deref(), bits(&prime)), (Some("modp2048"), 2048));
        assert_eq!(prime_name(&[0xff; 256]), None);
        assert_eq!(bits(&[0x01, 0xff]), 9);
    }
}
