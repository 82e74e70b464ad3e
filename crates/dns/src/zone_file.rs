//! Another server's zone file, to be served here.

use crate::ZoneData;
use mail::{DnsName, Domain};
use plan::Dnssec;
use zonefile::{Record, ZoneFile, read};

/// Why a zone file cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is not understood: {reason}")]
pub struct ZoneFileError {
    /// The line at which the record or directive begins, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

/// Reads a zone file, to be served unsigned; what other servers sign it with is left out, and so are records of types of which
/// the data is not read here. Its apex is the owner of its SOA record, else its first `$ORIGIN`, if that comes before any
/// record, else `domain`.
///
/// # Errors
/// Something in it cannot be read, and where that is.
pub fn read_zone_file(text: &str, domain: &Domain) -> Result<ZoneData, ZoneFileError> {
    let file = read(text, &domain.into());
    if let Some(fault) = file.faults.iter().find(|fault| !fault.is_of_other_servers) {
        return Err(ZoneFileError { line: fault.line, reason: fault.message.clone() });
    }
    let origin = match apex(&file) {
        Some((line, name)) => name.to_string().parse().map_err(|_| ZoneFileError {
            line,
            reason: format!("`{name}` is no domain, and cannot be the apex of a zone"),
        })?,
        None => domain.clone(),
    };
    let records = file.records.iter().map(Record::to_line).collect();
    Ok(ZoneData { origin, dnssec: Dnssec::Insecure, records, faults: Vec::new() })
}

fn apex(file: &ZoneFile) -> Option<(usize, &DnsName)> {
    let soa = file.records.iter().find(|record| record.record_type == hickory_proto::rr::RecordType::SOA);
    let first = || file.directives.iter().find_map(|directive| Some((directive, directive.origin.as_ref()?)));
    let named = || first().filter(|(directive, _)| !directive.is_after_records).map(|(at, name)| (at.line, name));
    soa.map(|record| (record.line, &record.owner)).or_else(named)
}

/// Selectors of the DKIM keys that a zone has for a domain (RFC 6376 §3.6.2.1), each once, sorted.
#[must_use]
pub fn selectors(zone: &ZoneData, domain: &Domain) -> Vec<String> {
    let file = read(&zone.records, &(&zone.origin).into());
    let behind = format!("._domainkey.{domain}");
    let owners = file.records.iter().map(|record| record.owner.to_string());
    let mut found: Vec<String> = owners.filter_map(|owner| owner.strip_suffix(&behind).map(str::to_owned)).collect();
    found.sort();
    found.dedup();
    found
}
