//! A canned run in, reports out.

mod canned;
mod describe;
mod machines;
mod status;
mod terminal;
