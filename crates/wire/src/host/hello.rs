//! What a client offers: its ClientHello (RFC 8446 §4.1.2), read from the octets before a TLS library sees them.

use evidence::Offer;
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
    pub(super) fn alert(&self) -> Option<&'static str> {
        let octets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let last = records(&octets).last()?;
        (last.0 == 21 && last.1.len() == 2).then(|| alert(last.1[1]))
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
        versions: vec![version(hello.version.0)],
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
                offer.groups = groups.iter().filter(|g| !is_grease(g.0)).map(|g| group(g.0)).collect();
            }
            TlsExtension::SignatureAlgorithms(schemes) => {
                offer.signatures = schemes.iter().filter(|s| !is_grease(**s)).map(|s| scheme(*s)).collect();
            }
            TlsExtension::SupportedVersions(versions) => {
                let mut known: Vec<u16> = versions.iter().map(|v| v.0).filter(|v| !is_grease(*v)).collect();
                known.sort_unstable();
                offer.versions = known.into_iter().map(version).collect();
            }
            _ => {}
        }
    }
    Some(offer)
}

/// RFC 8701 §2.
fn is_grease(value: u16) -> bool {
    value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff
}

/// IANA's name; none for GREASE and for values that are no suites (RFC 5746 §3.3, RFC 7507 §2).
fn suite(id: u16) -> Option<String> {
    if is_grease(id) || id == 0x00ff || id == 0x5600 {
        return None;
    }
    Some(TlsCipherSuite::from_id(id).map_or_else(|| format!("0x{id:04X}"), |suite| suite.name.to_owned()))
}

fn version(value: u16) -> String {
    match value {
        0x0300 => "SSLv3".to_owned(),
        0x0301 => "TLSv1".to_owned(),
        0x0302..=0x0304 => format!("TLSv1.{}", value - 0x0301),
        other => format!("0x{other:04X}"),
    }
}

/// Names of the registry "TLS Supported Groups".
fn group(id: u16) -> String {
    let name = match id {
        0x0017 => "secp256r1",
        0x0018 => "secp384r1",
        0x0019 => "secp521r1",
        0x001a => "brainpoolP256r1",
        0x001b => "brainpoolP384r1",
        0x001c => "brainpoolP512r1",
        0x001d => "x25519",
        0x001e => "x448",
        0x001f => "brainpoolP256r1tls13",
        0x0020 => "brainpoolP384r1tls13",
        0x0021 => "brainpoolP512r1tls13",
        0x0100 => "ffdhe2048",
        0x0101 => "ffdhe3072",
        0x0102 => "ffdhe4096",
        0x0103 => "ffdhe6144",
        0x0104 => "ffdhe8192",
        0x0200 => "MLKEM512",
        0x0201 => "MLKEM768",
        0x0202 => "MLKEM1024",
        0x11eb => "SecP256r1MLKEM768",
        0x11ec => "X25519MLKEM768",
        0x11ed => "SecP384r1MLKEM1024",
        other => return format!("0x{other:04X}"),
    };
    name.to_owned()
}

/// Names of the registry "TLS SignatureScheme"; pairs of hash and signature of TLS 1.2 by both words (RFC 5246 §7.4.1.4.1).
fn scheme(id: u16) -> String {
    let name = match id {
        0x0201 => "rsa_pkcs1_sha1",
        0x0203 => "ecdsa_sha1",
        0x0401 => "rsa_pkcs1_sha256",
        0x0403 => "ecdsa_secp256r1_sha256",
        0x0501 => "rsa_pkcs1_sha384",
        0x0503 => "ecdsa_secp384r1_sha384",
        0x0601 => "rsa_pkcs1_sha512",
        0x0603 => "ecdsa_secp521r1_sha512",
        0x0804 => "rsa_pss_rsae_sha256",
        0x0805 => "rsa_pss_rsae_sha384",
        0x0806 => "rsa_pss_rsae_sha512",
        0x0807 => "ed25519",
        0x0808 => "ed448",
        0x0809 => "rsa_pss_pss_sha256",
        0x080a => "rsa_pss_pss_sha384",
        0x080b => "rsa_pss_pss_sha512",
        0x081a => "ecdsa_brainpoolP256r1tls13_sha256",
        0x081b => "ecdsa_brainpoolP384r1tls13_sha384",
        0x081c => "ecdsa_brainpoolP512r1tls13_sha512",
        0x0904 => "mldsa44",
        0x0905 => "mldsa65",
        0x0906 => "mldsa87",
        other => {
            let hash = ["none", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"].get(usize::from(other >> 8));
            let signature = ["anonymous", "rsa", "dsa", "ecdsa"].get(usize::from(other & 0xff));
            return match (hash, signature) {
                (Some(hash), Some(signature)) => format!("{signature}_{hash}"),
                _ => format!("0x{other:04X}"),
            };
        }
    };
    name.to_owned()
}

/// The words of RFC 8446 §6.
fn alert(code: u8) -> &'static str {
    match code {
        0 => "close_notify",
        40 => "handshake_failure",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        50 => "decode_error",
        51 => "decrypt_error",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        90 => "user_canceled",
        _ => "of another kind",
    }
}
