//! The mark by which a message is recognised wherever it turns up.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A text that is no nonce.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no nonce; expected `mp` and 16 lower-case hexadecimal digits")]
pub struct NonceError(String);

/// `mp` and 16 lower-case hexadecimal digits, made for one transaction of one run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nonce(String);

impl Nonce {
    /// Length of the text in octets.
    pub const LEN: usize = 18;

    /// The nonce of this number.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(format!("mp{number:016x}"))
    }

    /// As it stands in a message.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first nonce in this text, as in a Message-ID that a log line names.
    #[must_use]
    pub fn find(text: &str) -> Option<Self> {
        text.match_indices("mp").find_map(|(at, _)| text.get(at..at + Self::LEN)?.parse().ok())
    }
}

impl FromStr for Nonce {
    type Err = NonceError;

    fn from_str(text: &str) -> Result<Self, NonceError> {
        let digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        match text.strip_prefix("mp") {
            Some(digits) if text.len() == Self::LEN && digits.bytes().all(digit) => Ok(Self(text.to_owned())),
            _ => Err(NonceError(text.to_owned())),
        }
    }
}

impl fmt::Display for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Nonce {
    type Error = NonceError;
    fn try_from(text: String) -> Result<Self, NonceError> {
        text.parse()
    }
}

impl From<Nonce> for String {
    fn from(nonce: Nonce) -> Self {
        nonce.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_found_in_a_log_line() {
        let nonce = Nonce::from_number(0xfeed);
        let line = format!("4XyZ: message-id=<{nonce}@mailproof.example>, an mp elsewhere");
        assert_eq!(Nonce::find(&line), Some(nonce));
        assert_eq!(Nonce::find("mp mp0123"), None);
    }
}
