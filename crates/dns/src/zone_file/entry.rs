//! Entries of a zone file: a line, or several in parentheses, in fields (RFC 1035 §5.1).

/// One entry.
#[derive(Debug, Default)]
pub(super) struct Entry<'t> {
    /// Number of its first line, from 1.
    pub(super) line: usize,
    /// Whether it begins with white space, and so is about the last name.
    pub(super) is_indented: bool,
    pub(super) fields: Vec<Field<'t>>,
    /// What is wrong with its parentheses or quotes.
    pub(super) fault: Option<&'static str>,
}

/// A field as written, without its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Field<'t> {
    pub(super) text: &'t str,
    pub(super) is_quoted: bool,
}

impl Field<'_> {
    /// As it was written.
    pub(super) fn written(&self) -> String {
        if self.is_quoted { format!("\"{}\"", self.text) } else { self.text.to_owned() }
    }

    /// What it means as a character-string: `\X` is X, and `\DDD` the octet with that number.
    pub(super) fn octets(&self) -> Vec<u8> {
        let mut octets = Vec::new();
        let mut rest = self.text.as_bytes();
        while let Some((&octet, behind)) = rest.split_first() {
            rest = behind;
            if octet != b'\\' {
                octets.push(octet);
                continue;
            }
            let number = behind.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit));
            let number = number.and_then(|digits| str::from_utf8(digits).ok()).and_then(|digits| digits.parse().ok());
            match (number, behind.split_first()) {
                (Some(number), _) => {
                    octets.push(number);
                    rest = &behind[3..];
                }
                (None, Some((&escaped, behind))) => {
                    octets.push(escaped);
                    rest = behind;
                }
                (None, None) => {}
            }
        }
        octets
    }
}

/// The entries of a text; empty lines and comments are none. One with a fault is the last one.
pub(super) fn entries(text: &str) -> Vec<Entry<'_>> {
    let mut scanner = Scanner { text, at: 0, line: 1 };
    let mut entries = Vec::new();
    while scanner.at < text.len() {
        let entry = scanner.entry();
        let is_last = entry.fault.is_some();
        if is_last || !entry.fields.is_empty() {
            entries.push(entry);
        }
        if is_last {
            break;
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
