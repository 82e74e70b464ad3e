//! One zone: records by name and type, read from zone-file text.

use crate::{DnsError, ZoneData, key::Key};
use hickory_proto::{
    op::ResponseCode,
    rr::{
        LowerName, Name, RData, Record, RecordType,
        rdata::{NS, SOA},
    },
};
use mail::{DnsName, Domain};
use plan::{Dnssec, FaultKind};
use std::{
    collections::BTreeMap,
    sync::Mutex,
    time::{Duration, Instant},
};
use tokio::sync::watch;
use zonefile::library_name;

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
    /// The lease under which somebody published it; `None`: it is one of the server's own.
    pub(crate) lease: Option<u64>,
    /// Questions that were not answered at once. They are let go when the zone is withdrawn, since this ends with it.
    pub(crate) held: watch::Sender<()>,
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
    /// Only that the answer does not fit.
    Truncated,
    /// The answer, with so many octets of other TXT records in it.
    Padded(u16),
}

impl Zone {
    /// A signed zone with nothing but its apex.
    pub(crate) fn bare(origin: LowerName, key: &Key) -> Self {
        let mut zone = Self {
            origin,
            dnssec: Dnssec::Signed,
            nodes: BTreeMap::new(),
            lease: None,
            held: watch::Sender::new(()),
            quiet_until: None,
            faults: Vec::new(),
        };
        zone.complete(key);
        zone
    }

    /// Reads a zone that is published under a lease.
    pub(crate) fn read(data: &ZoneData, key: &Key, lease: u64) -> Result<Self, DnsError> {
        let apex = DnsName::from(&data.origin);
        let within = |name: &DnsName| match name.is_within(&apex) {
            true => Ok(LowerName::new(&library_name(name))),
            false => Err(DnsError::Outside { origin: data.origin.clone(), name: name.to_string() }),
        };
        let file = zonefile::read(&data.records, &apex);
        if let Some(fault) = file.faults.first() {
            let reason = format!("line {}: {}", fault.line, fault.message);
            return Err(DnsError::Records { origin: data.origin.clone(), reason });
        }
        let mut nodes: BTreeMap<LowerName, Node> = BTreeMap::new();
        for record in &file.records {
            let set = nodes.entry(within(&record.owner)?).or_default().entry(record.record_type).or_default();
            if matches!(record.record_type, RecordType::CNAME | RecordType::SOA) {
                set.clear(); // there is one only
            }
            let record = record.to_library();
            if !set.contains(&record) {
                set.push(record);
            }
        }
        let mut faults = Vec::new();
        for fault in &data.faults {
            let name = within(&fault.name)?;
            let kind = fault.record_type.as_deref().map(record_type).transpose()?;
            faults.push(Fault { name, kind, what: fault.kind, asked: Mutex::default() });
        }
        let origin = name_of(&data.origin);
        let mut zone = Self {
            origin,
            dnssec: data.dnssec,
            nodes,
            lease: Some(lease),
            held: watch::Sender::new(()),
            quiet_until: None,
            faults,
        };
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
    pub(crate) fn fault(&self, name: &LowerName, kind: RecordType, is_udp: bool) -> Option<Instead> {
        let fault = self.fault_of(name, kind)?;
        Some(match fault.what {
            FaultKind::Servfail => Instead::Code(ResponseCode::ServFail),
            FaultKind::Refused => Instead::Code(ResponseCode::Refused),
            FaultKind::Nxdomain => Instead::Code(ResponseCode::NXDomain),
            FaultKind::Notimp => Instead::Code(ResponseCode::NotImp),
            FaultKind::Truncated | FaultKind::NoTcp if is_udp => Instead::Truncated,
            FaultKind::Silence | FaultKind::NoTcp => Instead::Silence,
            FaultKind::Truncated => return None,
            FaultKind::Delay(delay) => Instead::Later(fault.due(delay)),
            FaultKind::Oversized(octets) if kind == RecordType::TXT => Instead::Padded(octets),
            FaultKind::Oversized(_) => return None,
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
    LowerName::new(&library_name(&domain.into()))
}

/// Reads a word such as `TXT`.
pub(crate) fn record_type(word: &str) -> Result<RecordType, DnsError> {
    zonefile::record_type(word).ok_or_else(|| DnsError::RecordType(word.to_owned()))
}
