//! Reads SMTP replies (RFC 5321 §4.2) out of whatever octets arrive, in bounded memory.

use mail::{Reply, ReplyError};

/// The longest reply that is read, in octets. RFC 5321 §4.5.3.1.5 asks for 512 a line.
pub(crate) const LIMIT: usize = 64 * 1024;
/// As much of what is no reply is shown, in octets.
const SHOWN: usize = 80;

/// Octets that arrived and were not read as a reply yet.
#[derive(Debug, Default)]
pub(crate) struct ReplyReader {
    octets: Vec<u8>,
    /// Where the unfinished line begins; every line before it belongs to the reply under way.
    line: usize,
    /// So far there is no LF.
    scanned: usize,
}

impl ReplyReader {
    /// Adds octets, in the order in which they arrived; drops what exceeds the limit.
    pub(crate) fn push(&mut self, octets: &[u8]) {
        let spool = (LIMIT + 1).saturating_sub(self.octets.len());
        self.octets.extend_from_slice(&octets[..octets.len().min(spool)]);
    }

    /// Whether anything arrived that is not read yet.
    pub(crate) fn is_empty(&self) -> bool {
        self.octets.is_empty()
    }

    /// The next whole reply; `None`: not there yet.
    ///
    /// # Errors
    /// What arrived is no reply and will never be one; the text says why.
    pub(crate) fn next(&mut self) -> Result<Option<Reply>, String> {
        while let Some(at) = self.octets[self.scanned..].iter().position(|b| *b == b'\n') {
            let end = self.scanned + at + 1;
            let line = String::from_utf8_lossy(&self.octets[self.line..end]).into_owned();
            let line = line.trim_end_matches(['\r', '\n']);
            if Reply::ends_with(line) {
                let whole = String::from_utf8_lossy(&self.octets[..end]).into_owned();
                let reply = whole.parse().map_err(|e: ReplyError| format!("not SMTP: {e}: {}", self.beginning()))?;
                self.octets.drain(..end);
                (self.line, self.scanned) = (0, 0);
                return Ok(Some(reply));
            }
            if line.parse::<Reply>() != Err(ReplyError::Unfinished) {
                return Err(format!("not SMTP: {}", self.beginning()));
            }
            (self.line, self.scanned) = (end, end);
        }
        self.scanned = self.octets.len();
        if self.octets.len() > LIMIT {
            return Err(format!("a reply longer than {LIMIT} octets: {}", self.beginning()));
        }
        Ok(None)
    }

    /// The first octets that were not read, escaped.
    pub(crate) fn beginning(&self) -> String {
        let shown = &self.octets[..self.octets.len().min(SHOWN)];
        let more = if self.octets.len() > SHOWN { "…" } else { "" };
        format!("\"{}\"{more}", shown.escape_ascii())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(octets: &[u8]) -> Result<Option<Reply>, String> {
        let mut reader = ReplyReader::default();
        reader.push(octets);
        reader.next()
    }

    #[test]
    fn replies_are_read_one_by_one() {
        let mut reader = ReplyReader::default();
        reader.push(b"250-mx\r\n250 PIPELINING\r\n354 go");
        assert_eq!(reader.next().unwrap().unwrap().lines, ["mx", "PIPELINING"]);
        assert_eq!(reader.next(), Ok(None));
        reader.push(b" on\n");
        assert_eq!(reader.next().unwrap().unwrap().to_string(), "354 go on");
        assert!(reader.is_empty());
    }

    #[test]
    fn what_is_no_reply_shows_its_beginning() {
        assert_eq!(read(b"HTTP/1.1 400\r\n").unwrap_err(), "not SMTP: \"HTTP/1.1 400\\r\\n\"");
        assert!(read(b"250-a\r\n251 b\r\n").unwrap_err().contains("goes on with 251"));
        let long = read(&[b'x'; 100_000]).unwrap_err();
        assert!(long.starts_with("a reply longer than 65536 octets") && long.len() < 200, "{long}");
    }

    #[test]
    fn an_endless_reply_takes_bounded_memory() {
        let mut reader = ReplyReader::default();
        for _ in 0..100_000 {
            reader.push(b"220-more\r\n");
        }
        assert!(reader.octets.len() <= LIMIT + 1);
        assert!(reader.next().is_err());
    }

    proptest! {
        #[test]
        fn any_octets_in_any_pieces_read_alike(
            octets in prop::collection::vec(prop_oneof![
                any::<u8>().prop_map(|b| vec![b]), "[2-5][0-9]{2}[ -][a-z]{0,5}(\r\n|\n|\r)".prop_map(String::into_bytes),
            ], 0..20),
            size in 1_usize..9,
        ) {
            let octets = octets.concat();
            let all = |pieces: Vec<&[u8]>| {
                let (mut reader, mut seen) = (ReplyReader::default(), Vec::new());
                for piece in pieces {
                    reader.push(piece);
                    while let Ok(Some(reply)) = reader.next() {
                        seen.push(reply);
                    }
                }
                seen
            };
            prop_assert_eq!(all(vec![&octets]), all(octets.chunks(size).collect()));
        }

        #[test]
        fn a_written_reply_reads_back(code in 200_u16..600, lines in prop::collection::vec("[ -~]{0,20}", 1..4)) {
            let reply = Reply { code, lines };
            let wire = format!("{}\r\n", reply.to_string().replace('\n', "\r\n"));
            prop_assert_eq!(read(wire.as_bytes()), Ok(Some(reply)));
        }
    }
}
