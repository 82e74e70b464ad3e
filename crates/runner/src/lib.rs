//! The conductor: schedules scenarios, drives them over a stack, judges what was seen, and tells people.

mod baseline;
mod bring_up;
mod cli;
mod commands;
mod conduct;
mod drive;
mod exit;
mod file_error;
mod judge;
mod known;
mod library;
mod mutants;
mod order;
mod progress;
mod project;
mod questions;
mod revision;
mod saved;
mod schedule;
mod shard;
mod shipped;
mod snapshots;
mod start;
mod unnoticed;
mod workspace;

pub use container::WITHIN;
pub use shipped::Shipped;
pub use start::{Call, main};
