//! Controls: what must not come through is only worth something beside what does.

use super::{
    Any, Arrived, Outcome, Reply, Transaction,
    by::{followed, readings},
    reply::Says,
};
use crate::{ClaimList, outcomes::Outcome as Became};
use form::Flaw;
use mail::Domain;
use plan::{Origin, World};
use std::ops::Range;

type WithClaims<'a> = (&'a plan::Transaction, &'a ClaimList<Transaction>);

/// Complains of attacks without a control: a gateway that refuses everything, or sends nothing, must not pass. Where claims differ
/// by specification this goes for each of them.
pub fn controls(transactions: &[WithClaims<'_>], world: &World, flaws: &mut Vec<Flaw>) {
    for specification in readings(transactions.iter().map(|(_, claims)| *claims)) {
        let all: Vec<_> = transactions.iter().map(|(_, claims)| followed(claims, specification.as_slice())).collect();
        let read: Vec<WithClaims<'_>> = transactions.iter().map(|(planned, _)| *planned).zip(&all).collect();
        let mut found = Vec::new();
        in_each(&read, world, &mut found);
        found.retain(|flaw| !flaws.contains(flaw));
        flaws.extend(found);
    }
}

fn in_each(transactions: &[WithClaims<'_>], world: &World, flaws: &mut Vec<Flaw>) {
    let is_control = |(_, claims): &&WithClaims<'_>| {
        claims.first::<Arrived>().is_some() || matches!(claims.first(), Some((Outcome(Became::Delivered(_)), _)))
    };
    let controls: Vec<&WithClaims<'_>> = transactions.iter().filter(is_control).collect();
    let sends = controls.iter().any(|(control, _)| is_outbound(control, world));
    for (transaction, claims) in transactions {
        let goes_out = is_outbound(transaction, world);
        if if goes_out { sends } else { !controls.is_empty() } {
            continue;
        }
        let Some(span) = failure(transaction, claims, goes_out) else { continue };
        let (what, help) = if goes_out {
            ("a gateway that sends no mail at all would pass", "a good host and `outcome = \"delivered\"`")
        } else {
            (
                "a gateway that takes no mail at all would pass",
                "the same words from the rightful sender and `outcome = { delivered = \"INBOX\" }`",
            )
        };
        let flaw = Flaw::new(format!("the transaction `{}` has no control", transaction.label));
        flaws.push(flaw.at(&span, what).help(format!("add a transaction with {help}")));
    }
}

/// The claim by which the message must not come through. What waits at the gateway for a bad host is one; what the
/// gateway itself refuses for now is none, since a later try decides.
fn failure(transaction: &plan::Transaction, claims: &ClaimList<Transaction>, goes_out: bool) -> Option<Range<usize>> {
    match claims.first::<Outcome>() {
        Some((Outcome(Became::Delivered(_)), _)) => None,
        Some((Outcome(Became::Deferred), span)) => goes_out.then(|| span.clone()),
        Some((_, span)) => Some(span.clone()),
        None => {
            let mut replies = claims.all::<Reply>();
            let refused = replies.find(|(reply, _)| reply.says(transaction) == Some(Says::Refused));
            let in_no_case = |any: &Any| any.0.iter().all(|claims| failure(transaction, claims, goes_out).is_some());
            let any = || claims.all::<Any>().find(|(any, _)| in_no_case(any)).map(|(_, span)| span);
            refused.map(|(_, span)| span).or_else(any).cloned()
        }
    }
}

/// Whether the message is claimed to lie somewhere in the end, by one specification at least.
#[must_use]
pub fn must_arrive(claims: &ClaimList<Transaction>) -> bool {
    let lies = |outcome: &Outcome| matches!(outcome.0, Became::Delivered(_) | Became::Quarantined(_));
    readings(std::iter::once(claims)).into_iter().any(|specification| {
        let claims = followed(claims, specification.as_slice());
        claims.first().is_some_and(|(outcome, _)| lies(outcome)) || claims.first::<Arrived>().is_some()
    })
}

/// Whether the gateway under test brings the message to somebody else, as a client.
#[must_use]
pub fn is_outbound(transaction: &plan::Transaction, world: &World) -> bool {
    let is_own = |domain: &Domain| world.gateway.iter().any(|own| domain.is_within(own));
    let from_here = match &transaction.origin {
        Origin::Client(_) => false,
        Origin::Submission(submission) => is_own(submission.login.value.domain()),
        Origin::Sendmail => true,
    };
    from_here && transaction.rcpt_to.iter().any(|recipient| !is_own(recipient.value.domain()))
}
