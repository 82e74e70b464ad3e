//! Records in zone-file syntax (RFC 1035 §5.1), one by one, so that each fault is told at its own record.

use form::Flaw;
use hickory_proto::{
    rr::{Name, RData, RecordSet, RecordType},
    serialize::txt::Parser,
};
use mail::Domain;
use std::{ops::Range, str::FromStr};

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Whole name of its owner, lower case, without a final dot.
    pub(crate) owner: String,
    /// Its type, such as `TXT`.
    pub(crate) kind: String,
    /// The text of a TXT record, strings joined.
    pub(crate) text: Option<String>,
    /// Where it stands in the records.
    pub(crate) at: Range<usize>,
}

/// Reads records of a zone. A flaw comes with the place where it stands in `text`.
pub(crate) fn read(origin: &Domain, text: &str) -> (Vec<Record>, Vec<(Range<usize>, Flaw)>) {
    let (mut records, mut flaws) = (Vec::new(), Vec::new());
    let mut last_owner: Option<&str> = None;
    for at in entries(text) {
        let entry = &text[at.clone()];
        let content = entry.trim_start();
        if content.is_empty() || content.starts_with(';') {
            continue;
        }
        let at = at.start..at.start + entry.trim_end().len();
        let indented = content.len() < entry.len();
        let owner = if indented { last_owner } else { content.split(char::is_whitespace).next() };
        let Some(owner) = owner else {
            flaws.push((at, Flaw::new("the first record has no name").help("begin it with a name, `@` for the apex")));
            continue;
        };
        last_owner = Some(owner);
        let line = if indented { format!("{owner} {content}") } else { entry.to_owned() };
        match check(origin, owner, entry).and_then(|()| parse(origin, &line)) {
            Ok(found) if found.iter().any(|(_, kind, _)| kind == "TXT") && !entry.contains('"') => {
                let flaw = Flaw::new("a text without double quotes may lose something");
                flaws.push((
                    at,
                    flaw.help("put it in double quotes: `;` begins a comment, and spaces separate strings"),
                ));
            }
            Ok(found) => records.extend(found.into_iter().map(|(owner, kind, text)| Record {
                owner,
                kind,
                text,
                at: at.clone(),
            })),
            Err(flaw) => flaws.push((at, flaw)),
        }
    }
    (records, flaws)
}

/// Ranges of the entries: lines, but for line ends in quotes and parentheses.
fn entries(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut quoted, mut list, mut comment, mut escaped, mut word) = (0, false, false, false, false, false);
    for (at, c) in text.char_indices() {
        if quoted {
            quoted = escaped || c != '"';
            escaped = !escaped && c == '\\';
            continue;
        }
        match c {
            '\n' => {
                comment = false;
                if !list {
                    found.push(start..at);
                    start = at + 1;
                }
            }
            _ if comment => {}
            ';' => comment = true,
            '"' if !word && !list => quoted = true,
            '(' if !word => list = true,
            ')' => list = false,
            _ => {}
        }
        word = !c.is_whitespace() && !matches!(c, '"' | '(' | ')');
    }
    found.push(start..text.len());
    found
}

/// What the grammar allows, but a scenario does not, or what would not mean what it says.
fn check(origin: &Domain, owner: &str, entry: &str) -> Result<(), Flaw> {
    if entry.lines().any(|line| line.trim_start().starts_with('$')) {
        return Err(Flaw::new("directives have no place in a scenario")
            .help("names are relative to the zone already, every TTL is 0, and no file is included"));
    }
    if let Some(head) = owner.to_ascii_lowercase().strip_suffix(&format!(".{origin}")) {
        return Err(Flaw::new(format!("`{owner}` is read as `{owner}.{origin}`"))
            .help(format!("write `{head}`, or `{owner}.` with a final dot")));
    }
    let has_number = |part: &str| part.starts_with(|c: char| c.is_ascii_digit());
    if entry.contains('"')
        && entry.split('"').skip(1).step_by(2).any(|quoted| quoted.split('\\').skip(1).any(has_number))
    {
        return Err(Flaw::new("`\\` with digits is not understood").help("write the character itself"));
    }
    if entry.contains('"') && entry.split('"').step_by(2).any(|bare| bare.contains('(')) {
        return Err(Flaw::new("strings in parentheses are not understood")
            .help("write all strings of the record in one line, without parentheses"));
    }
    Ok(())
}

type Found = (String, String, Option<String>);

fn parse(origin: &Domain, line: &str) -> Result<Vec<Found>, Flaw> {
    let bad = |error: String| {
        Flaw::new(format!("this record cannot be read: {error}"))
            .help("write `NAME IN TYPE DATA` (RFC 1035 §5.1), a text in double quotes")
    };
    let apex = Name::from_ascii(format!("{origin}.")).map_err(|e| bad(e.to_string()))?;
    let parser = Parser::new(format!("$TTL 0\n{line}\n"), None, Some(apex));
    let (_, sets) = parser.parse().map_err(|error| bad(error.to_string()))?;
    let mut found = Vec::new();
    for set in sets.values() {
        found.extend(records_of(set, origin)?);
    }
    Ok(found)
}

