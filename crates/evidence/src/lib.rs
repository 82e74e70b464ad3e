//! What was seen, as values, and how header fields, notifications and reports are read.
//!
//! A fact is here because somebody saw it. What nobody saw is [`Observed::Unobserved`], with the reason.

mod condition;
mod dane;
mod filters;
mod header;
mod notification;
mod opinion;
mod peer;
mod probe;
mod redact;
mod seen;
mod tls_report;

pub use condition::{Condition, ConditionKind, Configured};
pub use filters::{Symbol, received_spf, results_in_other_fields, rspamd, spamassassin, symbols};
pub use header::{Sent, added, forged_results, results_of, survivors};
pub use notification::{Notification, Recipient, is_of_server_itself};
pub use opinion::*;
pub use peer::PeerTexts;
pub use probe::*;
pub use redact::Redactor;
pub use seen::*;
pub use tls_report::{ReportWay, ReportedFailure, ReportedPolicy, TlsReport};
