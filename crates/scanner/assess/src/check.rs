//! The checks of an assessment, and what it comes to.

use evidence::Weight;
use serde::Serialize;
use std::fmt;

/// What was found, check by check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Assessment {
    /// What was assessed.
    pub subject: String,
    /// Title of the profile that its TLS was compared with.
    pub profile: String,
    /// When, RFC 3339.
    pub now: String,
    /// The checks, by group in the order of [`Group`].
    pub checks: Vec<Check>,
}

impl Assessment {
    /// How many checks have which grade.
    #[must_use]
    pub fn summary(&self) -> Summary {
        let of = |grade| self.checks.iter().filter(|check| check.grade == grade).count();
        Summary {
            pass: of(Grade::Pass),
            notice: of(Grade::Notice),
            fail: of(Grade::Fail),
            not_tested: of(Grade::NotTested),
        }
    }

    /// Whether a check failed.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        self.checks.iter().any(|check| check.grade == Grade::Fail)
    }

    /// The checks of one group, in their order.
    pub fn of(&self, group: Group) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(move |check| check.group == group)
    }
}

/// How many checks have which grade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// As it should be.
    pub pass: usize,
    /// Worth knowing.
    pub notice: usize,
    /// Not as it should be.
    pub fail: usize,
    /// Not observed.
    pub not_tested: usize,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// Where it belongs.
    pub group: Group,
    /// What it is about: a service, as `smtp`, or a domain.
    pub of: String,
    /// What was checked, as `versions`.
    pub name: String,
    /// What came of it.
    pub grade: Grade,
    /// Why: what was seen, or why nothing was.
    pub reason: String,
    /// The line to change, or several, separated by LF; none, where nothing is to change or it is not clear what.
    pub change: Option<String>,
    /// The section or profile that says so, as `RFC 7672 §3.1.3`.
    pub cites: Option<String>,
}

/// What came of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Grade {
    /// It is as it should be.
    Pass,
    /// It was not observed: nothing is said of it.
    NotTested,
    /// It is worth knowing.
    Notice,
    /// It is not as it should be.
    Fail,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Pass => "pass",
            Self::NotTested => "not tested",
            Self::Notice => "notice",
            Self::Fail => "fail",
        })
    }
}

/// Where a check belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// TLS, and what a service does before it.
    Transport,
    /// Certificates.
    Certificate,
    /// SPF, DKIM and DMARC.
    DnsAuthentication,
    /// TLSA records (RFC 7672).
    Dane,
    /// Policies that demand TLS (RFC 8461).
    MtaSts,
    /// Addresses for reports (RFC 8460, RFC 9990).
    Reports,
    /// Mail that is none of the server's business.
    Relay,
}

impl Group {
    /// All of them, in their order.
    pub const ALL: [Self; 7] = [
        Self::Transport,
        Self::Certificate,
        Self::DnsAuthentication,
        Self::Dane,
        Self::MtaSts,
        Self::Reports,
        Self::Relay,
    ];
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Transport => "Transport",
            Self::Certificate => "Certificate",
            Self::DnsAuthentication => "DNS authentication",
            Self::Dane => "DANE",
            Self::MtaSts => "MTA-STS",
            Self::Reports => "Reports",
            Self::Relay => "Relay",
        })
    }
}

/// What is to be said of a check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) grade: Grade,
    pub(crate) reason: String,
    pub(crate) change: Option<String>,
    pub(crate) cites: Option<String>,
}

impl Answer {
    pub(crate) fn new(grade: Grade, reason: impl Into<String>) -> Self {
        Self { grade, reason: reason.into(), change: None, cites: None }
    }

    pub(crate) fn pass(reason: impl Into<String>) -> Self {
        Self::new(Grade::Pass, reason)
    }

    pub(crate) fn notice(reason: impl Into<String>) -> Self {
        Self::new(Grade::Notice, reason)
    }

    pub(crate) fn fail(reason: impl Into<String>) -> Self {
        Self::new(Grade::Fail, reason)
    }

    pub(crate) fn not_tested(why: impl Into<String>) -> Self {
        Self::new(Grade::NotTested, why)
    }

    /// The line to change; it is dropped where nothing is wrong.
    pub(crate) fn change(mut self, line: impl Into<Option<String>>) -> Self {
        if matches!(self.grade, Grade::Notice | Grade::Fail) {
            self.change = line.into();
        }
        self
    }

    pub(crate) fn cites(mut self, section: &str) -> Self {
        self.cites = Some(section.to_owned());
        self
    }
}

impl From<Weight> for Grade {
    fn from(weight: Weight) -> Self {
        match weight {
            Weight::Notice => Self::Notice,
            Weight::Fault => Self::Fail,
        }
    }
}

/// Checks as they are made.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    made: Vec<Check>,
}

impl Checks {
    pub(crate) fn add(&mut self, group: Group, of: &str, name: &str, answer: Answer) {
        let Answer { grade, reason, change, cites } = answer;
        self.made.push(Check { group, of: of.to_owned(), name: name.to_owned(), grade, reason, change, cites });
    }

    /// By group; within a group as they were made.
    pub(crate) fn in_order(mut self) -> Vec<Check> {
        self.made.sort_by_key(|check| check.group);
        self.made
    }
}
