//! What Postfix logs of a TLS handshake, in either direction.

use crate::programs::mta::Logged;
use evidence::{Handshake, Trust};
use mail::{iana_group, iana_suite};

/// Reads `Trusted TLS connection established to PEER: TLSv1.3 with cipher SUITE (256/256 bits) key-exchange GROUP …`.
pub(super) fn established(text: &str) -> Option<Logged> {
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
pub(super) fn distrust(text: &str) -> Option<(&str, &str)> {
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
    fn distrust_has_its_reason() {
        assert_eq!(
            distrust("certificate verification failed for mx.p.example[198.51.100.25]:25: untrusted issuer /CN=Nobody"),
            Some(("mx.p.example[198.51.100.25]:25", "untrusted issuer /CN=Nobody"))
        );
    }
}
