//! One line of the syslog collector, taken apart (RFC 3164 §4.1).

use evidence::LogLine;
use std::net::IpAddr;

const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Takes apart `<PRI>Mmm dd hh:mm:ss program[pid]: text`; priority, time and pid may be missing, and a time as
/// RFC 5424 §6.2.3 has it is known too. What is no such line at all is text of a program without a name.
pub(crate) fn parse(host: &str, raw: &str) -> LogLine {
    let (program, pid, text) = split(without_time(without_priority(raw)));
    LogLine { host: host.to_owned(), program: program.to_owned(), pid, text: text.to_owned(), is_telling: false }
}

/// The last part of a program's name: `smtpd` of `postfix/submission/smtpd`.
pub(crate) fn daemon(program: &str) -> &str {
    program.rsplit('/').next().unwrap_or_default()
}

/// The queue id that a line begins with, and what follows it. Short ids are hexadecimal; long ones leave vowels out, so
/// that no word is taken for one.
pub(crate) fn queue_id(text: &str) -> Option<(&str, &str)> {
    let (id, rest) = text.split_once(": ")?;
    is_queue_id(id).then_some((id, rest))
}

/// Whether a text may be a queue id of Postfix.
pub(crate) fn is_queue_id(id: &str) -> bool {
    let short = (6..=20).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
    let long = |b: u8| b.is_ascii_alphanumeric() && !b"AEIOUaeiou".contains(&b);
    short || ((10..=24).contains(&id.len()) && id.bytes().all(long) && id.bytes().any(|b| b.is_ascii_digit()))
}

/// The text behind this key, up to a comma followed by a space, or up to the closing `>` if it begins with `<`.
pub(crate) fn value<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let begin =
        text.match_indices(key).map(|(at, _)| at).find(|at| *at == 0 || text[..*at].ends_with([' ', ';', '(']))?;
    let rest = &text[begin + key.len()..];
    match rest.strip_prefix('<') {
        Some(inside) => inside.split_once('>').map(|(value, _)| value),
        None => Some(rest.split([',', ' ', ';', ')']).next().unwrap_or_default()),
    }
}

/// What a line says behind its queue id, if it begins with one.
pub(crate) fn unqueued(text: &str) -> &str {
    queue_id(text).map_or(text, |(_, rest)| rest)
}

/// The address in `name[address]` or `[address]:port`.
pub(crate) fn bracketed(text: &str) -> Option<IpAddr> {
    let (_, rest) = text.split_once('[')?;
    let (inside, _) = rest.split_once(']')?;
    inside.strip_prefix("IPv6:").unwrap_or(inside).parse().ok()
}

/// What stands between the `<` that a text begins with and its `>`, and what follows. A `>` in a quoted local part (RFC 5321
/// §4.1.2) is not its end.
pub(crate) fn path(text: &str) -> Option<(&str, &str)> {
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

fn without_priority(raw: &str) -> &str {
    let inside = raw.strip_prefix('<').and_then(|rest| rest.split_once('>'));
    inside.filter(|(pri, _)| (1..=3).contains(&pri.len()) && is_number(pri)).map_or(raw, |(_, rest)| rest)
}

fn without_time(text: &str) -> &str {
    let is_rfc3164 = text.get(..16).is_some_and(|time| {
        let b = time.as_bytes();
        let is_month = time.get(..3).is_some_and(|month| MONTHS.contains(&month));
        is_month && (b[3], b[6], b[9], b[12], b[15]) == (b' ', b' ', b':', b':', b' ')
    });
    if is_rfc3164 {
        return &text[16..];
    }
    let word = text.split(' ').next().unwrap_or_default();
    let is_rfc3339 = word.len() >= 19 && word.is_ascii() && word.as_bytes()[10] == b'T' && is_number(&word[..4]);
    if is_rfc3339 { text[word.len()..].trim_start() } else { text }
}

fn split(text: &str) -> (&str, Option<u32>, &str) {
    let Some((tag, rest)) = text.split_once(':') else { return ("", None, text) };
    let (program, pid) = match tag.split_once('[') {
        Some((program, pid)) => match pid.strip_suffix(']').map(str::parse) {
            Some(Ok(pid)) => (program, Some(pid)),
            _ => return ("", None, text),
        },
        None => (tag, None),
    };
    if program.is_empty() || program.contains(char::is_whitespace) {
        return ("", None, text);
    }
    (program, pid, rest.strip_prefix(' ').unwrap_or(rest))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_comes_apart() {
        let line = parse("mx", "<22>Nov  4 09:38:01 postfix/submission/smtpd[77]: connect from x[2001:db8::1]");
        assert_eq!((line.program.as_str(), line.pid), ("postfix/submission/smtpd", Some(77)));
        assert_eq!((daemon(&line.program), line.text.as_str()), ("smtpd", "connect from x[2001:db8::1]"));
        assert_eq!(bracketed(&line.text), Some("2001:db8::1".parse().unwrap()));
        let line = parse("mx", "<22>2025-11-24T09:38:01.1+00:00 dovecot: lmtp(a)<1><x>: saved mail to INBOX");
        assert_eq!((line.program.as_str(), line.pid), ("dovecot", None));
        assert_eq!(line.text, "lmtp(a)<1><x>: saved mail to INBOX");
        assert_eq!(parse("mx", "no line at all").text, "no line at all");
    }

    #[test]
    fn words_are_no_queue_ids() {
        for id in ["3F1A2B4C5D", "4dFpYx2zqLz1k", "B4C9D12E5"] {
            assert_eq!(queue_id(&format!("{id}: removed")), Some((id, "removed")));
        }
        for word in ["NOQUEUE", "warning", "statistics", "fatal", "DEADB", "unknown-msgid", "connect from x"] {
            assert_eq!(queue_id(&format!("{word}: x")), None);
        }
    }

    #[test]
    fn values_are_found_by_their_whole_key() {
        let text = "to=<a,b@x.example>, orig_to=<c@x.example>, relay=mx.x.example[192.0.2.1]:25, status=sent (250 ok)";
        assert_eq!(value(text, "to="), Some("a,b@x.example"));
        assert_eq!(value(text, "orig_to="), Some("c@x.example"));
        assert_eq!(value(text, "relay="), Some("mx.x.example[192.0.2.1]:25"));
        assert_eq!(value("(client-ip=192.0.2.1; helo=x)", "client-ip="), Some("192.0.2.1"));
        assert_eq!(value(text, "from="), None);
    }

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

    proptest! {
        #[test]
        fn a_quoted_local_part_is_read_whole(local in "[a-z<>;=,. \"\\\\]{0,20}") {
            let local = local.replace('\\', "\\\\").replace('"', "\\\"");
            let address = format!("\"{local}\"@x.example");
            let line = format!("<{address}> to=<b@y.example>");
            prop_assert_eq!(path(&line), Some((address.as_str(), " to=<b@y.example>")));
        }

        #[test]
        fn any_text_is_a_line(raw in "(<[0-9]{0,4}>)?([A-Z][a-z]{2} [0-9: ]{12})?\\PC{0,40}") {
            let line = parse("mx", &raw);
            prop_assert!(raw.ends_with(&line.text));
            queue_id(&line.text);
            bracketed(&line.text);
            value(&line.text, "to=");
        }
    }
}
