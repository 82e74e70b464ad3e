//! The probe: what a mail service takes of TLS, seen from outside (RFC 8446, RFC 5246, RFC 6101).
//!
//! Its ClientHellos are made octet by octet, since a library of today cannot offer what a server should refuse. No handshake of
//! those goes further than the server's first flight, which tells everything; what is only seen behind a handshake is left
//! to a library.

mod chains;
mod client;
mod error;
mod features;
mod flight;
mod hello;
mod line;
mod record;
mod renegotiation;
mod share;
mod speech;
mod suites;
mod survey;
mod versions;

#[cfg(test)]
mod tests;

pub use error::ProbeError;
pub use line::{Connector, Target};
pub use survey::survey;
