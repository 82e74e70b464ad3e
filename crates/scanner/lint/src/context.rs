//! Where a lint gets its answers from; it notes what is missing, and what the DNS failed to answer.

use crate::{Answers, Linted, Question, code::Code};
use evidence::{LookedUp, Observed, Remark};
use mail::Domain;
use std::{cell::RefCell, collections::BTreeSet};

pub(crate) struct LintContext<'a> {
    answers: &'a Answers,
    missing: RefCell<BTreeSet<Question>>,
    troubles: RefCell<BTreeSet<Remark>>,
}

impl<'a> LintContext<'a> {
    pub(crate) fn new(answers: &'a Answers) -> Self {
        Self { answers, missing: RefCell::default(), troubles: RefCell::default() }
    }

    /// Whether an answer that is not authentic is known to be insecure.
    pub(crate) fn is_validated(&self) -> bool {
        self.answers.is_validated()
    }

    /// Whether every answer was there so far, so that what was made of them is final.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.borrow().is_empty()
    }

    /// What the DNS says: there are records, or there are none. Without an answer there is nothing, and a remark if it was
    /// asked for in vain.
    pub(crate) fn ask(&self, name: &Domain, record_type: &str) -> Option<&'a LookedUp> {
        let question = Question::new(name, record_type);
        match self.get(question.clone())? {
            Observed::Seen(found) if is_answer(found) => Some(found),
            Observed::Seen(found) => {
                self.failed(question, found);
                None
            }
            Observed::Unobserved(why) => {
                let text = format!("{name} {record_type} was not seen: {why}");
                self.tell(Code::Unseen.remark(text, "what depends on it is not judged"));
                None
            }
        }
    }

    /// As [`LintContext::ask`], of something that need not be there: nothing is said if it was not seen.
    pub(crate) fn peek(&self, name: &Domain, record_type: &str) -> Option<&'a LookedUp> {
        self.get(Question::new(name, record_type))?.seen().filter(|found| is_answer(found))
    }

    /// The end: all remarks in order, or what is missing for them.
    pub(crate) fn close(self, remarks: Vec<Remark>) -> Linted<Vec<Remark>> {
        let missing = self.missing.into_inner();
        if !missing.is_empty() {
            return Linted::Needs(missing.into_iter().collect());
        }
        let mut all = self.troubles.into_inner();
        all.extend(remarks);
        Linted::Done(all.into_iter().collect())
    }

    fn get(&self, question: Question) -> Option<&'a Observed<LookedUp>> {
        let known = self.answers.get(&question);
        if known.is_none() {
            self.missing.borrow_mut().insert(question);
        }
        known
    }

    /// A question that ends in an error: if it does not when nothing is validated, the records are bogus.
    fn failed(&self, question: Question, found: &LookedUp) {
        let what = format!("{} {}", question.name, question.record_type);
        if self.is_validated() && found.rcode == "SERVFAIL" {
            let Some(unchecked) = self.get(Question { is_unchecked: true, ..question }) else { return };
            if unchecked.seen().is_some_and(is_answer) {
                let text = format!("{what} is bogus: its signatures do not validate, and resolvers answer SERVFAIL");
                let help = "sign the zone anew, and make the DS record at its parent match its key";
                return self.tell(Code::DnssecBogus.remark(text, help));
            }
        }
        let text = format!("the DNS answers {} for {what}", found.rcode);
        self.tell(Code::DnsFailure.remark(text, "look at the name servers of its zone"));
    }

    fn tell(&self, remark: Remark) {
        self.troubles.borrow_mut().insert(remark);
    }
}

fn is_answer(found: &LookedUp) -> bool {
    matches!(found.rcode.as_str(), "NOERROR" | "NXDOMAIN")
}
