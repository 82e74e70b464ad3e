//! From a question to the records of its answer (RFC 1034 §4.3.2, RFC 4035 §3.1).
//!
//! An alias is answered with its CNAME record alone; whoever asks goes on with a question of its own.

use crate::{
    key::Key,
    tree::{Tree, ancestry},
    zone::{Node, Zone},
};
use hickory_proto::{
    op::ResponseCode,
    rr::{LowerName, Name, RData, Record, RecordType, rdata::TXT},
    serialize::binary::BinEncodable,
};
use plan::Dnssec;

/// The sections of an answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) code: ResponseCode,
    pub(crate) answers: Vec<Record>,
    pub(crate) authorities: Vec<Record>,
    /// Only that it does not fit is to be said (the TC bit, RFC 2181 §9).
    pub(crate) is_truncated: bool,
}

/// One answer in the making.
struct Maker<'a> {
    tree: &'a Tree,
    zone: &'a Zone,
    key: &'a Key,
    /// Signatures and proofs are wanted, and this zone has them.
    signs: bool,
    /// TXT records are to have so many octets.
    padded: usize,
    answer: Answer,
}

/// Answers a question of class IN; `padded`: other TXT records are added until all of them have so many octets on the wire.
pub(crate) fn answer(
    tree: &Tree,
    key: &Key,
    name: &LowerName,
    kind: RecordType,
    dnssec_ok: bool,
    padded: u16,
) -> Answer {
    let zone = tree.authority(name, kind);
    let signs = dnssec_ok && zone.dnssec != Dnssec::Insecure;
    let mut maker = Maker { tree, zone, key, signs, padded: padded.into(), answer: Answer::default() };
    maker.fill(name, kind);
    maker.answer
}

impl Maker<'_> {
    fn fill(&mut self, name: &LowerName, kind: RecordType) {
        let (tree, zone) = (self.tree, self.zone);
        if tree.is_lame(zone, name, kind) {
            self.answer.code = ResponseCode::ServFail;
        } else if let Some(node) = tree.node(zone, name, self.key) {
            if !self.take(&node, name, kind) {
                self.deny(&[name]);
            }
        } else if tree.exists(zone, name) {
            self.deny(&[name]);
        } else {
            self.fill_absent(name, kind);
        }
    }

    /// A name that the zone does not have: its closest encloser's wildcard answers, or nothing does (RFC 4592 §3.3.1).
    fn fill_absent(&mut self, name: &LowerName, kind: RecordType) {
        let encloser = ancestry(name).skip(1).find(|above| self.tree.exists(self.zone, above));
        let encloser = encloser.expect("the apex exists");
        let Ok(wildcard) = Name::from(encloser).prepend_label("*").map(|name| LowerName::new(&name)) else {
            self.answer.code = ResponseCode::NXDomain;
            return self.deny(&[name]);
        };
        match self.zone.nodes.get(&wildcard) {
            None => {
                self.answer.code = ResponseCode::NXDomain;
                self.deny(&[name, &wildcard]);
            }
            Some(node) if self.take(node, name, kind) => self.prove(&[name]),
            Some(_) => self.deny(&[name, &wildcard]),
        }
    }

    /// Answers with a name's records of that type, or else its CNAME. False if it has neither.
    fn take(&mut self, node: &Node, owner: &LowerName, kind: RecordType) -> bool {
        let wanted = |found: &RecordType| kind == RecordType::ANY || *found == kind;
        let mut sets: Vec<_> = node.iter().filter(|(found, _)| wanted(found)).map(|(_, set)| set).collect();
        if sets.is_empty() {
            sets.extend(node.get(&RecordType::CNAME));
        }
        for set in &sets {
            let labels = set.first().map_or(0, |record| record.name.num_labels());
            let mut records = set.to_vec();
            if set.first().is_some_and(|record| record.record_type() == RecordType::TXT) {
                pad(&mut records, self.padded);
            }
            for record in &mut records {
                record.name = owner.into();
            }
            let signed = self.signed(labels, records);
            self.answer.answers.extend(signed);
        }
        !sets.is_empty()
    }

    /// SOA, and the proof that there is nothing to answer with (RFC 2308 §2, RFC 4035 §3.1.3).
    fn deny(&mut self, names: &[&LowerName]) {
        let apex = &self.zone.nodes[&self.zone.origin];
        let soa = self.signed(self.zone.origin.num_labels(), apex[&RecordType::SOA].clone());
        self.answer.authorities.extend(soa);
        self.prove(names);
    }

    fn prove(&mut self, names: &[&LowerName]) {
        if !self.signs {
            return;
        }
        for name in names {
            let nsec = self.tree.nsec(self.zone, name, self.key);
            if !self.answer.authorities.contains(&nsec) {
                let signed = self.signed(nsec.name.num_labels(), vec![nsec]);
                self.answer.authorities.extend(signed);
            }
        }
    }

    /// An RRset, followed by its signature where there is to be one.
    fn signed(&self, labels: u8, mut set: Vec<Record>) -> Vec<Record> {
        if self.signs {
            let zone = Name::from(self.zone.origin.clone());
            set.extend(self.key.sign(&zone, self.zone.dnssec, labels, &set).ok());
        }
        set
    }
}

/// Adds TXT records until all of them have so many octets on the wire.
fn pad(records: &mut Vec<Record>, octets: usize) {
    /// A compressed name, type, class, TTL and the length of the data (RFC 1035 §4.1.3).
    const HEAD: usize = 12;
    /// The longest text of a record that is added, and the shortest.
    const TEXT: (usize, usize) = (255, 20);
    let size = |record: &Record| HEAD + record.data.to_bytes().map_or(0, |data| data.len());
    let mut left = octets.saturating_sub(records.iter().map(size).sum());
    let mut number = 0;
    while left > HEAD + TEXT.1 {
        let mut text = (left - HEAD - 1).min(TEXT.0);
        let rest = left - HEAD - 1 - text;
        if rest > 0 && rest <= HEAD + TEXT.1 {
            text -= HEAD + TEXT.1;
        }
        let text = format!("{:x<text$}", format!("padding {number:04} "));
        let Some(first) = records.first() else { return };
        records.push(Record::from_rdata(first.name.clone(), first.ttl, RData::TXT(TXT::new(vec![text]))));
        left = left.saturating_sub(records.last().map_or(0, size));
        number += 1;
    }
}
