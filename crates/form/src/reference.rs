//! A form as a page to read, and the words for shapes that messages use too.

use crate::{Rule, Shape, Table, listed};
use std::fmt::Write as _;

/// The reference of files that have the shape of this table, in Markdown, behind what is said at its head.
#[must_use]
pub fn reference(head: &str, of: Shape) -> String {
    let mut text = head.to_owned();
    let mut open = vec![of];
    let mut done = Vec::new();
    while !open.is_empty() {
        let Shape::Table(table) = open.remove(0) else { continue };
        if !done.contains(&table.name) {
            section(&table, &mut text);
            done.push(table.name);
            let inner: Vec<Shape> = table.keys.iter().flat_map(|key| tables_in(&key.shape)).collect();
            open.splice(0..0, inner);
        }
    }
    text
}

fn tables_in(shape: &Shape) -> Vec<Shape> {
    match shape {
        Shape::Table(_) => vec![shape.clone()],
        Shape::List { of, .. } | Shape::Named { of, .. } => tables_in(of),
        Shape::AnyOf(shapes) => shapes.iter().flat_map(tables_in).collect(),
        _ => Vec::new(),
    }
}

fn section(table: &Table, text: &mut String) {
    let mut title = table.name.to_owned();
    title[..1].make_ascii_uppercase();
    let rule = match table.rule {
        Rule::One => " Exactly one key stands.",
        Rule::Some => " At least one key stands.",
        Rule::Any => "",
    };
    let _ = write!(text, "\n## {title}\n\n{}{rule}\n\n| key | value | meaning |\n|---|---|---|\n", table.doc);
    for key in &table.keys {
        let needed = if key.required { " (needed)" } else { "" };
        let _ = writeln!(
            text,
            "| `{}`{needed} | {} | {} |",
            key.name,
            key.shape.render(&link).replace('|', "\\|"),
            key.doc.replace('|', "\\|")
        );
    }
    for key in &table.keys {
        let explained: Vec<_> = words_in(&key.shape).into_iter().filter(|(_, doc)| !doc.is_empty()).collect();
        if !explained.is_empty() {
            let _ = write!(text, "\n`{}`:\n\n", key.name);
        }
        for (word, doc) in explained {
            let _ = writeln!(text, "- `{word}`: {doc}");
        }
    }
}

fn link(table: &Table) -> String {
    format!("a table: [{}](#{})", table.name, table.name.to_lowercase().replace(' ', "-"))
}

fn words_in(shape: &Shape) -> Vec<(&'static str, &'static str)> {
    match shape {
        Shape::Word(words) => words.clone(),
        Shape::AnyOf(shapes) => shapes.iter().flat_map(words_in).collect(),
        _ => Vec::new(),
    }
}

impl Shape {
    /// What it is, in words.
    pub fn what(&self) -> String {
        self.render(&|table| {
            format!("a table of {}", listed(&table.keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>()))
        })
    }

    fn render(&self, table: &dyn Fn(&Table) -> String) -> String {
        match self {
            Self::Text { what, .. } => (*what).to_owned(),
            Self::Word(words) => listed(&words.iter().map(|(word, _)| *word).collect::<Vec<_>>()).replace(", ", " or "),
            Self::Whole { min, max: i64::MAX } => format!("an integer from {min}"),
            Self::Whole { min, max } => format!("an integer from {min} to {max}"),
            Self::OneOf(numbers) => numbers.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "),
            Self::Flag => "`true` or `false`".to_owned(),
            Self::List { of, .. } => format!("a list: each {}", of.render(table)),
            Self::AnyOf(shapes) => shapes.iter().map(|shape| shape.render(table)).collect::<Vec<_>>().join("; or "),
            Self::Named { key, of } => format!("a table: {} = {}", key.render(table), of.render(table)),
            Self::Around(name) => format!("a table: again [{name}](#{})", name.to_lowercase().replace(' ', "-")),
            Self::Table(inner) => table(inner),
        }
    }
}
