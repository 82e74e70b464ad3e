//! What surrounds a scenario.

use mail::{Address, Domain};
use std::{fmt, net::IpAddr};

/// What surrounds a scenario: the gateways, which it does not declare.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct World {
    /// Domains for which the gateway under test receives mail.
    pub gateway: Vec<Domain>,
    /// Its first user whose mailbox can be read, if there is one.
    pub alice: Option<Address>,
    /// Another user, of the same domain if there is one.
    pub bob: Option<Address>,
    /// Its host that takes mail from anywhere, and the first public address of that.
    pub mx: Option<(Domain, IpAddr)>,
    /// By what it signs its Authentication-Results (RFC 8601 §2.5).
    pub authserv_id: String,
    /// Everyone who can log in at a submission service.
    pub logins: Vec<Address>,
    /// Zones that the ADMDs own; a scenario may not declare them, nor anything below or above them.
    pub reserved: Vec<Domain>,
    /// Public addresses of the ADMDs' hosts, and of the harness's own users; no host of a scenario may have them.
    pub addresses: Vec<IpAddr>,
    /// Names of the profiles that a probe can be judged by.
    pub profiles: Vec<String>,
    /// What the gateway under test follows, where specifications of one subject differ.
    pub follows: Vec<Specification>,
}

/// A specification that differs from another one of the same subject, so that a gateway follows one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Specification {
    /// DMARC as it was published first.
    Rfc7489,
    /// DMARC as it is today.
    Rfc9989,
}

impl Specification {
    /// Each of them, the older ones of a subject first.
    pub const ALL: [Self; 2] = [Self::Rfc7489, Self::Rfc9989];

    /// What it is of. A gateway follows one specification of a subject.
    #[must_use]
    pub const fn subject(self) -> &'static str {
        match self {
            Self::Rfc7489 | Self::Rfc9989 => "DMARC",
        }
    }
}

impl fmt::Display for Specification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rfc7489 => "RFC 7489",
            Self::Rfc9989 => "RFC 9989",
        })
    }
}

impl World {
    /// Domains of the gateways.
    pub fn owned(&self) -> impl Iterator<Item = &Domain> {
        self.gateway.iter().chain(&self.reserved).chain(self.logins.iter().map(Address::domain))
    }
}