fn records_of(set: &RecordSet, origin: &Domain) -> Result<Vec<Found>, Flaw> {
    let owner = set.name().to_lowercase().to_ascii().trim_end_matches('.').to_owned();
    let suffix = format!(".{origin}");
    if owner != origin.as_str() && !owner.ends_with(&suffix) {
        return Err(
            Flaw::new(format!("`{owner}` lies outside the zone {origin}")).help("declare a zone of its own for it")
        );
    }
    if set.ttl() != 0 {
        return Err(Flaw::new("a record of a scenario has no TTL")
            .help("leave it out: every TTL is 0, so that nothing is cached"));
    }
    if set.record_type() == RecordType::SOA {
        return Err(Flaw::new("the SOA record is made").help("leave it out"));
    }
    let text = |data: &RData| match data {
        RData::TXT(txt) => Some(txt.txt_data.iter().map(|part| String::from_utf8_lossy(part)).collect()),
        _ => None,
    };
    let kind = set.record_type().to_string();
    Ok(set.records_without_rrsigs().map(|record| (owner.clone(), kind.clone(), text(&record.data))).collect())
}

/// Whether a zone's whole text can be read, sugar and records together.
pub(crate) fn check_whole(origin: &Domain, text: &str) -> Result<(), String> {
    let apex = Name::from_str(&format!("{origin}.")).map_err(|error| error.to_string())?;
    Parser::new(text, None, Some(apex)).parse().map(drop).map_err(|error| error.to_string())
}

/// Data of a TXT record: a text in character-strings of at most 255 octets (RFC 1035 §3.3).
pub(crate) fn txt(text: &str) -> String {
    let mut strings = vec![String::new()];
    let mut octets = 0;
    for c in text.chars() {
        octets += c.len_utf8();
        if octets > 255 {
            strings.push(String::new());
            octets = c.len_utf8();
        }
        if let Some(last) = strings.last_mut() {
            if matches!(c, '"' | '\\') {
                last.push('\\');
            }
            last.push(c);
        }
    }
    strings.iter().map(|string| format!("\"{string}\"")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin() -> Domain {
        "bank.example".parse().unwrap()
    }

    #[test]
    fn records_are_read_with_their_places() {
        let text = "mail IN A 192.0.2.10\n     IN TXT \"v=spf1 -all\"\n\n; nothing\n* MX 10 mail\n";
        let (records, flaws) = read(&origin(), text);
        assert_eq!(flaws, []);
        let seen: Vec<_> = records.iter().map(|r| (r.owner.as_str(), r.kind.as_str(), &text[r.at.clone()])).collect();
        assert_eq!(seen[0], ("mail.bank.example", "A", "mail IN A 192.0.2.10"));
        assert_eq!(seen[1], ("mail.bank.example", "TXT", "     IN TXT \"v=spf1 -all\""));
        assert_eq!(seen[2], ("*.bank.example", "MX", "* MX 10 mail"));
        assert_eq!(records[1].text.as_deref(), Some("v=spf1 -all"));
    }

    #[test]
    fn what_would_not_mean_what_it_says_is_refused() {
        for (text, message) in [
            ("a.bank.example IN A 192.0.2.1", "`a.bank.example` is read as `a.bank.example.bank.example`"),
            ("a.other.example. IN A 192.0.2.1", "`a.other.example` lies outside the zone bank.example"),
            ("a 300 IN A 192.0.2.1", "a record of a scenario has no TTL"),
            ("$INCLUDE /etc/hosts", "directives have no place in a scenario"),
            ("a\"\n$INCLUDE /etc/hosts\n\"", "directives have no place in a scenario"),
            ("a TXT ( \"one\"\n \"two\" )", "strings in parentheses are not understood"),
            ("a TXT \"\\065\"", "`\\` with digits is not understood"),
            (" IN A 192.0.2.1", "the first record has no name"),
            ("@ SOA ns root 1 2 3 4 5", "the SOA record is made"),
        ] {
            let (_, flaws) = read(&origin(), text);
            assert!(flaws.iter().any(|(_, flaw)| flaw.message == message), "{text}: {flaws:?}");
        }
    }

    #[test]
    fn a_long_text_is_split_and_reads_back() {
        let long = format!("v=spf1 \"\\{} -all", "é".repeat(300));
        let (records, flaws) = read(&origin(), &format!("@ TXT {}", txt(&long)));
        assert_eq!((records[0].text.as_deref(), flaws.len()), (Some(long.as_str()), 0));
    }
}
