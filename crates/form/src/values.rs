//! Values of the language that are no tables: lists, numbers, and texts with a grammar.

mod texts;

pub use texts::*;

use crate::{Decode, Flaw, Node, Shape, Text};
use plan::Spanned;
use toml::de::DeValue;

impl Decode for bool {
    fn shape() -> Shape {
        Shape::Flag
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let value = if let DeValue::Boolean(value) = node.value.get_ref() { Some(*value) } else { None };
        value.or_else(|| {
            flaws.push(node.must_be("`true` or `false`"));
            None
        })
    }
}

/// `true`, since nothing else would mean anything.
#[derive(Debug, Clone, Copy)]
pub struct Yes;

impl Decode for Yes {
    fn shape() -> Shape {
        Shape::Flag
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let is_yes = bool::read(node, flaws)?;
        if !is_yes {
            let flaw = Flaw::new(format!("`{}` can only be `true`", node.name)).at(&node.span(), "means nothing");
            flaws.push(flaw.help(format!("write `{} = true`, or leave it out", node.name)));
        }
        is_yes.then_some(Self)
    }
}

/// An integer between two bounds, both included.
#[derive(Debug, Clone, Copy)]
pub struct Whole<const MIN: i64, const MAX: i64>(pub i64);

impl<const MIN: i64, const MAX: i64> Decode for Whole<MIN, MAX> {
    fn shape() -> Shape {
        Shape::Whole { min: MIN, max: MAX }
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let what = Self::shape().what();
        integer(node, &what, flaws, |value| (MIN..=MAX).contains(&value)).map(Self)
    }
}

/// Size of an RSA key in bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bits(pub i64);

impl Bits {
    const ALL: &'static [i64] = &[1024, 2048, 4096];
}

impl Decode for Bits {
    fn shape() -> Shape {
        Shape::OneOf(Self::ALL)
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        integer(node, &Self::shape().what(), flaws, |value| Self::ALL.contains(&value)).map(Self)
    }
}

fn integer(node: Node<'_>, what: &str, flaws: &mut Vec<Flaw>, allowed: impl Fn(i64) -> bool) -> Option<i64> {
    let DeValue::Integer(written) = node.value.get_ref() else {
        flaws.push(node.must_be(what));
        return None;
    };
    let value = i64::from_str_radix(written.as_str(), written.radix()).ok().filter(|value| allowed(*value));
    if value.is_none() {
        flaws.push(Flaw::new(format!("`{}` must be {what}", node.name)).at(&node.span(), "out of range"));
    }
    value
}

impl<T: Decode> Decode for Vec<T> {
    fn shape() -> Shape {
        Shape::List { of: Box::new(T::shape()), least: 0 }
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let DeValue::Array(list) = node.value.get_ref() else {
            flaws.push(node.must_be(&Self::shape().what()).help("write it in brackets: `[…]`"));
            return None;
        };
        Some(list.iter().filter_map(|value| T::read(Node { name: node.name, value }, flaws)).collect())
    }
}

/// A list that is not empty.
#[derive(Debug, Clone)]
pub struct AtLeastOne<T>(pub Vec<T>);

impl<T: Decode> Decode for AtLeastOne<T> {
    fn shape() -> Shape {
        Shape::List { of: Box::new(T::shape()), least: 1 }
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if matches!(node.value.get_ref(), DeValue::Array(list) if list.is_empty()) {
            let flaw = Flaw::new(format!("`{}` is empty", node.name));
            flaws.push(flaw.at(&node.span(), format!("at least one is needed: {}", T::shape().what())));
            return None;
        }
        Vec::read(node, flaws).map(Self)
    }
}

/// One value, or a list of them.
#[derive(Debug, Clone)]
pub struct OneOrMany<T>(pub Vec<T>);

impl<T: Decode> Decode for OneOrMany<T> {
    fn shape() -> Shape {
        Shape::AnyOf(vec![T::shape(), AtLeastOne::<T>::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        match node.value.get_ref() {
            DeValue::Array(_) => AtLeastOne::read(node, flaws).map(|list| Self(list.0)),
            _ => T::read(node, flaws).map(|value| Self(vec![value])),
        }
    }
}

/// Values under names of the writer's choice, in the order of the file.
#[derive(Debug, Clone)]
pub struct Named<K, T>(pub Vec<(Spanned<K>, T)>);

impl<K: Text, T: Decode> Decode for Named<K, T> {
    fn shape() -> Shape {
        Shape::Named { key: Box::new(<K as Text>::shape()), of: Box::new(T::shape()) }
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let DeValue::Table(table) = node.value.get_ref() else {
            flaws.push(node.must_be("a table"));
            return None;
        };
        let mut found = Vec::new();
        for (name, value) in table.iter() {
            let key = K::parse(name.get_ref()).map_err(|flaw| flaws.push(flaw.at(&name.span(), "here")));
            let value = T::read(Node { name: name.get_ref(), value }, flaws);
            if let (Ok(key), Some(value)) = (key, value) {
                found.push((Spanned { value: key, span: name.span() }, value));
            }
        }
        found.sort_by_key(|(key, _)| key.span.start);
        Some(Self(found))
    }
}

/// A reply code that refuses (RFC 5321 §4.2.1).
#[derive(Debug, Clone, Copy)]
pub struct Code(pub u16);

impl Decode for Code {
    fn shape() -> Shape {
        Shape::Whole { min: 400, max: 599 }
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        Whole::<400, 599>::read(node, flaws).and_then(|code| u16::try_from(code.0).ok()).map(Self)
    }
}
