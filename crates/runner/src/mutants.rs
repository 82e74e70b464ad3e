//! What a gateway's configuration can lose: each of its lines, each word of a list of restrictions, each known value to one that is weaker.
//! Pure: text goes in, texts come out.

use std::ops::Range;

/// A configuration file with one thing changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mutant {
    /// The number of the line, from 1.
    pub(crate) number: usize,
    /// The line, as it is.
    pub(crate) line: String,
    /// The line as it becomes; none: it is taken away, with what continues it or stands in its block.
    pub(crate) becomes: Option<String>,
    /// The whole file then.
    pub(crate) text: String,
}

/// Everything that this file can lose, in its order. Comments, and ends of blocks, are no lines of their own.
pub(crate) fn mutants(path: &str, text: &str) -> Vec<Mutant> {
    let lines = lines(text);
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if is_silent(line.text) || is_end(line.text) {
            continue;
        }
        let with = |new: &str, end: usize, becomes: Option<String>| {
            let text = [&text[..line.octets.start], new, &text[end..]].concat();
            Mutant { number: at + 1, line: line.text.trim().to_owned(), becomes, text }
        };
        found.push(with("", lines[last(path, &lines, at)].octets.end, None));
        for new in weaker(line.text) {
            found.push(with(&format!("{new}{}", line.end), line.octets.end, Some(new.trim().to_owned())));
        }
    }
    found
}

/// A line as it stands.
struct Line<'a> {
    /// With its end.
    octets: Range<usize>,
    text: &'a str,
    end: &'a str,
}

fn lines(text: &str) -> Vec<Line<'_>> {
    let mut from = 0;
    let line = |raw| {
        let (start, own) = (from, str::trim_end_matches(raw, ['\n', '\r']));
        from += raw.len();
        Line { octets: start..from, text: own, end: &raw[own.len()..] }
    };
    text.split_inclusive('\n').map(line).collect()
}

/// Whether it says nothing: it is empty, or a comment of any of the languages that daemons have.
fn is_silent(line: &str) -> bool {
    let line = line.trim();
    line.is_empty() || ["#", ";", "--", "//"].iter().any(|mark| line.starts_with(mark))
}

/// Whether it only ends what another line begins.
fn is_end(line: &str) -> bool {
    matches!(line.trim().trim_end_matches([',', ';']), "}" | "]" | ")" | "end" | "endif")
}

