//! Where a server is not as a profile asks, and what nobody saw.

use crate::Aspect;
use evidence::Weight;
use serde::Serialize;
use std::fmt;

/// Where a server is not as the profile asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deviation {
    /// What it is about.
    pub what: Aspect,
    /// What was seen, as `TLSv1 is taken`.
    pub seen: String,
    /// What the profile wants, as `only TLSv1.3 and TLSv1.2`.
    pub wanted: String,
    /// How bad it is.
    pub weight: Weight,
}

/// One sentence: `version: TLSv1 is taken; wanted: only TLSv1.3 and TLSv1.2`.
impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; wanted: {}", self.what, self.seen, self.wanted)
    }
}

/// What a profile asks about and nobody saw.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Gap {
    /// What it is about.
    pub what: Aspect,
    /// Why it was not seen.
    pub why: String,
}

/// `group: the server closed the connection`.
impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.what, self.why)
    }
}
