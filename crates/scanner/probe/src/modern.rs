//! Whole handshakes by a library of today, for what the other one does not let be seen: tickets of TLS 1.3, and the keys of
//! a connection.

use rustls::{
    ClientConfig, DigitallySignedStruct, HandshakeKind, NamedGroup, SignatureScheme, SupportedProtocolVersion,
    client::{
        ClientSessionStore as TicketStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// So many tickets are kept.
const TICKETS: usize = 8;

/// A client that takes every certificate, and keeps tickets.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    seen: Arc<Mutex<Seen>>,
}

/// What handshakes showed.
#[derive(Debug, Default)]
struct Seen {
    is_stapled: bool,
    is_early: bool,
    many: usize,
    tickets: Vec<Tls13ClientSessionValue>,
}

/// What is done with what handshakes show.
#[derive(Debug)]
struct Look {
    seen: Arc<Mutex<Seen>>,
    schemes: Vec<SignatureScheme>,
}

impl Client {
    /// A client that speaks this version alone. A name that is none of the DNS is not asked for.
    pub(crate) fn new(name: Option<&str>, version: &'static SupportedProtocolVersion) -> io::Result<Self> {
        let provider = pki::provider();
        let schemes = provider.signature_verification_algorithms.supported_schemes();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let look = Arc::new(Look { seen: Arc::clone(&seen), schemes });
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .map_err(io::Error::other)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&look) as Arc<dyn ServerCertVerifier>)
            .with_no_client_auth();
        config.resumption = Resumption::store(look);
        config.enable_secret_extraction = true;
        let asked = name.and_then(|name| ServerName::try_from(name.to_owned()).ok());
        config.enable_sni = asked.is_some();
        let name = asked.unwrap_or_else(|| ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()));
        Ok(Self { config: Arc::new(config), name, seen })
    }

    /// Shakes hands.
    ///
    /// # Errors
    /// There was no handshake.
    pub(crate) async fn connect<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> io::Result<TlsStream<S>> {
        TlsConnector::from(Arc::clone(&self.config)).connect(self.name.clone(), stream).await
    }

    /// How many tickets came.
    pub(crate) fn tickets(&self) -> usize {
        locked(&self.seen).many
    }

    /// Whether a ticket allows early data (RFC 8446 §4.6.1).
    pub(crate) fn is_early(&self) -> bool {
        locked(&self.seen).is_early
    }

    /// Whether a server sent the status of its certificate.
    pub(crate) fn is_stapled(&self) -> bool {
        locked(&self.seen).is_stapled
    }
}

/// Whether a connection was resumed.
pub(crate) fn is_resumed<S>(stream: &TlsStream<S>) -> bool {
    stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
}

fn locked(seen: &Mutex<Seen>) -> std::sync::MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl TicketStore for Look {
    fn set_kx_hint(&self, _server_name: ServerName<'static>, _group: NamedGroup) {}

    fn kx_hint(&self, _server_name: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _server_name: ServerName<'static>, _value: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _server_name: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _server_name: ServerName<'static>, value: Tls13ClientSessionValue) {
        let mut seen = locked(&self.seen);
        seen.many += 1;
        seen.is_early |= value.max_early_data_size() > 0;
        if seen.tickets.len() < TICKETS {
            seen.tickets.push(value);
        }
    }

    fn take_tls13_ticket(&self, _server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        locked(&self.seen).tickets.pop()
    }
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
        locked(&self.seen).is_stapled |= !ocsp_response.is_empty();
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
