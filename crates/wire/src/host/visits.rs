//! What a played host saw: its visitors one by one, and whether anybody is still there.

use super::hello::Heard;
use evidence::{Connection, Exchange, Handshake, Observed};
use mail::Reply;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// As many exchanges of one connection are kept.
const KEPT: usize = 1000;

/// All connections since the last look.
#[derive(Debug, Default)]
pub(super) struct Visits {
    all: Mutex<Vec<Arc<Mutex<Connection>>>>,
    present: watch::Sender<usize>,
}

/// One connection, while it lasts.
#[derive(Debug)]
pub(super) struct Visit {
    connection: Arc<Mutex<Connection>>,
    visits: Arc<Visits>,
}

impl Visits {
    pub(super) fn begin(self: &Arc<Self>, host: &str, service: &str) -> Visit {
        let connection = Arc::new(Mutex::new(Connection {
            host: host.to_owned(),
            service: service.to_owned(),
            offer: None,
            handshake: Observed::Unobserved("the client did not ask for TLS".to_owned()),
            dialogue: Vec::new(),
            ended: "still open".to_owned(),
        }));
        lock(&self.all).push(Arc::clone(&connection));
        self.present.send_modify(|present| *present += 1);
        Visit { connection, visits: Arc::clone(self) }
    }

    /// Waits until nobody is there, or the deadline passes.
    pub(super) async fn quiet(&self, deadline: Instant) -> bool {
        let mut present = self.present.subscribe();
        matches!(timeout_at(deadline, present.wait_for(|present| *present == 0)).await, Ok(Ok(_)))
    }

    /// Everything since the last call.
    pub(super) fn take(&self) -> Vec<Connection> {
        std::mem::take(&mut *lock(&self.all)).iter().map(|connection| lock(connection).clone()).collect()
    }
}

impl Visit {
    pub(super) fn said(&self, to: &str, sent: &str, reply: &Reply) {
        let mut connection = lock(&self.connection);
        if connection.dialogue.len() < KEPT {
            let exchange =
                Exchange { to: to.to_owned(), sent: sent.to_owned(), reply: Observed::Seen(reply.clone()) };
            connection.dialogue.push(exchange);
        }
    }

    pub(super) fn shook(&self, heard: &Heard, handshake: Result<Handshake, String>) {
        let mut connection = lock(&self.connection);
        connection.offer = heard.offer();
        connection.handshake = handshake.map_or_else(Observed::Unobserved, Observed::Seen);
    }

    pub(super) fn ended(&self, how: &str) {
        lock(&self.connection).ended = how.to_owned();
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        self.visits.present.send_modify(|present| *present -= 1);
    }
}

pub(super) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
