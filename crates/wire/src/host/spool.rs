//! Room for the messages of a host: they take so many octets together, and no more, until they are fetched.

use super::visits::lock;
use evidence::Arrived;
use std::sync::{Arc, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many messages are kept.
const MESSAGES: usize = 10_000;

/// Messages that were taken, and the room that is left.
#[derive(Debug)]
pub(super) struct Spool {
    octets: Arc<Semaphore>,
    kept: Mutex<Vec<(Arrived, SpoolPermit)>>,
}

/// Room that one message has; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct SpoolPermit(OwnedSemaphorePermit);

impl Spool {
    /// Room for so many octets.
    pub(super) fn of(octets: usize) -> Self {
        Self { octets: Arc::new(Semaphore::new(octets)), kept: Mutex::default() }
    }

    /// So much of it, if it is free.
    pub(super) fn claim(&self, octets: usize) -> Option<SpoolPermit> {
        let permits = u32::try_from(octets).ok()?;
        Arc::clone(&self.octets).try_acquire_many_owned(permits).ok().map(SpoolPermit)
    }

    /// Keeps a message; false: there are too many.
    pub(super) fn keep(&self, arrived: Arrived, claim: SpoolPermit) -> bool {
        let mut kept = lock(&self.kept);
        let has_room = kept.len() < MESSAGES;
        if has_room {
            kept.push((arrived, claim));
        }
        has_room
    }

    /// The messages since the last call.
    pub(super) fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut *lock(&self.kept)).into_iter().map(|(arrived, _)| arrived).collect()
    }
}

impl SpoolPermit {
    pub(super) fn grow(&mut self, by: Self) {
        self.0.merge(by.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mail::Message;

    #[test]
    fn room_is_taken_by_messages_and_free_when_they_are_fetched() {
        let spool = Spool::of(100);
        let mut claim = spool.claim(98).unwrap();
        claim.grow(spool.claim(1).unwrap());
        assert!(spool.claim(2).is_none());
        let (host, mail_from) = ("mx.partner.example".to_owned(), String::new());
        let message = Message::parse(b"Subject: large\r\n\r\n");
        assert!(spool.keep(Arrived { host, mail_from, rcpt_to: Vec::new(), is_protected: true, message }, claim));
        assert!(spool.claim(2).is_none());
        assert_eq!(spool.take().len(), 1);
        assert!(spool.claim(100).is_some() && spool.take().is_empty());
    }
}
