//! Character-strings of the DNS as octets and as text: the one quoting and the one unquoting (RFC 1035 §3.3, §5.1).
//!
//! A character-string is octets. Where a person reads it, it is shown as UTF-8 as far as it is that.

use std::fmt::Write;

/// The longest character-string, in octets (RFC 1035 §3.3).
pub const LONGEST_CHARACTER_STRING: usize = 255;

/// An escape that means nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`\\` stands before three digits from 000 to 255, or before a character that is no digit (RFC 1035 §5.1)")]
pub struct BadEscape;

/// A character-string in quotes: what is not printable ASCII is written as `\DDD` (RFC 1035 §5.1).
#[must_use]
pub fn quote(string: &[u8]) -> String {
    let mut text = String::from("\"");
    for &octet in string {
        match octet {
            b'"' | b'\\' => text.extend(['\\', octet.into()]),
            b' '..=b'~' => text.push(octet.into()),
            _ => push_number(&mut text, octet),
        }
    }
    text.push('"');
    text
}

/// The data of a TXT record: a text of any length as quoted character-strings of at most 255 octets (RFC 1035 §3.3.14).
#[must_use]
pub fn txt_data(text: &[u8]) -> String {
    if text.is_empty() {
        return quote(text);
    }
    text.chunks(LONGEST_CHARACTER_STRING).map(quote).collect::<Vec<_>>().join(" ")
}

/// The octets that a text means: `\X` is X, and `\DDD` the octet with that number (RFC 1035 §5.1).
///
/// # Errors
/// A backslash at the end, or one before digits that are no octet.
pub fn unescape(text: &str) -> Result<Vec<u8>, BadEscape> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&octet, behind)) = rest.split_first() {
        let (octet, behind) = if octet == b'\\' { escaped(behind)? } else { (octet, behind) };
        octets.push(octet);
        rest = behind;
    }
    Ok(octets)
}

/// The octet that stands behind a backslash, and what follows it.
pub(crate) fn escaped(behind: &[u8]) -> Result<(u8, &[u8]), BadEscape> {
    let (&first, rest) = behind.split_first().ok_or(BadEscape)?;
    if !first.is_ascii_digit() {
        return Ok((first, rest));
    }
    let digits = behind.get(..3).and_then(|digits| str::from_utf8(digits).ok());
    let is_number = |digits: &&str| digits.bytes().all(|digit| digit.is_ascii_digit());
    let number = digits.filter(is_number).and_then(|digits| digits.parse().ok()).ok_or(BadEscape)?;
    Ok((number, &behind[3..]))
}

/// The character-strings of a record's data, quoted or bare, separated by white space. A bad escape stands for itself.
#[must_use]
pub fn character_strings(data: &str) -> Vec<Vec<u8>> {
    let mut strings = Vec::new();
    let mut rest = data.trim_start();
    while !rest.is_empty() {
        let is_quoted = rest.starts_with('"');
        let body = if is_quoted { &rest[1..] } else { rest };
        let end = end(body, is_quoted);
        let text = &body[..end];
        strings.push(unescape(text).unwrap_or_else(|_| text.as_bytes().to_vec()));
        let behind = &body[end..];
        rest = if is_quoted { behind.strip_prefix('"').unwrap_or(behind) } else { behind }.trim_start();
    }
    strings
}

/// Where a string ends: at its closing quote, or at white space or a quote.
fn end(body: &str, is_quoted: bool) -> usize {
    let mut is_escaped = false;
    for (at, c) in body.char_indices() {
        let ends = c == '"' || (!is_quoted && c.is_whitespace());
        if ends && !is_escaped {
            return at;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    body.len()
}

/// The text of a TXT record: its character-strings joined without white space between them (RFC 7208 §3.3), readable.
#[must_use]
pub fn txt_text(data: &str) -> String {
    readable(&character_strings(data).concat())
}

/// Octets as a person reads them: UTF-8 where they are valid, `\DDD` where they are not.
#[must_use]
pub fn readable(octets: &[u8]) -> String {
    let mut text = String::new();
    for chunk in octets.utf8_chunks() {
        text.push_str(chunk.valid());
        for &octet in chunk.invalid() {
            push_number(&mut text, octet);
        }
    }
    text
}

/// `\DDD`.
pub(crate) fn push_number(text: &mut String, octet: u8) {
    write!(text, "\\{octet:03}").expect("writing to a string");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_reads_back() {
        proptest::proptest!(|(text in proptest::collection::vec(proptest::num::u8::ANY, 0..600))| {
            let data = txt_data(&text);
            let strings = character_strings(&data);
            assert!(data.bytes().all(|octet| (b' '..=b'~').contains(&octet)), "{data}");
            assert!(strings.iter().all(|string| string.len() <= LONGEST_CHARACTER_STRING));
            assert_eq!(strings.concat(), text);
        });
    }

    #[test]
    fn escapes_are_octets_and_shown_as_utf8_where_they_are_that() {
        for (data, text) in [
            (r#""v=spf1 -all""#, "v=spf1 -all"),
            (r#""v=DKIM1; p=MIIB" "AAAA""#, "v=DKIM1; p=MIIBAAAA"),
            (r#""v=DMARC1\; p=reject""#, "v=DMARC1; p=reject"),
            (r#""v=DMARC1\059 \"p\" \\ ""#, r#"v=DMARC1; "p" \ "#),
            (r#""\195\169" "\233""#, "é\\233"),
            (r#""é""#, "é"),
            (r#"bare "quoted"end"#, "barequotedend"),
            (r#""a\300""#, r"a\300"),
            (r#""unclosed \""#, "unclosed \""),
            ("", ""),
        ] {
            assert_eq!(txt_text(data), text, "{data}");
        }
    }

    #[test]
    fn an_escape_that_means_nothing_is_refused() {
        for bad in ["\\", "a\\1", "\\12x", "\\256"] {
            assert_eq!(unescape(bad), Err(BadEscape), "{bad}");
        }
        assert_eq!(unescape("\\;\\000\\255é"), Ok(vec![b';', 0, 255, 0xc3, 0xa9]));
    }

    #[test]
    fn any_data_is_read() {
        proptest::proptest!(|(data in "[\\x00-\\x7fé\"\\\\ ]{0,80}")| {
            let _ = txt_text(&data);
        });
    }
}