/// The last line that goes when this one goes: the end of the block that it begins, or the last that continues it.
fn last(path: &str, lines: &[Line<'_>], at: usize) -> usize {
    let begins = |line: &str| -> i32 {
        let line = line.trim();
        let is_if = line.starts_with("if /") || line.starts_with("if !/");
        let open = line.matches(['{', '[']).count() as i32 - line.matches(['}', ']']).count() as i32;
        if is_if {
            1
        } else if line == "endif" {
            -1
        } else if is_postfix(path) {
            0
        } else {
            open
        }
    };
    let mut depth = begins(lines[at].text);
    if depth > 0 {
        let ends = lines.iter().enumerate().skip(at + 1).filter(|(_, line)| !is_silent(line.text)).find(|(_, line)| {
            depth += begins(line.text);
            depth <= 0
        });
        return ends.map_or(at, |(end, _)| end);
    }
    let is_more = |line: &&str| line.starts_with([' ', '\t']);
    if !is_postfix(path) || is_more(&lines[at].text) {
        return at;
    }
    // comments and empty lines may stand between
    let rest = lines.iter().enumerate().skip(at + 1);
    let more = rest.take_while(|(_, line)| is_silent(line.text) || is_more(&line.text));
    more.filter(|(_, line)| !is_silent(line.text)).last().map_or(at, |(end, _)| end)
}

/// Whether lines that begin with white space continue the one before (postconf(5), master(5), tables as in pcre_table(5)).
fn is_postfix(path: &str) -> bool {
    path.starts_with("/etc/postfix/") && !path.ends_with(".cnf")
}

/// Values and the weaker ones beside them, whatever they are of.
const WEAKER: &[(&str, &[&str])] = &[
    ("yes", &["no"]),
    ("no", &["yes"]),
    ("true", &["false"]),
    ("false", &["true"]),
    ("True", &["False"]),
    ("False", &["True"]),
    ("encrypt", &["may"]),
    ("may", &["none"]),
    ("dane", &["may"]),
    ("dane-only", &["may"]),
    ("verify", &["encrypt"]),
    ("secure", &["encrypt"]),
    ("required", &["yes"]),
    ("dnssec", &["enabled"]),
    ("high", &["medium"]),
    ("reject", &["no", "accept"]),
    ("normalize", &["no"]),
    ("tempfail", &["accept"]),
    ("quarantine", &["accept"]),
    (">=TLSv1.2", &[">=TLSv1"]),
    (">=TLSv1.3", &[">=TLSv1.2"]),
    ("TLSv1.2", &["TLSv1"]),
    ("TLSv1.3", &["TLSv1.2"]),
    ("REJECT", &["DUNNO"]),
];

/// The same line with a weaker value, or with one word less of a list.
fn weaker(line: &str) -> Vec<String> {
    let Some((name, value)) = setting(line) else { return Vec::new() };
    let (head, value) = (&line[..value.start], &line[value]);
    let bare = value.trim_end_matches([';', ',']);
    let tail = &value[bare.len()..];
    let fits = |new: &&str| match bare {
        // of a filter that fails, and of everything else
        "reject" => (*new == "accept") == name.contains("action") || name.starts_with("On-"),
        _ => true,
    };
    let known = WEAKER.iter().filter(|(word, _)| *word == bare).flat_map(|(_, new)| new.iter().copied()).filter(fits);
    let mut found: Vec<String> = known.map(|new| format!("{head}{new}{tail}")).collect();
    if is_list(name) {
        let items = items(bare);
        let one_less = |at: usize| {
            let rest = items.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, item)| *item);
            format!("{head}{}{tail}", rest.collect::<Vec<_>>().join(", "))
        };
        if items.len() > 1 {
            found.extend((0..items.len()).map(one_less));
        }
    }
    found
}

/// The name of a setting, and where its value stands: `name = value`, `name: value`, `Name value`, `-o name=value`.
fn setting(line: &str) -> Option<(&str, Range<usize>)> {
    let text = line.trim_end();
    let from = text.len() - text.trim_start().len();
    let from = if text[from..].starts_with("-o ") { from + "-o ".len() } else { from };
    let end = from + text[from..].find(|c: char| c == '=' || c == ':' || c.is_whitespace())?;
    let rest = text[end..].trim_start_matches([' ', '\t']);
    let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start();
    (!rest.is_empty()).then(|| (&text[from..end], text.len() - rest.len()..text.len()))
}

/// Whether its value is a list each of whose words does something.
fn is_list(name: &str) -> bool {
    ["_restrictions", "_milters", "_exclude_ciphers", "_keyword_address_maps"].iter().any(|end| name.ends_with(end))
        || ["smtpd_milters", "mynetworks", "protocols", "auth_mechanisms"].contains(&name)
}

