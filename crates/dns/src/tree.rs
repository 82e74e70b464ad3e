//! All zones as one tree: who answers, what parents say of their children, and which names are next to which.

use crate::{
    key::Key,
    zone::{Node, Zone},
};
use hickory_proto::{
    dnssec::rdata::{DNSSECRData, NSEC},
    rr::{LowerName, Name, RData, Record, RecordType},
};
use plan::Dnssec;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    ops::Bound,
    time::{Duration, Instant, SystemTime},
};

/// What a validator's reading of the clock may lag behind ours.
const TICK: Duration = Duration::from_millis(20);

#[derive(Debug)]
pub(crate) struct Tree {
    /// In canonical order (RFC 4034 §6.1): what lies below a name follows it at once.
    zones: BTreeMap<LowerName, Zone>,
    /// Zones withdrawn in the current second of the clock, and how they were signed.
    withdrawn: Vec<(LowerName, Dnssec, u64)>,
}

impl Tree {
    /// Only the root.
    pub(crate) fn new(key: &Key) -> Self {
        let root = LowerName::new(&Name::root());
        Self { zones: BTreeMap::from([(root.clone(), Zone::bare(root, key))]), withdrawn: Vec::new() }
    }

    /// Whether somebody has published this zone.
    pub(crate) fn is_leased(&self, origin: &LowerName) -> bool {
        self.zones.get(origin).is_some_and(|zone| zone.lease.is_some())
    }

    /// Whether this zone was published under that lease.
    pub(crate) fn is_leased_as(&self, origin: &LowerName, lease: u64) -> bool {
        self.zones.get(origin).is_some_and(|zone| zone.lease == Some(lease))
    }

    /// Adds a zone, with its top-level domain if that is new.
    ///
    /// A validator remembers how a zone is signed until the second is over, even with TTL 0 (Unbound's key cache). So a zone
    /// that takes another's place within that second, signed otherwise, answers only in the next one.
    pub(crate) fn add(&mut self, mut zone: Zone, key: &Key) {
        let now = since_epoch();
        self.withdrawn.retain(|(.., second)| *second == now.as_secs());
        let contradicts = |origin: &LowerName, dnssec| match *origin == zone.origin {
            true => dnssec != zone.dnssec,
            false => origin.zone_of(&zone.origin) || zone.origin.zone_of(origin),
        };
        if self.withdrawn.iter().any(|(origin, dnssec, _)| contradicts(origin, *dnssec)) {
            zone.quiet_until = Some(Instant::now() + Duration::from_secs(now.as_secs() + 1) + TICK - now);
        }
        let top =
            ancestry(&zone.origin).find(|name| name.base_name().is_root()).expect("a published zone is not the root");
        self.zones.entry(top.clone()).or_insert_with(|| Zone::bare(top, key));
        self.zones.insert(zone.origin.clone(), zone);
    }

    /// Takes a zone away. A top-level domain stays, bare.
    pub(crate) fn remove(&mut self, origin: &LowerName, key: &Key) {
        if let Some(zone) = self.zones.remove(origin) {
            self.withdrawn.push((zone.origin, zone.dnssec, since_epoch().as_secs()));
        }
        if origin.base_name().is_root() {
            self.zones.insert(origin.clone(), Zone::bare(origin.clone(), key));
        }
    }

    /// The zone that answers a question: the deepest one, but the parent for DS (RFC 4035 §3.1.4.1).
    pub(crate) fn authority(&self, name: &LowerName, kind: RecordType) -> &Zone {
        let zone = self.deepest(name);
        if kind == RecordType::DS && zone.origin == *name { self.deepest(&name.base_name()) } else { zone }
    }

    /// How the zone at this very name is signed, if there is one.
    pub(crate) fn state(&self, origin: &LowerName) -> Option<Dnssec> {
        self.zones.get(origin).map(|zone| zone.dnssec)
    }

