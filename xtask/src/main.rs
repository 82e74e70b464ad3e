//! Developer commands. Each builds what it needs with cargo and runs it; what a user's command does lives in
//! the `mailproof` binary.

#![expect(clippy::disallowed_methods, reason = "this is the main program, and starting programs is what it does")]

mod mailproof;
mod tidy;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Mailproof's commands, from a checkout")]
struct Xtask {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run, list, describe, check, plan and accept scenarios
    #[command(disable_help_flag = true)]
    Scenario(Rest),
    /// Bring a stack up, take it down, show its logs, remove what dead runs left
    #[command(disable_help_flag = true)]
    Stack(Rest),
    /// Write the JSON Schema and the reference of scenario files
    #[command(disable_help_flag = true)]
    Schema(Rest),
    /// Measure speed, with ratios (an optimised build)
    #[command(disable_help_flag = true)]
    Bench(Rest),
    /// Check the conventions of the tree
    Tidy,
}

/// Words that `mailproof` reads.
#[derive(clap::Args)]
struct Rest {
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

fn main() -> anyhow::Result<ExitCode> {
    match Xtask::parse().command {
        Command::Scenario(rest) => mailproof::run(mailproof::Build::Debug, "scenario", &rest.words),
        Command::Stack(rest) => mailproof::run(mailproof::Build::Debug, "stack", &rest.words),
        Command::Schema(rest) => mailproof::run(mailproof::Build::Debug, "schema", &rest.words),
        Command::Bench(rest) => mailproof::run(mailproof::Build::Release, "bench", &rest.words),
        Command::Tidy => tidy::run(),
    }
}
