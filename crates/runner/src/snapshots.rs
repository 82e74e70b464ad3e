//! Snapshots on disk, in insta's format, so that `cargo insta review` works as well as `scenario accept`.
//!
//! `GATEWAY/snapshots/SUBJECT/NAME.snap` is what that gateway did; beside it, `.snap.new` is what it did last, when
//! that differs and somebody should decide.

use similar::TextDiff;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// How evidence compares to the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// The same bytes.
    Same,
    /// There is no snapshot yet.
    Missing,
    /// They differ; a unified diff, from the snapshot to what was seen.
    Different(String),
}

/// A snapshot file that could not be read or written.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("snapshot {path}: {cause}")]
#[diagnostic(
    code(mailproof::snapshot),
    help("snapshots are text files; is the disk full, or the directory read-only?")
)]
pub(crate) struct SnapshotError {
    path: String,
    cause: String,
}

/// The snapshot of one scenario and one gateway.
#[derive(Debug, Clone)]
pub(crate) struct SnapshotFile {
    path: PathBuf,
    /// For the file's header: the scenario's path from the root.
    source: String,
}

impl SnapshotFile {
    /// The snapshot of scenario `SUBJECT/NAME` in this gateway's directory.
    #[must_use]
    pub(crate) fn new(gateway: &Path, scenario: &str) -> Self {
        let path = gateway.join("snapshots").join(format!("{scenario}.snap"));
        Self { path, source: format!("scenarios/{scenario}.toml") }
    }

    /// Compares, and writes nothing.
    ///
    /// # Errors
    /// The file is there and is no snapshot.
    pub(crate) fn compare(&self, seen: &str) -> Result<Comparison, SnapshotError> {
        if !self.path.exists() {
            return Ok(Comparison::Missing);
        }
        let old = self.read(&self.path)?;
        if old.trim_end() == seen.trim_end() {
            return Ok(Comparison::Same);
        }
        let diff = TextDiff::from_lines(old.trim_end(), seen.trim_end());
        Ok(Comparison::Different(diff.unified_diff().context_radius(2).missing_newline_hint(false).to_string()))
    }

    /// Writes what was seen beside the snapshot, for somebody to accept.
    ///
    /// # Errors
    /// The disk does not take it.
    pub(crate) fn propose(&self, seen: &str) -> Result<PathBuf, SnapshotError> {
        let path = self.proposal();
        let text = format!("---\nsource: {}\nexpression: evidence\n---\n{}\n", self.source, seen.trim_end());
        let write = || {
            fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
            let draft = path.with_extension("tmp");
            fs::write(&draft, text)?;
            fs::rename(&draft, &path)
        };
        write().map_err(|e| self.fault(&path, e))?;
        Ok(path)
    }

    /// Removes an outdated proposal, when what was seen is the snapshot again.
    pub(crate) fn withdraw(&self) {
        // Not there is the usual case; one that cannot be removed shows up in the next review.
        let _ = fs::remove_file(self.proposal());
    }

    /// Makes the proposal the snapshot; false if there is none.
    ///
    /// # Errors
    /// The proposal is no snapshot, or the disk does not take it.
    pub(crate) fn accept(&self) -> Result<bool, SnapshotError> {
        let new = self.proposal();
        if !new.exists() {
            return Ok(false);
        }
        let snapshot = insta::Snapshot::from_file(&new).map_err(|e| self.fault(&new, e))?;
        snapshot.save(&self.path).map_err(|e| self.fault(&self.path, e))?;
        fs::remove_file(&new).map_err(|e| self.fault(&new, e))?;
        Ok(true)
    }

    fn proposal(&self) -> PathBuf {
        self.path.with_extension("snap.new")
    }

    fn read(&self, path: &Path) -> Result<String, SnapshotError> {
        let snapshot = insta::Snapshot::from_file(path).map_err(|e| self.fault(path, e))?;
        let text = snapshot.as_text().map(ToString::to_string);
        text.ok_or_else(|| self.fault(path, io::Error::other("it is a binary snapshot")))
    }

    fn fault(&self, path: &Path, cause: impl ToString) -> SnapshotError {
        SnapshotError { path: path.display().to_string(), cause: cause.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proposal_becomes_the_snapshot_by_accepting_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = SnapshotFile::new(dir.path(), "dmarc/forged");
        assert_eq!(file.compare("S: 220 mx\n").unwrap(), Comparison::Missing);
        assert!(!file.accept().unwrap());
        file.propose("S: 220 mx\n\nresults\n").unwrap();
        assert!(file.accept().unwrap());
        assert_eq!(file.compare("S: 220 mx\n\nresults\n").unwrap(), Comparison::Same);
        let Comparison::Different(diff) = file.compare("S: 220 mx\n\nother\n").unwrap() else { panic!("same") };
        assert!(diff.contains("-results") && diff.contains("+other"), "{diff}");
    }

    #[test]
    fn a_file_that_is_no_snapshot_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = SnapshotFile::new(dir.path(), "a/b");
        fs::create_dir_all(dir.path().join("snapshots/a")).unwrap();
        fs::write(dir.path().join("snapshots/a/b.snap"), [0xff, 0xfe, 0]).unwrap();
        assert!(file.compare("x").unwrap_err().to_string().contains("b.snap"));
    }
}
