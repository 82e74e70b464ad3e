//! `never`: tables of claims of which none may hold.

use super::{
    Case, Transaction,
    alternatives::{Alternative, all_of},
};
use crate::{Check, Claim, ClaimList, Written};
use form::{Flaw, values::OneOrMany};
use plan::Spanned;

/// The claims of this table do not all hold.
#[derive(Debug, Clone)]
pub struct Never(pub ClaimList<Transaction>);

impl Claim<Transaction> for Never {
    fn words(&self) -> String {
        format!("never {}", self.0.words().join(" and "))
    }

    fn check(&self, case: &Case<'_>) -> Check {
        match all_of(&self.0, case) {
            Check::Holds => Check::fails(
                format!("this was seen: {}", self.0.words().join(" and ")),
                case.endings.iter().map(|ending| ending.because.as_str()).collect::<Vec<_>>().join("; "),
            ),
            Check::Fails(..) => Check::Holds,
            untold => untold.about(|_| format!("whether it holds: {}", self.words())),
        }
    }
}

impl Written<Transaction> for Never {
    const KEY: &'static str = "never";
    const DOC: &'static str = "A table of claims, or a list of them: of each at least one claim does not hold.";
    type Form = OneOrMany<Spanned<Alternative>>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        written.value.0.into_iter().map(|table| table.map(|claims| Self(claims.0))).collect()
    }
}
