//! For people, at a terminal: a line a scenario, and at the end what did not hold.

use crate::{
    RunReport, ScenarioReport, Snapshot, Status,
    causes::{Told, listed},
    shown::{printable, shown},
};
use evidence::{Delivered, Observed};
use miette::Diagnostic;
use owo_colors::{AnsiColors, OwoColorize};
use std::{collections::BTreeMap, fmt::Write, time::Duration};

/// How text is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether colours are used: not when NO_COLOR is set or the output is no terminal.
    pub color: bool,
    /// Columns; at least 60 are used.
    pub width: usize,
    /// How the user calls the program: the words before a command's.
    pub program: &'static str,
}

impl Style {
    pub(crate) fn columns(&self) -> usize {
        self.width.max(60)
    }

    pub(crate) fn paint(&self, text: &str, color: AnsiColors) -> String {
        if self.color { text.color(color).to_string() } else { text.to_owned() }
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        if self.color { text.bold().to_string() } else { text.to_owned() }
    }
}

/// Header fields of a message that nobody sent that are shown, lines of its body, and characters of each.
const STRAY_FIELDS: usize = 12;
const STRAY_LINES: usize = 5;
const STRAY_WIDTH: usize = 110;
/// Room for a scenario's name.
const NAME: usize = 36;

/// One scenario as one line, ended by LF: what came of it, its name, how long it took, and its title or what is wrong.
#[must_use]
pub fn line(report: &ScenarioReport, style: &Style) -> String {
    let (glyph, color) = glyph(&report.status);
    let seconds = format!("{:>6.2} s", report.took.as_secs_f64());
    let used = 2 + report.name.chars().count().max(NAME) + 1 + seconds.len() + 2;
    let more = cut(&remark(report), style.columns().saturating_sub(used));
    let more = if report.status == Status::Held { more } else { style.paint(&more, color) };
    let name = format!("{:NAME$}", report.name);
    format!("{} {name} {seconds}  {more}", style.paint(glyph, color)).trim_end().to_owned() + "\n"
}

/// What the harness adapts in a gateway to be able to test it, one line each.
#[must_use]
pub fn adaptations(gateway: &str, adaptations: &[String], style: &Style) -> String {
    let lines = adaptations.iter().map(|adaptation| format!("  - {adaptation}\n"));
    style.bold(&format!("Adapted in {gateway} by the harness")) + "\n" + &lines.collect::<String>()
}

/// What is said when all is over: what did not hold, what could not be told, and the numbers.
#[must_use]
pub fn summary(run: &RunReport, style: &Style) -> String {
    let mut out = String::new();
    let of = |is_meant: fn(&Status) -> bool| run.scenarios.iter().filter(move |s| is_meant(&s.status));
    chapter(&mut out, "Failures", AnsiColors::Red, of(is_failure), style, run.is_ci);
    if run.is_ci {
        chapter(&mut out, "Snapshots", AnsiColors::Red, of(|s| *s == Status::SnapshotNew), style, true);
    }
    chapter(&mut out, "Errors: it could not be told", AnsiColors::Magenta, of(is_error), style, run.is_ci);
    let new = of(|s| *s == Status::SnapshotNew).count();
    if new > 0 && !run.is_ci {
        let (many, program) = (count(new, "new snapshot"), style.program);
        let _ = writeln!(out, "\n{many}; `{program} scenario accept` accepts what was seen");
    }
    out.push_str(&unseen(run, style));
    out.push_str(&differences(run, style));
    of_the_run(&mut out, run, style);
    let _ = writeln!(out, "\n{}", total(run, style));
    out
}

/// What is wrong with the run, and with no scenario of it.
fn of_the_run(out: &mut String, run: &RunReport, style: &Style) {
    let title = |text: &str, color| style.bold(&style.paint(text, color));
    if !run.incomplete.is_empty() {
        let _ = writeln!(out, "\n{}", title("The run is not complete", AnsiColors::Magenta));
        run.incomplete.iter().for_each(|lack| indented(out, lack));
    }
    if !run.died.is_empty() {
        let what = "Services that ended, with no scenario that makes them end again";
        let _ = writeln!(out, "\n{}", title(what, AnsiColors::Magenta));
        run.died.iter().for_each(|died| indented(out, died));
    }
    match &run.strays {
        Observed::Seen(strays) if strays.is_empty() => {}
        Observed::Seen(strays) => {
            let what = count(strays.len(), "message") + " that nobody sent";
            let _ = writeln!(out, "\n{}", title(&what, AnsiColors::Red));
            strays.iter().for_each(|one| indented(out, &stray(one)));
        }
        Observed::Unobserved(why) => {
            let what = "Whether there is mail that nobody sent cannot be told";
            let _ = writeln!(out, "\n{}", title(what, AnsiColors::Magenta));
            indented(out, why);
        }
    }
}

