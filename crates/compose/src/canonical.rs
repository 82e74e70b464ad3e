//! Canonicalization (RFC 6376 §3.4). Lines end in CRLF; a CR or LF alone is an octet like any other.

/// One field of a header, with its final CRLF: as it is when simple (RFC 6376 §3.4.1), else with its name in lower case,
/// unfolded and with white space reduced (RFC 6376 §3.4.2).
pub(crate) fn field(relaxed: bool, octets: &[u8]) -> Vec<u8> {
    let octets = octets.strip_suffix(b"\r\n").unwrap_or(octets);
    let mut out = match octets.iter().position(|b| *b == b':') {
        Some(colon) if relaxed => {
            let mut out = octets[..colon].trim_ascii_end().to_ascii_lowercase();
            out.push(b':');
            let unfolded = split_lines(&octets[colon + 1..]).concat();
            let value = reduced(&unfolded);
            out.extend(value.strip_prefix(b" ").unwrap_or(&value));
            out
        }
        _ => octets.to_vec(),
    };
    out.extend(b"\r\n");
    out
}

/// A body: without the empty lines at its end, and if relaxed with white space reduced (RFC 6376 §3.4.3, §3.4.4). An
/// empty body is CRLF when simple, and nothing when relaxed.
pub(crate) fn body(relaxed: bool, octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + 2);
    let mut end = 0;
    for line in split_lines(octets) {
        let before = out.len();
        if relaxed {
            out.extend(reduced(line))
        } else {
            out.extend(line)
        }
        let empty = out.len() == before;
        out.extend(b"\r\n");
        if !empty {
            end = out.len();
        }
    }
    out.truncate(end);
    if out.is_empty() && !relaxed {
        out.extend(b"\r\n");
    }
    out
}

/// Each run of white space as one space, none at the end.
fn reduced(line: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(line.len());
    for &octet in line {
        match octet {
            b' ' | b'\t' if out.ends_with(b" ") => {}
            b'\t' => out.push(b' '),
            _ => out.push(octet),
        }
    }
    if out.ends_with(b" ") {
        out.pop();
    }
    out
}

fn split_lines(octets: &[u8]) -> Vec<&[u8]> {
    let (mut lines, mut start) = (Vec::new(), 0);
    for at in 1..octets.len() {
        if octets[at] == b'\n' && octets[at - 1] == b'\r' {
            lines.push(&octets[start..at - 1]);
            start = at + 1;
        }
    }
    lines.push(&octets[start..]);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raw_message::RawMessage;
    use proptest::prelude::*;

    /// RFC 6376 §3.4.5.
    const EXAMPLE: &[u8] = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n";

    fn canonical(relaxed: bool) -> (Vec<u8>, Vec<u8>) {
        let raw_message = RawMessage::of(EXAMPLE);
        (raw_message.fields.iter().flat_map(|f| field(relaxed, f.octets)).collect(), body(relaxed, raw_message.body()))
    }

    #[test]
    fn the_example_of_the_rfc_relaxed() {
        assert_eq!(canonical(true), (b"a:X\r\nb:Y Z\r\n".to_vec(), b" C\r\nD E\r\n".to_vec()));
    }

    #[test]
    fn the_example_of_the_rfc_simple() {
        assert_eq!(canonical(false), (b"A: X\r\nB : Y\t\r\n\tZ  \r\n".to_vec(), b" C \r\nD \t E\r\n".to_vec()));
    }

    #[test]
    fn an_empty_body_differs_between_the_two() {
        for empty in [&b""[..], b"\r\n", b"\r\n\r\n"] {
            assert_eq!((body(false, empty), body(true, empty)), (b"\r\n".to_vec(), b"".to_vec()));
        }
    }

    #[test]
    fn lines_of_white_space_at_the_end_are_empty_when_relaxed() {
        assert_eq!(body(true, b"a\r\n \r\n\t \r\n"), b"a\r\n");
        assert_eq!(body(true, b" \r\n"), b"");
        assert_eq!(body(false, b"a\r\n \r\n\r\n"), b"a\r\n \r\n");
    }

    #[test]
    fn a_body_without_a_final_line_end_gets_one() {
        assert_eq!(
            (body(false, b"a \r\nb"), body(true, b"a \r\nb")),
            (b"a \r\nb\r\n".to_vec(), b"a\r\nb\r\n".to_vec())
        );
    }

    proptest! {
        #[test]
        fn canonicalization_changes_nothing_the_second_time(text in "([a-c \t]|\r\n){0,60}", relaxed: bool) {
            let once = body(relaxed, text.as_bytes());
            prop_assert_eq!(body(relaxed, &once), once);
            let once = field(relaxed, format!("X: {text}").as_bytes());
            prop_assert_eq!(field(relaxed, &once), once);
        }
    }
}
