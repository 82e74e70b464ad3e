//! What a profile can speak of.

use serde::{Serialize, Serializer};
use std::fmt;

/// What a profile speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aspect {
    /// A version of the protocol.
    Version,
    /// A cipher suite.
    Suite,
    /// A key exchange group.
    Group,
    /// A signature scheme with which the server proves that it has its key.
    Signature,
    /// Whose order of cipher suites counts.
    Order,
    /// The finite-field group of DHE suites.
    Dh,
    /// The key of a certificate.
    CertificateKey,
    /// The signature under a certificate.
    CertificateSignature,
    /// How long a certificate is valid.
    CertificateLifetime,
    /// Something that a server does or does not.
    Feature(Feature),
}

impl Aspect {
    /// The word for it, as `cipher suite`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Suite => "cipher suite",
            Self::Group => "group",
            Self::Signature => "signature scheme",
            Self::Order => "order",
            Self::Dh => "Diffie-Hellman group",
            Self::CertificateKey => "certificate key",
            Self::CertificateSignature => "certificate signature",
            Self::CertificateLifetime => "certificate lifetime",
            Self::Feature(feature) => feature.as_str(),
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Serialize for Aspect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Something that a server does or does not; `evidence::Features` has what was seen of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Feature {
    /// Sends tickets (RFC 5077, RFC 8446 §4.6.1).
    Tickets,
    /// Resumes a connection.
    Resumption,
    /// Secure renegotiation (RFC 5746).
    SecureRenegotiation,
    /// Follows when the client renegotiates.
    ClientRenegotiation,
    /// Compresses (RFC 3749).
    Compression,
    /// Refuses a downgrade that TLS_FALLBACK_SCSV tells (RFC 7507).
    FallbackScsv,
    /// Takes early data (RFC 8446 §2.3).
    EarlyData,
    /// Extended master secret (RFC 7627).
    ExtendedMasterSecret,
    /// Encrypt-then-MAC (RFC 7366).
    EncryptThenMac,
    /// OCSP stapling (RFC 6066 §8).
    OcspStapling,
}

impl Feature {
    /// All of them, in the order of this list.
    pub const ALL: [Self; 10] = [
        Self::Tickets,
        Self::Resumption,
        Self::SecureRenegotiation,
        Self::ClientRenegotiation,
        Self::Compression,
        Self::FallbackScsv,
        Self::EarlyData,
        Self::ExtendedMasterSecret,
        Self::EncryptThenMac,
        Self::OcspStapling,
    ];

    /// The word for it in files, as `early-data`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tickets => "tickets",
            Self::Resumption => "resumption",
            Self::SecureRenegotiation => "secure-renegotiation",
            Self::ClientRenegotiation => "client-renegotiation",
            Self::Compression => "compression",
            Self::FallbackScsv => "fallback-scsv",
            Self::EarlyData => "early-data",
            Self::ExtendedMasterSecret => "extended-master-secret",
            Self::EncryptThenMac => "encrypt-then-mac",
            Self::OcspStapling => "ocsp-stapling",
        }
    }

    /// What a server does that has it.
    pub(crate) const fn doc(self) -> &'static str {
        match self {
            Self::Tickets => "it gives tickets (RFC 5077 §3.1, RFC 8446 §4.6.1)",
            Self::Resumption => "it resumes a connection",
            Self::SecureRenegotiation => "it binds a renegotiation to its connection (RFC 5746 §3.6)",
            Self::ClientRenegotiation => "it renegotiates when the client asks",
            Self::Compression => "it compresses (RFC 3749)",
            Self::FallbackScsv => "it refuses a downgrade (RFC 7507 §3)",
            Self::EarlyData => "it takes early data (RFC 8446 §2.3)",
            Self::ExtendedMasterSecret => "it binds the master secret to the handshake (RFC 7627 §4)",
            Self::EncryptThenMac => "it encrypts before it authenticates (RFC 7366 §3)",
            Self::OcspStapling => "it brings its certificate's status (RFC 6066 §8)",
        }
    }

    /// Whether it has a meaning in TLS 1.2 and before only.
    #[must_use]
    pub const fn is_of_old_versions(self) -> bool {
        matches!(
            self,
            Self::SecureRenegotiation
                | Self::ClientRenegotiation
                | Self::Compression
                | Self::FallbackScsv
                | Self::ExtendedMasterSecret
                | Self::EncryptThenMac
        )
    }

    /// What was seen of it.
    #[must_use]
    pub const fn of(self, features: &evidence::Features) -> &evidence::Observed<bool> {
        match self {
            Self::Tickets => &features.tickets,
            Self::Resumption => &features.resumption,
            Self::SecureRenegotiation => &features.secure_renegotiation,
            Self::ClientRenegotiation => &features.client_renegotiation,
            Self::Compression => &features.compression,
            Self::FallbackScsv => &features.fallback_scsv,
            Self::EarlyData => &features.early_data,
            Self::ExtendedMasterSecret => &features.extended_master_secret,
            Self::EncryptThenMac => &features.encrypt_then_mac,
            Self::OcspStapling => &features.ocsp_stapling,
        }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_feature_has_a_word_of_its_own() {
        assert_eq!(Feature::ALL.map(Feature::as_str).iter().collect::<BTreeSet<_>>().len(), Feature::ALL.len());
    }
}
