//! `header`: header fields of the delivered message: their text, number, absence, place, and who put them there.

use super::{Case, Transaction, causes};
use crate::{Cause, Check, Claim, Written, outcomes::outcome_word};
use evidence::Observed;
use form::{
    Flaw, Required, keywords, tables,
    values::{FieldName, OneOrMany, Whole, Yes},
};
use mail::{Field, Message};
use plan::Spanned;

/// The delivered message has as many such fields as this says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Name of the field.
    pub name: String,
    /// Text that such a field has in it; any, if none is named.
    pub contains: Option<String>,
    /// Who put it there; anybody, if nobody is named.
    pub by: Option<By>,
    /// Where it stands; anywhere, if no place is named.
    pub place: Option<Place>,
    /// How many such fields there are; at least one, if no number is named.
    pub count: Option<usize>,
}

/// Who put a field into a delivered message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// It was sent, and is still there.
    Sender,
    /// It was not sent.
    Gateway,
}

/// Where a field stands in the header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Above every Received field.
    AboveReceived,
    /// Below the topmost Received field.
    BelowReceived,
}

keywords! {
    By: "who put a field there" {
        "sender" => Self::Sender, "it was sent, and is still there";
        "gateway" => Self::Gateway, "it was not sent, so a host on the way added it";
    }
    Place: "a place in the header" {
        "above-received" => Self::AboveReceived, "above every Received field";
        "below-received" => Self::BelowReceived, "below the topmost Received field";
    }
}

tables! {
    /// A claim on header fields of the delivered message: at least one field of the name is as the other keys say; with
    /// `count` so many are, with `absent` none is.
    HeaderTable "header" [Any] {
        /// Their name.
        name: Required<FieldName>,
        /// Text that a field of that name has in it.
        contains: Option<String>,
        /// Who put it there.
        by: Option<By>,
        /// Where it stands.
        place: Option<Place>,
        /// Exactly so many fields are so.
        count: Option<Spanned<Whole<0, 1000>>>,
        /// That no field is so.
        absent: Option<Spanned<Yes>>,
    }
}

impl Header {
    fn is_as_claimed(&self, field: &Field, at: usize, copy: &Message, survivors: &[&Field]) -> bool {
        let is_named = field.name.eq_ignore_ascii_case(&self.name);
        let has_text = self.contains.as_ref().is_none_or(|text| field.value.contains(text.as_str()));
        let was_sent = survivors.iter().any(|survivor| std::ptr::eq(*survivor, field));
        let is_by = self.by.is_none_or(|by| (by == By::Sender) == was_sent);
        let received = copy.fields.iter().position(|field| field.name.eq_ignore_ascii_case("Received"));
        let is_there = match (self.place, received) {
            (None, _) => true,
            (Some(Place::AboveReceived), received) => received.is_none_or(|received| at < received),
            (Some(Place::BelowReceived), received) => received.is_some_and(|received| at > received),
        };
        is_named && has_text && is_by && is_there
    }

    /// What such a field is, in words.
    fn such(&self) -> String {
        let by = match self.by {
            Some(By::Sender) => " of the sender's",
            Some(By::Gateway) => " of the gateway's",
            None => "",
        };
        let place = match self.place {
            Some(Place::AboveReceived) => " above Received",
            Some(Place::BelowReceived) => " below Received",
            None => "",
        };
        let text = self.contains.as_ref().map(|text| format!(" with `{text}`")).unwrap_or_default();
        format!("{} field{by}{place}{text}", self.name)
    }
}

impl Claim<Transaction> for Header {
    fn words(&self) -> String {
        match self.count {
            None => format!("a {}", self.such()),
            Some(0) => format!("no {}", self.such()),
            Some(count) => format!("{count} times a {}", self.such()),
        }
    }

    /// Every copy in a mailbox, and at a host that the harness plays, must be so.
    fn check(&self, case: &Case<'_>) -> Check {
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
                    Check::unclear(format!("what the {} field of the delivered message is", self.name), why.clone())
                }
            };
        }
        for (message, place) in &copies {
            let survivors = evidence::survivors(message, case.seen.octets());
            let fields = message.fields.iter().enumerate();
            let count = fields.filter(|(at, field)| self.is_as_claimed(field, *at, message, &survivors)).count();
            if self.count.map_or(count > 0, |claimed| claimed == count) {
                continue;
            }
            let what = match (self.count, count) {
                (None, _) => match (&self.contains, self.by, self.place) {
                    (Some(text), None, None) => format!("no {} field of the message {place} has `{text}`", self.name),
                    _ => format!("no field of the message {place} is a {}", self.such()),
                },
                (Some(_), 1) => format!("one {} is in the message {place}, and not {}", self.such(), self.words()),
                (Some(_), many) => {
                    format!("{many} fields of the message {place} are each a {}, and not {}", self.such(), self.words())
                }
            };
            let fields: Vec<String> = message.all(&self.name).map(|value| format!("{}: {value}", self.name)).collect();
            let none = || vec![format!("the message has no {} field", self.name)];
            return Check::Fails(what, if fields.is_empty() { none() } else { fields });
        }
        Check::Holds
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        Some(causes::message_line(case, &self.name, "the message as it was sent"))
    }
}

impl Written<Transaction> for Header {
    const KEY: &'static str = "header";
    const DOC: &'static str = "Header fields of the delivered message, or a list of such claims.";
    type Form = OneOrMany<Spanned<HeaderTable>>;

    fn read(written: Spanned<Self::Form>, flaws: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        let mut one = |Spanned { value: table, span }: Spanned<HeaderTable>| {
            let HeaderTable { name, contains, by, place, count, absent } = table;
            if let (Some(count), Some(absent)) = (&count, &absent) {
                let flaw = Flaw::new("a field that is absent has no number").at(&absent.span, "absent");
                flaws.push(flaw.at(&count.span, "so many").help("take one of them away"));
            }
            if contains.is_none() && by.is_none() && place.is_none() && count.is_none() && absent.is_none() {
                let flaw = Flaw::new("nothing is claimed of this field").at(&span, "a name alone");
                flaws.push(flaw.help("add `contains = \"…\"`, `count = 1` or `absent = true`"));
            }
            let number = count.map(|count| usize::try_from(count.value.0).unwrap_or_default());
            let count = number.or(absent.map(|_| 0));
            Some(Spanned { value: Self { name: name.0?.0, contains, by, place, count }, span })
        };
        written.value.0.into_iter().filter_map(&mut one).collect()
    }
}
