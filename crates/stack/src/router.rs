//! Who is at the other end of a connection that a gateway opens on the pretend Internet.

use crate::internet::AddressBook;
use std::{
    collections::HashMap,
    fmt,
    net::{IpAddr, SocketAddr},
    sync::{Arc, OnceLock, PoisonError, RwLock},
};
use wire::{Action, Handler, Route};

/// Relays between the hosts of the stack, and hands over to the hosts that the harness plays; nobody else is there.
#[derive(Default)]
pub(crate) struct Router {
    book: RwLock<AddressBook>,
    played: RwLock<HashMap<SocketAddr, Arc<dyn Handler>>>,
    entrance: OnceLock<SocketAddr>,
}

/// An address and port that a host has which the harness plays, until this is dropped.
#[must_use = "dropping the seat takes the host off the pretend Internet"]
pub(crate) struct Registration {
    router: Arc<Router>,
    at: SocketAddr,
}

impl Router {
    /// Adds a host under its public addresses.
    pub(crate) fn add(&self, public: IpAddr, private: IpAddr) {
        self.book.write().unwrap_or_else(PoisonError::into_inner).add(public, private);
    }

    /// Says where connections enter the pretend Internet, once that is known.
    pub(crate) fn open(&self, entrance: SocketAddr) {
        // A second call would be a second bring-up of the same stack.
        assert!(self.entrance.set(entrance).is_ok(), "the entrance is known once");
    }

    /// Puts a host that the harness plays at an address and port. Who runs together does not share addresses.
    pub(crate) fn seat(self: &Arc<Self>, at: SocketAddr, handler: Arc<dyn Handler>) -> Registration {
        self.played.write().unwrap_or_else(PoisonError::into_inner).insert(at, handler);
        Registration { router: Arc::clone(self), at }
    }

    fn passage(&self, from: SocketAddr, to: SocketAddr) -> Option<Route> {
        let book = self.book.read().unwrap_or_else(PoisonError::into_inner);
        let (source, destination) = book.passage(from, to)?;
        Some(Route { entrance: *self.entrance.get()?, source, destination })
    }

    fn player(&self, to: SocketAddr) -> Option<Arc<dyn Handler>> {
        self.played.read().unwrap_or_else(PoisonError::into_inner).get(&to).cloned()
    }
}

impl wire::Routing for Router {
    fn action(&self, from: SocketAddr, to: SocketAddr) -> Action {
        match self.passage(from, to) {
            Some(route) => Action::Relay(route),
            None => self.player(to).map_or(Action::Close, Action::Serve),
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.router.played.write().unwrap_or_else(PoisonError::into_inner).remove(&self.at);
    }
}

/// The router as the world's listener wants it.
pub(crate) fn router(router: &Arc<Router>) -> Arc<dyn wire::Routing> {
    Arc::clone(router) as Arc<dyn wire::Routing>
}

impl fmt::Debug for Router {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Router").field("book", &self.book).finish_non_exhaustive()
    }
}

impl fmt::Debug for Registration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registration").field(&self.at).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::future::BoxFuture;
    use wire::{BoxStream, Routing};

    struct Nobody;

    impl Handler for Nobody {
        fn serve(self: Arc<Self>, _: BoxStream, _: SocketAddr, _: SocketAddr) -> BoxFuture<'static, ()> {
            Box::pin(async {})
        }
    }

    #[test]
    fn a_played_host_is_there_as_long_as_its_seat() {
        let router = Arc::new(Router::default());
        let (from, at) = ("172.18.0.3:41000".parse().unwrap(), "198.51.100.25:25".parse().unwrap());
        let seat = router.seat(at, Arc::new(Nobody));
        assert!(matches!(router.action(from, at), Action::Serve(_)));
        assert!(matches!(router.action(from, "198.51.100.25:443".parse().unwrap()), Action::Close));
        drop(seat);
        assert!(matches!(router.action(from, at), Action::Close));
    }
}
