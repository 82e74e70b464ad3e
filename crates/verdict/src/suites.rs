//! Names of cipher suites and groups: the same thing is called by several names.

/// Whether two names, of IANA's registry or of OpenSSL, mean the same cipher suite.
pub(crate) fn is_same_suite(one: &str, other: &str) -> bool {
    openssl_name(one) == openssl_name(other)
}

/// Whether two names mean the same key exchange group (RFC 8446 §4.2.7).
pub(crate) fn is_same_group(one: &str, other: &str) -> bool {
    group(one) == group(other)
}

/// The name that OpenSSL gives to a suite of TLS 1.2 and before; names of TLS 1.3 suites are the same in both lists.
fn openssl_name(name: &str) -> String {
    let name = name.to_ascii_uppercase();
    let Some((exchange, rest)) = name.strip_prefix("TLS_").and_then(|rest| rest.split_once("_WITH_")) else {
        return name;
    };
    let exchange = match exchange {
        "RSA" => String::new(),
        "DH_ANON" => "ADH-".to_owned(),
        "ECDH_ANON" => "AECDH-".to_owned(),
        other => format!("{}-", other.replace('_', "-")),
    };
    let rest = match rest {
        "3DES_EDE_CBC_SHA" => "DES-CBC3-SHA".to_owned(),
        "CHACHA20_POLY1305_SHA256" => "CHACHA20-POLY1305".to_owned(),
        other => {
            let mut cipher = other.replace("_CBC_", "_");
            for family in ["AES", "CAMELLIA", "ARIA"] {
                cipher = cipher.replace(&format!("{family}_"), family);
            }
            cipher.replace("RC4_128", "RC4").replace('_', "-")
        }
    };
    exchange + &rest
}

fn group(name: &str) -> String {
    let name = name.to_ascii_lowercase().replace(['-', '_'], "");
    match name.as_str() {
        "p256" | "prime256v1" => "secp256r1".to_owned(),
        "p384" => "secp384r1".to_owned(),
        "p521" => "secp521r1".to_owned(),
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lists_name_the_same_suites() {
        for (iana, openssl) in [
            ("TLS_AES_256_GCM_SHA384", "TLS_AES_256_GCM_SHA384"),
            ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
            ("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"),
            ("TLS_RSA_WITH_AES_128_CBC_SHA", "AES128-SHA"),
            ("TLS_RSA_WITH_AES_128_CBC_SHA256", "AES128-SHA256"),
            ("TLS_DHE_RSA_WITH_CAMELLIA_256_CBC_SHA", "DHE-RSA-CAMELLIA256-SHA"),
            ("TLS_RSA_WITH_3DES_EDE_CBC_SHA", "DES-CBC3-SHA"),
            ("TLS_DH_anon_WITH_AES_256_GCM_SHA384", "ADH-AES256-GCM-SHA384"),
            ("TLS_RSA_WITH_RC4_128_SHA", "RC4-SHA"),
        ] {
            assert!(is_same_suite(iana, openssl), "{iana}: {}", openssl_name(iana));
        }
        assert!(!is_same_suite("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384"));
    }

    #[test]
    fn a_curve_has_three_names() {
        assert!(is_same_group("P-256", "prime256v1") && is_same_group("secp256r1", "SECP256R1"));
        assert!(!is_same_group("X25519", "X25519MLKEM768"));
    }
}
