//! SMTP replies (RFC 5321 §4.2) and enhanced status codes (RFC 3463).

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Why octets are no SMTP reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// A line does not begin with three digits, the first of them 2 to 5, and then a space, `-` or its end.
    #[error("`{0}` is no reply line (RFC 5321 §4.2.1)")]
    Line(String),
    /// Lines of one reply have different codes.
    #[error("a reply that began with {first} goes on with {then} (RFC 5321 §4.2.1)")]
    Codes {
        /// Code of the first line.
        first: u16,
        /// The other code.
        then: u16,
    },
    /// The last line says that more follow, or there is no line.
    #[error("the reply has no last line")]
    Unfinished,
}

/// One reply, of one or more lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Three digits, 200 to 599.
    pub code: u16,
    /// The text of each line, behind code and separator; an enhanced status code is still in it.
    pub lines: Vec<String>,
}

impl Reply {
    /// The enhanced status code that the first line begins with (RFC 2034 §4), if it does.
    #[must_use]
    pub fn enhanced(&self) -> Option<EnhancedStatus> {
        self.lines.first()?.split(' ').next()?.parse().ok()
    }

    /// 2yz or 3yz.
    #[must_use]
    pub const fn is_positive(&self) -> bool {
        self.code < 400
    }

    /// 4yz: try again later (RFC 5321 §4.2.1).
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        self.code >= 400 && self.code < 500
    }

    /// 5yz: do not try again (RFC 5321 §4.2.1).
    #[must_use]
    pub const fn is_permanent(&self) -> bool {
        self.code >= 500
    }

    /// Whether this line, without its CRLF, is the last of its reply. False also for what is no reply line.
    #[must_use]
    pub fn ends_with(line: &str) -> bool {
        split(line).is_ok_and(|(_, more, _)| !more)
    }
}

/// Code, whether more lines follow, text.
fn split(line: &str) -> Result<(u16, bool, &str), ReplyError> {
    let bad = || ReplyError::Line(line.to_owned());
    let code = line.get(..3).filter(|c| c.bytes().all(|b| b.is_ascii_digit())).ok_or_else(bad)?;
    let code: u16 = code.parse().map_err(|_| bad())?;
    let (more, text) = match line.as_bytes().get(3) {
        None => (false, ""),
        Some(b' ') => (false, &line[4..]),
        Some(b'-') => (true, &line[4..]),
        Some(_) => return Err(bad()),
    };
    if (200..600).contains(&code) { Ok((code, more, text)) } else { Err(bad()) }
}

impl FromStr for Reply {
    type Err = ReplyError;

    /// Reads one whole reply, its lines ended by LF or CRLF.
    fn from_str(text: &str) -> Result<Self, ReplyError> {
        let mut reply: Option<Self> = None;
        let mut open = true;
        for line in text.lines() {
            let (code, more, rest) = split(line)?;
            let so_far = reply.get_or_insert_with(|| Self { code, lines: Vec::new() });
            if so_far.code != code {
                return Err(ReplyError::Codes { first: so_far.code, then: code });
            }
            if !open {
                return Err(ReplyError::Line(line.to_owned()));
            }
            so_far.lines.push(rest.to_owned());
            open = more;
        }
        reply.filter(|_| !open).ok_or(ReplyError::Unfinished)
    }
}

/// As on the wire, lines separated by LF.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, line) in self.lines.iter().enumerate() {
            let last = i + 1 == self.lines.len();
            write!(f, "{}{}{line}", self.code, if last { " " } else { "-" })?;
            if !last {
                f.write_str("\n")?;
            }
        }
        Ok(())
    }
}

/// A text that is no enhanced status code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no enhanced status code; expected class.subject.detail, as in 5.7.1 (RFC 3463 §2)")]
pub struct EnhancedStatusError(String);

/// Enhanced status code `class.subject.detail` (RFC 3463 §2); class is 2, 4 or 5, the others 0 to 999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnhancedStatus {
    /// 2 success, 4 persistent transient failure, 5 permanent failure.
    pub class: u8,
    /// What it is about, as 7 for security or policy.
    pub subject: u16,
    /// What precisely.
    pub detail: u16,
}

impl FromStr for EnhancedStatus {
    type Err = EnhancedStatusError;

    fn from_str(text: &str) -> Result<Self, EnhancedStatusError> {
        let bad = || EnhancedStatusError(text.to_owned());
        let number = |part: Option<&str>| {
            part.filter(|p| (1..=3).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|p| p.parse::<u16>().ok())
                .ok_or_else(bad)
        };
        let mut parts = text.split('.');
        let class = number(parts.next())?;
        let (subject, detail) = (number(parts.next())?, number(parts.next())?);
        match (class, parts.next()) {
            (2 | 4 | 5, None) => Ok(Self { class: class as u8, subject, detail }),
            _ => Err(bad()),
        }
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

impl TryFrom<String> for EnhancedStatus {
    type Error = EnhancedStatusError;
    fn try_from(text: String) -> Result<Self, EnhancedStatusError> {
        text.parse()
    }
}

impl From<EnhancedStatus> for String {
    fn from(status: EnhancedStatus) -> Self {
        status.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_of_several_lines_reads_and_writes_back() {
        let text = "250-mx.gateway.example\n250-PIPELINING\n250 SMTPUTF8";
        let reply: Reply = text.parse().unwrap();
        assert_eq!((reply.code, reply.lines.len()), (250, 3));
        assert_eq!(reply.to_string(), text);
    }

    #[test]
    fn the_enhanced_status_stands_before_the_text() {
        let reply: Reply = "550 5.7.1 rejected by DMARC policy".parse().unwrap();
        assert_eq!(reply.enhanced().unwrap().to_string(), "5.7.1");
    }

    #[test]
    fn what_is_no_reply_is_refused() {
        for bad in ["", "25 x", "2500 x", "abc", "250-more follows", "250-a\n251 b", "250 a\n250 b", "999 x", "٢٥٠ x"]
        {
            assert!(bad.parse::<Reply>().is_err(), "{bad:?}");
        }
    }
}
