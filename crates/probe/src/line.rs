//! The way to a service: connections as many at once as it bears, each brought to where TLS begins.

use crate::{
    flight::{self, Flight},
    hello::Hello,
    speech::Speech,
};
use futures_util::future::BoxFuture;
use mail::Service;
use std::{fmt, io, sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    time::{interval, timeout},
};
use wire::BoxStream;

/// Opens one connection to the service.
pub type Connector = Arc<dyn Fn() -> BoxFuture<'static, io::Result<BoxStream>> + Send + Sync>;

/// So many connections are open at once: Postfix takes 50 from one client (smtpd_client_connection_count_limit).
const AT_ONCE: usize = 16;
/// So often a connection is tried that is turned away, as happens at a server's limits.
const TRIES: usize = 4;
/// How long after being turned away it is tried again.
const PAUSE: Duration = Duration::from_millis(50);

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
    /// How long all of it may take.
    pub deadline: Duration,
}

/// The target with what keeps its connections in bounds.
pub(crate) struct Line<'a> {
    pub(crate) target: &'a Target,
    permits: Semaphore,
}

impl<'a> Line<'a> {
    pub(crate) fn new(target: &'a Target) -> Self {
        Self { target, permits: Semaphore::new(AT_ONCE) }
    }

    /// The name that is asked for, if it is one of the DNS.
    pub(crate) fn name(&self) -> Option<String> {
        let name = &self.target.server_name;
        (name.parse::<std::net::IpAddr>().is_err()).then(|| name.clone())
    }

    /// A connection, before anything is said.
    pub(crate) async fn connect(&self) -> io::Result<BoxStream> {
        let late =
            || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", self.target.limit.as_secs()));
        timeout(self.target.limit, (self.target.connect)()).await.map_err(|_| late())?
    }

    /// A connection in the service's own protocol.
    pub(crate) async fn speech(&self) -> io::Result<Speech> {
        Ok(Speech::new(self.connect().await?, self.target.service, self.target.limit))
    }

    /// Does something with a connection on which TLS may begin, when it is its turn; again, if it is turned away first.
    ///
    /// # Errors
    /// The last failure.
    pub(crate) async fn with<T, F>(&self, mut act: impl FnMut(BoxStream) -> F) -> io::Result<T>
    where
        F: Future<Output = io::Result<T>>,
    {
        let _permit = self.permits.acquire().await.map_err(io::Error::other)?;
        let mut pause = interval(PAUSE);
        let mut last = io::Error::other("never tried");
        for _ in 0..TRIES {
            pause.tick().await;
            match self.before_tls().await {
                Ok(stream) => {
                    let limit = self.target.limit;
                    let late =
                        |_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs()));
                    return timeout(limit, act(stream)).await.map_err(late)?;
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// What the service makes of a hello.
    ///
    /// # Errors
    /// As [`Line::with`].
    pub(crate) async fn offer(&self, hello: &Hello) -> io::Result<Flight> {
        self.with(async |mut stream| flight::exchange(&mut stream, &hello.octets()).await).await
    }

    async fn before_tls(&self) -> io::Result<BoxStream> {
        let stream = self.connect().await?;
        if self.target.service.is_implicit() {
            return Ok(stream);
        }
        let mut speech = Speech::new(stream, self.target.service, self.target.limit);
        speech.greet().await?;
        speech
            .starttls("")
            .await?
            .map_err(|refusal| io::Error::other(format!("STARTTLS is refused: {}", refusal.result())))
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("service", &self.service).field("server", &self.server).finish_non_exhaustive()
    }
}
