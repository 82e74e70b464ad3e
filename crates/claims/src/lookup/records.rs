//! `records`: the records of the answer, all of them.

use super::{Lookup, Scene, needs_an_answer, plain};
use crate::{Check, Claim, ClaimList, Written};
use evidence::LookedUp;
use form::{Flaw, values::Line};
use plan::Spanned;
use std::{collections::BTreeSet, ops::Range};

/// Exactly these records, in any order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Records(pub Vec<String>);

impl Claim<Lookup> for Records {
    fn words(&self) -> String {
        if self.0.is_empty() {
            return "no records".to_owned();
        }
        let records: Vec<String> = self.0.iter().map(|record| format!("`{record}`")).collect();
        format!("exactly {}", records.join(", "))
    }

    fn check(&self, seen: &&LookedUp) -> Check {
        records(&self.0, seen)
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Lookup>, _: &Scene<'_>) -> Vec<Flaw> {
        if self.0.is_empty() { Vec::new() } else { needs_an_answer(at, claims) }
    }
}

impl Written<Lookup> for Records {
    const KEY: &'static str = "records";
    const DOC: &'static str =
        "Exactly the data of the records, in any order, as `dig +short` shows it; of TXT without quotes.";
    type Form = Vec<Line>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|list| Self(list.into_iter().map(|line| line.0).collect()))]
    }
}

/// Exactly these records, in any order.
fn records(claimed: &[String], seen: &LookedUp) -> Check {
    let forms = |records: &[String]| records.iter().map(|record| plain(record)).collect::<BTreeSet<_>>();
    let (wanted, there) = (forms(claimed), forms(&seen.records));
    if wanted == there {
        return Check::Holds;
    }
    let lacking: Vec<String> = wanted.difference(&there).map(|record| format!("`{record}` is not there")).collect();
    let more: Vec<String> = there.difference(&wanted).map(|record| format!("`{record}` is there")).collect();
    let message = match (lacking.is_empty(), more.is_empty()) {
        (false, true) => "records are lacking",
        (true, false) => "there are more records",
        _ => "there are other records",
    };
    let rcode = (seen.rcode != "NOERROR").then(|| format!("the response code is {}", seen.rcode));
    Check::Fails(message.to_owned(), rcode.into_iter().chain(lacking).chain(more).collect())
}
