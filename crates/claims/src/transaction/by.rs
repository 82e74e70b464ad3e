//! `by`: tables of claims by specification, of which the one counts that the gateway follows.

use super::{Case, Scene, Transaction, alternatives::Alternative};
use crate::{Check, Claim, ClaimList, Written};
use form::{Flaw, values::Named};
use plan::{Spanned, Specification};
use std::{collections::BTreeSet, ops::Range};

/// What each of several specifications asks for. In the claims of a scenario that was read it stands only where the gateway
/// follows none of them: else the claims of one table have taken its place ([`followed`]).
#[derive(Debug, Clone)]
pub struct By(pub Vec<(Specification, ClaimList<Transaction>)>);

impl By {
    fn named(&self) -> Vec<String> {
        self.0.iter().map(|(specification, _)| specification.to_string()).collect()
    }

    /// The claims that count by a specification.
    fn table(&self, specification: Specification) -> Option<&ClaimList<Transaction>> {
        self.0.iter().find(|(named, _)| *named == specification).map(|(_, claims)| claims)
    }
}

/// The claims as they are for a gateway that follows these specifications: in the place of each `by` those of the table that
/// counts. A `by` that names none of them stays, and cannot be told.
#[must_use]
pub fn followed(claims: &ClaimList<Transaction>, follows: &[Specification]) -> ClaimList<Transaction> {
    let with = |by: &By| follows.iter().find_map(|specification| by.table(*specification)).cloned();
    let place_of = |span: &Range<usize>| claims.all::<By>().find(|(_, at)| *at == span).map(|(by, _)| by);
    let all = claims.iter().flat_map(|stated| match place_of(&stated.span).and_then(with) {
        Some(table) => table.iter().cloned().collect(),
        None => vec![stated.clone()],
    });
    all.collect()
}

/// Each specification that one of these lists names, or none if none does: by each the claims are others.
pub(super) fn readings<'a>(lists: impl Iterator<Item = &'a ClaimList<Transaction>>) -> Vec<Option<Specification>> {
    let tables = lists.flat_map(|claims| claims.all::<By>()).flat_map(|(by, _)| &by.0);
    let named: BTreeSet<Specification> = tables.map(|(specification, _)| *specification).collect();
    if named.is_empty() { vec![None] } else { named.into_iter().map(Some).collect() }
}

impl Claim<Transaction> for By {
    fn words(&self) -> String {
        let each =
            self.0.iter().map(|(specification, claims)| format!("{}: {}", specification, claims.words().join(" and ")));
        each.collect::<Vec<_>>().join("; by ")
    }

    /// The gateway follows none of the specifications, or the claims of one of them would be here.
    fn check(&self, _: &Case<'_>) -> Check {
        let why = format!("the gateway follows none of {} (`follows` in gateway.toml)", self.named().join(", "));
        Check::unclear(format!("whether it holds by {}", self.words()), why)
    }

    /// Each table is complained of as if its claims stood around it.
    fn contradictions(&self, _: &Range<usize>, claims: &ClaimList<Transaction>, scene: &Scene<'_>) -> Vec<Flaw> {
        let of = |claims: &ClaimList<Transaction>| {
            let mut flaws = Vec::new();
            claims.contradictions(scene, &mut flaws);
            flaws
        };
        let around: ClaimList<Transaction> = claims.iter().filter(|stated| stated.key != Self::KEY).cloned().collect();
        let known = of(&around);
        let mut flaws: Vec<Flaw> = Vec::new();
        for (_, table) in &self.0 {
            let whole = around.iter().chain(table).cloned().collect();
            let new: Vec<Flaw> = of(&whole).into_iter().filter(|f| !known.contains(f) && !flaws.contains(f)).collect();
            flaws.extend(new);
        }
        flaws
    }
}

impl Written<Transaction> for By {
    const KEY: &'static str = "by";
    const DOC: &'static str = "Tables of claims by specification, where specifications differ: `by = { \"RFC 9989\" = { … }, \"RFC 7489\" = { … } }`. \
                               The one counts that the gateway follows (`follows` in gateway.toml), beside the claims around it.";
    type Form = Named<Specification, Spanned<Alternative>>;

    fn read(written: Spanned<Self::Form>, flaws: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        if written.value.0.len() < 2 {
            let flaw = Flaw::new("`by` names no two specifications")
                .at(&written.span, "of what others say nothing is claimed");
            flaws.push(flaw.help("add what the other one asks for, or write the claims into the table around it"));
        }
        vec![written.map(|tables| {
            Self(tables.0.into_iter().map(|(specification, table)| (specification.value, table.value.0)).collect())
        })]
    }
}
