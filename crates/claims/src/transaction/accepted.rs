//! `accepted`: how many messages the gateway accepted. Where nobody claims it, more than the one that is planned is a
//! failure by itself.

use super::{Case, Transaction, gateway_side};
use crate::{Cause, Check, Claim, Written, outcomes};
use evidence::MailObject;
use form::{Flaw, values::Whole};
use plan::Spanned;
use std::collections::BTreeSet;

/// So many messages were accepted, the planned one and others that the gateway made of the same octets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accepted(pub usize);

impl Claim<Transaction> for Accepted {
    fn words(&self) -> String {
        match self.0 {
            1 => "1 message accepted".to_owned(),
            count => format!("{count} messages accepted"),
        }
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let others: Vec<&MailObject> = case.others().collect();
        let Some(is_accepted) = case.is_accepted() else {
            return Check::unclear("how many messages were accepted", "nothing says whether the planned one was");
        };
        let count = usize::from(is_accepted) + others.len();
        if let Some(why) = outcomes::unsaid(case.seen).filter(|_| count <= self.0) {
            return Check::unclear("how many messages were accepted", why);
        }
        let planned =
            if is_accepted { "the planned message was accepted" } else { "the planned message was not accepted" };
        let told = || [planned.to_owned()].into_iter().chain(others.iter().map(|other| tell(other))).collect();
        let words =
            |count: usize| if count == 1 { "1 message was".to_owned() } else { format!("{count} messages were") };
        Check::that(count == self.0, || format!("{} accepted, not {}", words(count), self.0), told)
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        // of others it is not known by what they came through
        let is_by_the_planned_one = self.0 == 0 && case.others().next().is_none();
        gateway_side::reply(case, true).filter(|_| is_by_the_planned_one)
    }
}

impl Written<Transaction> for Accepted {
    const KEY: &'static str = "accepted";
    const DOC: &'static str = "How many messages the gateway accepted, whatever it made of the octets. Where this is not \
        claimed, a message beside the planned one is a failure by itself.";
    type Form = Whole<0, 1000>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|count| Self(usize::try_from(count.0).unwrap_or_default()))]
    }
}

impl Case<'_> {
    /// Messages that nobody asked for and that were accepted all the same.
    fn others(&self) -> impl Iterator<Item = &MailObject> {
        self.seen.others.iter().filter(|other| other.is_accepted == Some(true) || !other.delivered.is_empty())
    }

    /// Whether the planned message was accepted, for one recipient at least.
    pub(super) fn is_accepted(&self) -> Option<bool> {
        let object = &self.seen.object;
        if object.is_accepted.is_some() || !object.delivered.is_empty() {
            return Some(object.is_accepted == Some(true) || !object.delivered.is_empty());
        }
        let taken = || self.endings.iter().map(|ending| ending.is_taken);
        if taken().any(|is| is == Some(true)) {
            Some(true)
        } else {
            taken().all(|is| is == Some(false)).then_some(false)
        }
    }

    /// What is wrong with the transaction whatever is claimed of it: a message, and the evidence, a line each.
    #[must_use]
    pub fn faults(&self, is_count_claimed: bool) -> Vec<(String, Vec<String>)> {
        let surplus = self.others().filter(|_| !is_count_claimed).enumerate();
        let surplus = surplus.map(|(at, other)| {
            let which = if at == 0 { "a second message".to_owned() } else { format!("message {}", at + 2) };
            (format!("{which} was accepted: {}", tell(other)), Vec::new())
        });
        let injected = crate::results::injected(self.seen).into_iter();
        let injected = injected.map(|told| ("text of the peer's stands as a result".to_owned(), vec![told]));
        surplus.chain(injected).collect()
    }
}

/// Where a message that nobody asked for went.
fn tell(object: &MailObject) -> String {
    let queued = (!object.queue_ids.is_empty()).then(|| format!("queued as {}", object.queue_ids.join(", ")));
    let mailboxes: BTreeSet<String> =
        object.delivered.iter().map(|copy| format!("in {} of {}", copy.folder, copy.mailbox)).collect();
    let from = object.mail_from.as_ref().map(|from| format!("from <{from}>"));
    let all: Vec<String> = from.into_iter().chain(queued).chain(mailboxes).collect();
    if all.is_empty() { "nothing says where it went".to_owned() } else { all.join(", ") }
}
