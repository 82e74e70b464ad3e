//! What a played host saw: its visitors one by one, and whether anybody is still there.

use super::hello::Heard;
use evidence::{Connection, Exchange, Handshake, Observed};
use mail::Reply;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// As many connections are kept; further ones are closed until these are fetched.
const KEPT: usize = 500;

/// All connections of which there is something left to tell.
#[derive(Debug, Default)]
pub(super) struct Visits {
    all: Mutex<Vec<Arc<Mutex<Seen>>>>,
    present: watch::Sender<usize>,
}

/// One connection, while it lasts.
#[derive(Debug)]
pub(super) struct Visit {
    seen: Arc<Mutex<Seen>>,
    visits: Arc<Visits>,
}

/// What is known of a connection.
#[derive(Debug)]
struct Seen {
    /// Without what was told already of its dialogue.
    connection: Connection,
    /// What the client says in a handshake.
    heard: Option<Heard>,
    is_over: bool,
    was_told: bool,
}

impl Visits {
    /// A connection begins; `None`: there is no room for it.
    pub(super) fn begin(self: &Arc<Self>, host: &str, service: &str) -> Option<Visit> {
        let connection = Connection {
            host: host.to_owned(),
            service: service.to_owned(),
            offer: None,
            handshake: Observed::Unobserved("the client did not ask for TLS".to_owned()),
            dialogue: Vec::new(),
            ended: "still open".to_owned(),
        };
        let seen = Arc::new(Mutex::new(Seen { connection, heard: None, is_over: false, was_told: false }));
        let mut all = lock(&self.all);
        if all.len() >= KEPT {
            return None;
        }
        all.push(Arc::clone(&seen));
        self.present.send_modify(|present| *present += 1);
        Some(Visit { seen, visits: Arc::clone(self) })
    }

    /// Waits until nobody is there, or the deadline passes.
    pub(super) async fn quiet(&self, deadline: Instant) -> bool {
        let mut present = self.present.subscribe();
        matches!(timeout_at(deadline, present.wait_for(|present| *present == 0)).await, Ok(Ok(_)))
    }

    /// Everything since the last call. What was still open then is there again with the rest of its dialogue, if that is
    /// more than a farewell.
    pub(super) fn take(&self) -> Vec<Connection> {
        let mut all = lock(&self.all);
        let told = all.iter().filter_map(|seen| lock(seen).tell()).collect();
        all.retain(|seen| !lock(seen).is_over);
        told
    }
}

impl Seen {
    fn tell(&mut self) -> Option<Connection> {
        let has_news = self.connection.dialogue.iter().any(|e| e.to != "quit" && e.to != "octets");
        if self.was_told && !has_news {
            return None;
        }
        self.was_told = true;
        let dialogue = std::mem::take(&mut self.connection.dialogue);
        let offer = self.heard.as_ref().and_then(Heard::offer);
        Some(Connection { dialogue, offer, ..self.connection.clone() })
    }
}

impl Visit {
    pub(super) fn said(&self, to: &str, sent: &str, reply: &Reply) {
        let exchange = Exchange::new(to, sent, Observed::Seen(reply.clone()));
        lock(&self.seen).connection.dialogue.push(exchange);
    }

    /// There is no TLS, and this is why.
    pub(super) fn without_tls(&self, why: &str) {
        lock(&self.seen).connection.handshake = Observed::Unobserved(why.to_owned());
    }

    /// A handshake begins; `heard` gets what the client says in it.
    pub(super) fn shakes(&self, heard: &Heard) {
        self.without_tls("the handshake is not over");
        lock(&self.seen).heard = Some(heard.clone());
    }

    pub(super) fn shook(&self, handshake: Result<&Handshake, &str>) {
        match handshake {
            Ok(handshake) => lock(&self.seen).connection.handshake = Observed::Seen(handshake.clone()),
            Err(why) => self.without_tls(why),
        }
    }

    pub(super) fn ended(&self, how: &str) {
        let mut seen = lock(&self.seen);
        how.clone_into(&mut seen.connection.ended);
        seen.is_over = true;
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        // without an end when the world ends before it
        lock(&self.seen).is_over = true;
        self.visits.present.send_modify(|present| *present -= 1);
    }
}

pub(super) fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
