//! What a played host proves itself with, and the server's side of the handshake: by rustls, and by OpenSSL for the versions
//! that rustls has not (TLS 1.0 and 1.1).

use super::{hello::Heard, modern::Modern, old::Old};
use crate::{BoxStream, WireError};
use evidence::{Certificate, Handshake, Offer, Trust};
use rustls_pki_types::{CertificateDer, pem::PemObject};
use std::{io, time::Duration};
use tokio::time::timeout;

/// How a handshake ends of which the client lets go; one word for all ways in which a connection goes.
pub(super) const CLOSED: &str = "the client closed the connection in the handshake";
/// Versions that a host can take, oldest first.
const VERSIONS: [&str; 4] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

/// A certificate, its key, and the versions of TLS in which they are shown.
#[derive(Clone)]
pub struct HostKey {
    /// The certificate and those that issued it, PEM, its own first.
    pub chain_pem: String,
    /// The private key, PKCS#8 in PEM.
    pub key_pem: String,
    /// `TLSv1` to `TLSv1.3`, in any order; empty: 1.2 and 1.3.
    pub versions: Vec<String>,
}

/// Versions that are taken: TLS 1.0, 1.1, 1.2, 1.3.
pub(super) type Taken = [bool; 4];

/// A server's side of TLS. It resumes nothing (RFC 8446 §2.2), so that every handshake shows the certificate.
pub(super) struct Server {
    library: Library,
    chain: Vec<Certificate>,
    taken: Taken,
    /// How long a handshake may take.
    pub(super) patience: Duration,
}

enum Library {
    Modern(Modern),
    Old(Box<Old>),
}

/// What came of a handshake.
pub(super) struct Secured {
    pub(super) stream: BoxStream,
    pub(super) version: String,
    pub(super) suite: String,
    pub(super) group: Option<String>,
}

impl Server {
    pub(super) fn new(name: &str, key: &HostKey) -> Result<Self, WireError> {
        let fault = |reason: String| WireError::Play { host: name.to_owned(), reason };
        let chain = CertificateDer::pem_slice_iter(key.chain_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(|e| fault(format!("its certificate cannot be read: {e}")))?;
        let described = chain.iter().map(pki::describe).collect();
        let taken = taken(&key.versions).map_err(fault)?;
        let library = match taken {
            [false, false, ..] => Modern::new(key, chain, taken).map(Library::Modern),
            _ => Old::new(key, taken).map(|old| Library::Old(Box::new(old))),
        };
        Ok(Self { library: library.map_err(fault)?, chain: described, taken, patience: Duration::from_secs(20) })
    }

    /// Shakes hands; `heard` gets what the client says.
    ///
    /// # Errors
    /// There was no handshake, and why: words that are the same whenever the same happens.
    pub(super) async fn accept(&self, stream: BoxStream, heard: &Heard) -> Result<(BoxStream, Handshake), String> {
        let stream = heard.on(stream);
        let shaken = async {
            match &self.library {
                Library::Modern(modern) => modern.accept(stream).await,
                Library::Old(old) => old.accept(stream).await,
            }
        };
        let late = || Err(format!("no handshake within {} s", self.patience.as_secs_f32()));
        match timeout(self.patience, shaken).await.unwrap_or_else(|_| late()) {
            Ok(Secured { stream, version, suite, group }) => {
                let chain = self.chain.clone();
                Ok((stream, Handshake { version, suite, group, chain, peer: Trust::Anonymous }))
            }
            // each library has its own words for what the ClientHello tells already
            Err(why) => Err(match heard.offer() {
                None => "the client sent no ClientHello".to_owned(),
                Some(offer) if !self.has_version_of(&offer) => nothing_in_common("version"),
                Some(_) => why,
            }),
        }
    }

    /// Whether there is a version that both ends take.
    fn has_version_of(&self, offer: &Offer) -> bool {
        let mut taken = VERSIONS.into_iter().zip(self.taken).filter_map(|(version, taken)| taken.then_some(version));
        match offer.versions.as_slice() {
            // without supported_versions, or as good as that: everything up to it
            [highest] if highest != "TLSv1.3" => taken.any(|version| version <= highest.as_str()),
            versions => taken.any(|version| versions.iter().any(|offered| offered == version)),
        }
    }
}

fn taken(words: &[String]) -> Result<Taken, String> {
    if words.is_empty() {
        return Ok([false, false, true, true]);
    }
    match words.iter().find(|word| !VERSIONS.contains(&word.as_str())) {
        Some(word) => Err(format!("`{word}` is no version that it could take; there are {}", VERSIONS.join(", "))),
        None => Ok(VERSIONS.map(|version| words.iter().any(|word| word == version))),
    }
}

/// What both ends would need, and have not.
pub(super) fn nothing_in_common(what: &str) -> String {
    format!("the two have no {what} in common")
}

/// An alert of the client's (RFC 8446 §6).
pub(super) fn alerted(code: u8) -> String {
    match mail::alert_name(code) {
        unknown if unknown.starts_with("alert ") => format!("the client sent {unknown}"),
        known => format!("the client sent alert {known}"),
    }
}

/// Whether the other end has simply gone.
pub(super) fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, NotConnected, UnexpectedEof};
    matches!(error.kind(), BrokenPipe | ConnectionAborted | ConnectionReset | NotConnected | UnexpectedEof)
}

/// The client's alert, if this error is one.
pub(super) fn alert(error: &io::Error) -> Option<String> {
    Modern::alert(error).or_else(|| Old::alert(error)).map(alerted)
}

/// How a connection ends with this error.
pub(super) fn ending(error: &io::Error) -> String {
    match alert(error) {
        Some(alert) => alert,
        None if is_gone(error) || Old::is_gone(error) => "closed by the client".to_owned(),
        None => "the connection broke".to_owned(),
    }
}

/// Shows no secret.
impl std::fmt::Debug for HostKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HostKey").field("versions", &self.versions).finish_non_exhaustive()
    }
}
