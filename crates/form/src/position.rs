//! Where a part of a TOML string stands in the file: escapes make the text shorter than its source.

use std::ops::Range;

/// Place in `file` of the octets `part` of the string that stands at `span` and means `value`. Without an answer that
/// is certain it is the whole string.
pub fn within(file: &str, span: &Range<usize>, value: &str, part: &Range<usize>) -> Range<usize> {
    walk(&file[span.clone()], value, part)
        .filter(|found| found.start < found.end)
        .map_or_else(|| span.clone(), |found| span.start + found.start..span.start + found.end)
}

fn walk(raw: &str, value: &str, part: &Range<usize>) -> Option<Range<usize>> {
    let quote = raw.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let triple = [quote; 3].iter().collect::<String>();
    let multiline = raw.len() >= 6 && raw.starts_with(&triple);
    let mut at = if multiline { 3 } else { 1 };
    if multiline {
        at += if raw[at..].starts_with("\r\n") { 2 } else { usize::from(raw[at..].starts_with('\n')) };
    }
    let (mut start, mut end) = (None, None);
    for (offset, meant) in value.char_indices() {
        if quote == '"' && multiline {
            at += ending_backslash(&raw[at..]);
        }
        if offset == part.start {
            start = Some(at);
        }
        if offset == part.end {
            end = Some(at);
        }
        at += written(&raw[at..], meant, quote == '"')?;
    }
    let end = end.or_else(|| (part.end >= value.len()).then_some(at))?;
    Some(start?..end)
}

/// Length of a backslash at the end of a line, with all the white space behind it (also several of them).
fn ending_backslash(raw: &str) -> usize {
    let mut length = 0;
    while let Some(rest) = raw[length..].strip_prefix('\\') {
        let kept = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if !rest[..rest.len() - kept.len()].contains('\n') {
            break;
        }
        length = raw.len() - kept.len();
    }
    length
}

/// Length of the source of one character.
fn written(raw: &str, meant: char, escapes: bool) -> Option<usize> {
    if escapes && raw.starts_with('\\') {
        let length = match raw[1..].chars().next()? {
            'x' => 4,
            'u' => 6,
            'U' => 10,
            _ => 2,
        };
        return raw.is_char_boundary(length).then_some(length);
    }
    raw.starts_with(meant).then(|| meant.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found<'a>(file: &'a str, part: &str) -> &'a str {
        let table = toml::de::DeTable::parse(file).unwrap();
        let value = table.get_ref().get("v").unwrap();
        let text = value.get_ref().as_str().unwrap();
        let start = text.find(part).unwrap();
        &file[within(file, &value.span(), text, &(start..start + part.len()))]
    }

    #[test]
    fn parts_of_strings_are_found_in_the_source() {
        assert_eq!(found("v = 'one two'", "two"), "two");
        assert_eq!(found("v = \"\"\"\none\ntwo\n\"\"\"", "two"), "two");
        assert_eq!(found("v = '''\r\none\r\ntwo'''", "ne\r\nt"), "ne\r\nt");
        assert_eq!(found(r#"v = "a\tb\u00e9c\\d""#, "bé"), r"b\u00e9");
        assert_eq!(found("v = \"\"\"one \\\n   two\"\"\"", "two"), "two");
    }
}
