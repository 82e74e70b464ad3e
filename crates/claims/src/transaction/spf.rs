//! `spf`: the SPF result.

use super::{Case, Transaction, causes};
use crate::{Cause, Check, Claim, Written};
use form::Flaw;
use mail::SpfResult;
use plan::Spanned;

/// The SPF result is this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spf(pub SpfResult);

impl Claim<Transaction> for Spf {
    fn words(&self) -> String {
        format!("SPF {}", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        case.result("spf", self.0, &case.spf)
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        causes::spf(case)
    }
}

impl Written<Transaction> for Spf {
    const KEY: &'static str = "spf";
    const DOC: &'static str = "The SPF result.";
    type Form = SpfResult;

    fn read(written: Spanned<SpfResult>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(Self)]
    }
}
