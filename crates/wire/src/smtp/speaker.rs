//! Says commands, hears replies, and keeps both.

use super::{Dialogue, Job};
use crate::{BoxStream, record::Recorder, tls};
use evidence::{Exchange, Handshake, Observed};
use mail::Reply;
use mail_send::{SmtpClient, smtp::message::Parameters};
use plan::Driver;
use rustls_pki_types::ServerName;
use std::{io, str::Utf8Chunk, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, timeout_at},
};

/// So many replies to nothing are kept; a server that says more is not listened to any longer.
const UNASKED: usize = 100;
/// How long a server may take to close the connection when all is said.
const AFTERWARDS: Duration = Duration::from_secs(2);

/// The client's side of a connection. Everything that gives an `Option` gives `None` when the dialogue cannot go on.
pub(super) struct Speaker {
    client: SmtpClient<Recorder>,
    deadline: Instant,
    /// The time to the deadline, in words.
    limit: String,
    exchanges: Vec<Exchange>,
    handshake: Observed<Handshake>,
    /// Replies to nothing so far.
    unasked: usize,
    /// There is nobody left to talk to.
    is_over: bool,
}

impl Speaker {
    /// Speaks on this stream for at most this long.
    pub(super) fn new(stream: BoxStream, limit: Duration) -> Self {
        Self {
            client: SmtpClient { stream: Recorder::new(stream), timeout: limit },
            deadline: Instant::now() + limit,
            limit: format!("{} s", limit.as_secs_f32()),
            exchanges: Vec::new(),
            handshake: Observed::Unobserved("it did not come to TLS".to_owned()),
            unasked: 0,
            is_over: false,
        }
    }

    /// Hears the greeting; it must be positive.
    pub(super) async fn greeting(&mut self) -> Option<()> {
        self.hear("connect", String::new()).await.filter(is_good).map(drop)
    }

    /// Says a command, and hears a positive reply.
    pub(super) async fn accepted(&mut self, to: &str, line: &str) -> Option<()> {
        self.say(to, line).await.filter(is_good).map(drop)
    }

    /// Says a command, and hears a reply.
    pub(super) async fn say(&mut self, to: &str, line: &str) -> Option<Reply> {
        self.unasked()?;
        self.write(format!("{line}\r\n").as_bytes()).await;
        self.hear(to, shown(to, line)).await
    }

    /// Says EHLO or HELO, and hears a positive reply.
    pub(super) async fn hello(&mut self, job: &Job) -> Option<()> {
        if job.says_helo {
            return self.accepted("ehlo", &format!("HELO {}", job.ehlo)).await;
        }
        let line = format!("EHLO {}", job.ehlo);
        match job.driver {
            Driver::ByteExact => self.accepted("ehlo", &line).await,
            Driver::WellBehaved => {
                self.unasked()?;
                // what mail-send makes of the reply, or of an error, does not matter: the recorder hears the same
                let _ = timeout_at(self.deadline, self.client.ehlo(&job.ehlo)).await;
                self.hear("ehlo", line).await.filter(is_good).map(drop)
            }
        }
    }

    /// Says MAIL FROM (RFC 5321 §4.1.1.2), with BODY=8BITMIME (RFC 6152 §3) if `is_8bit`.
    pub(super) async fn mail(&mut self, job: &Job, is_8bit: bool) -> Option<Reply> {
        self.unasked()?;
        let body = if is_8bit { " BODY=8BITMIME" } else { "" };
        match address(job, &job.mail_from) {
            Some(address) => {
                let mut parameters = Parameters::new();
                if is_8bit {
                    parameters.add(("BODY", "8BITMIME"));
                }
                let _ = timeout_at(self.deadline, self.client.mail_from(address, &parameters)).await;
            }
            None => self.write(&[b"MAIL FROM:", job.mail_from.as_slice(), body.as_bytes(), b"\r\n"].concat()).await,
        }
        self.hear("mail-from", format!("MAIL FROM:{}{body}", escaped(&job.mail_from))).await
    }

