//! Names in certificates and in policies.

use evidence::Certificate;
use std::net::IpAddr;

/// Whether a certificate is for this host (RFC 9525 §6).
pub(crate) fn is_for(certificate: &Certificate, host: &str) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    certificate.names.iter().any(|name| match address {
        Some(address) => name.parse() == Ok(address),
        None => covers(name, host),
    })
}

/// Whether a name, or one whose leftmost label is `*`, means this host; the star stands for one label
/// (RFC 9525 §6.3, RFC 8461 §4.1).
pub(crate) fn covers(name: &str, host: &str) -> bool {
    let plain = |name: &str| name.trim_end_matches('.').to_ascii_lowercase();
    let (name, host) = (plain(name), plain(host));
    match name.strip_prefix("*.") {
        None => name == host,
        Some(parent) => host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_one_label() {
        for (name, host, expected) in [
            ("mx.gateway.example", "MX.gateway.example.", true),
            ("*.gateway.example", "mx.gateway.example", true),
            ("*.gateway.example", "gateway.example", false),
            ("*.gateway.example", "a.mx.gateway.example", false),
            ("mx.gateway.example", "mx2.gateway.example", false),
        ] {
            assert_eq!(covers(name, host), expected, "{name} {host}");
        }
    }
}
