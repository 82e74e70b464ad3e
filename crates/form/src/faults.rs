//! What is wrong with a file: every fault at once, each with its place and a way out.

use miette::{Diagnostic, LabeledSpan, NamedSource, Severity, SourceCode};
use plan::Source;
use std::{fmt, ops::Range, sync::Arc};

/// All faults of one file, in the order of their places. The text comes along, so that they can be shown in it.
#[derive(Debug, Clone)]
pub struct Faults {
    code: &'static str,
    text: NamedSource<Arc<str>>,
    flaws: Vec<Flaw>,
}

impl Faults {
    /// The faults of a file; `code` names the kind of file in reports, as `mailproof::scenario`.
    #[must_use]
    pub fn new(source: Source, code: &'static str, mut flaws: Vec<Flaw>) -> Self {
        flaws.sort_by_key(|flaw| flaw.labels.first().map_or(0, |(span, _)| span.start));
        Self { code, text: NamedSource::new(&source.path, source.text.into()), flaws }
    }

    /// The file's path, as it is shown.
    #[must_use]
    pub fn file(&self) -> &str {
        self.text.name()
    }

    /// The faults; at least one.
    #[must_use]
    pub fn flaws(&self) -> &[Flaw] {
        &self.flaws
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.flaws.len() {
            1 => write!(f, "{} has a fault", self.text.name()),
            many => write!(f, "{} has {many} faults", self.text.name()),
        }
    }
}

impl std::error::Error for Faults {}

impl Diagnostic for Faults {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.code))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.text)
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        Some(Box::new(self.flaws.iter().map(|flaw| flaw as &dyn Diagnostic)))
    }
}

/// One fault of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flaw {
    /// What is wrong.
    pub message: String,
    /// Where, as octet offsets, and what stands there; the first one is the main one.
    pub labels: Vec<(Range<usize>, String)>,
    /// What to do.
    pub help: Option<String>,
}

impl Flaw {
    /// A fault without a place yet.
    pub fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), labels: Vec::new(), help: None }
    }

    /// And this is where; the first place is the main one.
    #[must_use]
    pub fn at(mut self, span: &Range<usize>, label: impl Into<String>) -> Self {
        self.labels.push((span.clone(), label.into()));
        self
    }

    /// And this is what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Flaw {}

impl Diagnostic for Flaw {
    fn severity(&self) -> Option<Severity> {
        Some(Severity::Error)
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(
            self.labels.iter().map(|(span, label)| LabeledSpan::new_with_span(Some(label.clone()), span.clone())),
        ))
    }
}

/// A help that begins with the word that was probably meant, if there is one.
#[must_use]
pub fn did_you_mean<'a>(word: &str, words: impl IntoIterator<Item = &'a str>, else_say: &str) -> String {
    match nearest(word, words) {
        Some(near) => format!("did you mean `{near}`? {else_say}"),
        None => else_say[..1].to_lowercase() + &else_say[1..],
    }
}

/// The word that was probably meant.
#[must_use]
pub fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let near = |other: &&str| strsim::jaro_winkler(&word, &other.to_lowercase());
    words.into_iter().filter(|w| near(w) > 0.8).max_by(|a, b| near(a).total_cmp(&near(b)))
}
