//! The mailboxes of both ADMDs, each read over one IMAP connection that is opened when it is first needed.

use crate::StackError;
use mail::{Address, Nonce};
use std::collections::HashMap;
use tokio::{sync::Mutex, time::Instant};
use wire::{Found, Mailbox, MailboxAt};

/// All mailboxes of a stack.
#[derive(Debug, Default)]
pub(crate) struct Mailboxes {
    by_address: HashMap<Address, Lazy>,
}

#[derive(Debug)]
struct Lazy {
    at: MailboxAt,
    open: Mutex<Option<Mailbox>>,
}

impl Mailboxes {
    /// Adds a mailbox and where to read it.
    pub(crate) fn add(&mut self, address: Address, at: MailboxAt) {
        self.by_address.insert(address, Lazy { at, open: Mutex::default() });
    }

    /// Whether such a mailbox is known.
    pub(crate) fn has(&self, address: &Address) -> bool {
        self.by_address.contains_key(address)
    }

    /// Waits until the message lies in that mailbox; nothing, if it does not come before the deadline.
    pub(crate) async fn find(
        &self,
        address: &Address,
        nonce: &Nonce,
        deadline: Instant,
    ) -> Result<Vec<Found>, StackError> {
        match self.open(address).await? {
            Some(mailbox) => Ok(mailbox.find(nonce, deadline).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Waits until a notification about the message lies in that mailbox.
    pub(crate) async fn notifications(
        &self,
        address: &Address,
        nonce: &Nonce,
        deadline: Instant,
    ) -> Result<Vec<Found>, StackError> {
        match self.open(address).await? {
            Some(mailbox) => Ok(mailbox.notifications(nonce, deadline).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Removes the message from every mailbox that was read.
    pub(crate) async fn forget(&self, nonce: &Nonce) -> Result<(), StackError> {
        for lazy in self.by_address.values() {
            let mailbox = lazy.open.lock().await.clone();
            if let Some(mailbox) = mailbox {
                mailbox.forget(nonce).await?;
            }
        }
        Ok(())
    }

    /// Lets go of all connections: a server that reads its settings again ends them.
    pub(crate) async fn close(&self) {
        for lazy in self.by_address.values() {
            *lazy.open.lock().await = None;
        }
    }

    async fn open(&self, address: &Address) -> Result<Option<Mailbox>, StackError> {
        let Some(lazy) = self.by_address.get(address) else { return Ok(None) };
        let mut open = lazy.open.lock().await;
        if open.is_none() {
            *open = Some(Mailbox::open(lazy.at.clone()).await?);
        }
        Ok(open.clone())
    }
}