    /// Says RCPT TO (RFC 5321 §4.1.1.3).
    pub(super) async fn recipient(&mut self, job: &Job, path: &[u8]) -> Option<Reply> {
        self.unasked()?;
        match address(job, path) {
            Some(address) => {
                let _ = timeout_at(self.deadline, self.client.rcpt_to(address, &Parameters::new())).await;
            }
            None => self.write(&[b"RCPT TO:", path, b"\r\n"].concat()).await,
        }
        self.hear("rcpt-to", format!("RCPT TO:{}", escaped(path))).await
    }

    /// Says DATA, sends the message behind it if the server wants it, and hears the reply to its end.
    pub(super) async fn message(&mut self, job: &Job) -> Option<()> {
        self.unasked()?;
        match job.driver {
            Driver::WellBehaved => {
                // mail-send ends the last line itself
                let lines = job.message.strip_suffix(b"\r\n").unwrap_or(&job.message);
                let _ = timeout_at(self.deadline, self.client.data(lines)).await;
                if self.hear("data", "DATA".to_owned()).await?.code == 354 {
                    self.hear("end-of-data", String::new()).await?;
                }
            }
            Driver::ByteExact => {
                if self.say("data", "DATA").await?.code == 354 {
                    self.unasked()?;
                    self.write(&[job.message.as_slice(), b"\r\n.\r\n"].concat()).await;
                    self.hear("end-of-data", String::new()).await?;
                }
            }
        }
        Some(())
    }

    /// Sends octets as they are. If nobody takes them, it is heard in the place of a reply.
    pub(super) async fn write(&mut self, octets: &[u8]) {
        let written = async {
            self.client.stream.write_all(octets).await?;
            self.client.stream.flush().await
        };
        let _: Result<io::Result<()>, _> = timeout_at(self.deadline, written).await;
    }

    /// Whether the last reply, which must be the one to EHLO, has this keyword (RFC 5321 §4.1.1.1).
    pub(super) fn is_offered(&self, keyword: &str) -> bool {
        let reply = self.exchanges.last().and_then(|exchange| exchange.reply.seen());
        let mut lines = reply.iter().flat_map(|reply| reply.lines.iter().skip(1));
        lines.any(|line| line.split(' ').next().is_some_and(|word| word.eq_ignore_ascii_case(keyword)))
    }

    /// Why there is no TLS.
    pub(super) fn without_tls(&mut self, reason: &str) {
        self.handshake = Observed::Unobserved(reason.to_owned());
    }

    /// Goes on under TLS.
    pub(super) async fn secure(&mut self, name: &ServerName<'static>, anchor: &pki::Anchor) -> Option<()> {
        self.unasked()?;
        let stream = self.client.stream.take();
        let reason = match timeout_at(self.deadline, tls::secure(stream, name, anchor)).await {
            Ok(Ok((stream, handshake))) => {
                self.client.stream.put(stream);
                self.handshake = Observed::Seen(handshake);
                return Some(());
            }
            Ok(Err(error)) => format!("the handshake failed: {error}"),
            Err(_) => format!("no handshake within {}", self.limit),
        };
        self.is_over = true;
        self.without_tls(&reason);
        if self.exchanges.is_empty() {
            self.keep("connect", String::new(), Observed::Unobserved(reason), None);
        }
        None
    }

    /// Says QUIT and hears everything up to the reply to it (code 221, RFC 5321 §4.1.1.10), unless all is over, and whatever
    /// comes behind it.
    pub(super) async fn quit(mut self) -> Dialogue {
        if self.unasked().is_some() {
            self.write(b"QUIT\r\n").await;
            while !self.is_over {
                let reply = self.client.stream.reply(self.deadline, &self.limit).await;
                match &reply {
                    Observed::Seen(other) if other.code != 221 => self.keep_unexpected(reply),
                    _ => {
                        self.keep("quit", "QUIT".to_owned(), reply, None);
                        break;
                    }
                }
            }
        }
        self.end().await
    }