/// Where it lies and its first lines, each on a line of its own.
pub(crate) fn stray(stray: &Delivered) -> String {
    let Delivered { mailbox, folder, message, .. } = stray;
    let fields = message.fields.iter().map(|field| format!("{}: {}", field.name, field.value));
    let body = mail::readable(&message.body);
    let body = body.lines().map(str::to_owned);
    let lines = fields.take(STRAY_FIELDS).chain([String::new()]).chain(body.take(STRAY_LINES));
    let lines = lines.map(|line| format!("\n  | {}", cut(&line, STRAY_WIDTH)).trim_end().to_owned());
    format!("in {folder} of {mailbox}:{}", lines.collect::<String>())
}

/// Where the harness's own judgement is another one than the gateway's; of what did not hold this stands with it already.
fn differences(run: &RunReport, style: &Style) -> String {
    let mut out = String::new();
    for scenario in run.scenarios.iter().filter(|s| !is_failure(&s.status)) {
        for judged in scenario.verdict.iter().flat_map(|verdict| &verdict.transactions) {
            for line in &judged.second_opinion {
                if out.is_empty() {
                    let _ = writeln!(out, "\n{}", style.bold("Where the second opinion differs"));
                }
                let _ = writeln!(out, "  {} ({}): {line}", scenario.name, judged.label);
            }
        }
    }
    out
}

/// Results that are claimed and that the gateway does not show, where what became of the message is as claimed.
fn unseen(run: &RunReport, style: &Style) -> String {
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for scenario in run.scenarios.iter().filter(|s| !is_failure(&s.status) && !is_error(&s.status)) {
        for unseen in scenario.verdict.iter().flat_map(|verdict| verdict.unseen()) {
            let names = all.entry(unseen.message()).or_default();
            if names.last() != Some(&scenario.name.as_str()) {
                names.push(&scenario.name);
            }
        }
    }
    let lines = all.into_iter().map(|(what, names)| format!("  {what}: {}\n", listed(names.into_iter())));
    let lines: String = lines.collect();
    let title = "Results that the gateway does not show; what became of the message is as claimed";
    if lines.is_empty() { lines } else { format!("\n{}\n{lines}", style.bold(title)) }
}

/// Scenarios, each with everything that is to be said of it; those that are wrong in the same way are told at once.
fn chapter<'a>(
    out: &mut String,
    title: &str,
    color: AnsiColors,
    scenarios: impl Iterator<Item = &'a ScenarioReport>,
    style: &Style,
    is_ci: bool,
) {
    let all = Told::all(scenarios);
    if !all.is_empty() {
        let _ = writeln!(out, "\n{}", style.bold(&style.paint(title, color)));
    }
    for Told { first: scenario, likewise } in all {
        let _ = writeln!(out, "\n{}  {}", style.bold(&scenario.name), scenario.title);
        out.push_str(&details(scenario, style, is_ci));
        if !likewise.is_empty() {
            let names = listed(likewise.iter().copied());
            indented(out, &format!("the same in {}: {names}", count(likewise.len(), "more scenario")));
        }
    }
}

/// Everything that is wrong with a scenario, with the places in its file.
pub(crate) fn details(scenario: &ScenarioReport, style: &Style, is_ci: bool) -> String {
    let mut out = String::new();
    match &scenario.status {
        Status::Held | Status::Failed => {}
        Status::SnapshotNew if !is_ci => {}
        Status::Error(why) => indented(&mut out, why),
        Status::KnownFailure(reason) => indented(&mut out, &format!("known failure: {reason}")),
        Status::NotApplicable(lack) => indented(&mut out, &format!("not applicable: {lack}")),
        Status::UnexpectedPass(reason) => indented(
            &mut out,
            &format!("it holds, but is a known failure: {reason}\nremove it from known-failures.toml"),
        ),
        Status::SnapshotNew => {
            let program = style.program;
            indented(
                &mut out,
                &format!("there is no snapshot\nrun it without --ci, and `{program} scenario accept` it"),
            );
        }
        Status::SnapshotDiffers => {
            indented(&mut out, "it did otherwise than the snapshot says (- snapshot, + seen)");
            let Snapshot::Differs(diff) = &scenario.snapshot else { return out };
            for line in diff.lines() {
                let color = match line.as_bytes().first() {
                    Some(b'+') => AnsiColors::Green,
                    Some(b'-') => AnsiColors::Red,
                    _ => AnsiColors::Default,
                };
                let _ = writeln!(out, "  {}", style.paint(&printable(line), color));
            }
            indented(&mut out, &format!("if that is right, `{} scenario accept` accepts it", style.program));
        }
    }
    scenario.died.iter().for_each(|died| indented(&mut out, died));
    if let Some(verdict) = &scenario.verdict {
        let wrong = verdict.findings().map(|finding| finding as &dyn Diagnostic);
        for diagnostic in wrong.chain(verdict.errors().map(|unclear| unclear as &dyn Diagnostic)) {
            out.push_str(&shown(diagnostic, style));
        }
    }
    out
}

