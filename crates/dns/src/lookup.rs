//! Looking a name up, as `dig +short` shows it, and what the lint says of what is found.

use crate::{
    DnsError,
    ask::{Asking, Said, ask, shown, validates},
};
use evidence::{LookedUp, Observed};
use futures_util::future::join_all;
use lint::{Answers, Entry, Linted, Question};
use mail::Domain;
use std::net::SocketAddr;

/// Questions that the lint of one name may ask, the first included.
const QUESTIONS: usize = 40;
/// And that of a whole domain.
const DOMAIN_QUESTIONS: usize = 400;

/// Asks a server for the records of a name; `record_type` is a word such as `TXT`, or `SPF` for type 99. The records are the
/// data as `dig +short` shows them, sorted; where an alias led there, its CNAME is among them. There are no remarks.
///
/// # Errors
/// `record_type` is no record type, or there is no answer.
pub async fn lookup(server: SocketAddr, name: &Domain, record_type: &str) -> Result<LookedUp, DnsError> {
    let asking = Asking { server, is_unchecked: false, zones: None };
    Ok(looked_up(&ask(asking, name, record_type).await?))
}

/// As [`lookup`], with what is to be said of the records. What else must be known for that is asked of the same server, 39
/// questions at most; what it does not answer is remarked as unseen.
///
/// # Errors
/// As [`lookup`], of the first question.
pub async fn lookup_and_lint(server: SocketAddr, name: &Domain, record_type: &str) -> Result<LookedUp, DnsError> {
    Inquiry { server, zones: None }.record(name, record_type).await
}

/// Look-ups with lint at one server.
#[derive(Debug, Clone)]
pub struct Inquiry {
    /// The server: a resolver, or an authoritative one.
    pub server: SocketAddr,
    /// The zones that it has. What lies in none of them is not asked, nor followed there by an alias, and is unseen, not absent;
    /// so is what they delegate. `None`: it is asked for all there is.
    pub zones: Option<Vec<Domain>>,
}

impl Inquiry {
    /// One name, as [`lookup_and_lint`].
    ///
    /// # Errors
    /// As [`lookup`], of the first question.
    pub async fn record(&self, name: &Domain, record_type: &str) -> Result<LookedUp, DnsError> {
        let said = ask(self.asking(false), name, record_type).await?;
        let is_validated = said.is_resolver && (said.is_authentic || validates(self.server).await);
        let found = looked_up(&said);
        let mut answers = Answers::new(is_validated);
        answers.insert(Question::new(name, record_type), Observed::Seen(found.clone()));
        let mut remarks = self.settle(answers, QUESTIONS - 1, |answers| lint::record(name, record_type, answers)).await;
        remarks.sort();
        Ok(LookedUp { remarks, ..found })
    }

    /// Everything that a mail domain publishes (see [`lint::domain`]), with 400 questions at most. What is not answered is
    /// unobserved there.
    pub async fn domain(&self, domain: &Domain, selectors: &[String]) -> Vec<Entry> {
        let answers = Answers::new(validates(self.server).await);
        self.settle(answers, DOMAIN_QUESTIONS, |answers| lint::domain(domain, selectors, answers)).await
    }

    /// Asks until a lint has what it needs.
    async fn settle<T>(&self, mut answers: Answers, mut left: usize, lint: impl Fn(&Answers) -> Linted<T>) -> T {
        loop {
            let questions = match lint(&answers) {
                Linted::Done(done) => return done,
                Linted::Needs(questions) => questions,
            };
            let (now, never) = questions.split_at(questions.len().min(left));
            left -= now.len();
            let seen = join_all(now.iter().map(|question| self.observe(question))).await;
            for (question, answer) in now.iter().zip(seen) {
                answers.insert(question.clone(), answer);
            }
            for question in never {
                let why = "too many questions were asked for this already".to_owned();
                answers.insert(question.clone(), Observed::Unobserved(why));
            }
        }
    }

    async fn observe(&self, question: &Question) -> Observed<LookedUp> {
        match ask(self.asking(question.is_unchecked), &question.name, &question.record_type).await {
            Ok(said) => Observed::Seen(looked_up(&said)),
            Err(error) => Observed::Unobserved(error.to_string()),
        }
    }

    fn asking(&self, is_unchecked: bool) -> Asking<'_> {
        Asking { server: self.server, is_unchecked, zones: self.zones.as_deref() }
    }
}

fn looked_up(said: &Said) -> LookedUp {
    let (rcode, records) = shown(said);
    LookedUp { rcode, is_authentic: said.is_authentic, records, remarks: Vec::new() }
}
