//! The journal: every question that was asked, under which lease its zone was published, and what was answered.

use evidence::{JournalEntry, Question};
use std::{collections::VecDeque, net::IpAddr, sync::Mutex};

/// Entries kept; older ones are forgotten.
const KEPT: usize = 100_000;

/// Questions in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Journal(Mutex<Entries>);

#[derive(Debug, Default)]
struct Entries {
    kept: VecDeque<(Option<u64>, JournalEntry)>,
    next: u64,
}

impl Journal {
    /// Ordinal that the next question gets.
    pub(crate) fn mark(&self) -> u64 {
        self.0.lock().expect("no holder panics").next
    }

    /// Questions from that ordinal on, as far as they are kept; with a lease only those to its zones.
    pub(crate) fn since(&self, mark: u64, lease: Option<u64>) -> Vec<JournalEntry> {
        let entries = self.0.lock().expect("no holder panics");
        let first = entries.next - entries.kept.len() as u64;
        let skip = usize::try_from(mark.saturating_sub(first)).unwrap_or(usize::MAX);
        let wanted = entries.kept.iter().skip(skip).filter(|(asked, _)| lease.is_none() || *asked == lease);
        wanted.map(|(_, entry)| entry.clone()).collect()
    }

    pub(crate) fn record(&self, lease: Option<u64>, source: IpAddr, transport: &str, question: Question) {
        let mut entries = self.0.lock().expect("no holder panics");
        let ordinal = entries.next;
        entries.next += 1;
        if entries.kept.len() == KEPT {
            entries.kept.pop_front();
        }
        let entry = JournalEntry { ordinal, source, transport: transport.to_owned(), question };
        entries.kept.push_back((lease, entry));
    }
}
