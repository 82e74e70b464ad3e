//! `known-failures.toml` of a gateway: what it is known to get wrong, each with its reason. Strict: what is listed must
//! fail, or be something that the gateway gives no evidence of, and only that.

mod edit;

pub(crate) use edit::{Change, edited};

use crate::{file_error::FileError, library};
use form::{
    Decode, Faults, Flaw, Required, did_you_mean, tables,
    values::{AtLeastOne, Line, OneOrMany},
};
use plan::{Source, Spanned};
use std::{
    fs, io,
    path::{Path, PathBuf},
};

tables! {
    /// Scenarios that a gateway is known to fail. Each must fail when it is run, or be something of which this gateway gives
    /// no evidence: what holds again is an unexpected pass, and its entry goes.
    KnownFailuresTable "list of known failures" [Any] {
        /// The scenarios, in any order: `[[failure]]`.
        failure: Option<AtLeastOne<FailureTable>>,
    }
    /// Scenarios that fail for the same reason.
    FailureTable "known failure" [Any] {
        /// A scenario, or a list of those that fail for this reason: one of the library by its name, as `spf/fail`; any other by the path
        /// of its file, from the directory of this file.
        scenario: Required<OneOrMany<Spanned<Line>>>,
        /// Why this gateway gets them wrong; it is shown with each run.
        reason: Required<Line>,
    }
}

/// The file in a gateway's directory.
pub(crate) const FILE: &str = "known-failures.toml";

/// JSON Schema of `known-failures.toml`.
pub(crate) fn schema() -> serde_json::Value {
    form::schema("Known failures of a gateway", &KnownFailuresTable::shape(), None)
}

/// Its reference, in Markdown.
pub(crate) fn reference() -> String {
    form::reference(
        "# Known failures\n\nThe reference of `known-failures.toml` in a gateway's directory, made from its reader by \
         `schema --write`. `scenario run --baseline` writes what a gateway gets wrong today into it, one entry a reason, \
         keeps what still fails, and takes out what holds.\n",
        KnownFailuresTable::shape(),
    )
}

/// Reasons by scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct KnownFailures(Vec<KnownFailure>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownFailure {
    scenario: Which,
    /// How the file names it.
    word: String,
    reason: String,
}

/// Which scenario is meant.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Which {
    /// One of the library, by its name.
    Name(String),
    /// One from elsewhere, by its file.
    File(PathBuf),
}

impl KnownFailures {
    /// Reads `known-failures.toml` in this directory; no file is an empty list. The scenarios of the library have these names.
    ///
    /// # Errors
    /// See [`FileError`].
    pub(crate) fn load(gateway: &Path, library: &[String]) -> Result<Self, FileError> {
        let path = gateway.join(FILE);
        let shown = path.display().to_string();
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Self::parse(Source { name: shown.clone(), path: shown, text }, library)?),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(cause) => Err(FileError::Unreadable { path: shown, cause }),
        }
    }

    fn parse(source: Source, library: &[String]) -> Result<Self, Faults> {
        form::read(source, "mailproof::known_failures", |table: KnownFailuresTable, source, flaws| {
            let directory = Path::new(&source.path).parent().unwrap_or(Path::new(""));
            let mut known: Vec<KnownFailure> = Vec::new();
            for FailureTable { scenario, reason } in table.failure.map(|list| list.0).unwrap_or_default() {
                for Spanned { value: Line(word), span } in scenario.0.into_iter().flat_map(|list| list.0) {
                    match which(&word, directory, library) {
                        Ok(which) if known.iter().any(|other| other.scenario == which) => {
                            let flaw = Flaw::new(format!("`{word}` is listed twice"));
                            flaws.push(flaw.at(&span, "here again").help("join the reasons"));
                        }
                        Ok(scenario) => {
                            let reason = reason.0.as_ref().map(|reason| reason.0.clone());
                            known.extend(reason.map(|reason| KnownFailure { scenario, word, reason }));
                        }
                        Err(flaw) => flaws.push(flaw.at(&span, "here")),
                    }
                }
            }
            Some(Self(known))
        })
    }

    /// Why this scenario is known to fail, if it is.
    #[must_use]
    pub(crate) fn reason(&self, scenario: &Source) -> Option<&str> {
        self.of(scenario).map(|known| known.reason.as_str())
    }

    /// How the file names this scenario, if it is listed.
    pub(crate) fn word(&self, scenario: &Source) -> Option<&str> {
        self.of(scenario).map(|known| known.word.as_str())
    }

    fn of(&self, scenario: &Source) -> Option<&KnownFailure> {
        let is_meant = |known: &&KnownFailure| match &known.scenario {
            Which::Name(name) => *name == scenario.name,
            Which::File(file) => *file == library::absolute(Path::new(&scenario.path)),
        };
        self.0.iter().find(is_meant)
    }
}

