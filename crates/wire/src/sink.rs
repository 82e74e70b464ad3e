//! A well-behaved SMTP server that takes any mail and keeps it (RFC 5321).

use crate::{BoxStream, Handler, nonce_of};
use futures_util::future::BoxFuture;
use mail::{Message, Nonce};
use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    sync::watch,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsAcceptor;

/// How long a client may take over one line (RFC 5321 §4.5.3.2.7).
const PATIENCE: Duration = Duration::from_secs(300);
/// The longest command line, in octets; RFC 5321 §4.5.3.1.4 asks for 512.
const LINE: usize = 4096;
/// The longest message, in octets.
const MESSAGE: usize = 32 << 20;
/// So many messages are kept; then no more are taken until some are forgotten.
const KEPT: usize = 10_000;

/// A message that arrived, and its envelope as the client wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// What stood between the angle brackets of MAIL FROM; empty for the null reverse-path.
    pub mail_from: String,
    /// What stood between those of each RCPT TO.
    pub rcpt_to: Vec<String>,
    /// The message.
    pub message: Message,
}

/// The server, for any number of connections.
pub struct SmtpSink {
    name: String,
    tls: Option<TlsAcceptor>,
    received: watch::Sender<Vec<Received>>,
}

impl SmtpSink {
    /// A server that calls itself so, and offers STARTTLS (RFC 3207) if it has a configuration for it.
    #[must_use]
    pub fn new(name: &str, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        Self { name: name.to_owned(), tls: tls.map(TlsAcceptor::from), received: watch::Sender::default() }
    }

    /// All messages that it keeps, in the order in which they arrived.
    #[must_use]
    pub fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// The messages with this nonce; waits until there is one, or the deadline passes.
    pub async fn find(&self, nonce: &Nonce, deadline: Instant) -> Vec<Received> {
        let mine = |received: &&Received| nonce_of(&received.message).as_ref() == Some(nonce);
        let mut changes = self.received.subscribe();
        match timeout_at(deadline, changes.wait_for(|all| all.iter().any(|received| mine(&received)))).await {
            Ok(Ok(all)) => all.iter().filter(mine).cloned().collect(),
            Ok(Err(_)) | Err(_) => Vec::new(),
        }
    }

    /// Drops the messages with this nonce.
    pub fn forget(&self, nonce: &Nonce) {
        self.received.send_modify(|all| all.retain(|received| nonce_of(&received.message).as_ref() != Some(nonce)));
    }

    async fn converse(&self, stream: BoxStream) -> io::Result<()> {
        let mut client = BufReader::new(stream);
        let mut envelope: Option<(String, Vec<String>)> = None;
        let mut is_secure = false;
        say(&mut client, &format!("220 {} ESMTP", self.name)).await?;
        loop {
            let line = line(&mut client, LINE).await?;
            let line = String::from_utf8_lossy(&line);
            let line = line.trim_end();
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let tls = self.tls.as_ref().filter(|_| !is_secure);
            let reply = match (verb.as_str(), &mut envelope) {
                ("EHLO", _) => {
                    envelope = None;
                    let starttls = if tls.is_some() { "250-STARTTLS\r\n" } else { "" };
                    format!("250-{}\r\n{starttls}250-8BITMIME\r\n250-SMTPUTF8\r\n250 PIPELINING", self.name)
                }
                ("HELO", _) => {
                    envelope = None;
                    format!("250 {}", self.name)
                }
                ("STARTTLS", _) => match tls {
                    Some(acceptor) => {
                        say(&mut client, "220 2.0.0 go ahead").await?;
                        // what came before the handshake is dropped with the buffer (RFC 3207 §6)
                        let stream = timeout(PATIENCE, acceptor.accept(client.into_inner())).await??;
                        client = BufReader::new(Box::new(stream));
                        (envelope, is_secure) = (None, true);
                        continue;
                    }
                    None => "503 5.5.1 no TLS now".to_owned(),
                },
                ("MAIL", None) => {
                    envelope = Some((path(line), Vec::new()));
                    "250 2.1.0 ok".to_owned()
                }
                ("RCPT", Some((_, rcpt_to))) if rcpt_to.len() < 1000 => {
                    rcpt_to.push(path(line));
                    "250 2.1.5 ok".to_owned()
                }
                ("RCPT", Some(_)) => "452 4.5.3 too many recipients".to_owned(),
                ("DATA", Some((mail_from, rcpt_to))) if !rcpt_to.is_empty() => {
                    say(&mut client, "354 go ahead").await?;
                    let message = Message::parse(&data(&mut client).await?);
                    let received =
                        Received { mail_from: std::mem::take(mail_from), rcpt_to: std::mem::take(rcpt_to), message };
                    envelope = None;
                    self.keep(received).to_owned()
                }
                ("RSET", _) => {
                    envelope = None;
                    "250 2.0.0 ok".to_owned()
                }
                ("NOOP", _) => "250 2.0.0 ok".to_owned(),
                ("VRFY", _) => "252 2.5.0 just send it".to_owned(),
                ("QUIT", _) => return say(&mut client, "221 2.0.0 bye").await,
                ("MAIL" | "RCPT" | "DATA", _) => "503 5.5.1 bad sequence of commands".to_owned(),
                _ => "500 5.5.1 what?".to_owned(),
            };
            say(&mut client, &reply).await?;
        }
    }

    fn keep(&self, received: Received) -> &'static str {
        let is_kept = self.received.send_if_modified(|all| {
            let has_room = all.len() < KEPT;
            if has_room {
                all.push(received);
            }
            has_room
        });
        if is_kept { "250 2.0.0 kept" } else { "452 4.3.1 no room" }
    }
}

impl Handler for SmtpSink {
    fn serve(self: Arc<Self>, stream: BoxStream, _from: SocketAddr, _to: SocketAddr) -> BoxFuture<'static, ()> {
        // a client that goes away in the middle has brought nothing
        Box::pin(async move { drop(self.converse(stream).await) })
    }
}

async fn say(client: &mut BufReader<BoxStream>, reply: &str) -> io::Result<()> {
    client.write_all(format!("{reply}\r\n").as_bytes()).await?;
    client.flush().await
}

/// The next line with its LF, of at most `limit` octets.
async fn line(client: &mut BufReader<BoxStream>, limit: usize) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    timeout(PATIENCE, client.take(limit as u64).read_until(b'\n', &mut line)).await??;
    if line.ends_with(b"\n") { Ok(line) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

/// Everything up to `CRLF . CRLF`, without the stuffed dots (RFC 5321 §4.5.2).
async fn data(client: &mut BufReader<BoxStream>) -> io::Result<Vec<u8>> {
    let mut message = Vec::new();
    loop {
        let line = line(client, MESSAGE - message.len()).await?;
        let begins = message.is_empty() || message.ends_with(b"\r\n");
        match line.strip_prefix(b".").filter(|_| begins) {
            Some(b"\r\n") => return Ok(message),
            Some(rest) => message.extend_from_slice(rest),
            None => message.extend_from_slice(&line),
        }
    }
}

/// What stands between angle brackets.
fn path(line: &str) -> String {
    let path = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    path.map_or(String::new(), |(path, _)| path.to_owned())
}

impl fmt::Debug for SmtpSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SmtpSink").field("name", &self.name).finish_non_exhaustive()
    }
}
