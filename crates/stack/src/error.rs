//! Why a stack could not be brought up, or stopped telling the truth.

use crate::services::signal;
use miette::Diagnostic;

/// What went wrong, where, and what to do.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum StackError {
    /// The engine.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Engine(#[from] container::EngineError),
    /// The authoritative server.
    #[error(transparent)]
    #[diagnostic(code(mailproof::dns))]
    Dns(#[from] dns::DnsError),
    /// Keys and certificates.
    #[error(transparent)]
    #[diagnostic(code(mailproof::pki))]
    Pki(#[from] pki::PkiError),
    /// A connection of the harness's own.
    #[error(transparent)]
    #[diagnostic(code(mailproof::wire))]
    Wire(#[from] wire::WireError),
    /// A key that does not sign.
    #[error(transparent)]
    #[diagnostic(code(mailproof::dkim_key))]
    Key(#[from] compose::KeyError),
    /// A message that cannot be made as the scenario asks.
    #[error(transparent)]
    #[diagnostic(code(mailproof::compose))]
    Compose(#[from] compose::ComposeError),
    /// A listener could not be opened.
    #[error("no listener on {address}: {cause}")]
    #[diagnostic(
        code(mailproof::listen),
        help("is the engine's bridge an interface of this machine? A remote engine does not work")
    )]
    Listen {
        /// Where.
        address: std::net::IpAddr,
        /// Why.
        cause: std::io::Error,
    },
    /// A command that prepares a host failed.
    #[error("{host}: preparing it ended with exit {code}; the last commands and their output:\n{output}")]
    #[diagnostic(
        code(mailproof::setup),
        help("a command of `setup` in gateway.toml, or the harness's own; it runs as root in the host's container")
    )]
    Setup {
        /// Host.
        host: String,
        /// Exit code of the command that failed.
        code: i64,
        /// The last commands, and what they wrote.
        output: String,
    },
    /// A mailbox cannot be opened, before anything runs.
    #[error("{cause}; the end of the log of {host}:\n{log}")]
    #[diagnostic(code(mailproof::mailbox))]
    Mailbox {
        /// What the server did.
        cause: Box<wire::WireError>,
        /// The mailbox's host.
        host: String,
        /// The end of its log.
        log: String,
    },
    /// A service ended before it was ready.
    #[error("{host}: {service} ended with exit {code}{} before it was ready; the end of its log:\n{log}", signal(*code))]
    #[diagnostic(
        code(mailproof::service::start),
        help("the configuration in the gateway's directory does not start; the log says why")
    )]
    DidNotStart {
        /// Host.
        host: String,
        /// Service.
        service: String,
        /// Its exit code.
        code: i64,
        /// The end of the host's log.
        log: String,
    },
    /// A service is not ready in time.
    #[error("{host}: {service} is not ready after {seconds} s: {waited}; the end of its log:\n{log}")]
    #[diagnostic(code(mailproof::service::ready), help("is `ready` in gateway.toml what this service really does?"))]
    NotReady {
        /// Host.
        host: String,
        /// Service.
        service: String,
        /// How long it was waited for.
        seconds: u64,
        /// What for, and what was seen instead.
        waited: String,
        /// The end of the host's log.
        log: String,
    },
    /// A service ended while scenarios ran.
    #[error("{host}: {service} ended with exit {code}{} in mid-run; the end of its log:\n{log}", signal(*code))]
    #[diagnostic(
        code(mailproof::service::ended),
        help(
            "what the gateway does without it proves nothing; `restart` in gateway.toml says when it is started again"
        )
    )]
    Ended {
        /// Host.
        host: String,
        /// Service.
        service: String,
        /// Its exit code.
        code: i64,
        /// The end of the host's log.
        log: String,
    },
    /// A service was to be stopped and runs on.
    #[error("{host}: {service} does not end, neither by SIGTERM nor by SIGKILL")]
    #[diagnostic(code(mailproof::service::stop))]
    NotStopped {
        /// Host.
        host: String,
        /// Service.
        service: String,
    },
    /// A gateway directory does not fit what is asked of it.
    #[error("{gateway}: {what}")]
    #[diagnostic(code(mailproof::gateway))]
    Unfit {
        /// Gateway.
        gateway: String,
        /// What is missing.
        what: String,
    },
}

impl StackError {
    /// The host whose configuration does not come up, or whose services ended, if it is about one.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Setup { host, .. }
            | Self::DidNotStart { host, .. }
            | Self::NotReady { host, .. }
            | Self::Ended { host, .. } => Some(host),
            _ => None,
        }
    }
}
