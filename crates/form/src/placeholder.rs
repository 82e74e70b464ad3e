//! Words in braces that stand for text: put in before a file is read, everything where it stands.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// The value with each first text of `words` replaced by its second one, in texts and in keys; what stands under the key
/// `but` stays.
#[must_use]
pub fn put<'a>(value: &Spanned<DeValue<'a>>, words: &[(String, String)], but: Option<&str>) -> Spanned<DeValue<'a>> {
    let written = |text: &str| words.iter().fold(text.to_owned(), |text, (word, with)| text.replace(word, with));
    let made = match value.get_ref() {
        _ if words.is_empty() => value.get_ref().clone(),
        DeValue::String(text) => DeValue::String(written(text).into()),
        DeValue::Array(list) => DeValue::Array(list.iter().map(|value| put(value, words, but)).collect()),
        DeValue::Table(table) => {
            let mut made = DeTable::new();
            for (key, value) in table.iter() {
                let value = if but == Some(key.get_ref()) { value.clone() } else { put(value, words, but) };
                made.insert(Spanned::new(key.span(), written(key.get_ref()).into()), value);
            }
            DeValue::Table(made)
        }
        other => other.clone(),
    };
    Spanned::new(value.span(), made)
}
