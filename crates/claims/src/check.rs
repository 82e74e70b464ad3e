//! What comes of a claim, and where the cause of that lies.

use evidence::{Configured, LogLine};
use serde::{Deserialize, Serialize};
use std::ops::Range;

/// Whether a claim holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Check {
    /// It was seen to hold.
    Holds,
    /// What is otherwise, and the evidence, a line each.
    Fails(String, Vec<String>),
    /// What cannot be told, and why.
    Unclear(String, Vec<String>),
    /// What this gateway does not show of this message, and where it could. Nothing is missing that was there to be seen.
    Unseen(String, Vec<String>),
}

impl Check {
    /// It fails, with one line of evidence.
    pub fn fails(what: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self::Fails(what.into(), vec![evidence.into()])
    }

    /// It cannot be told, since something was not observed.
    pub fn unclear(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Unclear(what.into(), vec![format!("unobserved: {}", why.into())])
    }

    /// It cannot be told, as all that was to be seen does not say it.
    pub fn unseen(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Unseen(what.into(), vec![format!("unobserved: {}", why.into())])
    }

    /// The same of something else that rests on it, if it cannot be told.
    #[must_use]
    pub fn about(self, what: impl FnOnce(String) -> String) -> Self {
        match self {
            Self::Holds => Self::Holds,
            Self::Fails(said, evidence) => Self::Fails(what(said), evidence),
            Self::Unclear(said, why) => Self::Unclear(what(said), why),
            Self::Unseen(said, why) => Self::Unseen(what(said), why),
        }
    }

    /// Holds, or fails with this.
    pub fn that(holds: bool, what: impl FnOnce() -> String, evidence: impl FnOnce() -> Vec<String>) -> Self {
        if holds { Self::Holds } else { Self::Fails(what(), evidence()) }
    }
}

/// Where the cause lies that a claim does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    /// In the file: a place, as octet offsets, and what it has to do with it.
    Here {
        /// The place.
        at: Range<usize>,
        /// What it has to do with it.
        what: String,
    },
    /// At the gateway, as its log proves.
    Gateway(GatewayCause),
}

/// A cause at the gateway.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayCause {
    /// What was the matter, as a sentence without an end.
    pub what: String,
    /// The lines that prove it.
    pub proof: Vec<LogLine>,
    /// The setting by which it came to that, where it is known.
    pub setting: Option<Configured>,
}

impl Cause {
    /// This place.
    pub fn new(at: &Range<usize>, what: impl Into<String>) -> Self {
        Self::here(at.clone(), what)
    }

    /// This place.
    pub fn here(at: Range<usize>, what: impl Into<String>) -> Self {
        Self::Here { at, what: what.into() }
    }

    /// The place in the file and what it has to do with it. A label over many lines hides them; so it stands at the first one that
    /// says something. None for a cause at the gateway.
    #[must_use]
    pub fn line(self, text: &str) -> Option<(Range<usize>, String)> {
        let Self::Here { at, what } = self else { return None };
        let at = match text.get(at.clone()) {
            Some(part) => {
                let line = part.lines().find(|line| line.chars().any(char::is_alphanumeric)).unwrap_or_default();
                let start = at.start + part.find(line).unwrap_or(0);
                start..start + line.trim_end().len()
            }
            None => 0..0,
        };
        Some((at, what))
    }
}

impl GatewayCause {
    /// As lines of a finding.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let proof = self.proof.iter().map(|line| format!("  {line}"));
        let setting = self.setting.iter().map(|setting| format!("  {setting}"));
        std::iter::once(format!("the gateway's own doing: {}", self.what)).chain(proof).chain(setting).collect()
    }
}
