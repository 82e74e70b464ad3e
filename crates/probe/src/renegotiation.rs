//! Renegotiation that a client asks for (RFC 5246 §7.4.1.1), which no library of today does: a small client of TLS 1.2 that
//! shakes hands once, and asks for it once more.

use crate::{
    flight::{Cursor, next, server_hello},
    hello::{Hello, TLS12, TLS13},
    line::Line,
    record::{Direction, odd, read, write},
    speech::nothing,
    versions::{Found, usual},
};
use aws_lc_rs::{
    agreement::{ECDH_P256, EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral},
    digest::{SHA256, digest},
    hmac,
    rand::SystemRandom,
};
use evidence::Observed;
use mail::Service;
use std::{io, time::Duration};
use tokio::{io::AsyncWriteExt, time::timeout};
use wire::BoxStream;

/// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 and TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 (RFC 5289 §3.2).
const SUITES: [u16; 2] = [0xc02b, 0xc02f];
/// Groups x25519 and secp256r1.
const GROUPS: [u16; 2] = [0x001d, 0x0017];
/// How long a ServerHello is waited for behind an answer to something else.
const GRACE: Duration = Duration::from_millis(500);
/// So many records are read before it is given up.
const MOST: usize = 256;

/// Kinds of records, and of handshake messages (RFC 5246 §A.1, §A.4).
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;
const CLIENT_KEY_EXCHANGE: u8 = 16;
const FINISHED: u8 = 20;

/// Whether the server follows.
pub(crate) async fn by_client(line: &Line<'_>, found: &[Found]) -> Observed<bool> {
    let unseen = |why: &str| Observed::Unobserved(why.to_owned());
    if found.iter().all(|of| of.version >= TLS13) {
        return unseen("the server takes TLS 1.3 alone, which has no such thing");
    }
    let taken = found.iter().find(|of| of.version == TLS12).map(|of| of.suites.as_slice()).unwrap_or_default();
    let suites: Vec<u16> = SUITES.into_iter().filter(|suite| taken.contains(suite)).collect();
    if suites.is_empty() {
        return unseen("it is asked for with ECDHE and AES-128-GCM in TLS 1.2 alone, which the server does not take");
    }
    let hello = Hello { groups: GROUPS.to_vec(), ..usual(line, TLS12, suites) };
    let service = line.target.service;
    let greets_again = service.is_implicit() || service == Service::Sieve;
    let asked = line.with(async |stream| {
        let (mut protected, end) = Plain { stream, transcript: Vec::new() }.shake_hands(&hello).await?;
        while greets_again && protected.receive().await?.0 != APPLICATION_DATA {}
        let again = Hello { renegotiates: Some(end), ..hello.clone() }.octets();
        protected.send(HANDSHAKE, &again[5..]).await?;
        // some keep their refusal until they have something else to say
        protected.send(APPLICATION_DATA, nothing(service, "p5").as_bytes()).await?;
        protected.is_followed(line.target.limit / 2).await
    });
    asked.await.map_or_else(|error| unseen(&error.to_string()), Observed::Seen)
}

/// A connection before its keys are made.
struct Plain {
    stream: BoxStream,
    /// All messages of the handshake.
    transcript: Vec<u8>,
}

impl Plain {
    /// Shakes hands; gives the connection and what the client's Finished said.
    async fn shake_hands(mut self, hello: &Hello) -> io::Result<(Protected, Vec<u8>)> {
        let octets = hello.octets();
        self.transcript.extend(&octets[5..]);
        let client_random = octets[11..43].to_vec();
        self.stream.write_all(&octets).await?;
        self.stream.flush().await?;
        let flight = self.flight().await?;
        let body = |kind| flight.iter().find(|message| message[0] == kind).map(|message| &message[4..]);
        let (first, exchange) =
            body(SERVER_HELLO).zip(body(SERVER_KEY_EXCHANGE)).ok_or_else(|| odd("no key exchange"))?;
        let server_random = first.get(2..34).ok_or_else(|| odd("a short ServerHello"))?.to_vec();
        let is_extended = server_hello(first).is_some_and(|taken| taken.extensions.contains(&23));
        let (point, secret) = agree(exchange)?;
        let mut answer = Vec::new();
        if body(CERTIFICATE_REQUEST).is_some() {
            // there is none
            answer.extend(message(CERTIFICATE, &[0, 0, 0]));
        }
        let length = u8::try_from(point.len()).map_err(io::Error::other)?;
        answer.extend(message(CLIENT_KEY_EXCHANGE, &[&[length], point.as_slice()].concat()));
        self.send(HANDSHAKE, &answer).await?;
        self.transcript.extend(answer);
        // RFC 7627 §4
        let master = if is_extended {
            prf(&secret, b"extended master secret", digest(&SHA256, &self.transcript).as_ref(), 48)
        } else {
            prf(&secret, b"master secret", &[&client_random[..], &server_random].concat(), 48)
        };
        let keys = prf(&master, b"key expansion", &[&server_random[..], &client_random].concat(), 40);
        let end = prf(&master, b"client finished", digest(&SHA256, &self.transcript).as_ref(), 12);
        self.send(CHANGE_CIPHER_SPEC, &[1]).await?;
        let mut protected = Protected {
            stream: self.stream,
            ours: Direction::new(&keys[..16], &keys[32..36])?,
            theirs: Direction::new(&keys[16..32], &keys[36..])?,
        };
        protected.send(HANDSHAKE, &message(FINISHED, &end)).await?;
        protected.finish().await?;
        Ok((protected, end))
    }

