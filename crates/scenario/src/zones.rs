//! Zones: sugar becomes records, and what contradicts itself is found.

mod contradictions;

pub(crate) use contradictions::contradictions;

use crate::{
    language::{DkimTable, FaultTable, ZoneTable},
    records,
};
use form::{
    Flaw, position,
    values::{Bits, Exchange, Line, Named, Selector},
    words::{Algorithm, Answer},
};
use mail::{DnsName, Domain, txt_data};
use plan::{DkimKey, Dnssec, Fault, FaultKind, Host, KeyAlgorithm, KeyRecord, Spanned, World, Zone};
use std::{ops::Range, time::Duration};

/// A zone, where its name stands, and which record each line of the file makes.
#[derive(Debug, Clone)]
pub(crate) struct Declared {
    pub(crate) zone: Zone,
    pub(crate) span: Range<usize>,
    facts: Vec<Fact>,
    faults: Vec<Spanned<DnsName>>,
}

#[derive(Debug, Clone)]
struct Fact {
    owner: DnsName,
    kind: String,
    text: Option<String>,
    span: Range<usize>,
    sugar: bool,
}

/// Makes zones, parents first. What they contradict is found by [`contradictions`], when hosts have their addresses in
/// them.
pub(crate) fn build(
    zones: Named<Domain, ZoneTable>,
    world: &World,
    file: &str,
    flaws: &mut Vec<Flaw>,
) -> Vec<Declared> {
    let mut built: Vec<Declared> = zones.0.into_iter().map(|(name, table)| declare(name, table, file, flaws)).collect();
    for (i, zone) in built.iter().enumerate() {
        is_free(zone, world, flaws);
        if let Some(other) = built[..i].iter().find(|other| other.zone.origin == zone.zone.origin) {
            let flaw =
                Flaw::new(format!("the zone {} is declared twice", zone.zone.origin)).at(&zone.span, "here again");
            flaws.push(
                flaw.at(&other.span, "declared here").help("names do not differ by case; put everything in one table"),
            );
        }
    }
    in_order(&mut built);
    built
}

/// Puts parents first.
pub(crate) fn in_order(zones: &mut [Declared]) {
    zones.sort_by_key(|zone| (zone.zone.origin.as_str().split('.').count(), zone.span.start));
}

/// The zone that has a name: the deepest one that it lies in.
pub(crate) fn of<'a>(name: &Domain, zones: impl IntoIterator<Item = &'a Declared>) -> Option<&'a Declared> {
    let within = zones.into_iter().filter(|declared| name.is_within(&declared.zone.origin));
    within.max_by_key(|declared| declared.zone.origin.as_str().len())
}

impl Declared {
    /// Adds the addresses of a host.
    pub(crate) fn add(&mut self, host: &Host) {
        for ip in &host.ips {
            let kind = if ip.is_ipv4() { "A" } else { "AAAA" };
            self.zone.records.push_str(&format!("{}. IN {kind} {ip}\n", host.name));
            let (owner, span) = (DnsName::from(&host.name), host.span.clone());
            self.facts.push(Fact { owner, kind: kind.into(), text: None, span, sugar: true });
        }
    }

    /// Whether it has such records of this name.
    pub(crate) fn has(&self, name: &str, kinds: &[&str]) -> bool {
        let Ok(name) = name.parse::<DnsName>() else { return false };
        let owns = |owner: &DnsName| match owner.wildcard_of() {
            Some(parent) => name != parent && name.is_within(&parent),
            None => *owner == name,
        };
        self.facts.iter().any(|fact| kinds.contains(&fact.kind.as_str()) && owns(&fact.owner))
    }
}

fn is_below(name: &DnsName, parent: &DnsName) -> bool {
    name != parent && name.is_within(parent)
}

fn is_free(zone: &Declared, world: &World, flaws: &mut Vec<Flaw>) {
    let origin = &zone.zone.origin;
    let flaw = |owned: &Domain| {
        Flaw::new(format!("{origin} belongs to the gateways"))
            .at(&zone.span, "cannot be declared")
            .help(format!("{owned} is served for them already; choose another name"))
    };
    let taken = world.reserved.iter().find(|owned| origin.is_within(owned) || owned.is_within(origin));
    flaws.extend(taken.map(flaw));
}

fn declare(name: Spanned<Domain>, table: ZoneTable, file: &str, flaws: &mut Vec<Flaw>) -> Declared {
    let origin = name.value;
    let mut text = String::from("$TTL 0\n");
    let mut facts = Vec::new();
    let mut sugar = |label: &str, kind: &str, data: String, meant: Option<&str>, span: &Range<usize>| {
        let Ok(owner) = DnsName::relative(label, &(&origin).into()) else { return };
        text.push_str(&format!("{owner}. IN {kind} {data}\n"));
        facts.push(Fact { owner, kind: kind.into(), text: meant.map(str::to_owned), span: span.clone(), sugar: true });
    };
    let texts =
        [("@", &table.spf), ("_dmarc", &table.dmarc), ("_mta-sts", &table.mta_sts), ("_smtp._tls", &table.tls_rpt)];
    for (label, record) in texts {
        if let Some(Spanned { value: Line(meant), span }) = record {
            sugar(label, "TXT", txt_data(meant.as_bytes()), Some(meant), span);
        }
    }
    for Spanned { value: Exchange { priority, host }, span } in table.mx.into_iter().flat_map(|mx| mx.0) {
        let host = host.map_or_else(|| ".".to_owned(), |host| format!("{host}."));
        sugar("@", "MX", format!("{priority} {host}"), None, &span);
    }
    if let Some(written) = &table.records {
        let (found, bad) = records::read(&origin, &written.value);
        let place = |at: &Range<usize>| position::within(file, &written.span, &written.value, at);
        flaws.extend(bad.into_iter().map(|(at, flaw)| flaw.at(&place(&at), "here")));
        facts.extend(found.into_iter().map(|r| Fact {
            owner: r.owner,
            kind: r.kind,
            text: r.text,
            span: place(&r.at),
            sugar: false,
        }));
        text.push_str(&written.value.replace("\r\n", "\n"));
        if !text.ends_with('\n') {
            text.push('\n');
        }
    }
    let dkim = keys(&origin, table.dkim, &mut facts, flaws);
    let (faults, names) = faults(&origin, table.faults.unwrap_or_default(), flaws);
    let zone = Zone { origin, dnssec: table.dnssec.unwrap_or(Dnssec::Insecure), records: text, dkim, faults };
    Declared { zone, span: name.span, facts, faults: names }
}

