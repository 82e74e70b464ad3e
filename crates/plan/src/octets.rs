//! Octets that are text as a rule, and need not be.

use serde::{Serialize, Serializer};
use std::{borrow::Cow, fmt, str::Utf8Chunk};

/// Any octets, as a scenario writes them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Octets(pub Vec<u8>);

impl Octets {
    /// As text, with U+FFFD for what is no UTF-8.
    #[must_use]
    pub fn text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(&self.0)
    }

    /// The octets with others in the place of a text, wherever it stands.
    #[must_use]
    pub fn replace(&self, text: &str, with: &str) -> Vec<u8> {
        let (mut out, mut rest) = (Vec::with_capacity(self.0.len()), self.0.as_slice());
        while let Some((&octet, behind)) = rest.split_first() {
            match rest.strip_prefix(text.as_bytes()).filter(|_| !text.is_empty()) {
                Some(behind) => {
                    out.extend_from_slice(with.as_bytes());
                    rest = behind;
                }
                None => {
                    out.push(octet);
                    rest = behind;
                }
            }
        }
        out
    }
}

impl<T: Into<String>> From<T> for Octets {
    fn from(text: T) -> Self {
        Self(text.into().into_bytes())
    }
}

/// UTF-8 as it is, every other octet as `\xHH`.
impl fmt::Display for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            invalid(&chunk).try_for_each(|octet| f.write_str(&octet))?;
        }
        Ok(())
    }
}

fn invalid<'a>(chunk: &Utf8Chunk<'a>) -> impl Iterator<Item = String> + use<'a> {
    chunk.invalid().iter().map(|octet| format!("\\x{octet:02x}"))
}

/// Text where it is UTF-8; else a table with the escapes that a scenario has.
impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(&self.0) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => {
                let escaped = self.0.utf8_chunks().fold(String::new(), |text, chunk| {
                    let octets: String = invalid(&chunk).collect();
                    text + &chunk.valid().replace('\\', "\\\\") + &octets
                });
                serializer.collect_map([("raw", escaped)])
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_replaced_wherever_it_stands() {
        let octets = Octets(b"\xffab\xfeaabab".to_vec());
        assert_eq!(octets.replace("ab", "ab-"), b"\xffab-\xfeaab-ab-");
        assert_eq!(octets.replace("", "x"), octets.0);
    }

    #[test]
    fn what_is_no_text_is_shown_by_number() {
        assert_eq!(Octets(b"\xc3\xa9 \xff\0".to_vec()).to_string(), "\u{e9} \\xff\0");
    }
}
