//! What was seen in a mailbox and not yet taken.

use super::{Found, Mark};
use crate::{is_notification, nonce_of};
use mail::{Message, Nonce};

/// What a message in a mailbox is to a mail object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The object itself, delivered.
    Message,
    /// A notification about it.
    Notification,
}

/// A message and its place.
#[derive(Debug)]
struct Item {
    uid: u32,
    nonce: Option<Nonce>,
    found: Found,
}

/// Messages that were seen and not taken.
#[derive(Debug, Default)]
pub(super) struct MailboxCache(Vec<Item>);

impl MailboxCache {
    /// Puts a message there.
    pub(super) fn put(&mut self, folder: &str, uid: u32, octets: &[u8]) {
        let message = Message::parse(octets);
        let found = Found { folder: folder.to_owned(), message };
        self.0.push(Item { uid, nonce: nonce_of(&found.message), found });
    }

    /// What there is of this kind.
    pub(super) fn get(&self, kind: Kind, mark: &Mark) -> Vec<Found> {
        let items = self.0.iter().filter(|item| item.kind(mark) == Some(kind));
        items.map(|item| item.found.clone()).collect()
    }

    /// Takes everything of this object away: folders and UIDs.
    pub(super) fn take(&mut self, mark: &Mark) -> Vec<(String, u32)> {
        let taken = self.0.extract_if(.., |item| item.kind(mark).is_some());
        taken.map(|item| (item.found.folder, item.uid)).collect()
    }

    /// Takes what is left, whoever's it is.
    pub(super) fn take_all(&mut self) -> Vec<(Found, u32)> {
        std::mem::take(&mut self.0).into_iter().map(|item| (item.found, item.uid)).collect()
    }
}

impl Item {
    /// The queue id in a Received field tells mail objects apart that have everything else in common, and no sender can
    /// foresee it. The nonce counts where no queue id is known, or the gateway hides it.
    fn kind(&self, mark: &Mark) -> Option<Kind> {
        let message = &self.found.message;
        let has = |ids: &[String]| message.all("Received").any(|field| ids.iter().any(|id| bears(field, id)));
        if has(&mark.queue_ids) {
            return Some(Kind::Message);
        }
        if has(&mark.others) {
            return None;
        }
        let is_named = |id: &String| message.all("Message-ID").any(|own| own.trim_matches(['<', '>']) == id);
        if mark.message_id.as_ref().is_some_and(|id| !id.is_empty() && is_named(id)) {
            return Some(Kind::Message);
        }
        (self.nonce.as_ref() == mark.nonce.as_ref() && self.nonce.is_some())
            .then(|| if is_notification(message) { Kind::Notification } else { Kind::Message })
    }
}

/// Whether a Received field has this id (RFC 5321 §4.4).
fn bears(received: &str, id: &str) -> bool {
    let words: Vec<&str> = received.split([' ', '\t', ';']).filter(|word| !word.is_empty()).collect();
    words.windows(2).any(|pair| pair == ["id", id])
}
