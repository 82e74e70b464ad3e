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
    /// Print every TLS line of a gateway: what it is documented to mean, and what it does
    #[command(disable_help_flag = true)]
    Gateway(Rest),
    /// Keep a gateway up, and run scenarios again when something is saved
    #[command(disable_help_flag = true)]
    Watch(Rest),
    /// Say what a mail service takes of TLS
    #[command(disable_help_flag = true)]
    Probe(Rest),
    /// Look a domain's records up, and say what is wrong with them
    #[command(disable_help_flag = true)]
    Lookup(Rest),
    /// Assess a gateway, or a server of your own, as a hosted scanner would
    #[command(disable_help_flag = true)]
    Assess(Rest),
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
        Command::Gateway(rest) => mailproof::run(mailproof::Build::Debug, "gateway", &rest.words),
        Command::Watch(rest) => mailproof::run(mailproof::Build::Debug, "watch", &rest.words),
        Command::Probe(rest) => mailproof::run(mailproof::Build::Release, "probe", &rest.words),
        Command::Lookup(rest) => mailproof::run(mailproof::Build::Debug, "lookup", &rest.words),
        Command::Assess(rest) => mailproof::run(mailproof::Build::Debug, "assess", &rest.words),
        Command::Stack(rest) => mailproof::run(mailproof::Build::Debug, "stack", &rest.words),
        Command::Schema(rest) => mailproof::run(mailproof::Build::Debug, "schema", &rest.words),
        Command::Bench(rest) => mailproof::run(mailproof::Build::Release, "bench", &rest.words),
        Command::Tidy => tidy::run(),
    }
}
