//! Whole handshakes by a library that still knows nearly everything: TLS 1.0 to 1.3, all groups, weak suites.

use crate::{
    flight::Cursor,
    hello::{Resumed, TLS10, TLS11, TLS12, TLS13},
};
use openssl::{
    error::ErrorStack,
    ssl::{
        self, Ssl, SslContext, SslContextBuilder, SslMethod, SslOptions, SslSessionCacheMode, SslVerifyMode, SslVersion,
    },
};
use rustls_pki_types::CertificateDer;
use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};
use tokio_openssl::SslStream;
use wire::BoxStream;

/// Everything, also what encrypts nothing or has no certificate, at the level at which nothing is too weak.
const SUITES: &str = "ALL:COMPLEMENTOFALL:@SECLEVEL=0";
const SUITES_13: &str = "TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_128_GCM_SHA256:TLS_AES_128_CCM_SHA256:\
                         TLS_AES_128_CCM_8_SHA256";
/// The cheapest first: for that one a key share is sent.
const GROUPS: &str = "X25519:P-256:P-384:P-521:X448:X25519MLKEM768:SecP256r1MLKEM768:SecP384r1MLKEM1024:\
                      brainpoolP256r1tls13:brainpoolP384r1tls13:brainpoolP512r1tls13:brainpoolP256r1:brainpoolP384r1:\
                      brainpoolP512r1:ffdhe2048:ffdhe3072:ffdhe4096:ffdhe6144:ffdhe8192";

/// What a handshake is bound to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terms<'a> {
    /// The name that is asked for.
    pub(crate) name: Option<&'a str>,
    /// The one version; any, if there is none.
    pub(crate) version: Option<u16>,
    /// Signature schemes in the library's words; all that it knows, if there are none.
    pub(crate) schemes: Option<&'a str>,
}

/// Shakes hands with any server, whatever its certificate is.
///
/// # Errors
/// There was no handshake.
pub(crate) async fn connect(stream: BoxStream, terms: Terms<'_>) -> io::Result<SslStream<BoxStream>> {
    shake(stream, context(terms), terms.name).await
}

/// The same, and by what the connection may be resumed, with its suite (before TLS 1.3).
///
/// # Errors
/// There was no handshake.
pub(crate) async fn connect_and_keep(
    stream: BoxStream,
    terms: Terms<'_>,
) -> io::Result<(SslStream<BoxStream>, Option<(Resumed, u16)>)> {
    let kept = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&kept);
    let context = context(terms).map(|mut context| {
        context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        context.set_new_session_callback(move |_, remembered| {
            *keep.lock().unwrap_or_else(PoisonError::into_inner) = remembered.to_der().ok();
        });
        context
    });
    let stream = shake(stream, context, terms.name).await?;
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok((stream, kept.as_deref().and_then(resumable)))
}

async fn shake(
    stream: BoxStream,
    context: Result<SslContextBuilder, ErrorStack>,
    name: Option<&str>,
) -> io::Result<SslStream<BoxStream>> {
    let ssl = || {
        let mut ssl = Ssl::new(&context?.build())?;
        name.map_or(Ok(()), |name| ssl.set_hostname(name))?;
        Ok(ssl)
    };
    let ssl = ssl().map_err(|e: ErrorStack| io::Error::other(format!("TLS cannot be set up: {e}")))?;
    let mut stream = SslStream::new(ssl, stream).map_err(io::Error::other)?;
    Pin::new(&mut stream).connect().await.map_err(io_error)?;
    Ok(stream)
}

fn context(terms: Terms<'_>) -> Result<SslContextBuilder, ErrorStack> {
    let mut context = SslContext::builder(SslMethod::tls_client())?;
    context.set_verify(SslVerifyMode::NONE);
    context.set_cipher_list(SUITES)?;
    context.set_ciphersuites(SUITES_13)?;
    context.set_groups_list(GROUPS)?;
    // servers that know no secure renegotiation are let be, too
    context.set_options(SslOptions::ALLOW_UNSAFE_LEGACY_RENEGOTIATION);
    let version = terms.version.and_then(|version| match version {
        TLS10 => Some(SslVersion::TLS1),
        TLS11 => Some(SslVersion::TLS1_1),
        TLS12 => Some(SslVersion::TLS1_2),
        TLS13 => Some(SslVersion::TLS1_3),
        _ => None,
    });
    context.set_min_proto_version(version.or(Some(SslVersion::TLS1)))?;
    context.set_max_proto_version(version)?;
    if let Some(schemes) = terms.schemes {
        context.set_sigalgs_list(schemes)?;
    }
    Ok(context)
}

