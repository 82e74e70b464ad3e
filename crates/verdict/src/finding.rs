//! What is wrong, as diagnostics that show it in the scenario file. A failure and an error differ in type.

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use plan::Source;
use serde::Serialize;
use std::{fmt, ops::Range, sync::Arc};

/// A claim that does not hold: the gateway did otherwise. Shows the claim, the cause, and what the evidence says.
#[derive(Debug, Clone)]
pub struct Finding(Shown);

/// A claim of which it cannot be told whether it holds: what it is about was not observed.
#[derive(Debug, Clone)]
pub struct Unclear(Shown);

/// The scenario's text, named, as diagnostics want it.
pub(crate) type Text = NamedSource<Arc<str>>;

/// A place in a scenario's text and what it has to do with a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Location {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is there.
    pub what: String,
}

/// What both kinds show.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) subject: String,
    pub(crate) message: String,
    /// The claim's place first, then the cause's, if that is elsewhere.
    pub(crate) labels: Vec<(Range<usize>, String)>,
    pub(crate) help: String,
    pub(crate) text: Text,
}

impl Shown {
    fn places(&self) -> Vec<Location> {
        let place = |(at, what): &(Range<usize>, String)| {
            let before = self.text.inner().get(..at.start).unwrap_or_default();
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let column = before[line_start..].chars().count() + 1;
            Location { line: before.matches('\n').count() + 1, column, what: what.clone() }
        };
        self.labels.iter().map(place).collect()
    }
}

/// The scenario's text, named by its path.
pub(crate) fn text_of(source: &Source) -> Text {
    Text::new(&source.path, source.text.as_str().into())
}

macro_rules! diagnostics {
    ($($name:ident $code:literal $severity:ident;)+) => {$(
        impl $name {
            pub(crate) const fn new(shown: Shown) -> Self {
                Self(shown)
            }

            /// Adds lines of evidence that are not there yet.
            pub(crate) fn add(&mut self, lines: &[String]) {
                for line in lines {
                    if self.0.help.contains(line.as_str()) {
                        continue;
                    }
                    if !self.0.help.is_empty() {
                        self.0.help.push('\n');
                    }
                    self.0.help.push_str(line);
                }
            }

            /// Of what it is claimed: the label of a transaction, a probe or a look-up, or `settings`.
            #[must_use]
            pub fn subject(&self) -> &str {
                &self.0.subject
            }

            /// The claim's place, then the cause's.
            #[must_use]
            pub fn places(&self) -> Vec<Location> {
                self.0.places()
            }

            /// What the evidence says.
            #[must_use]
            pub fn help(&self) -> &str {
                &self.0.help
            }
        }

        /// One sentence, without place and help.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}: {}", self.0.subject, self.0.message)
            }
        }

        impl std::error::Error for $name {}

        impl Diagnostic for $name {
            fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
                Some(Box::new($code))
            }

            fn severity(&self) -> Option<Severity> {
                Some(Severity::$severity)
            }

            fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
                Some(Box::new(&self.0.help))
            }

            fn source_code(&self) -> Option<&dyn SourceCode> {
                Some(&self.0.text)
            }

            fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
                let labels = self.0.labels.iter();
                Some(Box::new(labels.map(|(at, what)| LabeledSpan::new_with_span(Some(what.clone()), at.clone()))))
            }
        }
    )+};
}
diagnostics! {
    Finding "mailproof::failure" Error;
    Unclear "mailproof::unclear" Warning;
}
