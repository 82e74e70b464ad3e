//! What a client offers: its ClientHello (RFC 8446 §4.1.2), read from the octets before a TLS library sees them.

use evidence::Offer;
use mail::{group_name, is_grease, scheme_name, version_name};
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, ready},
};
use tls_parser::{
    SNIType, TlsCipherSuite, TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_client_hello_extension,
    parse_tls_message_handshake,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::visits::lock;

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

    /// The offer, if what was heard begins with a whole ClientHello.
    pub(super) fn offer(&self) -> Option<Offer> {
        offer(&lock(&self.0))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        let mut heard = lock(&self.heard.0);
        let spool = KEPT.saturating_sub(heard.len());
        let new = &buf.filled()[before..];
        heard.extend_from_slice(&new[..new.len().min(spool)]);
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

/// Extensions one by one, each with its type and length still before it (RFC 8446 §4.2).
fn extensions(mut octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (head, _) = octets.split_first_chunk::<4>()?;
        let length = 4 + usize::from(u16::from_be_bytes([head[2], head[3]]));
        let extension = octets.get(..length)?;
        octets = &octets[length..];
        Some(extension)
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
    // one by one: what the parser makes nothing of must not hide what stands behind it
    for extension in extensions(hello.ext.unwrap_or_default()) {
        match parse_tls_client_hello_extension(extension) {
            Ok((_, TlsExtension::SNI(names))) => {
                let name = names.iter().find(|(kind, _)| *kind == SNIType::HostName);
                offer.server_name = name.map(|(_, name)| String::from_utf8_lossy(name).into_owned());
            }
            Ok((_, TlsExtension::EllipticCurves(groups))) => {
                offer.groups = groups.iter().filter(|g| !is_grease(g.0)).map(|g| group_name(g.0)).collect();
            }
            Ok((_, TlsExtension::SignatureAlgorithms(schemes))) => {
                offer.signatures = schemes.iter().filter(|s| !is_grease(**s)).map(|s| scheme_name(*s)).collect();
            }
            Ok((_, TlsExtension::SupportedVersions(versions))) => {
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sized<const N: usize>(body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&length[4 - N..], body].concat()
    }

    fn extension(kind: u16, body: &[u8]) -> Vec<u8> {
        [kind.to_be_bytes().to_vec(), sized::<2>(body)].concat()
    }

    /// A ClientHello in records of at most so many octets.
    fn hello(suites: &[u16], extensions: &[Vec<u8>], fragment: usize) -> Vec<u8> {
        let suites: Vec<u8> = suites.iter().flat_map(|suite| suite.to_be_bytes()).collect();
        let body =
            [&[3, 3][..], &[7; 32], &[0], &sized::<2>(&suites), &[1, 0], &sized::<2>(&extensions.concat())].concat();
        let message = [&[1][..], &sized::<3>(&body)].concat();
        message.chunks(fragment).flat_map(|piece| [&[HANDSHAKE, 3, 1][..], &sized::<2>(piece)].concat()).collect()
    }

    /// An extension that the parser makes nothing of: protocol names that are longer than it.
    fn broken() -> Vec<u8> {
        extension(0x0010, &[0, 9, 8, b'x'])
    }

    fn full() -> Vec<Vec<u8>> {
        let name = sized::<2>(&[&[0][..], &sized::<2>(b"mx.partner.example")].concat());
        vec![
            extension(0x0a0a, b""),
            broken(),
            extension(0x0000, &name),
            extension(0x000a, &sized::<2>(&[0x1a, 0x1a, 0x11, 0xec, 0x00, 0x1d, 0xfe, 0xff])),
            extension(0x000d, &sized::<2>(&[0x04, 0x03, 0x08, 0x04])),
            extension(0x002b, &sized::<1>(&[0x3a, 0x3a, 3, 4, 3, 3, 3, 1])),
        ]
    }

    #[test]
    fn names_are_ianas_and_what_only_signals_is_left_out() {
        assert!(parse_tls_client_hello_extension(&broken()).is_err());
        let suites = [0x2a2a, 0x1301, 0xc02f, 0x00ff, 0x5600, 0xfefd];
        for fragment in [16, 4096] {
            let offer = offer(&hello(&suites, &full(), fragment)).unwrap();
            assert_eq!(offer.suites, ["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "0xFEFD"]);
            assert_eq!(offer.versions, ["TLSv1", "TLSv1.2", "TLSv1.3"]);
            assert_eq!(offer.groups, ["X25519MLKEM768", "x25519", "0xFEFF"]);
            assert_eq!(offer.signatures, ["ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256"]);
            assert_eq!(offer.server_name.as_deref(), Some("mx.partner.example"));
        }
    }

    #[test]
    fn without_extensions_only_the_highest_version_is_known() {
        let offer = offer(&hello(&[0x002f], &[], 4096)).unwrap();
        assert_eq!((offer.versions, offer.server_name), (vec!["TLSv1.2".to_owned()], None));
        assert!(offer.groups.is_empty() && offer.signatures.is_empty());
    }

    #[test]
    fn what_is_not_whole_or_something_else_is_no_offer() {
        let whole = hello(&[0x1301], &full(), 4096);
        assert!(offer(&whole[..whole.len() - 1]).is_none());
        for octets in [&b""[..], b"EHLO x.example\r\n", &[21, 3, 1, 0, 2, 2, 48]] {
            assert!(offer(octets).is_none(), "{octets:?}");
        }
    }

    proptest! {
        #[test]
        fn any_octets_are_read(octets in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..200, into: u8) {
            let _ = offer(&octets);
            let mut broken = hello(&[0x1301], &full(), 64);
            let at = at % broken.len();
            broken[at] = into;
            let _ = offer(&broken);
        }
    }
}
