//! Who is at the other end of a connection that a gateway opens on the pretend Internet.

use crate::internet::AddressBook;
use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock, RwLock},
};
use wire::{Action, Route};

/// Relays between the hosts of the stack; nobody else is there.
#[derive(Debug, Default)]
pub(crate) struct Switchboard {
    book: RwLock<AddressBook>,
    entrance: OnceLock<SocketAddr>,
}

impl Switchboard {
    /// Adds a host under its public addresses.
    pub(crate) fn add(&self, public: std::net::IpAddr, private: std::net::IpAddr) {
        self.book.write().unwrap_or_else(std::sync::PoisonError::into_inner).add(public, private);
    }

    /// Says where connections enter the pretend Internet, once that is known.
    pub(crate) fn open(&self, entrance: SocketAddr) {
        // A second call would be a second bring-up of the same stack.
        assert!(self.entrance.set(entrance).is_ok(), "the entrance is known once");
    }

    fn passage(&self, from: SocketAddr, to: SocketAddr) -> Option<Route> {
        let book = self.book.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (source, destination) = book.passage(from, to)?;
        Some(Route { entrance: *self.entrance.get()?, source, destination })
    }
}

impl wire::Router for Switchboard {
    fn action(&self, from: SocketAddr, to: SocketAddr) -> Action {
        self.passage(from, to).map_or(Action::Close, Action::Relay)
    }
}

/// The switchboard as the world's listener wants it.
pub(crate) fn router(switchboard: &Arc<Switchboard>) -> Arc<dyn wire::Router> {
    Arc::clone(switchboard) as Arc<dyn wire::Router>
}
