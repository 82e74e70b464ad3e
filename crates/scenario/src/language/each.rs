//! Transactions that differ in a few words: `each` makes one for each of its values, before the table is read.

use super::TransactionTable;
use form::{
    Decode, Flaw, Node, Shape, Text, put,
    values::{AtLeastOne, Named},
};
use plan::Spanned;
use std::ops::Range;
use toml::de::DeValue;

/// A word that stands for another in a transaction.
#[derive(Debug, Clone)]
pub(crate) struct Parameter;

impl Text for Parameter {
    fn shape() -> Shape {
        Shape::Text { what: "a word of letters, digits and `-`", pattern: Some("^[a-z][a-z0-9-]*$") }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        let fits = text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let is_role = plan::ROLES.iter().any(|(written, _)| written.trim_matches(['{', '}']) == text);
        let is_taken = is_role || matches!(text, "nonce" | "size" | "message" | "n");
        let flaw = || Flaw::new(format!("`{text}` cannot stand for something"));
        let help = if is_taken {
            "the language uses it already"
        } else {
            "write a word of lower-case letters, digits and `-`"
        };
        (fits && !is_taken).then_some(Self).ok_or_else(|| flaw().help(help))
    }
}

pub(crate) type Each = Named<Parameter, AtLeastOne<Spanned<String>>>;

/// The transactions of a file, those with `each` as often as they have values.
#[derive(Debug, Clone)]
pub(crate) struct Transactions(pub(crate) Vec<Spanned<TransactionTable>>);

impl Decode for Transactions {
    fn shape() -> Shape {
        AtLeastOne::<Spanned<TransactionTable>>::shape()
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let DeValue::Array(list) = node.value.get_ref() else {
            return AtLeastOne::read(node, flaws).map(|list| Self(list.0));
        };
        if list.is_empty() {
            return AtLeastOne::read(node, flaws).map(|list| Self(list.0));
        }
        let mut tables = Vec::new();
        for value in list.iter() {
            for set in sets(value, flaws) {
                let value = put(value, &set, Some("each"));
                let mut own = Vec::new();
                tables.extend(Spanned::read(Node { name: node.name, value: &value }, &mut own));
                // what is wrong in one is wrong in all of them
                for flaw in own {
                    if !flaws.iter().any(|known| known.labels == flaw.labels) {
                        flaws.push(flaw);
                    }
                }
            }
        }
        Some(Self(tables))
    }
}

type Set = Vec<(String, String)>;

/// The words of each transaction that this table makes; one without any, if there is nothing to put in.
fn sets(value: &toml::Spanned<DeValue<'_>>, flaws: &mut Vec<Flaw>) -> Vec<Set> {
    let each = value.get_ref().as_table().and_then(|table| table.get("each"));
    let lists = each.and_then(|each| each.get_ref().as_table()).filter(|lists| !lists.is_empty());
    let Some(lists) = lists else { return vec![Set::new()] };
    let words = |value: &toml::Spanned<DeValue<'_>>| -> Vec<String> {
        let list = value.get_ref().as_array();
        list.into_iter().flatten().filter_map(|word| word.get_ref().as_str()).map(str::to_owned).collect()
    };
    let read: Vec<(String, Range<usize>, Vec<String>)> =
        lists.iter().map(|(name, list)| (name.get_ref().to_string(), list.span(), words(list))).collect();
    let count = read[0].2.len();
    if let Some(other) = read.iter().find(|(_, _, words)| words.len() != count) {
        let flaw = Flaw::new(format!("`{}` has {} values, `{}` has {count}", other.0, other.2.len(), read[0].0));
        let flaw = flaw.at(&other.1, "these").at(&read[0].1, "the first ones");
        flaws.push(flaw.help("the first values make the first transaction, and so on: as many of each"));
        return vec![Set::new()];
    }
    let set = |at: usize| read.iter().map(|(name, _, words)| (format!("{{{name}}}"), words[at].clone())).collect();
    if count == 0 { vec![Set::new()] } else { (0..count).map(set).collect() }
}
