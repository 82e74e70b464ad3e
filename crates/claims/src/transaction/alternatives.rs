//! Tables of claims inside a table of claims, for `any`, `never`, `messages` and `by`.

use super::{By, Case, Transaction};
use crate::{Check, ClaimList, Subject};
use form::{Decode, Flaw, Node, Shape};

/// A table of claims inside another one.
#[derive(Debug, Clone)]
pub struct Alternative(pub ClaimList<Transaction>);

impl Decode for Alternative {
    /// The same table as the one around it: a shape that held itself would have no end.
    fn shape() -> Shape {
        Shape::Around(Transaction::TABLE)
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let claims: ClaimList<Transaction> = ClaimList::read(node, flaws)?;
        if let Some((_, span)) = claims.first::<By>() {
            let flaw =
                Flaw::new("`by` stands in the table of the transaction alone").at(span, "inside of another table");
            flaws.push(flaw.help("turn it round: write the tables around it into each table of `by`"));
        }
        Some(Self(claims))
    }
}

/// Whether every claim holds: one that fails decides, whatever else cannot be told.
pub(super) fn all_of(claims: &ClaimList<Transaction>, case: &Case<'_>) -> Check {
    let mut unclear = None;
    for stated in claims {
        match stated.claim.check(case) {
            Check::Holds => {}
            fails @ Check::Fails(..) => return fails,
            check => unclear = less_told(unclear, check),
        }
    }
    unclear.unwrap_or(Check::Holds)
}

/// Of two that cannot be told the first; but what is not shown gives way to what was not observed.
pub(super) fn less_told(first: Option<Check>, second: Check) -> Option<Check> {
    match (&first, &second) {
        (None, _) | (Some(Check::Unseen(..)), Check::Unclear(..)) => Some(second),
        _ => first,
    }
}

/// What contradicts, each with its evidence, a line each.
pub(super) fn evidence_of(checked: &[Check]) -> Vec<String> {
    let mut lines = Vec::new();
    for check in checked {
        if let Check::Fails(what, evidence) = check {
            for line in std::iter::once(what).chain(evidence) {
                if !lines.contains(line) {
                    lines.push(line.clone());
                }
            }
        }
    }
    lines
}
