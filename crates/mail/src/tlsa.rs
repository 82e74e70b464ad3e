//! TLSA records (RFC 6698 §2): the one reader of their data, and why hosts that send mail cannot use one.

use std::{fmt, fmt::Write, str::FromStr};

/// Octets of the digests of matching types 1 and 2 (RFC 6698 §2.1.3).
const DIGESTS: [usize; 2] = [32, 64];

/// The data of a TLSA record.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TlsaRecord {
    /// Certificate usage (RFC 6698 §2.1.1): 2 is an authority of the chain, 3 the server's own certificate.
    pub usage: u8,
    /// Selector (RFC 6698 §2.1.2): 0 is the whole certificate, 1 its public key.
    pub selector: u8,
    /// Matching type (RFC 6698 §2.1.3): 0 is all of it, 1 its SHA-256, 2 its SHA-512 digest.
    pub matching: u8,
    /// The certificate association data.
    pub data: Vec<u8>,
}

/// Why a text is no TLSA record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsaRecordError {
    /// Its first three words are no numbers from 0 to 255.
    #[error("a record does not begin with three numbers")]
    Numbers,
    /// What follows is no hexadecimal text of whole octets.
    #[error("the data of `{0}` is not hexadecimal")]
    Data(String),
}

/// Why a sender cannot use a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TlsaFault {
    /// Usages 0 and 1 are not for SMTP (RFC 7672 §3.1.3).
    NotForSmtp,
    /// Nobody knows this number: `usage`, `selector` or `matching type`, and it.
    Unknown(&'static str, u8),
    /// The data has not the length of its digest, in octets.
    Length(usize),
}

impl TlsaRecord {
    /// What is wrong with it for a host that sends mail; nothing: it can be used (RFC 7672 §3.1).
    #[must_use]
    pub fn faults(&self) -> Vec<TlsaFault> {
        let numbers = [("usage", self.usage, 3), ("selector", self.selector, 1), ("matching type", self.matching, 2)];
        let unknown = numbers.into_iter().filter(|(_, number, most)| number > most);
        let is_pkix = self.usage <= 1;
        let length = match self.matching {
            0 => self.data.is_empty().then_some(1),
            matching => DIGESTS.get(usize::from(matching - 1)).copied().filter(|length| *length != self.data.len()),
        };
        (is_pkix.then_some(TlsaFault::NotForSmtp).into_iter())
            .chain(unknown.map(|(what, number, _)| TlsaFault::Unknown(what, number)))
            .chain(length.map(TlsaFault::Length))
            .collect()
    }

    /// Its three numbers, as `3 1 1`.
    #[must_use]
    pub fn parameters(&self) -> String {
        format!("{} {} {}", self.usage, self.selector, self.matching)
    }
}

impl FromStr for TlsaRecord {
    type Err = TlsaRecordError;

    /// Reads `3 1 1 0123…`; the data may be in groups (RFC 6698 §2.2).
    fn from_str(text: &str) -> Result<Self, TlsaRecordError> {
        let mut words = text.split_ascii_whitespace();
        let mut number = || words.next().and_then(|word| word.parse().ok()).ok_or(TlsaRecordError::Numbers);
        let (usage, selector, matching) = (number()?, number()?, number()?);
        let bad = || TlsaRecordError::Data(format!("{usage} {selector} {matching}"));
        let data = octets(&words.collect::<String>()).ok_or_else(bad)?;
        Ok(Self { usage, selector, matching, data })
    }
}

/// Octets of hexadecimal digits in either case.
fn octets(text: &str) -> Option<Vec<u8>> {
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = text.as_bytes().chunks(2);
    pairs.map(|pair| if let [high, low] = pair { Some(digit(*high)? << 4 | digit(*low)?) } else { None }).collect()
}

/// As it stands in a zone file, the data in lower case.
impl fmt::Display for TlsaRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.parameters();
        text.push(' ');
        for octet in &self.data {
            write!(text, "{octet:02x}")?;
        }
        f.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_in_any_grouping_and_case() {
        let record: TlsaRecord = " 3 1 1  00AB cdEF".parse().unwrap();
        assert_eq!((record.parameters(), record.to_string()), ("3 1 1".to_owned(), "3 1 1 00abcdef".to_owned()));
        for bad in ["", "3 1", "3 1 x 00", "256 1 1 00", "mx.bank.example."] {
            assert_eq!(bad.parse::<TlsaRecord>(), Err(TlsaRecordError::Numbers), "{bad}");
        }
        for bad in ["3 1 1 0", "3 1 1 zz", "3 1 1 é"] {
            assert_eq!(bad.parse::<TlsaRecord>(), Err(TlsaRecordError::Data("3 1 1".to_owned())), "{bad}");
        }
    }

    #[test]
    fn what_senders_cannot_use_says_why() {
        let faults = |numbers: &str, length: usize| {
            let record: TlsaRecord = format!("{numbers} {}", "ab".repeat(length)).parse().unwrap();
            record.faults()
        };
        for (numbers, length) in [("3 1 1", 32), ("2 0 2", 64), ("3 1 0", 91)] {
            assert_eq!(faults(numbers, length), [], "{numbers}");
        }
        for (numbers, length, fault) in [
            ("1 1 1", 32, TlsaFault::NotForSmtp),
            ("4 1 1", 32, TlsaFault::Unknown("usage", 4)),
            ("3 2 1", 32, TlsaFault::Unknown("selector", 2)),
            ("3 1 3", 32, TlsaFault::Unknown("matching type", 3)),
            ("3 1 1", 20, TlsaFault::Length(32)),
            ("3 1 2", 32, TlsaFault::Length(64)),
            ("3 1 0", 0, TlsaFault::Length(1)),
        ] {
            assert_eq!(faults(numbers, length), [fault], "{numbers}");
        }
    }
}
