//! `silent`: no daemon says anything of changed settings.

use super::{Case, Changed, Says};
use crate::{Cause, Check, Claim, ClaimList, Written};
use form::{Flaw, values::Yes};
use plan::Spanned;
use std::ops::Range;

/// No daemon says anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Silent;

impl Claim<Changed> for Silent {
    fn words(&self) -> String {
        "no message".to_owned()
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let speaks = case.seen.iter().find(|setting| !setting.said.is_empty());
        let fails = speaks.map(|setting| Check::Fails(format!("{} says something", setting.daemon), case.said()));
        case.decide(fails, &self.words(), Check::Holds)
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        case.cause(|setting| !setting.said.is_empty())
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Changed>, _: &()) -> Vec<Flaw> {
        let Some((_, says)) = claims.first::<Says>() else { return Vec::new() };
        let flaw = Flaw::new("no daemon says anything, and one says something").at(at, "nothing is said");
        vec![flaw.at(says, "this is said").help("take one of them away")]
    }
}

impl Written<Changed> for Silent {
    const KEY: &'static str = "silent";
    const DOC: &'static str = "That no daemon says anything.";
    type Form = Yes;

    fn read(written: Spanned<Yes>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|_| Self)]
    }
}
