//! TLS reports that the gateway sends (RFC 8460).

use crate::Spanned;
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
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}
