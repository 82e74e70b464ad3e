//! Names of the DNS: labels of any octets (RFC 2181 §11), where a [`Domain`] is the name of a host or a mail domain.

use crate::{
    Domain,
    character_string::{escaped, push_number},
};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Octets that a name may have, those of its label lengths and the root included (RFC 1035 §3.1).
const LONGEST: usize = 255;
/// Octets that a label may have (RFC 1035 §3.1).
const LONGEST_LABEL: usize = 63;

/// Why a text is no name of the DNS.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DnsNameError {
    /// Two dots side by side, or nothing at all.
    #[error("`{0}` has an empty label (RFC 1035 §3.1)")]
    EmptyLabel(String),
    /// A label or the name is too long.
    #[error("`{0}` is too long: a label has at most 63 octets, a name 255 (RFC 1035 §3.1)")]
    Long(String),
    /// A backslash that means nothing.
    #[error("`{0}` has a bad escape: write `\\.` for a dot in a label, `\\047` for an octet (RFC 1035 §5.1)")]
    Escape(String),
    /// A character that is not ASCII: in the DNS its A-label stands, or octets.
    #[error("`{name}` is not ASCII: {}", instead(.a_label.as_deref()))]
    NotAscii {
        /// The name as written.
        name: String,
        /// What IDNA makes of it (RFC 5890 §2.3.2.1).
        a_label: Option<String>,
    },
}

fn instead(a_label: Option<&str>) -> String {
    match a_label {
        Some(a_label) => format!("write `{a_label}` (RFC 5890 §2.3.2.1), or octets such as `\\195\\169`"),
        None => "write octets such as `\\195\\169`".to_owned(),
    }
}

/// A whole name: its labels, in lower case. The root has none.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DnsName(Vec<Vec<u8>>);

impl DnsName {
    /// Its labels, the deepest first, in lower case.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }

    /// A name of labels; case is not kept.
    ///
    /// # Errors
    /// A label is empty, or something is too long.
    pub fn from_labels<'a>(labels: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, DnsNameError> {
        let name = Self(labels.into_iter().map(<[u8]>::to_ascii_lowercase).collect());
        if name.0.iter().any(Vec::is_empty) {
            return Err(DnsNameError::EmptyLabel(name.to_string()));
        }
        let is_long = name.0.iter().any(|label| label.len() > LONGEST_LABEL);
        if is_long || name.0.iter().map(|label| label.len() + 1).sum::<usize>() >= LONGEST {
            return Err(DnsNameError::Long(name.to_string()));
        }
        Ok(name)
    }

    /// Reads a name as zone files have it: without a final dot it is relative to `origin`, and `@` is `origin` itself
    /// (RFC 1035 §5.1).
    ///
    /// # Errors
    /// See [`DnsNameError`].
    pub fn relative(text: &str, origin: &Self) -> Result<Self, DnsNameError> {
        if text == "@" {
            return Ok(origin.clone());
        }
        let (labels, is_whole) = labels(text)?;
        let above = origin.labels().filter(|_| !is_whole);
        Self::from_labels(labels.iter().map(Vec::as_slice).chain(above))
    }

    /// The name above a wildcard (RFC 4592 §2.1.1): `bank.example` of `*.bank.example`; `None` of any other name.
    #[must_use]
    pub fn wildcard_of(&self) -> Option<Self> {
        let (first, above) = self.0.split_first()?;
        (first == b"*").then(|| Self(above.to_vec()))
    }

    /// Whether this name is `parent` or lies below it.
    #[must_use]
    pub fn is_within(&self, parent: &Self) -> bool {
        self.0.ends_with(&parent.0)
    }
}

/// The labels of a text, and whether it ends with a dot.
fn labels(text: &str) -> Result<(Vec<Vec<u8>>, bool), DnsNameError> {
    if text == "." {
        return Ok((Vec::new(), true));
    }
    if !text.is_ascii() {
        return Err(DnsNameError::NotAscii { name: text.to_owned(), a_label: crate::a_labels(text) });
    }
    let mut labels = vec![Vec::new()];
    let mut rest = text.as_bytes();
    while let Some((&octet, behind)) = rest.split_first() {
        rest = behind;
        if octet == b'.' {
            labels.push(Vec::new());
            continue;
        }
        let mut octet = octet;
        if octet == b'\\' {
            (octet, rest) = escaped(behind).map_err(|_| DnsNameError::Escape(text.to_owned()))?;
        }
        labels.last_mut().expect("there is one").push(octet);
    }
    let is_whole = labels.len() > 1 && labels.last().is_some_and(Vec::is_empty);
    if is_whole {
        labels.pop();
    }
    match labels.iter().any(Vec::is_empty) {
        true => Err(DnsNameError::EmptyLabel(text.to_owned())),
        false => Ok((labels, is_whole)),
    }
}

