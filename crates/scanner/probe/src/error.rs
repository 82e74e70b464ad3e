//! Why a service could not be probed.

use std::time::Duration;

/// Nothing can be told of a service.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProbeError {
    /// Nobody takes the connection.
    #[error("{server}: no connection: {reason}; is the service running, and is the port right?")]
    Connect {
        /// Name and port.
        server: String,
        /// The system's word.
        reason: String,
    },
    /// It takes the connection and does not speak the protocol.
    #[error("{server} does not speak {service}: {reason}; is this the service that you mean? `--service` says another")]
    Protocol {
        /// Name and port.
        server: String,
        /// Which service was expected.
        service: String,
        /// What it did instead.
        reason: String,
    },
    /// It did not say enough in time to know anything.
    #[error("{server}: the probe's {} s are over; the service answers too slowly, or holds connections back", .after.as_secs_f32())]
    Late {
        /// Name and port.
        server: String,
        /// How long was waited.
        after: Duration,
    },
}
