//! `failed`: how many connections failed.

use super::{Report, counted};
use crate::{Check, Claim, Written};
use evidence::TlsReport;
use form::{Flaw, values::Whole};
use plan::Spanned;

/// So many connections failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed(pub u64);

impl Claim<Report> for Failed {
    fn words(&self) -> String {
        match self.0 {
            1 => "1 connection reported as failed".to_owned(),
            count => format!("{count} connections reported as failed"),
        }
    }

    fn check(&self, seen: &&TlsReport) -> Check {
        counted(seen, |policy| policy.failed, self.0, "failed")
    }
}

impl Written<Report> for Failed {
    const KEY: &'static str = "failed";
    const DOC: &'static str = "So many failed.";
    type Form = Whole<0, 1_000_000>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|number| Self(number.0.unsigned_abs()))]
    }
}
