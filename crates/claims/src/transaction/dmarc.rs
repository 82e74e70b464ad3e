//! `dmarc`: the DMARC result.

use super::{Case, Transaction, causes, gateway_side};
use crate::{Cause, Check, Claim, Written};
use form::Flaw;
use mail::DmarcResult;
use plan::Spanned;

/// The DMARC result is this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dmarc(pub DmarcResult);

impl Claim<Transaction> for Dmarc {
    fn words(&self) -> String {
        format!("DMARC {}", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        case.result("dmarc", self.0, &case.dmarc)
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        gateway_side::silence(case, "dmarc").or_else(|| causes::dmarc(case))
    }
}

impl Written<Transaction> for Dmarc {
    const KEY: &'static str = "dmarc";
    const DOC: &'static str = "The DMARC result.";
    type Form = DmarcResult;

    fn read(written: Spanned<DmarcResult>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(Self)]
    }
}
