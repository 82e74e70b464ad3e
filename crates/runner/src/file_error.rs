//! Why a file that the user writes in TOML says nothing: `mailproof.toml`, or a list of known failures.

use form::Faults;
use std::io;

/// Why such a file is of no use.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum FileError {
    /// The file is there and cannot be read.
    #[error("{path} cannot be read: {cause}")]
    Unreadable {
        /// The file.
        path: String,
        /// Why.
        cause: io::Error,
    },
    /// Its text is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Wrong(#[from] Faults),
}
