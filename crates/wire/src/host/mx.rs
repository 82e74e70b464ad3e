//! An MTA that takes mail (RFC 5321), and does about TLS whatever a scenario asks of it.

use super::{
    HostKey,
    keys::Server,
    session::Session,
    spool::{Spool, SpoolPermit},
    visits::{Visit, Visits, lock},
};
use crate::{BoxStream, Handler, WireError, middle};
use evidence::{Arrived, Connection};
use futures_util::future::BoxFuture;
use mail::{Message, Reply};
use plan::{Interference, PlayedReply, Point, StarttlsPlay};
use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// Octets between the host and somebody on the way.
const BETWEEN: usize = 64 * 1024;
/// So many octets of messages are kept or on their way, together.
const ROOM: usize = 64 << 20;

/// What an MTA is like.
#[derive(Debug, Clone)]
pub struct MxPlay {
    /// What it calls itself.
    pub name: String,
    /// What it does about STARTTLS.
    pub starttls: StarttlsPlay,
    /// What somebody on the way does.
    pub wire: Interference,
    /// What it proves itself with.
    pub key: HostKey,
    /// What somebody on the way proves himself with who swaps the certificate.
    pub swapped: Option<HostKey>,
    /// What it replies otherwise than a good MTA.
    pub replies: BTreeMap<Point, Vec<PlayedReply>>,
}

/// The MTA, for any number of connections.
pub struct MxHost {
    pub(super) name: String,
    pub(super) starttls: StarttlsPlay,
    pub(super) wire: Interference,
    pub(super) tls: Server,
    pub(super) limits: Limits,
    pub(super) spool: Spool,
    replies: BTreeMap<Point, Vec<PlayedReply>>,
    /// How often each point was reached that has a reply of its own.
    reached: Mutex<BTreeMap<Point, usize>>,
    visits: Arc<Visits>,
}

/// How patient an MTA is, and what it takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// How long a client may take over one line, and over hearing a reply.
    pub(super) line: Duration,
    /// How long a connection may last.
    pub(super) connection: Duration,
    /// The longest message, in octets.
    pub(super) message: usize,
}

/// RFC 5321 §4.5.3.2.7 asks for 5 minutes a line.
const LIMITS: Limits =
    Limits { line: Duration::from_secs(300), connection: Duration::from_secs(900), message: 32 << 20 };

/// Who sends a message, and for whom.
#[derive(Debug, Clone, Default)]
pub(super) struct Envelope {
    pub(super) mail_from: String,
    pub(super) rcpt_to: Vec<String>,
}

impl MxHost {
    /// Sets it up.
    ///
    /// # Errors
    /// Its key, certificate or versions cannot be used, one of its replies is none (RFC 5321 §4.2), or there is no
    /// certificate to swap.
    pub fn new(play: MxPlay) -> Result<Self, WireError> {
        let MxPlay { name, starttls, wire, key, swapped, replies } = play;
        let fault = |reason| WireError::Play { host: name.clone(), reason };
        for reply in replies.values().flatten() {
            if let PlayedReply::Says(text) = reply {
                text.parse::<Reply>().map_err(|e| fault(format!("`{text}` is no reply: {e}")))?;
            }
        }
        let shown = match wire {
            Interference::SwapCertificate => {
                swapped.ok_or_else(|| fault("there is no certificate to swap its own for".to_owned()))?
            }
            Interference::None | Interference::StripStarttls | Interference::CutInData => key,
        };
        let tls = Server::new(&name, &shown)?;
        let (limits, spool, visits) = (LIMITS, Spool::of(ROOM), Arc::default());
        Ok(Self { name, starttls, wire, tls, limits, spool, replies, reached: Mutex::default(), visits })
    }

    /// Waits until nobody is connected; false if the deadline passes before.
    pub async fn quiet(&self, deadline: Instant) -> bool {
        self.visits.quiet(deadline).await
    }

    /// Connections and messages since the last call, in the order in which they came. A connection that is `still open`
    /// is there again in a later call, with the rest of its dialogue, if that is more than a farewell.
    pub fn take(&self) -> (Vec<Connection>, Vec<Arrived>) {
        (self.visits.take(), self.spool.take())
    }

    /// What the scenario has it reply at this point, this time.
    pub(super) fn played(&self, point: Point) -> Option<PlayedReply> {
        let replies = self.replies.get(&point)?;
        let mut reached = lock(&self.reached);
        let times = reached.entry(point).or_default();
        let reply = replies.get(*times).or(replies.last());
        *times += 1;
        reply.cloned()
    }

    /// What becomes of a message: the reply to its end, which may be one of the scenario's.
    pub(super) fn taken(
        &self,
        envelope: Envelope,
        octets: &[u8],
        is_protected: bool,
        claim: SpoolPermit,
        played: Option<Reply>,
    ) -> Reply {
        if let Some(refusal) = played.clone().filter(|reply| reply.code / 100 != 2) {
            return refusal;
        }
        let Envelope { mail_from, rcpt_to } = envelope;
        let (host, message) = (self.name.clone(), Message::parse(octets));
        if !self.spool.keep(Arrived { host, mail_from, rcpt_to, is_protected, message }, claim) {
            return Reply { code: 452, lines: vec!["4.3.1 no room".to_owned()] };
        }
        played.unwrap_or_else(|| Reply { code: 250, lines: vec!["2.0.0 kept".to_owned()] })
    }

    /// The connection to its end, with whom the scenario puts on the way, and how it ended.
    async fn attend(&self, stream: BoxStream, visit: &Visit) -> String {
        let attended = async {
            if self.wire != Interference::StripStarttls {
                return Session::new(self, stream, visit).run().await;
            }
            let (near, far) = tokio::io::duplex(BETWEEN);
            let host = Session::new(self, Box::new(near), visit).run();
            // how the way ends is how the host hears it
            let (how, _) = tokio::join!(host, middle::strip_starttls(stream, far));
            how
        };
        let late = || "the connection lasted too long".to_owned();
        timeout(self.limits.connection, attended).await.unwrap_or_else(|_| late())
    }
}

impl Handler for MxHost {
    fn serve(self: Arc<Self>, stream: BoxStream, _from: SocketAddr, _to: SocketAddr) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Some(visit) = self.visits.begin(&self.name, "smtp") else { return };
            visit.ended(&self.attend(stream, &visit).await);
        })
    }
}

impl fmt::Debug for MxHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MxHost").field("name", &self.name).finish_non_exhaustive()
    }
}