    /// The server's messages up to ServerHelloDone.
    async fn flight(&mut self) -> io::Result<Vec<Vec<u8>>> {
        let (mut left, mut flight) = (Vec::new(), Vec::new());
        for _ in 0..MOST {
            let (kind, fragment) = read(&mut self.stream).await?;
            match kind {
                HANDSHAKE => left.extend(fragment),
                ALERT if fragment.first() == Some(&1) => {}
                _ => return Err(odd("the handshake is refused")),
            }
            while let Some(message) = next(&mut left) {
                self.transcript.extend(&message);
                let is_last = message[0] == SERVER_HELLO_DONE;
                flight.push(message);
                if is_last {
                    return Ok(flight);
                }
            }
        }
        Err(odd("a handshake without an end"))
    }

    async fn send(&mut self, kind: u8, fragment: &[u8]) -> io::Result<()> {
        write(&mut self.stream, kind, fragment).await
    }
}

/// The client's point for the server's, and the secret that both know then (RFC 8422 §5.4, §5.10).
fn agree(exchange: &[u8]) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut exchange = Cursor(exchange);
    let (kind, group, point) = (exchange.number(1), exchange.number16(), exchange.vector(1));
    let algorithm = match (kind, group) {
        (Some(3), Some(0x001d)) => &X25519,
        (Some(3), Some(0x0017)) => &ECDH_P256,
        _ => return Err(odd("a group that was not offered")),
    };
    let failed = |_| odd("no agreement about a key");
    let own = EphemeralPrivateKey::generate(algorithm, &SystemRandom::new()).map_err(failed)?;
    let public = own.compute_public_key().map_err(failed)?.as_ref().to_vec();
    let theirs = UnparsedPublicKey::new(algorithm, point.unwrap_or_default());
    let secret = agree_ephemeral(own, theirs, odd("no agreement about a key"), |secret| Ok(secret.to_vec()))?;
    Ok((public, secret))
}

/// A connection behind its handshake.
struct Protected {
    stream: BoxStream,
    ours: Direction,
    theirs: Direction,
}

impl Protected {
    async fn send(&mut self, kind: u8, fragment: &[u8]) -> io::Result<()> {
        let sealed = self.ours.seal(kind, fragment)?;
        write(&mut self.stream, kind, &sealed).await
    }

    /// Reads to the server's Finished; a ticket may come first, in the clear (RFC 5077 §3.3).
    async fn finish(&mut self) -> io::Result<()> {
        for _ in 0..MOST {
            match read(&mut self.stream).await?.0 {
                HANDSHAKE => {}
                CHANGE_CIPHER_SPEC => {
                    let (kind, fragment) = self.receive().await?;
                    let is_end = kind == HANDSHAKE && fragment.first() == Some(&FINISHED);
                    return if is_end { Ok(()) } else { Err(odd("no Finished")) };
                }
                _ => return Err(odd("the handshake is broken off")),
            }
        }
        Err(odd("a handshake without an end"))
    }

    async fn receive(&mut self) -> io::Result<(u8, Vec<u8>)> {
        let (kind, sealed) = read(&mut self.stream).await?;
        Ok((kind, self.theirs.open(kind, sealed)?))
    }

    /// Whether a ServerHello comes. An alert, the end, silence, or an answer to what was asked besides say no.
    async fn is_followed(&mut self, mut patience: Duration) -> io::Result<bool> {
        for _ in 0..MOST {
            match timeout(patience, self.receive()).await {
                Ok(Ok((HANDSHAKE, message))) if message.first() == Some(&SERVER_HELLO) => return Ok(true),
                Ok(Ok((ALERT, _))) | Err(_) => return Ok(false),
                Ok(Ok((kind, _))) if kind == APPLICATION_DATA => patience = patience.min(GRACE),
                Ok(Ok(_)) => {}
                Ok(Err(error)) if error.kind() == io::ErrorKind::InvalidData => return Err(error),
                Ok(Err(_)) => return Ok(false),
            }
        }
        Ok(false)
    }
}

/// P_SHA256 (RFC 5246 §5).
fn prf(secret: &[u8], label: &[u8], seed: &[u8], length: usize) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let seed = [label, seed].concat();
    let (mut a, mut out) = (seed.clone(), Vec::new());
    while out.len() < length {
        a = hmac::sign(&key, &a).as_ref().to_vec();
        out.extend(hmac::sign(&key, &[&a[..], &seed].concat()).as_ref());
    }
    out.truncate(length);
    out
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(body.len()).expect("a message is short").to_be_bytes();
    [&[kind], &length[..], body].concat()
}
