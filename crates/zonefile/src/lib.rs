//! Zone files (RFC 1035 §5): text becomes records, or every fault at once, each with its place.
//!
//! Scenarios are checked, zones are served and `lookup --zone` looks into files with this one reader, so that what passes one
//! passes all. It knows any octet in a name (RFC 2181 §11) and in a text, and records of any type (RFC 3597 §5).

mod data;
mod entry;
mod reader;
mod types;

pub use reader::{Directive, Fault, Record, ZoneFile, read};
pub use types::{record_type, type_word};

use hickory_proto::rr::Name;
use mail::DnsName;

/// A name as the DNS library has it.
///
/// # Panics
/// Never: a [`DnsName`] keeps to the lengths of the DNS.
#[must_use]
pub fn library_name(name: &DnsName) -> Name {
    Name::from_labels(name.labels()).expect("a name of the DNS keeps to its lengths")
}

/// A name of the DNS library as ours.
///
/// # Panics
/// Never: the library keeps to the lengths of the DNS.
#[must_use]
pub fn own_name(name: &Name) -> DnsName {
    DnsName::from_labels(name.iter()).expect("the library keeps to the lengths of the DNS")
}

#[cfg(test)]
mod tests;
