//! An MTA that takes mail (RFC 5321), and does about TLS whatever a scenario asks of it.

use super::{
    HostKey,
    hello::Heard,
    keys::Server,
    visits::{Visit, Visits, lock},
};
use crate::{BoxStream, Handler, WireError};
use evidence::{Arrived, Connection};
use futures_util::future::BoxFuture;
use mail::{Message, Reply};
use scenario::{Interference, StarttlsPlay};
use std::{
    fmt, io,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    time::{Instant, timeout},
};

/// How long a client may take over one line (RFC 5321 §4.5.3.2.7).
const PATIENCE: Duration = Duration::from_secs(300);
/// The longest command line, in octets; RFC 5321 §4.5.3.1.4 asks for 512.
const LINE: usize = 4096;
/// The longest message, in octets.
const MESSAGE: usize = 32 << 20;
/// So many messages are kept; then no more are taken until they are fetched.
const KEPT: usize = 10_000;
/// Recipients of one message (RFC 5321 §4.5.3.1.8).
const RECIPIENTS: usize = 1000;

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
    /// The reply to the line with a single dot; `None`: the message is taken.
    pub end_of_data: Option<String>,
}

/// The MTA, for any number of connections.
pub struct MxHost {
    name: String,
    starttls: StarttlsPlay,
    wire: Interference,
    end_of_data: Option<Reply>,
    tls: Server,
    visits: Arc<Visits>,
    arrived: Mutex<Vec<Arrived>>,
}

impl MxHost {
    /// Sets it up.
    ///
    /// # Errors
    /// Its key or certificate cannot be used, or its reply to the end of data is none (RFC 5321 §4.2).
    pub fn new(play: MxPlay) -> Result<Self, WireError> {
        let MxPlay { name, starttls, wire, key, swapped, end_of_data } = play;
        let fault = |reason| WireError::Play { host: name.clone(), reason };
        let end_of_data = end_of_data.map(|text| text.parse().map_err(|e| fault(format!("`{text}` is no reply: {e}"))));
        let end_of_data = end_of_data.transpose()?;
        let tls = Server::new(&name, swapped.as_ref().unwrap_or(&key))?;
        Ok(Self { name, starttls, wire, end_of_data, tls, visits: Arc::default(), arrived: Mutex::default() })
    }

    /// Waits until nobody is connected; false if the deadline passes before.
    pub async fn quiet(&self, deadline: Instant) -> bool {
        self.visits.quiet(deadline).await
    }

    /// Connections and messages since the last call, in the order in which they came.
    pub fn take(&self) -> (Vec<Connection>, Vec<Arrived>) {
        (self.visits.take(), std::mem::take(&mut *lock(&self.arrived)))
    }

    fn offers_starttls(&self) -> bool {
        self.starttls != StarttlsPlay::Absent && self.wire != Interference::StripStarttls
    }

    async fn converse(&self, stream: BoxStream, visit: &Visit) -> Result<&'static str, Gone> {
        let mut speech = Speech { host: self, client: BufReader::new(stream), visit, is_protected: false };
        let mut envelope: Option<(String, Vec<String>)> = None;
        speech.say("connect", "", &format!("220 {} ESMTP", self.name)).await?;
        loop {
            let line = speech.line(LINE).await?;
            let text = String::from_utf8_lossy(&line);
            let command = text.trim_end();
            let verb = command.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            let (to, reply) = match (verb.as_str(), &mut envelope) {
                ("EHLO", _) => {
                    envelope = None;
                    ("ehlo", speech.extensions())
                }
                ("HELO", _) => {
                    envelope = None;
                    ("ehlo", format!("250 {}", self.name))
                }
                ("STARTTLS", _) => {
                    if speech.starttls(command).await? {
                        envelope = None;
                    }
                    continue;
                }
                ("MAIL", None) => {
                    envelope = Some((path(command), Vec::new()));
                    ("mail-from", "250 2.1.0 ok".to_owned())
                }
                ("RCPT", Some((_, rcpt_to))) if rcpt_to.len() < RECIPIENTS => {
                    rcpt_to.push(path(command));
                    ("rcpt-to", "250 2.1.5 ok".to_owned())
                }
                ("RCPT", Some(_)) => ("rcpt-to", "452 4.5.3 too many recipients".to_owned()),
                ("DATA", Some((_, rcpt_to))) if !rcpt_to.is_empty() => {
                    speech.say("data", command, "354 go ahead").await?;
                    let octets = speech.data(self.wire == Interference::CutInData).await?;
                    let (mail_from, rcpt_to) = envelope.take().expect("there is an envelope");
                    let reply = self.taken(mail_from, rcpt_to, &octets, speech.is_protected);
                    speech.say("end-of-data", "", &reply).await?;
                    continue;
                }
                ("RSET", _) => {
                    envelope = None;
                    ("octets", "250 2.0.0 ok".to_owned())
                }
                ("NOOP", _) => ("octets", "250 2.0.0 ok".to_owned()),
                ("QUIT", _) => {
                    speech.say("quit", command, "221 2.0.0 bye").await?;
                    return Ok("quit");
                }
                ("MAIL" | "RCPT" | "DATA", _) => ("octets", "503 5.5.1 bad sequence of commands".to_owned()),
                _ => ("octets", "500 5.5.1 what?".to_owned()),
            };
            speech.say(to, command, &reply).await?;
        }
    }

    /// Keeps a message, unless this host refuses it or has no room.
    fn taken(&self, mail_from: String, rcpt_to: Vec<String>, octets: &[u8], is_protected: bool) -> String {
        if let Some(refusal) = &self.end_of_data {
            return refusal.to_string().replace('\n', "\r\n");
        }
        let mut arrived = lock(&self.arrived);
        if arrived.len() >= KEPT {
            return "452 4.3.1 no room".to_owned();
        }
        let (host, message) = (self.name.clone(), Message::parse(octets));
        arrived.push(Arrived { host, mail_from, rcpt_to, is_protected, message });
        "250 2.0.0 kept".to_owned()
    }
}

