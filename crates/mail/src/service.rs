//! The services of a mail server, and where they listen.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// A service that speaks TLS from its first octet, or after a command that asks for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// SMTP between MTAs, port 25, STARTTLS (RFC 3207).
    Smtp,
    /// Submission, port 587, STARTTLS (RFC 6409).
    Submission,
    /// Submission over implicit TLS, port 465 (RFC 8314 §3.3).
    Submissions,
    /// IMAP, port 143, STARTTLS (RFC 9051 §6.2.1).
    Imap,
    /// IMAP over implicit TLS, port 993 (RFC 8314 §3.2).
    Imaps,
    /// POP3, port 110, STLS (RFC 2595 §4).
    Pop3,
    /// POP3 over implicit TLS, port 995 (RFC 8314 §3.1).
    Pop3s,
    /// ManageSieve, port 4190, STARTTLS (RFC 5804 §2.2).
    Sieve,
}

impl Service {
    /// All of them, in the order of this list.
    pub const ALL: [Self; 8] = [
        Self::Smtp,
        Self::Submission,
        Self::Submissions,
        Self::Imap,
        Self::Imaps,
        Self::Pop3,
        Self::Pop3s,
        Self::Sieve,
    ];

    /// The port that is its own.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Smtp => 25,
            Self::Submission => 587,
            Self::Submissions => 465,
            Self::Imap => 143,
            Self::Imaps => 993,
            Self::Pop3 => 110,
            Self::Pop3s => 995,
            Self::Sieve => 4190,
        }
    }

    /// The service whose own port this is.
    #[must_use]
    pub fn at_port(port: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|service| service.port() == port)
    }

    /// Whether TLS begins with the first octet.
    #[must_use]
    pub const fn is_implicit(self) -> bool {
        matches!(self, Self::Submissions | Self::Imaps | Self::Pop3s)
    }

    /// The word, as in `submissions`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Smtp => "smtp",
            Self::Submission => "submission",
            Self::Submissions => "submissions",
            Self::Imap => "imap",
            Self::Imaps => "imaps",
            Self::Pop3 => "pop3",
            Self::Pop3s => "pop3s",
            Self::Sieve => "sieve",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that is no service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no service; expected smtp, submission, submissions, imap, imaps, pop3, pop3s or sieve")]
pub struct UnknownService(String);

impl FromStr for Service {
    type Err = UnknownService;

    fn from_str(text: &str) -> Result<Self, UnknownService> {
        Self::ALL.into_iter().find(|s| s.as_str() == text).ok_or_else(|| UnknownService(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_known_by_its_word_and_by_its_port() {
        for service in Service::ALL {
            assert_eq!(service.to_string().parse(), Ok(service));
            assert_eq!(Service::at_port(service.port()), Some(service));
        }
        assert!("https".parse::<Service>().unwrap_err().to_string().contains("expected smtp"));
    }
}
