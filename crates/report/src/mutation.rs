//! What of a gateway's configuration no scenario notices.

use crate::{
    Style, Whole,
    json::{seconds, text},
    listed,
    shown::printable,
    terminal::count,
};
use owo_colors::AnsiColors;
use serde_json::{Value, json};
use std::{fmt::Write, time::Duration};

/// Scenarios that are named of those that noticed something.
const NAMED: usize = 3;

/// A line that was taken away, or became another, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutated {
    /// Its file, from `/etc`; of a host, if the gateway has the file on several.
    pub file: String,
    /// The number of the line, from 1.
    pub number: usize,
    /// The line.
    pub line: String,
    /// The line as it became; none: it was taken away.
    pub becomes: Option<String>,
    /// What came of it.
    pub came: Notice,
    /// How long it took.
    pub took: Duration,
}

/// Whether anything noticed a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// These scenarios did not come to what they came to before.
    Noticed(Vec<String>),
    /// The gateway does not work with it, in its own words.
    Refused(String),
    /// It is no change, and why.
    Equivalent(String),
    /// No scenario noticed it, though all were run.
    Unnoticed,
    /// No scenario noticed it, and the gateway's owner says why none does.
    Explained(String),
}

impl Notice {
    const fn as_str(&self) -> &'static str {
        match self {
            Self::Noticed(_) => "noticed",
            Self::Refused(_) => "refused",
            Self::Equivalent(_) => "equivalent",
            Self::Unnoticed => "unnoticed",
            Self::Explained(_) => "explained",
        }
    }

    fn words(&self) -> String {
        match self {
            Self::Noticed(names) => {
                let (many, first) = (names.len(), listed(names.iter().take(NAMED).map(String::as_str)));
                let more = if many > NAMED { format!(" and {} more", many - NAMED) } else { String::new() };
                format!("noticed by {first}{more}")
            }
            Self::Refused(words) => format!("refused: {}", words.lines().next().unwrap_or_default()),
            Self::Equivalent(why) => format!("equivalent: {why}"),
            Self::Unnoticed => "no scenario notices".to_owned(),
            Self::Explained(why) => format!("no scenario notices: {why}"),
        }
    }

    const fn color(&self) -> AnsiColors {
        match self {
            Self::Noticed(_) | Self::Refused(_) => AnsiColors::Green,
            Self::Equivalent(_) | Self::Explained(_) => AnsiColors::BrightBlack,
            Self::Unnoticed => AnsiColors::Red,
        }
    }
}

/// What all of it comes to: a line that nobody notices is a failure of the scenarios.
#[must_use]
pub fn mutation_verdict(lines: &[Mutated]) -> Whole {
    Whole::of(lines.iter().any(|line| line.came == Notice::Unnoticed), false)
}

/// One line, as it is tried.
#[must_use]
pub fn mutation_line(line: &Mutated, style: &Style) -> String {
    let words = style.paint(&line.came.words(), line.came.color());
    format!("{}: {words}, {:.1} s\n", change(line), line.took.as_secs_f64())
}

/// The lines that nobody notices, and the numbers; `untried`: changes for which there was no time.
#[must_use]
pub fn mutation_text(lines: &[Mutated], untried: usize, style: &Style) -> String {
    let mut out = String::new();
    let told = [
        ("No scenario notices", "unnoticed", AnsiColors::Red),
        ("No scenario notices, and why", "explained", AnsiColors::BrightBlack),
        ("Equivalent", "equivalent", AnsiColors::BrightBlack),
    ];
    for (title, word, color) in told {
        let its: Vec<&Mutated> = lines.iter().filter(|line| line.came.as_str() == word).collect();
        if its.is_empty() {
            continue;
        }
        let _ = write!(out, "\n{}\n\n", style.paint(title, color));
        for line in its {
            let why = match &line.came {
                Notice::Unnoticed => String::new(),
                came => format!("\n    {}", printable(&came.words())),
            };
            let _ = writeln!(out, "  {}{why}", change(line));
        }
    }
    let of = |word: &str| lines.iter().filter(|line| line.came.as_str() == word).count();
    let parts = ["noticed", "refused", "equivalent", "explained", "unnoticed"].map(|word| (of(word), word));
    let mut parts: Vec<String> =
        parts.into_iter().filter(|(many, _)| *many > 0).map(|(many, word)| format!("{many} {word}")).collect();
    if untried > 0 {
        parts.push(format!("{untried} not tried"));
    }
    let took: Duration = lines.iter().map(|line| line.took).sum();
    let _ = writeln!(
        out,
        "\n{}: {}, in {:.0} s",
        count(lines.len() + untried, "change"),
        parts.join(", "),
        took.as_secs_f64()
    );
    out
}

