//! The reports: what is said of a run, to people (terminal) and to machines (JSON, JUnit, annotations). Functions from values to text.

mod aggregate;
mod annotations;
mod assess;
mod bounded;
mod causes;
mod columns;
mod compare;
mod describe;
mod explained;
mod json;
mod junit;
mod lookup;
mod merge;
mod mutation;
mod shown;
mod terminal;

pub use self::aggregate::{aggregate_json, aggregate_text};
pub use annotations::{Places, code_quality, github, sarif};
pub use assess::assess_text;
pub use bounded::Bounded;
pub use causes::{by_reason, listed};
pub use compare::{
    Came, Change, Comparison, Flip, Side, Turn, compare, comparison_json, comparison_text, is_same, side_text,
};
pub use describe::{describe, list};
pub use explained::{Explained, explained_text};
pub use json::json;
pub use junit::junit;
pub use lookup::lookup_text;
pub use merge::{CannotMerge, Merged, merge};
pub use mutation::{Mutated, Notice, mutation_json, mutation_line, mutation_text, mutation_verdict};
pub use terminal::{Style, adaptations, line, summary, told};

use evidence::{Delivered, Evidence, Observed};
use serde::{Deserialize, Serialize};
use std::{fmt, path::PathBuf, time::Duration};
use verdict::Verdict;

/// What is said of one scenario.
#[derive(Debug, Clone)]
pub struct ScenarioReport {
    /// `SUBJECT/NAME`.
    pub name: String,
    /// Its file, without links.
    pub file: PathBuf,
    /// What it claims.
    pub title: String,
    /// What came of it.
    pub status: Status,
    /// How what was seen compares to its snapshot.
    pub snapshot: Snapshot,
    /// Services that it made end, each with the end of its log.
    pub died: Vec<String>,
    /// What is made of the evidence; none, if the scenario did not come to its end.
    pub verdict: Option<Verdict>,
    /// What was seen; none likewise.
    pub evidence: Option<Evidence>,
    /// How long it took.
    pub took: Duration,
}

/// What is said of a whole run.
#[derive(Debug, Clone)]
pub struct RunReport {
    /// Name of the gateway under test.
    pub gateway: String,
    /// What the harness changed in the gateway to be able to test it, one sentence each.
    pub adaptations: Vec<String>,
    /// Scenarios that were run, sorted by name.
    pub scenarios: Vec<ScenarioReport>,
    /// Services that ended while scenarios ran, and none of these makes them end again.
    pub died: Vec<String>,
    /// Messages that came into a mailbox, and no scenario is known to have sent them.
    pub strays: Observed<Vec<Delivered>>,
    /// Names of scenarios that were chosen and not run, because somebody interrupted.
    pub left_out: Vec<String>,
    /// How long it took, with bring-up; of parts the longest.
    pub took: Duration,
    /// What was run, and by what.
    pub identity: Identity,
    /// Which part of a run it is, if it is one.
    pub shard: Option<ShardOf>,
    /// What is lacking of a run that was merged of its parts, a sentence each.
    pub incomplete: Vec<String>,
    /// Whether it ran as in CI, where a snapshot that is missing is a failure.
    pub is_ci: bool,
}

/// What was run, and by what: parts of one run have the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Mailproof's version.
    pub version: String,
    /// A hash of what Mailproof makes its images of.
    pub images: String,
    /// A hash of the files of the gateway's directory, snapshots left out.
    pub gateway: String,
    /// A hash of the names and texts of all scenarios that were chosen, for all parts of the run.
    pub scenarios: String,
    /// Settings of the run on which a verdict may depend.
    pub options: String,
}

/// A part of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardOf {
    /// From 1.
    pub index: usize,
    /// How many there are.
    pub count: usize,
    /// Names of all scenarios that were chosen, for all parts of the run.
    pub names: Vec<String>,
}