impl FromStr for DnsName {
    type Err = DnsNameError;

    /// Reads a whole name; its final dot may be left out.
    fn from_str(text: &str) -> Result<Self, DnsNameError> {
        Self::from_labels(labels(text)?.0.iter().map(Vec::as_slice))
    }
}

/// Without a final dot, but for the root. Octets that are not printable are `\DDD`; `.`, `\` and what means something in a
/// zone file stand behind a `\`.
impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.pad(".");
        }
        let mut text = String::new();
        for (i, label) in self.labels().enumerate() {
            if i > 0 {
                text.push('.');
            }
            for &octet in label {
                match octet {
                    b'.' | b'\\' | b'"' | b';' | b'(' | b')' | b'@' | b'$' => text.extend(['\\', octet.into()]),
                    b'!'..=b'~' => text.push(octet.into()),
                    _ => push_number(&mut text, octet),
                }
            }
        }
        f.pad(&text)
    }
}

impl From<&Domain> for DnsName {
    fn from(domain: &Domain) -> Self {
        Self(domain.as_str().split('.').map(|label| label.as_bytes().to_vec()).collect())
    }
}

impl From<Domain> for DnsName {
    fn from(domain: Domain) -> Self {
        Self::from(&domain)
    }
}

impl TryFrom<String> for DnsName {
    type Error = DnsNameError;

    fn try_from(text: String) -> Result<Self, DnsNameError> {
        text.parse()
    }
}

impl From<DnsName> for String {
    fn from(name: DnsName) -> Self {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> DnsName {
        text.parse().unwrap()
    }

    #[test]
    fn any_octet_may_stand_in_a_label() {
        for (text, shown) in [
            ("Foo:Bar/baz.Bank.example.", "foo:bar/baz.bank.example"),
            (r"a\.b.example", r"a\.b.example"),
            (r"\065\000.example", r"a\000.example"),
            (r"a\ b.example", r"a\032b.example"),
            (r"\195\169.example", r"\195\169.example"),
            ("*.example", "*.example"),
            ("-a_.example", "-a_.example"),
            (".", "."),
        ] {
            assert_eq!(name(text).to_string(), shown);
        }
        assert_eq!(name(r"a\.b.example").labels().count(), 2);
    }

    #[test]
    fn what_is_no_name_says_why() {
        for bad in ["", "a..b", ".a", r"a\", r"\256.example", r"\12.example", &"a".repeat(64), &"a.".repeat(128)] {
            assert!(bad.parse::<DnsName>().is_err(), "{bad}");
        }
        let error = "b\u{430}nk.example".parse::<DnsName>().unwrap_err().to_string();
        assert!(error.contains("write `xn--bnk-6cd.example`"), "{error}");
    }

    #[test]
    fn a_name_is_relative_unless_it_ends_with_a_dot() {
        let origin = name("bank.example");
        for (text, whole) in
            [("@", "bank.example"), ("mx", "mx.bank.example"), ("mx.", "mx"), (r"a\.", r"a\..bank.example")]
        {
            assert_eq!(DnsName::relative(text, &origin).unwrap().to_string(), whole);
        }
    }

    #[test]
    fn within_respects_labels() {
        assert!(name("a.bank.example").is_within(&name("bank.example")));
        assert!(!name("abank.example").is_within(&name("bank.example")));
        assert!(!name(r"a\.bank.example").is_within(&name("bank.example")));
        assert!(name("example").is_within(&name(".")));
    }

    #[test]
    fn what_is_shown_reads_back() {
        let label = proptest::collection::vec(proptest::num::u8::ANY, 1..20);
        proptest::proptest!(|(labels in proptest::collection::vec(label, 0..6))| {
            let name = DnsName::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
            assert_eq!(name.to_string().parse(), Ok(name));
        });
    }
}
