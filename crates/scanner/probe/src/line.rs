//! The way to a service: connections as many at once as it bears, each brought to where TLS begins.

use crate::{
    flight::{self, Flight, is_closed},
    hello::Hello,
    session::{Session, shown},
};
use futures_util::future::BoxFuture;
use mail::Service;
use std::{
    fmt, io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{Semaphore, SemaphorePermit},
    time::{Instant, interval_at, timeout, timeout_at},
};
use wire::BoxStream;

/// Opens one connection to the service.
pub type Connector = Arc<dyn Fn() -> BoxFuture<'static, io::Result<BoxStream>> + Send + Sync>;

/// So many connections are open at once: Postfix takes 50 from one client (smtpd_client_connection_count_limit).
const AT_ONCE: usize = 12;
/// So often a connection is tried that is turned away, as happens at a server's limits.
const TRIES: u32 = 5;
/// How long after being turned away it is tried again; twice as long each time.
const PAUSE: Duration = Duration::from_millis(40);

/// A service to be probed.
#[derive(Clone)]
pub struct Target {
    /// Which service it is.
    pub service: Service,
    /// What it is called in messages: host and port.
    pub server: String,
    /// The name that its certificate should have, and that it is asked for if it is a DNS name (RFC 6066 §3).
    pub server_name: String,
    /// More names to ask for: a server may have a certificate for each.
    pub other_names: Vec<String>,
    /// The way to it.
    pub connect: Connector,
    /// What its certificates are judged by.
    pub anchor: pki::Anchor,
    /// How long one connection may take over each step.
    pub limit: Duration,
    /// How long all of it may take. What is not known then is unobserved.
    pub deadline: Duration,
}

/// The target with what keeps its connections in bounds.
pub(crate) struct Line<'a> {
    pub(crate) target: &'a Target,
    /// When all of it must be over.
    until: Instant,
    permits: Semaphore,
    /// How many connections may still be open at once: fewer, each time that one is turned away.
    at_once: AtomicUsize,
    /// Whether it ever answered.
    has_answered: AtomicBool,
}

impl<'a> Line<'a> {
    pub(crate) fn new(target: &'a Target) -> Self {
        Self {
            target,
            until: Instant::now() + target.deadline,
            permits: Semaphore::new(AT_ONCE),
            at_once: AtomicUsize::new(AT_ONCE),
            has_answered: AtomicBool::new(false),
        }
    }

    /// The name that is asked for, if it is one of the DNS.
    pub(crate) fn name(&self) -> Option<String> {
        dns_name(&self.target.server_name)
    }

    /// A connection on which the service has said its greeting.
    ///
    /// # Errors
    /// The last failure.
    pub(crate) async fn greeted(&self) -> io::Result<(Session, String, SemaphorePermit<'_>)> {
        let open = async || {
            let mut session = Session::new(self.connect().await?, self.target.service, self.target.limit);
            let greeting = session.greeting().await?;
            Ok((session, greeting))
        };
        let ((session, greeting), permit) = self.turn(open).await?;
        Ok((session, greeting, permit))
    }

    /// Does something with a connection on which TLS may begin, when it is its turn. If no answer comes in time from a service
    /// that did answer, it may have been busy with the others: it is asked once more, and less at once from then on.
    ///
    /// # Errors
    /// The last failure to get one, or the failure of what was done.
    pub(crate) async fn with<T, F>(&self, mut act: impl FnMut(BoxStream) -> F) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>>,
    {
        let mut is_second = false;
        loop {
            let done = match self.turn(async || self.before_tls().await).await {
                Ok((stream, permit)) => {
                    let done = self.in_time(act(stream)).await;
                    if done.as_ref().is_err_and(is_late) {
                        self.take_away(permit);
                    }
                    done
                }
                Err(error) => Err(error),
            };
            let is_busy = done.as_ref().is_err_and(is_late) && self.has_answered.load(Ordering::Relaxed);
            if !is_busy || is_second {
                self.has_answered.fetch_or(done.is_ok(), Ordering::Relaxed);
                return done;
            }
            is_second = true;
        }
    }

