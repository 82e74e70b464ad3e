//! What the names in claims on probes stand for: families of cipher suites, suites, key exchange groups.

use mail::{is_same_group, is_same_suite};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named<'a> {
    Family(Family),
    /// A cipher suite, IANA or OpenSSL name.
    Suite(&'a str),
    /// A key exchange group.
    Group(&'a str),
}

/// Cipher suites that have something in common. The names are those of IANA's registry: `TLS_EXCHANGE_WITH_CIPHER_HASH`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    /// Without encryption.
    Null,
    /// Without a certificate.
    Anonymous,
    /// With keys of 40 or 56 bits, as once for export.
    Export,
    TripleDes,
    Rc4,
    /// Single DES.
    Des,
    Cbc,
    /// The key is sent encrypted to the certificate's RSA key: no forward secrecy.
    StaticRsa,
    Md5,
    Sha1,
}

impl Family {
    const ALL: [(&'static str, Self); 10] = [
        ("NULL", Self::Null),
        ("anonymous", Self::Anonymous),
        ("export", Self::Export),
        ("3DES", Self::TripleDes),
        ("RC4", Self::Rc4),
        ("DES", Self::Des),
        ("CBC", Self::Cbc),
        ("static-RSA", Self::StaticRsa),
        ("MD5", Self::Md5),
        ("SHA1", Self::Sha1),
    ];

    /// Whether a suite is one of them.
    pub(crate) fn has(self, suite: &str) -> bool {
        let name = suite.to_ascii_uppercase();
        let name = name.trim_start_matches("TLS_").trim_start_matches("SSL_");
        // of TLS 1.3 the name is only cipher and hash (RFC 8446 §B.4)
        let (exchange, cipher) = name.split_once("_WITH_").unwrap_or(("", name));
        match self {
            // the suites of RFC 9150 have two hashes and no cipher
            Self::Null => cipher.starts_with("NULL") || matches!(cipher, "SHA256_SHA256" | "SHA384_SHA384"),
            Self::Anonymous => exchange.ends_with("_ANON") || exchange.contains("_ANON_") || exchange == "NULL",
            Self::Export => exchange.contains("EXPORT"),
            Self::TripleDes => cipher.starts_with("3DES"),
            Self::Rc4 => cipher.starts_with("RC4"),
            Self::Des => cipher.starts_with("DES_") || cipher.starts_with("DES40"),
            Self::Cbc => cipher.contains("_CBC_"),
            Self::StaticRsa => {
                exchange == "RSA" || ["RSA_EXPORT", "RSA_PSK", "RSA_FIPS"].iter().any(|e| exchange.starts_with(e))
            }
            Self::Md5 => cipher.ends_with("_MD5"),
            Self::Sha1 => cipher.ends_with("_SHA"),
        }
    }
}

/// The families that some of these suites belong to, in a fixed order.
#[must_use]
pub fn families_of(suites: &[String]) -> Vec<&'static str> {
    let has_any = |family: Family| suites.iter().any(|suite| family.has(suite));
    Family::ALL.into_iter().filter(|(_, family)| has_any(*family)).map(|(name, _)| name).collect()
}

impl<'a> Named<'a> {
    pub(crate) fn of(name: &'a str) -> Self {
        if let Some((_, family)) = Family::ALL.into_iter().find(|(word, _)| word.eq_ignore_ascii_case(name)) {
            return Self::Family(family);
        }
        let plain = name.to_ascii_lowercase().replace(['-', '_'], "");
        let groups =
            ["x25519", "x448", "secp", "sect", "ffdhe", "modp", "brainpool", "prime", "p256", "p384", "p521", "mlkem"];
        if groups.iter().any(|group| plain.starts_with(group)) { Self::Group(name) } else { Self::Suite(name) }
    }

    /// Whether a cipher suite is meant.
    pub(crate) fn is_suite(self, suite: &str) -> bool {
        match self {
            Self::Family(family) => family.has(suite),
            Self::Suite(name) => is_same_suite(name, suite),
            Self::Group(_) => false,
        }
    }

    /// Whether a group is meant.
    pub(crate) fn is_group(self, group: &str) -> bool {
        matches!(self, Self::Group(name) if is_same_group(name, group))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_suite_is_in_its_families() {
        for (suite, families) in [
            ("TLS_AES_256_GCM_SHA384", &[][..]),
            ("TLS_SHA256_SHA256", &["NULL"]),
            ("TLS_NULL_WITH_NULL_NULL", &["NULL", "anonymous"]),
            ("TLS_RSA_WITH_NULL_MD5", &["NULL", "static-RSA", "MD5"]),
            ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", &[]),
            ("TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", &["CBC", "SHA1"]),
            ("TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256", &["CBC"]),
            ("TLS_ECDHE_RSA_WITH_NULL_SHA", &["NULL", "SHA1"]),
            ("TLS_RSA_WITH_AES_128_GCM_SHA256", &["static-RSA"]),
            ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", &["3DES", "CBC", "static-RSA", "SHA1"]),
            ("TLS_RSA_WITH_DES_CBC_SHA", &["DES", "CBC", "static-RSA", "SHA1"]),
            ("TLS_RSA_EXPORT_WITH_RC4_40_MD5", &["export", "RC4", "static-RSA", "MD5"]),
            ("TLS_DHE_RSA_EXPORT_WITH_DES40_CBC_SHA", &["export", "DES", "CBC", "SHA1"]),
            ("TLS_DH_anon_WITH_RC4_128_MD5", &["anonymous", "RC4", "MD5"]),
            ("TLS_DH_anon_EXPORT_WITH_RC4_40_MD5", &["anonymous", "export", "RC4", "MD5"]),
            ("TLS_ECDH_anon_WITH_AES_256_CBC_SHA", &["anonymous", "CBC", "SHA1"]),
            ("TLS_PSK_WITH_AES_128_CCM_8", &[]),
        ] {
            assert_eq!(families_of(&[suite.to_owned()]), families, "{suite}");
        }
    }

    #[test]
    fn names_are_told_apart() {
        assert_eq!(Named::of("3des"), Named::Family(Family::TripleDes));
        for group in ["X25519MLKEM768", "P-256", "prime256v1", "secp384r1", "ffdhe2048", "SecP256r1MLKEM768"] {
            assert_eq!(Named::of(group), Named::Group(group));
        }
        for suite in ["AES128-SHA", "TLS_AES_128_GCM_SHA256", "PSK-AES128-CBC-SHA", "DES-CBC3-SHA", "NULL-MD5"] {
            assert_eq!(Named::of(suite), Named::Suite(suite));
        }
        assert!(Named::of("AES128-SHA").is_suite("TLS_RSA_WITH_AES_128_CBC_SHA"));
        assert!(Named::of("P-256").is_group("secp256r1") && !Named::of("P-256").is_suite("secp256r1"));
    }
}
