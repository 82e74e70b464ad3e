//! Two gateways, or one before and after a change: what they do otherwise.

mod changes;
mod json;
mod text;

pub use changes::Change;
pub use json::comparison_json;
pub use text::{comparison_text, side_text};

use crate::{
    ScenarioReport, Status, Whole,
    causes::{by_reason, reason},
};
use evidence::Redactor;
use plan::Renames;
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// One of the gateways that are compared, and what came of it.
#[derive(Debug, Clone)]
pub struct Side {
    /// What it is called, as `one-box on trixie`.
    pub label: String,
    /// Debian release of its hosts.
    pub release: String,
    /// Whether it came up, and what it did then.
    pub came: Came,
    /// What happened that no scenario can be blamed for, a sentence each.
    pub troubles: Vec<String>,
    /// How long it took, with bring-up.
    pub took: Duration,
}

/// Whether a gateway came up.
#[derive(Debug, Clone)]
pub enum Came {
    /// It did; this is what its scenarios came to by themselves, sorted by name: held, failed, not applicable, or error.
    Up(Vec<ScenarioReport>),
    /// It did not.
    Not {
        /// What its daemons said of it.
        words: String,
        /// Lines of its configuration that are known to be refused there, and what stands for them.
        remedies: Vec<String>,
    },
}

/// How what a scenario comes to differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    /// It held, and fails.
    Fails,
    /// It failed, and holds.
    Holds,
    /// It fails, and failed for another reason.
    FailsOtherwise,
    /// It applied, and does no more.
    NotApplicable,
    /// It did not apply, and holds.
    AppliesAndHolds,
    /// It did not apply, and fails.
    AppliesAndFails,
}

/// Scenarios that turned for one reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flip {
    /// How.
    pub turn: Turn,
    /// Why: what is wrong where it fails, or what the gateway lacks where it does not apply.
    pub reason: String,
    /// Their names.
    pub scenarios: Vec<String>,
}

/// What one side does otherwise than the other.
#[derive(Debug, Clone, Default)]
pub struct Comparison {
    /// The sides that did not come up: what they are called, what they said, and what is known to help.
    pub not_up: Vec<(String, String, Vec<String>)>,
    /// Scenarios that come to something else.
    pub flips: Vec<Flip>,
    /// Lines of transcripts that are others; the change that most scenarios have comes first.
    pub changes: Vec<Change>,
    /// Scenarios of which it could not be told, and why; those of the run as a whole have no name.
    pub unclear: Vec<(String, String)>,
    /// Names that could not be put in place before the comparison.
    pub doubts: Vec<String>,
    /// Scenarios that do otherwise when they are run again, and on both sides the same at times.
    pub varying: Vec<String>,
    /// How many scenarios do the same.
    pub same: usize,
    /// How many apply to neither side.
    pub neither: usize,
}

/// As many scenarios with one change do not have it by chance.
const MANY: usize = 3;

impl Comparison {
    /// Scenarios that should be run again before it is believed that they differ: those with a change that few others have. What one
    /// does at times it may do on the other side, too.
    #[must_use]
    pub fn doubtful(&self) -> BTreeSet<&str> {
        let flips = self.flips.iter().map(|flip| &flip.scenarios);
        let groups = flips.chain(self.changes.iter().map(|change| &change.scenarios));
        groups.filter(|scenarios| scenarios.len() < MANY).flatten().map(String::as_str).collect()
    }

    /// What it comes to: a failure if anything differs, else an error if of anything it could not be told. Where neither side came
    /// up there is nothing to compare.
    #[must_use]
    pub fn verdict(&self) -> Whole {
        let is_other = !self.flips.is_empty() || !self.changes.is_empty() || self.not_up.len() == 1;
        Whole::of(is_other, !self.unclear.is_empty() || self.not_up.len() > 1)
    }
}

