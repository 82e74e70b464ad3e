//! A part of the scenarios that were chosen: which one falls into which part, and by what parts of one run know each other.
//!
//! Parts depend on the names that were chosen, on which scenarios run alone, and on the times of an earlier run, if all parts are given
//! the same; on nothing of the machine. Each scenario is in exactly one.

use crate::{drive::Opinion, exit::CommandError, library, schedule::NameLocks};
use claims::Scenario;
use report::{Identity, ShardOf};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::{collections::HashMap, fs, io, path::Path, str::FromStr};

/// So many scenarios are taken to run at the same time; one that runs alone weighs as much as these.
const SIDE_BY_SIDE: u64 = 16;
/// What a scenario of unknown time takes, in milliseconds, if no time is known at all.
const UNKNOWN: u64 = 1000;
/// More parts than this are no use, and a slip.
const MOST: usize = 1000;

/// One of several parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shard {
    /// From 1.
    index: usize,
    count: usize,
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        let (index, count) = numbers.ok_or("expected PART/PARTS, as in 2/5")?;
        if !(1..=MOST).contains(&count) {
            return Err(format!("there are 1 to {MOST} parts, not {count}"));
        }
        if !(1..=count).contains(&index) {
            return Err(format!("parts are numbered from 1 to {count}; there is no part {index}"));
        }
        Ok(Self { index, count })
    }
}

/// Times of scenarios by their names, in milliseconds, as a JSON report of an earlier run has them.
pub(crate) type Times = HashMap<String, u64>;

/// A JSON report, as far as it is read.
#[derive(Deserialize)]
struct Earlier {
    scenarios: Vec<Timed>,
}

#[derive(Deserialize)]
struct Timed {
    name: String,
    seconds: f64,
}

/// Reads the times out of a JSON report.
///
/// # Errors
/// It cannot be read, or is no report.
pub(crate) fn times(path: &Path) -> Result<Times, CommandError> {
    let wrong = |why: String| {
        let help = "name a JSON report of an earlier run, as `--report json=FILE` or `report merge` writes it";
        CommandError::wrong(miette::miette!(help = help, "{}: {why}", path.display()))
    };
    let text = fs::read_to_string(path).map_err(|cause| wrong(cause.to_string()))?;
    let earlier: Earlier = serde_json::from_str(&text).map_err(|cause| wrong(cause.to_string()))?;
    Ok(earlier.scenarios.into_iter().map(|one| (one.name, (one.seconds.max(0.0) * 1000.0).round() as u64)).collect())
}

/// Keeps the scenarios of this part, and says which part of what it is. Those that are left stay in their order.
pub(crate) fn take(scenarios: &mut Vec<Scenario>, shard: Shard, times: &Times) -> ShardOf {
    let work: Vec<(&str, bool)> = scenarios
        .iter()
        .map(|scenario| (scenario.plan.source.name.as_str(), NameLocks::of(&scenario.plan).is_alone()))
        .collect();
    let parts = divide(&work, times, shard.count);
    let mut names: Vec<String> = work.iter().map(|(name, _)| (*name).to_owned()).collect();
    names.sort();
    let mut parts = parts.into_iter();
    scenarios.retain(|_| parts.next() == Some(shard.index - 1));
    ShardOf { index: shard.index, count: shard.count, names }
}

/// The part of each, from 0. The longest come first, each to the part that has least by then.
fn divide(work: &[(&str, bool)], times: &Times, count: usize) -> Vec<usize> {
    let known: Vec<u64> = work.iter().filter_map(|(name, _)| times.get(*name).copied()).collect();
    let unknown = known.iter().sum::<u64>().checked_div(known.len() as u64).unwrap_or(UNKNOWN);
    let weight = |&(name, is_alone): &(&str, bool)| {
        let time = times.get(name).copied().unwrap_or(unknown);
        if is_alone { time * SIDE_BY_SIDE } else { time }
    };
    let mut order: Vec<usize> = (0..work.len()).collect();
    order.sort_by(|&a, &b| weight(&work[b]).cmp(&weight(&work[a])).then(work[a].0.cmp(work[b].0)));
    let mut loads = vec![(0, 0_usize); count];
    let mut parts = vec![0; work.len()];
    for at in order {
        let lightest = (0..count).min_by_key(|&part| (loads[part], part)).unwrap_or_default();
        loads[lightest].0 += weight(&work[at]);
        loads[lightest].1 += 1;
        parts[at] = lightest;
    }
    parts
}

/// What is run, by what and how: of all that was chosen, before a part of it is taken.
///
/// # Errors
/// A directory that was just read cannot be read.
pub(crate) fn identity(
    scenarios: &[Scenario],
    gateway: &Path,
    containers: &Path,
    opinion: Opinion,
    wants_snapshots: bool,
) -> io::Result<Identity> {
    let mut texts: Vec<_> = scenarios.iter().map(|scenario| &scenario.plan.source).collect();
    texts.sort_by(|a, b| a.name.cmp(&b.name));
    let mut hash = Hash::default();
    for source in texts {
        hash.add(&[source.name.as_bytes(), source.text.as_bytes()]);
    }
    let opinion = if opinion == Opinion::On { "a" } else { "no" };
    let snapshots = if wants_snapshots { ", --snapshot" } else { "" };
    Ok(Identity {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        images: of_directory(containers)?,
        gateway: of_directory(gateway)?,
        scenarios: hash.end(),
        options: format!("{opinion} second opinion{snapshots}"),
    })
}

