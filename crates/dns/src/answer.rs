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
    rr::{LowerName, Name, Record, RecordType},
};
use plan::Dnssec;

/// The sections of an answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) code: ResponseCode,
    pub(crate) answers: Vec<Record>,
    pub(crate) authorities: Vec<Record>,
}

/// One answer in the making.
struct Maker<'a> {
    tree: &'a Tree,
    zone: &'a Zone,
    key: &'a Key,
    /// Signatures and proofs are wanted, and this zone has them.
    signs: bool,
    answer: Answer,
}

/// Answers a question of class IN.
pub(crate) fn answer(tree: &Tree, key: &Key, name: &LowerName, kind: RecordType, dnssec_ok: bool) -> Answer {
    let zone = tree.authority(name, kind);
    let signs = dnssec_ok && zone.dnssec != Dnssec::Insecure;
    let mut maker = Maker { tree, zone, key, signs, answer: Answer::default() };
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
            let records = set.iter().cloned().map(|mut record| {
                record.name = owner.into();
                record
            });
            let signed = self.signed(labels, records.collect());
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
