//! Questions to the DNS, and what can be claimed of the answers.

use crate::{Claimed, Spanned};
use mail::Domain;
use serde::Serialize;
use std::ops::Range;

/// A question to the DNS.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lookup {
    /// A word for it in reports: what the file says, else name and type.
    pub label: String,
    /// Name that is asked for.
    pub name: Spanned<Domain>,
    /// Type of record, as `TXT`.
    pub record_type: String,
    /// What must come of it; at least one.
    pub expect: Vec<Claimed<LookupClaim>>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}

/// What can be claimed of a look-up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LookupClaim {
    /// The response code, as `NXDOMAIN`.
    Rcode(String),
    /// Exactly these records, in any order.
    Records(Vec<String>),
    /// A record has this text in it.
    Contains(String),
    /// The answer is authentic by DNSSEC (RFC 4035 §3.2.3), or not.
    Authentic(bool),
    /// The lint says exactly this of it, as codes; an empty list: nothing.
    Lint(Vec<String>),
}
