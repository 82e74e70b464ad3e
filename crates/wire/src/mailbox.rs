//! A mailbox, read over one IMAP connection (RFC 3501) that all who wait for a message share.

mod cache;
mod reader;
#[cfg(test)]
mod tests;

use crate::{BoxStream, Login, Route, WireError};
use cache::{Kind, MailboxCache};
use mail::{Message, Nonce};
use reader::Reader;
use std::{fmt, time::Duration};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, MissedTickBehavior, interval},
};

/// How often a mailbox is looked at while somebody waits.
const TICK: Duration = Duration::from_millis(50);
/// So many requests wait to be looked at; who asks then waits to ask.
const REQUESTS: usize = 64;

/// Where a mailbox is, and how to get at it.
#[derive(Debug, Clone)]
pub struct MailboxAt {
    /// The server.
    pub server: ImapServer,
    /// Whose mailbox.
    pub login: Login,
    /// How long the server may take over one command.
    pub limit: Duration,
}

/// Who serves a mailbox.
#[derive(Debug, Clone)]
pub enum ImapServer {
    /// A service that speaks TLS from the first octet (RFC 8314 §3.2).
    Service {
        /// The way to it.
        route: Route,
        /// The name that is sent to it (RFC 6066 §3); a DNS name or an IP address. Any certificate is accepted.
        name: String,
        /// What the certificate is judged by.
        anchor: pki::Anchor,
    },
    /// A program in a host, by what it is called in messages: its input and output are the connection.
    Program(String),
}

impl fmt::Display for ImapServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service { route, .. } => route.destination.fmt(f),
            Self::Program(what) => f.write_str(what),
        }
    }
}

/// A message in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Name of the folder, such as `INBOX`, in the encoding of RFC 3501 §5.1.3.
    pub folder: String,
    /// The message as served.
    pub message: Message,
}

/// By what a mail object is known again in a mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// Of its transaction, if what bears nothing else of it is this object.
    pub nonce: Option<Nonce>,
    /// Ids under which hosts had it in their queues.
    pub queue_ids: Vec<String>,
    /// Ids of the other objects of its transaction: what bears one of them is not this one.
    pub others: Vec<String>,
    /// Its Message-ID as a host logged it, without angle brackets.
    pub message_id: Option<String>,
}

impl From<Nonce> for Mark {
    fn from(nonce: Nonce) -> Self {
        Self { nonce: Some(nonce), ..Self::default() }
    }
}

/// A mailbox that is open. Clones share the connection, which closes with the last of them.
#[derive(Debug, Clone)]
pub struct Mailbox {
    at: MailboxAt,
    requests: mpsc::Sender<Request>,
}

impl Mailbox {
    /// Connects and logs in. Must be called within a tokio runtime, which does the reading from then on.
    ///
    /// # Errors
    /// The server cannot be reached, speaks no TLS, is silent, or refuses the login.
    ///
    /// # Panics
    /// The server is a program: that is started by whoever can, for [`Self::over`].
    pub async fn open(at: MailboxAt) -> Result<Self, WireError> {
        let ImapServer::Service { route, name, anchor } = &at.server else { panic!("{} was not started", at.server) };
        let stream = reader::secure(&at, route, name, anchor).await?;
        Self::over(at, stream).await
    }

    /// The same over a connection to the server that is there already.
    ///
    /// # Errors
    /// The server is silent, or refuses the login.
    pub async fn over(at: MailboxAt, stream: BoxStream) -> Result<Self, WireError> {
        let reader = Reader::open(at.clone(), stream).await?;
        let (requests, received) = mpsc::channel(REQUESTS);
        tokio::spawn(serve(reader, received));
        Ok(Self { at, requests })
    }

    /// The copies of this mail object, in all folders, as soon as there is one; none, if the deadline passes.
    /// Notifications about it are not among them.
    ///
    /// # Errors
    /// The connection is lost, now or earlier, or the server refuses to show a folder.
    pub async fn find(&self, mark: &Mark, deadline: Instant) -> Result<Vec<Found>, WireError> {
        self.wait(Kind::Message, mark, deadline).await
    }

