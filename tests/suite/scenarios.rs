//! Every scenario on the real daemons, for every shipped gateway: one test each. A gateway is brought up once.

use crate::{Failed, Trial, mailproof, root, scratch, trial};
use serde_json::Value;
use std::{
    collections::HashMap,
    fs,
    path::Path,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

/// What tells a gateway apart by its filter: the rest of the library is about Postfix and Dovecot, which others run as well. By hand
/// all of it is run.
const FILTERS: &[&str] = &[
    "arc/",
    "auth-results/",
    "delivery/",
    "dkim/",
    "dmarc/",
    "evidence/",
    "identity/",
    "outage/",
    "relay/",
    "smuggling/",
    "spf/",
];

/// The part of the library that is run on a gateway here; empty: all of it.
fn part(gateway: &str) -> &'static [&'static str] {
    if ["ispmail", "rspamd"].contains(&gateway) { FILTERS } else { &[] }
}

/// What one run said of each scenario, or why there is nothing.
type Reported = Result<HashMap<String, Value>, String>;

/// A run of the library on one gateway.
struct Run {
    gateway: String,
    reported: OnceLock<Reported>,
}

impl Run {
    fn reported(&self) -> &Reported {
        let report = || report(&self.gateway).map_err(|e| e.message().unwrap_or("?").to_owned());
        self.reported.get_or_init(report)
    }
}

/// A test that runs the library on each gateway, and then those that look at what came of each scenario. Other tests may
/// stand between them: who looks at a run that is not over waits for it.
pub(crate) fn trials() -> (Vec<Trial>, Vec<Trial>) {
    let names = library().expect("scenarios can be listed");
    let gateways = gateways().expect("gateways can be listed");
    let run = |gateway| Arc::new(Run { gateway, reported: OnceLock::new() });
    let runs: Vec<Arc<Run>> = gateways.into_iter().map(run).collect();
    let whole = |run: &Arc<Run>| {
        let run = Arc::clone(run);
        let title = format!("run::{}", run.gateway);
        trial(&title, move || Ok(run.reported().as_ref().map(|_| ()).map_err(Clone::clone)?))
    };
    let each = |run: &Arc<Run>| {
        let trial = |name: &String| {
            let (run, name) = (Arc::clone(run), name.clone());
            let title = format!("scenario::{}::{}", run.gateway, name.replace('/', "::"));
            trial(&title, move || as_expected(&run.gateway, run.reported(), &name))
        };
        let part = part(&run.gateway);
        let is_run = |name: &&String| part.is_empty() || part.iter().any(|subject| name.starts_with(subject));
        names.iter().filter(is_run).map(trial).collect::<Vec<_>>()
    };
    (runs.iter().map(whole).collect(), runs.iter().flat_map(each).collect())
}

/// The gateways that are shipped for being tested: all but the peer.
fn gateways() -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    for entry in fs::read_dir(root().join("gateways"))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != "peer" && entry.path().join("gateway.toml").is_file() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Names of all scenarios.
pub(crate) fn library() -> Result<Vec<String>, Failed> {
    let mut names = Vec::new();
    for subject in fs::read_dir(root().join("scenarios"))? {
        let subject = subject?.path();
        if subject.is_dir() {
            for file in fs::read_dir(&subject)? {
                names.push(name_of(&subject, &file?.path()));
            }
        }
    }
    names.sort();
    Ok(names)
}

fn name_of(subject: &Path, file: &Path) -> String {
    let word = |p: Option<&std::ffi::OsStr>| p.unwrap_or_default().to_string_lossy().into_owned();
    format!("{}/{}", word(subject.file_name()), word(file.file_stem()))
}

/// Runs the library, as CI does; one gateway at a time, for a run alone keeps two cores busy.
fn report(gateway: &str) -> Result<HashMap<String, Value>, Failed> {
    static TURN: Mutex<()> = Mutex::new(());
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let path = scratch(&format!("report-{gateway}"))?.join("report.json");
    let to = format!("json={}", path.display());
    let words = ["scenario", "run", "--ci", "--gateway", gateway, "--report", &to];
    let output = mailproof(&[&words[..], part(gateway)].concat()).output()?;
    let text = fs::read_to_string(&path).map_err(|_| {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        format!("the run left no report; exit {:?}\n{out}\n{err}", output.status.code())
    })?;
    let report: Value = serde_json::from_str(&text)?;
    let scenarios = report["scenarios"].as_array().ok_or("no scenarios in the report")?;
    let named = |s: &Value| Some((s["name"].as_str()?.to_owned(), s.clone()));
    Ok(scenarios.iter().filter_map(named).collect())
}

fn as_expected(gateway: &str, run: &Reported, name: &str) -> Result<(), Failed> {
    let scenarios = run.as_ref().map_err(Clone::clone)?;
    let scenario = scenarios.get(name).ok_or("it is not in the report")?;
    // the one that sets the example shows everything, and has everything that there is a scenario for, but for older versions
    let is_example = gateway == "hardened";
    let shown = scenario["transactions"].as_array().into_iter().flatten().flat_map(|one| one["unseen"].as_array());
    if let Some(unseen) = shown.flatten().next().filter(|_| is_example) {
        return Err(format!("it does not show what is claimed: {unseen}").into());
    }
    let is_older = scenario["reason"].as_str().is_some_and(|reason| reason.contains("this is about a version before"));
    match scenario["status"].as_str() {
        Some("held" | "known-failure") => Ok(()),
        Some("not-applicable") if !is_example || is_older => Ok(()),
        status => {
            let said = serde_json::to_string_pretty(scenario)?;
            Err(format!("{status:?}: {said}").into())
        }
    }
}
