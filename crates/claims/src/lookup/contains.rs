//! `contains`: a text in a record of the answer.

use super::{Lookup, Records, Scene, needs_an_answer, plain, render};
use crate::{Check, Claim, ClaimList, Written};
use evidence::LookedUp;
use form::{
    Flaw,
    values::{NotEmpty, OneOrMany},
};
use plan::Spanned;
use std::ops::Range;

/// A record has this text in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contains(pub String);

impl Claim<Lookup> for Contains {
    fn words(&self) -> String {
        format!("a record with `{}`", self.0)
    }

    fn check(&self, seen: &&LookedUp) -> Check {
        let text = self.0.as_str();
        let has = |record: &String| record.contains(text) || plain(record).contains(text);
        Check::that(seen.records.iter().any(has), || format!("no record has `{text}` in it"), || render(seen))
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Lookup>, _: &Scene<'_>) -> Vec<Flaw> {
        let flaws = needs_an_answer(at, claims);
        let Some((records, span)) = claims.first::<Records>().filter(|_| flaws.is_empty()) else { return flaws };
        // a text may be asked for as it is shown, with quotes, and as it is meant
        let bare = |text: &str| text.replace('"', "");
        if records.0.iter().any(|record| bare(record).contains(&bare(&self.0))) {
            return flaws;
        }
        let flaw = Flaw::new(format!("none of these records has `{}` in it", self.0)).at(at, "this text");
        vec![flaw.at(span, "exactly these records").help("take one of them away")]
    }
}

impl Written<Lookup> for Contains {
    const KEY: &'static str = "contains";
    const DOC: &'static str = "Text in the data of a record, or a list of texts.";
    type Form = OneOrMany<Spanned<NotEmpty>>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        written.value.0.into_iter().map(|text| text.map(|text| Self(text.0))).collect()
    }
}
