//! What a server answers to a ClientHello, up to where the handshake would need cryptography.

use crate::{
    hello::{TLS12, TLS13, extension},
    suites,
};
use mail::alert_name;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// As many octets are read of a flight, in so many records; a chain of certificates has a few kB.
const MOST: usize = 128 * 1024;
const RECORDS: usize = 4096;
/// The longest record (RFC 5246 §6.2.3).
const RECORD: usize = 16_384 + 2048;
/// By which a ServerHello is a HelloRetryRequest (RFC 8446 §4.1.3).
const RETRY: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11,
    0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// Types of records and handshake messages (RFC 8446 §B.1, §B.3).
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const SERVER_HELLO: u8 = 2;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const SERVER_HELLO_DONE: u8 = 14;
const CERTIFICATE_STATUS: u8 = 22;

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
    /// It goes on where an earlier connection ended: no certificate, no key exchange (RFC 5246 §7.3).
    pub(crate) is_resumed: bool,
    /// It sent the status of its certificate (RFC 6066 §8).
    pub(crate) is_stapled: bool,
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
            Self::Taken(_) => "the server goes on".to_owned(),
            Self::Alert(code) => format!("the server refuses: {}", alert_name(*code)),
            Self::Closed => "the server closed the connection without an alert".to_owned(),
            Self::Garbage(what) => format!("the server answers a ClientHello with no TLS: {what}"),
        }
    }
}

/// Sends a hello and reads what comes.
///
/// # Errors
/// The connection broke otherwise than by being closed.
pub(crate) async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, hello: &[u8]) -> io::Result<Flight> {
    // who closes at once may have said why before
    whole(stream.write_all(hello).await)?;
    whole(stream.flush().await)?;
    let mut messages = Vec::new();
    let mut taken: Option<Taken> = None;
    let (mut octets, mut records) = (0, 0);
    while octets < MOST && records < RECORDS {
        let mut head = [0; 5];
        if !whole(stream.read_exact(&mut head).await)? {
            break;
        }
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        let is_record = head[1] == 3 && (CHANGE_CIPHER_SPEC..=24).contains(&head[0]) && length <= RECORD;
        if !is_record {
            return Ok(taken.map_or_else(|| Flight::Garbage(format!("\"{}\"", head.escape_ascii())), goes_on));
        }
        octets += head.len() + length;
        records += 1;
        let mut fragment = vec![0; length];
        if !whole(stream.read_exact(&mut fragment).await)? {
            break;
        }
        match (head[0], taken.as_mut()) {
            // a warning is no refusal, unless it ends the connection (RFC 5246 §7.2)
            (ALERT, None) => match fragment[..] {
                [1, code] if code != 0 => {}
                [_, code] => return Ok(Flight::Alert(code)),
                _ => return Ok(Flight::Garbage("an alert of a wrong size".to_owned())),
            },
            (HANDSHAKE, _) => messages.extend(fragment),
            (CHANGE_CIPHER_SPEC, Some(taken)) => {
                taken.is_resumed = true;
                break;
            }
            _ => break,
        }
        while let Some(message) = next(&mut messages) {
            let (kind, body) = (message[0], &message[4..]);
            match (kind, taken.as_mut()) {
                (SERVER_HELLO, None) => match server_hello(body) {
                    Some(hello) => taken = Some(hello),
                    None => return Ok(Flight::Garbage("an unreadable ServerHello".to_owned())),
                },
                (CERTIFICATE, Some(taken)) => taken.certificates = certificates(body),
                (CERTIFICATE_STATUS, Some(taken)) => taken.is_stapled = body.len() > 4,
                (SERVER_KEY_EXCHANGE, Some(taken)) => key_exchange(body, taken),
                _ => {}
            }
            // behind the ServerHello of TLS 1.3 everything is encrypted
            let is_over = kind == SERVER_HELLO_DONE || taken.as_ref().is_some_and(|taken| taken.version >= TLS13);
            if is_over {
                return Ok(taken.map_or(Flight::Closed, goes_on));
            }
        }
    }
    if taken.is_none() && (octets >= MOST || records >= RECORDS) {
        return Ok(Flight::Garbage("records without an end, and no ServerHello".to_owned()));
    }
    Ok(taken.map_or(Flight::Closed, goes_on))
}

fn goes_on(taken: Taken) -> Flight {
    Flight::Taken(Box::new(taken))
}

/// Whether something was read or written whole; false if the connection was closed instead.
fn whole<T>(done: io::Result<T>) -> io::Result<bool> {
    match done {
        Ok(_) => Ok(true),
        Err(error) if is_closed(&error) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether an error says that the other end closed.
pub(crate) fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

/// Takes the first whole handshake message.
fn next(messages: &mut Vec<u8>) -> Option<Vec<u8>> {
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

    /// A number of at most four octets.
    pub(crate) fn number(&mut self, octets: usize) -> Option<usize> {
        self.take(octets).map(|octets| octets.iter().fold(0, |number, octet| number << 8 | usize::from(*octet)))
    }

    fn number16(&mut self) -> Option<u16> {
        self.number(2).and_then(|number| u16::try_from(number).ok())
    }

    /// A vector behind its length.
    fn vector(&mut self, octets: usize) -> Option<&'a [u8]> {
        let length = self.number(octets)?;
        self.take(length)
    }
}

fn server_hello(body: &[u8]) -> Option<Taken> {
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
            extension::VERSIONS => taken.version = data.number16()?,
            // a HelloRetryRequest has the group alone, a ServerHello its share as well: both begin with the group
            extension::SHARE => taken.group = data.number16(),
            _ => {}
        }
    }
    Some(taken)
}

fn certificates(body: &[u8]) -> Vec<Vec<u8>> {
    let mut list = Cursor(Cursor(body).vector(3).unwrap_or_default());
    std::iter::from_fn(|| list.vector(3).map(<[u8]>::to_vec)).collect()
}

/// Reads a ServerKeyExchange (RFC 5246 §7.4.3, RFC 8422 §5.4). What cannot be read is not told.
fn key_exchange(body: &[u8], taken: &mut Taken) {
    let name = suites::name(taken.suite);
    let mut body = Cursor(body);
    let mut read = || {
        // of a suite with a pre-shared key the hint comes first (RFC 4279 §3, RFC 5489 §2)
        if name.contains("_PSK_") {
            body.vector(2)?;
        }
        if name.contains("TLS_DHE_") || name.contains("TLS_DH_anon_") {
            let prime = body.vector(2)?;
            let first = prime.iter().position(|octet| *octet != 0)?;
            taken.prime = Some(prime[first..].to_vec());
            body.vector(2)?;
            body.vector(2)?;
        } else if name.contains("TLS_ECDHE_") || name.contains("TLS_ECDH_anon_") {
            // curves are named, of type 3; what a server once could make up itself is not told
            if body.number(1)? != 3 {
                return None;
            }
            taken.group = body.number16();
            body.vector(1)?;
        } else {
            return None;
        }
        if taken.version == TLS12 && !name.contains("_anon_") && !name.contains("_PSK_") {
            taken.scheme = body.number16();
        }
        Some(())
    };
    let _ = read();
}
