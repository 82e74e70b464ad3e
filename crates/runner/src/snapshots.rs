//! Snapshots on disk, in insta's format, so that `cargo insta review` works as well as `scenario accept`.
//!
//! `GATEWAY/snapshots/SUBJECT/NAME.snap` is what that gateway did with a scenario of the library. A scenario from elsewhere has its
//! snapshots beside its file, in `snapshots/GATEWAY/NAME.snap`. Beside each, `.snap.new` is what the gateway did last, when that
//! differs and somebody should decide.

use crate::library;
use plan::Source;
use report::Snapshot;
use similar::TextDiff;
use std::{
    fs, io,
    path::{Path, PathBuf},
};

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
    /// For the file's header: the scenario's path.
    source: String,
}

impl SnapshotFile {
    /// The snapshot of a scenario and the gateway in this directory.
    #[must_use]
    pub(crate) fn new(gateway: &Path, scenario: &Source) -> Self {
        if library::is_foreign(scenario) {
            return Self::beside(
                scenario,
                &library::absolute(gateway).file_name().unwrap_or_default().to_string_lossy(),
            );
        }
        let path = gateway.join("snapshots").join(format!("{}.snap", scenario.name));
        Self { path, source: format!("scenarios/{}.toml", scenario.name) }
    }

    /// Every gateway's snapshot of a scenario from elsewhere, each with the gateway's name.
    pub(crate) fn all_beside(scenario: &Source) -> Vec<(String, Self)> {
        let directory = Path::new(&scenario.path).with_file_name("snapshots");
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut gateways: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        gateways.sort();
        gateways.into_iter().map(|gateway| (gateway.clone(), Self::beside(scenario, &gateway))).collect()
    }

    fn beside(scenario: &Source, gateway: &str) -> Self {
        let file = Path::new(&scenario.path);
        let name = file.with_extension("snap");
        let name = name.file_name().unwrap_or_default();
        let path = file.with_file_name("snapshots").join(gateway).join(name);
        Self { path, source: file.file_name().unwrap_or_default().to_string_lossy().into_owned() }
    }

    /// Compares, and writes nothing.
    ///
    /// # Errors
    /// The file is there and is no snapshot.
    pub(crate) fn compare(&self, seen: &str) -> Result<Snapshot, SnapshotError> {
        if !self.path.exists() {
            return Ok(Snapshot::None);
        }
        let old = self.read(&self.path)?;
        if old.trim_end() == seen.trim_end() {
            return Ok(Snapshot::Same);
        }
        let diff = TextDiff::from_lines(old.trim_end(), seen.trim_end());
        Ok(Snapshot::Differs(diff.unified_diff().context_radius(2).missing_newline_hint(false).to_string()))
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

    fn source(name: &str, path: &str) -> Source {
        Source { name: name.to_owned(), path: path.to_owned(), text: String::new() }
    }

    #[test]
    fn a_proposal_becomes_the_snapshot_by_accepting_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = SnapshotFile::new(dir.path(), &source("dmarc/forged", "scenarios/dmarc/forged.toml"));
        assert_eq!(file.compare("S: 220 mx\n").unwrap(), Snapshot::None);
        assert!(!file.accept().unwrap());
        file.propose("S: 220 mx\n\nresults\n").unwrap();
        assert!(file.accept().unwrap());
        assert!(dir.path().join("snapshots/dmarc/forged.snap").is_file());
        assert_eq!(file.compare("S: 220 mx\n\nresults\n").unwrap(), Snapshot::Same);
        let Snapshot::Differs(diff) = file.compare("S: 220 mx\n\nother\n").unwrap() else { panic!("same") };
        assert!(diff.contains("-results") && diff.contains("+other"), "{diff}");
    }

    #[test]
    fn a_scenario_from_elsewhere_has_its_snapshots_beside_it() {
        let (dir, gateway) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = dir.path().join("dmarc/forged.v1.toml").display().to_string();
        let file = SnapshotFile::new(gateway.path(), &source(&path, &path));
        file.propose("S: 220 mx\n").unwrap();
        assert!(fs::read_dir(gateway.path()).unwrap().next().is_none(), "nothing lies in the gateway");
        let all = SnapshotFile::all_beside(&source(&path, &path));
        let name = gateway.path().file_name().unwrap().to_str().unwrap();
        assert_eq!(all.iter().map(|(gateway, _)| gateway.as_str()).collect::<Vec<_>>(), [name]);
        assert!(all[0].1.accept().unwrap());
        assert!(dir.path().join("dmarc/snapshots").join(name).join("forged.v1.snap").is_file());
        assert_eq!(file.compare("S: 220 mx\n").unwrap(), Snapshot::Same);
    }

    #[test]
    fn a_file_that_is_no_snapshot_is_an_error_that_names_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = SnapshotFile::new(dir.path(), &source("a/b", "a/b.toml"));
        fs::create_dir_all(dir.path().join("snapshots/a")).unwrap();
        fs::write(dir.path().join("snapshots/a/b.snap"), [0xff, 0xfe, 0]).unwrap();
        assert!(file.compare("x").unwrap_err().to_string().contains("b.snap"));
    }
}
