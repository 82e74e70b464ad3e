//! Mailbox addresses and domains of the envelope (RFC 5321 §4.1.2).

use serde::{Deserialize, Serialize};
use std::{fmt, net::IpAddr, str::FromStr};

/// Why a text is no address or domain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no `@`.
    #[error("an address has the form local-part@domain (RFC 5321 §4.1.2)")]
    NoAt,
    /// The local-part is empty, longer than 64 octets, or holds a character that may not stand there.
    #[error("`{0}` is no local-part (RFC 5321 §4.1.2, 1 to 64 octets)")]
    LocalPart(String),
    /// The domain is empty, longer than 253 octets, or has a bad label.
    #[error("`{0}` is no domain name (RFC 5321 §4.1.2: letters, digits, `-` and `_` in labels of 1 to 63 octets)")]
    Domain(String),
    /// The domain has characters that are not ASCII; its A-labels stand for them (RFC 5890 §2.3.2.1).
    #[error("`{0}` is no domain name of ASCII letters: write `{1}` (RFC 5890 §2.3.2.1)")]
    NotAscii(String, String),
}

/// What IDNA makes of a name with characters that are not ASCII: its A-labels (RFC 5890 §2.3.2.1). `None`: it makes nothing of
/// it, or there are no such characters.
#[must_use]
pub fn a_labels(name: &str) -> Option<String> {
    if name.is_ascii() {
        return None;
    }
    idna::domain_to_ascii(name).ok().filter(|ascii| ascii.is_ascii())
}

/// A domain name, kept in lower case without a final dot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(String);

impl Domain {
    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this name is `parent` or lies below it.
    #[must_use]
    pub fn is_within(&self, parent: &Domain) -> bool {
        self.0.strip_suffix(&parent.0).is_some_and(|head| head.is_empty() || head.ends_with('.'))
    }

    /// The name under which the PTR record of an address stands (RFC 1035 §3.5, RFC 3596 §2.5).
    #[must_use]
    pub fn reverse(address: IpAddr) -> Self {
        Self(match address {
            IpAddr::V4(v4) => {
                let [a, b, c, d] = v4.octets();
                format!("{d}.{c}.{b}.{a}.in-addr.arpa")
            }
            IpAddr::V6(v6) => {
                let nibbles: Vec<String> = format!("{:032x}", v6.to_bits()).chars().rev().map(String::from).collect();
                format!("{}.ip6.arpa", nibbles.join("."))
            }
        })
    }
}

impl FromStr for Domain {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let name = text.strip_suffix('.').unwrap_or(text);
        let label = |l: &str| {
            (1..=63).contains(&l.len())
                && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
                && !l.starts_with('-')
                && !l.ends_with('-')
        };
        if name.len() > 253 || !name.split('.').all(label) {
            let a_labels = a_labels(name).filter(|name| name.parse::<Self>().is_ok());
            return Err(match a_labels {
                Some(a_labels) => AddressError::NotAscii(text.to_owned(), a_labels),
                None => AddressError::Domain(text.to_owned()),
            });
        }
        Ok(Self(name.to_ascii_lowercase()))
    }
}

/// A mailbox address: `local-part@domain` (RFC 5321 §4.1.2). The local-part keeps its case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Address {
    local: String,
    domain: Domain,
}

impl Address {
    /// The address in a text that need not be one by RFC 5321 §4.1.2: what stands behind the last `@` is a domain, and
    /// anything before it is the local-part. `None` without such a domain or a local-part.
    #[must_use]
    pub fn with_any_local_part(text: &str) -> Option<Self> {
        let (local, domain) = text.rsplit_once('@').filter(|(local, _)| !local.is_empty())?;
        Some(Self { local: local.to_owned(), domain: domain.parse().ok()? })
    }

    /// The part before the `@`, as written.
    #[must_use]
    pub fn local_part(&self) -> &str {
        &self.local
    }

    /// The part behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &Domain {
        &self.domain
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NoAt)?;
        if !is_local_part(local) {
            return Err(AddressError::LocalPart(local.to_owned()));
        }
        Ok(Self { local: local.to_owned(), domain: domain.parse()? })
    }
}

/// An address with its local part as it is meant, without quotes and backslashes (RFC 5321 §4.1.2): programs that
/// hand addresses on to each other write them so. Any text is read; one without an `@` is a local part alone.
#[must_use]
pub fn unquoted_address(address: &str) -> String {
    let (local, domain) = address.rfind('@').map_or((address, ""), |at| address.split_at(at));
    let Some(inside) = local.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return address.to_owned();
    };
    let mut meant = String::new();
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        meant.extend(if c == '\\' { rest.next() } else { Some(c) });
    }
    meant + domain
}

/// Whether two texts name one mailbox at a server that does not mind case, as most do: quoting does not tell them
/// apart either.
#[must_use]
pub fn is_same_mailbox(one: &str, other: &str) -> bool {
    as_logged(&unquoted_address(one)) == as_logged(&unquoted_address(other))
}

/// A text as it is compared with what a program logged of it: without case, and with one question mark for all that stands in
/// one place and may not be shown. Programs write one for an octet or for a character, or none.
#[must_use]
pub fn as_logged(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c.to_ascii_lowercase() } else { '?' }) {
        if c != '?' || !shown.ends_with('?') {
            shown.push(c);
        }
    }
    shown
}

/// What stands between the first `<` and the last `>`; the whole text without them.
#[must_use]
pub fn inside_brackets(text: &str) -> &str {
    let from = text.find('<').map_or(0, |at| at + 1);
    let to = text.rfind('>').filter(|to| *to >= from).unwrap_or(text.len());
    text[from..to].trim()
}

