//! The verdict: plan × evidence → what became of each transaction, what is wrong with it, and the snapshot text.
//!
//! Everything is derived from evidence; nothing is asked of the world. What was not observed is never taken for a
//! negative: a claim on it is an [`Unclear`], which is another type than a [`Finding`].

mod cause;
mod chains;
mod check;
mod claims;
mod families;
mod finding;
mod handshake;
mod lookups;
mod opinion;
mod outbound;
mod outcome;
mod places;
mod probes;
mod received;
mod reports;
mod results;
mod settings;
mod snapshot;
mod words;

pub use finding::{Finding, Location, Unclear};
pub use outcome::outcome_word;
pub use snapshot::probe_table;
pub use words::{claim_words, lookup_claim_words, probe_claim_words, report_claim_words, setting_claim_words};

use evidence::{Evidence, Observed};
use mail::{ArcResult, DkimResult, DmarcResult, SpfResult};
use plan::{Outcome, Plan};

/// What is made of one scenario.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Of the settings that it changes, if it changes any.
    pub settings: Option<Checked>,
    /// One for each probe of the plan, in its order.
    pub probes: Vec<Checked>,
    /// One for each look-up of the plan, in its order.
    pub lookups: Vec<Checked>,
    /// One for each TLS report of the plan, in its order.
    pub reports: Vec<Checked>,
    /// One for each transaction of the plan, in its order.
    pub transactions: Vec<Judged>,
    /// The evidence as text: the same bytes for the same behaviour.
    pub snapshot: String,
}

/// What is made of a probe, of a look-up, of a TLS report, or of all changed settings.
#[derive(Debug, Clone)]
pub struct Checked {
    /// As in the plan; `settings`.
    pub label: String,
    /// Claims that do not hold.
    pub findings: Vec<Finding>,
    /// Claims of which it cannot be told whether they hold.
    pub errors: Vec<Unclear>,
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
    /// Where the harness comes to another result than the gateway, a sentence each. This decides nothing.
    pub second_opinion: Vec<String>,
}

impl Verdict {
    /// Every claim was seen to hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings().next().is_none() && !self.is_unclear()
    }

    /// Of some claim it cannot be told whether it holds.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        self.errors().next().is_some()
    }

    /// Claims that do not hold: of settings, probes, look-ups and transactions.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.checked().flat_map(|c| &c.findings).chain(self.transactions.iter().flat_map(|t| &t.findings))
    }

    /// Claims of which it cannot be told whether they hold, in the same order.
    pub fn errors(&self) -> impl Iterator<Item = &Unclear> {
        self.checked().flat_map(|c| &c.errors).chain(self.transactions.iter().flat_map(|t| &t.errors))
    }

    fn checked(&self) -> impl Iterator<Item = &Checked> {
        self.settings.iter().chain(&self.probes).chain(&self.lookups).chain(&self.reports)
    }
}

/// Judges the evidence by the claims of the plan. Evidence that is missing makes claims unclear, never false.
#[must_use]
pub fn judge(plan: &Plan, evidence: &Evidence) -> Verdict {
    let text = finding::text_of(&plan.source);
    let probes = plan.probes.iter().enumerate();
    let lookups = plan.lookups.iter().enumerate();
    let reports = plan.reports.iter().enumerate();
    let transactions = 0..plan.transactions.len();
    Verdict {
        settings: settings::judge(plan, &evidence.settings, &text),
        probes: probes.map(|(at, probe)| probes::judge(plan, probe, evidence.probes.get(at), &text)).collect(),
        lookups: lookups.map(|(at, lookup)| lookups::judge(plan, lookup, evidence.lookups.get(at), &text)).collect(),
        reports: reports.map(|(at, report)| reports::judge(report, evidence.reports.get(at), &text)).collect(),
        transactions: transactions.map(|at| claims::judge(plan, at, evidence.transactions.get(at), &text)).collect(),
        snapshot: snapshot::text(plan, evidence),
    }
}
