//! What a scenario presupposes of the gateway under test: where the gateway lacks it, the scenario is not applicable.

use crate::Daemon;
use mail::Service;
use serde::Serialize;
use std::{cmp::Ordering, fmt, str::FromStr};

/// Something that a gateway has or has not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// Somebody listens on the port of this service.
    Service(Service),
    /// This daemon runs, in a version that fits if one is given.
    Daemon(Daemon, Option<(Relation, Version)>),
    /// Some program evaluates this method of incoming mail (RFC 8601 §2.7).
    Method(Method),
    /// A user of it whose password is known.
    Login,
    /// It looks at TLSA records before it sends (RFC 7672).
    Dane,
    /// It fetches the policies of domains before it sends (RFC 8461).
    MtaSts,
    /// It reports how TLS went (RFC 8460).
    TlsReports,
}

/// A method by which incoming mail is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// RFC 7208.
    Spf,
    /// RFC 6376.
    Dkim,
    /// RFC 9989.
    Dmarc,
    /// RFC 8617.
    Arc,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Spf, Self::Dkim, Self::Dmarc, Self::Arc];

    /// The word for it in Authentication-Results.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Spf => "spf",
            Self::Dkim => "dkim",
            Self::Dmarc => "dmarc",
            Self::Arc => "arc",
        }
    }
}

/// How a version relates to the one that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Relation {
    /// It is the same or later.
    AtLeast,
    /// It is earlier.
    Before,
}

/// A version, as far as its numbers go: `2.4.1` of `2.4.1-4 (7d8c0e5759)`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(Vec<u32>);

impl Version {
    /// The version at the beginning of a text; none, if no number is there.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        let numbers = text.trim().split(|c: char| !(c.is_ascii_digit() || c == '.')).next()?;
        let numbers: Vec<u32> = numbers.trim_end_matches('.').split('.').map_while(|part| part.parse().ok()).collect();
        (!numbers.is_empty()).then_some(Self(numbers))
    }

    /// Whether it stands in this relation to another one; what the other one does not name does not count.
    #[must_use]
    pub fn is(&self, relation: Relation, other: &Self) -> bool {
        let own = self.0.iter().chain(std::iter::repeat(&0)).take(other.0.len());
        match relation {
            Relation::AtLeast => own.cmp(&other.0) != Ordering::Less,
            Relation::Before => own.cmp(&other.0) == Ordering::Less,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.pad(&numbers.join("."))
    }
}

/// As it is written in a scenario: `dovecot >= 2.4`.
impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service) => write!(f, "{service}"),
            Self::Daemon(daemon, None) => write!(f, "{}", daemon.as_str()),
            Self::Daemon(daemon, Some((relation, version))) => {
                let sign = if *relation == Relation::AtLeast { ">=" } else { "<" };
                write!(f, "{} {sign} {version}", daemon.as_str())
            }
            Self::Method(method) => write!(f, "{}", method.as_str()),
            Self::Login => write!(f, "login"),
            Self::Dane => write!(f, "dane"),
            Self::MtaSts => write!(f, "mta-sts"),
            Self::TlsReports => write!(f, "tls-reports"),
        }
    }
}

impl Serialize for Need {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A text that says nothing a gateway could have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownNeed;

impl FromStr for Need {
    type Err = UnknownNeed;

    fn from_str(text: &str) -> Result<Self, UnknownNeed> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let daemon = |word: &str| Daemon::ALL.into_iter().find(|daemon| daemon.as_str() == word).ok_or(UnknownNeed);
        match words.as_slice() {
            [word, sign, version] => {
                let relation = match *sign {
                    ">=" => Relation::AtLeast,
                    "<" => Relation::Before,
                    _ => return Err(UnknownNeed),
                };
                let is_whole = version.bytes().all(|b| b.is_ascii_digit() || b == b'.');
                let version = Version::of(version).filter(|_| is_whole).ok_or(UnknownNeed)?;
                Ok(Self::Daemon(daemon(word)?, Some((relation, version))))
            }
            [word] => {
                let plain = [Self::Login, Self::Dane, Self::MtaSts, Self::TlsReports].into_iter();
                let methods = Method::ALL.into_iter().map(Self::Method);
                let services = Service::ALL.into_iter().map(Self::Service);
                let known = plain.chain(methods).chain(services).find(|need| need.to_string() == *word);
                known.map_or_else(|| Ok(Self::Daemon(daemon(word)?, None)), Ok)
            }
            _ => Err(UnknownNeed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_need_reads_as_it_is_written() {
        for text in
            ["submission", "postfix", "dovecot >= 2.4", "dovecot < 2.4", "dmarc", "dane", "mta-sts", "tls-reports"]
        {
            assert_eq!(text.parse::<Need>().unwrap().to_string(), text);
        }
        for text in ["", "exchange", "dovecot 2.4", "dovecot >= two", "dovecot >= 2.4x", "dmarc >= 1", "dovecot > 2"] {
            assert_eq!(text.parse::<Need>(), Err(UnknownNeed), "{text}");
        }
    }

    #[test]
    fn versions_compare_as_far_as_they_are_named() {
        let version = |text: &str| Version::of(text).unwrap();
        let (dovecot, wanted) = (version("2.4.1-4 (7d8c0e5759)"), version("2.4"));
        assert!(dovecot.is(Relation::AtLeast, &wanted) && !dovecot.is(Relation::Before, &wanted));
        assert!(version("2.3.19.1").is(Relation::Before, &wanted));
        assert!(version("3.10.13").is(Relation::AtLeast, &version("3.9")), "numbers, not letters");
        assert!(version("3").is(Relation::Before, &version("3.1")));
        assert_eq!(Version::of("unknown"), None);
    }
}
