//! Dialogues that are written out: each reply that is waited for is a claim.

use crate::{
    finding::Text,
    judge::{Tally, Told},
};
use claims::{Cause, Check, outcomes::reply_text};
use evidence::{Exchange, Observed, Transaction};
use plan::Step;

/// Judges the replies that the dialogue of a transaction waits for. With another reply the dialogue ends, so that of what stands
/// behind it nothing is said.
pub(crate) fn judge(planned: &plan::Transaction, seen: Option<&Transaction>, tally: &mut Tally, text: &Text) {
    let awaited = planned.dialogue.iter().flat_map(|dialogue| &dialogue.steps).filter_map(|step| match step {
        Step::Await(awaited) => Some(awaited),
        _ => None,
    });
    let dialogue = seen.map(|seen| seen.dialogue.as_slice()).unwrap_or_default();
    let mut replies = dialogue.iter().filter(|exchange| exchange.awaited.is_some());
    for awaited in awaited {
        let words = format!("S: {}", awaited.value);
        let (check, is_last) = match replies.next() {
            Some(exchange) => (check(exchange, &awaited.value), exchange.is_as_awaited() != Some(true)),
            None => {
                let why = dialogue.last().map_or("the scenario ended before it", |_| "the dialogue ended before it");
                (Check::unclear(format!("whether the server replied {}", awaited.value), why), true)
            }
        };
        let stated = Told { subject: &planned.label, words, span: &awaited.span };
        tally.add(check, &stated, || Some(Cause::new(&planned.span, "of this transaction")), text);
        if is_last {
            break;
        }
    }
}

fn check(exchange: &Exchange, awaited: &str) -> Check {
    let to = match exchange.sent.lines().last() {
        Some(line) => format!("`{line}`"),
        None if exchange.to == "connect" => "the connection".to_owned(),
        None => "what was sent before".to_owned(),
    };
    match (&exchange.reply, exchange.is_as_awaited()) {
        (_, Some(true)) => Check::Holds,
        (Observed::Seen(reply), _) => {
            let evidence = format!("the server replied {} to {to}", reply_text(reply));
            Check::fails(format!("the reply to {to} is {}, not {awaited}", reply_text(reply)), evidence)
        }
        (Observed::Unobserved(why), _) => Check::unclear(format!("what the reply to {to} is"), why.clone()),
    }
}
