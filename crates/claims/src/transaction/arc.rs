//! `arc`: the ARC result.

use super::{Case, Transaction, gateway_side};
use crate::{Cause, Check, Claim, Written};
use form::Flaw;
use mail::ArcResult;
use plan::Spanned;

/// The ARC result is this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arc(pub ArcResult);

impl Claim<Transaction> for Arc {
    fn words(&self) -> String {
        format!("ARC {}", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        case.result("arc", self.0, &case.arc)
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        gateway_side::silence(case, "arc")
    }
}

impl Written<Transaction> for Arc {
    const KEY: &'static str = "arc";
    const DOC: &'static str = "The ARC result.";
    type Form = ArcResult;

    fn read(written: Spanned<ArcResult>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(Self)]
    }
}
