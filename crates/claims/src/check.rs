//! What comes of a claim, and where the cause of that lies.

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

    /// Holds, or fails with this.
    pub fn that(holds: bool, what: impl FnOnce() -> String, evidence: impl FnOnce() -> Vec<String>) -> Self {
        if holds { Self::Holds } else { Self::Fails(what(), evidence()) }
    }
}

/// A place in the file and what it has to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// The place, as octet offsets.
    pub at: Range<usize>,
    /// What it has to do with it.
    pub what: String,
}

impl Cause {
    /// This place.
    pub fn new(at: &Range<usize>, what: impl Into<String>) -> Self {
        Self { at: at.clone(), what: what.into() }
    }

    /// A label over many lines hides them; so it stands at the first one that says something.
    #[must_use]
    pub fn line(mut self, text: &str) -> Self {
        self.at = match text.get(self.at.clone()) {
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