/// Why a connection ended before QUIT.
struct Gone(&'static str);

impl From<io::Error> for Gone {
    fn from(_: io::Error) -> Self {
        Self("closed by the client")
    }
}

/// One connection, as the host speaks on it.
struct Speech<'a> {
    host: &'a MxHost,
    client: BufReader<BoxStream>,
    visit: &'a Visit,
    is_protected: bool,
}

impl Speech<'_> {
    fn extensions(&self) -> String {
        let starttls = if self.host.offers_starttls() && !self.is_protected { "250-STARTTLS\r\n" } else { "" };
        let name = &self.host.name;
        format!("250-{name}\r\n250-PIPELINING\r\n250-SIZE {MESSAGE}\r\n{starttls}250-8BITMIME\r\n250 SMTPUTF8")
    }

    /// Whether there is TLS afterwards.
    async fn starttls(&mut self, command: &str) -> Result<bool, Gone> {
        if self.is_protected || !self.host.offers_starttls() {
            self.say("starttls", command, "502 5.5.1 no such command").await?;
            return Ok(false);
        }
        match self.host.starttls {
            StarttlsPlay::Refused(code) => {
                let status = if code / 100 == 4 { "4.7.0" } else { "5.7.0" };
                self.say("starttls", command, &format!("{code} {status} no TLS now")).await?;
                return Ok(false);
            }
            StarttlsPlay::Injected => self.say("starttls", command, "220 2.0.0 go ahead\r\n250 2.0.0 injected").await?,
            StarttlsPlay::Offered | StarttlsPlay::Absent => {
                self.say("starttls", command, "220 2.0.0 go ahead").await?;
            }
        }
        // what came before the handshake is dropped with the buffer (RFC 3207 §6)
        let client = std::mem::replace(&mut self.client, BufReader::new(Box::new(tokio::io::empty())));
        let heard = Heard::default();
        let shaken = self.host.tls.accept(client.into_inner(), &heard).await;
        let (stream, handshake) = shaken.map_or_else(|why| (None, Err(why)), |(stream, h)| (Some(stream), Ok(h)));
        self.visit.shook(&heard, handshake);
        self.client = BufReader::new(stream.ok_or(Gone("the handshake failed"))?);
        self.is_protected = true;
        Ok(true)
    }

    /// Says a reply, whole, and notes it down. What is behind its last line goes in the same segment.
    async fn say(&mut self, to: &str, sent: &str, reply: &str) -> Result<(), Gone> {
        let first: Vec<&str> = reply.split("\r\n").scan(false, |is_over, line| {
            let goes_on = !std::mem::replace(is_over, Reply::ends_with(line));
            goes_on.then_some(line)
        }).collect();
        if let Ok(reply) = first.join("\n").parse::<Reply>() {
            self.visit.said(to, sent, &reply);
        }
        self.client.write_all(format!("{reply}\r\n").as_bytes()).await?;
        Ok(self.client.flush().await?)
    }

    /// The next line with its LF, of at most `limit` octets.
    async fn line(&mut self, limit: usize) -> Result<Vec<u8>, Gone> {
        let mut line = Vec::new();
        let mut limited = (&mut self.client).take(limit as u64);
        match timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await {
            Err(_) => Err(Gone("the client was silent")),
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(_)) if line.ends_with(b"\n") => Ok(line),
            Ok(Ok(_)) if line.len() >= limit => Err(Gone("the client sent a line without end")),
            Ok(Ok(_)) => Err(Gone("closed by the client")),
        }
    }

    /// Everything up to `CRLF . CRLF`, without the stuffed dots (RFC 5321 §4.5.2); or only its first line, when the line
    /// is cut there.
    async fn data(&mut self, is_cut: bool) -> Result<Vec<u8>, Gone> {
        let mut message = Vec::new();
        loop {
            let line = self.line(MESSAGE.saturating_sub(message.len()).max(1)).await?;
            if is_cut {
                return Err(Gone("cut in DATA on the way"));
            }
            let begins = message.is_empty() || message.ends_with(b"\r\n");
            match line.strip_prefix(b".").filter(|_| begins) {
                Some(b"\r\n") => return Ok(message),
                Some(rest) => message.extend_from_slice(rest),
                None => message.extend_from_slice(&line),
            }
        }
    }
}

impl Handler for MxHost {
    fn serve(self: Arc<Self>, stream: BoxStream, _from: SocketAddr, _to: SocketAddr) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let visit = self.visits.begin(&self.name, "smtp");
            visit.ended(match self.converse(stream, &visit).await {
                Ok(how) | Err(Gone(how)) => how,
            });
        })
    }
}

/// What stands between angle brackets.
fn path(line: &str) -> String {
    let path = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    path.map_or(String::new(), |(path, _)| path.to_owned())
}

impl fmt::Debug for MxHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MxHost").field("name", &self.name).finish_non_exhaustive()
    }
}
