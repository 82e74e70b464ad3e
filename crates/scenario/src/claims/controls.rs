//! Controls: what must not come through is only worth something beside what does.

use super::{Fate, arrives, fate, is_outbound, outcome};
use form::Flaw;
use plan::{Claim, Outcome, Transaction, World};
use std::ops::Range;

/// Complains of attacks without a control: a gateway that refuses everything, or sends nothing, must not pass.
pub(crate) fn controls(transactions: &[Transaction], world: &World, flaws: &mut Vec<Flaw>) {
    let is_control = |t: &&Transaction| arrives(t) || matches!(outcome(t), Some((Outcome::Delivered(_), _)));
    let controls: Vec<&Transaction> = transactions.iter().filter(is_control).collect();
    let sends = controls.iter().any(|control| is_outbound(control, world));
    for transaction in transactions {
        let goes_out = is_outbound(transaction, world);
        if if goes_out { sends } else { !controls.is_empty() } {
            continue;
        }
        let Some(span) = failure(transaction, goes_out) else { continue };
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
fn failure(transaction: &Transaction, goes_out: bool) -> Option<Range<usize>> {
    let refused = || {
        transaction.expect.iter().find_map(|expectation| match &expectation.claim {
            Claim::Reply(reply) => {
                matches!(fate(reply, transaction), Some(Fate::Refused)).then(|| expectation.span.clone())
            }
            _ => None,
        })
    };
    match outcome(transaction) {
        Some((Outcome::Delivered(_), _)) => None,
        Some((Outcome::Deferred, span)) => goes_out.then(|| span.clone()),
        Some((_, span)) => Some(span.clone()),
        None => refused(),
    }
}
