//! `opinion`: what the harness itself makes of DMARC for the message that was sent.

use super::{Case, Transaction, causes};
use crate::{Cause, Check, Claim, Written};
use evidence::{DmarcOpinion, Observed};
use form::Flaw;
use mail::DmarcResult;
use plan::Spanned;

/// The harness's own DMARC result is this, by RFC 9989 and the zones as they were published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opinion(pub DmarcResult);

impl Claim<Transaction> for Opinion {
    fn words(&self) -> String {
        format!("DMARC {} in the harness's own judgement", self.0)
    }

    /// It must be so for each domain that From names, and there must be one.
    fn check(&self, case: &Case<'_>) -> Check {
        let unclear = |why: &str| Check::unclear(format!("whether it holds: {}", self.words()), why);
        let opinion = match &case.seen.opinion {
            None => return unclear("the harness was not asked for its own judgement (`--second-opinion`)"),
            Some(Observed::Unobserved(why)) => return unclear(why),
            Some(Observed::Seen(opinion)) => opinion,
        };
        let other = |dmarc: &&DmarcOpinion| dmarc.result != self.0;
        match opinion.dmarc.iter().find(other) {
            Some(DmarcOpinion { author, result, .. }) => Check::fails(
                format!("DMARC of {author} is {result} in the harness's own judgement, not {}", self.0),
                format!("SPF of MAIL FROM is {} for {}", opinion.mail_from.result, opinion.mail_from.domain),
            ),
            None if opinion.dmarc.is_empty() => unclear("From names no domain"),
            None => Check::Holds,
        }
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        causes::dmarc(case)
    }
}

impl Written<Transaction> for Opinion {
    const KEY: &'static str = "opinion";
    const DOC: &'static str = "What the harness itself makes of DMARC (RFC 9989 §4): of the octets that were sent, by the zones as published.";
    type Form = DmarcResult;

    fn read(written: Spanned<DmarcResult>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(Self)]
    }
}
