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
    if !record.starts_with('"') {
        return record.to_owned();
    }
    let mut text: Vec<u8> = Vec::new();
    let mut octets = record.bytes().peekable();
    let mut is_inside = false;
    while let Some(octet) = octets.next() {
        match octet {
            b'"' => is_inside = !is_inside,
            b'\\' if is_inside => {
                let mut digits = octets.clone().take(3).filter(u8::is_ascii_digit);
                let code = match (digits.next(), digits.next(), digits.next()) {
                    (Some(a), Some(b), Some(c)) => [a, b, c].iter().fold(0, |n, d| n * 10 + u32::from(d - b'0')),
                    _ => u32::MAX,
                };
                match u8::try_from(code) {
                    Ok(code) => {
                        text.push(code);
                        octets.nth(2);
                    }
                    Err(_) => text.extend(octets.next()),
                }
            }
            _ if is_inside => text.push(octet),
            _ => {}
        }
    }
    String::from_utf8_lossy(&text).into_owned()
}
