//! `tries`: how often the client had to try (RFC 5321 §4.5.4.1): greylisting refuses whom it does not know for a while (RFC 6647).

use super::{Case, Scene, Transaction, causes::refusal_in};
use crate::{Check, Claim, ClaimList, Written, outcomes::reply_text};
use form::{Flaw, values::Whole};
use plan::{Origin, Spanned};
use std::ops::Range;

/// The client tried so often: all but the last time it was refused for now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tries(pub usize);

impl Claim<Transaction> for Tries {
    fn words(&self) -> String {
        if self.0 == 1 { "1 try".to_owned() } else { format!("{} tries", self.0) }
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let seen = case.seen.earlier.len() + 1;
        let refusals = || case.seen.earlier.iter().filter_map(|tried| refusal_in(tried));
        let tell = |(to, reply): (&str, &mail::Reply)| format!("the server replied {} to {to}", reply_text(reply));
        let told = || refusals().map(tell).collect();
        Check::that(seen == self.0, || format!("it took {}, not {}", Self(seen).words(), self.0), told)
    }

    fn contradictions(&self, at: &Range<usize>, _: &ClaimList<Transaction>, scene: &Scene<'_>) -> Vec<Flaw> {
        let tries_again = matches!(&scene.planned.origin, Origin::Client(client) if client.retry.is_some());
        if self.0 == 1 || tries_again {
            return Vec::new();
        }
        let flaw = Flaw::new("nobody tries again here").at(at, "so it is tried once");
        vec![flaw.help("add `retry = 2` to the client: so many seconds later it tries again")]
    }
}

impl Written<Transaction> for Tries {
    const KEY: &'static str = "tries";
    const DOC: &'static str = "How often the client had to try until it was not refused for now any more; 1: it was not. See `retry` of the client.";
    type Form = Whole<1, 3>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|count| Self(usize::try_from(count.0).unwrap_or_default()))]
    }
}
