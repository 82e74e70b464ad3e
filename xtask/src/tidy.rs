//! The conventions of the tree are tests of the suite; this runs them alone.

use std::process::{Command, ExitCode};

/// Runs the suite's tests whose name begins with `tidy`.
///
/// # Errors
/// cargo could not be started.
pub(crate) fn run() -> anyhow::Result<ExitCode> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(crate::mailproof::root())
        .args(["test", "--quiet", "--test", "suite", "--", "tidy"])
        .status()?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
