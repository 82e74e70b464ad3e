//! Entries of a zone file: a line, or several in parentheses, in fields (RFC 1035 §5.1).

use std::ops::Range;

/// One entry.
#[derive(Debug, Default)]
pub(crate) struct Entry<'t> {
    /// Where it stands, without the line end.
    pub(crate) at: Range<usize>,
    /// Number of its first line, from 1.
    pub(crate) line: usize,
    /// Whether it begins with white space, and so is about the last name.
    pub(crate) is_indented: bool,
    pub(crate) fields: Vec<Field<'t>>,
    /// What is wrong with its parentheses or quotes.
    pub(crate) fault: Option<&'static str>,
}

/// A field as written, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'t> {
    pub(crate) text: &'t str,
    pub(crate) is_quoted: bool,
}

impl Field<'_> {
    /// As it was written.
    pub(crate) fn written(&self) -> String {
        if self.is_quoted { format!("\"{}\"", self.text) } else { self.text.to_owned() }
    }
}

/// The entries of a text; empty lines and comments are none. Behind a fault the next line is read.
pub(crate) fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut scanner = Scanner { text, at: 0, line: 1 };
    let mut entries = Vec::new();
    while scanner.at < text.len() {
        let begin = scanner.at;
        let mut entry = scanner.entry();
        if entry.fault.is_some() {
            scanner.skip_to_line_end();
        }
        entry.at = begin..begin + text[begin..scanner.at].trim_end().len();
        if entry.fault.is_some() || !entry.fields.is_empty() {
            entries.push(entry);
        }
    }
    entries
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    line: usize,
}

impl<'t> Scanner<'t> {
    fn entry(&mut self) -> Entry<'t> {
        let mut entry = Entry { line: self.line, ..Entry::default() };
        entry.is_indented = self.peek().is_some_and(|octet| octet == b' ' || octet == b'\t');
        let mut depth = 0_usize;
        while let Some(octet) = self.peek() {
            match octet {
                b'\n' if depth == 0 => {
                    self.step();
                    return entry;
                }
                b' ' | b'\t' | b'\r' | b'\n' => self.step(),
                b';' => self.skip_to_line_end(),
                b'(' => {
                    depth += 1;
                    self.step();
                }
                b')' if depth == 0 => return broken(entry, "a parenthesis is closed that was not opened"),
                b')' => {
                    depth -= 1;
                    self.step();
                }
                b'"' => match self.quoted() {
                    Some(field) => entry.fields.push(field),
                    None => return broken(entry, "a quote is not closed on its line"),
                },
                _ => {
                    let field = self.bare();
                    entry.fields.push(field);
                }
            }
        }
        if depth > 0 { broken(entry, "a parenthesis is not closed") } else { entry }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn step(&mut self) {
        self.line += usize::from(self.peek() == Some(b'\n'));
        self.at += 1;
    }

    fn skip_to_line_end(&mut self) {
        let rest = &self.text[self.at..];
        self.at += rest.find('\n').unwrap_or(rest.len());
    }

    /// Behind a backslash any octet stands for itself.
    fn skip_escaped(&mut self) {
        if self.peek() == Some(b'\\') && self.text.as_bytes().get(self.at + 1).is_some_and(|octet| *octet != b'\n') {
            self.at += 1;
        }
        self.at += 1;
    }

    fn quoted(&mut self) -> Option<Field<'t>> {
        self.at += 1;
        let begin = self.at;
        while self.peek()? != b'"' {
            if self.peek() == Some(b'\n') {
                return None;
            }
            self.skip_escaped();
        }
        let text = &self.text[begin..self.at];
        self.at += 1;
        Some(Field { text, is_quoted: true })
    }

    fn bare(&mut self) -> Field<'t> {
        let begin = self.at;
        while self.peek().is_some_and(|octet| !b" \t\r\n;()\"".contains(&octet)) {
            self.skip_escaped();
        }
        self.at = self.at.min(self.text.len());
        Field { text: self.text.get(begin..self.at).unwrap_or_default(), is_quoted: false }
    }
}

fn broken<'t>(mut entry: Entry<'t>, fault: &'static str) -> Entry<'t> {
    entry.fault = Some(fault);
    entry
}
