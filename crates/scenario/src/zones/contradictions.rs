//! What cannot stand together in zones.

use super::{Declared, Fact, is_below};
use form::Flaw;
use mail::DnsName;
use plan::Dnssec;
use std::collections::BTreeMap;

/// Records of which sugar makes one, and how their texts begin.
const RECORDS: [(&str, &str); 4] =
    [("SPF", "v=spf1"), ("DMARC", "v=dmarc1"), ("MTA-STS", "v=stsv1"), ("TLS reporting", "v=tlsrptv1")];

/// Complains of zones that contradict themselves or each other.
pub(crate) fn contradictions(zones: &[Declared], flaws: &mut Vec<Flaw>) {
    for zone in zones {
        contradicts_itself(zone, flaws);
        for child in zones.iter().filter(|child| is_below(&(&child.zone.origin).into(), &(&zone.zone.origin).into())) {
            contradicts_child(zone, child, flaws);
        }
    }
}

/// Records that cannot stand together in one zone.
fn contradicts_itself(zone: &Declared, flaws: &mut Vec<Flaw>) {
    let origin = DnsName::from(&zone.zone.origin);
    let mut owners: BTreeMap<&DnsName, Vec<&Fact>> = BTreeMap::new();
    for fact in &zone.facts {
        owners.entry(&fact.owner).or_default().push(fact);
    }
    for (owner, facts) in owners {
        if let Some(alias) = facts.iter().find(|fact| fact.kind == "CNAME") {
            let flaw = || {
                Flaw::new(format!("{owner} has a CNAME record and other data"))
                    .at(&alias.span, "an alias can have nothing else")
            };
            let other = facts.iter().find(|fact| !std::ptr::eq(**fact, *alias));
            let help = "take one of them away (RFC 1034 §3.6.2)";
            if *owner == origin {
                flaws.push(flaw().help("the apex has SOA and NS records (RFC 1034 §3.6.2)"));
            } else if let Some(other) = other {
                flaws.push(flaw().at(&other.span, "other data").help(help));
            }
        }
        for (record, begin) in RECORDS {
            let is_one =
                |fact: &&&Fact| fact.text.as_ref().is_some_and(|text| text.to_ascii_lowercase().starts_with(begin));
            twice(owner, record, facts.iter().filter(is_one).copied(), flaws);
        }
        if owner.labels().skip(1).any(|label| label == b"_domainkey") {
            twice(owner, "DKIM key", facts.iter().filter(|fact| fact.kind == "TXT").copied(), flaws);
        }
    }
}

/// Complains of a record that both sugar and `records` make.
fn twice<'a>(owner: &DnsName, record: &str, facts: impl Iterator<Item = &'a Fact>, flaws: &mut Vec<Flaw>) {
    let (sugar, written): (Vec<&Fact>, Vec<&Fact>) = facts.partition(|fact| fact.sugar);
    if let (Some(sugar), Some(written)) = (sugar.first(), written.first()) {
        flaws.push(
            Flaw::new(format!("{owner} has two {record} records"))
                .at(&written.span, "written out here")
                .at(&sugar.span, "made from this")
                .help("take one of them away; if two are meant, write both in `records`"),
        );
    }
}

/// Names that the parent has although they belong to a zone below it.
fn contradicts_child(parent: &Declared, child: &Declared, flaws: &mut Vec<Flaw>) {
    let origin = &child.zone.origin;
    if parent.zone.dnssec == Dnssec::Insecure && child.zone.dnssec != Dnssec::Insecure {
        let flaw =
            Flaw::new(format!("{origin} cannot be signed below {}", parent.zone.origin)).at(&child.span, "is signed");
        flaws.push(
            flaw.at(&parent.span, "is not")
                .help("sign both: the chain from the root passes through the parent (RFC 4035 §5)"),
        );
    }
    let apex = DnsName::from(origin);
    let records = parent.facts.iter().map(|fact| (&fact.owner, &fact.span));
    let faults = parent.faults.iter().map(|name| (&name.value, &name.span));
    for (name, span) in records.chain(faults).filter(|(name, _)| name.is_within(&apex)) {
        flaws.push(
            Flaw::new(format!("{name} is declared in two zones"))
                .at(span, format!("here in {}", parent.zone.origin))
                .at(&child.span, "but this zone has the name")
                .help(format!("move it into [zone.\"{origin}\"]")),
        );
    }
}
