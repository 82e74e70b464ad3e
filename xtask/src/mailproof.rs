//! Build the `mailproof` binary and become it.

use anyhow::Context;
use std::{path::Path, process::ExitCode, process::Stdio};

/// Which build.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Build {
    /// Quick to build.
    Debug,
    /// Quick to run.
    Release,
}

/// Builds the binary, quietly unless it fails, and runs `mailproof WORDS…` with our standard streams. It says what the user called.
///
/// # Errors
/// The build failed, or the binary could not be started.
pub(crate) fn run(build: Build, words: &[String]) -> anyhow::Result<ExitCode> {
    let root = root();
    let mut cargo = program(&std::env::var("CARGO").unwrap_or_else(|_| "cargo".into()));
    cargo.current_dir(root).args(["build", "--bin", "mailproof"]);
    if build == Build::Release {
        cargo.arg("--release");
    }
    // Only cargo's progress: the binary's own output is the result.
    let built = cargo.stdout(Stdio::null()).status().context("cargo could not be started")?;
    if !built.success() {
        anyhow::bail!("building mailproof failed");
    }
    let directory = match build {
        Build::Debug => "debug",
        Build::Release => "release",
    };
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), |dir| root.join(dir));
    let binary = target.join(directory).join("mailproof");
    become_program(program(&binary.to_string_lossy()).args(words))
}

/// Root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

/// Replaces this process, so that signals and the exit code need no forwarding.
#[cfg(unix)]
fn become_program(command: &mut std::process::Command) -> anyhow::Result<ExitCode> {
    use std::os::unix::process::CommandExt;
    Err(command.arg0("cargo xtask").exec()).context("mailproof could not be started")
}

#[cfg(not(unix))]
fn become_program(command: &mut std::process::Command) -> anyhow::Result<ExitCode> {
    let status = command.status().context("mailproof could not be started")?;
    Ok(ExitCode::from(status.code().and_then(|c| u8::try_from(c).ok()).unwrap_or(1)))
}

fn program(name: &str) -> std::process::Command {
    std::process::Command::new(name)
}
