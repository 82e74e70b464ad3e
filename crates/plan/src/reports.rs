//! TLS reports that the gateway sends (RFC 8460), and what can be claimed of them.

use crate::{Claimed, Spanned};
use mail::Domain;
use serde::Serialize;
use std::ops::Range;

/// A TLS report that the gateway sends (RFC 8460), asked for after all mail was sent. The scenario runs alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReportAsked {
    /// A word for it: what the file says, else the domain.
    pub label: String,
    /// The policy domain that it is about, which publishes where reports go.
    pub domain: Spanned<Domain>,
    /// What must come of it; at least one.
    pub expect: Vec<Claimed<ReportClaim>>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// What can be claimed of a TLS report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReportClaim {
    /// The type of its policy, `tlsa`, `sts` or `no-policy-found` (RFC 8460 §4.4).
    Policy(String),
    /// So many connections succeeded.
    Successful(u64),
    /// So many failed.
    Failed(u64),
    /// Exactly these result types (RFC 8460 §4.3), in any order.
    Results(Vec<String>),
}
