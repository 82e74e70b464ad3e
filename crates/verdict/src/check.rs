//! What comes of a claim, and how that becomes a diagnostic.

use crate::{
    Checked, Finding, Unclear,
    finding::{Shown, Text},
};
use plan::Claimed;
use std::ops::Range;

/// Whether a claim holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Check {
    Holds,
    /// What is otherwise, and the evidence, a line each.
    Fails(String, Vec<String>),
    /// What cannot be told, and why.
    Unclear(String, Vec<String>),
}

impl Check {
    pub(crate) fn fails(what: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self::Fails(what.into(), vec![evidence.into()])
    }

    pub(crate) fn unclear(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Unclear(what.into(), vec![format!("unobserved: {}", why.into())])
    }

    /// Holds, or fails with this.
    pub(crate) fn that(holds: bool, what: impl FnOnce() -> String, evidence: impl FnOnce() -> Vec<String>) -> Self {
        if holds { Self::Holds } else { Self::Fails(what(), evidence()) }
    }
}

/// A place in the file and what it has to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) at: Range<usize>,
    pub(crate) what: String,
}

impl Cause {
    pub(crate) fn new(at: &Range<usize>, what: impl Into<String>) -> Self {
        Self { at: at.clone(), what: what.into() }
    }

    /// A label over many lines hides them; so it stands at the first one that says something.
    pub(crate) fn line(mut self, text: &Text) -> Self {
        self.at = match text.inner().get(self.at.clone()) {
            Some(part) => {
                let line = part.lines().find(|line| line.chars().any(char::is_alphanumeric)).unwrap_or_default();
                let start = self.at.start + part.find(line).unwrap_or(0);
                start..start + line.trim_end().len()
            }
            None => 0..0,
        };
        self
    }
}

/// A claim as it stands in the file.
pub(crate) struct Stated<'a> {
    /// Of what it is claimed: the label of a transaction, of a probe, …
    pub(crate) subject: &'a str,
    pub(crate) words: String,
    pub(crate) span: &'a Range<usize>,
}

/// What does not hold, and what cannot be told.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) findings: Vec<Finding>,
    pub(crate) errors: Vec<Unclear>,
}

impl Tally {
    /// Notes what came of a claim. The cause is only looked for where something is to be shown.
    pub(crate) fn add(
        &mut self,
        check: Check,
        stated: &Stated<'_>,
        cause: impl FnOnce() -> Option<Cause>,
        text: &Text,
    ) {
        let shown = |label: String, message: String, help: Vec<String>| {
            let mut labels = vec![(stated.span.clone(), label)];
            let cause = cause().map(|cause| cause.line(text)).filter(|cause| cause.at != *stated.span);
            labels.extend(cause.map(|Cause { at, what }| (at, what)));
            Shown { subject: stated.subject.to_owned(), message, labels, help: help.join("\n"), text: text.clone() }
        };
        match check {
            Check::Holds => {}
            Check::Fails(message, help) => {
                self.findings.push(Finding::new(shown(format!("claimed: {}", stated.words), message, help)));
            }
            Check::Unclear(what, help) => {
                let label = "claimed, and not observed".to_owned();
                self.errors.push(Unclear::new(shown(label, format!("it cannot be told {what}"), help)));
            }
        }
    }
}

/// Judges the claims on one thing that is not mail.
pub(crate) fn checked<T>(
    label: &str,
    claims: &[Claimed<T>],
    words: fn(&T) -> String,
    check: impl Fn(&T) -> Check,
    cause: impl Fn(&T) -> Option<Cause>,
    text: &Text,
) -> Checked {
    let mut tally = Tally::default();
    for Claimed { claim, span } in claims {
        let stated = Stated { subject: label, words: words(claim), span };
        tally.add(check(claim), &stated, || cause(claim), text);
    }
    let Tally { findings, errors } = tally;
    Checked { label: label.to_owned(), findings, errors }
}
