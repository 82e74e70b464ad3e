//! The zone that the owner publishes: what of it stands in `gateway.toml`, and what the harness adds itself.

use crate::ImportError;
use hickory_proto::rr::{RData, RecordType};
use mail::{DnsName, Domain, txt_data};
use std::{fmt::Write, net::IpAddr};

/// A zone, read.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) origin: Domain,
    records: Vec<zonefile::Record>,
}

impl Zone {
    /// Reads a zone file; its apex is that of its SOA, else its first $ORIGIN, else `domain`.
    ///
    /// # Errors
    /// [`ImportError::Zone`] for the first line that is not understood.
    pub(crate) fn read(text: &str, domain: Option<&Domain>) -> Result<Self, ImportError> {
        let root: DnsName = domain
            .map_or_else(|| "invalid".parse(), |domain| domain.as_str().parse())
            .map_err(|_| wrong(0, "no domain"))?;
        let file = zonefile::read(text, &root);
        if let Some(fault) = file.faults.iter().find(|fault| !fault.is_of_other_servers) {
            return Err(ImportError::Zone { line: fault.line, reason: fault.message.clone() });
        }
        let soa = file
            .records
            .iter()
            .find(|record| record.record_type == RecordType::SOA)
            .map(|record| record.owner.to_string());
        let named = file.directives.iter().find_map(|directive| directive.origin.as_ref()).map(ToString::to_string);
        let origin = match (soa.or(named), domain) {
            (Some(name), _) => name.parse().map_err(|_| wrong(0, &format!("`{name}` is no domain")))?,
            (None, Some(domain)) => domain.clone(),
            (None, None) => return Err(wrong(0, "it has neither SOA nor $ORIGIN")),
        };
        Ok(Self { origin, records: file.records })
    }

    fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a RData> + 'a {
        let is_it = move |record: &&zonefile::Record| record.owner.to_string().eq_ignore_ascii_case(name);
        self.records.iter().filter(is_it).map(|record| &record.data)
    }

    /// Public addresses of a name.
    pub(crate) fn addresses(&self, name: &str) -> Vec<IpAddr> {
        let address = |data: &RData| match data {
            RData::A(a) => Some(IpAddr::V4(a.0)),
            RData::AAAA(a) => Some(IpAddr::V6(a.0)),
            _ => None,
        };
        let is_public = |ip: &IpAddr| match ip {
            IpAddr::V4(ip) => !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified()),
            IpAddr::V6(ip) => {
                !(ip.is_loopback() || ip.is_unspecified() || ip.is_unique_local() || ip.is_unicast_link_local())
            }
        };
        self.of(name).filter_map(address).filter(is_public).collect()
    }

    /// Usage, selector and matching type of the TLSA records of a host's port 25.
    pub(crate) fn tlsa(&self, host: &str) -> Vec<String> {
        let name = format!("_25._tcp.{host}");
        let numbers = |data: &RData| match data {
            RData::TLSA(_) => Some(data.to_string().split_whitespace().take(3).collect::<Vec<_>>().join(" ")),
            _ => None,
        };
        let mut found: Vec<String> = self.of(&name).filter_map(numbers).collect();
        found.dedup();
        found
    }

    /// Whether mail of the domain is sent to this host.
    pub(crate) fn leads_to(&self, host: &str) -> bool {
        let origin = self.origin.to_string();
        let mut mx = self.of(&origin).filter_map(|data| match data {
            RData::MX(mx) => Some(mx.exchange.to_string()),
            _ => None,
        });
        mx.any(|exchange| exchange.trim_end_matches('.').eq_ignore_ascii_case(host))
    }

    /// Its records as they stand in `gateway.toml`: without those of the server itself, of DNSSEC, and of the host and the keys, which
    /// the harness adds.
    pub(crate) fn text(&self, hosts: &[String], keys: &[String]) -> String {
        let mut text = String::new();
        let apex = self.origin.to_string();
        for record in &self.records {
            let owner = record.owner.to_string().to_ascii_lowercase();
            let is_server = matches!(
                record.record_type,
                RecordType::SOA
                    | RecordType::NS
                    | RecordType::DS
                    | RecordType::DNSKEY
                    | RecordType::RRSIG
                    | RecordType::NSEC
                    | RecordType::NSEC3
                    | RecordType::NSEC3PARAM
                    | RecordType::CDS
                    | RecordType::CDNSKEY
            );
            let is_address = matches!(record.record_type, RecordType::A | RecordType::AAAA) && hosts.contains(&owner);
            let is_pin =
                record.record_type == RecordType::TLSA && hosts.iter().any(|host| owner == format!("_25._tcp.{host}"));
            if is_server || is_address || is_pin || keys.contains(&owner) {
                continue;
            }
            let name = if owner == apex {
                "@".to_owned()
            } else {
                owner.strip_suffix(&format!(".{apex}")).map_or_else(|| format!("{owner}."), str::to_owned)
            };
            let line = match (&record.data, record.text()) {
                (_, Some(octets)) => format!("{name} IN TXT {}", txt_data(&octets)),
                (RData::A(_) | RData::AAAA(_) | RData::MX(_) | RData::CNAME(_) | RData::SRV(_), _) => {
                    format!("{name} IN {} {}", record.record_type, record.data)
                }
                _ => record.to_line().trim_end().to_owned(),
            };
            let _ = writeln!(text, "{line}");
        }
        text
    }
}

fn wrong(line: usize, reason: &str) -> ImportError {
    ImportError::Zone { line, reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ZONE: &str = "$ORIGIN club.example.\n$TTL 3600\n@ IN SOA ns.isp.example. h.isp.example. 1 2 3 4 5\n NS ns.isp.example.\n MX 10 mx\n\
        \tTXT \"v=spf1 ip4:185.1.2.3 -all\"\nmx A 185.1.2.3\nwww CNAME mx\ns1._domainkey TXT \"v=DKIM1; p=abc\"\n_25._tcp.mx TLSA 3 1 1 aabb\n\
        _dmarc TXT \"v=DMARC1; p=none\"\n@ CAA 0 issue \"letsencrypt.org\"\n";

    #[test]
    fn what_the_harness_adds_is_left_out() {
        let zone = Zone::read(ZONE, None).unwrap();
        assert_eq!(zone.origin.as_str(), "club.example");
        assert_eq!(zone.addresses("mx.club.example"), ["185.1.2.3".parse::<IpAddr>().unwrap()]);
        assert_eq!(zone.tlsa("mx.club.example"), ["3 1 1"]);
        assert!(zone.leads_to("MX.club.example") && !zone.leads_to("www.club.example"));
        let text = zone.text(&["mx.club.example".into()], &["s1._domainkey.club.example".into()]);
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "@ IN MX 10 mx.club.example.",
                "@ IN TXT \"v=spf1 ip4:185.1.2.3 -all\"",
                "www IN CNAME mx.club.example.",
                "_dmarc IN TXT \"v=DMARC1; p=none\"",
            ]
        );
        assert!(lines.len() == 5 && lines[4].contains("TYPE257"), "{lines:?}");
        assert!(zonefile::read(&text, &"club.example".parse().unwrap()).faults.is_empty());
    }

    #[test]
    fn a_zone_file_that_is_wrong_says_where() {
        let error = Zone::read("$ORIGIN a.example.\n@ MX ten mx\n", None).unwrap_err();
        assert!(error.to_string().contains("line 2"), "{error}");
        assert!(Zone::read("@ MX 10 mx\n", None).unwrap_err().to_string().contains("neither SOA nor $ORIGIN"));
    }
}
