//! The cipher suites that are offered, and their names.

use std::sync::LazyLock;
use tls_parser::{CIPHERS, TlsCipherSuite};

/// Suites of TLS 1.3 (RFC 8446 §B.4, RFC 8998 §2, RFC 9150 §4, RFC 9367 §4, and AEGIS of draft-irtf-cfrg-aegis-aead).
const OF_13: [(u16, &str); 15] = [
    (0x1302, "TLS_AES_256_GCM_SHA384"),
    (0x1303, "TLS_CHACHA20_POLY1305_SHA256"),
    (0x1301, "TLS_AES_128_GCM_SHA256"),
    (0x1304, "TLS_AES_128_CCM_SHA256"),
    (0x1305, "TLS_AES_128_CCM_8_SHA256"),
    (0x1306, "TLS_AEGIS_256_SHA512"),
    (0x1307, "TLS_AEGIS_128L_SHA256"),
    (0x00c6, "TLS_SM4_GCM_SM3"),
    (0x00c7, "TLS_SM4_CCM_SM3"),
    (0xc103, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_L"),
    (0xc104, "TLS_GOSTR341112_256_WITH_MAGMA_MGM_L"),
    (0xc105, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_MGM_S"),
    (0xc106, "TLS_GOSTR341112_256_WITH_MAGMA_MGM_S"),
    (0xc0b4, "TLS_SHA256_SHA256"),
    (0xc0b5, "TLS_SHA384_SHA384"),
];

/// Suites that the parser's copy of the registry has not: GOST (RFC 9189 §4, and the drafts before it), Netscape's for FIPS
/// 140, and ChaCha20 as it was before RFC 7905.
const MORE: [(u16, &str); 14] = [
    (0xc100, "TLS_GOSTR341112_256_WITH_KUZNYECHIK_CTR_OMAC"),
    (0xc101, "TLS_GOSTR341112_256_WITH_MAGMA_CTR_OMAC"),
    (0xc102, "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT"),
    (0xff85, "OLD_TLS_GOSTR341112_256_WITH_28147_CNT_IMIT"),
    (0x0080, "TLS_GOSTR341094_WITH_28147_CNT_IMIT"),
    (0x0081, "TLS_GOSTR341001_WITH_28147_CNT_IMIT"),
    (0x0083, "TLS_GOSTR341001_WITH_NULL_GOSTR3411"),
    (0xfefe, "SSL_RSA_FIPS_WITH_DES_CBC_SHA"),
    (0xfeff, "SSL_RSA_FIPS_WITH_3DES_EDE_CBC_SHA"),
    (0xffe0, "NSS_RSA_FIPS_WITH_3DES_EDE_CBC_SHA"),
    (0xffe1, "NSS_RSA_FIPS_WITH_DES_CBC_SHA"),
    (0xcc13, "OLD_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcc14, "OLD_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
    (0xcc15, "OLD_TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256"),
];

/// All suites of TLS 1.2 and before, in the order in which they are offered: strong ones first, so that a server which
/// follows the client chooses them first.
pub(crate) static BEFORE_13: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let known = CIPHERS.values().filter(|suite| !suite.name.ends_with("_SCSV")).map(|suite| (suite.id.0, suite.name));
    let mut all: Vec<(u16, &str)> = known.chain(MORE).filter(|(id, _)| !is_13(*id)).collect();
    all.sort_by_key(|(id, name)| (weakness(name), *id));
    all.into_iter().map(|(id, _)| id).collect()
});

/// What servers mostly take, for one that chokes on a long list.
pub(crate) const USUAL: [u16; 24] = [
    0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc02b, 0xc02f, 0x009f, 0x009e, 0xc024, 0xc028, 0xc00a, 0xc014, 0xc023, 0xc027,
    0xc009, 0xc013, 0x0039, 0x0033, 0x009d, 0x009c, 0x0035, 0x002f, 0x000a, 0x0005,
];

/// All suites that belong to a version.
pub(crate) fn of(version: u16) -> Vec<u16> {
    if version >= crate::hello::TLS13 { OF_13.iter().map(|(id, _)| *id).collect() } else { BEFORE_13.clone() }
}

fn is_13(id: u16) -> bool {
    OF_13.iter().any(|(other, _)| *other == id)
}

/// The IANA name, or the one by which it is known.
pub(crate) fn name(id: u16) -> String {
    let own = || OF_13.iter().chain(&MORE).find(|(other, _)| *other == id).map(|(_, name)| *name);
    let known = TlsCipherSuite::from_id(id).map(|suite| suite.name);
    known.or_else(own).map_or_else(|| format!("0x{id:04X}"), str::to_owned)
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

/// Suites among these whose name has one of these words.
pub(crate) fn with(suites: &[u16], words: &[&str]) -> Vec<u16> {
    let is_meant = |id: &u16| {
        let name = name(*id);
        words.iter().any(|word| name.contains(word))
    };
    suites.iter().copied().filter(is_meant).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_suites_are_offered_and_come_last() {
        assert!(BEFORE_13.len() > 350, "{}", BEFORE_13.len());
        for id in [0x0000, 0x0002, 0x0003, 0x0005, 0x000a, 0x0034, 0x002f, 0xc018, 0x0063, 0xc102, 0xfeff, 0xcc13] {
            assert!(BEFORE_13.contains(&id), "{id:04x}");
        }
        let at = |id| BEFORE_13.iter().position(|other| *other == id).unwrap();
        assert!(at(0xc02f) < at(0xc013) && at(0xc013) < at(0x0005));
        assert!(!BEFORE_13.iter().any(|id| is_13(*id) || *id == 0x00ff || *id == 0x5600));
        assert!(USUAL.iter().all(|id| BEFORE_13.contains(id)));
    }

    #[test]
    fn each_suite_is_offered_once_and_has_a_name() {
        let mut all = [BEFORE_13.clone(), of(crate::hello::TLS13)].concat();
        let many = all.len();
        assert!(all.iter().all(|id| !name(*id).starts_with("0x")));
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), many);
        assert_eq!(
            (name(0xc102), name(0x1301), name(0xeeee)),
            (
                "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT".to_owned(),
                "TLS_AES_128_GCM_SHA256".to_owned(),
                "0xEEEE".to_owned()
            )
        );
    }
}
