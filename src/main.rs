//! The `mailproof` binary: reads the command line and the environment, and hands over.

use clap::Parser;
use std::process::ExitCode;

fn main() -> ExitCode {
    runner::main(runner::Cli::parse())
}
