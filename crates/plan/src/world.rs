//! What surrounds a scenario.

use mail::{Address, Domain};
use std::net::IpAddr;

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
}

impl World {
    /// Domains of the gateways.
    pub fn owned(&self) -> impl Iterator<Item = &Domain> {
        self.gateway.iter().chain(&self.reserved).chain(self.logins.iter().map(Address::domain))
    }
}
