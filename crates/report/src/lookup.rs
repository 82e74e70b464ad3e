//! Look-ups for people: each name with its records, and what is to be said of them below.

use crate::{Style, columns::broken, shown::printable};
use evidence::{LookedUp, Observed, Remark, Weight};
use lint::Entry;
use owo_colors::AnsiColors;
use std::fmt::Write;

/// Room for the weight of a remark.
const WEIGHT: usize = 8;
/// Columns before a remark.
const INDENT: usize = 4;

/// Look-ups as text that ends with LF: for each its name and type, its records as `dig +short` shows them, and the remarks,
/// broken at the width of the style; a line to change is never broken, so that it can be copied. At the end the numbers.
#[must_use]
pub fn lookup_text(entries: &[Entry], style: &Style) -> String {
    let mut out = String::new();
    for entry in entries {
        let of = if entry.what == entry.record_type { String::new() } else { format!("  {}", entry.what) };
        let _ = writeln!(out, "{}{of}", style.bold(&format!("{} {}", entry.name, entry.record_type)));
        match &entry.answer {
            Observed::Unobserved(why) => {
                let _ = writeln!(out, "  {} {why}", style.paint("not seen:", AnsiColors::Magenta));
            }
            Observed::Seen(found) => answer(&mut out, found, style),
        }
        out.push('\n');
    }
    let _ = writeln!(out, "{}", numbers(entries, style));
    out
}

fn answer(out: &mut String, found: &LookedUp, style: &Style) {
    for record in &found.records {
        let _ = writeln!(out, "  {}", printable(record).replace('\n', "\u{fffd}"));
    }
    if found.records.is_empty() {
        let _ = writeln!(out, "  no record ({})", found.rcode);
    }
    let room = found.remarks.iter().map(|remark| remark.code.chars().count()).max().unwrap_or(0);
    for given in &found.remarks {
        remark(out, given, room, style);
    }
}

fn remark(out: &mut String, remark: &Remark, room: usize, style: &Style) {
    let (word, color) = label_of(remark.weight);
    let indent = INDENT + WEIGHT + room + 2;
    let cites = Some(format!("({})", remark.cites)).filter(|_| !remark.cites.is_empty());
    let text = printable(&remark.text);
    let words = text.split_whitespace().chain(cites.as_deref());
    let lines = broken(words, indent, style);
    let weight = style.paint(&format!("{word:WEIGHT$}"), color);
    let mut lines = lines.iter();
    let first = lines.next().map_or("", String::as_str);
    let _ = writeln!(out, "{:INDENT$}{weight}{:room$}  {first}", "", remark.code);
    for line in lines {
        let _ = writeln!(out, "{:indent$}{line}", "");
    }
    for line in remark.help.lines() {
        let _ = writeln!(out, "{:indent$}{} {}", "", style.bold("help:"), printable(line));
    }
}

const fn label_of(weight: Weight) -> (&'static str, AnsiColors) {
    match weight {
        Weight::Fault => ("fault", AnsiColors::Red),
        Weight::Notice => ("notice", AnsiColors::Yellow),
    }
}

/// `8 look-ups, 7 with records: 1 fault, 2 notices, 1 not seen`.
fn numbers(entries: &[Entry], style: &Style) -> String {
    let seen = || entries.iter().filter_map(|entry| entry.answer.seen());
    let with = seen().filter(|found| !found.records.is_empty()).count();
    let of = |weight| seen().flat_map(|found| &found.remarks).filter(|remark| remark.weight == weight).count();
    let unseen = entries.len() - seen().count();
    let plural = |many: usize, word: &str| format!("{many} {word}{}", if many == 1 { "" } else { "s" });
    let (faults, notices) = (of(Weight::Fault), of(Weight::Notice));
    let mut parts = Vec::new();
    if faults > 0 {
        parts.push(style.paint(&plural(faults, "fault"), AnsiColors::Red));
    }
    if notices > 0 {
        parts.push(style.paint(&plural(notices, "notice"), AnsiColors::Yellow));
    }
    if unseen > 0 {
        parts.push(style.paint(&format!("{unseen} not seen"), AnsiColors::Magenta));
    }
    if parts.is_empty() {
        parts.push("nothing to remark".to_owned());
    }
    let all = style.bold(&format!("{}, {with} with records", plural(entries.len(), "look-up")));
    format!("{all}: {}", parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(what: &str, name: &str, answer: Observed<LookedUp>) -> Entry {
        Entry { what: what.to_owned(), name: name.parse().unwrap(), record_type: "TXT".to_owned(), answer }
    }

    fn found(records: &[&str], remarks: Vec<Remark>) -> Observed<LookedUp> {
        let records: Vec<String> = records.iter().map(|&record| record.to_owned()).collect();
        let rcode = if records.is_empty() { "NXDOMAIN" } else { "NOERROR" }.to_owned();
        Observed::Seen(LookedUp { rcode, is_authentic: false, records, remarks })
    }

    fn entries() -> Vec<Entry> {
        let remark = Remark {
            code: "dmarc-policy-none".to_owned(),
            weight: Weight::Notice,
            text: "`p=none` asks nobody to refuse forged mail".to_owned(),
            help: "v=DMARC1; p=quarantine".to_owned(),
            cites: "RFC 9989 §4.7".to_owned(),
        };
        vec![
            entry("DMARC", "_dmarc.bank.example", found(&["v=DMARC1; p=none"], vec![remark])),
            entry("TXT", "a.bank.example", found(&[], Vec::new())),
            entry("SPF", "bank.example", Observed::Unobserved("no answer".to_owned())),
        ]
    }

    #[test]
    fn remarks_stand_below_their_records() {
        let expected = "\
_dmarc.bank.example TXT  DMARC
  v=DMARC1; p=none
    notice  dmarc-policy-none  `p=none` asks nobody to refuse
                               forged mail (RFC 9989 §4.7)
                               help: v=DMARC1; p=quarantine

a.bank.example TXT
  no record (NXDOMAIN)

bank.example TXT  SPF
  not seen: no answer

3 look-ups, 1 with records: 1 notice, 1 not seen
";
        assert_eq!(lookup_text(&entries(), &Style { color: false, width: 62, program: "mailproof" }), expected);
    }

    #[test]
    fn a_record_cannot_move_the_cursor() {
        let text = lookup_text(
            &[entry("TXT", "bank.example", found(&["a\u{1b}[2Jb\nc"], Vec::new()))],
            &Style { color: false, width: 80, program: "mailproof" },
        );
        assert!(text.contains("  a\u{fffd}[2Jb\u{fffd}c\n"), "{text}");
        assert!(text.ends_with("1 look-up, 1 with records: nothing to remark\n"), "{text}");
    }
}