/// The library's error, as short as it can be said.
fn io_error(error: ssl::Error) -> io::Error {
    match error.into_io_error() {
        Ok(error) => error,
        Err(error) => {
            let reason = error.ssl_error().and_then(|stack| stack.errors().first()?.reason());
            io::Error::other(reason.map_or_else(|| error.to_string(), |reason| format!("no handshake: {reason}")))
        }
    }
}

/// The certificates that a server sent, its own first.
pub(crate) fn chain(stream: &SslStream<BoxStream>) -> Vec<CertificateDer<'static>> {
    let chain = stream.ssl().peer_cert_chain().into_iter().flatten();
    chain.filter_map(|certificate| certificate.to_der().ok().map(CertificateDer::from)).collect()
}

/// Reads the library's own form of what it remembers of a connection (`SSL_SESSION_ASN1`, d2i_SSL_SESSION(3)): a sequence of
/// two numbers, the suite, the id, the secret, and then tagged parts, of which number 10 is the ticket.
fn resumable(remembered: &[u8]) -> Option<(Resumed, u16)> {
    const OCTETS: u8 = 0x04;
    const TICKET: u8 = 0xaa;
    let (_, mut parts) = part(&mut Cursor(remembered))?;
    let (mut octets, mut ticket) = (Vec::new(), Vec::new());
    while let Some((tag, contents)) = part(&mut parts) {
        match tag {
            OCTETS => octets.push(contents.0),
            TICKET => ticket = part(&mut Cursor(contents.0))?.1.0.to_vec(),
            _ => {}
        }
    }
    let [suite, id, ..] = octets.as_slice() else { return None };
    let suite = u16::from_be_bytes(<[u8; 2]>::try_from(*suite).ok()?);
    (!id.is_empty() || !ticket.is_empty()).then(|| (Resumed { id: id.to_vec(), ticket }, suite))
}

/// The first part of DER: its tag and its contents (X.690 §8.1).
fn part<'a>(der: &mut Cursor<'a>) -> Option<(u8, Cursor<'a>)> {
    let tag = *der.take(1)?.first()?;
    let length = match der.number(1)? {
        short @ 0..=0x7f => short,
        long @ 0x81..=0x84 => der.number(long - 0x80)?,
        _ => return None,
    };
    der.take(length).map(|contents| (tag, Cursor(contents)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_and_ticket_are_found_among_the_parts() {
        let remembered = [
            &[0x30, 0x81, 23][..],
            &[2, 1, 1],
            &[2, 2, 3, 3],
            &[4, 2, 0xc0, 0x2f],
            &[4, 1, 7],
            &[4, 0],
            &[0xa1, 0],
            &[0xaa, 3, 4, 1, 9],
        ]
        .concat();
        assert_eq!(resumable(&remembered), Some((Resumed { id: vec![7], ticket: vec![9] }, 0xc02f)));
        for cut in 0..remembered.len() {
            resumable(&remembered[..cut]);
        }
        assert_eq!(resumable(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
    }

    #[test]
    fn the_library_knows_everything_that_it_is_bound_to() {
        for version in [None, Some(TLS10), Some(TLS11), Some(TLS12), Some(TLS13)] {
            context(Terms { name: Some("mx.gateway.example"), version, schemes: None }).unwrap();
        }
        for schemes in crate::kinds::KINDS {
            let schemes = schemes.join(":");
            context(Terms { schemes: Some(&schemes), ..Terms::default() }).unwrap_or_else(|e| panic!("{schemes}: {e}"));
        }
    }
}