fn change(line: &Mutated) -> String {
    let what = line.becomes.as_ref().map_or_else(|| "taken away".to_owned(), |new| format!("→ {}", printable(new)));
    format!("{}:{} {} — {what}", line.file, line.number, printable(&line.line))
}

/// The same as one JSON document, ended by LF. Version 1 only grows.
#[must_use]
pub fn mutation_json(gateway: &str, lines: &[Mutated], untried: usize) -> String {
    let whole = mutation_verdict(lines);
    let line = |line: &Mutated| -> Value {
        let (scenarios, why) = match &line.came {
            Notice::Noticed(names) => (names.clone(), None),
            Notice::Unnoticed => (Vec::new(), None),
            Notice::Refused(why) | Notice::Equivalent(why) | Notice::Explained(why) => (Vec::new(), Some(why)),
        };
        json!({
            "file": line.file, "line": line.number, "text": line.line, "becomes": line.becomes,
            "result": line.came.as_str(), "scenarios": scenarios, "why": why,
            "seconds": seconds(line.took),
        })
    };
    let document = json!({
        "format": "mailproof-mutation", "version": 1, "gateway": gateway,
        "result": whole.to_string().replace(' ', "-"), "exit_code": whole.exit_code(),
        "not_tried": untried, "changes": lines.iter().map(line).collect::<Vec<_>>(),
    });
    text(&document)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: usize, becomes: Option<&str>, came: Notice) -> Mutated {
        Mutated {
            file: "postfix/main.cf".to_owned(),
            number,
            line: "biff = no".to_owned(),
            becomes: becomes.map(str::to_owned),
            came,
            took: Duration::from_millis(1500),
        }
    }

    #[test]
    fn what_nobody_notices_is_told_and_is_a_failure() {
        let style = Style { color: false, width: 100, program: "mailproof" };
        let seen = line(3, None, Notice::Noticed(["a", "b", "c", "d"].map(str::to_owned).to_vec()));
        assert_eq!(
            mutation_line(&seen, &style),
            "postfix/main.cf:3 biff = no — taken away: noticed by a, b, c and 1 more, 1.5 s\n"
        );
        let same = line(4, None, Notice::Equivalent("Postfix's settings are the same".to_owned()));
        let none = line(5, Some("biff = yes"), Notice::Unnoticed);
        let all = [seen.clone(), same, none];
        assert_eq!(
            mutation_text(&all, 2, &style),
            "\nNo scenario notices\n\n  postfix/main.cf:5 biff = no — → biff = yes\n\nEquivalent\n\n  \
             postfix/main.cf:4 biff = no — taken away\n    equivalent: Postfix's settings are the same\n\n\
             5 changes: 1 noticed, 1 equivalent, 1 unnoticed, 2 not tried, in 4 s\n"
        );
        assert_eq!(mutation_verdict(&all), Whole::Failure);
        assert_eq!(mutation_verdict(&[seen]), Whole::AsExpected);
        let value: Value = serde_json::from_str(&mutation_json("x", &all, 2)).unwrap();
        assert_eq!((&value["exit_code"], &value["changes"][2]["result"]), (&json!(1), &json!("unnoticed")));
    }
}
