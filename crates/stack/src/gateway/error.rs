//! What is wrong with a gateway directory, all at once.

use miette::{Diagnostic, LabeledSpan, NamedSource};
use std::{fmt, ops::Range};

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
    #[error("{path} is no gateway file")]
    #[diagnostic(code(mailproof::gateway::wrong))]
    Wrong {
        /// The file.
        path: String,
        /// What, each with its place.
        #[related]
        faults: Vec<GatewayFault>,
    },
}

/// One thing that is wrong.
#[derive(Debug)]
pub struct GatewayFault {
    pub(crate) message: String,
    pub(crate) span: Range<usize>,
    pub(crate) help: Option<String>,
    pub(crate) source: NamedSource<String>,
}

impl fmt::Display for GatewayFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for GatewayFault {}

impl Diagnostic for GatewayFault {
    fn source_code(&self) -> Option<&dyn miette::SourceCode> {
        Some(&self.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(std::iter::once(LabeledSpan::at(self.span.clone(), "here"))))
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display>)
    }
}
