//! The JSON reports of the parts of one run → one report, or why they are none. What is missing is told and makes the run an error; parts
//! that do not belong together are refused, since a verdict over them would be about nothing that was run.

mod restore;

use crate::{Identity, RunReport, ScenarioReport, ShardOf, causes::listed, json::document};
use evidence::{Delivered, Observed};
use restore::{ScenarioIn, octets_from_text, scenario};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

/// The version of the document that is read.
const VERSION: u64 = 1;

/// One report of several.
#[derive(Debug, Clone)]
pub struct Merged {
    /// As if one run had made it. Evidence stays out: what it means is told.
    pub run: RunReport,
    scenarios: Vec<Value>,
    strays: Value,
}

impl Merged {
    /// The JSON document: each scenario as its part has it, ended by LF.
    #[must_use]
    pub fn json(&self) -> String {
        document(&self.run, || self.scenarios.iter().cloned(), self.strays.clone())
    }
}

/// Why files are not parts of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CannotMerge {
    /// One sentence.
    pub what: String,
    /// What to do.
    pub help: &'static str,
}

/// The document, as far as it is read.
#[derive(Debug, Deserialize)]
struct PartIn {
    gateway: String,
    adaptations: Vec<String>,
    ci: bool,
    seconds: f64,
    died: Vec<String>,
    strays: Value,
    identity: Identity,
    shard: Option<ShardOf>,
    scenarios: Vec<Value>,
    left_out: Vec<String>,
    #[serde(default)]
    incomplete: Vec<String>,
}

/// A part that was read.
struct Part<'a> {
    /// As the user named its file.
    file: &'a str,
    document: PartIn,
    scenarios: Vec<ScenarioReport>,
    strays: Observed<Vec<Delivered>>,
}

impl Part<'_> {
    /// From 1; a run that was not divided is its only part.
    fn index(&self) -> usize {
        self.document.shard.as_ref().map_or(1, |shard| shard.index)
    }

    fn count(&self) -> usize {
        self.document.shard.as_ref().map_or(1, |shard| shard.count)
    }

    /// All that was chosen for the whole run.
    fn names(&self) -> BTreeSet<&str> {
        match &self.document.shard {
            Some(shard) => shard.names.iter().map(String::as_str).collect(),
            None => self.own().collect(),
        }
    }

    fn own(&self) -> impl Iterator<Item = &str> {
        self.scenarios.iter().map(|s| s.name.as_str()).chain(self.document.left_out.iter().map(String::as_str))
    }
}

/// What stands in a file.
enum Read {
    Part(Box<PartIn>),
    /// It ends before its end.
    CutOff(String),
}

/// Merges reports, each the name of its file and its text. Paths in them are from the root of the repository.
///
/// # Errors
/// Everything that keeps them from being parts of one run.
pub fn merge(files: &[(String, String)], repository: &Path) -> Result<Merged, Vec<CannotMerge>> {
    let (mut parts, mut faults, mut incomplete) = (Vec::new(), Vec::new(), Vec::new());
    for (file, text) in files {
        match read(file, text) {
            Ok(Read::CutOff(why)) => incomplete.push(why),
            Ok(Read::Part(document)) => match part(file, *document, repository) {
                Ok(part) => parts.push(part),
                Err(fault) => faults.push(fault),
            },
            Err(fault) => faults.push(fault),
        }
    }
    faults.extend(strangers(&parts));
    if parts.is_empty() && faults.is_empty() {
        let what = match incomplete.is_empty() {
            true => "there is no report to merge".to_owned(),
            false => format!("no report is whole: {}", incomplete.join("; ")),
        };
        faults.push(CannotMerge {
            what,
            help: "name the files that `scenario run --shard` wrote by `--report json=FILE`",
        });
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    parts.sort_by_key(Part::index);
    lacks(&parts, &mut incomplete);
    Ok(joined(parts, incomplete))
}

/// The document of a file.
fn read(file: &str, text: &str) -> Result<Read, CannotMerge> {
    let fault = |why: String| CannotMerge {
        what: format!("{file} {why}"),
        help: "a part is what `scenario run --report json=FILE` of this version of Mailproof wrote",
    };
    let value: Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) if error.is_eof() => {
            return Ok(Read::CutOff(format!("{file} is cut off: {error}")));
        }
        Err(error) => return Err(fault(format!("is no JSON: {error}"))),
    };
    if value["format"] != "mailproof-report" {
        return Err(fault("is no report of a run".to_owned()));
    }
    if value["version"] != VERSION {
        return Err(fault(format!("has version {} of the report, and {VERSION} is known here", value["version"])));
    }
    PartIn::deserialize(value)
        .map(|part| Read::Part(Box::new(part)))
        .map_err(|error| fault(format!("cannot be merged: {error}")))
}