    /// Whether records delegate the name, or one above it, to servers that nobody plays. DS is the parent's.
    pub(crate) fn is_lame(&self, zone: &Zone, name: &LowerName, kind: RecordType) -> bool {
        let cuts = |name: &LowerName| zone.nodes.get(name).is_some_and(|node| node.contains_key(&RecordType::NS));
        ancestry(name)
            .take_while(|above| *above != zone.origin)
            .any(|above| cuts(&above) && !(kind == RecordType::DS && above == *name))
    }

    /// The RRsets that a zone has at a name; at a child's apex those of the delegation.
    pub(crate) fn node<'a>(&'a self, zone: &'a Zone, name: &LowerName, key: &Key) -> Option<Cow<'a, Node>> {
        let child = self.zones.get(name).filter(|child| child.origin != zone.origin);
        match child {
            Some(child) => Some(Cow::Owned(delegation(child, key))),
            None => zone.nodes.get(name).map(Cow::Borrowed),
        }
    }

    /// Whether a name exists in a zone, if only because one below it does (RFC 8020 §2).
    pub(crate) fn exists(&self, zone: &Zone, name: &LowerName) -> bool {
        let below = (Bound::Included(name), Bound::Unbounded);
        let first = |found: Option<&LowerName>| found.is_some_and(|found| name.zone_of(found));
        first(zone.nodes.range(below).next().map(|(n, _)| n)) || first(self.zones.range(below).next().map(|(n, _)| n))
    }

    /// The NSEC record that stands at a name or covers it (RFC 4034 §4).
    pub(crate) fn nsec(&self, zone: &Zone, name: &LowerName, key: &Key) -> Record {
        let upto = (Bound::Included(&zone.origin), Bound::Included(name));
        let visible = |n: &&LowerName| !self.is_occluded(zone, n);
        let owner = Ord::max(
            zone.nodes.range(upto).map(|(n, _)| n).rev().find(visible),
            self.zones.range(upto).map(|(n, _)| n).rev().find(visible),
        );
        let owner = owner.unwrap_or(&zone.origin);
        let after = (Bound::Excluded(owner), Bound::Unbounded);
        let next = [
            zone.nodes.range(after).map(|(n, _)| n).find(visible),
            self.zones.range(after).map(|(n, _)| n).take_while(|n| zone.origin.zone_of(n)).find(visible),
        ];
        let next = next.into_iter().flatten().min().unwrap_or(&zone.origin);
        let node = self.node(zone, owner, key).unwrap_or_default();
        let data = NSEC::new_cover_self(next.into(), node.keys().copied());
        Record::from_rdata(owner.into(), 0, RData::DNSSEC(DNSSECRData::NSEC(data)))
    }

    /// The zone that a name lies in.
    pub(crate) fn deepest(&self, name: &LowerName) -> &Zone {
        ancestry(name).find_map(|above| self.zones.get(&above)).expect("there is always a root")
    }

    /// Whether a name of a zone lies below a delegation, and so is not the zone's to speak of.
    fn is_occluded(&self, zone: &Zone, name: &LowerName) -> bool {
        let cut = |above: &LowerName| {
            self.zones.contains_key(above)
                || zone.nodes.get(above).is_some_and(|node| node.contains_key(&RecordType::NS))
        };
        ancestry(name).skip(1).take_while(|above| *above != zone.origin).any(|above| cut(&above))
    }
}

/// A name, its parent, and so on up to the root.
pub(crate) fn ancestry(name: &LowerName) -> impl Iterator<Item = LowerName> {
    std::iter::successors(Some(name.clone()), |name| (!name.is_root()).then(|| name.base_name()))
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

/// What a parent says of a child: NS, and DS unless the child is insecure (RFC 4035 §2.4).
fn delegation(child: &Zone, key: &Key) -> Node {
    let origin = Name::from(child.origin.clone());
    let apex = child.nodes.get(&child.origin);
    let mut node = Node::new();
    if let Some(servers) = apex.and_then(|apex| apex.get(&RecordType::NS)) {
        node.insert(RecordType::NS, servers.clone());
    }
    if let Some(ds) = key.ds(&origin, child.dnssec) {
        let record = Record::from_rdata(origin, 0, RData::DNSSEC(DNSSECRData::DS(ds)));
        node.insert(RecordType::DS, vec![record]);
    }
    node
}
