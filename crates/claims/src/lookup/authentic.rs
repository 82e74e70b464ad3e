//! `authentic`: whether the answer is authentic by DNSSEC.

use super::{Lookup, Rcode, Scene, needs_an_answer, render};
use crate::{Check, Claim, ClaimList, Written};
use evidence::LookedUp;
use form::Flaw;
use plan::Spanned;
use std::ops::Range;

/// The answer is authentic by DNSSEC (RFC 4035 §3.2.3), or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Authentic(pub bool);

impl Claim<Lookup> for Authentic {
    fn words(&self) -> String {
        if self.0 { "an authentic answer" } else { "an answer that is not authentic" }.to_owned()
    }

    fn check(&self, seen: &&LookedUp) -> Check {
        let message = if self.0 { "the answer is not authentic" } else { "the answer is authentic" };
        Check::that(seen.is_authentic == self.0, || message.to_owned(), || render(seen))
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Lookup>, _: &Scene<'_>) -> Vec<Flaw> {
        // that there is no such name can be authentic; what is no answer at all cannot
        let is_denial = claims.first::<Rcode>().is_some_and(|(rcode, _)| rcode.0 == "NXDOMAIN");
        if self.0 && !is_denial { needs_an_answer(at, claims) } else { Vec::new() }
    }
}

impl Written<Lookup> for Authentic {
    const KEY: &'static str = "authentic";
    const DOC: &'static str = "Whether the answer is authentic (RFC 4035 §3.2.3).";
    type Form = bool;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(Self)]
    }
}
