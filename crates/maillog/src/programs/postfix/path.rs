//! The envelope at the end of a line about a client. Postfix quotes a local part that is no dot-string (RFC 5321 §4.1.2), so that
//! the peer's `>` is told from its own.

use crate::line::path;

/// The reverse-paths of all that looks like the end of a line about a client:
/// `; from=<…> to=<…> proto=ESMTP helo=<…>`. Where more than one does, the peer wrote the others.
pub(super) fn envelopes(text: &str) -> Vec<&str> {
    let ends = text.match_indices("; from=").filter_map(|(at, begin)| {
        let (from, rest) = path(&text[at + begin.len()..])?;
        is_end(rest).then_some(from)
    });
    ends.collect()
}

/// Whether this can stand behind the reverse-path. Postfix leaves no brackets, quotes and spaces in what a client says in HELO.
fn is_end(rest: &str) -> bool {
    let rest = rest.strip_prefix(" to=").map_or(Some(rest), |to| path(to).map(|(_, rest)| rest));
    let Some(rest) = rest.and_then(|rest| rest.strip_prefix(" proto=")) else { return false };
    let Some((_, helo)) = rest.split_once(" helo=<") else { return !rest.contains(' ') };
    let Some((helo, behind)) = helo.split_once('>') else { return false };
    !helo.contains(['<', '"', ' ']) && (behind.is_empty() || behind.starts_with(": "))
}

#[cfg(test)]
mod tests {
    use super::*;

    const END: &str = "; from=<a@y.example> to=<b@y.example> proto=ESMTP helo=<h>";

    #[test]
    fn the_end_of_a_line_is_told_from_what_a_peer_wrote() {
        assert_eq!(envelopes(&format!("RCPT from x[192.0.2.1]: 550 5.1.1 no{END}")), ["a@y.example"]);
        assert_eq!(envelopes(&format!("header X: y from x[192.0.2.1]{END}: 5.7.1 no")), ["a@y.example"]);
        assert_eq!(envelopes("CONNECT from x[192.0.2.1]: 554 5.7.1 no; proto=SMTP"), [""; 0]);
        let within =
            r#"x; from=<"; from=<v@v.example> to=<b@y.example> proto=ESMTP helo=<h"@y.example> proto=ESMTP helo=<h>"#;
        assert_eq!(envelopes(within).len(), 1);
        let before =
            format!("RCPT from x[192.0.2.1]: 550 5.1.1 <{END}: >: no; from=<c@y.example> proto=ESMTP helo=<h>");
        assert_eq!(envelopes(&before), ["a@y.example", "c@y.example"], "both are told");
    }
}