fn part<'a>(file: &'a str, document: PartIn, repository: &Path) -> Result<Part<'a>, CannotMerge> {
    let fault = |why: String| CannotMerge {
        what: format!("{file} cannot be merged: {why}"),
        help: "it was changed, or another version of Mailproof wrote it",
    };
    if let Some(shard) = document.shard.as_ref().filter(|shard| !(1..=shard.count).contains(&shard.index)) {
        return Err(fault(format!("there is no part {} of {}", shard.index, shard.count)));
    }
    let mut scenarios = Vec::new();
    for value in &document.scenarios {
        let read = ScenarioIn::deserialize(value).map_err(|error| fault(format!("{}: {error}", value["name"])))?;
        scenarios.push(scenario(read, repository).map_err(fault)?);
    }
    let mut strays = document.strays.clone();
    octets_from_text(&mut strays);
    let strays = Observed::deserialize(strays).map_err(|error| fault(error.to_string()))?;
    Ok(Part { file, document, scenarios, strays })
}

/// Parts of other runs than the first one's, and parts and scenarios that are there twice.
fn strangers(parts: &[Part<'_>]) -> Vec<CannotMerge> {
    let Some(first) = parts.first() else { return Vec::new() };
    let mut faults = Vec::new();
    let mut seen: BTreeMap<usize, &str> = BTreeMap::new();
    let mut owners: BTreeMap<&str, &Part<'_>> = BTreeMap::new();
    for part in parts {
        if let Some(other) = difference(first, part) {
            let what = format!("{} is part of another run than {}: {other}", part.file, first.file);
            faults.push(CannotMerge {
                what,
                help: "merge parts of one run: the same commit, gateway, selection and options",
            });
            continue;
        }
        if let Some(before) = seen.insert(part.index(), part.file) {
            let what = format!("part {} of {} is there twice: {before} and {}", part.index(), part.count(), part.file);
            faults.push(CannotMerge { what, help: "name each part once; one of them may be of an earlier attempt" });
            continue;
        }
        let twice: Vec<(&str, &str)> =
            part.own().filter_map(|name| owners.insert(name, part).map(|before| (name, before.file))).collect();
        if let Some((name, before)) = twice.first() {
            let what = format!("{name} is in {before} and in {}", part.file);
            faults.push(CannotMerge {
                what,
                help: "the parts were cut by other times: give all of them the same --times, or none",
            });
        }
    }
    faults
}

/// What one says otherwise than the other that all parts of a run say alike.
fn difference(one: &Part<'_>, other: &Part<'_>) -> Option<String> {
    let (a, b) = (&one.document, &other.document);
    let named = [
        ("its gateway is", &b.gateway, &a.gateway),
        ("it was run by Mailproof", &b.identity.version, &a.identity.version),
        ("it was run with", &b.identity.options, &a.identity.options),
    ];
    if let Some((what, is, was)) = named.into_iter().find(|(_, is, was)| is != was) {
        return Some(format!("{what} {is}, not {was}"));
    }
    if a.ci != b.ci {
        return Some("only one of them was run with --ci".to_owned());
    }
    if one.count() != other.count() {
        return Some(format!("it is one of {}, not of {}", other.count(), one.count()));
    }
    let (all, theirs) = (one.names(), other.names());
    let odd: Vec<&str> =
        if one.count() > 1 { all.symmetric_difference(&theirs).copied().collect() } else { Vec::new() };
    if !odd.is_empty() {
        return Some(format!("not both were to run {}", listed(odd.into_iter())));
    }
    let hashed = [
        ("the files of the gateway", &a.identity.gateway, &b.identity.gateway),
        ("the texts of the scenarios", &a.identity.scenarios, &b.identity.scenarios),
        ("what Mailproof makes its images of", &a.identity.images, &b.identity.images),
    ];
    let (what, ..) = hashed.into_iter().find(|(_, a, b)| a != b)?;
    Some(format!("{what} are other ones"))
}

/// What is missing: parts, scenarios in none of them, and what a part did not come to.
fn lacks(parts: &[Part<'_>], incomplete: &mut Vec<String>) {
    let Some(first) = parts.first() else { return };
    let there: BTreeSet<usize> = parts.iter().map(Part::index).collect();
    let missing: Vec<String> =
        (1..=first.count()).filter(|index| !there.contains(index)).map(|i| i.to_string()).collect();
    let has: BTreeSet<&str> = parts.iter().flat_map(Part::own).collect();
    let lost: Vec<&str> = first.names().into_iter().filter(|name| !has.contains(name)).collect();
    let lost = if lost.is_empty() { String::new() } else { format!(", and with it {}", listed(lost.into_iter())) };
    match missing.as_slice() {
        [] if !lost.is_empty() => incomplete.push(format!("a scenario is in no part{lost}")),
        [] => {}
        [one] => incomplete.push(format!("part {one} of {} is missing{lost}", first.count())),
        more => incomplete.push(format!(
            "parts {} of {} are missing{lost}",
            listed(more.iter().map(String::as_str)),
            first.count()
        )),
    }
    for part in parts {
        incomplete.extend(part.document.incomplete.iter().map(|lack| format!("{}: {lack}", part.file)));
        if !part.document.left_out.is_empty() {
            let names = listed(part.document.left_out.iter().map(String::as_str));
            incomplete.push(format!("{} was interrupted before {names}", part.file));
        }
    }
}

/// All parts as one run.
fn joined(parts: Vec<Part<'_>>, incomplete: Vec<String>) -> Merged {
    let ran: BTreeSet<&str> = parts.iter().flat_map(|part| &part.scenarios).map(|s| s.name.as_str()).collect();
    let all: BTreeSet<&str> = parts.iter().flat_map(Part::names).collect();
    let left_out = all.difference(&ran).map(ToString::to_string).collect();
    let seconds = parts.iter().map(|part| part.document.seconds).fold(0.0, f64::max);
    let strays = strays(&parts);
    let first = &parts[0].document;
    let mut run = RunReport {
        gateway: first.gateway.clone(),
        adaptations: first.adaptations.clone(),
        scenarios: Vec::new(),
        died: parts.iter().flat_map(|part| part.document.died.clone()).collect(),
        strays: strays.0,
        left_out,
        took: Duration::try_from_secs_f64(seconds).unwrap_or_default(),
        identity: first.identity.clone(),
        shard: None,
        incomplete,
        is_ci: first.ci,
    };
    let pairs = parts.into_iter().flat_map(|part| part.scenarios.into_iter().zip(part.document.scenarios));
    let mut pairs: Vec<(ScenarioReport, Value)> = pairs.collect();
    pairs.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
    let (reports, scenarios) = pairs.into_iter().unzip();
    run.scenarios = reports;
    Merged { run, scenarios, strays: strays.1 }
}

/// Messages that nobody sent, of all parts, as values and as the document has them. What was seen counts, whatever was not.
fn strays(parts: &[Part<'_>]) -> (Observed<Vec<Delivered>>, Value) {
    let seen: Vec<Delivered> = parts.iter().filter_map(|part| part.strays.seen()).flatten().cloned().collect();
    let why = |part: &Part<'_>| match &part.strays {
        Observed::Seen(_) => None,
        Observed::Unobserved(why) => Some(why.clone()),
    };
    let why: Vec<String> = parts.iter().filter_map(why).collect();
    if seen.is_empty() && !why.is_empty() {
        let why = why.join("; ");
        return (Observed::Unobserved(why.clone()), json!({ "unobserved": why }));
    }
    let told =
        parts.iter().filter_map(|part| part.document.strays["seen"].as_array()).flatten().cloned().collect::<Vec<_>>();
    (Observed::Seen(seen), json!({ "seen": told }))
}