    /// Closes this side of the connection, and hears what still comes until the server closes its own, for a moment.
    pub(super) async fn end(mut self) -> Dialogue {
        let until = self.deadline.min(Instant::now() + AFTERWARDS);
        let is_answered = self.exchanges.last().is_none_or(|exchange| exchange.reply.seen().is_some());
        let _ = timeout_at(until, self.client.stream.shutdown()).await;
        while is_answered && self.unasked < UNASKED {
            let reply = self.client.stream.reply(until, &self.limit).await;
            if reply.seen().is_none() {
                break;
            }
            self.keep_unexpected(reply);
        }
        Dialogue { exchanges: self.exchanges, handshake: self.handshake }
    }

    /// Hears a reply; `awaited` is what is waited for.
    pub(super) async fn hear_awaited(&mut self, to: &str, sent: String, awaited: Option<String>) -> Option<Reply> {
        let reply = self.client.stream.reply(self.deadline, &self.limit).await;
        self.keep(to, sent, reply.clone(), awaited);
        reply.seen().filter(|_| !self.is_over).cloned()
    }

    async fn hear(&mut self, to: &str, sent: String) -> Option<Reply> {
        self.hear_awaited(to, sent, None).await
    }

    /// Whether the last reply is the one that was waited for.
    pub(super) fn is_as_awaited(&self) -> bool {
        self.exchanges.last().is_none_or(|exchange| exchange.is_as_awaited() == Some(true))
    }

    /// Keeps the replies that have arrived without being asked for.
    pub(super) fn unasked(&mut self) -> Option<()> {
        while let Some(reply) = self.client.stream.ready().filter(|_| !self.is_over) {
            self.keep_unexpected(Observed::Seen(reply));
        }
        (!self.is_over).then_some(())
    }

    fn keep_unexpected(&mut self, reply: Observed<Reply>) {
        self.unasked += 1;
        if self.unasked <= UNASKED {
            self.exchanges.push(Exchange::new("unexpected", "", reply));
        } else {
            let why = format!("more than {UNASKED} replies to nothing");
            self.keep("unexpected", String::new(), Observed::Unobserved(why), None);
        }
    }

    fn keep(&mut self, to: &str, sent: String, reply: Observed<Reply>, awaited: Option<String>) {
        // RFC 5321 §3.8 and, as Postfix uses it, RFC 7504 §3: the server is about to close the connection
        self.is_over |= reply.seen().is_none_or(|reply| matches!(reply.code, 421 | 521));
        self.exchanges.push(Exchange { awaited, ..Exchange::new(to, &sent, reply) });
    }
}

fn is_good(reply: &Reply) -> bool {
    reply.code / 100 == 2
}

/// The address of a path that mail-send can say: it puts the brackets around it.
fn address<'a>(job: &Job, path: &'a [u8]) -> Option<&'a str> {
    let address = path.strip_prefix(b"<")?.strip_suffix(b">").filter(|_| job.driver == Driver::WellBehaved)?;
    str::from_utf8(address).ok().filter(|address| !address.contains(['\r', '\n']))
}

/// Octets as text: those that are none, and control characters, as escapes.
pub(super) fn escaped(octets: &[u8]) -> String {
    let text = |text: &str| {
        text.chars().map(|c| if c.is_control() { c.escape_default().to_string() } else { c.into() }).collect()
    };
    let chunk = |chunk: Utf8Chunk<'_>| {
        let valid: String = text(chunk.valid());
        valid + &chunk.invalid().escape_ascii().to_string()
    };
    octets.utf8_chunks().map(chunk).collect()
}

/// What is shown of a command line: what stands behind the mechanism of AUTH is a secret (RFC 4954 §4).
fn shown(to: &str, line: &str) -> String {
    let words = if to == "auth" { 2 } else { usize::MAX };
    line.split(' ').take(words).collect::<Vec<_>>().join(" ")
}
