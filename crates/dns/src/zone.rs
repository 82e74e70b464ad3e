//! One zone: records by name and type, read from zone-file text.

use crate::{DnsError, ZoneData, key::Key, zone_file::flat};
use hickory_proto::{
    op::ResponseCode,
    rr::{
        DNSClass, LowerName, Name, RData, Record, RecordSet, RecordType, RrKey,
        rdata::{NS, SOA},
    },
    serialize::txt::Parser,
};
use mail::Domain;
use plan::{Dnssec, FaultKind};
use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};

/// How much later than a delay its question may come again and still be the same one.
const PATIENCE: Duration = Duration::from_secs(1);

/// The RRsets of one name.
pub(crate) type Node = BTreeMap<RecordType, Vec<Record>>;

/// A zone with its apex records; what its parent says of it is not in it.
#[derive(Debug)]
pub(crate) struct Zone {
    pub(crate) origin: LowerName,
    pub(crate) dnssec: Dnssec,
    /// In canonical order (RFC 4034 §6.1).
    pub(crate) nodes: BTreeMap<LowerName, Node>,
    /// Published by somebody, and not one of the server's own.
    pub(crate) leased: bool,
    /// It answers nothing before.
    pub(crate) quiet_until: Option<Instant>,
    faults: Vec<Fault>,
}

/// A name that answers wrongly.
#[derive(Debug)]
struct Fault {
    name: LowerName,
    kind: Option<RecordType>,
    what: FaultKind,
    /// When the question came that a delay still holds back.
    asked: Mutex<Option<Instant>>,
}

/// What a question gets instead of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Instead {
    Code(ResponseCode),
    Silence,
    /// The answer, but only then.
    Later(Instant),
}

impl Zone {
    /// A signed zone with nothing but its apex.
    pub(crate) fn bare(origin: LowerName, key: &Key) -> Self {
        let mut zone = Self {
            origin,
            dnssec: Dnssec::Signed,
            nodes: BTreeMap::new(),
            leased: false,
            quiet_until: None,
            faults: Vec::new(),
        };
        zone.complete(key);
        zone
    }

    /// Reads a zone.
    pub(crate) fn read(data: &ZoneData, key: &Key) -> Result<Self, DnsError> {
        let origin = name_of(&data.origin);
        let within = |name: &LowerName| match origin.zone_of(name) {
            true => Ok(()),
            false => Err(DnsError::Outside { origin: data.origin.clone(), name: name.to_string() }),
        };
        let mut nodes: BTreeMap<LowerName, Node> = BTreeMap::new();
        for (key, set) in
            parse(&origin, &data.records).map_err(|reason| DnsError::Records { origin: data.origin.clone(), reason })?
        {
            within(&key.name)?;
            let ttl = set.ttl();
            let records = set.records_without_rrsigs().cloned().map(|mut record| {
                (record.ttl, record.dns_class) = (ttl, DNSClass::IN);
                record
            });
            nodes.entry(key.name).or_default().insert(key.record_type, records.collect());
        }
        let mut faults = Vec::new();
        for fault in &data.faults {
            let name = name_of(&fault.name);
            within(&name)?;
            let kind = fault.record_type.as_deref().map(record_type).transpose()?;
            faults.push(Fault { name, kind, what: fault.kind, asked: Mutex::default() });
        }
        let mut zone = Self { origin, dnssec: data.dnssec, nodes, leased: true, quiet_until: None, faults };
        zone.complete(key);
        Ok(zone)
    }

    /// What is wrong with the answer to a question, and nothing happens because of the asking.
    pub(crate) fn fault_kind(&self, name: &LowerName, kind: RecordType) -> Option<FaultKind> {
        self.fault_of(name, kind).map(|fault| fault.what)
    }

    /// A fault of the question's very type goes before one of any type.
    fn fault_of(&self, name: &LowerName, kind: RecordType) -> Option<&Fault> {
        let of = |wanted| self.faults.iter().find(|fault| fault.name == *name && fault.kind == wanted);
        of(Some(kind)).or_else(|| of(None))
    }

    /// What a question gets instead of its answer.
    pub(crate) fn fault(&self, name: &LowerName, kind: RecordType) -> Option<Instead> {
        let fault = self.fault_of(name, kind)?;
        Some(match fault.what {
            FaultKind::Servfail => Instead::Code(ResponseCode::ServFail),
            FaultKind::Refused => Instead::Code(ResponseCode::Refused),
            FaultKind::Silence => Instead::Silence,
            FaultKind::Delay(delay) => Instead::Later(fault.due(delay)),
        })
    }

    /// Adds what an apex must have (RFC 1035 §3.3.13, RFC 4035 §2.1).
    fn complete(&mut self, key: &Key) {
        let origin = Name::from(self.origin.clone());
        let below = |label: &str| origin.prepend_label(label).unwrap_or_else(|_| origin.clone());
        let soa = SOA::new(below("ns"), below("hostmaster"), 1, 3600, 600, 86400, 0);
        let apex = self.nodes.entry(self.origin.clone()).or_default();
        let mut add = |kind, data| {
            apex.entry(kind).or_insert_with(|| vec![Record::from_rdata(origin.clone(), 0, data)]);
        };
        add(RecordType::SOA, RData::SOA(soa));
        add(RecordType::NS, RData::NS(NS(below("ns"))));
        if self.dnssec != Dnssec::Insecure {
            add(RecordType::DNSKEY, key.dnskey());
        }
    }
}

impl Fault {
    /// When a question is answered: so long after it was first asked, since resolvers soon ask again and take no answer to
    /// what they asked before. One that asks again only just too late has waited long enough.
    fn due(&self, delay: Duration) -> Instant {
        let now = Instant::now();
        let mut asked = self.asked.lock().expect("no holder panics");
        let first = asked.filter(|first| now <= *first + delay + PATIENCE).unwrap_or(now);
        *asked = Some(first);
        first + delay
    }
}

/// A domain as the DNS has it.
pub(crate) fn name_of(domain: &Domain) -> LowerName {
    let name = Name::from_ascii(format!("{domain}.")).expect("a domain name is a name of the DNS");
    LowerName::new(&name)
}

/// Reads a word such as `TXT`.
pub(crate) fn record_type(word: &str) -> Result<RecordType, DnsError> {
    word.to_ascii_uppercase().parse().map_err(|_| DnsError::RecordType(word.to_owned()))
}

/// Reads records in zone-file syntax; else what the parser says.
fn parse(origin: &LowerName, text: &str) -> Result<BTreeMap<RrKey, RecordSet>, String> {
    let origin = Name::from(origin.clone());
    let text = flat(text, &origin).map_err(|e| e.to_string())?;
    let parser = Parser::new(format!("$TTL 0\n{text}"), None, Some(origin));
    parser.parse().map(|(_, records)| records).map_err(|e| e.to_string())
}
