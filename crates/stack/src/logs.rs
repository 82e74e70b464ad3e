//! What all hosts log, in one book, and waiting until it says what became of a message.

use maillog::{Account, LogIndex, Track};
use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// As many of a host's last lines are kept, to be shown when something goes wrong.
const TAIL: usize = 400;

/// The log of a stack; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Logs {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    book: Mutex<LogIndex>,
    tails: Mutex<HashMap<String, VecDeque<String>>>,
    grown: Notify,
}

impl Logs {
    /// Takes one line from a host's syslog collector.
    pub fn record(&self, host: &str, line: &str) {
        self.book().record(host, line);
        self.remember(host, line);
        self.shared.grown.notify_waiters();
    }

    /// Takes a line that a service wrote to its own output: for people, it is no evidence.
    pub fn remember(&self, host: &str, line: &str) {
        let mut tails = self.shared.tails.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = tails.entry(host.to_owned()).or_default();
        if tail.len() == TAIL {
            tail.pop_front();
        }
        tail.push_back(line.to_owned());
    }

    /// The last lines of a host, at most `count`, oldest first.
    #[must_use]
    pub fn tail(&self, host: &str, count: usize) -> Vec<String> {
        let tails = self.shared.tails.lock().unwrap_or_else(PoisonError::into_inner);
        let tail = tails.get(host);
        tail.map(|t| t.iter().skip(t.len().saturating_sub(count)).cloned().collect()).unwrap_or_default()
    }

    /// Where the book stands now: what is logged for a transaction that begins now comes later.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.book().position()
    }

    /// Waits until the log says what became of a message, for so long at most; the account says which. Of a mail server that was never
    /// heard of it only waits for `silence`: its log may be one that is not read.
    pub async fn settle(&self, track: &Track, patience: Duration, silence: Duration) -> Account {
        let begun = Instant::now();
        loop {
            let grown = self.shared.grown.notified();
            tokio::pin!(grown);
            grown.as_mut().enable();
            let (account, is_silent) = {
                let book = self.book();
                (book.account(track), book.is_silent(track))
            };
            let deadline = begun + if is_silent { silence } else { patience };
            if account.settled || timeout_at(deadline, grown).await.is_err() {
                return account;
            }
        }
    }

    /// Lets go of what is known of a message.
    pub fn forget(&self, track: &Track) {
        self.book().forget(track);
    }

    fn book(&self) -> MutexGuard<'_, LogIndex> {
        // A panic in the grammar would poison it; the lines that it has are still true.
        self.shared.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
