//! PTR records: the name of an address, and whether the name has the address (RFC 8601 §3).

use crate::{code::Code, context::LintContext};
use evidence::{LookedUp, Remark};
use mail::Domain;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that a name of the reverse tree stands for (RFC 1035 §3.5, RFC 3596 §2.5).
#[must_use]
pub fn address(name: &Domain) -> Option<IpAddr> {
    let of = |zone: &str| name.as_str().strip_suffix(zone).map(|labels| labels.rsplit('.').collect::<Vec<_>>());
    if let Some(labels) = of(".in-addr.arpa") {
        return labels.join(".").parse::<Ipv4Addr>().ok().map(IpAddr::V4);
    }
    let nibbles = of(".ip6.arpa").filter(|labels| labels.len() == 32 && labels.iter().all(|label| label.len() == 1))?;
    u128::from_str_radix(&nibbles.concat(), 16).ok().map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))
}

pub(crate) fn lint(context: &LintContext<'_>, name: &Domain, found: &LookedUp) -> Vec<Remark> {
    let Some(address) = address(name) else { return Vec::new() };
    let names: Vec<Domain> = found.records.iter().filter_map(|record| record.parse().ok()).collect();
    // An alias within the reverse tree is how parts of a network are delegated (RFC 2317).
    let names: Vec<Domain> = names.into_iter().filter(|name| !name.as_str().ends_with(".arpa")).collect();
    if names.is_empty() {
        let text = format!("{address} has no name: many hosts take no mail from it");
        return vec![Code::PtrNone.remark(text, format!("{name}. IN PTR mx.example."))];
    }
    let mut remarks = Vec::new();
    if names.len() > 1 {
        let text = format!("{address} has {} names; which of them a host looks at is left to chance", names.len());
        remarks.push(Code::PtrSeveral.remark(text, "keep the one with which it greets"));
    }
    let kind = if address.is_ipv4() { "A" } else { "AAAA" };
    let found: Vec<Option<&LookedUp>> = names.iter().map(|name| context.ask(name, kind)).collect();
    let has_address = |found: &LookedUp| found.records.iter().any(|record| record.parse() == Ok(address));
    // What was not seen may be what confirms it.
    if found.iter().all(Option::is_some) && !found.iter().flatten().any(|found| has_address(found)) {
        let list: Vec<&str> = names.iter().map(Domain::as_str).collect();
        let text = format!("no name of {address} has that address ({})", list.join(", "));
        let help = names.first().map_or_else(String::new, |name| format!("{name}. IN {kind} {address}"));
        remarks.push(Code::PtrUnconfirmed.remark(text, help));
    }
    remarks
}
