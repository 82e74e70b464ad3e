//! Certificates and keys of one run, good ones and bad ones, and what they are worth.
//!
//! Nothing here outlives the run: an [`Authority`] is made for it, and keys are only returned, never written to disk.

mod anchor;
mod authority;
mod describe;
mod keys;
mod tlsa;

pub use anchor::{Anchor, provider};
pub use authority::{Authority, Issued, Request, WRONG_NAME};
pub use describe::describe;
pub use keys::{KeyKind, dkim_key, pkcs8_pem};
pub use plan::CertificateKind;
pub use tlsa::tlsa;

/// Why there is no certificate or key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PkiError {
    /// A key could not be made.
    #[error("cannot make a {kind} key: {reason}")]
    Key {
        /// What was asked for.
        kind: &'static str,
        /// What the cryptographic library says.
        reason: String,
    },
    /// A certificate could not be made.
    #[error("cannot make a certificate for {subject}: {reason}")]
    Certificate {
        /// Whom it is for.
        subject: String,
        /// What the library says.
        reason: String,
    },
    /// A certificate for nobody.
    #[error("a certificate needs a name: give at least one host name or address (RFC 6125 §2.3)")]
    NoName,
    /// A TLSA record that cannot be.
    #[error("TLSA {0}: {1} (RFC 6698 §2.1)")]
    Tlsa(String, &'static str),
}
