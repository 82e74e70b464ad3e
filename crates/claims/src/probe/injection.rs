//! `injection`: what becomes of a command that is injected behind STARTTLS.

use super::{Case, Probe, Scene, before_tls::no_cleartext, comes_before_tls};
use crate::{Check, Claim, ClaimList, Written};
use evidence::{Injection as Injected, Observed, Probed};
use form::{Flaw, keywords};
use plan::Spanned;
use std::ops::Range;

/// What was injected behind STARTTLS is `dropped`, or the connection closed; or it is `answered` (CVE-2011-0411).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Injection(pub &'static str);

keywords! {
    Injection: "what becomes of what is injected" {
        "dropped" => Self("dropped"), "it is never answered";
        "answered" => Self("answered"), "it is answered under TLS";
    }
}

impl Claim<Probe> for Injection {
    fn words(&self) -> String {
        format!("plaintext behind STARTTLS {}", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        injection(self.0, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, _: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        comes_before_tls(at, scene)
    }
}

impl Written<Probe> for Injection {
    const KEY: &'static str = "injection";
    const DOC: &'static str =
        "What becomes of a command that is injected in cleartext behind STARTTLS; not for such a service either.";
    type Form = Self;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}

fn injection(claim: &str, seen: &Probed) -> Check {
    let what = "what becomes of plaintext behind STARTTLS";
    let injection = match seen.cleartext.seen().map(|cleartext| &cleartext.injection) {
        Some(Observed::Seen(injection)) => injection,
        Some(Observed::Unobserved(why)) => return Check::unclear(what, why.clone()),
        None => return Check::unclear(what, no_cleartext(seen)),
    };
    match (injection, claim) {
        (Injected::Answered(_), "answered") | (Injected::Dropped | Injected::Closed, "dropped") => Check::Holds,
        (Injected::Answered(answer), _) => Check::fails(
            "plaintext that was injected behind STARTTLS is answered under TLS",
            format!("the answer was {answer}"),
        ),
        (Injected::Dropped, _) => Check::fails("plaintext behind STARTTLS is dropped", "nothing answered it under TLS"),
        (Injected::Closed, _) => Check::fails("plaintext behind STARTTLS is not answered", "the connection was closed"),
    }
}
