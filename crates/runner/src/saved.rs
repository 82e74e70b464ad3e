//! Files that somebody saves: noticed, and waited for until nothing more is written.

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};

/// So long nothing is written before what was is read.
const QUIET: Duration = Duration::from_millis(20);
/// Directories in which the harness itself writes.
const OWN: &str = "snapshots";

/// Directories that are watched, as long as this is held.
#[derive(Debug)]
pub(crate) struct Saved {
    watcher: RecommendedWatcher,
    /// Of these only scenario files are of interest: anything may lie beside them.
    mixed: Arc<Mutex<Vec<PathBuf>>>,
    events: UnboundedReceiver<Instant>,
}

impl Saved {
    /// None yet.
    ///
    /// # Errors
    /// The system gives no means to watch.
    pub(crate) fn new() -> notify::Result<Self> {
        let (noticed, events) = unbounded_channel();
        let mixed = Arc::new(Mutex::new(Vec::new()));
        let known = Arc::clone(&mixed);
        let watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
            let mixed = known.lock().unwrap_or_else(PoisonError::into_inner);
            if event.is_ok_and(|event| is_of_interest(&event, &mixed)) {
                // nobody listens when the command ends
                let _ = noticed.send(Instant::now());
            }
        })?;
        Ok(Self { watcher, mixed, events })
    }

    /// From now on what is saved in a directory and those within is noticed; without `deep` scenario files in the directory alone.
    ///
    /// # Errors
    /// It is not there, or the system's limit of watches is reached.
    pub(crate) fn watch(&mut self, directory: &Path, deep: bool) -> notify::Result<()> {
        let mode = if deep { RecursiveMode::Recursive } else { RecursiveMode::NonRecursive };
        if !deep {
            self.mixed.lock().unwrap_or_else(PoisonError::into_inner).push(directory.to_owned());
        }
        self.watcher.watch(directory, mode)
    }

    /// Waits until something was saved and nothing more is written, and says since when it was.
    pub(crate) async fn next(&mut self) -> Instant {
        let Some(first) = self.events.recv().await else { std::future::pending().await };
        while timeout(QUIET, self.events.recv()).await.is_ok() {}
        first
    }

    /// Whether something was saved that nobody has asked for yet.
    pub(crate) fn is_any(&self) -> bool {
        !self.events.is_empty()
    }
}

/// Reading is no saving, and what the harness writes nobody saved.
fn is_of_interest(event: &Event, mixed: &[PathBuf]) -> bool {
    let is_meant = |path: &PathBuf| {
        let is_own = path.components().any(|part| part.as_os_str() == OWN);
        let is_in_mixed = path.parent().is_some_and(|parent| mixed.iter().any(|directory| directory == parent));
        !is_own && (!is_in_mixed || path.extension().is_some_and(|extension| extension == "toml"))
    };
    !matches!(event.kind, EventKind::Access(_)) && event.paths.iter().any(is_meant)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[tokio::test]
    async fn what_is_saved_is_noticed_once_and_what_is_read_is_not() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("postfix")).unwrap();
        fs::create_dir_all(dir.path().join("snapshots")).unwrap();
        let file = dir.path().join("postfix/main.cf");
        fs::write(&file, "a").unwrap();
        let mut saved = Saved::new().unwrap();
        saved.watch(dir.path(), true).unwrap();
        let begun = Instant::now();
        fs::write(&file, "b").unwrap();
        fs::write(&file, "c").unwrap();
        assert!(timeout(Duration::from_secs(30), saved.next()).await.unwrap() >= begun);
        fs::read(&file).unwrap();
        fs::write(dir.path().join("snapshots/x.snap.new"), "x").unwrap();
        assert!(timeout(Duration::from_millis(200), saved.next()).await.is_err());
        // as editors do
        fs::write(dir.path().join("postfix/main.cf~"), "d").unwrap();
        fs::rename(dir.path().join("postfix/main.cf~"), &file).unwrap();
        timeout(Duration::from_secs(30), saved.next()).await.unwrap();
        // beside scenarios anything may be written
        let beside = tempfile::tempdir().unwrap();
        saved.watch(beside.path(), false).unwrap();
        fs::write(beside.path().join("log"), "x").unwrap();
        assert!(timeout(Duration::from_millis(200), saved.next()).await.is_err());
        fs::write(beside.path().join("own.toml"), "x").unwrap();
        timeout(Duration::from_secs(30), saved.next()).await.unwrap();
    }
}
