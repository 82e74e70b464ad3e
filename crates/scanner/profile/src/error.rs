//! What is wrong with a profile's file: every fault at once, each with its line and a way out.

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};
use std::{fmt, ops::Range};

/// All faults of a profile's file, in the order of their places.
#[derive(Debug, Clone)]
pub struct ProfileError {
    name: String,
    text: NamedSource<String>,
    flaws: Vec<Flaw>,
}

impl ProfileError {
    pub(crate) fn new(name: &str, text: &str, mut flaws: Vec<Flaw>) -> Self {
        flaws.sort_by_key(|flaw| flaw.span.start);
        Self { name: name.to_owned(), text: NamedSource::new(name, text.to_owned()), flaws }
    }

    /// The faults; at least one.
    #[must_use]
    pub fn flaws(&self) -> &[Flaw] {
        &self.flaws
    }

    /// All of them as text for a place that shows no diagnostics, a line each: `NAME:LINE: MESSAGE; HELP`.
    #[must_use]
    pub fn lines(&self) -> String {
        let line = |flaw: &Flaw| format!("{}:{}: {flaw}; {}", self.name, flaw.line, flaw.help);
        self.flaws.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl fmt::Display for ProfileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.flaws.len() {
            1 => write!(f, "the profile {} has a fault", self.name),
            many => write!(f, "the profile {} has {many} faults", self.name),
        }
    }
}

impl std::error::Error for ProfileError {}

impl Diagnostic for ProfileError {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new("mailproof::profile"))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.flaws.iter().map(|flaw| flaw as &dyn Diagnostic)))
    }
}

/// One fault of a profile's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// Where: its line, from 1.
    pub line: usize,
    /// Where: octets of the text.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Flaw {}

impl Diagnostic for Flaw {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::at(self.span.clone(), "here"))))
    }
}
