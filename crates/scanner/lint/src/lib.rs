//! The lint of the records that mail depends on: answers of the DNS in, what is to be said of them out.
//!
//! A record seldom stands alone: SPF includes others, a report address must be authorised elsewhere, an MX needs addresses.
//! So the lint is a function that either is done or says which answers it still needs ([`Linted`]); whoever can ask brings
//! them and calls again. It never guesses: what was not seen is said to be unseen, and nothing is made of it.

mod answers;
mod code;
mod context;
mod dkim;
mod dmarc;
mod domain;
mod key;
mod mta_sts;
mod mx;
mod names;
mod policy;
mod ptr;
mod published;
mod reports;
mod spf;
mod tags;
mod text;
mod tls_rpt;
mod tlsa;
mod tree;

pub use answers::{Answers, Linted, Question};
pub use code::CODES;
pub use domain::{Entry, domain};
pub use mx::hosts;
pub use policy::Policy;
pub use ptr::address;
pub use published::Published;
pub use tags::Tags;
pub use text::texts;

use context::LintContext;
use evidence::{LookedUp, Remark};
use mail::Domain;
use names::Role;

/// Lints what stands at a name: TXT by where it stands (SPF at a domain, DMARC at `_dmarc.`, a DKIM key at
/// `SELECTOR._domainkey.`, MTA-STS at `_mta-sts.`, TLS-RPT at `_smtp._tls.`), TLSA, MX and PTR. Of other records only is said
/// whether the DNS answers. The remarks come in the order of their codes.
#[must_use]
pub fn record(name: &Domain, record_type: &str, answers: &Answers) -> Linted<Vec<Remark>> {
    let context = LintContext::new(answers);
    let remarks = match context.ask(name, record_type) {
        Some(found) => of(&context, name, &record_type.to_ascii_uppercase(), found),
        None => Vec::new(),
    };
    context.close(remarks)
}

fn of(context: &LintContext<'_>, name: &Domain, record_type: &str, found: &LookedUp) -> Vec<Remark> {
    match (record_type, names::role(name)) {
        ("TXT", Role::Dmarc(domain)) => dmarc::lint(context, &domain, found),
        ("TXT", Role::Dkim) => dkim::lint(name, found),
        ("TXT", Role::MtaSts(domain)) => mta_sts::lint(context, &domain, found),
        ("TXT", Role::TlsRpt(domain)) => tls_rpt::lint(&domain, found),
        ("TXT", Role::Plain) => spf::lint(context, name, found),
        ("TLSA", _) => tlsa::lint(context, name, found),
        ("MX", _) => mx::lint(context, name, found),
        ("PTR", _) => ptr::lint(context, name, found),
        _ => Vec::new(),
    }
}
