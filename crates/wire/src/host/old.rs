//! The server's side of TLS 1.0 and 1.1, which rustls has not, and of later versions beside them, by OpenSSL.

use super::{
    HostKey,
    hello::Listening,
    keys::{CLOSED, Secured, Taken, alerted, is_gone, nothing_in_common},
};
use crate::BoxStream;
use openssl::{
    error::ErrorStack,
    nid::Nid,
    pkey::{Id, PKey},
    ssl::{self, Ssl, SslAcceptor, SslMethod, SslOptions, SslRef, SslSessionCacheMode as CacheMode, SslVersion},
    x509::X509,
};
use std::{io, pin::Pin};

/// Everything with a certificate, at a level at which TLS 1.0 may sign with SHA-1 (RFC 8996 §2 forbids what is played here).
const SUITES: &str = "ALL:!aNULL:!eNULL:@SECLEVEL=0";
/// What OpenSSL adds to the number of an alert to make a reason of it (`SSL_AD_REASON_OFFSET`).
const ALERTS: i32 = 1000;
const EOF: &str = "unexpected eof while reading";
/// Groups whose names OpenSSL gives away.
const GROUPS: &str = "X25519:P-256:P-384:P-521";

pub(super) struct Old(SslAcceptor);

impl Old {
    pub(super) fn new(key: &HostKey, taken: Taken) -> Result<Self, String> {
        let build = || {
            let mut builder = SslAcceptor::mozilla_intermediate(SslMethod::tls_server())?;
            builder.clear_options(SslOptions::NO_TLSV1_3);
            let refusals =
                [SslOptions::NO_TLSV1, SslOptions::NO_TLSV1_1, SslOptions::NO_TLSV1_2, SslOptions::NO_TLSV1_3];
            for (_, refusal) in taken.into_iter().zip(refusals).filter(|(taken, _)| !taken) {
                builder.set_options(refusal);
            }
            builder.set_min_proto_version(Some(SslVersion::TLS1))?;
            builder.set_cipher_list(SUITES)?;
            builder.set_groups_list(GROUPS)?;
            builder.set_options(SslOptions::NO_TICKET);
            builder.set_session_cache_mode(CacheMode::OFF);
            builder.set_num_tickets(0)?;
            let mut chain = X509::stack_from_pem(key.chain_pem.as_bytes())?.into_iter();
            if let Some(own) = chain.next() {
                builder.set_certificate(&own)?;
            }
            for issuer in chain {
                builder.add_extra_chain_cert(issuer)?;
            }
            let private = PKey::private_key_from_pem(key.key_pem.as_bytes())?;
            builder.set_private_key(&private)?;
            builder.check_private_key()?;
            Ok(Self(builder.build()))
        };
        build().map_err(|e: ErrorStack| format!("TLS cannot be set up: {e}"))
    }

    pub(super) async fn accept(&self, stream: Listening<BoxStream>) -> Result<Secured, String> {
        let unready = |e: ErrorStack| format!("OpenSSL makes no connection: {e}");
        let ssl = Ssl::new(self.0.context()).map_err(unready)?;
        let mut stream = tokio_openssl::SslStream::new(ssl, stream).map_err(unready)?;
        Pin::new(&mut stream).accept().await.map_err(|e| why(&e))?;
        let ssl = stream.ssl();
        let suite = ssl.current_cipher().and_then(|cipher| cipher.standard_name()).unwrap_or_default().to_owned();
        let (version, group) = (ssl.version_str().to_owned(), group(ssl));
        Ok(Secured { stream: Box::new(stream), version, suite, group })
    }

    /// The client's alert, if this error is one.
    pub(super) fn alert(error: &io::Error) -> Option<u8> {
        alert(error.get_ref()?.downcast_ref()?)
    }

    /// Whether the client has gone without a word of TLS about it, or what it said came before what we had to say.
    pub(super) fn is_gone(error: &io::Error) -> bool {
        let error = error.get_ref().and_then(|error| error.downcast_ref::<ssl::Error>());
        matches!(error.and_then(reason), Some(EOF | "protocol is shutdown"))
    }
}

fn alert(error: &ssl::Error) -> Option<u8> {
    let reasons = error.ssl_error().map_or(&[][..], ErrorStack::errors).iter().map(openssl::error::Error::reason_code);
    reasons.filter_map(|reason| u8::try_from(reason - ALERTS).ok()).next()
}

/// OpenSSL's word for it.
fn reason(error: &ssl::Error) -> Option<&'static str> {
    error.ssl_error()?.errors().first()?.reason()
}

/// The group of the host's own share, by its IANA name. Before TLS 1.3 OpenSSL forgets
/// its share as soon as it is used.
fn group(ssl: &SslRef) -> Option<String> {
    let key = ssl.tmp_key().ok()?;
    let name = match key.id() {
        Id::X25519 => "x25519",
        Id::EC => match key.ec_key().ok()?.group().curve_name()? {
            Nid::X9_62_PRIME256V1 => "secp256r1",
            Nid::SECP384R1 => "secp384r1",
            Nid::SECP521R1 => "secp521r1",
            _ => return None,
        },
        _ => return None,
    };
    Some(name.to_owned())
}

fn why(error: &ssl::Error) -> String {
    if let Some(code) = alert(error) {
        return alerted(code);
    }
    if let Some(error) = error.io_error() {
        return if is_gone(error) { CLOSED.to_owned() } else { format!("the connection broke: {}", error.kind()) };
    }
    let common = match reason(error) {
        // the client has gone without a word
        None | Some(EOF) => return CLOSED.to_owned(),
        Some("wrong version number") => return "the client does not go on in the host's version".to_owned(),
        Some("no shared cipher") => "cipher suite",
        Some("no shared groups" | "no suitable groups" | "no suitable key share") => "key exchange group",
        Some("no suitable signature algorithm" | "no shared signature algorithms") => "signature scheme",
        Some(other) => return format!("OpenSSL: {other}"),
    };
    nothing_in_common(common)
}