fn is_local_part(text: &str) -> bool {
    let quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"');
    let atext = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b) || b >= 0x80;
    (1..=64).contains(&text.len())
        // qtextSMTP and quoted-pairSMTP have no control characters: a line end here would be the end of the command
        && (quoted && !text.contains(char::is_control) || text.split('.').all(|atom| !atom.is_empty() && atom.bytes().all(atext)))
}

/// The reverse-path of MAIL FROM: an address, or `<>` (RFC 5321 §4.5.5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ReversePath {
    /// `<>`, as in notifications.
    Null,
    /// An address to which a bounce goes.
    Address(Address),
    /// Text that was sent in the place of a path and has no address in it.
    Other(String),
}

impl ReversePath {
    /// What stands between the angle brackets of a text, which need not be a path by RFC 5321 §4.1.2.
    #[must_use]
    pub fn of_any(text: &str) -> Self {
        let path = inside_brackets(text);
        match Address::with_any_local_part(path) {
            Some(address) => Self::Address(address),
            None if path.is_empty() => Self::Null,
            None => Self::Other(path.to_owned()),
        }
    }

    /// The address, unless null.
    #[must_use]
    pub fn address(&self) -> Option<&Address> {
        match self {
            Self::Null | Self::Other(_) => None,
            Self::Address(a) => Some(a),
        }
    }
}

impl FromStr for ReversePath {
    type Err = AddressError;

    /// Reads `<>` or the empty text as null, anything else as an address.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        match text {
            "" | "<>" => Ok(Self::Null),
            address => address.parse().map(Self::Address),
        }
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

/// Without angle brackets; the null reverse-path is the empty text.
impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => Ok(()),
            Self::Address(address) => address.fmt(f),
            Self::Other(text) => f.write_str(text),
        }
    }
}

macro_rules! as_text {
    ($($name:ident)+) => {$(
        impl TryFrom<String> for $name {
            type Error = AddressError;
            fn try_from(text: String) -> Result<Self, AddressError> { text.parse() }
        }
        impl From<$name> for String {
            fn from(value: $name) -> String { value.to_string() }
        }
    )+};
}
as_text! { Domain Address ReversePath }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_keeps_the_case_of_its_local_part_only() {
        let a: Address = "Alice.B+tag@Gateway.EXAMPLE".parse().unwrap();
        assert_eq!(a.to_string(), "Alice.B+tag@gateway.example");
    }

    #[test]
    fn what_is_no_address_says_why() {
        for bad in [
            "alice",
            "@x.example",
            "a..b@x.example",
            "a@",
            "a@-x.example",
            "a@x..example",
            "a b@x.example",
            "\"a\r\nb\"@x.example",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_address_has_a_name_in_the_reverse_tree() {
        let name = |ip: &str| Domain::reverse(ip.parse().unwrap()).to_string();
        assert_eq!(name("192.0.2.7"), "7.2.0.192.in-addr.arpa");
        assert_eq!(name("2001:db8::1"), format!("1.{}8.b.d.0.1.0.0.2.ip6.arpa", "0.".repeat(23)));
    }

    #[test]
    fn a_name_that_is_not_ascii_is_told_its_a_labels() {
        for (text, a_labels) in
            [("b\u{430}nk.example", "xn--bnk-6cd.example"), ("B\u{fc}cher.example.", "xn--bcher-kva.example")]
        {
            let error = text.parse::<Domain>().unwrap_err();
            assert!(matches!(&error, AddressError::NotAscii(_, told) if told == a_labels), "{error}");
        }
        assert!("a@b\u{430}nk.example".parse::<Address>().unwrap_err().to_string().contains("xn--bnk-6cd.example"));
        assert!(matches!("b\u{430}nk example".parse::<Domain>(), Err(AddressError::Domain(_))));
    }

    #[test]
    fn quoting_and_case_do_not_make_another_mailbox() {
        assert_eq!(unquoted_address(r#""a\"b c"@x.example"#), "a\"b c@x.example");
        assert_eq!(unquoted_address("alice@x.example"), "alice@x.example");
        assert_eq!(unquoted_address("\"postmaster\""), "postmaster");
        assert!(is_same_mailbox("\"alice\"@x.example", "ALICE@X.example"));
        assert!(!is_same_mailbox("alice+tag@x.example", "alice@x.example"));
        // a character of two octets
        assert!(
            is_same_mailbox("caf\u{e9}@x.example", "caf??@x.example")
                && !is_same_mailbox("caf?@x.example", "caf@x.example")
        );
    }

    #[test]
    fn the_null_reverse_path_has_two_spellings() {
        assert_eq!("<>".parse(), Ok(ReversePath::Null));
        assert_eq!("".parse(), Ok(ReversePath::Null));
    }

    #[test]
    fn a_text_that_is_no_path_is_read_as_far_as_it_goes() {
        let injected = r#"<"x); dkim=pass header.d=bank.example (y"@attacker.example> SIZE=1"#;
        let address = ReversePath::of_any(injected).address().cloned().unwrap();
        assert_eq!(address.domain().as_str(), "attacker.example");
        assert_eq!(ReversePath::of_any("<a@b@c.example>").address().unwrap().local_part(), "a@b");
        assert_eq!(ReversePath::of_any("<>"), ReversePath::Null);
        assert_eq!(ReversePath::of_any("<root>"), ReversePath::Other("root".to_owned()));
    }

    #[test]
    fn within_respects_label_boundaries() {
        let d = |s: &str| s.parse::<Domain>().unwrap();
        assert!(d("a.bank.example").is_within(&d("bank.example")));
        assert!(!d("abank.example").is_within(&d("bank.example")));
    }
}
