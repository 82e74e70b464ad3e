//! Names in certificates, and TLSA records beside the chains that services show.

use crate::{Certificate, ChainSeen};
use mail::TlsaRecord;
use std::net::IpAddr;

impl Certificate {
    /// Whether it is for this host (RFC 9525 §6).
    #[must_use]
    pub fn is_for(&self, host: &str) -> bool {
        let address: Option<IpAddr> = host.parse().ok();
        self.names.iter().any(|name| match address {
            Some(address) => name.parse() == Ok(address),
            None => covers(name, host),
        })
    }
}

impl ChainSeen {
    /// Whether a TLSA record that can be used for SMTP names this chain of `host`: usage 3 the server's own certificate, whatever
    /// its names; usage 2 an authority of the chain, and then the server's own must be for the host (RFC 7672 §3.1). `None`: the
    /// record has a matching type of which no digest was made.
    #[must_use]
    pub fn is_named_by(&self, record: &TlsaRecord, host: &str) -> Option<bool> {
        if record.usage == 2 && !self.certificates.first().is_some_and(|own| own.is_for(host)) {
            return Some(false);
        }
        if record.matching != 1 {
            return None;
        }
        Some(self.digests.iter().filter_map(|digest| digest.parse::<TlsaRecord>().ok()).any(|digest| digest == *record))
    }
}

/// Whether a name, or one whose leftmost label is `*`, means this host; the star stands for one label
/// (RFC 9525 §6.3, RFC 8461 §4.1).
fn covers(name: &str, host: &str) -> bool {
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
    use crate::Trust;

    fn chain(names: &[&str]) -> ChainSeen {
        let own = Certificate {
            subject: String::new(),
            issuer: String::new(),
            names: names.iter().map(|&name| name.to_owned()).collect(),
            key: String::new(),
            signature: String::new(),
            not_before: String::new(),
            not_after: String::new(),
        };
        ChainSeen {
            server_name: None,
            certificates: vec![own],
            trust: Trust::Trusted,
            digests: vec!["3 1 1 00FF".to_owned(), "2 1 1 00aa".to_owned()],
        }
    }

    #[test]
    fn a_record_of_an_authority_wants_the_name_too() {
        let named =
            |record: &str, names: &[&str]| chain(names).is_named_by(&record.parse().unwrap(), "mx.gateway.example");
        for (record, names, expected) in [
            ("3 1 1 00ff", &["other.example"][..], Some(true)),
            ("3 1 1 00fe", &["mx.gateway.example"], Some(false)),
            ("2 1 1 00aa", &["*.gateway.example"], Some(true)),
            ("2 1 1 00aa", &["other.example"], Some(false)),
            ("2 1 2 00aa", &["other.example"], Some(false)),
            ("2 1 2 00aa", &["mx.gateway.example"], None),
            ("3 1 0 00", &[], None),
        ] {
            assert_eq!(named(record, names), expected, "{record} {names:?}");
        }
    }

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
