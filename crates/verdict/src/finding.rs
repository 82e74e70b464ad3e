//! What is wrong, as diagnostics that show it in the scenario file. A failure and an error differ in type.

use claims::GatewayCause;
use evidence::LogLine;
use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use plan::Source;
use serde::{Deserialize, Serialize};
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Location {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is there.
    pub what: String,
    /// Octets of the text before it.
    pub offset: usize,
    /// Octets of it.
    pub length: usize,
}

/// A finding, or what could not be told, as a report for machines carries it; a diagnostic comes back from it as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// One sentence, with what it is about before it.
    pub message: String,
    /// What the evidence says, and the cause if it is at the gateway, a line each.
    pub help: String,
    /// The claim's place, then the cause's.
    pub places: Vec<Location>,
    /// What it is about.
    pub subject: String,
    /// What the gateway logged of this very message, besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<String>,
    /// The cause, if it is at the gateway.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway_cause: Option<GatewayCause>,
}

/// What both kinds show.
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    pub(crate) subject: String,
    pub(crate) message: String,
    /// The claim's place first, then the cause's, if that is elsewhere.
    pub(crate) labels: Vec<(Range<usize>, String)>,
    pub(crate) help: String,
    /// The cause, if it is at the gateway.
    pub(crate) cause: Option<GatewayCause>,
    /// What was logged of this very message and does not stand in the help.
    log: Vec<String>,
    text: Text,
}

/// So many lines of a message's log are shown: the first ones, and more of the last ones, which say what became of it.
const FIRST_LINES: usize = 2;
const LAST_LINES: usize = 4;
/// So many characters of each: some filters log a program's whole state.
const LINE_WIDTH: usize = 300;

impl Shown {
    pub(crate) fn new(
        subject: &str,
        message: String,
        help: &[String],
        labels: Vec<(Range<usize>, String)>,
        text: &Text,
    ) -> Self {
        let (subject, help, text) = (subject.to_owned(), help.join("\n"), text.clone());
        Self { subject, message, labels, help, cause: None, log: Vec::new(), text }
    }

    /// What the evidence says, and the cause at the gateway.
    fn evidence(&self) -> String {
        let help = Some(self.help.clone()).filter(|help| !help.is_empty());
        help.into_iter().chain(self.cause.iter().flat_map(GatewayCause::lines)).collect::<Vec<_>>().join("\n")
    }

    /// All that is to be read under it.
    fn whole(&self) -> String {
        let log = self.log.iter().map(|line| format!("  {line}"));
        let title = (!self.log.is_empty()).then(|| "the log of this message:".to_owned());
        let evidence = Some(self.evidence()).filter(|evidence| !evidence.is_empty());
        evidence.into_iter().chain(title).chain(log).collect::<Vec<_>>().join("\n")
    }

    /// Shows the lines that do not stand there yet.
    fn show_log(&mut self, log: &[&LogLine]) {
        let evidence = self.evidence();
        let mut lines: Vec<String> = Vec::new();
        for line in log.iter().filter(|line| !evidence.contains(&line.text)) {
            let mut line = line.to_string();
            if let Some((end, _)) = line.char_indices().nth(LINE_WIDTH) {
                line.replace_range(end.., "…");
            }
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        let left_out = lines.len().saturating_sub(FIRST_LINES + LAST_LINES);
        if left_out > 0 {
            let more = format!("… {left_out} more …");
            lines.splice(FIRST_LINES..FIRST_LINES + left_out, [more]);
        }
        self.log = lines;
    }

    fn told(&self) -> Told {
        Told {
            message: format!("{}: {}", self.subject, self.message),
            help: self.evidence(),
            places: self.places(),
            subject: self.subject.clone(),
            log: self.log.clone(),
            gateway_cause: self.cause.clone(),
        }
    }

    /// What was told, about this text.
    fn restored(told: Told, source: &Source) -> Self {
        let Told { message, help, places, subject, log, gateway_cause: cause } = told;
        let message = message.strip_prefix(&format!("{subject}: ")).unwrap_or(&message).to_owned();
        // the cause's lines are the last ones
        let lines = cause.iter().flat_map(GatewayCause::lines).collect::<Vec<_>>().join("\n");
        let help =
            help.strip_suffix(&lines).map_or(help.as_str(), |help| help.strip_suffix('\n').unwrap_or(help)).to_owned();
        let labels = places.into_iter().map(|at| (at.offset..at.offset.saturating_add(at.length), at.what)).collect();
        Self { subject, message, labels, help, cause, log, text: text_of(source) }
    }

    fn places(&self) -> Vec<Location> {
        let place = |(at, what): &(Range<usize>, String)| {
            let before = self.text.inner().get(..at.start).unwrap_or_default();
            let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
            let column = before[line_start..].chars().count() + 1;
            let line = before.matches('\n').count() + 1;
            Location { line, column, what: what.clone(), offset: at.start, length: at.len() }
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

            /// As a report for machines carries it.
            #[must_use]
            pub fn told(&self) -> Told {
                self.0.told()
            }

            /// As it was before it was told, of a scenario with this text.
            #[must_use]
            pub fn restored(told: Told, source: &Source) -> Self {
                Self(Shown::restored(told, source))
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

            /// What is wrong or cannot be told, one sentence.
            #[must_use]
            pub fn message(&self) -> &str {
                &self.0.message
            }

            /// The claim's place, then the cause's.
            #[must_use]
            pub fn places(&self) -> Vec<Location> {
                self.0.places()
            }

            /// What the evidence says, and the cause if it is at the gateway, a line each.
            #[must_use]
            pub fn help(&self) -> String {
                self.0.evidence()
            }

            /// The cause, if it is at the gateway.
            #[must_use]
            pub const fn gateway_cause(&self) -> Option<&GatewayCause> {
                self.0.cause.as_ref()
            }

            /// Path and text of the scenario, as they were read.
            #[must_use]
            pub fn source(&self) -> (&str, &str) {
                (self.0.text.name(), self.0.text.inner())
            }

            /// What the gateway logged of this very message, besides what the help says: a few lines, in their order.
            #[must_use]
            pub fn log(&self) -> &[String] {
                &self.0.log
            }

            pub(crate) fn show_log(&mut self, log: &[&LogLine]) {
                self.0.show_log(log);
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
                Some(Box::new(self.0.whole()))
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
