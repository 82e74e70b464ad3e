//! A scenario of a JSON report → its report, as text for people and other services is made of it.

use crate::{ScenarioReport, Snapshot, Status};
use ::verdict::{Checked, Finding, Judged, Told, Unclear, Verdict};
use claims::outcomes::Outcome;
use evidence::Observed;
use mail::{ArcResult, DkimResult, DmarcResult, SpfResult};
use plan::Source;
use serde::Deserialize;
use serde_json::Value;
use std::{path::Path, time::Duration};

/// A scenario of the document, without its evidence.
#[derive(Debug, Deserialize)]
pub(super) struct ScenarioIn {
    name: String,
    title: String,
    file: String,
    status: String,
    seconds: f64,
    died: Vec<String>,
    reason: Option<String>,
    source: Option<SourceIn>,
    settings: Option<CheckedIn>,
    probes: Vec<CheckedIn>,
    lookups: Vec<CheckedIn>,
    tls_reports: Vec<CheckedIn>,
    transactions: Vec<JudgedIn>,
    mailboxes: Vec<Told>,
    snapshot: SnapshotIn,
}

#[derive(Debug, Default, Deserialize)]
struct SourceIn {
    path: String,
    text: String,
}

#[derive(Debug, Deserialize)]
struct SnapshotIn {
    state: String,
    diff: Option<String>,
    seen: Option<String>,
}

#[derive(Debug, Deserialize)]
struct CheckedIn {
    label: String,
    findings: Vec<Told>,
    errors: Vec<Told>,
}

#[derive(Debug, Deserialize)]
struct JudgedIn {
    label: String,
    outcome: Observed<Outcome>,
    spf: Observed<SpfResult>,
    dkim: Observed<DkimResult>,
    dmarc: Observed<DmarcResult>,
    arc: Observed<ArcResult>,
    findings: Vec<Told>,
    errors: Vec<Told>,
    unseen: Vec<Told>,
    second_opinion: Vec<String>,
}

/// The report of a scenario whose file is named from the root of the repository.
///
/// # Errors
/// What is not as a report has it.
pub(super) fn scenario(read: ScenarioIn, repository: &Path) -> Result<ScenarioReport, String> {
    let ScenarioIn { name, title, file, status, seconds, died, reason, snapshot, .. } = &read;
    let unknown = |what: &str, word: &str| format!("{name}: {what} `{word}` is unknown");
    let reason = || reason.clone().ok_or_else(|| format!("{name}: no reason is told for {status}"));
    let status = match status.as_str() {
        "held" => Status::Held,
        "failed" => Status::Failed,
        "error" => Status::Error(reason()?),
        "known-failure" => Status::KnownFailure(reason()?),
        "unexpected-pass" => Status::UnexpectedPass(reason()?),
        "not-applicable" => Status::NotApplicable(reason()?),
        "snapshot-new" => Status::SnapshotNew,
        "snapshot-differs" => Status::SnapshotDiffers,
        other => return Err(unknown("status", other)),
    };
    let compared = match (snapshot.state.as_str(), &snapshot.diff) {
        ("none", _) => Snapshot::None,
        ("new", _) => Snapshot::New,
        ("same", _) => Snapshot::Same,
        ("differs", Some(diff)) => Snapshot::Differs(diff.clone()),
        (other, _) => return Err(unknown("state of a snapshot", other)),
    };
    let took = Duration::try_from_secs_f64(*seconds).map_err(|error| format!("{name}: {error}"))?;
    let (name, title, file, died) = (name.clone(), title.clone(), repository.join(file), died.clone());
    let verdict = verdict(read);
    Ok(ScenarioReport { name, file, title, status, snapshot: compared, died, verdict, evidence: None, took })
}

/// What was made of the evidence; none, if there was none.
fn verdict(read: ScenarioIn) -> Option<Verdict> {
    let snapshot = read.snapshot.seen?;
    let SourceIn { path, text } = read.source.unwrap_or_default();
    let source = Source { name: read.name, path, text };
    let findings = |told: Vec<Told>| told.into_iter().map(|one| Finding::restored(one, &source)).collect::<Vec<_>>();
    let unclear = |told: Vec<Told>| told.into_iter().map(|one| Unclear::restored(one, &source)).collect::<Vec<_>>();
    let checked = |one: CheckedIn| {
        let CheckedIn { label, findings: found, errors } = one;
        Checked { label, findings: findings(found), errors: unclear(errors) }
    };
    let judged = |one: JudgedIn| {
        let JudgedIn { label, outcome, spf, dkim, dmarc, arc, second_opinion, .. } = one;
        let (findings, errors, unseen) = (findings(one.findings), unclear(one.errors), unclear(one.unseen));
        Judged { label, outcome, spf, dkim, dmarc, arc, findings, errors, unseen, second_opinion }
    };
    Some(Verdict {
        settings: read.settings.map(checked),
        probes: read.probes.into_iter().map(checked).collect(),
        lookups: read.lookups.into_iter().map(checked).collect(),
        reports: read.tls_reports.into_iter().map(checked).collect(),
        transactions: read.transactions.into_iter().map(judged).collect(),
        strays: findings(read.mailboxes),
        snapshot,
    })
}

/// Turns bodies of messages, which are text in the document, into octets. Those that were no UTF-8 stay as they are shown.
pub(super) fn octets_from_text(json: &mut Value) {
    match json {
        Value::Object(object) => {
            for (key, value) in object {
                match value {
                    Value::String(text) if key == "body" => *value = text.as_bytes().into(),
                    _ => octets_from_text(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(octets_from_text),
        _ => {}
    }
}
