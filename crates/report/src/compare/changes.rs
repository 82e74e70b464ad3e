//! Lines of transcripts that are others: the same change is told once, however many scenarios have it.

use crate::{ScenarioReport, causes::is_name};
use plan::Renames;
use similar::{ChangeTag, TextDiff};

/// Lines around a change that are shown.
const AROUND: usize = 1;

/// One change, and the scenarios that have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// As the first of them has it: lines of a unified diff, each with its mark.
    pub lines: Vec<String>,
    /// Their names. In the others it may be about other addresses and names of hosts.
    pub scenarios: Vec<String>,
}

/// Changes while they are collected, each with what is the same in all of its scenarios.
#[derive(Debug, Default)]
pub(super) struct Changes {
    all: Vec<(Vec<String>, Change)>,
}

impl Changes {
    /// Adds what is another in the transcript of a scenario; says whether anything is. What it looked like when a service ended
    /// is not what the gateway does.
    pub(super) fn add(&mut self, old: &ScenarioReport, new: &ScenarioReport, renames: &Renames) -> bool {
        let (Some(was), Some(is)) = (&old.verdict, &new.verdict) else { return false };
        if !old.died.is_empty() || !new.died.is_empty() {
            return false;
        }
        let (was, is) = (was.snapshot.trim_end(), renames.apply(is.snapshot.trim_end()));
        let diff = TextDiff::from_lines(was, &is);
        let mut is_any = false;
        for group in diff.grouped_ops(AROUND) {
            let changes = group.iter().flat_map(|op| diff.iter_changes(op));
            let lines: Vec<(ChangeTag, String)> =
                changes.map(|change| (change.tag(), change.value().trim_end().to_owned())).collect();
            self.one(&lines, &old.name);
            is_any = true;
        }
        is_any
    }

    fn one(&mut self, lines: &[(ChangeTag, String)], scenario: &str) {
        let marked = |(tag, line): &(ChangeTag, String)| format!("{tag}{line}");
        let changed = lines.iter().filter(|(tag, _)| *tag != ChangeTag::Equal);
        let class: Vec<String> = changed.map(|line| general(&marked(line))).collect();
        match self.all.iter_mut().find(|(other, _)| *other == class) {
            Some((_, change)) if change.scenarios.last().is_some_and(|last| last == scenario) => {}
            Some((_, change)) => change.scenarios.push(scenario.to_owned()),
            None => {
                let lines = lines.iter().map(marked).collect();
                self.all.push((class, Change { lines, scenarios: vec![scenario.to_owned()] }));
            }
        }
    }

    /// Those that most scenarios have first.
    pub(super) fn done(self) -> Vec<Change> {
        let mut changes: Vec<Change> = self.all.into_iter().map(|(_, change)| change).collect();
        changes.sort_by_key(|change| std::cmp::Reverse(change.scenarios.len()));
        changes
    }
}

/// A line without the addresses and names of hosts in it.
fn general(line: &str) -> String {
    line.split(' ').map(|word| if is_name(word) { "…" } else { word }).collect::<Vec<_>>().join(" ")
}
