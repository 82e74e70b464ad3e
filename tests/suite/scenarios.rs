//! Every scenario on the real daemons, for every shipped gateway: one test each. A gateway is brought up once.

use crate::{Failed, Trial, mailproof, root, scratch};
use serde_json::Value;
use std::{collections::HashMap, fs, path::Path, sync::LazyLock};

/// The gateways that are shipped for being tested.
const GATEWAYS: [&str; 3] = ["hardened", "debian-stock", "documented-2018"];

/// What one run said of each scenario, or why there is nothing.
type Reported = Result<HashMap<String, Value>, String>;

static RUNS: LazyLock<[LazyLock<Reported>; 3]> = LazyLock::new(|| {
    [
        LazyLock::new(|| report(GATEWAYS[0]).map_err(|e| e.message().unwrap_or("?").to_owned())),
        LazyLock::new(|| report(GATEWAYS[1]).map_err(|e| e.message().unwrap_or("?").to_owned())),
        LazyLock::new(|| report(GATEWAYS[2]).map_err(|e| e.message().unwrap_or("?").to_owned())),
    ]
});

pub(crate) fn trials() -> Vec<Trial> {
    let names = library().expect("scenarios can be listed");
    let trials = GATEWAYS.iter().enumerate().flat_map(|(at, gateway)| {
        names.iter().map(move |name| {
            let name = name.clone();
            Trial::test(format!("scenario::{gateway}::{}", name.replace('/', "::")), move || {
                as_expected(&RUNS[at], &name)
            })
        })
    });
    trials.collect()
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

/// Runs the whole library, as CI does.
fn report(gateway: &str) -> Result<HashMap<String, Value>, Failed> {
    let path = scratch(&format!("report-{gateway}"))?.join("report.json");
    let to = format!("json={}", path.display());
    let output = mailproof(&["scenario", "run", "--ci", "--gateway", gateway, "--report", &to]).output()?;
    let text = fs::read_to_string(&path).map_err(|_| {
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        format!("the run left no report; exit {:?}\n{out}\n{err}", output.status.code())
    })?;
    let report: Value = serde_json::from_str(&text)?;
    let scenarios = report["scenarios"].as_array().ok_or("no scenarios in the report")?;
    let named = |s: &Value| Some((s["name"].as_str()?.to_owned(), s.clone()));
    Ok(scenarios.iter().filter_map(named).collect())
}

fn as_expected(run: &Reported, name: &str) -> Result<(), Failed> {
    let scenarios = run.as_ref().map_err(Clone::clone)?;
    let scenario = scenarios.get(name).ok_or("it is not in the report")?;
    match scenario["status"].as_str() {
        Some("held" | "known-failure") => Ok(()),
        status => {
            let said = serde_json::to_string_pretty(scenario)?;
            Err(format!("{status:?}: {said}").into())
        }
    }
}
