//! A whole handshake by a modern library, for what is only seen behind it: tickets, resumption, early data, certificates of TLS 1.3.

use rustls::{
    ClientConfig, DigitallySignedStruct, HandshakeKind, SignatureScheme,
    client::{
        Resumption,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use wire::BoxStream;

/// A client that takes every certificate.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    look: Arc<Look>,
}

/// What the verifier saw.
#[derive(Debug)]
struct Look {
    schemes: Vec<SignatureScheme>,
    is_stapled: AtomicBool,
}

impl Client {
    /// A client that wants this name, and keys that sign with these schemes; with all that the library knows, if there are none.
    pub(crate) fn new(name: &str, schemes: &[SignatureScheme]) -> io::Result<Self> {
        let provider = pki::provider();
        let all = provider.signature_verification_algorithms.supported_schemes();
        let schemes = if schemes.is_empty() { all } else { schemes.to_vec() };
        let look = Arc::new(Look { schemes, is_stapled: AtomicBool::new(false) });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&look) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(8);
        config.enable_early_data = true;
        let name = ServerName::try_from(name.to_owned()).map_err(io::Error::other)?;
        Ok(Self { config: Arc::new(config), name, look })
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// There was no handshake.
    pub(crate) async fn connect(&self, stream: BoxStream) -> io::Result<TlsStream<BoxStream>> {
        TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream).await
    }

    /// Whether a ticket from an earlier connection allows early data.
    pub(crate) fn may_send_early(&self) -> bool {
        let connection = rustls::ClientConnection::new(Arc::clone(&self.config), self.name.clone());
        connection.is_ok_and(|mut connection| connection.early_data().is_some())
    }

    /// Whether a server sent the status of its certificate.
    pub(crate) fn is_stapled(&self) -> bool {
        self.look.is_stapled.load(Ordering::Relaxed)
    }
}

/// Whether a connection was resumed.
pub(crate) fn is_resumed(stream: &TlsStream<BoxStream>) -> bool {
    stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
}

/// The certificates that a server sent.
pub(crate) fn chain(stream: &TlsStream<BoxStream>) -> Vec<CertificateDer<'static>> {
    stream.get_ref().1.peer_certificates().unwrap_or_default().iter().map(|c| c.clone().into_owned()).collect()
}

impl ServerCertVerifier for Look {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        self.is_stapled.fetch_or(!ocsp_response.is_empty(), Ordering::Relaxed);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _message: &[u8],
        _certificate: &CertificateDer<'_>,
        _signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.schemes.clone()
    }
}
