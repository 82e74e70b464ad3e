//! The verdict: plan × evidence → what became of each transaction, what is wrong with it, and the snapshot text.
//!
//! Everything is derived from evidence; nothing is asked of the world. What was not observed is never taken for a
//! negative: a claim on it is an [`Unclear`], which is another type than a [`Finding`].

mod cause;
mod claims;
mod finding;
mod handshake;
mod outbound;
mod outcome;
mod results;
mod snapshot;
mod suites;

pub use claims::claim_words;
pub use finding::{Finding, Place, Unclear};
pub use outcome::outcome_word;

use evidence::{Evidence, Observed};
use mail::{ArcResult, DkimResult, DmarcResult, SpfResult};
use scenario::{Outcome, Plan};

/// What is made of one scenario.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// One for each transaction of the plan, in its order.
    pub transactions: Vec<Judged>,
    /// The evidence as text: the same bytes for the same behaviour.
    pub snapshot: String,
}

/// What is made of one transaction.
#[derive(Debug, Clone)]
pub struct Judged {
    /// As in the plan.
    pub label: String,
    /// What became of the message: of several recipients the one that fared worst.
    pub outcome: Observed<Outcome>,
    /// The SPF result (RFC 7208 §2.6).
    pub spf: Observed<SpfResult>,
    /// The best DKIM result of all signatures.
    pub dkim: Observed<DkimResult>,
    /// The DMARC result (RFC 9989 §4).
    pub dmarc: Observed<DmarcResult>,
    /// The ARC result (RFC 8617 §4.4).
    pub arc: Observed<ArcResult>,
    /// Claims that do not hold.
    pub findings: Vec<Finding>,
    /// Claims of which it cannot be told whether they hold.
    pub errors: Vec<Unclear>,
}

impl Verdict {
    /// Every claim was seen to hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.transactions.iter().all(|t| t.findings.is_empty() && t.errors.is_empty())
    }

    /// Of some claim it cannot be told whether it holds.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        self.transactions.iter().any(|t| !t.errors.is_empty())
    }

    /// Claims that do not hold, of all transactions.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.transactions.iter().flat_map(|t| &t.findings)
    }

    /// Claims of which it cannot be told whether they hold, of all transactions.
    pub fn errors(&self) -> impl Iterator<Item = &Unclear> {
        self.transactions.iter().flat_map(|t| &t.errors)
    }
}

/// Judges the evidence by the claims of the plan. Evidence that is missing makes claims unclear, never false.
#[must_use]
pub fn judge(plan: &Plan, evidence: &Evidence) -> Verdict {
    let text = finding::text_of(&plan.source);
    let judged = (0..plan.transactions.len()).map(|at| claims::judge(plan, at, evidence.transactions.get(at), &text));
    Verdict { transactions: judged.collect(), snapshot: snapshot::text(plan, evidence) }
}
