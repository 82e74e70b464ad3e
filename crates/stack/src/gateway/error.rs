//! Why a directory is no gateway.

use miette::Diagnostic;

/// Why a directory is no gateway.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum GatewayError {
    /// It has no readable `gateway.toml`.
    #[error("{path} cannot be read: {cause}")]
    #[diagnostic(
        code(mailproof::gateway::unreadable),
        help("a gateway is a name in `gateways`, or a directory with gateway.toml and configuration files beside it")
    )]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        cause: std::io::Error,
    },
    /// Something in it is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Wrong(#[from] form::Faults),
}