/// Everything that is to be said of one scenario that is not as expected.
#[must_use]
pub fn told(report: &ScenarioReport, style: &Style) -> String {
    details(report, style, false)
}

fn indented(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "  {}", printable(line));
    }
}

const fn is_failure(status: &Status) -> bool {
    matches!(status, Status::Failed | Status::UnexpectedPass(_) | Status::SnapshotDiffers)
}

const fn is_error(status: &Status) -> bool {
    matches!(status, Status::Error(_))
}

const fn glyph(status: &Status) -> (&'static str, AnsiColors) {
    match status {
        Status::Held => ("✓", AnsiColors::Green),
        Status::Failed | Status::UnexpectedPass(_) => ("✗", AnsiColors::Red),
        Status::Error(_) => ("!", AnsiColors::Magenta),
        Status::KnownFailure(_) => ("~", AnsiColors::Yellow),
        Status::NotApplicable(_) => ("-", AnsiColors::BrightBlack),
        Status::SnapshotNew => ("+", AnsiColors::Cyan),
        Status::SnapshotDiffers => ("≠", AnsiColors::Red),
    }
}

/// The first thing that is wrong with a scenario that failed.
pub(crate) fn first_wrong(report: &ScenarioReport) -> String {
    let findings = report.verdict.iter().flat_map(verdict::Verdict::findings).map(ToString::to_string);
    let wrong = report.died.iter().cloned().chain(findings).next();
    printable(&wrong.unwrap_or_else(|| "failed".to_owned()))
}

fn remark(report: &ScenarioReport) -> String {
    match &report.status {
        Status::Held => report.title.clone(),
        Status::Failed => first_wrong(report),
        Status::Error(why) => format!("error: {why}"),
        Status::KnownFailure(reason) => format!("known failure: {reason}"),
        Status::NotApplicable(lack) => format!("not applicable: {lack}"),
        Status::UnexpectedPass(_) => "holds, but is a known failure".to_owned(),
        Status::SnapshotNew => "new snapshot".to_owned(),
        Status::SnapshotDiffers => "another snapshot".to_owned(),
    }
}

/// `51 scenarios: 49 held, 1 failed, 1 error, in 12.3 s`.
fn total(run: &RunReport, style: &Style) -> String {
    let of = |is_meant: fn(&Status) -> bool| run.scenarios.iter().filter(|s| is_meant(&s.status)).count();
    let parts = [
        (of(|s| *s == Status::Held), "held", AnsiColors::Green),
        (of(|s| matches!(s, Status::KnownFailure(_))), "known to fail", AnsiColors::Yellow),
        (of(|s| matches!(s, Status::NotApplicable(_))), "not applicable", AnsiColors::BrightBlack),
        (of(|s| *s == Status::SnapshotNew), "with a new snapshot", AnsiColors::Cyan),
        (of(|s| *s == Status::Failed), "failed", AnsiColors::Red),
        (of(|s| matches!(s, Status::UnexpectedPass(_))), "held unexpectedly", AnsiColors::Red),
        (of(|s| matches!(s, Status::SnapshotDiffers)), "with another snapshot", AnsiColors::Red),
        (of(is_error), "in error", AnsiColors::Magenta),
        (run.left_out.len(), "left out", AnsiColors::Yellow),
    ];
    let parts = parts.iter().filter(|(many, ..)| *many > 0);
    let parts: Vec<String> = parts.map(|(many, what, color)| style.paint(&format!("{many} {what}"), *color)).collect();
    let parts = if parts.is_empty() { "nothing was run".to_owned() } else { parts.join(", ") };
    let scenarios = count(run.scenarios.len() + run.left_out.len(), "scenario");
    format!("{}: {parts}, in {}", style.bold(&scenarios), seconds(run.took))
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

pub(crate) fn count(many: usize, what: &str) -> String {
    format!("{many} {what}{}", if many == 1 { "" } else { "s" })
}

/// The first line of a text, not longer than this.
fn cut(text: &str, room: usize) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= room {
        return line.to_owned();
    }
    let kept: String = line.chars().take(room.saturating_sub(1)).collect();
    kept.trim_end().to_owned() + "…"
}
