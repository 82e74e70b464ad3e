//! Questions to the DNS.

use crate::Spanned;
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
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}
