//! What a server answers to a ClientHello, up to where the handshake would need cryptography.

use crate::hello::{TLS12, TLS13};
use mail::alert_name;
use std::io;
use tls_parser::TlsCipherSuite;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// As many octets of handshake messages are read; a chain of certificates has a few kB.
const MOST: usize = 128 * 1024;
/// The longest record (RFC 8446 §5.2).
pub(crate) const RECORD: usize = 16_384 + 2048;
/// So many records are read: a flight has a few, and each may be empty.
const RECORDS: usize = 256;
const UNRECOGNIZED_NAME: u8 = 112;
/// By which a ServerHello is a HelloRetryRequest (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// What came of a hello.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Flight {
    /// The server goes on with it.
    Taken(Box<Taken>),
    /// It refuses, with this alert.
    Alert(u8),
    /// It closes without a word.
    Closed,
    /// It says something that is no TLS.
    Garbage(String),
}

/// What the server chose.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Taken {
    pub(crate) version: u16,
    pub(crate) suite: u16,
    /// It asks for a key share of another group first.
    pub(crate) is_retry: bool,
    pub(crate) compression: u8,
    /// Numbers of its extensions.
    pub(crate) extensions: Vec<u16>,
    pub(crate) group: Option<u16>,
    /// The prime of its finite-field group, without leading zeros.
    pub(crate) prime: Option<Vec<u8>>,
    /// The scheme with which it signed its key exchange.
    pub(crate) scheme: Option<u16>,
    /// Its certificates in DER, before TLS 1.3.
    pub(crate) certificates: Vec<Vec<u8>>,
}

impl Flight {
    pub(crate) fn taken(self) -> Option<Taken> {
        if let Self::Taken(taken) = self { Some(*taken) } else { None }
    }

    /// The refusal in words.
    pub(crate) fn words(&self) -> String {
        match self {
            Self::Taken(_) => "taken".to_owned(),
            Self::Alert(code) => format!("alert {}", alert_name(*code)),
            Self::Closed => "the server closed the connection".to_owned(),
            Self::Garbage(what) => format!("no TLS: {what}"),
        }
    }
}

/// Sends a hello and reads what comes.
///
/// # Errors
/// The connection broke otherwise than by being closed.
pub(crate) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, hello: &[u8]) -> io::Result<Flight> {
    stream.write_all(hello).await?;
    stream.flush().await?;
    let mut messages = Vec::new();
    let mut taken: Option<Taken> = None;
    for count in 0.. {
        if count == RECORDS {
            return Ok(Flight::Garbage("records without an end".to_owned()));
        }
        let mut head = [0; 5];
        if !whole(stream.read_exact(&mut head).await)? {
            break;
        }
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        if head[1] != 3 || !(20..=24).contains(&head[0]) || length > RECORD {
            return Ok(Flight::Garbage(format!("\"{}\"", head.escape_ascii())));
        }
        let mut fragment = vec![0; length];
        if !whole(stream.read_exact(&mut fragment).await)? {
            break;
        }
        match (head[0], &taken) {
            // a warning that the name is unknown is no refusal (RFC 6066 §3)
            (21, None) if matches!(fragment[..], [1, UNRECOGNIZED_NAME]) => continue,
            (21, None) => return Ok(Flight::Alert(fragment.get(1).copied().unwrap_or_default())),
            (22, _) if messages.len() + fragment.len() <= MOST => messages.extend(fragment),
            (_, Some(_)) => break,
            (kind, None) => {
                return Ok(Flight::Garbage(format!("a record of type {kind}, where a ServerHello belongs")));
            }
        }
        while let Some(message) = next(&mut messages) {
            let (kind, body) = (message[0], &message[4..]);
            let is_over = match (kind, taken.as_mut()) {
                (2, _) => match server_hello(body) {
                    Some(hello) => {
                        let is_over = hello.version >= TLS13;
                        taken = Some(hello);
                        is_over
                    }
                    None => return Ok(Flight::Garbage("an unreadable ServerHello".to_owned())),
                },
                (11, Some(taken)) => {
                    taken.certificates = certificates(body);
                    false
                }
                (12, Some(taken)) => {
                    key_exchange(body, taken);
                    false
                }
                (14, _) => true,
                _ => false,
            };
            if is_over {
                return Ok(taken.map_or(Flight::Closed, |taken| Flight::Taken(Box::new(taken))));
            }
        }
    }
    Ok(taken.map_or(Flight::Closed, |taken| Flight::Taken(Box::new(taken))))
}

