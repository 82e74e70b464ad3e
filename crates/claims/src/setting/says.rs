//! `says`: what a daemon says of changed settings.

use super::{Case, Changed};
use crate::{Check, Claim, Written};
use form::{
    Flaw,
    values::{NotEmpty, OneOrMany},
};
use plan::Spanned;

/// A daemon says something that has this text in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Says(pub String);

impl Claim<Changed> for Says {
    fn words(&self) -> String {
        format!("a message with `{}`", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let text = self.0.as_str();
        let says = case.seen.iter().any(|setting| setting.said.iter().any(|line| line.contains(text)));
        let silent = Check::Fails(format!("no daemon says `{text}`"), case.said());
        case.decide(says.then_some(Check::Holds), &self.words(), silent)
    }
}

impl Written<Changed> for Says {
    const KEY: &'static str = "says";
    const DOC: &'static str = "Text in what a daemon says of them.";
    type Form = OneOrMany<Spanned<NotEmpty>>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        written.value.0.into_iter().map(|text| text.map(|text| Self(text.0))).collect()
    }
}
