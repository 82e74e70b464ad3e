//! The octets of a message, taken apart without changing one (RFC 5322 §2.1).

/// A message whose parts, one behind the other, are its octets. Any octets can be taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RawMessage<'a> {
    /// The fields of the header, folded as they are, each with its line end.
    pub(crate) fields: Vec<Field<'a>>,
    /// All behind the header: the empty line, if there is one, and the body.
    pub(crate) rest: &'a [u8],
}

/// One field of a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// As written, without white space.
    pub(crate) name: &'a [u8],
    /// All of it.
    pub(crate) octets: &'a [u8],
}

impl<'a> RawMessage<'a> {
    /// Takes a message apart. Lines end in LF, with or without CR. The header ends at the first line that is neither a
    /// field nor the continuation of one.
    pub(crate) fn of(message: &'a [u8]) -> Self {
        let (mut fields, mut start): (Vec<Field<'a>>, usize) = (Vec::new(), 0);
        let mut end = 0;
        while end < message.len() {
            let next = message[end..].iter().position(|b| *b == b'\n').map_or(message.len(), |at| end + at + 1);
            let line = &message[end..next];
            match fields.last_mut() {
                Some(field) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                    field.octets = &message[start..next];
                }
                _ => {
                    let Some(name) = name_of(line) else { break };
                    start = end;
                    fields.push(Field { name, octets: line });
                }
            }
            end = next;
        }
        Self { fields, rest: &message[end..] }
    }

    /// Number of octets of the header, the empty line behind it not counted.
    pub(crate) fn header_len(&self) -> usize {
        self.fields.iter().map(|field| field.octets.len()).sum()
    }

    /// All behind the empty line.
    pub(crate) fn body(&self) -> &'a [u8] {
        self.rest.strip_prefix(b"\r\n").or_else(|| self.rest.strip_prefix(b"\n")).unwrap_or(self.rest)
    }

    /// Whether there is a field of this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|field| field.is(name))
    }
}

impl Field<'_> {
    /// Whether the name is this one; case does not count.
    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// The same octets with CRLF for each lone LF.
pub(crate) fn crlf(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + text.len() / 16);
    for &octet in text {
        if octet == b'\n' && !out.ends_with(b"\r") {
            out.push(b'\r');
        }
        out.push(octet);
    }
    out
}

fn name_of(line: &[u8]) -> Option<&[u8]> {
    let colon = line.iter().position(|b| *b == b':')?;
    let name = line[..colon].trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_header_ends_at_an_empty_line_or_at_what_is_no_field() {
        let raw_message = RawMessage::of(b"A: x\r\n y\r\nB : z\n\r\nbody\r\n");
        assert_eq!(
            raw_message.fields.iter().map(|f| f.octets).collect::<Vec<_>>(),
            [&b"A: x\r\n y\r\n"[..], b"B : z\n"]
        );
        assert_eq!((raw_message.body(), raw_message.has("b")), (&b"body\r\n"[..], true));
        assert_eq!(RawMessage::of(b"A: x\r\nno field\r\nB: y\r\n").body(), b"no field\r\nB: y\r\n");
    }

    #[test]
    fn a_lone_line_feed_becomes_crlf_and_nothing_else_changes() {
        assert_eq!(crlf(b"a\nb\r\nc\rd\n\n"), b"a\r\nb\r\nc\rd\r\n\r\n");
    }

    proptest! {
        #[test]
        fn the_parts_are_the_message(message in "([A-Za-z: \t\r\n\u{e9}]|\r\n){0,80}") {
            let raw_message = RawMessage::of(message.as_bytes());
            let mut parts: Vec<u8> = raw_message.fields.iter().flat_map(|f| f.octets.to_vec()).collect();
            prop_assert_eq!(parts.len(), raw_message.header_len());
            parts.extend(raw_message.rest);
            prop_assert_eq!(parts, message.as_bytes());
        }
    }
}
