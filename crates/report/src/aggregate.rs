//! What aggregate reports of DMARC say: who sends in the name of a domain.

use crate::{Style, json::text, listed, shown::printable, terminal::count};
use aggregate::{Source, Summary, Worth};
use owo_colors::AnsiColors;
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write};
use time::OffsetDateTime;

/// One table for each domain.
#[must_use]
pub fn aggregate_text(domains: &BTreeMap<String, Summary>, style: &Style) -> String {
    let mut out = String::new();
    for (domain, summary) in domains {
        let mails: u64 = summary.sources.iter().map(|source| source.mails).sum();
        let passed: u64 = summary.sources.iter().filter(|s| s.passes()).map(|source| source.mails).sum();
        let reporters = printable(&listed(summary.reporters.iter().map(String::as_str)));
        let (from, to) = (day(summary.span.0), day(summary.span.1));
        let title = style.paint(&printable(domain), AnsiColors::Cyan);
        let reports = count(summary.reports, "report");
        let _ = writeln!(out, "{title}: {mails} mails, {passed} pass DMARC; {reports} of {reporters}, {from} to {to}");
        for policy in &summary.policies {
            let _ = writeln!(out, "  policy: {}", printable(policy));
        }
        for error in &summary.errors {
            let _ = writeln!(out, "  a reporter's trouble: {}", printable(error));
        }
        let mut rows =
            vec![["mails", "source", "From", "SPF", "DKIM", "what became of it"].map(str::to_owned).to_vec()];
        rows.extend(summary.sources.iter().map(cells));
        out.push_str(&table(&rows, &summary.sources, style));
        out.push('\n');
    }
    out
}

fn cells(source: &Source) -> Vec<String> {
    let worth = |list: &[Worth]| printable(&list.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "));
    let ip = source.ip.map_or_else(|| "not told".to_owned(), |ip| ip.to_string());
    let because =
        if source.overrides.is_empty() { String::new() } else { format!(" ({})", source.overrides.join(", ")) };
    vec![
        source.mails.to_string(),
        ip,
        printable(&source.header_from),
        worth(&source.spf),
        worth(&source.dkim),
        format!("{}{because}", source.disposition),
    ]
}

/// Rows with columns as wide as they need to be; what does not pass is red.
fn table(rows: &[Vec<String>], sources: &[Source], style: &Style) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row
            .iter()
            .zip(&widths)
            .enumerate()
            .map(|(at, (cell, width))| if at == 0 { format!("{cell:>width$}") } else { format!("{cell:<width$}") });
        format!("  {}", cells.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
    };
    let mut out = line(&rows[0]) + "\n";
    for (row, source) in rows[1..].iter().zip(sources) {
        let text = line(row);
        let _ = writeln!(out, "{}", if source.passes() { text } else { style.paint(&text, AnsiColors::Red) });
    }
    out
}

/// The day of a moment in seconds since 1970; a reporter may write any number.
fn day(seconds: u64) -> String {
    let moment = i64::try_from(seconds).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    moment.map_or_else(|| format!("second {seconds}"), |moment| moment.date().to_string())
}

/// The same as one JSON document, ended by LF. Version 1 only grows.
#[must_use]
pub fn aggregate_json(domains: &BTreeMap<String, Summary>, unread: &[(String, String)]) -> String {
    let worth = |worth: &Worth| json!({ "result": worth.result, "of": worth.of, "worth": worth.to_string() });
    let source = |source: &Source| -> Value {
        json!({
            "source": source.ip, "mails": source.mails, "from": source.header_from, "passes": source.passes(),
            "spf": source.spf.iter().map(worth).collect::<Vec<_>>(),
            "dkim": source.dkim.iter().map(worth).collect::<Vec<_>>(),
            "disposition": source.disposition, "overrides": source.overrides,
        })
    };
    let domain = |(domain, summary): (&String, &Summary)| -> Value {
        json!({
            "domain": domain, "policies": summary.policies, "reporters": summary.reporters, "reports": summary.reports,
            "begin": summary.span.0, "end": summary.span.1, "errors": summary.errors,
            "sources": summary.sources.iter().map(source).collect::<Vec<_>>(),
        })
    };
    let unread = unread.iter().map(|(file, why)| json!({ "file": file, "why": why }));
    let document = json!({
        "format": "mailproof-dmarc-reports", "version": 1,
        "domains": domains.iter().map(domain).collect::<Vec<_>>(), "unread": unread.collect::<Vec<_>>(),
    });
    text(&document)
}

#[cfg(test)]
mod tests {
    use super::*;
    use aggregate::Counts;

    #[test]
    fn a_table_tells_what_each_source_was_worth() {
        let worth = |result: &str, of: &str, counts| Worth { result: result.to_owned(), of: of.to_owned(), counts };
        let source = |ip: &str, mails, spf, dkim, disposition: &str| Source {
            ip: ip.parse().ok(),
            header_from: "bank.example".to_owned(),
            mails,
            spf: vec![spf],
            dkim: vec![dkim],
            disposition: disposition.to_owned(),
            overrides: Vec::new(),
        };
        let none = || worth("none", "", Counts::No);
        let bank = worth("pass", "bank.example", Counts::Aligned);
        let mallory = worth("pass", "mallory\u{1b}.example", Counts::NotAligned);
        let sources =
            vec![source("192.0.2.10", 120, bank, none(), "none"), source("2001:db8::66", 3, mallory, none(), "reject")];
        let summary = Summary {
            policies: ["p=reject".to_owned()].into(),
            reporters: ["receiver.example".to_owned()].into(),
            reports: 1,
            span: (1_764_547_200, u64::MAX),
            sources,
            errors: ["no record in time".to_owned()].into(),
        };
        let style = Style { color: false, width: 100, program: "mailproof" };
        let domains: BTreeMap<String, Summary> = [("bank.example".to_owned(), summary)].into();
        assert_eq!(
            aggregate_text(&domains, &style),
            "bank.example: 123 mails, 120 pass DMARC; 1 report of receiver.example, 2025-12-01 to second 18446744073709551615\n  \
             policy: p=reject\n  \
             a reporter's trouble: no record in time\n  \
             mails  source        From          SPF                                 DKIM  what became of it\n    \
             120  192.0.2.10    bank.example  pass bank.example, aligned          none  none\n      \
             3  2001:db8::66  bank.example  pass mallory\u{fffd}.example, not aligned  none  reject\n\n"
        );
        let value: Value = serde_json::from_str(&aggregate_json(&domains, &[])).unwrap();
        assert_eq!(value["domains"][0]["sources"][1]["passes"], false);
    }
}
