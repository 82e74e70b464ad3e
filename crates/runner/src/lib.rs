//! The conductor: schedules scenarios, drives them over a stack, judges what was seen, and tells people.

mod cli;
mod commands;
mod conduct;
mod drive;
mod exit;
mod known;
mod library;
mod place;
mod progress;
mod questions;
mod raise;
mod schedule;
mod snapshots;
mod start;

pub use cli::Cli;
pub use start::main;
