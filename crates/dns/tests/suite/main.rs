//! The server, asked over its sockets.

mod answers;
mod asking;
mod faults;
mod hostile;
mod leases;
mod looking_up;
mod validation;

use mailproof_dns::{Server, ZoneData};
use scenario::Dnssec;

/// A server on loopback.
async fn server() -> Server {
    Server::start([127, 0, 0, 1].into()).await.unwrap()
}

fn zone(origin: &str, dnssec: Dnssec, records: &str) -> ZoneData {
    ZoneData { origin: origin.parse().unwrap(), dnssec, records: records.to_owned(), faults: Vec::new() }
}

fn insecure(origin: &str, records: &str) -> ZoneData {
    zone(origin, Dnssec::Insecure, records)
}
