//! The mailboxes of both ADMDs, each read over one IMAP connection that is opened when it is first needed.

use crate::StackError;
use evidence::Delivered;
use futures_util::future::{select_ok, try_join_all};
use mail::{Address, is_same_mailbox};
use std::collections::BTreeMap;
use tokio::{sync::Mutex, time::Instant};
use wire::{Found, Mailbox, MailboxAt, Mark};

/// All mailboxes of a stack.
#[derive(Debug, Default)]
pub(crate) struct Mailboxes {
    by_address: BTreeMap<Address, Lazy>,
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

    /// Opens every mailbox.
    pub(crate) async fn open_all(&self) -> Result<(), StackError> {
        try_join_all(self.by_address.keys().map(|address| self.open(address))).await.map(drop)
    }

    /// The mailbox that these words of a log, or an address, mean: the whole address, or that of a user without its domain.
    pub(crate) fn named(&self, name: &str) -> Option<&Address> {
        let mut all = self.by_address.keys();
        let is_it = |address: &&Address| is_same_mailbox(&address.to_string(), name);
        if name.contains('@') {
            return all.find(is_it);
        }
        let mut users = all.filter(|address| is_same_mailbox(address.local_part(), name));
        users.next().filter(|_| users.next().is_none())
    }

    /// Waits until the mail object lies in that mailbox; nothing, if it does not come before the deadline.
    pub(crate) async fn find(
        &self,
        address: &Address,
        mark: &Mark,
        deadline: Instant,
    ) -> Result<Vec<Delivered>, StackError> {
        let found = self.open(address).await?.find(mark, deadline).await?;
        Ok(found.into_iter().map(|found| in_mailbox(address, found)).collect())
    }

    /// Waits until the mail object lies in any mailbox, and says where it lies then.
    pub(crate) async fn find_anywhere(&self, mark: &Mark, deadline: Instant) -> Result<Vec<Delivered>, StackError> {
        // the first that has something, or cannot be read, ends the waiting for all
        let first = self.by_address.keys().map(|address| {
            Box::pin(async move {
                let found = self.find(address, mark, deadline).await;
                if found.is_ok_and(|found| found.is_empty()) { Err(()) } else { Ok(()) }
            })
        });
        let _ = select_ok(first).await;
        let mut found = Vec::new();
        for address in self.by_address.keys() {
            found.extend(self.find(address, mark, Instant::now()).await?);
        }
        Ok(found)
    }

    /// Waits until a notification about the mail object lies in that mailbox.
    pub(crate) async fn notifications(
        &self,
        address: &Address,
        mark: &Mark,
        deadline: Instant,
    ) -> Result<Vec<Delivered>, StackError> {
        let found = self.open(address).await?.notifications(mark, deadline).await?;
        Ok(found.into_iter().map(|found| in_mailbox(address, found)).collect())
    }

    /// Removes the mail object from every mailbox that was read.
    pub(crate) async fn forget(&self, mark: &Mark) -> Result<(), StackError> {
        for lazy in self.by_address.values() {
            let mailbox = lazy.open.lock().await.clone();
            if let Some(mailbox) = mailbox {
                mailbox.forget(mark).await?;
            }
        }
        Ok(())
    }

    /// What lies in any mailbox and is nobody's, and removes it.
    pub(crate) async fn empty(&self) -> Result<Vec<Delivered>, StackError> {
        let all = self.by_address.keys().map(|address| async move {
            let found = self.open(address).await?.empty().await?;
            Ok::<_, StackError>(found.into_iter().map(|found| in_mailbox(address, found)).collect::<Vec<_>>())
        });
        Ok(try_join_all(all).await?.concat())
    }

    /// Lets go of all connections: a server that reads its settings again ends them.
    pub(crate) async fn close(&self) {
        for lazy in self.by_address.values() {
            *lazy.open.lock().await = None;
        }
    }

    /// A mailbox that was added.
    async fn open(&self, address: &Address) -> Result<Mailbox, StackError> {
        let Some(lazy) = self.by_address.get(address) else { unreachable!("asked for one that was added") };
        let mut open = lazy.open.lock().await;
        if let Some(mailbox) = &*open {
            return Ok(mailbox.clone());
        }
        let mailbox = Mailbox::open(lazy.at.clone()).await?;
        Ok(open.insert(mailbox).clone())
    }
}

fn in_mailbox(mailbox: &Address, found: Found) -> Delivered {
    Delivered { mailbox: mailbox.clone(), recipient: None, folder: found.folder, message: found.message }
}
