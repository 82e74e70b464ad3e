//! Words for record types: their names, and `TYPE99` for any (RFC 3597 §5).

use hickory_proto::rr::RecordType;

/// The type of SPF records before RFC 7208 §3.1, for which the DNS library has no name.
pub(crate) const SPF: RecordType = RecordType::Unknown(99);

/// Types that other servers have and of which this reader knows no data: those of DNSSEC, which the server makes itself, and
/// rare ones (RFC 6895 §3.1).
const FOREIGN: [&str; 36] = [
    "A6",
    "AFSDB",
    "AMTRELAY",
    "APL",
    "AVC",
    "CDNSKEY",
    "CDS",
    "DHCID",
    "DLV",
    "DNAME",
    "DNSKEY",
    "DOA",
    "EUI48",
    "EUI64",
    "GPOS",
    "HIP",
    "IPSECKEY",
    "ISDN",
    "KEY",
    "KX",
    "LOC",
    "NSAP",
    "NSEC",
    "NSEC3",
    "NSEC3PARAM",
    "PX",
    "RP",
    "RRSIG",
    "RT",
    "SIG",
    "TA",
    "URI",
    "WALLET",
    "WKS",
    "X25",
    "ZONEMD",
];

/// Reads a word such as `TXT`, `SPF` or `TYPE99`, in either case.
#[must_use]
pub fn record_type(word: &str) -> Option<RecordType> {
    let upper = word.to_ascii_uppercase();
    if upper == "SPF" {
        return Some(SPF);
    }
    match upper.strip_prefix("TYPE").and_then(|number| number.parse::<u16>().ok()) {
        Some(number) => Some(number.into()),
        None => upper.parse().ok(),
    }
}

/// The word for a type.
#[must_use]
pub fn type_word(record_type: RecordType) -> String {
    match record_type {
        SPF => "SPF".to_owned(),
        RecordType::Unknown(number) => format!("TYPE{number}"),
        known => known.to_string(),
    }
}

/// Whether data of a type are not read here although other servers have such records.
pub(crate) fn is_foreign(word: &str) -> bool {
    FOREIGN.contains(&word)
}

/// Types that no zone file can have: pseudo-types and questions (RFC 6895 §3.1), and those that signing makes (RFC 4034).
pub(crate) fn is_made(record_type: RecordType) -> bool {
    let number = u16::from(record_type);
    matches!(number, 0 | 41 | 46 | 47 | 48 | 50 | 51 | 128..=255)
}
