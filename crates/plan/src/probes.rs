//! Questions to services of the gateway.

use crate::Spanned;
use mail::{Domain, Service};
use serde::Serialize;
use std::ops::Range;

/// A question to a service: what it takes, seen from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// A word for it in reports: what the file says, else the service.
    pub label: String,
    /// Which service of the gateway under test.
    pub service: Spanned<Service>,
    /// The name that is asked for (RFC 6066 §3); the host's own, if none is given.
    pub server_name: Option<Domain>,
    /// Where it stands.
    #[serde(skip)]
    pub span: Range<usize>,
}
