//! Zones: sugar becomes records, and what contradicts itself is found.

use crate::{
    DkimKey, Dnssec, Fault, FaultKind, KeyAlgorithm, KeyRecord, Spanned, World, Zone,
    faults::Flaw,
    language::{DkimTable, FaultTable, ZoneTable},
    position, records,
    values::{Bits, Exchange, Named, Selector},
    words::{Algorithm, Answer},
};
use mail::Domain;
use std::{collections::BTreeMap, ops::Range, time::Duration};

/// A zone, where its name stands, and which record each line of the file makes.
pub(crate) struct Declared {
    pub(crate) zone: Zone,
    pub(crate) span: Range<usize>,
    facts: Vec<Fact>,
    faults: Vec<Spanned<Domain>>,
}

struct Fact {
    owner: String,
    kind: String,
    text: Option<String>,
    span: Range<usize>,
    sugar: bool,
}

/// Makes the zones of a file, parents first.
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
        contradicts_itself(zone, flaws);
        for child in built.iter().filter(|child| is_below(child.zone.origin.as_str(), &zone.zone.origin)) {
            contradicts_child(zone, child, flaws);
        }
    }
    built.sort_by_key(|zone| (zone.zone.origin.as_str().split('.').count(), zone.span.start));
    built
}

fn is_below(name: &str, parent: &Domain) -> bool {
    name.strip_suffix(parent.as_str()).is_some_and(|head| head.ends_with('.'))
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
    let mut sugar = |owner: String, kind: &str, data: String, meant: Option<&str>, span: &Range<usize>| {
        text.push_str(&format!("{owner}. IN {kind} {data}\n"));
        facts.push(Fact { owner, kind: kind.into(), text: meant.map(str::to_owned), span: span.clone(), sugar: true });
    };
    if let Some(spf) = &table.spf {
        sugar(origin.to_string(), "TXT", records::txt(&spf.value.0), Some(&spf.value.0), &spf.span);
    }
    if let Some(dmarc) = &table.dmarc {
        sugar(format!("_dmarc.{origin}"), "TXT", records::txt(&dmarc.value.0), Some(&dmarc.value.0), &dmarc.span);
    }
    for (record, label) in [(&table.mta_sts, "_mta-sts"), (&table.tls_rpt, "_smtp._tls")] {
        if let Some(record) = record {
            let owner = format!("{label}.{origin}");
            sugar(owner, "TXT", records::txt(&record.value.0), Some(&record.value.0), &record.span);
        }
    }
    for Spanned { value: Exchange { priority, host }, span } in table.mx.into_iter().flat_map(|mx| mx.0) {
        let host = host.map_or_else(|| ".".to_owned(), |host| format!("{host}."));
        sugar(origin.to_string(), "MX", format!("{priority} {host}"), None, &span);
    }
    if let Some(written) = &table.records {
        let (found, bad) = records::read(&origin, &written.value);
        let place = |at: &Range<usize>| position::within(file, &written.span, &written.value, at);
        let whole = bad.is_empty();
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
        if let Err(error) =
            records::check_whole(&origin, &text).map_err(|error| format!("these records cannot be read: {error}"))
            && whole
        {
            flaws.push(Flaw::new(error).at(&written.span, "here"));
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
            let owner = format!("{}._domainkey.{origin}", selector.labels);
            facts.push(Fact { owner, kind: "TXT".into(), text: None, span: span.clone(), sugar: true });
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

fn faults(origin: &Domain, tables: Vec<FaultTable>, flaws: &mut Vec<Flaw>) -> (Vec<Fault>, Vec<Spanned<Domain>>) {
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

fn fault_name(origin: &Domain, written: &str, span: &Range<usize>, flaws: &mut Vec<Flaw>) -> Option<Spanned<Domain>> {
    let whole = match written {
        "@" => origin.to_string(),
        whole if whole.ends_with('.') => whole.to_owned(),
        relative => format!("{relative}.{origin}"),
    };
    let flaw = match whole.parse::<Domain>() {
        Err(error) => Flaw::new(error.to_string()).at(span, "here"),
        Ok(name) if !name.is_within(origin) => Flaw::new(format!("{name} lies outside the zone {origin}"))
            .at(span, "not in this zone")
            .help("declare the fault in the zone that has the name"),
        Ok(name) if is_below(name.as_str(), origin) && is_below(written, origin) && !written.ends_with('.') => {
            Flaw::new(format!("`{written}` is read as `{name}`")).at(span, "relative to the zone").help(format!(
                "write `{}`, or `{written}.` with a final dot",
                written.trim_end_matches(origin.as_str()).trim_end_matches('.')
            ))
        }
        Ok(name) => return Some(Spanned { value: name, span: span.clone() }),
    };
    flaws.push(flaw);
    None
}

/// Records that cannot stand together in one zone.
fn contradicts_itself(zone: &Declared, flaws: &mut Vec<Flaw>) {
    let origin = zone.zone.origin.as_str();
    let mut owners: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
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
            if owner == origin {
                flaws.push(flaw().help("the apex has SOA and NS records (RFC 1034 §3.6.2)"));
            } else if let Some(other) = other {
                flaws.push(flaw().at(&other.span, "other data").help(help));
            }
        }
        for (record, begin) in [("SPF", "v=spf1"), ("DMARC", "v=dmarc1")] {
            let is_one =
                |fact: &&&Fact| fact.text.as_ref().is_some_and(|text| text.to_ascii_lowercase().starts_with(begin));
            twice(owner, record, facts.iter().filter(is_one).copied(), flaws);
        }
        if owner.contains("._domainkey.") {
            twice(owner, "DKIM key", facts.iter().filter(|fact| fact.kind == "TXT").copied(), flaws);
        }
    }
}

/// Complains of a record that both sugar and `records` make.
fn twice<'a>(owner: &str, record: &str, facts: impl Iterator<Item = &'a Fact>, flaws: &mut Vec<Flaw>) {
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
    let inside = |name: &str| name == origin.as_str() || is_below(name, origin);
    let records = parent.facts.iter().map(|fact| (fact.owner.as_str(), &fact.span));
    let faults = parent.faults.iter().map(|name| (name.value.as_str(), &name.span));
    for (name, span) in records.chain(faults).filter(|(name, _)| inside(name)) {
        flaws.push(
            Flaw::new(format!("{name} is declared in two zones"))
                .at(span, format!("here in {}", parent.zone.origin))
                .at(&child.span, "but this zone has the name")
                .help(format!("move it into [zone.\"{origin}\"]")),
        );
    }
}
