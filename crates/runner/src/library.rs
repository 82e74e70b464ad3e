//! Scenario files on disk: found, chosen, named, read.
//!
//! A file of the library is named by its path in it, `SUBJECT/NAME`; any other file by its path as the user gave it, `.toml`
//! included. So no two files have one name, and no file from elsewhere has the name of one of the library.

use claims::Scenario;
use plan::{Source, World};
use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

/// The file by which a directory is known to be a gateway: what lies in it is no scenario.
const GATEWAY: &str = "gateway.toml";

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

/// Where scenarios lie that are meant without being named.
#[derive(Debug, Clone)]
pub(crate) struct Library {
    /// The library itself.
    pub(crate) directory: PathBuf,
    /// Files and directories of the user's own that run with it.
    pub(crate) own: Vec<PathBuf>,
}

/// Whether a scenario is a file from elsewhere, and not one of the library.
pub(crate) fn is_foreign(source: &Source) -> bool {
    source.name.ends_with(".toml")
}

/// Reads the chosen files, sorted by name, each once. A word of `chosen` is a file that ends in `.toml`, or a directory in which
/// all such files are meant, or else a part of a name in the library, or of a path of the user's own.
///
/// # Errors
/// See [`LibraryError`].
pub(crate) fn find(library: &Library, chosen: &[String]) -> Result<Vec<Source>, LibraryError> {
    let is_path = |word: &&String| word.ends_with(".toml") || Path::new(word.as_str()).is_dir();
    let (paths, parts): (Vec<&String>, Vec<&String>) = chosen.iter().partition(is_path);
    let mut files = Vec::new();
    if chosen.is_empty() || !parts.is_empty() {
        let mut all = toml_files(&library.directory)?;
        for own in &library.own {
            all.extend(files_at(own)?);
        }
        let has = |file: &PathBuf, part: &&String| name_of(library, file).contains(part.as_str());
        if let Some(part) = parts.iter().find(|part| !all.iter().any(|file| has(file, part))) {
            return Err(LibraryError::Nothing(format!("`{part}`")));
        }
        files.extend(all.into_iter().filter(|file| parts.is_empty() || parts.iter().any(|part| has(file, part))));
    }
    for path in paths.into_iter().map(Path::new) {
        let found = files_at(path)?;
        if found.is_empty() {
            return Err(LibraryError::Nothing(format!("`{}`: the directory holds none", path.display())));
        }
        files.extend(found);
    }
    if files.is_empty() {
        return Err(LibraryError::Nothing(format!("`{}`: the directory holds none", library.directory.display())));
    }
    let mut read = BTreeSet::new();
    files.retain(|file| read.insert(absolute(file)));
    let mut sources: Vec<Source> =
        files.iter().map(|file| self::read(name_of(library, file), file)).collect::<Result<_, _>>()?;
    sources.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(sources)
}

/// Names of all scenarios in the library.
pub(crate) fn names(library: &Library) -> Result<Vec<String>, LibraryError> {
    Ok(toml_files(&library.directory)?.iter().map(|file| name_of(library, file)).collect())
}

/// Reads all sources, or says every fault of every file.
///
/// # Errors
/// The faults of each file that has any.
pub(crate) fn scenarios(sources: Vec<Source>, world: &World) -> Result<Vec<Scenario>, Vec<scenario::Faults>> {
    let (read, faults): (Vec<_>, Vec<_>) =
        sources.into_iter().map(|source| scenario(source, world)).partition(Result::is_ok);
    if faults.is_empty() {
        Ok(read.into_iter().filter_map(Result::ok).collect())
    } else {
        Err(faults.into_iter().filter_map(Result::err).collect())
    }
}

/// Reads one. A file of the library knows nothing of the user's gateway: if what it plays is the gateway's own, it is not
/// applicable there.
fn scenario(source: Source, world: &World) -> Result<Scenario, scenario::Faults> {
    let read = scenario::parse(source.clone(), world);
    let Some(faults) = read.as_ref().err().filter(|_| !is_foreign(&source)) else { return read };
    let elsewhere = World { addresses: Vec::new(), reserved: Vec::new(), ..world.clone() };
    let Ok(mut scenario) = scenario::parse(source, &elsewhere) else { return read };
    let taken: BTreeSet<String> = faults.flaws().iter().map(ToString::to_string).collect();
    scenario.plan.lacks.extend(taken);
    Ok(scenario)
}

/// A file alone, or those in a directory.
fn files_at(path: &Path) -> Result<Vec<PathBuf>, LibraryError> {
    if path.is_dir() { toml_files(path) } else { Ok(vec![path.to_owned()]) }
}

/// The `.toml` files in a directory and those within, but for gateways, and for directories that are links or hidden.
fn toml_files(directory: &Path) -> Result<Vec<PathBuf>, LibraryError> {
    let unreadable = |cause| LibraryError::Unreadable { path: directory.display().to_string(), cause };
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let path = entry.path();
        if entry.file_type().map_err(unreadable)?.is_dir() {
            if !entry.file_name().as_encoded_bytes().starts_with(b".") && !path.join(GATEWAY).is_file() {
                found.extend(toml_files(&path)?);
            }
        } else if path.extension().is_some_and(|e| e == "toml") {
            found.push(path);
        }
    }
    Ok(found)
}

