//! `mailproof.toml`: what a repository of the user's own says about its gateways and scenarios. It is found in the current directory
//! or in one above it.

use crate::{cli::ReportTo, file_error::FileError};
use form::{Decode, Flaw, Shape, Text, tables, values::Line, values::OneOrMany};
use plan::{Source, Spanned};
use std::{
    fs,
    path::{Component, Path, PathBuf},
};

/// The file.
pub(crate) const FILE: &str = "mailproof.toml";

tables! {
    /// What holds for all commands in this directory and those below. Paths are from the directory of this file.
    ProjectTable "file" [Any] {
        /// The gateway that commands are about when `--gateway` does not name another one: a name in `gateways`, beside this file or
        /// shipped, or a directory.
        gateway: Option<Spanned<Line>>,
        /// Scenarios of your own, files or directories of them. They run with those of the library, and are chosen by parts of their
        /// paths.
        scenarios: Option<OneOrMany<Spanned<Line>>>,
        /// Reports that each run writes when no `--report` asks for another one, as `junit=report.xml`.
        report: Option<OneOrMany<ReportTo>>,
        /// Where `containers`, `gateways` and `scenarios` of Mailproof lie, instead of those that the program carries. For work on
        /// Mailproof itself.
        root: Option<Spanned<Line>>,
    }
}

impl Text for ReportTo {
    fn shape() -> Shape {
        Shape::Text { what: "a report, as `junit=PATH` or `github`", pattern: Some(r"^(github$|[a-z-]+=.)") }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        text.parse().map_err(Flaw::new)
    }
}

/// JSON Schema of `mailproof.toml`.
pub(crate) fn schema() -> serde_json::Value {
    form::schema("Mailproof in a repository of one's own", &ProjectTable::shape(), None)
}

/// Its reference, in Markdown.
pub(crate) fn reference() -> String {
    form::reference(
        "# mailproof.toml\n\nThe reference of `mailproof.toml`, made from its reader by `schema --write`. `init` writes one. It is found in \
         the current directory, or in the nearest one above it.\n",
        ProjectTable::shape(),
    )
}

/// What a repository says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Project {
    /// Its directory, as it is shown: empty for the current one.
    pub(crate) directory: PathBuf,
    pub(crate) gateway: Option<String>,
    pub(crate) scenarios: Vec<PathBuf>,
    pub(crate) reports: Vec<ReportTo>,
    pub(crate) root: Option<PathBuf>,
}

impl Project {
    /// The nearest one, from the current directory upwards.
    ///
    /// # Errors
    /// See [`FileError`].
    pub(crate) fn find() -> Result<Option<Self>, FileError> {
        let here = std::env::current_dir()
            .map_err(|cause| FileError::Unreadable { path: "the current directory".to_owned(), cause })?;
        // a path that is shown is short
        let up = |many: usize| vec![".."; many].iter().collect::<PathBuf>();
        let levels = here.components().filter(|part| matches!(part, Component::Normal(_))).count();
        let found = (0..=levels).map(up).find(|directory| directory.join(FILE).is_file());
        found.map(|directory| Self::load(&directory)).transpose()
    }

    fn load(directory: &Path) -> Result<Self, FileError> {
        let path = directory.join(FILE);
        let shown = path.display().to_string();
        let text = fs::read_to_string(&path).map_err(|cause| FileError::Unreadable { path: shown.clone(), cause })?;
        let source = Source { name: shown.clone(), path: shown, text };
        Ok(form::read(source, "mailproof::project", |table, _, flaws| Some(project(table, directory, flaws)))?)
    }

    /// A gateway by its name in `gateways`, or by its directory.
    pub(crate) fn gateway(&self, word: &str) -> Option<PathBuf> {
        Some(self.directory.join("gateways").join(word)).filter(|directory| directory.is_dir())
    }
}

fn project(table: ProjectTable, directory: &Path, flaws: &mut Vec<Flaw>) -> Project {
    let ProjectTable { gateway, scenarios, report, root } = table;
    let scenarios = scenarios.map(|list| list.0).unwrap_or_default().into_iter();
    let scenarios = scenarios.filter_map(|Spanned { value: Line(word), span }| {
        let path = directory.join(&word);
        if path.exists() {
            return Some(path);
        }
        flaws.push(
            Flaw::new(format!("there is no file or directory `{word}`"))
                .at(&span, "here")
                .help("paths are from the directory of this file; make it, or take the line out"),
        );
        None
    });
    let scenarios = scenarios.collect();
    let root = root.and_then(|Spanned { value: Line(word), span }| {
        let path = directory.join(&word);
        if path.join("containers").is_dir() {
            return Some(path);
        }
        let flaw = Flaw::new(format!("`{word}` has no directory `containers`")).at(&span, "here");
        flaws.push(flaw.help("only a checkout of Mailproof needs it; without it what the program carries is used"));
        None
    });
    let gateway = gateway.and_then(|Spanned { value: Line(word), span }| {
        let beside = directory.join(&word);
        if word.contains('/') && !beside.is_dir() {
            let flaw = Flaw::new(format!("there is no directory `{word}`")).at(&span, "here");
            flaws.push(flaw.help("paths are from the directory of this file; or write a name in `gateways`"));
            return None;
        }
        Some(if word.contains('/') { beside.display().to_string() } else { word })
    });
    let reports = report.map(|list| list.0).unwrap_or_default().into_iter();
    let reports = reports.map(|report| report.below(directory)).collect();
    Project { directory: directory.to_owned(), gateway, scenarios, reports, root }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> (tempfile::TempDir, Result<Project, FileError>) {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("own")).unwrap();
        fs::create_dir_all(dir.path().join("gateways/club")).unwrap();
        fs::write(dir.path().join(FILE), text).unwrap();
        let project = Project::load(dir.path());
        (dir, project)
    }

    #[test]
    fn paths_are_from_the_directory_of_the_file() {
        let text = "gateway = \"club\"\nscenarios = \"own\"\nreport = [\"junit=a.xml\", \"github\", \"json=-\"]\n";
        let (dir, project) = load(text);
        let project = project.unwrap();
        assert_eq!(project.scenarios, [dir.path().join("own")]);
        assert_eq!(project.gateway.as_deref(), Some("club"));
        assert_eq!(project.gateway("club"), Some(dir.path().join("gateways/club")));
        assert_eq!(project.gateway("hardened"), None);
        let paths: Vec<&Path> = project.reports.iter().filter_map(|report| report.path.as_deref()).collect();
        assert_eq!(paths, [&dir.path().join("a.xml"), Path::new("-")]);
    }

    #[test]
    fn every_fault_is_told_at_once_with_its_place() {
        let text = "gatway = \"club\"\nscenarios = [\"own\", \"onw\"]\nreport = \"pdf=x\"\nroot = \".\"\n";
        let Err(FileError::Wrong(faults)) = load(text).1 else { panic!("it has faults") };
        let told: Vec<String> = faults.flaws().iter().map(ToString::to_string).collect();
        for part in ["unknown key `gatway`", "`onw`", "`pdf` is no kind of report", "no directory `containers`"] {
            assert!(told.iter().any(|one| one.contains(part)), "{part} is not in {told:#?}");
        }
        assert!(faults.flaws().iter().all(|flaw| !flaw.labels.is_empty()));
        let wrong = load("gateway = \"gateways/culb\"\n").1.unwrap_err();
        assert!(matches!(wrong, FileError::Wrong(faults) if faults.flaws()[0].message.contains("gateways/culb")));
    }
}
