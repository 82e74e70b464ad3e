//! Canned evidence in, verdicts out.

mod canned;
mod findings;
mod handshakes;
mod library;
mod outcomes;
mod properties;
mod replies;
mod results;
mod snapshots;
