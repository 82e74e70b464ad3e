//! How a form is declared: it says what may stand at a place, reads it, and describes itself.
//!
//! Reader, JSON Schema and reference are made from the same declaration, so they cannot differ.

use crate::{Flaw, did_you_mean};
use plan::Spanned;
use std::ops::Range;
use toml::de::{DeTable, DeValue};

/// A value in the file and the key under which it stands.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    /// The key; in a list that of the list.
    pub name: &'a str,
    /// The value.
    pub value: &'a toml::Spanned<DeValue<'a>>,
}

impl Node<'_> {
    /// Where the value stands.
    #[must_use]
    pub fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// Complains that something else must stand here.
    #[must_use]
    pub fn must_be(&self, what: &str) -> Flaw {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "text",
            DeValue::Integer(_) => "an integer",
            DeValue::Float(_) => "a float",
            DeValue::Boolean(_) => "a boolean",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        Flaw::new(format!("`{}` must be {what}, not {found}", self.name)).at(&self.span(), format!("this is {found}"))
    }
}

/// A value that can stand in a file.
pub trait Decode: Sized {
    /// What may stand there.
    fn shape() -> Shape;
    /// The value, or none and at least one flaw.
    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self>;
}

/// A value that is written as text, also as a key.
pub trait Text: Sized {
    /// What the text is.
    fn shape() -> Shape;
    /// Reads it; the flaw has no label yet.
    fn parse(text: &str) -> Result<Self, Flaw>;
}

/// A value of which there are few, each with its word.
pub trait Keyword: Clone + 'static {
    /// What they are, with an article: `an SPF result`.
    const WHAT: &'static str;
    /// Every word, what it stands for, and what that means.
    fn words() -> Vec<(&'static str, Self, &'static str)>;
}

/// What may stand at a place.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Text with a grammar.
    Text {
        /// What it is, with an article.
        what: &'static str,
        /// What every such text matches, as JSON Schema writes it; texts that match may still be wrong.
        pattern: Option<&'static str>,
    },
    /// One of these words, each with what it means.
    Word(Vec<(&'static str, &'static str)>),
    /// An integer between two bounds, both included.
    Whole {
        /// The least.
        min: i64,
        /// The greatest; `i64::MAX`: there is none.
        max: i64,
    },
    /// One of these integers.
    OneOf(&'static [i64]),
    /// `true` or `false`.
    Flag,
    /// A list.
    List {
        /// What each of its values is.
        of: Box<Shape>,
        /// How many it has at least.
        least: usize,
    },
    /// Any of these.
    AnyOf(Vec<Shape>),
    /// A table whose keys the writer chooses.
    Named {
        /// What each key is.
        key: Box<Shape>,
        /// What each value is.
        of: Box<Shape>,
    },
    /// A table with declared keys.
    Table(Table),
    /// The table of this name again, inside itself.
    Around(&'static str),
}

/// The keys that a table may have.
#[derive(Debug, Clone)]
pub struct Table {
    /// What it is called in messages and in the reference.
    pub name: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// How many of its keys must stand.
    pub rule: Rule,
    /// The keys, in the order of the reference.
    pub keys: Vec<Key>,
}

/// How many keys of a table must stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Those that are required.
    Any,
    /// At least one.
    Some,
    /// Exactly one.
    One,
}

/// One key of a table.
#[derive(Debug, Clone)]
pub struct Key {
    /// As it is written in a file.
    pub name: String,
    /// What it is for.
    pub doc: &'static str,
    /// Whether it must stand.
    pub required: bool,
    /// What may stand there.
    pub shape: Shape,
}

/// The value of a key: there, absent, or so wrong that nothing can be made of it.
pub trait Field: Sized {
    /// Whether the key must stand.
    const REQUIRED: bool;
    /// What may stand there.
    fn shape() -> Shape;
    /// What is read.
    type Value: Decode;
    /// The field of a key that stands or not, and its value if it could be read.
    fn of(stands: bool, value: Option<Self::Value>) -> Self;
}

impl<T: Decode> Field for Option<T> {
    const REQUIRED: bool = false;
    type Value = T;
    fn shape() -> Shape {
        T::shape()
    }
    fn of(_: bool, value: Option<T>) -> Self {
        value
    }
}

/// A key that must stand. Without a value its absence has been complained of.
#[derive(Debug, Clone)]
pub struct Required<T>(pub Option<T>);

impl<T: Decode> Field for Required<T> {
    const REQUIRED: bool = true;
    type Value = T;
    fn shape() -> Shape {
        T::shape()
    }
    fn of(_: bool, value: Option<T>) -> Self {
        Self(value)
    }
}

/// A key that may stand, where it matters whether it was left out or is wrong.
#[derive(Debug, Clone)]
pub struct Presence<T> {
    /// Whether the key stands in the file.
    pub stands: bool,
    /// Its value, if it could be read.
    pub value: Option<T>,
}

impl<T: Decode> Field for Presence<T> {
    const REQUIRED: bool = false;
    type Value = T;
    fn shape() -> Shape {
        T::shape()
    }
    fn of(stands: bool, value: Option<T>) -> Self {
        Self { stands, value }
    }
}

/// A table that is being read.
pub struct Open<'a> {
    name: &'static str,
    span: Range<usize>,
    table: &'a DeTable<'a>,
}

