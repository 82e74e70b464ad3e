//! `result`: a result of any method, with its properties (RFC 8601 §2.2).

use super::{Case, Transaction};
use crate::{Check, Claim, Written, results};
use evidence::AuthResult;
use form::{
    Flaw, Required, Shape, Text, tables,
    values::{Line, Named, OneOrMany},
};
use plan::Spanned;

/// A method has a result with these properties, from the source that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MethodResult {
    /// Such as `dmarc`, in lower case.
    pub method: String,
    /// Its result; any, if none is named.
    pub result: Option<String>,
    /// `ptype.property` in lower case, and its value.
    pub properties: Vec<(String, String)>,
}

/// `ptype.property`, such as `header.from`, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PropertyName(String);

impl Text for PropertyName {
    fn shape() -> Shape {
        Shape::Text { what: "a property, such as `header.from`", pattern: Some(r"^[A-Za-z0-9-]+\.[A-Za-z0-9_-]+$") }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        let is_word =
            |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let fits = text.split_once('.').is_some_and(|(ptype, property)| is_word(ptype) && is_word(property));
        let flaw = || Flaw::new(format!("`{text}` is not a property of a result (RFC 8601 §2.2)"));
        fits.then(|| Self(text.to_ascii_lowercase()))
            .ok_or_else(|| flaw().help("write `header.from` or `smtp.mailfrom`"))
    }
}

tables! {
    /// A result of a method, from the source that counts for it.
    ResultTable "result" [Any] {
        /// The method, such as `dmarc` (RFC 8601 §2.7).
        method: Required<Line>,
        /// Its result; any if not said.
        result: Option<Line>,
        /// Properties that it has, such as `{ "header.from" = "bank.example" }`. Values compare without case.
        properties: Option<Named<PropertyName, Line>>,
    }
}

impl MethodResult {
    fn is(&self, found: &AuthResult) -> bool {
        let has = |(name, value): &(String, String)| {
            found.properties.iter().any(|(n, v)| n.eq_ignore_ascii_case(name) && v.eq_ignore_ascii_case(value))
        };
        self.result.as_ref().is_none_or(|word| found.result.eq_ignore_ascii_case(word))
            && self.properties.iter().all(has)
    }
}

impl Claim<Transaction> for MethodResult {
    fn words(&self) -> String {
        let mut words = format!("{}={}", self.method, self.result.as_deref().unwrap_or("…"));
        for (name, value) in &self.properties {
            words.push_str(&format!(" {name}={value}"));
        }
        words
    }

    fn check(&self, case: &Case<'_>) -> Check {
        match results::of(&self.method, case.seen) {
            Ok(found) if found.iter().any(|result| self.is(result)) => Check::Holds,
            Ok(_) => match results::may_be_more(&self.method, case.seen) {
                Some(why) => Check::unclear(format!("whether there is a result {}", self.words()), why),
                None => Check::Fails(format!("no result is {}", self.words()), case.said_of(&self.method)),
            },
            Err(why) => case.untold(&self.method, format!("whether there is a result {}", self.words()), why),
        }
    }
}

impl Written<Transaction> for MethodResult {
    const KEY: &'static str = "result";
    const DOC: &'static str = "A result of any method with its properties, or a list of them.";
    type Form = OneOrMany<Spanned<ResultTable>>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        let one = |Spanned { value, span }: Spanned<ResultTable>| {
            let properties = value.properties.map(|named| named.0).unwrap_or_default();
            let properties = properties.into_iter().map(|(name, value)| (name.value.0, value.0)).collect();
            let method = value.method.0?.0.to_ascii_lowercase();
            Some(Spanned { value: Self { method, result: value.result.map(|line| line.0), properties }, span })
        };
        written.value.0.into_iter().filter_map(one).collect()
    }
}
