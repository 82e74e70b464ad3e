//! `header`: a header field of the delivered message.

use super::{Case, Transaction, causes};
use crate::{Cause, Check, Claim, Written, outcomes::outcome_word};
use evidence::Observed;
use form::{
    Flaw, Required, tables,
    values::{FieldName, OneOrMany},
};
use mail::Message;
use plan::Spanned;

/// A header field of the delivered message has this text in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Name of the field.
    pub name: String,
    /// Text that a field of that name must have.
    pub contains: String,
}

tables! {
    /// A claim on a header field.
    HeaderTable "header" [Any] {
        /// Its name.
        name: Required<FieldName>,
        /// Text that a field of that name has in it.
        contains: Required<String>,
    }
}

impl Claim<Transaction> for Header {
    fn words(&self) -> String {
        format!("a {} field with `{}`", self.name, self.contains)
    }

    /// Every copy in a mailbox, and at a host that the harness plays, must have such a field.
    fn check(&self, case: &Case<'_>) -> Check {
        let Self { name, contains } = self;
        let copies: Vec<(&Message, String)> = (case.seen.object.delivered.iter())
            .map(|copy| (&copy.message, format!("in {} of {}", copy.folder, copy.mailbox)))
            .chain(case.seen.arrived.iter().map(|arrived| (&arrived.message, format!("at {}", arrived.host))))
            .collect();
        if copies.is_empty() {
            return match &case.outcome {
                Observed::Seen(outcome) => {
                    let because = case.endings.iter().map(|e| e.because.clone()).collect();
                    Check::Fails(format!("no message is in a mailbox: it was {}", outcome_word(outcome)), because)
                }
                Observed::Unobserved(why) => {
                    Check::unclear(format!("what the {name} field of the delivered message is"), why.clone())
                }
            };
        }
        let lacks = |(message, _): &&(&Message, String)| !message.all(name).any(|value| value.contains(contains));
        let Some((message, place)) = copies.iter().find(lacks) else { return Check::Holds };
        let fields: Vec<String> = message.all(name).map(|value| format!("{name}: {value}")).collect();
        let what = format!("no {name} field of the message {place} has `{contains}`");
        let none = || vec![format!("the message has no {name} field")];
        Check::Fails(what, if fields.is_empty() { none() } else { fields })
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        Some(causes::message_line(case, &self.name, "the message as it was sent"))
    }
}

impl Written<Transaction> for Header {
    const KEY: &'static str = "header";
    const DOC: &'static str = "A header field of the delivered message, or a list of them.";
    type Form = OneOrMany<Spanned<HeaderTable>>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        let one = |Spanned { value, span }: Spanned<HeaderTable>| {
            Some(Spanned { value: Self { name: value.name.0?.0, contains: value.contains.0? }, span })
        };
        written.value.0.into_iter().filter_map(one).collect()
    }
}
