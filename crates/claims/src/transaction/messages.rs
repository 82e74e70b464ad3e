//! `messages`: claims on each mail object that the gateway accepted in the connection.

use super::{
    Case, Transaction,
    alternatives::{Alternative, all_of, less_told},
};
use crate::{Check, Claim, ClaimList, Written, outcomes};
use evidence::MailObject;
use form::Flaw;
use plan::Spanned;

/// The gateway accepted as many mail objects as there are tables, and of each, in the order in which it accepted them, every
/// claim of its table holds.
#[derive(Debug, Clone)]
pub struct Messages(pub Vec<ClaimList<Transaction>>);

impl Messages {
    /// The claims on the mail object at this place, from 0.
    fn one(claims: &ClaimList<Transaction>, at: usize, object: &MailObject, case: &Case<'_>) -> Check {
        let is_planned = std::ptr::eq(object, &raw const case.seen.object);
        let seen = evidence::Transaction { object: object.clone(), others: Vec::new(), ..case.seen.clone() };
        let number = at + 1;
        let of = if is_planned { Case::of } else { Case::unplanned };
        let check = all_of(claims, &of(case.plan, case.index, &seen));
        check.about(|what| format!("of the accepted message {number}: {what}"))
    }
}

impl Claim<Transaction> for Messages {
    fn words(&self) -> String {
        let each = self.0.iter().enumerate();
        let each: Vec<String> = each.map(|(at, c)| format!("message {}: {}", at + 1, c.words().join(", "))).collect();
        if each.is_empty() { "no message accepted".to_owned() } else { each.join("; ") }
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let planned = (&case.seen.object, case.is_accepted());
        let others = case.seen.others.iter().map(|other| (other, other.is_accepted));
        let objects = || std::iter::once(planned).chain(others.clone());
        if objects().any(|(_, is_accepted)| is_accepted.is_none()) {
            return Check::unclear("how many messages were accepted", "of one it is not known whether it was");
        }
        let accepted: Vec<&MailObject> =
            objects().filter(|(_, is_accepted)| *is_accepted == Some(true)).map(|(object, _)| object).collect();
        if let Some(why) = outcomes::unsaid(case.seen).filter(|_| accepted.len() <= self.0.len()) {
            return Check::unclear("how many messages were accepted", why);
        }
        if accepted.len() != self.0.len() {
            let what = match accepted.len() {
                1 => format!("1 message was accepted, not {}", self.0.len()),
                count => format!("{count} messages were accepted, not {}", self.0.len()),
            };
            let line = |object: &&MailObject| format!("accepted: {}", object.queue_ids.join(", "));
            return Check::Fails(what, accepted.iter().map(line).collect());
        }
        let mut unclear = None;
        for (at, (claims, object)) in self.0.iter().zip(accepted).enumerate() {
            match Self::one(claims, at, object, case) {
                Check::Holds => {}
                fails @ Check::Fails(..) => return fails,
                check => unclear = less_told(unclear, check),
            }
        }
        unclear.unwrap_or(Check::Holds)
    }
}

impl Written<Transaction> for Messages {
    const KEY: &'static str = "messages";
    const DOC: &'static str = "A table of claims for each message that the gateway accepts in this connection, in its order; so many are accepted and no \
                               more. An empty list: none is.";
    type Form = Vec<Spanned<Alternative>>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|tables| Self(tables.into_iter().map(|table| table.value.0).collect()))]
    }
}
