//! Names of cipher suites and key exchange groups: IANA's registry and OpenSSL call the same thing by different names.

/// The IANA name of a suite for which OpenSSL has its own: `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384` for
/// `ECDHE-RSA-AES256-GCM-SHA384`. Suites of TLS 1.3 have the same name in both; a name that begins with `TLS_` stays.
#[must_use]
pub fn iana_suite(name: &str) -> String {
    if name.starts_with("TLS_") {
        return name.to_owned();
    }
    let exchanges = [
        ("ECDHE-ECDSA", "ECDHE_ECDSA"),
        ("ECDHE-RSA", "ECDHE_RSA"),
        ("ECDHE-ARIA", "ECDHE_RSA"),
        ("DHE-RSA", "DHE_RSA"),
        ("DHE-DSS", "DHE_DSS"),
        ("ECDHE-PSK", "ECDHE_PSK"),
        ("DHE-PSK", "DHE_PSK"),
        ("RSA-PSK", "RSA_PSK"),
        ("PSK", "PSK"),
        ("ADH", "DH_anon"),
        ("AECDH", "ECDH_anon"),
    ];
    let found = exchanges.iter().find_map(|(openssl, iana)| {
        let rest = name.strip_prefix(openssl)?;
        // OpenSSL leaves the RSA out of ECDHE-ARIA128-GCM-SHA256
        if *openssl == "ECDHE-ARIA" { name.strip_prefix("ECDHE-") } else { rest.strip_prefix('-') }
            .map(|cipher| (*iana, cipher))
    });
    let (exchange, cipher) = found.unwrap_or(("RSA", name));
    let mut cipher = cipher.to_owned();
    for (openssl, iana) in [
        ("CHACHA20-POLY1305", "CHACHA20_POLY1305_SHA256"),
        ("DES-CBC3", "3DES_EDE_CBC"),
        ("CCM8", "CCM_8"),
        ("SEED-SHA", "SEED_CBC_SHA"),
        ("ARIA128", "ARIA_128"),
        ("ARIA256", "ARIA_256"),
        ("CAMELLIA128-SHA", "CAMELLIA_128_CBC_SHA"),
        ("CAMELLIA256-SHA", "CAMELLIA_256_CBC_SHA"),
        ("RC4", "RC4_128"),
        ("AES128-SHA", "AES_128_CBC_SHA"),
        ("AES256-SHA", "AES_256_CBC_SHA"),
        ("AES128", "AES_128"),
        ("AES256", "AES_256"),
    ] {
        cipher = cipher.replace(openssl, iana);
    }
    format!("TLS_{exchange}_WITH_{}", cipher.replace('-', "_"))
}

/// The name that OpenSSL gives to a suite of TLS 1.2 and before, in capitals; names of TLS 1.3 suites, and OpenSSL's own
/// names, stay.
#[must_use]
pub fn openssl_suite(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    let Some((exchange, rest)) = name.strip_prefix("TLS_").and_then(|rest| rest.split_once("_WITH_")) else {
        return name;
    };
    let exchange = match exchange {
        "RSA" => String::new(),
        "DH_ANON" => "ADH-".to_owned(),
        "ECDH_ANON" => "AECDH-".to_owned(),
        "ECDHE_RSA" if rest.starts_with("ARIA") => "ECDHE-".to_owned(),
        other => format!("{}-", other.replace('_', "-")),
    };
    let rest = match rest {
        "3DES_EDE_CBC_SHA" => "DES-CBC3-SHA".to_owned(),
        "CHACHA20_POLY1305_SHA256" => "CHACHA20-POLY1305".to_owned(),
        "IDEA_CBC_SHA" => "IDEA-CBC-SHA".to_owned(),
        "DES_CBC_SHA" => "DES-CBC-SHA".to_owned(),
        other => {
            let mut cipher = other.replace("_CBC_", "_").replace("CCM_8", "CCM8");
            for family in ["AES", "CAMELLIA", "ARIA"] {
                cipher = cipher.replace(&format!("{family}_"), family);
            }
            cipher.replace("RC4_128", "RC4").replace('_', "-")
        }
    };
    exchange + &rest
}

/// The IANA name of a group that is also called otherwise: `secp256r1` for `prime256v1` and `P-256`.
#[must_use]
pub fn iana_group(name: &str) -> String {
    match name.to_ascii_lowercase().as_str() {
        "prime256v1" | "p-256" | "p256" => "secp256r1",
        "p-384" | "p384" => "secp384r1",
        "p-521" | "p521" => "secp521r1",
        "x25519" => "x25519",
        "x448" => "x448",
        _ => name,
    }
    .to_owned()
}

/// Whether two names, of IANA's registry or of OpenSSL, mean the same cipher suite.
#[must_use]
pub fn is_same_suite(one: &str, other: &str) -> bool {
    openssl_suite(one) == openssl_suite(other)
}

/// Whether two names mean the same key exchange group (RFC 8446 §4.2.7); capitals, `-` and `_` do not matter.
#[must_use]
pub fn is_same_group(one: &str, other: &str) -> bool {
    let plain = |name: &str| iana_group(name).to_ascii_lowercase().replace(['-', '_'], "");
    plain(one) == plain(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: [(&str, &str); 16] = [
        ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
        ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8", "ECDHE-ECDSA-AES128-CCM8"),
        ("TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256", "ECDHE-ARIA128-GCM-SHA256"),
        ("TLS_ECDHE_RSA_WITH_CAMELLIA_128_CBC_SHA256", "ECDHE-RSA-CAMELLIA128-SHA256"),
        ("TLS_DHE_RSA_WITH_AES_128_CBC_SHA256", "DHE-RSA-AES128-SHA256"),
        ("TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"),
        ("TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"),
        ("TLS_RSA_WITH_AES_128_GCM_SHA256", "AES128-GCM-SHA256"),
        ("TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA", "DHE-RSA-CAMELLIA256-SHA"),
        ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA"),
        ("TLS_RSA_WITH_SEED_CBC_SHA", "SEED-SHA"),
        ("TLS_RSA_WITH_IDEA_CBC_SHA", "IDEA-CBC-SHA"),
        ("TLS_DH_anon_WITH_AES_256_GCM_SHA384", "ADH-AES256-GCM-SHA384"),
        ("TLS_RSA_WITH_RC4_128_SHA", "RC4-SHA"),
    ];

    #[test]
    fn both_lists_name_the_same_suites() {
        for (iana, openssl) in BOTH {
            assert_eq!(iana_suite(openssl), iana);
            assert_eq!(openssl_suite(iana), openssl);
            assert!(is_same_suite(iana, openssl) && is_same_suite(openssl, iana));
        }
        assert!(!is_same_suite("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"));
    }

    #[test]
    fn a_group_is_told_by_the_name_of_iana_alone() {
        for (_, name) in crate::GROUPS {
            assert_eq!(iana_group(name), *name);
        }
        assert_eq!((iana_group("X25519"), iana_group("X448")), ("x25519".to_owned(), "x448".to_owned()));
    }

    #[test]
    fn a_curve_has_three_names() {
        assert!(is_same_group("P-256", "prime256v1") && is_same_group("secp256r1", "SECP256R1"));
        assert!(is_same_group("x25519", "X25519") && !is_same_group("X25519", "X25519MLKEM768"));
        assert_eq!(iana_group("prime256v1"), "secp256r1");
        assert_eq!(iana_group("SecP256r1MLKEM768"), "SecP256r1MLKEM768");
    }
}
