//! Claims on TLS reports (RFC 8460), against what arrived.

use crate::{
    Checked,
    check::{Cause, Check, checked},
    finding::Text,
    words::report_claim_words,
};
use evidence::{Observed, ReportedPolicy, TlsReport};
use plan::{ReportAsked, ReportClaim};
use std::collections::BTreeSet;

/// Judges one report.
pub(crate) fn judge(planned: &ReportAsked, seen: Option<&Observed<TlsReport>>, text: &Text) -> Checked {
    let unseen = |claim: &ReportClaim, why: &str| {
        Check::unclear(format!("whether it holds: {}", report_claim_words(claim)), why)
    };
    let check = |claim: &ReportClaim| match seen {
        Some(Observed::Seen(seen)) => check(claim, &seen.policies),
        Some(Observed::Unobserved(why)) => unseen(claim, why),
        None => unseen(claim, "the scenario ended before this report"),
    };
    let cause = |_: &ReportClaim| Some(Cause::new(&planned.domain.span, "of this domain"));
    checked(&planned.label, &planned.expect, report_claim_words, check, cause, text)
}

fn check(claim: &ReportClaim, policies: &[ReportedPolicy]) -> Check {
    let told = || policies.iter().flat_map(told).collect::<Vec<String>>();
    let sum = |count: fn(&ReportedPolicy) -> u64| policies.iter().map(count).sum::<u64>();
    match claim {
        ReportClaim::Policy(kind) => {
            let has = policies.iter().any(|policy| policy.kind == *kind);
            Check::that(has, || format!("no policy of type {kind} is reported"), told)
        }
        ReportClaim::Successful(wanted) => {
            let seen = sum(|policy| policy.successful);
            Check::that(seen == *wanted, || format!("{seen} connections succeeded, not {wanted}"), told)
        }
        ReportClaim::Failed(wanted) => {
            let seen = sum(|policy| policy.failed);
            Check::that(seen == *wanted, || format!("{seen} connections failed, not {wanted}"), told)
        }
        ReportClaim::Results(wanted) => {
            let seen: BTreeSet<&str> =
                policies.iter().flat_map(|policy| &policy.failures).map(|f| f.result.as_str()).collect();
            let is_same = seen == wanted.iter().map(String::as_str).collect();
            let list = || {
                if seen.is_empty() { "none".to_owned() } else { seen.iter().copied().collect::<Vec<_>>().join(", ") }
            };
            Check::that(is_same, || format!("the result types are {}", list()), told)
        }
    }
}

/// A policy of a report, a line each fact; reasons and digests are left out, since they differ.
pub(crate) fn told(policy: &ReportedPolicy) -> Vec<String> {
    let mx = policy.mx_hosts.iter().map(|pattern| format!("  mx: {pattern}"));
    let failures = policy.failures.iter().map(|failure| {
        let mx = failure.mx.as_ref().map(|mx| format!(" at {mx}")).unwrap_or_default();
        format!("  {}{mx}: {}", failure.result, failure.count)
    });
    let head =
        format!("{} for {}: {} succeeded, {} failed", policy.kind, policy.domain, policy.successful, policy.failed);
    [head].into_iter().chain(mx).chain(failures).collect()
}
