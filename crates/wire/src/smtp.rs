//! The SMTP clients: one transaction on one connection (RFC 5321 §3.3), and every command and reply of it.

mod script;
mod speaker;
#[cfg(test)]
mod tests;

use crate::{BoxStream, Login, Route, WireError, tls};
use data_encoding::BASE64;
use evidence::{Exchange, Handshake, Observed};
use mail::Nonce;
use plan::{Driver, Tls, Transcript};
use rustls_pki_types::ServerName;
use speaker::Speaker;
use std::time::Duration;

/// A message, and how it is brought.
#[derive(Debug, Clone)]
pub struct Job {
    /// The way to the server.
    pub route: Route,
    /// Which client speaks. They differ in what they send behind DATA, and in whether they ask for 8BITMIME.
    pub driver: Driver,
    /// How the connection is protected.
    pub tls: Tls,
    /// What is said in EHLO.
    pub ehlo: String,
    /// It is said in HELO instead.
    pub says_helo: bool,
    /// Who logs in, with AUTH PLAIN (RFC 4616), whether or not the server offers it.
    pub login: Option<Login>,
    /// The name that the server's certificate should have, and that is sent to it (RFC 6066 §3); a DNS name or an
    /// IP address. Not looked at without TLS.
    pub server_name: String,
    /// What is said behind `MAIL FROM:`, such as `<bob@sender.example>`; any octets.
    pub mail_from: Vec<u8>,
    /// What is said behind each `RCPT TO:`, in order; any octets.
    pub rcpt_to: Vec<Vec<u8>>,
    /// The octets to send behind DATA, with CRLF at the ends of lines and without dot-stuffing.
    pub message: Vec<u8>,
    /// A dialogue that is written out, and the nonce of the message: only that is said, and not what stands above.
    pub script: Option<(Transcript, Nonce)>,
    /// What the server's certificate is judged by.
    pub anchor: pki::Anchor,
    /// How long the whole dialogue may take.
    pub limit: Duration,
}

/// What was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialogue {
    /// Commands and replies, in order.
    pub exchanges: Vec<Exchange>,
    /// The TLS handshake, or why there was none.
    pub handshake: Observed<Handshake>,
}

/// Brings a message to a server, as far as the server lets it: a refused EHLO, STARTTLS, AUTH, MAIL or DATA, or
/// RCPT refused for all, leads to QUIT; silence, nonsense, a closed connection and a failed handshake end it at once.
/// The octets of [`Driver::ByteExact`] may have commands in them; replies to those are `unexpected` ones, which are read until
/// the server closes the connection, within a bound.
///
/// # Errors
/// The entrance does not take the connection, or `server_name` is no name. What the server does is never an error.
pub async fn converse(job: Job) -> Result<Dialogue, WireError> {
    let name = match job.tls {
        Tls::None => None,
        Tls::Starttls | Tls::Implicit => Some(tls::server_name(&job.server_name)?),
    };
    let mut speaker = Speaker::new(Box::new(job.route.open(job.limit).await?), job.limit);
    if name.is_none() {
        speaker.without_tls("no TLS was asked for");
    }
    if let Some((transcript, nonce)) = &job.script {
        if job.tls == Tls::Implicit
            && let Some(name) = &name
            && speaker.secure(name, &job.anchor).await.is_none()
        {
            return Ok(speaker.quit().await);
        }
        return Ok(script::play(speaker, &job, transcript, nonce, name.as_ref()).await);
    }
    speak(&mut speaker, &job, name.as_ref()).await;
    Ok(speaker.quit().await)
}

/// Asks a server in cleartext, one command after the other, whatever it replies to those before. An exchange is called after the
/// command's first word, as `vrfy`. Silence, nonsense and a closed connection end it at once.
pub async fn ask(stream: BoxStream, ehlo: &str, commands: &[String], limit: Duration) -> Vec<Exchange> {
    let mut speaker = Speaker::new(stream, limit);
    let is_there =
        speaker.greeting().await.is_some() && speaker.accepted("ehlo", &format!("EHLO {ehlo}")).await.is_some();
    for command in commands.iter().filter(|_| is_there) {
        let word = command.split(' ').next().unwrap_or_default().to_ascii_lowercase();
        if speaker.say(&word, command).await.is_none() {
            break;
        }
    }
    speaker.quit().await.exchanges
}

/// The whole dialogue up to QUIT; `None`: it did not come to its end.
async fn speak(speaker: &mut Speaker, job: &Job, name: Option<&ServerName<'static>>) -> Option<()> {
    if job.tls == Tls::Implicit {
        speaker.secure(name?, &job.anchor).await?;
    }
    speaker.greeting().await?;
    speaker.hello(job).await?;
    if job.tls == Tls::Starttls {
        if !speaker.is_offered("STARTTLS") {
            speaker.without_tls(evidence::NO_STARTTLS);
            return None;
        }
        speaker.without_tls("the server refused STARTTLS");
        speaker.accepted("starttls", "STARTTLS").await?;
        speaker.secure(name?, &job.anchor).await?;
        speaker.hello(job).await?;
    }
    // RFC 6152 §3; only the reply to EHLO tells
    let is_8bit = job.driver == Driver::WellBehaved && !job.message.is_ascii() && speaker.is_offered("8BITMIME");
    if let Some(Login { user, password }) = &job.login {
        let secret = BASE64.encode(format!("\0{user}\0{password}").as_bytes());
        speaker.accepted("auth", &format!("AUTH PLAIN {secret}")).await?;
    }
    speaker.mail(job, is_8bit).await.filter(mail::Reply::is_positive)?;
    let mut is_wanted = false;
    for recipient in &job.rcpt_to {
        is_wanted |= speaker.recipient(job, recipient).await?.code / 100 == 2;
    }
    if is_wanted {
        speaker.message(job).await?;
    }
    Some(())
}
