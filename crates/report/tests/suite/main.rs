//! A canned run in, reports out.

mod canned;
mod describe;
mod machines;
mod merge;
mod status;
mod terminal;
