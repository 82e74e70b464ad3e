//! What a profile asks for, as values.

use crate::{Aspect, Feature, known};
use evidence::Weight;

/// A documented profile of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// The word by which it is chosen: the name of its file, without `.toml`.
    pub name: String,
    /// What it is called.
    pub title: String,
    /// URL of the document that it was taken from.
    pub source: String,
    /// When that document was published, as `2025-05` or `2026-04-06`.
    pub date: String,
    /// Versions, as `TLSv1.2`.
    pub versions: Option<Rating>,
    /// Cipher suites of all versions, by their IANA names.
    pub suites: Option<Rating>,
    /// Key exchange groups, by their IANA names.
    pub groups: Option<Rating>,
    /// Signature schemes of the handshake, by their IANA names.
    pub signatures: Option<Rating>,
    /// Whose order of cipher suites must count.
    pub order: Option<WantedOrder>,
    /// The finite-field group of DHE suites.
    pub dh: Option<Dh>,
    /// Certificates.
    pub certificate: Certificates,
    /// What a server must do and must not do.
    pub features: Features,
}

/// What a profile thinks of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// It may be used.
    Good,
    /// It may be used, for now.
    Sufficient,
    /// It is to be given up.
    PhaseOut,
    /// It must not be used. Whatever a profile does not list is insufficient.
    Insufficient,
}

impl Level {
    /// How bad it is to take something of this level.
    #[must_use]
    pub const fn weight(self) -> Option<Weight> {
        match self {
            Self::Good | Self::Sufficient => None,
            Self::PhaseOut => Some(Weight::Notice),
            Self::Insufficient => Some(Weight::Fault),
        }
    }
}

/// Names by level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rating {
    /// What may be used.
    pub good: Vec<String>,
    /// What may be used, for now.
    pub sufficient: Vec<String>,
    /// What is to be given up.
    pub phase_out: Vec<String>,
    /// What must be taken: a fault if it is not.
    pub required: Vec<String>,
    /// What should be taken: a notice if it is not.
    pub preferred: Vec<String>,
}

impl Rating {
    /// Its names and their levels, best first.
    pub fn rated(&self) -> impl Iterator<Item = (&str, Level)> {
        let levels =
            [(&self.good, Level::Good), (&self.sufficient, Level::Sufficient), (&self.phase_out, Level::PhaseOut)];
        levels.into_iter().flat_map(|(names, level)| names.iter().map(move |name| (name.as_str(), level)))
    }

    /// Names that may be used, best first.
    pub fn allowed(&self) -> impl Iterator<Item = &str> {
        self.good.iter().chain(&self.sufficient).map(String::as_str)
    }

    /// The level of a name that was seen, whatever registry it is of.
    #[must_use]
    pub fn level(&self, aspect: Aspect, seen: &str) -> Level {
        self.rated()
            .find(|(name, _)| known::is_same(aspect, name, seen))
            .map_or(Level::Insufficient, |(_, level)| level)
    }
}

/// Whose order of cipher suites must count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedOrder {
    /// The client's; a server that has its own deserves a notice, since it does no harm.
    Client,
    /// The server's.
    Server,
    /// The server's, with better levels first, if it takes suites that are to be phased out or worse; else either.
    ByLevel,
}

/// The finite-field group of DHE suites.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Dh {
    /// Least size of the prime, in bits.
    pub bits: Option<u16>,
    /// Groups by name, where it matters which one it is. A group with another name, or with none, is insufficient.
    pub groups: Option<Rating>,
}

/// Certificates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Certificates {
    /// Keys, as `EC P-256`; `RSA 2048` means at least so many bits.
    pub keys: Option<Rating>,
    /// Signature algorithms under certificates, as `ecdsa-with-SHA256`.
    pub signatures: Option<Rating>,
    /// Whether keys and signatures of the issuers that the server sends are judged as well, but for a root's.
    pub is_whole_chain: bool,
    /// Longest validity, in days.
    pub most_days: Option<u32>,
    /// Longest validity that is recommended, in days.
    pub recommended_days: Option<u32>,
}

/// What a server must do and must not do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Features {
    /// A fault, if it does not.
    pub required: Vec<Feature>,
    /// A notice, if it does not.
    pub preferred: Vec<Feature>,
    /// A fault, if it does.
    pub forbidden: Vec<Feature>,
    /// A notice, if it does.
    pub discouraged: Vec<Feature>,
}

impl Features {
    /// Each feature that the profile speaks of, whether it is wanted, and how bad it is otherwise.
    pub fn demands(&self) -> impl Iterator<Item = (Feature, bool, Weight)> {
        let demands = [
            (&self.required, true, Weight::Fault),
            (&self.preferred, true, Weight::Notice),
            (&self.forbidden, false, Weight::Fault),
            (&self.discouraged, false, Weight::Notice),
        ];
        demands
            .into_iter()
            .flat_map(|(features, is_wanted, weight)| features.iter().map(move |feature| (*feature, is_wanted, weight)))
    }
}
