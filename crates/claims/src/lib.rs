//! What can be claimed in a scenario. A claim has one file: its key and what the reference says of it, how it is read, what
//! contradicts it, how it is checked against evidence, its cause, and its words.
//!
//! What claims can be about has a folder each, and a registry in which a claim has one line: [`transaction`], [`probe`],
//! [`lookup`], [`report`], [`setting`]. What they are checked with lies beside: results, outcomes, links, chains, families.

mod chains;
mod check;
mod claim;
mod families;
pub mod links;
pub mod lookup;
pub mod outcomes;
mod places;
mod played;
pub mod probe;
pub mod report;
pub mod results;
pub mod setting;
pub mod transaction;

pub use check::{Cause, Check, GatewayCause};
pub use claim::{Claim, ClaimList, Entry, Stated, Subject, Written};
pub use families::families_of;

use plan::Plan;
use serde::Serialize;

/// A scenario: what is to be done, and what must come of it.
#[derive(Debug, Clone, Serialize)]
pub struct Scenario {
    /// What is to be done.
    #[serde(flatten)]
    pub plan: Plan,
    /// What must come of it.
    pub claims: Claims,
}

/// The claims of a scenario: a list for each thing that it asks, in the order of the plan.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Claims {
    /// On its changed settings.
    pub settings: ClaimList<setting::Changed>,
    /// On its probes.
    pub probes: Vec<ClaimList<probe::Probe>>,
    /// On its look-ups.
    pub lookups: Vec<ClaimList<lookup::Lookup>>,
    /// On its TLS reports.
    pub reports: Vec<ClaimList<report::Report>>,
    /// On its transactions.
    pub transactions: Vec<ClaimList<transaction::Transaction>>,
}