fn keys(
    origin: &Domain,
    dkim: Option<Named<Selector, DkimTable>>,
    facts: &mut Vec<Fact>,
    flaws: &mut Vec<Flaw>,
) -> Vec<DkimKey> {
    let mut keys: Vec<DkimKey> = Vec::new();
    for (Spanned { value: selector, span }, table) in dkim.into_iter().flat_map(|dkim| dkim.0) {
        if keys.iter().any(|key| key.selector.eq_ignore_ascii_case(&selector.as_written)) {
            let flaw = Flaw::new(format!("the selector `{}` is declared twice", selector.as_written));
            flaws.push(flaw.at(&span, "here again").help("names do not differ by case"));
        }
        let record = table.record.unwrap_or_default();
        if record != KeyRecord::Missing {
            let owner = DnsName::relative(&format!("{}._domainkey", selector.labels), &origin.into());
            facts.extend(owner.map(|owner| Fact {
                owner,
                kind: "TXT".into(),
                text: None,
                span: span.clone(),
                sugar: true,
            }));
        }
        let algorithm = algorithm(&table, flaws);
        keys.push(DkimKey {
            selector: selector.as_written,
            algorithm,
            record,
            tags: table.tags.map(|tags| tags.value.0),
        });
    }
    keys
}

fn algorithm(table: &DkimTable, flaws: &mut Vec<Flaw>) -> KeyAlgorithm {
    let ed25519 = table.algorithm.as_ref().filter(|algorithm| algorithm.value == Algorithm::Ed25519);
    match (ed25519, &table.bits) {
        (Some(algorithm), Some(bits)) => {
            flaws.push(
                Flaw::new("an Ed25519 key has one size only")
                    .at(&bits.span, "not for Ed25519")
                    .at(&algorithm.span, "the algorithm")
                    .help("leave `bits` out (RFC 8463 §3)"),
            );
            KeyAlgorithm::Ed25519
        }
        (Some(_), None) => KeyAlgorithm::Ed25519,
        (None, bits) => match bits.as_ref().map(|bits| bits.value) {
            Some(Bits(1024)) => KeyAlgorithm::Rsa1024,
            Some(Bits(4096)) => KeyAlgorithm::Rsa4096,
            _ => KeyAlgorithm::Rsa2048,
        },
    }
}

fn faults(origin: &Domain, tables: Vec<FaultTable>, flaws: &mut Vec<Flaw>) -> (Vec<Fault>, Vec<Spanned<DnsName>>) {
    let (mut faults, mut names) = (Vec::new(), Vec::new());
    for table in tables {
        let name = table.name.0.and_then(|name| fault_name(origin, &name.value.0, &name.span, flaws));
        let kind = table.answer.0.and_then(|answer| match (answer.value, &table.seconds.value) {
            (Answer::Delay, Some(seconds)) => {
                Some(FaultKind::Delay(Duration::from_secs(seconds.value.0.unsigned_abs())))
            }
            (_, None) if table.seconds.stands => None,
            (Answer::Delay, None) => {
                flaws.push(
                    Flaw::new("a delay needs `seconds`")
                        .at(&answer.span, "how late?")
                        .help("add `seconds = 5`; at most 60"),
                );
                None
            }
            (_, Some(seconds)) => {
                flaws.push(
                    Flaw::new("`seconds` is for a delay")
                        .at(&seconds.span, "not with this answer")
                        .at(&answer.span, "the answer"),
                );
                None
            }
            (Answer::Servfail, None) => Some(FaultKind::Servfail),
            (Answer::Refused, None) => Some(FaultKind::Refused),
            (Answer::Silence, None) => Some(FaultKind::Silence),
        });
        names.extend(name.clone());
        if let (Some(name), Some(kind)) = (name, kind) {
            faults.push(Fault { name: name.value, record_type: table.r#type.map(|kind| kind.0), kind });
        }
    }
    (faults, names)
}

fn fault_name(origin: &Domain, written: &str, span: &Range<usize>, flaws: &mut Vec<Flaw>) -> Option<Spanned<DnsName>> {
    let apex = DnsName::from(origin);
    let twice = written.to_ascii_lowercase().strip_suffix(&format!(".{origin}")).map(str::to_owned);
    let flaw = match DnsName::relative(written, &apex) {
        Err(error) => Flaw::new(error.to_string()).at(span, "here"),
        Ok(name) if !name.is_within(&apex) => Flaw::new(format!("{name} lies outside the zone {origin}"))
            .at(span, "not in this zone")
            .help("declare the fault in the zone that has the name"),
        Ok(name) => match twice {
            None => return Some(Spanned { value: name, span: span.clone() }),
            Some(head) => Flaw::new(format!("`{written}` is read as `{name}`"))
                .at(span, "relative to the zone")
                .help(format!("write `{head}`, or `{written}.` with a final dot")),
        },
    };
    flaws.push(flaw);
    None
}
