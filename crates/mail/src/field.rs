//! Header fields and the message around them (RFC 5322 §2).

use crate::readable;
use serde::{Deserialize, Serialize};

/// One header field, its body unfolded (RFC 5322 §2.2.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Field {
    /// The name as written.
    pub name: String,
    /// The body, unfolded, without white space around it; octets that are no UTF-8 stand as `\DDD`.
    pub value: String,
}

/// A message split into header fields, in order, and body octets. Any octets can be split.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Message {
    /// Every field of the header, top first.
    pub fields: Vec<Field>,
    /// Everything behind the first empty line.
    pub body: Vec<u8>,
}

impl Message {
    /// Splits octets at the first empty line; lines end in CRLF or LF. A line of white space alone is not empty, but goes on with
    /// its field (RFC 5322 §4.2). A line of the header that is neither field nor continuation ends the header.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Self {
        let mut fields: Vec<Field> = Vec::new();
        let mut rest = octets;
        while !rest.is_empty() {
            let end = rest.iter().position(|b| *b == b'\n').map_or(rest.len(), |at| at + 1);
            let is_continued = rest.starts_with(b" ") || rest.starts_with(b"\t");
            let line = rest[..end].trim_ascii_end();
            if line.is_empty() && !is_continued {
                return Self { fields, body: rest[end..].to_vec() };
            }
            let text = readable(line);
            if is_continued {
                let Some(field) = fields.last_mut() else { break };
                if !field.value.is_empty() && !line.is_empty() {
                    field.value.push(' ');
                }
                field.value.push_str(text.trim());
            } else {
                let Some((name, value)) = text.split_once(':') else { break };
                let name = name.trim_end();
                if name.is_empty() || !name.bytes().all(|b| b.is_ascii_graphic()) {
                    break;
                }
                fields.push(Field { name: name.to_owned(), value: value.trim().to_owned() });
            }
            rest = &rest[end..];
        }
        Self { fields, body: rest.to_vec() }
    }

    /// Bodies of the fields of this name, top first; names compare without case.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.fields.iter().filter(move |f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.as_str())
    }

    /// Body of the topmost field of this name.
    #[must_use]
    pub fn first(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|f| f.name.eq_ignore_ascii_case(name)).map(|f| f.value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_unfold_and_the_body_is_kept() {
        let m = Message::parse(b"From: a@x.example\r\nSubject: one\r\n two\r\nfrom : b@x.example\r\n\r\nbody\r\n");
        assert_eq!(m.first("subject"), Some("one two"));
        assert_eq!(m.all("From").collect::<Vec<_>>(), ["a@x.example", "b@x.example"]);
        assert_eq!(m.body, b"body\r\n");
    }

    #[test]
    fn white_space_alone_ends_no_header() {
        let m = Message::parse(b"Subject:\r\n \r\n\tone\r\n  \t\r\nFrom: a@x.example\r\n\r\nbody");
        assert_eq!(m.fields.iter().map(|f| f.value.as_str()).collect::<Vec<_>>(), ["one", "a@x.example"]);
        assert_eq!(m.body, b"body");
    }

    #[test]
    fn a_line_that_is_no_field_begins_the_body() {
        let m = Message::parse(b"From: a@x.example\r\nno field here\r\n");
        assert_eq!((m.fields.len(), m.body.as_slice()), (1, b"no field here\r\n".as_slice()));
    }

    #[test]
    fn an_empty_text_is_an_empty_message() {
        assert_eq!(Message::parse(b""), Message::default());
    }
}
