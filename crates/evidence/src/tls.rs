//! What Postfix logs of a TLS handshake, in either direction.

use crate::{Handshake, Trust};

/// A handshake that was logged, and with whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logged {
    /// `name[address]:port` of a server, `name[address]` of a client.
    pub(crate) peer: String,
    /// Whether the other end is the server.
    pub(crate) is_outgoing: bool,
    pub(crate) handshake: Handshake,
}

/// Reads `Trusted TLS connection established to PEER: TLSv1.3 with cipher SUITE (256/256 bits) key-exchange GROUP …`.
pub(crate) fn established(text: &str) -> Option<Logged> {
    let (trust, rest) = text.split_once(" TLS connection ")?;
    let peer = match trust {
        "Anonymous" => Trust::Anonymous,
        "Untrusted" => Trust::Untrusted(None),
        "Trusted" => Trust::Trusted,
        "Verified" => Trust::Verified,
        _ => return None,
    };
    let rest = rest.strip_prefix("established ").or_else(|| rest.strip_prefix("reused "))?;
    let (is_outgoing, rest) = match rest.strip_prefix("to ") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix("from ")?),
    };
    let (name, rest) = rest.split_once(": ")?;
    let (version, rest) = rest.split_once(" with cipher ")?;
    let suite = rest.split(' ').next().unwrap_or_default();
    let handshake = Handshake {
        version: version.to_owned(),
        suite: iana_suite(suite),
        group: group(rest),
        chain: Vec::new(),
        peer,
    };
    Some(Logged { peer: name.to_owned(), is_outgoing, handshake })
}

/// Reads `certificate verification failed for PEER: REASON` and the like: the peer, and why its certificate is not
/// trusted.
pub(crate) fn distrust(text: &str) -> Option<(&str, &str)> {
    let (_, rest) = text.split_once("certificate verification failed for ")?;
    rest.split_once(": ")
}

/// `key-exchange X25519`, `key-exchange ECDHE (prime256v1)`, `key-exchange DHE (2048 bits)`: the group by its IANA
/// name.
fn group(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("key-exchange ")?;
    let mut words = rest.split(' ');
    let method = words.next()?;
    let inside = words.next().and_then(|word| word.strip_prefix('('));
    Some(match (method, inside) {
        ("ECDHE" | "ECDH", Some(name)) => iana_group(name.trim_end_matches(')')),
        ("DHE" | "DH", Some(bits)) => format!("DH {bits}"),
        (name, _) => iana_group(name),
    })
}

fn iana_group(name: &str) -> String {
    match name {
        "prime256v1" | "P-256" => "secp256r1",
        "P-384" => "secp384r1",
        "P-521" => "secp521r1",
        "x25519" => "X25519",
        "x448" => "X448",
        other => other,
    }
    .to_owned()
}

/// The IANA name of a suite for which OpenSSL has its own: `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384` for
/// `ECDHE-RSA-AES256-GCM-SHA384`. Suites of TLS 1.3 have the same name in both.
fn iana_suite(name: &str) -> String {
    if name.starts_with("TLS_") {
        return name.to_owned();
    }
    let exchanges =
        ["ECDHE-ECDSA", "ECDHE-RSA", "DHE-RSA", "DHE-DSS", "ECDHE-PSK", "DHE-PSK", "RSA-PSK", "PSK", "ADH", "AECDH"];
    let found = exchanges.iter().find_map(|e| Some((*e, name.strip_prefix(e)?.strip_prefix('-')?)));
    let (exchange, cipher) = found.unwrap_or(("RSA", name));
    let exchange = match exchange {
        "ADH" => "DH_anon".to_owned(),
        "AECDH" => "ECDH_anon".to_owned(),
        other => other.replace('-', "_"),
    };
    let mut cipher = cipher.to_owned();
    for (openssl, iana) in [
        ("CHACHA20-POLY1305", "CHACHA20_POLY1305_SHA256"),
        ("DES-CBC3", "3DES_EDE_CBC"),
        ("CCM8", "CCM_8"),
        ("ARIA128", "ARIA_128"),
        ("ARIA256", "ARIA_256"),
        ("CAMELLIA128", "CAMELLIA_128_CBC"),
        ("CAMELLIA256", "CAMELLIA_256_CBC"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_with_a_server_reads() {
        let logged = established(
            "Verified TLS connection established to mx.gateway.example[203.0.113.25]:25: TLSv1.3 with cipher \
             TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519MLKEM768 server-signature RSA-PSS (2048 bits) \
             server-digest SHA256",
        )
        .unwrap();
        assert!(logged.is_outgoing);
        assert_eq!(logged.peer, "mx.gateway.example[203.0.113.25]:25");
        assert_eq!((logged.handshake.version.as_str(), logged.handshake.peer), ("TLSv1.3", Trust::Verified));
        assert_eq!(logged.handshake.group.as_deref(), Some("X25519MLKEM768"));
    }

    #[test]
    fn a_handshake_with_a_client_reads() {
        let logged = established(
            "Anonymous TLS connection established from unknown[2001:db8::66]: TLSv1.2 with cipher \
             ECDHE-RSA-AES256-GCM-SHA384 \
             (256/256 bits) key-exchange ECDHE (prime256v1) server-signature RSA-PSS (2048 bits)",
        )
        .unwrap();
        assert!(!logged.is_outgoing);
        assert_eq!(logged.peer, "unknown[2001:db8::66]");
        assert_eq!(logged.handshake.suite, "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384");
        assert_eq!(logged.handshake.group.as_deref(), Some("secp256r1"));
    }

    #[test]
    fn suites_get_their_iana_names() {
        for (openssl, iana) in [
            ("TLS_CHACHA20_POLY1305_SHA256", "TLS_CHACHA20_POLY1305_SHA256"),
            ("ECDHE-ECDSA-CHACHA20-POLY1305", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"),
            ("DHE-RSA-AES128-SHA256", "TLS_DHE_RSA_WITH_AES_128_CBC_SHA256"),
            ("AES256-SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"),
            ("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
            ("ADH-AES256-GCM-SHA384", "TLS_DH_anon_WITH_AES_256_GCM_SHA384"),
            ("DES-CBC3-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"),
            ("ECDHE-ECDSA-AES128-CCM8", "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8"),
        ] {
            assert_eq!(iana_suite(openssl), iana);
        }
    }

    #[test]
    fn distrust_has_its_reason() {
        assert_eq!(
            distrust("certificate verification failed for mx.p.example[198.51.100.25]:25: untrusted issuer /CN=Nobody"),
            Some(("mx.p.example[198.51.100.25]:25", "untrusted issuer /CN=Nobody"))
        );
    }
}
