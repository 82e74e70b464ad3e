//! What mail programs log: their lines become evidence.
//!
//! A program is one file in `programs` and one line of its registry. The index puts the lines of all hosts in order and
//! finds those of one transaction; it knows no program by name.

mod index;
mod line;
mod programs;

pub use index::{Account, LogIndex, Logged, Stored, Track};
pub use programs::{evaluates, queued_as};