/// What came of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// Every claim holds, and the snapshot is the same.
    Held,
    /// A claim does not hold.
    Failed,
    /// It could not be told, and why.
    Error(String),
    /// It does not hold, as is known of this gateway, for this reason.
    KnownFailure(String),
    /// It holds, although it is listed as a known failure for this reason.
    UnexpectedPass(String),
    /// It was not run, since the gateway has nothing of what it is about, and what is lacking.
    NotApplicable(String),
    /// Every claim holds; there is no snapshot yet.
    SnapshotNew,
    /// Every claim holds, or fails as is known; the snapshot is another one.
    SnapshotDiffers,
}

/// How what was seen of a scenario compares to its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Snapshot {
    /// There is none to compare with, and none is asked for; or nothing was seen.
    None,
    /// There is none yet, and what was seen may become it.
    New,
    /// It says what was seen.
    Same,
    /// It says something else: a unified diff from it to what was seen.
    Differs(String),
}

impl Snapshot {
    /// The word for it in reports for machines.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::New => "new",
            Self::Same => "same",
            Self::Differs(_) => "differs",
        }
    }
}

impl Status {
    /// The word for it in reports for machines.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Failed => "failed",
            Self::Error(_) => "error",
            Self::KnownFailure(_) => "known-failure",
            Self::UnexpectedPass(_) => "unexpected-pass",
            Self::NotApplicable(_) => "not-applicable",
            Self::SnapshotNew => "snapshot-new",
            Self::SnapshotDiffers => "snapshot-differs",
        }
    }

    /// What it means for the run.
    #[must_use]
    pub const fn weight(&self, is_ci: bool) -> Whole {
        match self {
            Self::Held | Self::KnownFailure(_) | Self::NotApplicable(_) => Whole::AsExpected,
            Self::SnapshotNew if !is_ci => Whole::AsExpected,
            Self::SnapshotNew | Self::Failed | Self::UnexpectedPass(_) | Self::SnapshotDiffers => Whole::Failure,
            Self::Error(_) => Whole::Error,
        }
    }
}

/// What is said of all of it, in one word: that of the worst part. The one place where it is decided what outweighs what,
/// for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whole {
    /// Everything is as expected.
    AsExpected,
    /// Of something it could not be told.
    Error,
    /// Something was seen to be wrong. This outweighs an error: what could not be seen does not excuse what was.
    Failure,
}

impl Whole {
    /// What a part comes to that was seen to be wrong, or of which something could not be told, or both.
    #[must_use]
    pub const fn of(is_wrong: bool, is_unclear: bool) -> Self {
        match (is_wrong, is_unclear) {
            (true, _) => Self::Failure,
            (false, true) => Self::Error,
            (false, false) => Self::AsExpected,
        }
    }

    /// Exit code of the run: 0, 1 or 4.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::AsExpected => 0,
            Self::Failure => 1,
            Self::Error => 4,
        }
    }
}

/// The word, as in `as expected`.
impl fmt::Display for Whole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::AsExpected => "as expected",
            Self::Failure => "failure",
            Self::Error => "error",
        })
    }
}

/// What the run comes to: a failure if there is any, else an error if there is any. A message that nobody sent is a failure; a
/// service that ended by nobody's doing is an error, and so is a part that is missing. Scenarios that were left out do not count: an interrupted run has an exit
/// code of its own.
#[must_use]
pub fn verdict(run: &RunReport) -> Whole {
    let is_strayed = run.strays.seen().is_some_and(|strays| !strays.is_empty());
    let whole =
        Whole::of(is_strayed, run.strays.seen().is_none() || !run.died.is_empty() || !run.incomplete.is_empty());
    run.scenarios.iter().map(|s| s.status.weight(run.is_ci)).fold(whole, Whole::max)
}

/// Exit code of the run: 0 as expected, 1 failure, 4 error.
#[must_use]
pub fn exit_code(run: &RunReport) -> u8 {
    verdict(run).exit_code()
}
