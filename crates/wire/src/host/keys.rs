//! What a played host proves itself with, and the server's side of the handshake: by rustls, and by OpenSSL for the versions
//! that rustls has not (TLS 1.0 and 1.1).

use super::hello::Heard;
use crate::{BoxStream, WireError};
use evidence::{Certificate, Handshake, Trust};
use openssl::{
    pkey::PKey,
    ssl::{Ssl, SslAcceptor, SslMethod, SslVersion},
    x509::X509,
};
use rustls::{ServerConfig, SupportedProtocolVersion, version};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{pin::Pin, sync::Arc, time::Duration};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

/// How long a handshake may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A certificate, its key, and the versions of TLS in which they are shown.
#[derive(Clone)]
pub struct HostKey {
    /// The certificate and those that issued it, PEM, its own first.
    pub chain_pem: String,
    /// The private key, PKCS#8 in PEM.
    pub key_pem: String,
    /// `TLSv1` to `TLSv1.3`; empty: 1.2 and 1.3.
    pub versions: Vec<String>,
}

/// A server's side of TLS.
pub(super) struct Server {
    library: Library,
    chain: Vec<Certificate>,
}

enum Library {
    Rustls(TlsAcceptor),
    OpenSsl(Box<SslAcceptor>),
}

impl Server {
    pub(super) fn new(name: &str, key: &HostKey) -> Result<Self, WireError> {
        let fault = |reason: String| WireError::Play { host: name.to_owned(), reason };
        let chain = CertificateDer::pem_slice_iter(key.chain_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| fault(format!("its certificate cannot be read: {e}")))?;
        let described = chain.iter().map(pki::describe).collect();
        let is_old = key.versions.iter().any(|v| v == "TLSv1" || v == "TLSv1.1");
        let library = if is_old { open_ssl(key) } else { rustls(key, chain) };
        Ok(Self { library: library.map_err(fault)?, chain: described })
    }

    /// Shakes hands; `heard` gets what the client says.
    ///
    /// # Errors
    /// There was no handshake, and why: words that are the same whenever the same happens.
    pub(super) async fn accept(&self, stream: BoxStream, heard: &Heard) -> Result<(BoxStream, Handshake), String> {
        let stream = heard.on(stream);
        let failed = |said: String| match (heard.alert(), heard.offer()) {
            (Some(alert), _) => format!("the client ended the handshake with alert {alert}"),
            (None, None) => "the client sent no ClientHello".to_owned(),
            (None, Some(_)) => said,
        };
        let shaken = async {
            match &self.library {
                Library::Rustls(acceptor) => {
                    let secured = acceptor.accept(stream).await.map_err(|e| failed(said(&e)))?;
                    let connection = secured.get_ref().1;
                    let version = connection.protocol_version().map(|v| format!("{v:?}").replace('_', "."));
                    let suite = connection.negotiated_cipher_suite();
                    let suite = suite.map(|s| format!("{:?}", s.suite()).replacen("TLS13_", "TLS_", 1));
                    let group = connection.negotiated_key_exchange_group().map(|group| format!("{:?}", group.name()));
                    let handshake = self.handshake(version.unwrap_or_default(), suite.unwrap_or_default(), group);
                    Ok((Box::new(secured) as BoxStream, handshake))
                }
                Library::OpenSsl(acceptor) => {
                    let unready = |e: openssl::error::ErrorStack| format!("OpenSSL makes no connection: {e}");
                    let ssl = Ssl::new(acceptor.context()).map_err(unready)?;
                    let mut secured = tokio_openssl::SslStream::new(ssl, stream).map_err(unready)?;
                    let no = "the two have no version or cipher suite in common";
                    Pin::new(&mut secured).accept().await.map_err(|_| failed(no.to_owned()))?;
                    let suite = secured.ssl().current_cipher().and_then(|c| c.standard_name()).unwrap_or_default();
                    let handshake = self.handshake(secured.ssl().version_str().to_owned(), suite.to_owned(), None);
                    Ok((Box::new(secured) as BoxStream, handshake))
                }
            }
        };
        let late = || Err(format!("no handshake within {} s", PATIENCE.as_secs()));
        timeout(PATIENCE, shaken).await.unwrap_or_else(|_| late())
    }

    fn handshake(&self, version: String, suite: String, group: Option<String>) -> Handshake {
        Handshake { version, suite, group, chain: self.chain.clone(), peer: Trust::Anonymous }
    }
}

/// rustls's word, without what differs from time to time.
fn said(error: &std::io::Error) -> String {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof => {
            "the client closed the connection in the handshake".to_owned()
        }
        _ => error.to_string(),
    }
}

fn rustls(key: &HostKey, chain: Vec<CertificateDer<'static>>) -> Result<Library, String> {
    let mut versions: Vec<&'static SupportedProtocolVersion> = Vec::new();
    for (word, version) in [("TLSv1.2", &version::TLS12), ("TLSv1.3", &version::TLS13)] {
        if key.versions.is_empty() || key.versions.iter().any(|v| v == word) {
            versions.push(version);
        }
    }
    let private = PrivateKeyDer::from_pem_slice(key.key_pem.as_bytes()).map_err(|e| format!("its key: {e}"))?;
    let config = ServerConfig::builder_with_provider(pki::provider())
        .with_protocol_versions(&versions)
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|e| format!("TLS cannot be set up: {e}"))?;
    Ok(Library::Rustls(TlsAcceptor::from(Arc::new(config))))
}

/// At security level 0: TLS 1.0 signs with SHA-1 (RFC 8996 §2 forbids what is played here).
fn open_ssl(key: &HostKey) -> Result<Library, String> {
    let build = || {
        let mut builder = SslAcceptor::mozilla_intermediate(SslMethod::tls_server())?;
        let usual = builder.options();
        builder.clear_options(usual);
        let numbers = |word: &String| match word.as_str() {
            "TLSv1" => SslVersion::TLS1,
            "TLSv1.1" => SslVersion::TLS1_1,
            "TLSv1.2" => SslVersion::TLS1_2,
            _ => SslVersion::TLS1_3,
        };
        builder.set_min_proto_version(key.versions.first().map(numbers))?;
        builder.set_max_proto_version(key.versions.last().map(numbers))?;
        builder.set_cipher_list("ALL:@SECLEVEL=0")?;
        let mut chain = X509::stack_from_pem(key.chain_pem.as_bytes())?.into_iter();
        if let Some(own) = chain.next() {
            builder.set_certificate(&own)?;
        }
        for issuer in chain {
            builder.add_extra_chain_cert(issuer)?;
        }
        let private = PKey::private_key_from_pem(key.key_pem.as_bytes())?;
        builder.set_private_key(&private)?;
        Ok(Library::OpenSsl(Box::new(builder.build())))
    };
    build().map_err(|e: openssl::error::ErrorStack| format!("TLS cannot be set up: {e}"))
}

/// Shows no secret.
impl std::fmt::Debug for HostKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostKey").field("versions", &self.versions).finish_non_exhaustive()
    }
}