    /// The notifications about this mail object ([`is_notification`](crate::is_notification)), in all
    /// folders, as soon as there is one; none, if the deadline passes.
    ///
    /// # Errors
    /// As for [`Self::find`].
    pub async fn notifications(&self, mark: &Mark, deadline: Instant) -> Result<Vec<Found>, WireError> {
        self.wait(Kind::Notification, mark, deadline).await
    }

    /// Removes what was seen so far of this mail object: copies and notifications.
    ///
    /// # Errors
    /// As for [`Self::find`].
    pub async fn forget(&self, mark: &Mark) -> Result<(), WireError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::Forget { mark: mark.clone(), answer }, answered).await
    }

    /// Everything that lies in the mailbox now and was not forgotten, and removes it.
    ///
    /// # Errors
    /// As for [`Self::find`].
    pub async fn empty(&self) -> Result<Vec<Found>, WireError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::Empty { answer }, answered).await
    }

    async fn wait(&self, kind: Kind, mark: &Mark, deadline: Instant) -> Result<Vec<Found>, WireError> {
        let (answer, answered) = oneshot::channel();
        self.ask(Request::Find(Waiter { kind, mark: mark.clone(), deadline, answer }), answered).await
    }

    async fn ask<T>(&self, request: Request, answered: oneshot::Receiver<Answer<T>>) -> Answer<T> {
        let gone = || self.at.lost("a request", "the harness is about to stop".to_owned());
        self.requests.send(request).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

type Answer<T> = Result<T, WireError>;

#[derive(Debug)]
enum Request {
    Find(Waiter),
    Forget { mark: Mark, answer: oneshot::Sender<Answer<()>> },
    Empty { answer: oneshot::Sender<Answer<Vec<Found>>> },
}

#[derive(Debug)]
struct Waiter {
    kind: Kind,
    mark: Mark,
    deadline: Instant,
    answer: oneshot::Sender<Answer<Vec<Found>>>,
}

/// Owns the connection, so that no caller who loses interest can leave a command half read. One look at the mailbox
/// serves all who wait.
async fn serve(mut reader: Reader, mut requests: mpsc::Receiver<Request>) {
    let mut cache = MailboxCache::default();
    let mut waiting: Vec<Waiter> = Vec::new();
    let mut broken: Option<WireError> = None;
    let mut tick = interval(TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        let mut request = tokio::select! {
            request = requests.recv() => match request {
                Some(request) => Some(request),
                None => break,
            },
            _ = tick.tick(), if !waiting.is_empty() => None,
        };
        while let Some(asked) = request {
            match asked {
                Request::Find(waiter) => waiting.push(waiter),
                Request::Empty { answer } => {
                    let result = match &broken {
                        None => empty(&mut reader, &mut cache).await,
                        Some(error) => Err(error.clone()),
                    };
                    broken = result.as_ref().err().cloned();
                    let _ = answer.send(result);
                }
                Request::Forget { mark, answer } => {
                    let result = match &broken {
                        None => reader.remove(cache.take(&mark)).await,
                        Some(error) => Err(error.clone()),
                    };
                    broken = result.clone().err();
                    let _ = answer.send(result);
                }
            }
            request = requests.try_recv().ok();
        }
        waiting.retain(|waiter| !waiter.answer.is_closed());
        if !waiting.is_empty() && broken.is_none() {
            broken = reader.look(&mut cache).await.err();
        }
        let now = Instant::now();
        for waiter in std::mem::take(&mut waiting) {
            let found = cache.get(waiter.kind, &waiter.mark);
            let answer = match &broken {
                Some(error) => Err(error.clone()),
                None if found.is_empty() && now < waiter.deadline => {
                    waiting.push(waiter);
                    continue;
                }
                None => Ok(found),
            };
            // nobody minds if the one who asked has gone
            let _ = waiter.answer.send(answer);
        }
    }
    reader.close().await;
}

async fn empty(reader: &mut Reader, cache: &mut MailboxCache) -> Answer<Vec<Found>> {
    reader.look(cache).await?;
    let (found, places): (Vec<Found>, Vec<(String, u32)>) =
        cache.take_all().into_iter().map(|(found, uid)| (found.clone(), (found.folder, uid))).unzip();
    reader.remove(places).await?;
    Ok(found)
}
