//! The mailboxes of both ADMDs, each read over one IMAP connection that is opened when it is first needed: to the IMAP service, or
//! to a program on the mailbox's host.

use crate::{
    Admd, Stack, StackError,
    gateway::{Store, UserMailbox},
    transact,
};
use container::Container;
use evidence::Delivered;
use futures_util::future::{select_ok, try_join_all};
use mail::{Address, is_same_mailbox};
use std::{collections::BTreeMap, time::Duration};
use tokio::{sync::Mutex, time::Instant};
use wire::{Found, ImapServer, Login, Mailbox, MailboxAt, Mark};

/// Lines of a log that are shown of a host whose mailbox cannot be opened.
const LAST_LINES: usize = 8;

/// All mailboxes of a stack.
#[derive(Debug, Default)]
pub(crate) struct Mailboxes {
    by_address: BTreeMap<Address, Lazy>,
}

/// A program that serves a mailbox: the container in which it runs, and its command.
type ServedBy = (Container, Vec<String>);

#[derive(Debug)]
struct Lazy {
    at: MailboxAt,
    /// The program that serves it, if its server is one.
    program: Option<ServedBy>,
    open: Mutex<Option<Mailbox>>,
}

impl Mailboxes {
    /// Adds a mailbox and where to read it.
    fn add(&mut self, address: Address, at: MailboxAt, program: Option<ServedBy>) {
        self.by_address.insert(address, Lazy { at, program, open: Mutex::default() });
    }

    /// Opens every mailbox. The first that cannot be opened comes back, and why.
    pub(crate) async fn open_all(&self) -> Result<(), (Address, StackError)> {
        let all = self
            .by_address
            .keys()
            .map(|address| async move { self.open(address).await.map_err(|error| (address.clone(), error)) });
        try_join_all(all).await.map(drop)
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
        let mailbox = match &lazy.program {
            None => Mailbox::open(lazy.at.clone()).await?,
            Some((container, command)) => {
                let command: Vec<&str> = command.iter().map(String::as_str).collect();
                Mailbox::over(lazy.at.clone(), Box::new(container.converse(&command).await?)).await?
            }
        };
        Ok(open.insert(mailbox).clone())
    }
}

impl Stack {
    /// All mailboxes of both ADMDs, none of them open yet.
    pub(crate) fn all_mailboxes(&self) -> Result<Mailboxes, StackError> {
        let mut all = Mailboxes::default();
        for admd in &self.admds {
            for mailbox in &admd.gateway.mailboxes {
                let (server, command) = self.server_of(admd, mailbox)?;
                let password = mailbox.password.clone().unwrap_or_default();
                let login = Login { user: mailbox.login.clone(), password };
                all.add(mailbox.address.clone(), MailboxAt { server, login, limit: Duration::from_secs(10) }, command);
            }
        }
        Ok(all)
    }

    /// Why a mailbox cannot be opened, with what its host logged: the reason often stands there alone.
    pub(crate) fn unreadable(&self, address: &Address, error: StackError) -> StackError {
        let StackError::Wire(cause) = error else { return error };
        let of = |admd: &Admd| {
            let mailbox = admd.gateway.mailboxes.iter().find(|mailbox| mailbox.address == *address)?;
            admd.gateway.home(mailbox).map(|home| home.name.to_string())
        };
        let Some(host) = self.admds.iter().find_map(of) else { return StackError::Wire(cause) };
        let log = self.logs.tail(&host, LAST_LINES).join("\n");
        StackError::Mailbox { cause: Box::new(cause), host, log }
    }

    /// Who serves a mailbox: IMAP with TLS on its host, or else a program there, with its container and command.
    fn server_of(&self, admd: &Admd, mailbox: &UserMailbox) -> Result<(ImapServer, Option<ServedBy>), StackError> {
        let unfit = |what: &str| StackError::Unfit {
            gateway: admd.gateway.name.clone(),
            what: format!("{what} {}", mailbox.address),
        };
        let home = admd.gateway.home(mailbox).ok_or_else(|| unfit("no host has the mailbox of"))?;
        let words = match &mailbox.store {
            None if mailbox.password.is_some() && home.ports().contains(&993) => {
                let reader = transact::USER;
                let endpoint = self.endpoint(&admd.gateway, 993, reader)?;
                let (route, name) = (self.route(reader, endpoint.address), endpoint.name.to_string());
                return Ok((ImapServer::Service { route, name, anchor: self.anchor.clone() }, None));
            }
            None => ["dovecot", mailbox.login.as_str()],
            Some(Store::Maildir(path)) => ["maildir", path],
            Some(Store::Mbox(path)) => ["mbox", path],
        };
        let command: Vec<String> = ["mailbox"].into_iter().chain(words).map(str::to_owned).collect();
        let host = admd.hosts.iter().find(|host| host.plan.name == home.name);
        let container = host.expect("every host of a gateway runs").container.clone();
        Ok((ImapServer::Program(format!("`{}` on {}", command.join(" "), home.name)), Some((container, command))))
    }
}

fn in_mailbox(mailbox: &Address, found: Found) -> Delivered {
    Delivered { mailbox: mailbox.clone(), recipient: None, folder: found.folder, message: found.message }
}
