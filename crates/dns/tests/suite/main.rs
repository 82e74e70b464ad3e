//! The server, asked over its sockets.

mod answers;
mod asking;
mod faults;
mod hostile;
mod leases;
mod looking_up;
mod validation;
mod zone_files;

use mailproof_dns::{Server, ZoneData};
use plan::Dnssec;

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

#[tokio::test]
async fn a_busy_port_is_passed_over() {
    let local = "127.0.0.1".parse().unwrap();
    let (one, other) = (Server::start(local).await.unwrap(), Server::start(local).await.unwrap());
    assert_ne!(one.address(), other.address());
}
