//! From pieces of output to lines.

/// Which of a program's outputs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

/// Puts lines together that come in pieces, each stream for itself.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    out: Vec<u8>,
    err: Vec<u8>,
}

impl Lines {
    /// Takes a piece, and gives every line that it completes: without its end (LF or CRLF), bad UTF-8 replaced.
    pub(crate) fn take(&mut self, stream: Stream, piece: &[u8], mut on_line: impl FnMut(Stream, &str)) {
        let rest = match stream {
            Stream::Out => &mut self.out,
            Stream::Err => &mut self.err,
        };
        rest.extend_from_slice(piece);
        let mut start = 0;
        while let Some(length) = rest[start..].iter().position(|octet| *octet == b'\n') {
            on_line(stream, &text(&rest[start..start + length]));
            start += length + 1;
        }
        rest.drain(..start);
    }

    /// Gives last lines that have no end.
    pub(crate) fn end(self, mut on_line: impl FnMut(Stream, &str)) {
        for (stream, rest) in [(Stream::Out, self.out), (Stream::Err, self.err)] {
            if !rest.is_empty() {
                on_line(stream, &text(&rest));
            }
        }
    }
}

fn text(line: &[u8]) -> String {
    String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn lines(pieces: &[(Stream, &[u8])]) -> Vec<(Stream, String)> {
        let mut seen = Vec::new();
        let mut lines = Lines::default();
        for (stream, piece) in pieces {
            lines.take(*stream, piece, |s, l| seen.push((s, l.to_owned())));
        }
        lines.end(|s, l| seen.push((s, l.to_owned())));
        seen
    }

    #[test]
    fn streams_do_not_mix() {
        let seen = lines(&[(Stream::Out, b"on"), (Stream::Err, b"bad\n"), (Stream::Out, b"e\r\n\nrest")]);
        let expected = [(Stream::Err, "bad"), (Stream::Out, "one"), (Stream::Out, ""), (Stream::Out, "rest")];
        assert_eq!(seen, expected.map(|(s, l)| (s, l.to_owned())));
    }

    proptest! {
        #[test]
        fn however_it_is_cut_the_lines_are_the_same(text in "[a-é\\n]{0,40}", size in 1usize..7) {
            let cut: Vec<_> = text.as_bytes().chunks(size).map(|piece| (Stream::Out, piece)).collect();
            let whole: Vec<_> = text.split_terminator('\n').map(|line| (Stream::Out, line.to_owned())).collect();
            prop_assert_eq!(lines(&cut), whole);
        }
    }
}