/// A hash of the files in a directory and those within, with their paths; runs write their snapshots there, which stay out.
fn of_directory(directory: &Path) -> io::Result<String> {
    let mut hash = Hash::default();
    add(&mut hash, &library::absolute(directory), Path::new(""))?;
    Ok(hash.end())
}

fn add(hash: &mut Hash, root: &Path, below: &Path) -> io::Result<()> {
    let mut entries: Vec<_> = fs::read_dir(root.join(below))?.collect::<Result<_, _>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = below.join(entry.file_name());
        // links count as what they show
        match fs::metadata(entry.path()) {
            Ok(found) if found.is_dir() && entry.file_type()?.is_dir() => {
                if entry.file_name() != "snapshots" {
                    add(hash, root, &path)?;
                }
            }
            Ok(found) if found.is_file() => {
                hash.add(&[path.as_os_str().as_encoded_bytes(), &fs::read(entry.path())?]);
            }
            // a link to nothing, or to a directory
            _ => hash.add(&[path.as_os_str().as_encoded_bytes()]),
        }
    }
    Ok(())
}

/// SHA-256 over lists of texts that cannot run into each other.
#[derive(Default)]
struct Hash(Sha256);

impl Hash {
    fn add(&mut self, texts: &[&[u8]]) {
        self.0.update((texts.len() as u64).to_be_bytes());
        for text in texts {
            self.0.update((text.len() as u64).to_be_bytes());
            self.0.update(text);
        }
    }

    /// The first 16 octets, in hexadecimal digits.
    fn end(self) -> String {
        self.0.finalize().iter().take(16).map(|octet| format!("{octet:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(count: usize) -> Vec<String> {
        (0..count).map(|n| format!("subject/{n:03}")).collect()
    }

    fn work(names: &[String]) -> Vec<(&str, bool)> {
        names.iter().enumerate().map(|(at, name)| (name.as_str(), at % 7 == 0)).collect()
    }

    #[test]
    fn a_part_is_one_of_several() {
        assert_eq!("2/5".parse(), Ok(Shard { index: 2, count: 5 }));
        for wrong in ["0/5", "6/5", "1/0", "1", "1/2/3", "-1/2", "a/b", "1/100000", ""] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_scenario_is_in_one_part_and_the_order_of_the_files_does_not_matter() {
        let names = names(100);
        let work = work(&names);
        let times: Times = names.iter().step_by(3).enumerate().map(|(n, name)| (name.clone(), n as u64 * 40)).collect();
        for (times, count) in [(&times, 5), (&Times::new(), 5), (&times, 1), (&times, 200)] {
            let parts = divide(&work, times, count);
            assert!(parts.len() == work.len() && parts.iter().all(|part| *part < count));
            let backwards: Vec<_> = work.iter().rev().copied().collect();
            let mut again = divide(&backwards, times, count);
            again.reverse();
            assert_eq!(parts, again);
        }
    }

    #[test]
    fn parts_are_balanced_by_the_times_that_are_known() {
        let names = names(60);
        let work: Vec<(&str, bool)> = names.iter().map(|name| (name.as_str(), false)).collect();
        let times: Times =
            names.iter().enumerate().map(|(n, name)| (name.clone(), 100 + (n as u64 * 37) % 900)).collect();
        let parts = divide(&work, &times, 4);
        let load = |part: usize| (0..60).filter(|at| parts[*at] == part).map(|at| times[&names[at]]).sum::<u64>();
        let loads: Vec<u64> = (0..4).map(load).collect();
        assert!(loads.iter().max().unwrap() - loads.iter().min().unwrap() <= 100, "{loads:?}");
        // without times those that run alone, which take the whole stack, are dealt out evenly
        let work = self::work(&names);
        let parts = divide(&work, &Times::new(), 3);
        let alone: Vec<usize> =
            (0..3).map(|part| (0..60).filter(|at| parts[*at] == part && work[*at].1).count()).collect();
        assert!(alone.iter().all(|count| *count == 3), "{alone:?}");
    }

    #[test]
    fn a_changed_file_is_another_gateway_and_a_snapshot_is_not() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("postfix")).unwrap();
        fs::write(dir.path().join("postfix/main.cf"), "a").unwrap();
        let hash = || of_directory(dir.path()).unwrap();
        let before = hash();
        fs::create_dir_all(dir.path().join("snapshots/spf")).unwrap();
        fs::write(dir.path().join("snapshots/spf/pass.snap"), "a").unwrap();
        assert_eq!(hash(), before);
        fs::write(dir.path().join("postfix/main.cf"), "b").unwrap();
        assert_ne!(hash(), before);
    }
}
