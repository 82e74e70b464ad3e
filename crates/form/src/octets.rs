//! Octets that a person writes as text: what is no text stands as an escape.

use crate::{Decode, Flaw, Node, Required, Shape, Text, tables};
use plan::Octets;
use std::{marker::PhantomData, ops::Range};
use toml::de::DeValue;

const HELP: &str = r"the escapes are `\r`, `\n`, `\t`, `\0`, `\xHH` and `\\`; in a text in double quotes TOML wants each backslash twice";

/// As written: `\r`, `\n`, `\t`, `\0`, `\xHH` for one octet, `\\` for a backslash, else UTF-8.
impl Text for Octets {
    fn shape() -> Shape {
        Shape::Text { what: r"text with the escapes `\r`, `\n`, `\t`, `\0`, `\xHH` and `\\`", pattern: None }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        octets(text).map(Self).map_err(|(_, flaw)| flaw)
    }
}

tables! {
    /// Any octets in the place of a text.
    RawTable "raw text" [Any] {
        /// The octets: `\r`, `\n`, `\t`, `\0`, `\xHH` and `\\` stand for one each. Best in `'…'` or `'''…'''`.
        raw: Required<Octets>,
    }
}

/// Text of a kind, or `{ raw = '…' }` with any octets that read as such a text.
#[derive(Debug, Clone)]
pub struct Content<T> {
    /// What is meant.
    pub octets: Octets,
    kind: PhantomData<T>,
}

impl<T: Text> Decode for Content<T> {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<T as Text>::shape(), RawTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let octets = match node.value.get_ref() {
            DeValue::String(text) => Octets::from(text.as_ref()),
            DeValue::Table(_) => RawTable::read(node, flaws)?.raw.0?,
            _ => {
                flaws.push(node.must_be(&Self::shape().what()));
                return None;
            }
        };
        let read = T::parse(&octets.text()).map_err(|flaw| flaws.push(flaw.at(&node.span(), "here")));
        read.ok().map(|_| Self { octets, kind: PhantomData })
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
