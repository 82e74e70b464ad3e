//! The evidence as text that reads like the protocol, the same bytes for the same behaviour.
//!
//! Log lines are left out, since their number and order vary; so are DS and DNSKEY questions, which depend on what a
//! resolver still knows, the validity of certificates, digests, and header fields that arrived as they were sent.

mod arrived;
mod hosts;
mod lookup;
mod probe;
mod report;
mod settings;
mod transaction;

pub use probe::probe_table;

use evidence::{Evidence, Observed, Redactor};
use plan::Plan;

/// The snapshot of one scenario: its settings, probes, look-ups and transactions, as far as it has them.
pub(crate) fn text(plan: &Plan, evidence: &Evidence) -> String {
    let mut parts = Vec::new();
    if !plan.settings.changes.is_empty() {
        parts.push(settings::text(&evidence.settings));
    }
    for (at, planned) in plan.probes.iter().enumerate() {
        parts.push(or_nothing(&planned.label, evidence.probes.get(at), |seen| probe::text(planned, seen)));
    }
    for (at, planned) in plan.lookups.iter().enumerate() {
        parts.push(or_nothing(&planned.label, evidence.lookups.get(at), |seen| lookup::text(planned, seen)));
    }
    for (at, planned) in plan.transactions.iter().enumerate() {
        let seen = evidence.transactions.get(at);
        let nothing = || format!("# {}\n\nnothing was seen\n", planned.label);
        parts.push(seen.map_or_else(nothing, |seen| transaction::text(planned, seen)));
    }
    for (at, planned) in plan.reports.iter().enumerate() {
        parts.push(or_nothing(&planned.label, evidence.reports.get(at), |seen| report::text(planned, seen)));
    }
    let mut redactor = Redactor::default();
    parts.iter().map(|part| redactor.redact(part)).collect::<Vec<_>>().join("\n")
}

/// What was seen; or why nothing was.
fn or_nothing<T>(label: &str, seen: Option<&Observed<T>>, text: impl Fn(&T) -> String) -> String {
    match seen {
        Some(Observed::Seen(seen)) => text(seen),
        Some(Observed::Unobserved(why)) => format!("# {label}\n\nunobserved: {why}\n"),
        None => format!("# {label}\n\nnothing was seen\n"),
    }
}

/// Title and lines.
type Section = (String, Vec<String>);

/// A part with its sections.
fn part(label: &str, sections: impl IntoIterator<Item = Section>) -> String {
    let mut out = format!("# {label}\n\n");
    for (title, lines) in sections {
        section(&mut out, &title, &lines);
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

/// Sections that have lines.
fn filled<const N: usize>(sections: [(&str, Vec<String>); N]) -> impl Iterator<Item = Section> {
    let filled = sections.into_iter().filter(|(_, lines)| !lines.is_empty());
    filled.map(|(title, lines)| (title.to_owned(), lines))
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    let indent = if title.is_empty() { "" } else { "  " };
    if !title.is_empty() {
        out.push_str(title);
        out.push('\n');
    }
    for line in lines {
        out.push_str(visible(&format!("{indent}{line}")).trim_end());
        out.push('\n');
    }
    out.push('\n');
}

/// A line with its control characters as escapes, so that a snapshot is text.
fn visible(line: &str) -> String {
    let is_kept = |c: char| !c.is_control() || c == '\t';
    line.chars().map(|c| if is_kept(c) { c.to_string() } else { c.escape_default().to_string() }).collect()
}