/// The items of a list: a word that takes an argument has it with it (`check_policy_service unix:private/policyd-spf`).
fn items(value: &str) -> Vec<&str> {
    let takes_one = |word: &str| {
        word.starts_with("check_")
            || word.starts_with("reject_rbl")
            || word.starts_with("reject_rhsbl")
            || word == "sleep"
    };
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut from = 0;
    let mut is_open = false;
    for word in value.split_inclusive([' ', '\t', ',']) {
        let own = word.trim_end_matches([' ', '\t', ',']);
        let octets = from..from + own.len();
        from += word.len();
        if own.is_empty() {
            continue;
        }
        match found.last_mut() {
            Some(last) if is_open => last.end = octets.end,
            _ => found.push(octets),
        }
        is_open = takes_one(own) && !word.ends_with(',');
    }
    found.into_iter().map(|octets| &value[octets]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(path: &str, text: &str) -> Vec<(usize, Option<String>, String)> {
        mutants(path, text).into_iter().map(|mutant| (mutant.number, mutant.becomes, mutant.text)).collect()
    }

    #[test]
    fn a_line_goes_with_those_that_continue_it() {
        let text = "# a\na = b\nr =\n  one,\n# c\n  two\n\nz = yes\n";
        let gone: Vec<(usize, String)> = mutants("/etc/postfix/main.cf", text)
            .into_iter()
            .filter(|mutant| mutant.becomes.is_none())
            .map(|mutant| (mutant.number, mutant.text))
            .collect();
        let want = [
            (2, text.replace("a = b\n", "")),
            (3, "# a\na = b\n\nz = yes\n".to_owned()),
            (4, text.replace("  one,\n", "")),
            (6, text.replace("  two\n", "")),
            (8, text.replace("z = yes\n", "")),
        ];
        assert_eq!(gone, want);
    }

    #[test]
    fn a_block_goes_whole_and_each_of_its_lines_alone() {
        let text = "service lmtp {\n  min = 2\n  listener a {\n    port = 24\n  }\n}\nssl = required\n";
        let gone = |number: usize| {
            let all = mutants("/etc/dovecot/dovecot.conf", text);
            all.into_iter().find(|mutant| mutant.number == number && mutant.becomes.is_none()).map(|mutant| mutant.text)
        };
        assert_eq!(gone(1).unwrap(), "ssl = required\n");
        assert_eq!(gone(2).unwrap(), text.replace("  min = 2\n", ""));
        assert_eq!(gone(3).unwrap(), "service lmtp {\n  min = 2\n}\nssl = required\n");
        assert_eq!((gone(5), gone(6)), (None, None));
        let table = "if /^A:/\n/x/ IGNORE\n!/^From:\n  (?: y )/x REJECT\nendif\n/z/ IGNORE\n";
        let of = |number: usize| {
            let all = mutants("/etc/postfix/checks.pcre", table);
            all.into_iter().find(|mutant| mutant.number == number && mutant.becomes.is_none()).map(|mutant| mutant.text)
        };
        assert_eq!(of(1).unwrap(), "/z/ IGNORE\n");
        assert_eq!(of(3).unwrap(), "if /^A:/\n/x/ IGNORE\nendif\n/z/ IGNORE\n");
    }

    #[test]
    fn known_values_become_weaker() {
        let of = |line: &str| weaker(line);
        assert_eq!(of("smtpd_forbid_bare_newline = reject"), ["smtpd_forbid_bare_newline = no"]);
        assert_eq!(of("milter_default_action = reject"), ["milter_default_action = accept"]);
        assert_eq!(of("  -o smtpd_tls_security_level=encrypt"), ["  -o smtpd_tls_security_level=may"]);
        assert_eq!(of("RejectFailures true"), ["RejectFailures false"]);
        assert_eq!(of("On-InternalError tempfail"), ["On-InternalError accept"]);
        assert_eq!(of("  enabled = true;"), ["  enabled = false;"]);
        assert_eq!(of("smtpd_tls_protocols = >=TLSv1.2"), ["smtpd_tls_protocols = >=TLSv1"]);
        assert_eq!(of("myhostname = mx.gateway.example"), [""; 0]);
        assert_eq!(of("mynetworks ="), [""; 0]);
    }

    #[test]
    fn each_word_of_a_list_goes_alone() {
        assert_eq!(
            weaker("smtpd_relay_restrictions = permit_sasl_authenticated, check_client_access cidr:/a, reject"),
            [
                "smtpd_relay_restrictions = check_client_access cidr:/a, reject",
                "smtpd_relay_restrictions = permit_sasl_authenticated, reject",
                "smtpd_relay_restrictions = permit_sasl_authenticated, check_client_access cidr:/a",
            ]
        );
        assert_eq!(weaker("a_restrictions = reject_unauth_pipelining"), [""; 0]);
    }

    #[test]
    fn a_mutant_names_its_line() {
        let text = "a = yes\n";
        assert_eq!(
            told("/etc/x.conf", text),
            [(1, None, String::new()), (1, Some("a = no".to_owned()), "a = no\n".to_owned())]
        );
    }

    proptest! {
        #[test]
        fn any_text_loses_something_or_says_nothing(text in "[ -~\n\t]{0,300}") {
            for path in ["/etc/postfix/main.cf", "/etc/dovecot/a.conf", "/etc/opendkim.conf"] {
                for mutant in mutants(path, &text) {
                    prop_assert_ne!(&mutant.text, &text);
                    prop_assert!(mutant.number <= text.lines().count());
                }
            }
        }
    }
}
