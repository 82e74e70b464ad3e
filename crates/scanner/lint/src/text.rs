//! TXT records: from zone-file form to text (RFC 1035 §5.1).

use evidence::LookedUp;

/// Texts of the TXT records of an answer: the strings of each joined (RFC 7208 §3.3). Aliases on the way to them are left out.
#[must_use]
pub fn texts(found: &LookedUp) -> Vec<String> {
    found.records.iter().filter(|record| !is_alias(record)).map(|record| text(record)).collect()
}

/// Whether a record is the name that an alias leads to, and no text.
fn is_alias(record: &str) -> bool {
    !record.starts_with('"') && record.ends_with('.') && !record.contains([' ', '='])
}

fn text(record: &str) -> String {
    if record.starts_with('"') { mail::txt_text(record) } else { record.to_owned() }
}
