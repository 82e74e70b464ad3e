//! Text that a person wrote, read by a declaration: a form says what may stand at a place, reads it, and describes itself.
//!
//! Reader, JSON Schema and reference are made from the same declaration, so they cannot differ. Every fault of a file is
//! told at once, each with its place. Scenarios, gateway.toml, profiles and known failures are read by it.

pub mod ciphers;
mod decode;
mod faults;
pub mod octets;
mod placeholder;
pub mod position;
mod reference;
mod rfcs;
mod schema;
pub mod values;
pub mod words;

pub use decode::*;
pub use faults::{Faults, Flaw, did_you_mean, nearest};
pub use placeholder::put;
pub use reference::reference;
pub use schema::schema;

use plan::Source;
use std::{ops::Range, sync::Arc};
use toml::de::{DeTable, DeValue};

/// Reads a file: its form, and from that what `build` makes of it.
///
/// # Errors
/// Every fault of the file at once; a fault of TOML's own syntax hides all others.
///
/// # Panics
/// If `build` makes nothing of a file and complains of nothing, which is a bug of the caller.
pub fn read<T: Decode, U>(
    source: Source,
    code: &'static str,
    build: impl FnOnce(T, &Arc<Source>, &mut Vec<Flaw>) -> Option<U>,
) -> Result<U, Faults> {
    read_with(source, code, &[], build)
}

/// As [`read`], with each first text of `words` replaced by its second one, wherever it stands.
///
/// # Errors
/// As [`read`].
///
/// # Panics
/// As [`read`].
pub fn read_with<T: Decode, U>(
    source: Source,
    code: &'static str,
    words: &[(String, String)],
    build: impl FnOnce(T, &Arc<Source>, &mut Vec<Flaw>) -> Option<U>,
) -> Result<U, Faults> {
    let mut flaws = Vec::new();
    let source = Arc::new(source);
    let built = match DeTable::parse(&source.text) {
        Ok(table) => {
            let value = put(&toml::Spanned::new(0..0, DeValue::Table(table.get_ref().clone())), words, None);
            T::read(Node { name: "file", value: &value }, &mut flaws).and_then(|read| build(read, &source, &mut flaws))
        }
        Err(error) => {
            flaws.push(syntax(&error, &source.text));
            None
        }
    };
    if flaws.is_empty() {
        Ok(built.expect("a file without flaws makes something"))
    } else {
        Err(Faults::new(Arc::unwrap_or_clone(source), code, flaws))
    }
}

fn syntax(error: &toml::de::Error, text: &str) -> Flaw {
    let span: Range<usize> = error.span().unwrap_or(text.len()..text.len());
    Flaw::new(format!("this is no TOML: {}", error.message().trim_end())).at(&span, "here")
}
