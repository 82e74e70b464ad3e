//! The engine itself: a suite that finds it dead says so at once, with what it last said, and does not wait for it again in every test.

use crate::Failed;
use std::{
    process::{Command, Stdio},
    sync::OnceLock,
};

/// Seconds in which an engine that works makes a network, however busy the machine.
const PATIENCE: u32 = 180;

/// Seconds in which each part of its state is told, where it did not.
const BRIEF: u32 = 10;

/// How the engine was found when a test had said that it is gone; empty as long as none did.
static GONE: OnceLock<String> = OnceLock::new();

/// Runs one test, unless the engine is known to be gone. What fails is printed at once: the suite's own list comes at the
/// end, which a run that is stopped never reaches.
pub(crate) fn guarded(name: &str, test: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
    if let Some(gone) = GONE.get() {
        return Err(format!("not run, the engine is gone: {gone}").into());
    }
    let result = test();
    let Some(message) = result.as_ref().err().map(|failed| failed.message().unwrap_or("?").to_owned()) else {
        return result;
    };
    eprintln!("\n{name} failed:\n{message}");
    if message.contains("mailproof::engine::gone")
        && let Err(gone) = answers()
    {
        eprintln!("the engine is gone: {gone}");
        let _ = GONE.set(gone);
    }
    result
}

/// Whether the engine makes and removes a network; what it said, or that it said nothing, if not.
///
/// # Errors
/// What it said, with the state in which it says that it is.
pub(crate) fn answers() -> Result<(), String> {
    let name = format!("mailproof-answers-{}", std::process::id());
    let run = format!("mailproof.run={name}");
    let result = ask(PATIENCE, &["network", "create", "--label", &run, &name])
        .and_then(|_| ask(PATIENCE, &["network", "rm", &name]));
    result.map(drop).map_err(|said| {
        let state = ["info", "network ls", "ps --all", "system df"];
        let told = state.map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            format!("docker {line}:\n{}", ask(BRIEF, &words).unwrap_or_else(|said| said))
        });
        format!("{said}\n{}", told.join("\n"))
    })
}

/// What `docker` says to these words within so many seconds.
fn ask(seconds: u32, words: &[&str]) -> Result<String, String> {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &seconds.to_string(), "docker"]).args(words).stdin(Stdio::null());
    let output = command.output().map_err(|e| format!("timeout(1) could not be started: {e}"))?;
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).trim().to_owned();
    match output.status.code() {
        Some(0) => Ok(text(&output.stdout)),
        Some(124 | 137) => Err(format!("`docker {}` gave no answer within {seconds} s", words.join(" "))),
        code => Err(format!("`docker {}` ended with {code:?}: {}", words.join(" "), text(&output.stderr))),
    }
}
