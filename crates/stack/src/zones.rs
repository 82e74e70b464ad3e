//! The zones of the ADMDs themselves: where their mail goes, who may send it, and with which keys it is signed.

use crate::gateway::Gateway;
use mail::{Domain, txt_data};
use std::{collections::BTreeMap, fmt::Write, net::IpAddr};

/// Records of one domain and everything below it, while they are collected.
#[derive(Debug, Default)]
pub(crate) struct Zones {
    text: BTreeMap<Domain, String>,
    reverse: Vec<(IpAddr, Domain)>,
}

impl Zones {
    /// The zones of a gateway's domains with the records that its `gateway.toml` gives.
    pub(crate) fn of(gateway: &Gateway) -> Self {
        let text = gateway.zones.iter().map(|z| (z.origin.clone(), format!("{}\n", z.records))).collect();
        Self { text, reverse: Vec::new() }
    }

    /// A host's address: a public one with its reverse mapping, or the one that its container has.
    pub(crate) fn host(&mut self, name: &Domain, address: IpAddr, is_public: bool) {
        let kind = if address.is_ipv4() { "A" } else { "AAAA" };
        self.record(name, kind, &address.to_string());
        if is_public {
            self.reverse.push((address, name.clone()));
        }
    }

    /// TLSA records for a host's port 25 (RFC 7672 §2.2).
    pub(crate) fn tlsa(&mut self, host: &Domain, records: &[String]) {
        if let Ok(name) = format!("_25._tcp.{host}").parse() {
            for data in records {
                self.record(&name, "TLSA", data);
            }
        }
    }

    /// The public key of a gateway's own DKIM key.
    pub(crate) fn dkim(&mut self, domain: &Domain, selector: &str, record: &str) {
        if let Ok(name) = format!("{selector}._domainkey.{domain}").parse() {
            self.record(&name, "TXT", &txt_data(record.as_bytes()));
        }
    }

    /// As the authoritative server takes them.
    pub(crate) fn data(self) -> Vec<dns::ZoneData> {
        let zone =
            |origin, records| dns::ZoneData { origin, dnssec: plan::Dnssec::Signed, records, faults: Vec::new() };
        let reverse = self.reverse.into_iter().map(|(ip, name)| pointer(ip, &name));
        self.text.into_iter().map(|(origin, records)| zone(origin, records)).chain(reverse).collect()
    }

    /// In the zone that the name lies in; a host outside the gateway's domains gets a zone of its own.
    fn record(&mut self, name: &Domain, kind: &str, data: &str) {
        let origin = self.text.keys().filter(|origin| name.is_within(origin)).max_by_key(|o| o.as_str().len());
        let origin = origin.unwrap_or(name).clone();
        let zone = self.text.entry(origin).or_default();
        writeln!(zone, "{name}. 0 IN {kind} {data}").expect("writing to a string");
    }
}

/// The zone of one address's reverse name with its PTR record (RFC 1035 §3.5).
pub(crate) fn pointer(address: IpAddr, name: &Domain) -> dns::ZoneData {
    dns::ZoneData {
        origin: Domain::reverse(address),
        dnssec: plan::Dnssec::Insecure,
        records: format!("@ 0 IN PTR {name}.\n"),
        faults: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_lies_in_the_deepest_zone() {
        let d = |s: &str| s.parse::<Domain>().unwrap();
        let mut zones = Zones::default();
        zones.text.insert(d("example.org"), String::new());
        zones.text.insert(d("sub.example.org"), String::new());
        zones.host(&d("mx.sub.example.org"), "192.0.2.1".parse().unwrap(), true);
        assert!(zones.text[&d("sub.example.org")].contains("mx.sub.example.org. 0 IN A 192.0.2.1"));
        let origins: Vec<String> = zones.data().into_iter().map(|z| z.origin.to_string()).collect();
        assert_eq!(origins, ["example.org", "sub.example.org", "1.2.0.192.in-addr.arpa"]);
    }
}
