//! `successful`: how many connections succeeded.

use super::{Report, counted};
use crate::{Check, Claim, Written};
use evidence::TlsReport;
use form::{Flaw, values::Whole};
use plan::Spanned;

/// So many connections succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Successful(pub u64);

impl Claim<Report> for Successful {
    fn words(&self) -> String {
        match self.0 {
            1 => "1 connection reported as good".to_owned(),
            count => format!("{count} connections reported as good"),
        }
    }

    fn check(&self, seen: &&TlsReport) -> Check {
        counted(seen, |policy| policy.successful, self.0, "succeeded")
    }
}

impl Written<Report> for Successful {
    const KEY: &'static str = "successful";
    const DOC: &'static str = "So many connections succeeded.";
    type Form = Whole<0, 1_000_000>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|number| Self(number.0.unsigned_abs()))]
    }
}
