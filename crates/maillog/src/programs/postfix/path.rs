//! Paths between angle brackets, and where they end. Postfix quotes a local part that is no dot-string (RFC 5321 §4.1.2), so
//! that the peer's `>` is told from its own.

/// What stands between the `<` that a text begins with and its `>`, and what follows.
pub(super) fn path(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<')?;
    let quoted = inside.strip_prefix('"').map_or(0, |rest| closing(rest).map_or(0, |at| at + 2));
    let end = quoted + inside[quoted..].find('>')?;
    Some((&inside[..end], &inside[end + 1..]))
}

/// Where the quote ends that this is in: a quoted-pair does not end it.
fn closing(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.find(|c| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    })
}

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
    use proptest::prelude::*;

    const END: &str = "; from=<a@y.example> to=<b@y.example> proto=ESMTP helo=<h>";

    #[test]
    fn a_path_ends_at_the_bracket_behind_its_quotes() {
        for (text, inside) in [
            ("<a@x.example>, size=1", "a@x.example"),
            (r#"<"a>b"@x.example>, size=1"#, r#""a>b"@x.example"#),
            (r#"<"a\">b\\"@x.example>, size=1"#, r#""a\">b\\"@x.example"#),
            ("<>, size=1", ""),
            (r#"<"a@x.example>, size=1"#, r#""a@x.example"#),
        ] {
            assert_eq!(path(text), Some((inside, ", size=1")), "{text}");
        }
        assert_eq!(path("a>"), None);
    }

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

    proptest! {
        #[test]
        fn a_quoted_local_part_is_read_whole(local in "[a-z<>;=,. \"\\\\]{0,20}") {
            let local = local.replace('\\', "\\\\").replace('"', "\\\"");
            let address = format!("\"{local}\"@x.example");
            let line = format!("<{address}> to=<b@y.example>");
            prop_assert_eq!(path(&line), Some((address.as_str(), " to=<b@y.example>")));
        }
    }
}
