//! Developer commands: builds the `mailproof` binary with cargo and becomes it, as `cargo xtask WORDS…`. Only `tidy` is its own.

#![expect(clippy::disallowed_methods, reason = "this is the main program, and starting programs is what it does")]

mod mailproof;
mod tidy;

use mailproof::Build;
use std::process::ExitCode;

fn main() -> anyhow::Result<ExitCode> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.first().map(String::as_str) {
        Some("tidy") => tidy::run(),
        // what is measured, or makes thousands of handshakes
        Some("probe" | "bench") => mailproof::run(Build::Release, &words),
        _ => mailproof::run(Build::Debug, &words),
    }
}
