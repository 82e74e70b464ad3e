//! The authoritative server of the pretend Internet: every zone there is, signed from one root, in this process.
//!
//! A zone is a plain set of records. Delegations, signatures and proofs of non-existence are made for each answer, so
//! publishing and withdrawing a zone signs nothing. The root and the top-level domains exist by themselves and are
//! signed; whatever nobody published is denied with a proof that validates (RFC 4035 §5.4).

mod answer;
mod ask;
mod error;
mod handler;
mod journal;
mod key;
mod lookup;
mod resolver;
mod server;
mod tree;
mod zone;
mod zone_file;

pub use error::DnsError;
pub use lookup::{Inquiry, lookup, lookup_and_lint};
pub use resolver::{Found, Resolver};
pub use server::{Lease, Server};
pub use zone_file::{ZoneFileError, read_zone_file, selectors};

use mail::Domain;
use plan::{Dnssec, Fault};

/// A zone to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ZoneData {
    /// Its apex.
    pub origin: Domain,
    /// How it is signed, and whether well.
    pub dnssec: Dnssec,
    /// Records in zone-file syntax (RFC 1035 §5), names relative to the apex; every TTL is 0. SOA and NS are added where they
    /// are absent.
    pub records: String,
    /// Names in it that answer wrongly.
    pub faults: Vec<Fault>,
}

impl ZoneData {
    /// Whether its text has a record of this name.
    #[must_use]
    pub fn has_name(&self, name: &Domain) -> bool {
        self.has(name, |_| true)
    }

    /// Whether its text says where mail for this name goes, if only by an address (RFC 5321 §5.1).
    #[must_use]
    pub fn takes_mail(&self, name: &Domain) -> bool {
        use hickory_proto::rr::RecordType as Kind;
        self.has(name, |kind| matches!(kind, Kind::MX | Kind::A | Kind::AAAA | Kind::CNAME))
    }

    /// Whether more names or addresses in it may change what an SPF record says (RFC 7208 §5.3 to §5.7), or what a wildcard does.
    #[must_use]
    pub fn names_are_used(&self) -> bool {
        let file = self.file();
        let is_used = |record: &zonefile::Record| {
            let text =
                record.text().map(|text| String::from_utf8_lossy(&text).to_ascii_lowercase()).unwrap_or_default();
            let term = |term: &str| {
                let name =
                    term.trim_start_matches(['+', '-', '~', '?']).split([':', '/', '=']).next().unwrap_or_default();
                ["a", "mx", "ptr", "exists"].contains(&name)
            };
            text.starts_with("v=spf1") && text.split(' ').any(term)
        };
        let is_wildcard = |record: &zonefile::Record| record.owner.labels().next() == Some(&b"*"[..]);
        file.records.iter().any(|record| is_used(record) || is_wildcard(record))
    }

    fn has(&self, name: &Domain, wanted: impl Fn(hickory_proto::rr::RecordType) -> bool) -> bool {
        let name = mail::DnsName::from(name);
        self.file().records.iter().any(|record| record.owner == name && wanted(record.record_type))
    }

    fn file(&self) -> zonefile::ZoneFile {
        zonefile::read(&self.records, &mail::DnsName::from(&self.origin))
    }
}
