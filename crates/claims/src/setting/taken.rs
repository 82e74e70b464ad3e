//! `taken`: whether the daemons work with changed settings.

use super::{Case, Changed, written};
use crate::{Cause, Check, Claim, Written};
use evidence::Setting;
use form::Flaw;
use plan::Spanned;

/// The daemons work with all of them, or refuse one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken(pub bool);

impl Claim<Changed> for Taken {
    fn words(&self) -> String {
        if self.0 { "taken" } else { "refused" }.to_owned()
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let refused = case.seen.iter().find(|setting| !setting.is_taken);
        let fails = |setting: &Setting| {
            let Setting { daemon, name, value, .. } = setting;
            Check::Fails(format!("{daemon} refuses {}", written(name, value.as_deref())), case.said())
        };
        if self.0 {
            return case.decide(refused.map(fails), &self.words(), Check::Holds);
        }
        let all = Check::Fails("every setting is taken".to_owned(), case.said());
        case.decide(refused.map(|_| Check::Holds), &self.words(), all)
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        case.cause(|setting| setting.is_taken != self.0)
    }
}

impl Written<Changed> for Taken {
    const KEY: &'static str = "taken";
    const DOC: &'static str = "Whether they work with them.";
    type Form = bool;

    fn read(written: Spanned<bool>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(Self)]
    }
}
