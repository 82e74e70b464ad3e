//! `spf-explanation`: what the domain's own explanation says in the refusal (RFC 7208 §6.2).

use super::{Case, Transaction, causes};
use crate::{Cause, Check, Claim, Written, outcomes::reply_text};
use evidence::Observed;
use form::{Flaw, values::Line};
use plan::Spanned;

/// A reply that refuses has this text in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpfExplanation(pub String);

impl Claim<Transaction> for SpfExplanation {
    fn words(&self) -> String {
        format!("a refusal that explains `{}`", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let refusals: Vec<&mail::Reply> =
            case.seen.dialogue.iter().filter_map(|e| e.reply.seen()).filter(|reply| !reply.is_positive()).collect();
        if refusals.iter().any(|reply| reply.lines.join(" ").contains(&self.0)) {
            return Check::Holds;
        }
        let silent = case.seen.dialogue.iter().find_map(|e| match &e.reply {
            Observed::Unobserved(why) => Some(format!("no reply to {}: {why}", e.to)),
            Observed::Seen(_) => None,
        });
        match silent.filter(|_| refusals.is_empty()) {
            Some(why) => Check::unclear(format!("whether there is {}", self.words()), why),
            None if refusals.is_empty() => {
                Check::fails("nothing was refused, so nothing was explained", "every reply was positive")
            }
            None => {
                let evidence =
                    refusals.iter().map(|reply| format!("the server replied {}", reply_text(reply))).collect();
                Check::Fails(format!("no refusal explains `{}`", self.0), evidence)
            }
        }
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        causes::spf(case)
    }
}

impl Written<Transaction> for SpfExplanation {
    const KEY: &'static str = "spf-explanation";
    const DOC: &'static str = "Text of the domain's own explanation, in a reply that refuses (RFC 7208 §6.2).";
    type Form = Line;

    fn read(written: Spanned<Line>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|line| Self(line.0))]
    }
}
