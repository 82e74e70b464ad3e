//! `any`: at least one of several tables of claims.

use super::{
    Case, Transaction,
    alternatives::{Alternative, all_of, evidence_of, less_told},
};
use crate::{Check, Claim, ClaimList, Written};
use form::{Flaw, values::AtLeastOne};
use plan::Spanned;

/// Of one of these tables every claim holds.
#[derive(Debug, Clone)]
pub struct Any(pub Vec<ClaimList<Transaction>>);

impl Claim<Transaction> for Any {
    fn words(&self) -> String {
        let tables: Vec<String> = self.0.iter().map(|claims| claims.words().join(" and ")).collect();
        tables.join(", or ")
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let checked: Vec<Check> = self.0.iter().map(|claims| all_of(claims, case)).collect();
        if checked.contains(&Check::Holds) {
            return Check::Holds;
        }
        match checked.iter().filter(|check| !matches!(check, Check::Fails(..))).cloned().fold(None, less_told) {
            Some(untold) => untold.about(|_| format!("whether it holds: {}", self.words())),
            None => Check::Fails(format!("neither of these holds: {}", self.words()), evidence_of(&checked)),
        }
    }
}

impl Written<Transaction> for Any {
    const KEY: &'static str = "any";
    const DOC: &'static str = "Several tables of claims: of one of them every claim holds.";
    type Form = AtLeastOne<Spanned<Alternative>>;

    fn read(written: Spanned<Self::Form>, flaws: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        if let [only] = written.value.0.as_slice() {
            let flaw = Flaw::new("`any` has one table only").at(&only.span, "the only one");
            flaws.push(flaw.help("write its claims into the table around it, or add another one"));
        }
        vec![written.map(|tables| Self(tables.0.into_iter().map(|table| table.value.0).collect()))]
    }
}
