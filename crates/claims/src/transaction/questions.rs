//! `questions`: what the gateway asked the DNS because of the transaction.

use super::{Case, Transaction};
use crate::{Check, Claim, Written};
use evidence::Question;
use form::{
    Flaw, Shape, Text, tables,
    values::{AtLeastOne, Whole},
};
use plan::Spanned;
use std::{collections::BTreeSet, fmt};

/// The questions about names of this file's zones that the gateway asked. Those about DS and DNSKEY are not counted: they
/// depend on what a resolver still knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Questions {
    /// Exactly these, in any order, however often.
    Exactly(Vec<Asked>),
    /// Each of these, and maybe others.
    Asked(Vec<Asked>),
    /// None of these.
    Never(Vec<Asked>),
    /// At most so many different ones.
    AtMost(usize),
}

/// A question: a name and a type of record (RFC 1035 §4.1.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    name: String,
    record_type: String,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.name, self.record_type)
    }
}

impl From<&Question> for Asked {
    fn from(question: &Question) -> Self {
        Self { name: question.name.clone(), record_type: question.record_type.clone() }
    }
}

impl Text for Asked {
    fn shape() -> Shape {
        Shape::Text {
            what: "a name and a type of record, such as `_dmarc.bank.example TXT`",
            pattern: Some(r"^\S+ [A-Za-z0-9]+$"),
        }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        let flaw = || {
            Flaw::new(format!("`{text}` is not a question to the DNS")).help("write it as `_dmarc.bank.example TXT`")
        };
        let (name, record_type) = text.split_once(' ').ok_or_else(flaw)?;
        let is_type = !record_type.is_empty() && record_type.bytes().all(|b| b.is_ascii_alphanumeric());
        if name.is_empty() || !is_type {
            return Err(flaw());
        }
        let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        Ok(Self { name, record_type: record_type.to_ascii_uppercase() })
    }
}

tables! {
    /// What the gateway asks the DNS about names of this file's zones. Questions about DS and DNSKEY are not counted.
    QuestionsTable "questions" [Some] {
        /// Exactly these questions, in any order; an empty list: none.
        exactly: Option<Spanned<Vec<Spanned<Asked>>>>,
        /// Each of these questions, and maybe others.
        asked: Option<Spanned<AtLeastOne<Spanned<Asked>>>>,
        /// None of these questions.
        never: Option<Spanned<AtLeastOne<Spanned<Asked>>>>,
        /// At most so many different questions.
        at_most: Option<Spanned<Whole<0, 10_000>>>,
    }
}

fn list(questions: &[Asked]) -> String {
    let words: Vec<String> = questions.iter().map(ToString::to_string).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join(", ") }
}

impl Claim<Transaction> for Questions {
    fn words(&self) -> String {
        match self {
            Self::Exactly(these) => format!("the DNS asked exactly for {}", list(these)),
            Self::Asked(these) => format!("the DNS asked for {}", list(these)),
            Self::Never(these) => format!("the DNS not asked for {}", list(these)),
            Self::AtMost(most) => format!("the DNS asked at most {most} questions"),
        }
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let is_counted = |question: &&Question| !matches!(question.record_type.as_str(), "DS" | "DNSKEY");
        let seen: BTreeSet<Asked> = case.seen.questions.iter().filter(is_counted).map(Asked::from).collect();
        let evidence = || {
            let asked = seen.iter().map(|question| format!("asked: {question}"));
            if seen.is_empty() { vec!["nothing was asked".to_owned()] } else { asked.collect() }
        };
        let missing = |these: &[Asked]| these.iter().filter(|q| !seen.contains(q)).cloned().collect::<Vec<_>>();
        match self {
            Self::Exactly(these) => {
                let more: Vec<Asked> = seen.iter().filter(|q| !these.contains(q)).cloned().collect();
                let missing = missing(these);
                match (missing.is_empty(), more.is_empty()) {
                    (true, true) => Check::Holds,
                    (false, _) => Check::Fails(format!("the DNS was not asked for {}", list(&missing)), evidence()),
                    (true, false) => Check::Fails(format!("the DNS was also asked for {}", list(&more)), evidence()),
                }
            }
            Self::Asked(these) => {
                let missing = missing(these);
                Check::that(missing.is_empty(), || format!("the DNS was not asked for {}", list(&missing)), evidence)
            }
            Self::Never(these) => {
                let found: Vec<Asked> = these.iter().filter(|q| seen.contains(q)).cloned().collect();
                Check::that(found.is_empty(), || format!("the DNS was asked for {}", list(&found)), evidence)
            }
            Self::AtMost(most) => {
                let what = || format!("the DNS was asked {} questions, more than {most}", seen.len());
                Check::that(seen.len() <= *most, what, evidence)
            }
        }
    }
}

impl Written<Transaction> for Questions {
    const KEY: &'static str = "questions";
    const DOC: &'static str = "What the gateway asks the DNS about names of this file's zones.";
    type Form = QuestionsTable;

    fn read(written: Spanned<QuestionsTable>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        let values = |list: Vec<Spanned<Asked>>| list.into_iter().map(|asked| asked.value).collect();
        let QuestionsTable { exactly, asked, never, at_most } = written.value;
        let at_most = at_most.map(|most| most.map(|most| Self::AtMost(usize::try_from(most.0).unwrap_or_default())));
        let exactly = exactly.map(|these| these.map(|these| Self::Exactly(values(these))));
        let asked = asked.map(|these| these.map(|these| Self::Asked(values(these.0))));
        let never = never.map(|these| these.map(|these| Self::Never(values(these.0))));
        [exactly, asked, never, at_most].into_iter().flatten().collect()
    }
}