/// What `new` does otherwise than `old`; `renames` puts the names of `old` in the place of those of `new`.
#[must_use]
pub fn compare(old: &Side, new: &Side, renames: &Renames) -> Comparison {
    let mut found = Comparison { doubts: renames.doubts.clone(), ..Comparison::default() };
    for side in [old, new] {
        if let Came::Not { words, remedies } = &side.came {
            found.not_up.push((side.label.clone(), words.clone(), remedies.clone()));
        }
        found.unclear.extend(side.troubles.iter().map(|trouble| (String::new(), format!("{}: {trouble}", side.label))));
    }
    let (Came::Up(olds), Came::Up(news)) = (&old.came, &new.came) else { return found };
    let news: BTreeMap<&str, &ScenarioReport> = news.iter().map(|report| (report.name.as_str(), report)).collect();
    let mut pairs = Vec::new();
    for one in olds {
        match news.get(one.name.as_str()) {
            Some(other) => pairs.push((one, *other)),
            None => found.unclear.push((one.name.clone(), format!("it was not run on {}", new.label))),
        }
    }
    let mut turned: Vec<(Turn, &ScenarioReport, &ScenarioReport)> = Vec::new();
    let mut changes = changes::Changes::default();
    for (one, other) in pairs {
        let kind = (kind(&one.status), self::kind(&other.status));
        if let (Kind::Unclear(why), _) = kind {
            found.unclear.push((one.name.clone(), format!("{}: {why}", old.label)));
        }
        if let (_, Kind::Unclear(why)) = kind {
            found.unclear.push((one.name.clone(), format!("{}: {why}", new.label)));
        }
        let turn = match kind {
            (Kind::Unclear(_), _) | (_, Kind::Unclear(_)) => continue,
            (Kind::NotApplicable, Kind::NotApplicable) => {
                found.neither += 1;
                continue;
            }
            (Kind::Held, Kind::Held) => None,
            (Kind::Failed, Kind::Failed) => {
                let is_other = wrong(one, &Renames::default()) != wrong(other, renames);
                is_other.then_some(Turn::FailsOtherwise)
            }
            (Kind::Held, Kind::Failed) => Some(Turn::Fails),
            (Kind::Failed, Kind::Held) => Some(Turn::Holds),
            (_, Kind::NotApplicable) => Some(Turn::NotApplicable),
            (Kind::NotApplicable, Kind::Held) => Some(Turn::AppliesAndHolds),
            (Kind::NotApplicable, Kind::Failed) => Some(Turn::AppliesAndFails),
        };
        let is_changed = changes.add(one, other, renames);
        // the change of a transcript tells it in full
        let turn = turn.filter(|turn| *turn != Turn::FailsOtherwise || !is_changed);
        found.same += usize::from(turn.is_none() && !is_changed);
        turned.extend(turn.map(|turn| (turn, one, other)));
    }
    found.flips = flips(&turned, renames);
    found.changes = changes.done();
    found
}

/// Whether a scenario did the same on both sides.
#[must_use]
pub fn is_same(old: &ScenarioReport, new: &ScenarioReport, renames: &Renames) -> bool {
    let side = |report: &ScenarioReport| Side {
        label: String::new(),
        release: String::new(),
        came: Came::Up(vec![report.clone()]),
        troubles: Vec::new(),
        took: Duration::ZERO,
    };
    compare(&side(old), &side(new), renames).verdict() == Whole::AsExpected
}

/// What a scenario comes to, as far as it is compared.
#[derive(Clone, Copy)]
enum Kind<'a> {
    Held,
    Failed,
    NotApplicable,
    Unclear(&'a str),
}

fn kind(status: &Status) -> Kind<'_> {
    match status {
        Status::Held | Status::UnexpectedPass(_) | Status::SnapshotNew | Status::SnapshotDiffers => Kind::Held,
        Status::Failed | Status::KnownFailure(_) => Kind::Failed,
        Status::NotApplicable(_) => Kind::NotApplicable,
        Status::Error(why) => Kind::Unclear(why),
    }
}

/// Everything that is wrong with a scenario, without what a run makes up for itself.
fn wrong(report: &ScenarioReport, renames: &Renames) -> Vec<String> {
    let mut redactor = Redactor::default();
    let findings = report.verdict.iter().flat_map(verdict::Verdict::findings);
    let died = report.died.iter().filter_map(|died| died.lines().next()).map(str::to_owned);
    died.chain(findings.map(|finding| finding.message().to_owned()))
        .map(|said| renames.apply(&redactor.redact(&said)))
        .collect()
}

/// Those that turned, by how and why.
fn flips(turned: &[(Turn, &ScenarioReport, &ScenarioReport)], renames: &Renames) -> Vec<Flip> {
    let mut flips: Vec<Flip> = Vec::new();
    let mut by_words: BTreeMap<(Turn, String), Vec<String>> = BTreeMap::new();
    for (turn, is_new) in [(Turn::Fails, true), (Turn::Holds, false), (Turn::AppliesAndFails, true)] {
        let its = turned.iter().filter(|(its, ..)| *its == turn);
        let reasons = by_reason(its.map(|(_, old, new)| if is_new { *new } else { *old }));
        flips.extend(reasons.into_iter().map(|(reason, scenarios)| Flip {
            turn,
            reason: if is_new { renames.apply(&reason) } else { reason },
            scenarios: scenarios.into_iter().map(str::to_owned).collect(),
        }));
    }
    for (turn, old, new) in turned {
        let why = match turn {
            Turn::Fails | Turn::Holds | Turn::AppliesAndFails => continue,
            Turn::FailsOtherwise => format!("{}; and before: {}", renames.apply(&reason(new)), reason(old)),
            Turn::NotApplicable => lack(new),
            Turn::AppliesAndHolds => lack(old),
        };
        by_words.entry((*turn, why)).or_default().push(old.name.clone());
    }
    flips.extend(by_words.into_iter().map(|((turn, reason), scenarios)| Flip { turn, reason, scenarios }));
    flips.sort_by_key(|flip| flip.turn);
    flips
}

fn lack(report: &ScenarioReport) -> String {
    match &report.status {
        Status::NotApplicable(lack) => lack.clone(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests;
