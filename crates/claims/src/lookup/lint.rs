//! `lint`: what the lint says of the records.

use super::{Lookup, render};
use crate::{Check, Claim, Written};
use evidence::{LookedUp, Remark};
use form::{Flaw, values::LintCode};
use plan::Spanned;
use std::collections::BTreeSet;

/// The lint says exactly this of it, as codes; an empty list: nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lint(pub Vec<String>);

impl Claim<Lookup> for Lint {
    fn words(&self) -> String {
        match self.0.as_slice() {
            [] => "nothing to be said of it".to_owned(),
            codes => format!("lint: {}", codes.join(", ")),
        }
    }

    fn check(&self, seen: &&LookedUp) -> Check {
        lint(&self.0, seen)
    }
}

impl Written<Lookup> for Lint {
    const KEY: &'static str = "lint";
    const DOC: &'static str = "Exactly what the lint says of it, as codes; an empty list: nothing.";
    type Form = Vec<LintCode>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|list| Self(list.into_iter().map(|code| code.0).collect()))]
    }
}

/// The lint has exactly these remarks. An answer that is an error leaves it nothing to look at.
fn lint(codes: &[String], seen: &LookedUp) -> Check {
    let wanted: BTreeSet<&str> = codes.iter().map(String::as_str).collect();
    let there: BTreeSet<&str> = seen.remarks.iter().map(|remark| remark.code.as_str()).collect();
    if !matches!(seen.rcode.as_str(), "NOERROR" | "NXDOMAIN") && there.is_empty() {
        let words = Lint(codes.to_vec()).words();
        return Check::unclear(format!("whether it holds: {words}"), format!("the DNS answers {}", seen.rcode));
    }
    if wanted == there {
        return Check::Holds;
    }
    let lacking: Vec<&str> = wanted.difference(&there).copied().collect();
    let more: Vec<&str> = there.difference(&wanted).copied().collect();
    let message = if more.is_empty() {
        format!("the lint does not say {}", lacking.join(", "))
    } else {
        format!("the lint says {}", more.join(", "))
    };
    let remark = |remark: &Remark| format!("{}: {} ({}); {}", remark.code, remark.text, remark.cites, remark.help);
    let mut evidence: Vec<String> = seen.remarks.iter().map(remark).collect();
    evidence.extend(render(seen));
    Check::Fails(message, evidence)
}
