//! `policy`: the type of the policy that a TLS report is about.

use super::{Report, all_told};
use crate::{Check, Claim, Written};
use evidence::TlsReport;
use form::{Flaw, keywords};
use plan::Spanned;

/// The type of its policy, `tlsa`, `sts` or `no-policy-found` (RFC 8460 §4.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy(pub &'static str);

keywords! {
    Policy: "a type of policy" {
        "tlsa" => Self("tlsa"), "TLSA records (RFC 7672)";
        "sts" => Self("sts"), "an MTA-STS policy (RFC 8461)";
        "no-policy-found" => Self("no-policy-found"), "neither";
    }
}

impl Claim<Report> for Policy {
    fn words(&self) -> String {
        format!("a policy of type {} reported", self.0)
    }

    fn check(&self, seen: &&TlsReport) -> Check {
        let has = seen.policies.iter().any(|policy| policy.kind == self.0);
        Check::that(has, || format!("no policy of type {} is reported", self.0), || all_told(seen))
    }
}

impl Written<Report> for Policy {
    const KEY: &'static str = "policy";
    const DOC: &'static str = "The type of its policy (RFC 8460 §4.4).";
    type Form = Self;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}
