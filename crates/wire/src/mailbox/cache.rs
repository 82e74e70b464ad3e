//! What was seen in a mailbox, by nonce.

use super::Found;
use crate::{is_notification, nonce_of};
use mail::{Message, Nonce};
use std::collections::HashMap;

/// What a message in a mailbox is to the transaction with its nonce.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The message that was sent.
    Message,
    /// A notification about it.
    Notification,
}

/// A message and its place.
#[derive(Debug)]
struct Item {
    kind: Kind,
    uid: u32,
    found: Found,
}

/// Messages that were seen and not taken; those without a nonce are nobody's and not kept.
#[derive(Debug, Default)]
pub(super) struct MailboxCache(HashMap<Nonce, Vec<Item>>);

impl MailboxCache {
    /// Puts a message there.
    pub(super) fn put(&mut self, folder: &str, uid: u32, octets: &[u8]) {
        let message = Message::parse(octets);
        let Some(nonce) = nonce_of(&message) else { return };
        let kind = if is_notification(&message) { Kind::Notification } else { Kind::Message };
        let found = Found { folder: folder.to_owned(), message };
        self.0.entry(nonce).or_default().push(Item { kind, uid, found });
    }

    /// What there is of this kind.
    pub(super) fn get(&self, kind: Kind, nonce: &Nonce) -> Vec<Found> {
        let items = self.0.get(nonce).into_iter().flatten();
        items.filter(|item| item.kind == kind).map(|item| item.found.clone()).collect()
    }

    /// Takes everything with this nonce away: folders and UIDs.
    pub(super) fn take(&mut self, nonce: &Nonce) -> Vec<(String, u32)> {
        let items = self.0.remove(nonce).into_iter().flatten();
        items.map(|item| (item.found.folder, item.uid)).collect()
    }
}
