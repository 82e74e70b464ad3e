//! Questions, answers, and what the lint says when it lacks some.

use evidence::{LookedUp, Observed};
use mail::Domain;
use std::collections::BTreeMap;

/// A question to the DNS.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question {
    /// The name.
    pub name: Domain,
    /// The type in capitals, as `TXT`; `SPF` is type 99.
    pub record_type: String,
    /// Whether the resolver is not to validate the answer (the CD bit, RFC 4035 §3.2.2). What fails without and is there with
    /// it is bogus.
    pub is_unchecked: bool,
}

impl Question {
    /// A plain question.
    #[must_use]
    pub fn new(name: &Domain, record_type: &str) -> Self {
        Self { name: name.clone(), record_type: record_type.to_ascii_uppercase(), is_unchecked: false }
    }
}

/// What is known so far. A question that could not be answered is known too: as unobserved, with the reason.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    known: BTreeMap<Question, Observed<LookedUp>>,
    is_validated: bool,
}

impl Answers {
    /// Nothing is known yet. `is_validated`: the answers come from a resolver that validates, so that an answer which is not
    /// authentic is insecure; from another one that means nothing.
    #[must_use]
    pub fn new(is_validated: bool) -> Self {
        Self { known: BTreeMap::new(), is_validated }
    }

    /// Whether they come from a validating resolver.
    #[must_use]
    pub fn is_validated(&self) -> bool {
        self.is_validated
    }

    /// Adds an answer, in place of an earlier one.
    pub fn insert(&mut self, question: Question, answer: Observed<LookedUp>) {
        self.known.insert(question, answer);
    }

    /// The answer to a question, if it was asked.
    #[must_use]
    pub fn get(&self, question: &Question) -> Option<&Observed<LookedUp>> {
        self.known.get(question)
    }
}

/// What a lint comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Linted<T> {
    /// It needs these answers; never empty, and nothing that it was given already.
    Needs(Vec<Question>),
    /// It is done.
    Done(T),
}
