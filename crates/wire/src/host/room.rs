//! Room for the messages of a host: they take so many octets together, and no more, until they are fetched.

use super::visits::lock;
use evidence::Arrived;
use std::sync::{Arc, Mutex};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many messages are kept.
const MESSAGES: usize = 10_000;

/// Messages that were taken, and the room that is left.
#[derive(Debug)]
pub(super) struct Room {
    octets: Arc<Semaphore>,
    kept: Mutex<Vec<(Arrived, Claim)>>,
}

/// Room that one message has; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Claim(OwnedSemaphorePermit);

impl Room {
    /// Room for so many octets.
    pub(super) fn of(octets: usize) -> Self {
        Self { octets: Arc::new(Semaphore::new(octets)), kept: Mutex::default() }
    }

    /// So much of it, if it is free.
    pub(super) fn claim(&self, octets: usize) -> Option<Claim> {
        let permits = u32::try_from(octets).ok()?;
        Arc::clone(&self.octets).try_acquire_many_owned(permits).ok().map(Claim)
    }

    /// Keeps a message; false: there are too many.
    pub(super) fn keep(&self, arrived: Arrived, claim: Claim) -> bool {
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

impl Claim {
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
        let room = Room::of(100);
        let mut claim = room.claim(98).unwrap();
        claim.grow(room.claim(1).unwrap());
        assert!(room.claim(2).is_none());
        let (host, mail_from) = ("mx.partner.example".to_owned(), String::new());
        let message = Message::parse(b"Subject: large\r\n\r\n");
        assert!(room.keep(Arrived { host, mail_from, rcpt_to: Vec::new(), is_protected: true, message }, claim));
        assert!(room.claim(2).is_none());
        assert_eq!(room.take().len(), 1);
        assert!(room.claim(100).is_some() && room.take().is_empty());
    }
}
