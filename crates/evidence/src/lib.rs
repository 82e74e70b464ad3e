//! What was seen, as values, and the grammars to read it.
//!
//! A fact is here because somebody saw it. What nobody saw is [`Observed::Unobserved`], with the reason.

mod dane;
mod filters;
mod header;
mod index;
mod line;
mod notification;
mod opinion;
mod postfix;
mod probe;
mod redact;
mod seen;
mod tls;
mod tls_report;

pub use header::{claims_of_others, results_of};
pub use index::{Account, LogIndex, Track};
pub use notification::{Notification, Recipient};
pub use opinion::*;
pub use probe::*;
pub use redact::Redactor;
pub use seen::*;
pub use tls_report::{ReportWay, ReportedFailure, ReportedPolicy, TlsReport};
