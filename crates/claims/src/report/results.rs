//! `results`: why connections failed.

use super::{Failed, Report, all_told};
use crate::{Check, Claim, ClaimList, Written};
use evidence::TlsReport;
use form::{Flaw, keywords};
use plan::Spanned;
use std::{collections::BTreeSet, ops::Range};

/// Exactly these result types (RFC 8460 §4.3), in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results(pub Vec<&'static str>);

/// A result type.
#[derive(Debug, Clone, Copy)]
pub struct Failure(&'static str);

keywords! {
    Failure: "a result type of TLS reports (RFC 8460 §4.3)" {
        "starttls-not-supported" => Self("starttls-not-supported"), "the host did not offer STARTTLS";
        "certificate-host-mismatch" => Self("certificate-host-mismatch"), "the certificate is for another name";
        "certificate-expired" => Self("certificate-expired"), "the certificate has expired";
        "certificate-not-trusted" => Self("certificate-not-trusted"), "no chain to a root that is known";
        "validation-failure" => Self("validation-failure"), "anything else";
        "tlsa-invalid" => Self("tlsa-invalid"), "no TLSA record matched, or none was usable";
        "dnssec-invalid" => Self("dnssec-invalid"), "the DNS had no authentic answer";
        "dane-required" => Self("dane-required"), "DANE was required, and there were no TLSA records";
        "sts-policy-fetch-error" => Self("sts-policy-fetch-error"), "the policy could not be fetched";
        "sts-policy-invalid" => Self("sts-policy-invalid"), "the policy could not be read";
        "sts-webpki-invalid" => Self("sts-webpki-invalid"), "the certificate of the policy's host was not good";
    }
}

impl Claim<Report> for Results {
    fn words(&self) -> String {
        match self.0.as_slice() {
            [] => "no failure reported".to_owned(),
            results => format!("failures reported as {}", results.join(", ")),
        }
    }

    fn check(&self, seen: &&TlsReport) -> Check {
        let policies = &seen.policies;
        let there: BTreeSet<&str> =
            policies.iter().flat_map(|policy| &policy.failures).map(|f| f.result.as_str()).collect();
        let list =
            || if there.is_empty() { "none".to_owned() } else { there.iter().copied().collect::<Vec<_>>().join(", ") };
        let is_same = there == self.0.iter().copied().collect();
        Check::that(is_same, || format!("the result types are {}", list()), || all_told(seen))
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Report>, _: &()) -> Vec<Flaw> {
        let Some((failed, span)) = claims.first::<Failed>() else { return Vec::new() };
        if (failed.0 == 0) == self.0.is_empty() {
            return Vec::new();
        }
        let flaw = Flaw::new("connections fail, and none fails").at(span, "so many fail");
        vec![flaw.at(at, "for these reasons").help("each that fails has a reason (RFC 8460 §4.3)")]
    }
}

impl Written<Report> for Results {
    const KEY: &'static str = "results";
    const DOC: &'static str = "Exactly the result types, in any order (RFC 8460 §4.3); an empty list: nothing failed.";
    type Form = Vec<Failure>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|list| Self(list.iter().map(|word| word.0).collect()))]
    }
}
