//! The server's side of TLS 1.2 and 1.3, by rustls.

use super::{
    HostKey,
    hello::Listening,
    keys::{CLOSED, Secured, Taken, alerted, is_gone, nothing_in_common},
};
use crate::BoxStream;
use rustls::{
    Error, PeerIncompatible, ServerConfig, SupportedProtocolVersion, server::NoServerSessionStorage as NothingKept,
    version,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::{io, sync::Arc};
use tokio_rustls::TlsAcceptor;

pub(super) struct Modern(TlsAcceptor);

impl Modern {
    pub(super) fn new(key: &HostKey, chain: Vec<CertificateDer<'static>>, taken: Taken) -> Result<Self, String> {
        let known: [(bool, &'static SupportedProtocolVersion); 2] =
            [(taken[2], &version::TLS12), (taken[3], &version::TLS13)];
        let versions: Vec<_> = known.into_iter().filter_map(|(taken, version)| taken.then_some(version)).collect();
        let private = PrivateKeyDer::from_pem_slice(key.key_pem.as_bytes()).map_err(|e| format!("its key: {e}"))?;
        let mut config = ServerConfig::builder_with_provider(pki::provider())
            .with_protocol_versions(&versions)
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, private))
            .map_err(|e| format!("TLS cannot be set up: {e}"))?;
        config.session_storage = Arc::new(NothingKept {});
        config.send_tls13_tickets = 0;
        Ok(Self(TlsAcceptor::from(Arc::new(config))))
    }

    pub(super) async fn accept(&self, stream: Listening<BoxStream>) -> Result<Secured, String> {
        let stream = self.0.accept(stream).await.map_err(|e| why(&e))?;
        let connection = stream.get_ref().1;
        // rustls writes TLSv1_3 and TLS13_AES_256_GCM_SHA384 for TLSv1.3 and TLS_AES_256_GCM_SHA384
        let version = connection.protocol_version().map(|v| format!("{v:?}").replace('_', "."));
        let suite = connection.negotiated_cipher_suite();
        let suite = suite.map(|s| format!("{:?}", s.suite()).replacen("TLS13_", "TLS_", 1));
        let group = connection.negotiated_key_exchange_group().map(|group| mail::group_name(u16::from(group.name())));
        let (version, suite) = (version.unwrap_or_default(), suite.unwrap_or_default());
        Ok(Secured { stream: Box::new(stream), version, suite, group })
    }

    /// The client's alert, if this error is one.
    pub(super) fn alert(error: &io::Error) -> Option<u8> {
        match tls_error(error)? {
            Error::AlertReceived(alert) => Some(u8::from(*alert)),
            _ => None,
        }
    }
}

fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

fn why(error: &io::Error) -> String {
    use PeerIncompatible as Peer;
    let common = match tls_error(error) {
        None if is_gone(error) => return CLOSED.to_owned(),
        None => return format!("the connection broke: {}", error.kind()),
        Some(Error::AlertReceived(alert)) => return alerted(u8::from(*alert)),
        Some(Error::PeerIncompatible(Peer::NoCipherSuitesInCommon)) => "cipher suite",
        Some(Error::PeerIncompatible(Peer::NoKxGroupsInCommon)) => "key exchange group",
        Some(Error::PeerIncompatible(Peer::NoSignatureSchemesInCommon)) => "signature scheme",
        Some(other) => return format!("rustls: {other}"),
    };
    nothing_in_common(common)
}
