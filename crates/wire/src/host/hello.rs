//! What a client offers: its ClientHello (RFC 8446 §4.1.2), read from the octets before a TLS library sees them.

use evidence::Offer;
use mail::{alert_name, group_name, is_grease, scheme_name, version_name};
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};
use tls_parser::{
    TlsCipherSuite, TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_extensions, parse_tls_message_handshake,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// As many octets are kept; a ClientHello with post-quantum shares has less than 4 kB.
const KEPT: usize = 32 * 1024;
const HANDSHAKE: u8 = 22;

/// The first octets that were read from a stream.
#[derive(Debug, Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<u8>>>);

/// A stream that remembers the first octets read from it.
#[derive(Debug)]
pub(super) struct Listening<S> {
    inner: S,
    heard: Heard,
}

impl Heard {
    pub(super) fn on<S>(&self, inner: S) -> Listening<S> {
        Listening { inner, heard: self.clone() }
    }

    /// The offer, if what was heard is a whole ClientHello.
    pub(super) fn offer(&self) -> Option<Offer> {
        offer(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What the client ended the handshake with, if it was an alert in cleartext (RFC 8446 §6).
    pub(super) fn alert(&self) -> Option<String> {
        let octets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = records(&octets).last()?;
        (last.0 == 21 && last.1.len() == 2).then(|| alert_name(last.1[1]))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let mut heard = self.heard.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(heard.len());
        let new = &buf.filled()[before..];
        heard.extend_from_slice(&new[..new.len().min(room)]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// Whole TLS records: content type and fragment (RFC 8446 §5.1).
fn records(mut octets: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = octets.split_first_chunk::<5>()?;
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        let fragment = rest.get(..length)?;
        octets = &rest[length..];
        Some((head[0], fragment))
    })
}

fn offer(octets: &[u8]) -> Option<Offer> {
    let message: Vec<u8> =
        records(octets).take_while(|(kind, _)| *kind == HANDSHAKE).flat_map(|(_, f)| f).copied().collect();
    let (_, parsed) = parse_tls_message_handshake(&message).ok()?;
    let TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello)) = parsed else { return None };
    let mut offer = Offer {
        versions: vec![version_name(hello.version.0)],
        suites: hello.ciphers.iter().filter_map(|id| suite(id.0)).collect(),
        groups: Vec::new(),
        signatures: Vec::new(),
        server_name: None,
    };
    let extensions = hello.ext.and_then(|ext| parse_tls_extensions(ext).ok()).map(|(_, list)| list).unwrap_or_default();
    for extension in extensions {
        match extension {
            TlsExtension::SNI(names) => {
                offer.server_name = names.first().map(|(_, name)| String::from_utf8_lossy(name).into_owned());
            }
            TlsExtension::EllipticCurves(groups) => {
                offer.groups = groups.iter().filter(|g| !is_grease(g.0)).map(|g| group_name(g.0)).collect();
            }
            TlsExtension::SignatureAlgorithms(schemes) => {
                offer.signatures = schemes.iter().filter(|s| !is_grease(**s)).map(|s| scheme_name(*s)).collect();
            }
            TlsExtension::SupportedVersions(versions) => {
                let mut known: Vec<u16> = versions.iter().map(|v| v.0).filter(|v| !is_grease(*v)).collect();
                known.sort_unstable();
                offer.versions = known.into_iter().map(version_name).collect();
            }
            _ => {}
        }
    }
    Some(offer)
}

/// IANA's name; none for GREASE and for values that are no suites (RFC 5746 §3.3, RFC 7507 §2).
fn suite(id: u16) -> Option<String> {
    if is_grease(id) || id == 0x00ff || id == 0x5600 {
        return None;
    }
    Some(TlsCipherSuite::from_id(id).map_or_else(|| format!("0x{id:04X}"), |suite| suite.name.to_owned()))
}