    /// What the service makes of a hello. If it closes without a word, it is asked once more: that may have been a limit.
    ///
    /// # Errors
    /// As [`Line::with`].
    pub(crate) async fn offer(&self, hello: &Hello) -> io::Result<Flight> {
        let ask = async || self.with(async |mut stream| flight::exchange(&mut stream, &hello.octets()).await).await;
        match ask().await? {
            Flight::Closed => ask().await,
            other => Ok(other),
        }
    }

    /// Opens something when it is its turn; again, a bounded number of times, if it is turned away.
    async fn turn<T, F>(&self, mut open: impl FnMut() -> F) -> io::Result<(T, SemaphorePermit<'_>)>
    where
        F: Future<Output = io::Result<T>>,
    {
        let mut tries = 0;
        loop {
            let permit = self.before_the_end(self.permits.acquire()).await?.map_err(io::Error::other)?;
            match self.before_the_end(open()).await? {
                Ok(opened) => return Ok((opened, permit)),
                Err(error) if tries + 1 < TRIES && is_turned_away(&error) => self.take_away(permit),
                Err(error) => return Err(error),
            }
            let pause = PAUSE * (1 << tries);
            self.before_the_end(interval_at(Instant::now() + pause, pause).tick()).await?;
            tries += 1;
        }
    }

    /// One connection less at once from now on, but never none.
    fn take_away(&self, permit: SemaphorePermit<'_>) {
        let less = |many: usize| (many > 1).then(|| many - 1);
        if self.at_once.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
            permit.forget();
        }
    }

    async fn before_tls(&self) -> io::Result<BoxStream> {
        let stream = self.connect().await?;
        if self.target.service.is_implicit() {
            return Ok(stream);
        }
        let mut session = Session::new(stream, self.target.service, self.target.limit);
        session.greeting().await?;
        if session.is_smtp() {
            session.capabilities().await?;
        }
        let (stream, more) = session.starttls("").await?.map_err(|refusal| refusal.error("STARTTLS is refused"))?;
        if !more.is_empty() {
            let more = shown(&String::from_utf8_lossy(&more));
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("it says more in cleartext: {more}")));
        }
        Ok(stream)
    }

    /// A connection, before anything is said.
    ///
    /// # Errors
    /// There is none; [`NoConnection`] is in it.
    pub(crate) async fn connect(&self) -> io::Result<BoxStream> {
        let none = |error: io::Error| io::Error::new(error.kind(), NoConnection(error.to_string()));
        self.in_time((self.target.connect)()).await.map_err(none)
    }

    /// Within the limit of one step.
    ///
    /// # Errors
    /// It failed, or did not come to an end.
    pub(crate) async fn in_time<T>(&self, step: impl Future<Output = io::Result<T>>) -> io::Result<T> {
        let limit = self.target.limit;
        let in_time = async { timeout(limit, step).await.unwrap_or_else(|_| Err(late(limit))) };
        self.before_the_end(in_time).await?
    }

    /// Before all of it must be over.
    ///
    /// # Errors
    /// It did not come to an end.
    pub(crate) async fn before_the_end<T>(&self, step: impl Future<Output = T>) -> io::Result<T> {
        let over = |_| io::Error::new(io::ErrorKind::TimedOut, Over(self.target.deadline.as_secs_f32()));
        timeout_at(self.until, step).await.map_err(over)
    }
}

/// Nobody takes the connection; with the system's word.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct NoConnection(String);

/// One step took too long.
#[derive(Debug, thiserror::Error)]
#[error("no answer within {0} s")]
struct Late(f32);

/// All of the time is over.
#[derive(Debug, thiserror::Error)]
#[error("the probe's {0} s are over")]
pub(crate) struct Over(f32);

/// A name that can be asked for: one of the DNS, no address.
pub(crate) fn dns_name(name: &str) -> Option<String> {
    let is_address = name.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok();
    (!is_address && !name.is_empty()).then(|| name.to_owned())
}

/// Whether a server may think otherwise a moment later.
fn is_turned_away(error: &io::Error) -> bool {
    is_closed(error) || error.kind() == io::ErrorKind::ResourceBusy
}

/// Nothing came in time.
pub(crate) fn late(limit: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, Late(limit.as_secs_f32()))
}

fn is_late(error: &io::Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<Late>())
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("service", &self.service).field("server", &self.server).finish_non_exhaustive()
    }
}
