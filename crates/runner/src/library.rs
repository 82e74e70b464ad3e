//! Scenario files on disk: found, chosen, read.

use claims::Scenario;
use plan::{Source, World};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// Why no scenarios could be had.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub(crate) enum LibraryError {
    /// A file or directory cannot be read.
    #[error("{path} cannot be read: {cause}")]
    #[diagnostic(code(mailproof::library::unreadable))]
    Unreadable {
        /// Which.
        path: String,
        /// Why.
        cause: io::Error,
    },
    /// Nothing has such a name.
    #[error("no scenario matches {0}")]
    #[diagnostic(code(mailproof::library::nothing), help("`scenario list` shows the names there are"))]
    Nothing(String),
}

/// Reads the chosen files of `scenarios`, sorted by name. A word of `chosen` is a file, or a part of a `SUBJECT/NAME`.
///
/// # Errors
/// See [`LibraryError`].
pub(crate) fn find(scenarios: &Path, chosen: &[String]) -> Result<Vec<Source>, LibraryError> {
    let (files, parts): (Vec<&String>, Vec<&String>) = chosen.iter().partition(|word| word.ends_with(".toml"));
    let mut sources = Vec::new();
    if chosen.is_empty() || !parts.is_empty() {
        for path in toml_files(scenarios)? {
            let name = name_of(scenarios, &path);
            if parts.is_empty() || parts.iter().any(|part| name.contains(part.as_str())) {
                sources.push(read(name, &path)?);
            }
        }
        if let Some(part) = parts.iter().find(|part| !sources.iter().any(|s| s.name.contains(part.as_str()))) {
            return Err(LibraryError::Nothing(format!("`{part}`")));
        }
    }
    for file in files {
        let path = PathBuf::from(file);
        sources.push(read(name_of(scenarios, &path), &path)?);
    }
    if sources.is_empty() {
        return Err(LibraryError::Nothing(format!("`{}`: the directory holds none", scenarios.display())));
    }
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    sources.dedup_by(|a, b| a.name == b.name);
    Ok(sources)
}

/// Reads all sources, or says every fault of every file.
///
/// # Errors
/// The faults of each file that has any.
pub(crate) fn scenarios(sources: Vec<Source>, world: &World) -> Result<Vec<Scenario>, Vec<scenario::Faults>> {
    let (read, faults): (Vec<_>, Vec<_>) =
        sources.into_iter().map(|s| scenario::parse(s, world)).partition(Result::is_ok);
    if faults.is_empty() {
        Ok(read.into_iter().filter_map(Result::ok).collect())
    } else {
        Err(faults.into_iter().filter_map(Result::err).collect())
    }
}

fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, LibraryError> {
    let unreadable = |cause| LibraryError::Unreadable { path: directory.display().to_string(), cause };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            found.extend(toml_files(&path)?);
        } else if path.extension().is_some_and(|e| e == "toml") {
            found.push(path);
        }
    }
    Ok(found)
}

/// `SUBJECT/NAME`; a file from elsewhere is named by its own directory and name.
fn name_of(scenarios: &Path, path: &Path) -> String {
    let bare = path.with_extension("");
    let absolute = |p: &Path| fs::canonicalize(p).unwrap_or_else(|_| p.to_owned());
    let inside = absolute(path).with_extension("").strip_prefix(absolute(scenarios)).map(Path::to_owned);
    let parts: Vec<String> =
        inside.as_deref().unwrap_or(&bare).iter().map(|p| p.to_string_lossy().into_owned()).collect();
    parts[parts.len().saturating_sub(2)..].join("/")
}

fn read(name: String, path: &Path) -> Result<Source, LibraryError> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|cause| LibraryError::Unreadable { path: shown.clone(), cause })?;
    Ok(Source { name, path: shown, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn library() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in ["spf/pass", "spf/fail", "dmarc/fail"] {
            let path = dir.path().join(format!("{name}.toml"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
        dir
    }

    fn names(dir: &Path, chosen: &[&str]) -> Vec<String> {
        let chosen: Vec<String> = chosen.iter().map(ToString::to_string).collect();
        find(dir, &chosen).unwrap().into_iter().map(|s| s.name).collect()
    }

    #[test]
    fn scenarios_are_chosen_by_parts_of_names_or_by_file() {
        let dir = library();
        assert_eq!(names(dir.path(), &[]), ["dmarc/fail", "spf/fail", "spf/pass"]);
        assert_eq!(names(dir.path(), &["fail"]), ["dmarc/fail", "spf/fail"]);
        let file = dir.path().join("spf/pass.toml");
        assert_eq!(names(dir.path(), &[file.to_str().unwrap()]), ["spf/pass"]);
    }

    #[test]
    fn a_word_that_matches_nothing_is_an_error() {
        let dir = library();
        let found = find(dir.path(), &["spf".into(), "dane".into()]);
        assert!(matches!(found, Err(LibraryError::Nothing(word)) if word == "`dane`"));
    }
}
