//! Octets that a person writes as text: what is no text stands as an escape.

use crate::{Flaw, Shape, Text};
use std::ops::Range;

const HELP: &str = r"the escapes are `\r`, `\n`, `\t`, `\0`, `\xHH` and `\\`; in a text in double quotes TOML wants each backslash twice";

/// Octets as written: `\r`, `\n`, `\t`, `\0`, `\xHH` for one octet, `\\` for a backslash, else UTF-8.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Octets(pub Vec<u8>);

impl Text for Octets {
    fn shape() -> Shape {
        Shape::Text { what: r"text with the escapes `\r`, `\n`, `\t`, `\0`, `\xHH` and `\\`", pattern: None }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        octets(text).map(Self).map_err(|(_, flaw)| flaw)
    }
}

/// Reads escaped octets.
///
/// # Errors
/// The place in the text of what is no escape, and a flaw without a place that says so.
pub fn octets(text: &str) -> Result<Vec<u8>, (Range<usize>, Flaw)> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.char_indices();
    while let Some((at, c)) = rest.next() {
        if ('\u{80}'..'\u{a0}').contains(&c) {
            let flaw = Flaw::new(format!("U+{:04X} is no octet: TOML has read an escape as a character", u32::from(c)));
            return Err((at..at + c.len_utf8(), flaw.help("write the text in single quotes: `'\\x80'`, `'''…'''`")));
        }
        if c != '\\' {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        let escape = rest.next().map(|(_, c)| c);
        let octet = match escape {
            Some('r') => Some(b'\r'),
            Some('n') => Some(b'\n'),
            Some('t') => Some(b'\t'),
            Some('0') => Some(0),
            Some('\\') => Some(b'\\'),
            Some('x') => {
                let digits = text.get(at + 2..at + 4).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
                rest.nth(1);
                digits.and_then(|hex| u8::from_str_radix(hex, 16).ok())
            }
            _ => None,
        };
        let end =
            text[at..].char_indices().nth(if escape == Some('x') { 4 } else { 2 }).map_or(text.len(), |(n, _)| at + n);
        out.push(octet.ok_or_else(|| (at..end, Flaw::new(format!("`{}` is no escape", &text[at..end])).help(HELP)))?);
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_become_octets() {
        assert_eq!(octets(r"a\r\n\0\x80\\é").unwrap(), b"a\r\n\0\x80\\\xc3\xa9");
    }

    #[test]
    fn what_is_no_escape_is_told_with_its_place() {
        for (text, place) in
            [(r"ab\q", 2..4), (r"\x8", 0..3), (r"\xzz1", 0..4), ("a\\", 1..2), ("\u{80}", 0..2), ("\\xé1z", 0..5)]
        {
            assert_eq!(octets(text).unwrap_err().0, place, "{text}");
        }
    }
}
