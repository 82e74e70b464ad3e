//! What is wrong, at places in files of a repository, for the services that show it there. What is wrong in the same way in many
//! scenarios is one annotation.

mod code_quality;
mod github;
mod sarif;

pub use code_quality::code_quality;
pub use github::github;
pub use sarif::sarif;

use crate::{
    RunReport, ScenarioReport, Snapshot, Status, Whole,
    causes::{Told, listed},
    shown::printable,
    terminal::stray,
};
use claims::GatewayCause;
use evidence::Observed;
use std::path::Path;
use verdict::Location;

/// Lines of a message; more are left out.
const LINES: usize = 40;

/// Where the files lie; both directories without links.
#[derive(Debug, Clone, Copy)]
pub struct Places<'a> {
    /// Root of the repository.
    pub repository: &'a Path,
    /// The gateway's directory. What is wrong and has no place in the repository is shown at its gateway.toml.
    pub gateway: &'a Path,
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Annotation {
    kind: Kind,
    place: Place,
    /// One line.
    title: String,
    /// With what the evidence says; lines are ended by LF but for the last.
    message: String,
}

/// A place in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    /// Path from the root of the repository; from the gateway's directory, if that lies elsewhere.
    file: String,
    /// From 1.
    line: usize,
}

/// What it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Failure,
    Unclear,
    Snapshot,
    UnexpectedPass,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Failure, Self::Unclear, Self::Snapshot, Self::UnexpectedPass];

    /// The word for it in reports for machines.
    const fn as_str(self) -> &'static str {
        match self {
            Self::Failure => "failure",
            Self::Unclear => "unclear",
            Self::Snapshot => "snapshot",
            Self::UnexpectedPass => "unexpected-pass",
        }
    }

    const fn doc(self) -> &'static str {
        match self {
            Self::Failure => "The gateway does otherwise than is claimed.",
            Self::Unclear => "It could not be told whether the claim holds.",
            Self::Snapshot => "The gateway does otherwise than it did.",
            Self::UnexpectedPass => "It holds, but is listed as a known failure.",
        }
    }
}

/// All that makes a run fail, in the order of its scenarios, what belongs to none of them last.
fn annotations(run: &RunReport, places: Places<'_>) -> Vec<Annotation> {
    let of = |is_meant: fn(&Status) -> bool| {
        run.scenarios.iter().filter(move |s| is_meant(&s.status) && s.status.weight(run.is_ci) != Whole::AsExpected)
    };
    let judged = Told::all(of(|status| matches!(status, Status::Failed | Status::Error(_))));
    let mut all: Vec<Annotation> = judged.iter().flat_map(|told| of_claims(told, places)).collect();
    all.extend(of(|status| matches!(status, Status::UnexpectedPass(_))).map(|scenario| {
        let message = format!("{} holds, but is a known failure; take it out of known-failures.toml", scenario.name);
        annotation(Kind::UnexpectedPass, places.of_gateway("known-failures.toml", 1), &scenario.name, &message)
    }));
    all.extend(of(|status| matches!(status, Status::SnapshotNew | Status::SnapshotDiffers)).map(|scenario| {
        let (message, snapshot) = match &scenario.snapshot {
            Snapshot::Differs(diff) => (
                format!("it did otherwise than the snapshot says (- snapshot, + seen)\n{diff}"),
                Some(format!("snapshots/{}.snap", scenario.name)),
            ),
            _ => ("there is no snapshot of what it did".to_owned(), None),
        };
        let place = match snapshot.filter(|_| !places.is_own(scenario)) {
            Some(snapshot) => places.of_gateway(&snapshot, 1),
            None => places.of_scenario(scenario, None),
        };
        annotation(Kind::Snapshot, place, &scenario.name, &message)
    }));
    let of_run = |kind, text: &str| annotation(kind, places.of_gateway("gateway.toml", 1), &run.gateway, text);
    all.extend(run.incomplete.iter().map(|lack| of_run(Kind::Unclear, lack)));
    all.extend(run.died.iter().map(|died| of_run(Kind::Unclear, died)));
    match &run.strays {
        Observed::Seen(strays) => all.extend(
            strays.iter().map(|one| of_run(Kind::Failure, &format!("a message that nobody sent\n{}", stray(one)))),
        ),
        Observed::Unobserved(why) => all.push(of_run(Kind::Unclear, why)),
    }
    all
}

/// A scenario's findings, or what could not be told if it has none.
fn of_claims(told: &Told<'_>, places: Places<'_>) -> Vec<Annotation> {
    let scenario = told.first;
    let likewise = match told.likewise.as_slice() {
        [] => String::new(),
        more => format!("\nthe same in {} more: {}", more.len(), listed(more.iter().copied())),
    };
    let one = |kind, cause: Option<&GatewayCause>, at: &[Location], what: &str, help: &str| {
        let place = cause.and_then(|cause| places.of_cause(cause));
        let place = place.unwrap_or_else(|| places.of_scenario(scenario, at.first()));
        let help = if help.is_empty() { String::new() } else { format!("\n{help}") };
        annotation(kind, place, &scenario.name, &format!("{what}{help}{likewise}"))
    };
    let verdict = scenario.verdict.iter();
    let findings = verdict.clone().flat_map(verdict::Verdict::findings);
    let mut all: Vec<Annotation> =
        findings.map(|f| one(Kind::Failure, f.gateway_cause(), &f.places(), &f.to_string(), &f.help())).collect();
    all.extend(scenario.died.iter().map(|died| one(Kind::Failure, None, &[], died, "")));
    if let (Status::Error(why), true) = (&scenario.status, all.is_empty()) {
        let unclear = verdict.flat_map(verdict::Verdict::errors);
        all.extend(unclear.map(|u| one(Kind::Unclear, u.gateway_cause(), &u.places(), &u.to_string(), &u.help())));
        if all.is_empty() {
            all.push(one(Kind::Unclear, None, &[], why, ""));
        }
    }
    all
}

/// Of text from elsewhere only what can be shown is taken.
fn annotation(kind: Kind, place: Place, subject: &str, text: &str) -> Annotation {
    let text = printable(text);
    let mut lines: Vec<&str> = text.lines().take(LINES).collect();
    if text.lines().count() > LINES {
        lines.push("…");
    }
    let title = lines.first().map_or_else(|| subject.to_owned(), |first| format!("{subject}: {first}"));
    Annotation { kind, place, title: printable(&title), message: lines.join("\n") }
}

impl Places<'_> {
    /// A file in the gateway's directory.
    fn of_gateway(&self, file: &str, line: usize) -> Place {
        let path = self.gateway.join(file);
        let file = path.strip_prefix(self.repository).map_or_else(|_| file.to_owned(), slashed);
        Place { file, line }
    }

    /// The line of the configuration that a cause names.
    fn of_cause(&self, cause: &GatewayCause) -> Option<Place> {
        let (file, line) = cause.setting.as_ref()?.at.as_ref()?.rsplit_once(':')?;
        Some(self.of_gateway(file, line.parse().ok()?))
    }

    /// Whether a scenario is one of the repository's.
    fn is_own(&self, scenario: &ScenarioReport) -> bool {
        scenario.file.starts_with(self.repository)
    }

    /// A place in a scenario of the repository's; the gateway's file for one of the library.
    fn of_scenario(&self, scenario: &ScenarioReport, at: Option<&Location>) -> Place {
        match scenario.file.strip_prefix(self.repository) {
            Ok(inside) => Place { file: slashed(inside), line: at.map_or(1, |at| at.line) },
            Err(_) => self.of_gateway("gateway.toml", 1),
        }
    }
}

pub(crate) fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