impl<'a> Open<'a> {
    /// Opens a table and complains of keys that it does not have; none, if it is no table.
    pub fn new(node: Node<'a>, shape: &Table, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let DeValue::Table(table) = node.value.get_ref() else {
            flaws.push(node.must_be("a table"));
            return None;
        };
        let names: Vec<&str> = shape.keys.iter().map(|key| key.name.as_str()).collect();
        for (key, _) in table.iter() {
            let word: &str = key.get_ref();
            if !names.contains(&word) {
                flaws.push(
                    Flaw::new(format!("unknown key `{word}`"))
                        .at(&key.span(), format!("{} has no such key", article(shape.name)))
                        .help(did_you_mean(word, names.iter().copied(), &format!("It has {}", listed(&names)))),
                );
            }
        }
        let wrong = match shape.rule {
            Rule::One if table.len() > 1 => Some((format!("{} has one key", article(shape.name)), "these are several")),
            Rule::One | Rule::Some => {
                table.is_empty().then(|| (format!("`{}` is empty", node.name), "something must stand here"))
            }
            Rule::Any => None,
        };
        if let Some((message, label)) = wrong {
            flaws.push(Flaw::new(message).at(&node.span(), label).help(format!("write one of {}", listed(&names))));
        }
        Some(Self { name: shape.name, span: node.span(), table })
    }

    /// Reads the value of a key, named as the field of its declaration.
    pub fn take<F: Field>(&self, field: &'static str, flaws: &mut Vec<Flaw>) -> F {
        let key = key_name(field);
        let value = self.table.get(key.as_str()).map(|value| Node { name: &key, value });
        if value.is_none() && F::REQUIRED {
            let flaw = Flaw::new(format!("{} needs `{key}`", article(self.name)));
            flaws.push(
                flaw.at(&self.span, format!("`{key}` is missing"))
                    .help(format!("add `{key} = …`: {}", F::shape().what())),
            );
        }
        F::of(value.is_some(), value.and_then(|node| F::Value::read(node, flaws)))
    }
}

/// How a field of a declaration is spelled in a file.
#[must_use]
pub fn key_name(field: &str) -> String {
    field.trim_start_matches("r#").replace('_', "-")
}

/// Words in a sentence, each in backquotes.
#[must_use]
pub fn listed(words: &[&str]) -> String {
    words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

fn article(name: &str) -> String {
    format!("{} {name}", if name.starts_with(['a', 'e', 'i', 'o']) { "an" } else { "a" })
}

/// Declares tables of a form: a struct each, its keys being the fields (`_` is written `-`).
#[macro_export]
macro_rules! tables {
    ($($(#[doc = $doc:literal])+ $name:ident $label:literal [$rule:ident] {
        $($(#[doc = $key_doc:literal])+ $field:ident: $type:ty,)+
    })+) => {$(
        $(#[doc = $doc])+
        #[derive(Debug, Clone)]
        pub struct $name {
            $($(#[doc = $key_doc])+ pub $field: $type,)+
        }

        impl $name {
            fn table() -> $crate::Table {
                $crate::Table {
                    name: $label,
                    doc: concat!($($doc),+).trim_ascii(),
                    rule: $crate::Rule::$rule,
                    keys: vec![$($crate::Key {
                        name: $crate::key_name(stringify!($field)),
                        doc: concat!($($key_doc),+).trim_ascii(),
                        required: <$type as $crate::Field>::REQUIRED,
                        shape: <$type as $crate::Field>::shape(),
                    }),+],
                }
            }
        }

        impl $crate::Decode for $name {
            fn shape() -> $crate::Shape {
                $crate::Shape::Table(Self::table())
            }

            fn read(node: $crate::Node<'_>, flaws: &mut Vec<$crate::Flaw>) -> Option<Self> {
                let open = $crate::Open::new(node, &Self::table(), flaws)?;
                Some(Self { $($field: open.take(stringify!($field), flaws),)+ })
            }
        }
    )+};
}

/// Declares keywords: each word, what it stands for, and what that means.
#[macro_export]
macro_rules! keywords {
    ($($type:ty: $what:literal { $($word:literal => $value:expr, $doc:literal;)+ })+) => {$(
        impl $crate::Keyword for $type {
            const WHAT: &'static str = $what;

            fn words() -> Vec<(&'static str, Self, &'static str)> {
                vec![$(($word, $value, $doc)),+]
            }
        }
    )+};
}

impl<T: Keyword> Text for T {
    fn shape() -> Shape {
        Shape::Word(T::words().into_iter().map(|(word, _, doc)| (word, doc)).collect())
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        let all = T::words();
        let known: Vec<&str> = all.iter().map(|(word, ..)| *word).collect();
        let help = did_you_mean(text, known.iter().copied(), &format!("It is one of {}", listed(&known)));
        let found = all.into_iter().find(|(word, ..)| *word == text).map(|(_, value, _)| value);
        found.ok_or_else(|| Flaw::new(format!("`{text}` is not {}", T::WHAT)).help(help))
    }
}

impl<T: Text> Decode for T {
    fn shape() -> Shape {
        <T as Text>::shape()
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let DeValue::String(text) = node.value.get_ref() else {
            flaws.push(node.must_be(&<T as Text>::shape().what()));
            return None;
        };
        T::parse(text).map_err(|flaw| flaws.push(flaw.at(&node.span(), "here"))).ok()
    }
}

impl<T: Decode> Decode for Spanned<T> {
    fn shape() -> Shape {
        T::shape()
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        T::read(node, flaws).map(|value| Self { value, span: node.span() })
    }
}
