//! Says commands, hears replies, and keeps both.

use super::Dialogue;
use crate::{BoxStream, record::Recorder, tls};
use evidence::{Exchange, Handshake, Observed};
use mail::Reply;
use mail_send::SmtpClient;
use plan::Driver;
use rustls_pki_types::ServerName;
use std::{io, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    time::{Instant, timeout_at},
};

/// So many replies to nothing are kept; a server that says more is not listened to any longer.
const UNASKED: usize = 100;

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
        // what mail-send makes of the reply, or of an error, does not matter: the recorder hears the same
        let _ = timeout_at(self.deadline, self.client.cmd(format!("{line}\r\n"))).await;
        self.hear(to, told(to, line)).await
    }

    /// Sends a message behind DATA, and hears the reply to its end.
    pub(super) async fn message(&mut self, driver: Driver, message: &[u8]) -> Option<Reply> {
        let _ = match driver {
            // mail-send ends the last line itself
            Driver::WellBehaved => {
                let lines = message.strip_suffix(b"\r\n").unwrap_or(message);
                timeout_at(self.deadline, self.client.write_message(lines)).await
            }
            Driver::ByteExact => {
                let octets = [message, b"\r\n.\r\n"].concat();
                timeout_at(self.deadline, write(&mut self.client.stream, &octets)).await
            }
        };
        self.hear("end-of-data", String::new()).await
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
            self.keep("connect", String::new(), Observed::Unobserved(reason));
        }
        None
    }

    /// Says QUIT and hears everything up to the reply to it (code 221, RFC 5321 §4.1.1.10), unless all is over.
    pub(super) async fn quit(mut self) -> Dialogue {
        if self.unasked().is_some() {
            let _ = timeout_at(self.deadline, write(&mut self.client.stream, b"QUIT\r\n")).await;
            while !self.is_over {
                let reply = self.client.stream.reply(self.deadline, &self.limit).await;
                match &reply {
                    Observed::Seen(other) if other.code != 221 => self.keep_unasked(reply),
                    _ => {
                        self.keep("quit", "QUIT".to_owned(), reply);
                        break;
                    }
                }
            }
            let _ = timeout_at(self.deadline, self.client.stream.shutdown()).await;
        }
        Dialogue { exchanges: self.exchanges, handshake: self.handshake }
    }

    async fn hear(&mut self, to: &str, sent: String) -> Option<Reply> {
        let reply = self.client.stream.reply(self.deadline, &self.limit).await;
        self.keep(to, sent, reply.clone());
        reply.seen().filter(|_| !self.is_over).cloned()
    }

    /// Keeps the replies that have arrived without being asked for.
    fn unasked(&mut self) -> Option<()> {
        while let Some(reply) = self.client.stream.ready().filter(|_| !self.is_over) {
            self.keep_unasked(Observed::Seen(reply));
        }
        (!self.is_over).then_some(())
    }

    fn keep_unasked(&mut self, reply: Observed<Reply>) {
        self.unasked += 1;
        if self.unasked <= UNASKED {
            self.exchanges.push(Exchange { to: "octets".to_owned(), sent: String::new(), reply });
        } else {
            self.keep("octets", String::new(), Observed::Unobserved(format!("more than {UNASKED} replies to nothing")));
        }
    }

    fn keep(&mut self, to: &str, sent: String, reply: Observed<Reply>) {
        // RFC 5321 §3.8 and, as Postfix uses it, RFC 7504 §3: the server is about to close the connection
        self.is_over |= reply.seen().is_none_or(|reply| matches!(reply.code, 421 | 521));
        self.exchanges.push(Exchange { to: to.to_owned(), sent, reply });
    }
}

fn is_good(reply: &Reply) -> bool {
    reply.code / 100 == 2
}

/// What is told of a command line: what stands behind the mechanism of AUTH is a secret (RFC 4954 §4).
fn told(to: &str, line: &str) -> String {
    let words = if to == "auth" { 2 } else { usize::MAX };
    line.split(' ').take(words).collect::<Vec<_>>().join(" ")
}

async fn write(stream: &mut Recorder, octets: &[u8]) -> io::Result<()> {
    stream.write_all(octets).await?;
    stream.flush().await
}
