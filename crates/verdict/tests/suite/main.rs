//! Canned evidence in, verdicts out.

mod canned;
mod certificates;
mod combined;
mod daemons;
mod decisions;
mod findings;
mod fooled;
mod gateway_causes;
mod handshakes;
mod library;
mod lookups;
mod more;
mod opinions;
mod outbound;
mod outcomes;
mod planted;
mod played;
mod probes;
mod properties;
mod received;
mod replies;
mod results;
mod served;
mod settings;
mod snapshots;
mod tables;
