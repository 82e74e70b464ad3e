//! The probe: what a mail service takes of TLS, seen from outside (RFC 8446, RFC 5246, RFC 6101).
//!
//! Its ClientHellos are made octet by octet, since a library of today cannot offer what a server should refuse. No handshake of
//! those goes further than the server's first flight, which tells nearly everything; what is only seen behind a handshake is
//! left to libraries.

mod chains;
mod classic;
mod error;
mod features;
mod flight;
mod groups;
mod hello;
mod injection;
mod kinds;
mod line;
mod modern;
mod primes;
mod records;
mod renegotiation;
mod resumption;
mod session;
mod shares;
mod signatures;
mod suites;
mod survey;
mod versions;

pub use error::ProbeError;
pub use line::{Connector, Target};
pub use survey::survey;

#[cfg(test)]
mod tests;
