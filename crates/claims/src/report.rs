//! Claims on the TLS reports that the gateway sends (RFC 8460).

mod failed;
mod policy;
mod results;
mod successful;

pub use failed::Failed;
pub use policy::Policy;
pub use results::Results;
pub use successful::Successful;

use crate::{Cause, Check, Entry, Subject};
use evidence::{ReportedPolicy, TlsReport};
use plan::Plan;

/// A TLS report.
#[derive(Debug)]
pub struct Report;

impl Subject for Report {
    type Case<'a> = &'a TlsReport;
    type Scene<'a> = ();
    const TABLE: &'static str = "report expect table";
    const DOC: &'static str = "What a TLS report must say.";

    fn registry() -> Vec<Entry<Self>> {
        vec![Entry::of::<Policy>(), Entry::of::<Successful>(), Entry::of::<Failed>(), Entry::of::<Results>()]
    }

    fn place(plan: &Plan, index: usize) -> Option<Cause> {
        plan.reports.get(index).map(|planned| Cause::new(&planned.domain.span, "of this domain"))
    }
}

/// So many connections are counted in all policies of a report.
fn counted(seen: &TlsReport, count: fn(&ReportedPolicy) -> u64, wanted: u64, what: &str) -> Check {
    let sum: u64 = seen.policies.iter().map(count).sum();
    Check::that(sum == wanted, || format!("{sum} connections {what}, not {wanted}"), || all_told(seen))
}

fn all_told(seen: &TlsReport) -> Vec<String> {
    seen.policies.iter().flat_map(render).collect()
}

/// A policy of a report, a line each fact; reasons and digests are left out, since they differ.
#[must_use]
pub fn render(policy: &ReportedPolicy) -> Vec<String> {
    let mx = policy.mx_hosts.iter().map(|pattern| format!("  mx: {pattern}"));
    let failures = policy.failures.iter().map(|failure| {
        let mx = failure.mx.as_ref().map(|mx| format!(" at {mx}")).unwrap_or_default();
        format!("  {}{mx}: {}", failure.result, failure.count)
    });
    let head =
        format!("{} for {}: {} succeeded, {} failed", policy.kind, policy.domain, policy.successful, policy.failed);
    [head].into_iter().chain(mx).chain(failures).collect()
}
