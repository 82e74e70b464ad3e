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
use std::net::IpAddr;

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

/// The name under which the PTR record of an address stands (RFC 1035 §3.5, RFC 3596 §2.5).
#[must_use]
pub fn reverse_name(address: IpAddr) -> Domain {
    hickory_proto::rr::Name::from(address).to_ascii().parse().expect("a reverse name is a domain name")
}
