//! A comparison for people, at a terminal.

use super::{Came, Change, Comparison, Flip, Side, Turn};
use crate::{Style, causes::listed, shown::printable, terminal::count};
use owo_colors::AnsiColors;
use std::fmt::Write;

/// Lines of one change that are shown.
const LINES: usize = 40;

impl Turn {
    const fn title(self) -> &'static str {
        match self {
            Self::Fails => "Held, and fails now",
            Self::Holds => "Failed, and holds now",
            Self::FailsOtherwise => "Fails, for another reason than before",
            Self::NotApplicable => "Applies no more",
            Self::AppliesAndHolds => "Did not apply, and holds now",
            Self::AppliesAndFails => "Did not apply, and fails now",
        }
    }

    const fn color(self) -> AnsiColors {
        match self {
            Self::Fails | Self::FailsOtherwise | Self::AppliesAndFails => AnsiColors::Red,
            Self::Holds | Self::AppliesAndHolds => AnsiColors::Green,
            Self::NotApplicable => AnsiColors::Yellow,
        }
    }
}

/// What came of one side, in a line.
#[must_use]
pub fn side_text(side: &Side) -> String {
    let seconds = side.took.as_secs_f64();
    match &side.came {
        Came::Not { .. } => format!("{}: does not come up, after {seconds:.1} s\n", side.label),
        Came::Up(reports) => {
            let of = |word: &str| reports.iter().filter(|report| report.status.as_str() == word).count();
            let parts =
                [("held", "held"), ("failed", "failed"), ("not-applicable", "not applicable"), ("error", "in error")];
            let parts = parts.map(|(word, what)| (of(word), what)).into_iter().filter(|(many, _)| *many > 0);
            let parts: Vec<String> = parts.map(|(many, what)| format!("{many} {what}")).collect();
            format!("{}: {}, in {seconds:.1} s\n", side.label, parts.join(", "))
        }
    }
}

/// Everything that is another, by its cause, and the numbers at the end.
#[must_use]
pub fn comparison_text(old: &Side, new: &Side, found: &Comparison, style: &Style) -> String {
    let mut out = format!("\n{}\n", style.bold(&format!("{} → {}", old.label, new.label)));
    for (label, words, remedies) in &found.not_up {
        title(&mut out, &format!("Does not come up: {label}"), AnsiColors::Red, style);
        indented(&mut out, words);
        if !remedies.is_empty() {
            out.push_str("  These lines are known to be refused there; what stands for them:\n");
            remedies.iter().for_each(|remedy| indented(&mut out, &format!("  {remedy}")));
        }
    }
    for turn in [
        Turn::Fails,
        Turn::Holds,
        Turn::FailsOtherwise,
        Turn::NotApplicable,
        Turn::AppliesAndHolds,
        Turn::AppliesAndFails,
    ] {
        let its: Vec<&Flip> = found.flips.iter().filter(|flip| flip.turn == turn).collect();
        if !its.is_empty() {
            title(&mut out, turn.title(), turn.color(), style);
        }
        for Flip { reason, scenarios, .. } in its {
            indented(&mut out, reason);
            indented(&mut out, &format!("  {}", listed(scenarios.iter().map(String::as_str))));
        }
    }
    if !found.changes.is_empty() {
        title(
            &mut out,
            &format!("Transcripts that differ (- {}, + {})", old.label, new.label),
            AnsiColors::Cyan,
            style,
        );
    }
    found.changes.iter().for_each(|one| change(&mut out, one, style));
    if !found.unclear.is_empty() {
        title(&mut out, "It could not be told", AnsiColors::Magenta, style);
    }
    for (scenario, why) in &found.unclear {
        let scenario = if scenario.is_empty() { String::new() } else { format!("{scenario}: ") };
        indented(&mut out, &format!("{scenario}{why}"));
    }
    if !found.doubts.is_empty() {
        title(&mut out, "Names that were compared as they are", AnsiColors::Yellow, style);
        found.doubts.iter().for_each(|doubt| indented(&mut out, doubt));
    }
    if !found.varying.is_empty() {
        title(&mut out, "Do otherwise from run to run, and the same at times", AnsiColors::Yellow, style);
        indented(&mut out, &listed(found.varying.iter().map(String::as_str)));
    }
    let _ = writeln!(out, "\n{}", numbers(found, style));
    out
}

fn numbers(found: &Comparison, style: &Style) -> String {
    let flipped: usize = found.flips.iter().map(|flip| flip.scenarios.len()).sum();
    let parts = [
        (flipped, count(flipped, "scenario") + " turned", AnsiColors::Red),
        (found.changes.len(), count(found.changes.len(), "change") + " in transcripts", AnsiColors::Cyan),
        (found.unclear.len(), format!("{} could not be told", found.unclear.len()), AnsiColors::Magenta),
        (found.same, format!("{} the same", found.same), AnsiColors::Green),
        (found.neither, format!("{} apply to neither", found.neither), AnsiColors::BrightBlack),
    ];
    let parts = parts.into_iter().filter(|(many, ..)| *many > 0);
    let parts: Vec<String> = parts.map(|(_, what, color)| style.paint(&what, color)).collect();
    match found.not_up.as_slice() {
        [] if parts.is_empty() => "nothing was compared".to_owned(),
        [] => parts.join(", "),
        [(label, ..)] => format!("{label} does not come up, and the other does"),
        _ => "neither comes up, so there is nothing to compare".to_owned(),
    }
}

fn change(out: &mut String, change: &Change, style: &Style) {
    let (first, more) = change.scenarios.split_first().map_or(("", &[][..]), |(first, more)| (first.as_str(), more));
    let others = match more {
        [] => String::new(),
        more => format!(", and likewise {} more: {}", more.len(), listed(more.iter().map(String::as_str))),
    };
    let _ = writeln!(out, "  {}{}", style.bold(first), printable(&others));
    for line in change.lines.iter().take(LINES) {
        let color = match line.as_bytes().first() {
            Some(b'+') => AnsiColors::Green,
            Some(b'-') => AnsiColors::Red,
            _ => AnsiColors::Default,
        };
        let _ = writeln!(out, "    {}", style.paint(printable(line).trim_end(), color));
    }
    if let Some(left) = change.lines.len().checked_sub(LINES).filter(|left| *left > 0) {
        let _ = writeln!(out, "    … {} more; --report json=PATH has all", count(left, "line"));
    }
}

fn title(out: &mut String, text: &str, color: AnsiColors, style: &Style) {
    let _ = writeln!(out, "\n{}", style.bold(&style.paint(text, color)));
}

fn indented(out: &mut String, text: &str) {
    for line in text.lines() {
        let _ = writeln!(out, "  {}", printable(line));
    }
}
