//! The client's side of a TLS handshake that accepts any certificate and tells what it is worth.

use crate::{BoxStream, WireError};
use evidence::{Handshake, Trust};
use pki::Anchor;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::{
    io,
    sync::{Arc, OnceLock},
};
use tokio_rustls::TlsConnector;

/// The name as TLS wants it (RFC 6066 §3).
pub(crate) fn server_name(name: &str) -> Result<ServerName<'static>, WireError> {
    ServerName::try_from(name.to_owned()).map_err(|_| WireError::ServerName(name.to_owned()))
}

/// Makes a stream into one under TLS 1.2 or 1.3. The certificate may be any; only its worth depends on `anchor`.
///
/// # Errors
/// There was no handshake; the text says why.
pub(crate) async fn secure(
    stream: BoxStream,
    name: &ServerName<'static>,
    anchor: &Anchor,
) -> io::Result<(BoxStream, Handshake)> {
    let accept = Arc::new(AcceptAny { provider: pki::provider(), flaw: OnceLock::new() });
    let config = ClientConfig::builder_with_provider(Arc::clone(&accept.provider))
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(&accept) as Arc<dyn ServerCertVerifier>)
        .with_no_client_auth();
    let stream = TlsConnector::from(Arc::new(config)).connect(name.clone(), stream).await?;
    let mut handshake = described(stream.get_ref().1, &name.to_str(), anchor);
    if let Some(flaw) = accept.flaw.get() {
        handshake.peer = Trust::Untrusted(Some(flaw.clone()));
    }
    Ok((Box::new(stream), handshake))
}

fn described(connection: &ClientConnection, name: &str, anchor: &Anchor) -> Handshake {
    let chain = connection.peer_certificates().unwrap_or_default();
    // rustls writes TLSv1_3 and TLS13_AES_256_GCM_SHA384 for what the registries call TLSv1.3 and TLS_AES_256_GCM_SHA384
    let version = connection.protocol_version().map(|v| format!("{v:?}").replace('_', "."));
    let suite = connection.negotiated_cipher_suite().map(|s| format!("{:?}", s.suite()).replacen("TLS13_", "TLS_", 1));
    Handshake {
        version: version.unwrap_or_default(),
        suite: suite.unwrap_or_default(),
        group: connection.negotiated_key_exchange_group().map(|group| mail::group_name(u16::from(group.name()))),
        chain: chain.iter().map(pki::describe).collect(),
        peer: anchor.judge(chain, name),
    }
}

/// Accepts every certificate, and remembers whether the server proved that it has the key to it.
#[derive(Debug)]
struct AcceptAny {
    provider: Arc<CryptoProvider>,
    flaw: OnceLock<String>,
}

impl AcceptAny {
    fn note(&self, proof: Result<HandshakeSignatureValid, rustls::Error>) -> HandshakeSignatureValid {
        proof.unwrap_or_else(|e| {
            self.flaw.get_or_init(|| format!("the server did not prove that it has the certificate's key: {e}"));
            HandshakeSignatureValid::assertion()
        })
    }
}

impl ServerCertVerifier for AcceptAny {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Ok(self.note(verify_tls12_signature(message, certificate, signature, algorithms)))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Ok(self.note(verify_tls13_signature(message, certificate, signature, algorithms)))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