fn name_of(library: &Library, path: &Path) -> String {
    match absolute(path).strip_prefix(absolute(&library.directory)) {
        Ok(inside) => inside.with_extension("").display().to_string(),
        Err(_) => path.display().to_string(),
    }
}

/// The path without links, by which two names of one file are known to be one.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn read(name: String, path: &Path) -> Result<Source, LibraryError> {
    let shown = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|cause| LibraryError::Unreadable { path: shown.clone(), cause })?;
    Ok(Source { name, path: shown, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, files: &[&str]) {
        for name in files {
            let path = dir.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, name).unwrap();
        }
    }

    fn library() -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), &["spf/pass.toml", "spf/fail.toml", "dmarc/fail.toml"]);
        dir
    }

    fn at(dir: &Path) -> Library {
        Library { directory: dir.to_owned(), own: Vec::new() }
    }

    fn names(dir: &Path, chosen: &[&str]) -> Vec<String> {
        let chosen: Vec<String> = chosen.iter().map(ToString::to_string).collect();
        find(&at(dir), &chosen).unwrap().into_iter().map(|s| s.name).collect()
    }

    #[test]
    fn scenarios_are_chosen_by_parts_of_names_or_by_file() {
        let dir = library();
        assert_eq!(names(dir.path(), &[]), ["dmarc/fail", "spf/fail", "spf/pass"]);
        assert_eq!(names(dir.path(), &["fail"]), ["dmarc/fail", "spf/fail"]);
        let file = dir.path().join("spf/pass.toml");
        let file = file.to_str().unwrap();
        assert_eq!(names(dir.path(), &[file]), ["spf/pass"]);
        assert_eq!(names(dir.path(), &[file, "pass", file]), ["spf/pass"]);
    }

    #[test]
    fn files_from_elsewhere_have_names_of_their_own_and_all_are_read() {
        let (library, elsewhere) = (library(), tempfile::tempdir().unwrap());
        write(
            elsewhere.path(),
            &["a/spf/pass.toml", "b/spf/pass.toml", "b/gw/gateway.toml", "b/gw/known-failures.toml"],
        );
        let at = |path: &str| elsewhere.path().join(path).display().to_string();
        let (one, other) = (at("a/spf/pass.toml"), at("b/spf/pass.toml"));
        assert_eq!(names(library.path(), &["spf/pass", &one, &other]), [&one, &other, "spf/pass"]);
        assert_eq!(names(library.path(), &[&at("")]), [one.clone(), other]);
        let chosen = find(&self::at(library.path()), &["spf/pass".into(), one]).unwrap();
        assert_eq!(chosen.iter().map(is_foreign).collect::<Vec<_>>(), [true, false]);
    }

    #[test]
    fn those_of_the_users_own_run_with_the_library() {
        let (library, own) = (library(), tempfile::tempdir().unwrap());
        write(own.path(), &["mine/club.toml", "fail.toml"]);
        let at = Library { own: vec![own.path().to_owned()], ..at(library.path()) };
        let count = |chosen: &[&str]| {
            let chosen: Vec<String> = chosen.iter().map(ToString::to_string).collect();
            find(&at, &chosen).unwrap().iter().map(is_foreign).collect::<Vec<_>>()
        };
        assert_eq!(count(&[]).len(), 5);
        assert_eq!(count(&["mine/club"]), [true]);
        assert_eq!(count(&["fail"]).len(), 3);
        assert_eq!(self::names(library.path(), &[]).len(), 3);
    }

    #[test]
    fn what_the_library_plays_may_be_the_gateways_own() {
        let file = "title = \"x\"\n[zone.\"bank.example\"]\nspf = \"v=spf1 -all\"\n[[transaction]]\n\
            client = { ip = \"192.0.2.10\", ehlo = \"mail.bank.example\" }\nmail-from = \"a@bank.example\"\n\
            rcpt-to = [\"a@club.example\"]\nmessage = \"From: a@bank.example\\n\\nx\\n\"\n\
            [transaction.expect]\noutcome = \"delivered\"\n";
        let of = |name: &str| Source { name: name.to_owned(), path: name.to_owned(), text: file.to_owned() };
        let gateway = vec!["club.example".parse().unwrap()];
        let world = World { gateway, ..World::default() };
        let with = |ip: &str, zone: &str| World {
            addresses: vec![ip.parse().unwrap()],
            reserved: vec![zone.parse().unwrap()],
            ..world.clone()
        };
        let lacks = |world: &World| scenario(of("spf/x"), world).map(|scenario| scenario.plan.lacks);
        assert_eq!(lacks(&world).unwrap(), [""; 0]);
        let both = lacks(&with("192.0.2.10", "bank.example")).unwrap();
        assert_eq!(both, ["192.0.2.10 belongs to the gateways", "bank.example belongs to the gateways"]);
        // a file of the user's own is for this gateway
        assert!(scenario(of("own/x.toml"), &with("192.0.2.10", "other.example")).is_err());
    }

    #[test]
    fn a_word_that_matches_nothing_is_an_error() {
        let dir = library();
        let found = find(&at(dir.path()), &["spf".into(), "dane".into()]);
        assert!(matches!(found, Err(LibraryError::Nothing(word)) if word == "`dane`"));
        let empty = tempfile::tempdir().unwrap();
        let found = find(&at(dir.path()), &["spf".into(), empty.path().display().to_string()]);
        assert!(matches!(found, Err(LibraryError::Nothing(_))));
    }
}
