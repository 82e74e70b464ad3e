//! What the DNS answered to a look-up.

use super::{filled, part};
use claims::lookup::plain;
use evidence::{LookedUp, Remark};
use plan::Lookup;

/// Records whose data is made anew for each run.
const MADE: [&str; 7] = ["DS", "DNSKEY", "CDS", "CDNSKEY", "RRSIG", "NSEC", "NSEC3"];

/// The answer, and what the lint says of it.
pub(super) fn text(planned: &Lookup, seen: &LookedUp) -> String {
    let mut lines = vec![format!("{} {}", planned.name.value, planned.record_type)];
    lines.push(answer(seen));
    lines.extend(records(&planned.record_type, seen).into_iter().map(|record| format!("  {record}")));
    let remark = |remark: &Remark| format!("{}: {} ({})", remark.code, remark.text, remark.cites);
    part(&planned.label, filled([("", lines), ("Lint", seen.remarks.iter().map(remark).collect())]))
}

/// `NOERROR, authentic`.
pub(super) fn answer(seen: &LookedUp) -> String {
    format!("{}, {}", seen.rcode, if seen.is_authentic { "authentic" } else { "not authentic" })
}

/// The records, sorted; in those of TLSA no digests, since certificates are made for the run (RFC 6698 §2.2).
pub(super) fn records(record_type: &str, seen: &LookedUp) -> Vec<String> {
    if MADE.iter().any(|made| made.eq_ignore_ascii_case(record_type)) {
        return match seen.records.len() {
            0 => Vec::new(),
            many => vec![format!("{many} of them, made for the run")],
        };
    }
    let is_tlsa = record_type.eq_ignore_ascii_case("TLSA");
    let mut records: Vec<String> = seen.records.iter().map(|record| told(record, is_tlsa)).collect();
    records.sort();
    records
}

/// Character-strings as one, so that a key in several of them is recognised as one.
fn told(record: &str, is_tlsa: bool) -> String {
    if record.trim_start().starts_with('"') {
        return format!("\"{}\"", plain(record));
    }
    let words: Vec<&str> = record.split_whitespace().collect();
    match words.as_slice() {
        [usage, selector, matching, _data, ..] if is_tlsa && usage.parse::<u8>().is_ok() => {
            format!("{usage} {selector} {matching} <digest>")
        }
        _ => record.to_owned(),
    }
}