/// A scenario that is not there would never be missed.
fn which(word: &str, directory: &Path, library: &[String]) -> Result<Which, Flaw> {
    if library.iter().any(|name| name == word) {
        return Ok(Which::Name(word.to_owned()));
    }
    let file = directory.join(word);
    if word.ends_with(".toml") && file.is_file() {
        return Ok(Which::File(library::absolute(&file)));
    }
    let flaw = Flaw::new(format!("there is no scenario `{word}`"));
    Err(if word.ends_with(".toml") {
        flaw.help(format!("name a file by its path from {}, where this file lies", directory.display()))
    } else {
        let names = library.iter().map(String::as_str);
        flaw.help(did_you_mean(word, names, "Remove it, or give it its new name; `scenario list` shows all names"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str, text: &str) -> Source {
        Source { name: name.to_owned(), path: name.to_owned(), text: text.to_owned() }
    }

    fn parse(path: &str, text: &str) -> Result<KnownFailures, Faults> {
        KnownFailures::parse(source(path, text), &["spf/fail".to_owned(), "spf/pass".to_owned()])
    }

    #[test]
    fn a_reason_is_found_by_scenario() {
        let known = parse("k", "[[failure]]\nscenario = \"spf/fail\"\nreason = \"no SPF\"\n").unwrap();
        assert_eq!(known.reason(&source("spf/fail", "")), Some("no SPF"));
        assert_eq!(known.reason(&source("spf/pass", "")), None);
        assert_eq!(known.reason(&source("spf/fail.toml", "")), None, "a file from elsewhere is another scenario");
    }

    #[test]
    fn several_scenarios_have_one_reason() {
        let known = parse("k", "[[failure]]\nscenario = [\"spf/fail\", \"spf/pass\"]\nreason = \"no SPF\"\n").unwrap();
        assert_eq!(known.reason(&source("spf/fail", "")), Some("no SPF"));
        assert_eq!(known.reason(&source("spf/pass", "")), Some("no SPF"));
        let wrong = "[[failure]]\nscenario = [\"spf/fail\", \"spf/fail\", \"spf/fial\"]\nreason = \"no SPF\"\n";
        let flaws = parse("k", wrong).unwrap_err();
        let messages: Vec<&str> = flaws.flaws().iter().map(|flaw| flaw.message.as_str()).collect();
        assert_eq!(messages, ["`spf/fail` is listed twice", "there is no scenario `spf/fial`"]);
    }

    #[test]
    fn a_file_from_elsewhere_is_named_by_its_path() {
        let dir = tempfile::tempdir().unwrap();
        let gateway = dir.path().join("gateway");
        fs::create_dir_all(&gateway).unwrap();
        fs::write(dir.path().join("own.toml"), "").unwrap();
        let list = gateway.join("known-failures.toml");
        let text = "[[failure]]\nscenario = \"../own.toml\"\nreason = \"so it is\"\n";
        let known = parse(list.to_str().unwrap(), text).unwrap();
        let own = dir.path().join("gateway/../own.toml");
        assert_eq!(known.reason(&source(own.to_str().unwrap(), "")), Some("so it is"));
        assert!(parse(list.to_str().unwrap(), &text.replace("own", "gone")).is_err());
    }

    #[test]
    fn every_fault_is_told_at_once_and_names_what_was_probably_meant() {
        let text = "[[failure]]\nscenario = \"spf/fial\"\nreason = \"x\"\n[[failure]]\nscenario = \"spf/pass\"\nreson = \"y\"\n\
                    [[failure]]\nscenario = \"spf/pass\"\nreason = \" \"\n[[failures]]\n";
        let faults = parse("k", text).unwrap_err();
        let told: Vec<String> = faults
            .flaws()
            .iter()
            .map(|flaw| format!("{}; {}", flaw.message, flaw.help.as_deref().unwrap_or_default()))
            .collect();
        for part in [
            "there is no scenario `spf/fial`; did you mean `spf/fail`?",
            "unknown key `reson`",
            "needs `reason`",
            "unknown key `failures`",
        ] {
            assert!(told.iter().any(|one| one.contains(part)), "{part} is not in {told:#?}");
        }
        assert!(told.len() >= 5, "{told:#?}");
        let twice = "[[failure]]\nscenario = \"spf/pass\"\nreason = \"x\"\n".repeat(2);
        assert_eq!(parse("k", &twice).unwrap_err().flaws()[0].message, "`spf/pass` is listed twice");
    }
}
