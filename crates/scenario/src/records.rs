//! Records that a scenario writes, in zone-file syntax (RFC 1035 §5.1): what the reader of zone files takes, less what has no
//! place in a scenario or would not mean what it says.

use form::Flaw;
use hickory_proto::rr::RecordType;
use mail::{DnsName, Domain};
use std::ops::Range;

/// One record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    /// Whole name of its owner.
    pub(crate) owner: DnsName,
    /// Its type, such as `TXT`.
    pub(crate) kind: String,
    /// The text of a TXT record, strings joined.
    pub(crate) text: Option<String>,
    /// Where it stands in the records.
    pub(crate) at: Range<usize>,
}

/// Reads records of a zone. A flaw comes with the place where it stands in `text`.
pub(crate) fn read(origin: &Domain, text: &str) -> (Vec<Record>, Vec<(Range<usize>, Flaw)>) {
    let file = zonefile::read(text, &origin.into());
    let mut records = Vec::new();
    let mut flaws: Vec<(Range<usize>, Flaw)> = Vec::new();
    for fault in file.faults {
        let flaw = Flaw::new(format!("this record cannot be read: {}", fault.message))
            .help("write `NAME IN TYPE DATA` (RFC 1035 §5.1), a text in double quotes");
        flaws.push((fault.at, flaw));
    }
    for directive in file.directives {
        let flaw = Flaw::new("directives have no place in a scenario")
            .help("names are relative to the zone already, every TTL is 0, and no file is included");
        flaws.push((directive.at, flaw));
    }
    for record in file.records {
        match misplaced(origin, &record) {
            Some(flaw) => flaws.push((record.at, flaw)),
            None => records.push(Record {
                kind: zonefile::type_word(record.record_type),
                text: record.text().map(|text| mail::readable(&text)),
                owner: record.owner,
                at: record.at,
            }),
        }
    }
    flaws.sort_by_key(|(at, _)| at.start);
    (records, flaws)
}

/// What the grammar allows, but a scenario does not, or what would not mean what it says.
fn misplaced(origin: &Domain, record: &zonefile::Record) -> Option<Flaw> {
    let owner = record.owner_text.as_deref().unwrap_or_default();
    if let Some(head) = owner.to_ascii_lowercase().strip_suffix(&format!(".{origin}")) {
        return Some(
            Flaw::new(format!("`{owner}` is read as `{owner}.{origin}`"))
                .help(format!("write `{head}`, or `{owner}.` with a final dot")),
        );
    }
    if !record.owner.is_within(&origin.into()) {
        return Some(
            Flaw::new(format!("`{}` lies outside the zone {origin}", record.owner))
                .help("declare a zone of its own for it"),
        );
    }
    if record.has_ttl {
        return Some(
            Flaw::new("a record of a scenario has no TTL")
                .help("leave it out: every TTL is 0, so that nothing is cached"),
        );
    }
    match record.record_type {
        RecordType::SOA => Some(Flaw::new("the SOA record is made").help("leave it out")),
        RecordType::TXT if !record.has_quotes && !record.is_generic => Some(
            Flaw::new("a text without double quotes may lose something")
                .help("put it in double quotes: `;` begins a comment, and spaces separate strings"),
        ),
        _ => None,
    }
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
        let seen: Vec<_> =
            records.iter().map(|r| (r.owner.to_string(), r.kind.as_str(), &text[r.at.clone()])).collect();
        assert_eq!(seen[0], ("mail.bank.example".to_owned(), "A", "mail IN A 192.0.2.10"));
        assert_eq!(seen[1], ("mail.bank.example".to_owned(), "TXT", "     IN TXT \"v=spf1 -all\""));
        assert_eq!(seen[2], ("*.bank.example".to_owned(), "MX", "* MX 10 mail"));
        assert_eq!(records[1].text.as_deref(), Some("v=spf1 -all"));
    }

    #[test]
    fn what_would_not_mean_what_it_says_is_refused() {
        for (text, message) in [
            ("a.bank.example IN A 192.0.2.1", "`a.bank.example` is read as `a.bank.example.bank.example`"),
            ("a.other.example. IN A 192.0.2.1", "`a.other.example` lies outside the zone bank.example"),
            ("a 300 IN A 192.0.2.1", "a record of a scenario has no TTL"),
            ("$ORIGIN a", "directives have no place in a scenario"),
            ("$INCLUDE /etc/hosts", "this record cannot be read: $INCLUDE is not allowed: a zone is one text"),
            ("a TXT \"one\ntwo\"", "this record cannot be read: a quote is not closed on its line"),
            ("a TXT one", "a text without double quotes may lose something"),
            (" IN A 192.0.2.1", "this record cannot be read: the first record has no name"),
            ("@ SOA ns root 1 2 3 4 5", "the SOA record is made"),
        ] {
            let (_, flaws) = read(&origin(), text);
            assert!(flaws.iter().any(|(_, flaw)| flaw.message == message), "{text}: {flaws:?}");
        }
    }

    #[test]
    fn a_long_text_is_split_and_reads_back() {
        let long = format!("v=spf1 \"\\{} -all", "é".repeat(300));
        let (records, flaws) = read(&origin(), &format!("@ TXT {}", mail::txt_data(long.as_bytes())));
        assert_eq!((records[0].text.as_deref(), flaws.len()), (Some(long.as_str()), 0));
    }

    #[test]
    fn what_the_dns_has_is_taken() {
        let text = "foo:bar/baz TXT \"\\065\\195\\169\\255\"\na TXT ( \"one\"\n \"two\" )\n@ SPF \"v=spf1 -all\"\n@ TYPE99 \\# 2 0161\n@ TYPE16 \\# 2 0161\n";
        let (records, flaws) = read(&origin(), text);
        assert_eq!(flaws, []);
        let seen: Vec<_> = records.iter().map(|r| (r.owner.to_string(), r.kind.as_str(), r.text.as_deref())).collect();
        let apex = || "bank.example".to_owned();
        assert_eq!(
            seen,
            [
                ("foo:bar/baz.bank.example".to_owned(), "TXT", Some("Aé\\255")),
                ("a.bank.example".to_owned(), "TXT", Some("onetwo")),
                (apex(), "SPF", None),
                (apex(), "SPF", None),
                (apex(), "TXT", Some("a")),
            ]
        );
    }
}