/// Whether something was read whole; false if the connection was closed instead.
fn whole(read: io::Result<usize>) -> io::Result<bool> {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match read {
        Ok(_) => Ok(true),
        Err(e) if matches!(e.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe) => Ok(false),
        Err(e) => Err(e),
    }
}

/// Takes the first whole handshake message.
pub(crate) fn next(messages: &mut Vec<u8>) -> Option<Vec<u8>> {
    let head = messages.first_chunk::<4>()?;
    let length = 4 + usize::try_from(u32::from_be_bytes([0, head[1], head[2], head[3]])).ok()?;
    (messages.len() >= length).then(|| messages.drain(..length).collect())
}

/// Octets that are read from the front.
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub(crate) fn number(&mut self, octets: usize) -> Option<usize> {
        self.take(octets).map(|octets| octets.iter().fold(0, |number, octet| number << 8 | usize::from(*octet)))
    }

    pub(crate) fn number16(&mut self) -> Option<u16> {
        self.number(2).and_then(|number| u16::try_from(number).ok())
    }

    /// A vector behind its length.
    pub(crate) fn vector(&mut self, octets: usize) -> Option<&'a [u8]> {
        let length = self.number(octets)?;
        self.take(length)
    }
}

pub(crate) fn server_hello(body: &[u8]) -> Option<Taken> {
    let mut body = Cursor(body);
    let mut taken = Taken { version: body.number16()?, ..Taken::default() };
    taken.is_retry = body.take(32)? == RETRY;
    body.vector(1)?;
    taken.suite = body.number16()?;
    taken.compression = *body.take(1)?.first()?;
    let mut extensions = Cursor(body.vector(2).unwrap_or_default());
    while let (Some(kind), Some(data)) = (extensions.number16(), extensions.vector(2)) {
        taken.extensions.push(kind);
        let mut data = Cursor(data);
        match kind {
            43 => taken.version = data.number16()?,
            // a HelloRetryRequest has the group alone, a ServerHello its share as well: both begin with the group
            51 => taken.group = data.number16(),
            _ => {}
        }
    }
    Some(taken)
}

fn certificates(body: &[u8]) -> Vec<Vec<u8>> {
    let mut list = Cursor(Cursor(body).vector(3).unwrap_or_default());
    std::iter::from_fn(|| list.vector(3).map(<[u8]>::to_vec)).collect()
}

/// Reads a ServerKeyExchange (RFC 5246 §7.4.3, RFC 8422 §5.4).
fn key_exchange(body: &[u8], taken: &mut Taken) {
    let name = TlsCipherSuite::from_id(taken.suite).map_or("", |suite| suite.name);
    let is_one_of = |words: [&str; 2]| words.iter().any(|word| name.starts_with(word));
    let mut body = Cursor(body);
    let mut read = || {
        if is_one_of(["TLS_DHE_", "TLS_DH_anon_"]) {
            let prime = body.vector(2)?;
            let first = prime.iter().position(|octet| *octet != 0)?;
            taken.prime = Some(prime[first..].to_vec());
            body.vector(2)?;
            body.vector(2)?;
        } else if is_one_of(["TLS_ECDHE_", "TLS_ECDH_anon_"]) {
            if body.number(1)? == 3 {
                taken.group = body.number16();
                body.vector(1)?;
            }
        } else {
            return None;
        }
        if taken.version == TLS12 && !name.contains("_anon_") {
            taken.scheme = body.number16();
        }
        Some(())
    };
    // what cannot be read is not told
    let _ = read();
}
