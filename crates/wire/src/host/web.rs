//! A web server for MTA-STS policies (RFC 8461 §3.3) and TLS reports (RFC 8460 §5.4).

use super::{
    HostKey,
    hello::Heard,
    keys::Server,
    visits::{Visit, Visits, lock},
};
use crate::{BoxStream, Handler, POLICY_PATH, WireError};
use evidence::Connection;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::{Method, Request, Response, StatusCode, body::Incoming, header, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use mail::Reply;
use std::{
    convert::Infallible,
    fmt,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, timeout};

/// How long a connection may last, from its handshake on.
const PATIENCE: Duration = Duration::from_secs(30);
/// The longest request that is read, in octets.
const REQUEST: usize = 16 * 1024;
/// The longest report that is taken, in octets, and how many are kept.
const REPORT: usize = 1 << 20;
const REPORTS: usize = 100;

/// What a web server is like.
#[derive(Debug, Clone)]
pub struct WebPlay {
    /// Its name.
    pub name: String,
    /// What it proves itself with.
    pub key: HostKey,
    /// Status of the answer where the policy should be.
    pub status: u16,
    /// The policy, lines ended by LF; sent with CRLF.
    pub policy: String,
    /// Its media type.
    pub media_type: String,
}

/// The web server, for any number of connections; it answers one request on each.
pub struct WebHost {
    name: String,
    status: StatusCode,
    policy: String,
    media_type: header::HeaderValue,
    pub(super) tls: Server,
    pub(super) patience: Duration,
    visits: Arc<Visits>,
    reports: Mutex<Vec<Posted>>,
}

/// What a client posts: the media type that it says, and the octets.
type Posted = (String, Vec<u8>);

impl WebHost {
    /// Sets it up.
    ///
    /// # Errors
    /// Its key, certificate, versions, status or media type cannot be used. A status below 200 is no answer
    /// (RFC 9110 §15.2).
    pub fn new(play: WebPlay) -> Result<Self, WireError> {
        let WebPlay { name, key, status, policy, media_type } = play;
        let fault = |reason| WireError::Play { host: name.clone(), reason };
        let is_answer = |code: &StatusCode| code.as_u16() >= 200;
        let status = StatusCode::from_u16(status).ok().filter(is_answer);
        let status = status.ok_or_else(|| fault("its status is none of 200 to 999".to_owned()))?;
        let media_type = media_type.parse().map_err(|_| fault(format!("`{media_type}` is no media type")))?;
        let tls = Server::new(&name, &key)?;
        let policy = policy.replace("\r\n", "\n").replace('\n', "\r\n");
        Ok(Self {
            name,
            status,
            policy,
            media_type,
            tls,
            patience: PATIENCE,
            visits: Arc::default(),
            reports: Mutex::default(),
        })
    }

    /// Waits until nobody is connected; false if the deadline passes before.
    pub async fn quiet(&self, deadline: Instant) -> bool {
        self.visits.quiet(deadline).await
    }

    /// Connections since the last call, in the order in which they came.
    pub fn take(&self) -> Vec<Connection> {
        self.visits.take()
    }

    /// TLS reports since the last call, as they were posted.
    pub fn take_reports(&self) -> Vec<Posted> {
        std::mem::take(&mut *lock(&self.reports))
    }

    async fn converse(&self, stream: BoxStream, visit: &Visit) -> &'static str {
        let heard = Heard::default();
        visit.shakes(&heard);
        let shaken = self.tls.accept(stream, &heard).await;
        visit.shook(shaken.as_ref().map(|(_, handshake)| handshake).map_err(String::as_str));
        let Ok((secured, _)) = shaken else { return "the handshake failed" };
        let is_asked = AtomicBool::new(false);
        let answer = service_fn(async |request: Request<Incoming>| {
            let line = format!("{} {} {:?}", request.method(), request.uri(), request.version());
            let response = self.answer(request).await;
            let status = response.status();
            let reason = status.canonical_reason().unwrap_or_default().to_owned();
            visit.said("request", &line, &Reply { code: status.as_u16(), lines: vec![reason] });
            is_asked.store(true, Ordering::Relaxed);
            Ok::<_, Infallible>(response)
        });
        let mut server = http1::Builder::new();
        server.keep_alive(false).max_buf_size(REQUEST).timer(TokioTimer::new()).header_read_timeout(self.patience);
        let served = timeout(self.patience, server.serve_connection(TokioIo::new(secured), answer)).await;
        match (served, is_asked.into_inner()) {
            // how a client closes that has its answer is chance
            (Ok(_), true) => "answered",
            (Ok(Ok(())), false) => "closed by the client",
            (Ok(Err(error)), _) if error.is_timeout() => "the client was silent",
            (Ok(Err(error)), _) if error.is_parse() => "the client sent no request",
            (Ok(Err(_)), _) => "closed by the client",
            (Err(_), false) => "the client was silent",
            (Err(_), true) => "the client did not listen",
        }
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<String> {
        let mut response = Response::new(String::new());
        if request.method() == Method::POST {
            *response.status_mut() = self.post(request).await;
        } else if request.uri().path() == POLICY_PATH {
            *response.status_mut() = self.status;
            response.headers_mut().insert(header::CONTENT_TYPE, self.media_type.clone());
            self.policy.clone_into(response.body_mut());
        } else {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        response
    }

    /// Takes a report, at any path: which one is the record's choice (RFC 8460 §3).
    async fn post(&self, request: Request<Incoming>) -> StatusCode {
        let media_type = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let media_type = media_type.unwrap_or_default().to_owned();
        if !media_type.to_ascii_lowercase().starts_with("application/tlsrpt+") {
            return StatusCode::UNSUPPORTED_MEDIA_TYPE;
        }
        match Limited::new(request.into_body(), REPORT).collect().await {
            Err(error) if error.is::<LengthLimitError>() => StatusCode::PAYLOAD_TOO_LARGE,
            Err(_) => StatusCode::BAD_REQUEST,
            Ok(body) => {
                let mut reports = lock(&self.reports);
                if reports.len() >= REPORTS {
                    return StatusCode::INSUFFICIENT_STORAGE;
                }
                reports.push((media_type, body.to_bytes().to_vec()));
                StatusCode::CREATED
            }
        }
    }
}

impl Handler for WebHost {
    fn serve(self: Arc<Self>, stream: BoxStream, _from: SocketAddr, _to: SocketAddr) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let Some(visit) = self.visits.begin(&self.name, "https") else { return };
            visit.ended(self.converse(stream, &visit).await);
        })
    }
}

impl fmt::Debug for WebHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebHost").field("name", &self.name).finish_non_exhaustive()
    }
}
