//! Hosts on the pretend Internet that the harness plays: an MTA and a web server, as good or as bad as a scenario asks.

mod hello;
mod keys;
mod modern;
mod mx;
mod old;
mod session;
mod spool;
mod visits;
mod web;

pub use keys::HostKey;
pub use mx::{MxHost, MxPlay};
pub use web::{WebHost, WebPlay};

#[cfg(test)]
mod tests;
