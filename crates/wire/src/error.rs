//! Why nothing could be told: what failed, where, and what to do.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

/// A connection of the harness's own that could not be made or kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WireError {
    /// The entrance of the pretend Internet does not take the connection.
    #[error(
        "cannot reach {destination} through the entrance {entrance}: {source}; is the internet container running and \
         its port 7000 published there?"
    )]
    Connect {
        /// Where HAProxy listens for the harness.
        entrance: SocketAddr,
        /// Whom it should have reached.
        destination: SocketAddr,
        /// What the system said.
        source: Arc<io::Error>,
    },
    /// A text that is neither a DNS name nor an IP address.
    #[error("`{0}` is no server name for TLS (RFC 6066 §3); give a DNS name or an IP address")]
    ServerName(String),
    /// TLS could not be set up on a connection that needs it.
    #[error("no TLS with {server} ({destination}): {reason}; look into that service's log")]
    Tls {
        /// Name that was asked for.
        server: String,
        /// Its address.
        destination: SocketAddr,
        /// What went wrong.
        reason: String,
    },
    /// A host cannot be played as it is asked for.
    #[error("{host} cannot be played: {reason}; look at its table in the scenario")]
    Play {
        /// Its name.
        host: String,
        /// Why.
        reason: String,
    },
    /// The IMAP server closed the connection, was silent, or said something that is no IMAP.
    #[error("the IMAP connection of {login} to {server} failed at {command}: {reason}; look into its log")]
    Lost {
        /// Whose mailbox.
        login: String,
        /// The server, and how it is reached.
        server: String,
        /// The command under way, without secrets.
        command: String,
        /// What went wrong.
        reason: String,
    },
    /// The IMAP server answers NO or BAD (RFC 3501 §7.1).
    #[error("{server} refuses {command} of {login}: {said}; is this login in gateway.toml, and its password right?")]
    Refused {
        /// Whose mailbox.
        login: String,
        /// The server, and how it is reached.
        server: String,
        /// The command, without secrets.
        command: String,
        /// The text of the answer.
        said: String,
    },
    /// The IMAP server did not answer in time.
    #[error("{server} did not answer {command} of {login} within {} s; is the service alive?", .after.as_secs())]
    Silent {
        /// Whose mailbox.
        login: String,
        /// The server, and how it is reached.
        server: String,
        /// The command, without secrets.
        command: String,
        /// How long it was waited for.
        after: Duration,
    },
}
