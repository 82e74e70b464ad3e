//! What can go wrong with the server and with looking up.

use mail::Domain;
use std::{io, net::SocketAddr};

/// The server cannot serve, or a look-up found out nothing.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// An address cannot be listened on.
    #[error(
        "cannot listen for DNS questions on {address} ({transport}): {source}; is the address one of this machine's? \
         Networks of an engine on another machine, and of Docker without root, are not"
    )]
    Bind {
        /// Address and port; port 0 means any.
        address: SocketAddr,
        /// `udp` or `tcp`.
        transport: &'static str,
        /// The system's word.
        source: io::Error,
    },
    /// No key could be made.
    #[error("cannot make a DNSSEC key: {0}")]
    Key(String),
    /// Somebody publishes that zone already.
    #[error("zone {origin} is published already; a zone has one owner at a time: withdraw the other one first")]
    Taken {
        /// Its apex.
        origin: Domain,
    },
    /// Records that cannot be read.
    #[error("the records of zone {origin} cannot be read: {reason}")]
    Records {
        /// Apex of the zone.
        origin: Domain,
        /// Why.
        reason: String,
    },
    /// A record or fault whose name lies elsewhere.
    #[error("zone {origin} says something of {name}, which does not lie in it; names without a final dot are relative")]
    Outside {
        /// Apex of the zone.
        origin: Domain,
        /// The stray name.
        name: String,
    },
    /// A word that is no record type.
    #[error("`{0}` is no record type, such as TXT or MX")]
    RecordType(String),
    /// A look-up that found out neither that there are records nor that there are none.
    #[error("{server} did not answer the question for {name} {record_type}: {reason}")]
    LookUp {
        /// The server asked.
        server: SocketAddr,
        /// The name.
        name: Domain,
        /// The type.
        record_type: String,
        /// What happened.
        reason: String,
    },
    /// A resolver that has not done with a question whose zone was withdrawn.
    #[error("{server} is still busy with a question for {name}, of which the zone is withdrawn: {reason}")]
    Busy {
        /// The resolver.
        server: SocketAddr,
        /// The name.
        name: String,
        /// What happened.
        reason: String,
    },
    /// A name of which the zones that are at hand say nothing: it lies in none of them, or is delegated away.
    #[error("{0} lies in none of the zones that are at hand")]
    NoZone(String),
}
