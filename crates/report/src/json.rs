//! For machines: JSON. Version 1 of the document only grows: no key changes its meaning or goes.

use crate::{Identity, Places, RunReport, ScenarioReport, ShardOf, Snapshot, Status, annotations::slashed, verdict};
use ::verdict::{Checked, Finding, Judged, Unclear};
use serde::{Serialize, Serializer};
use serde_json::{Value, json};

/// The whole run as one JSON document, ended by LF.
///
/// A fact is `{"seen": FACT}` or `{"unobserved": WHY}`; bodies of messages are text, octets that are no UTF-8 replaced. Files are named
/// from the root of the repository, if they lie in it.
#[must_use]
pub fn json(run: &RunReport, places: Places<'_>) -> String {
    document(run, || run.scenarios.iter().map(|report| scenario(report, places)), as_text(&run.strays))
}

/// The document, with these scenarios and messages that nobody sent.
pub(crate) fn document<I: Iterator<Item = Value>>(run: &RunReport, scenarios: impl Fn() -> I, strays: Value) -> String {
    let whole = verdict(run);
    let document = Document {
        format: "mailproof-report",
        version: 1,
        gateway: &run.gateway,
        adaptations: &run.adaptations,
        ci: run.is_ci,
        result: whole.to_string().replace(' ', "-"),
        exit_code: whole.exit_code(),
        seconds: seconds(run.took),
        died: &run.died,
        strays,
        identity: &run.identity,
        shard: run.shard.as_ref(),
        scenarios: Each(scenarios),
        left_out: &run.left_out,
        incomplete: &run.incomplete,
    };
    text(&document)
}

/// A document as text, ended by LF.
pub(crate) fn text(document: &impl Serialize) -> String {
    serde_json::to_string_pretty(document).expect("values of JSON have a text") + "\n"
}

#[derive(Serialize)]
struct Document<'a, S> {
    format: &'static str,
    version: u32,
    gateway: &'a str,
    adaptations: &'a [String],
    ci: bool,
    result: String,
    exit_code: u8,
    seconds: f64,
    died: &'a [String],
    strays: Value,
    identity: &'a Identity,
    shard: Option<&'a ShardOf>,
    scenarios: S,
    left_out: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    incomplete: &'a [String],
}

/// A list of which one value is there at a time: that of a scenario takes several times the room of its text.
struct Each<F>(F);

impl<F: Fn() -> I, I: Iterator<Item = Value>> Serialize for Each<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

fn scenario(report: &ScenarioReport, places: Places<'_>) -> Value {
    let mut value = json!({
        "name": report.name,
        "title": report.title,
        "file": report.file.strip_prefix(places.repository).map_or_else(|_| report.file.display().to_string(), slashed),
        "status": report.status.as_str(),
        "seconds": seconds(report.took),
        "died": report.died,
    });
    if let Status::Error(why) | Status::KnownFailure(why) | Status::UnexpectedPass(why) | Status::NotApplicable(why) =
        &report.status
    {
        value["reason"] = why.as_str().into();
    }
    let (verdict, evidence) = (report.verdict.as_ref(), report.evidence.as_ref());
    let wrong = verdict.and_then(|verdict| {
        let unclear = verdict.errors().chain(verdict.unseen()).map(Unclear::source);
        verdict.findings().map(Finding::source).chain(unclear).next()
    });
    // what is wrong is shown in it
    if let Some((path, text)) = wrong {
        value["source"] = json!({ "path": path, "text": text });
    }
    if let Some(settings) = verdict.and_then(|verdict| verdict.settings.as_ref()) {
        value["settings"] = checked(settings, evidence.map(|evidence| self::value(&evidence.settings)));
    }
    let probes = verdict.iter().flat_map(|verdict| &verdict.probes).enumerate();
    let probes = probes.map(|(at, judged)| checked(judged, evidence.and_then(|e| e.probes.get(at)).map(self::value)));
    value["probes"] = probes.collect::<Vec<_>>().into();
    let lookups = verdict.iter().flat_map(|verdict| &verdict.lookups).enumerate();
    let lookups =
        lookups.map(|(at, judged)| checked(judged, evidence.and_then(|e| e.lookups.get(at)).map(self::value)));
    value["lookups"] = lookups.collect::<Vec<_>>().into();
    let reports = verdict.iter().flat_map(|verdict| &verdict.reports).enumerate();
    let reports =
        reports.map(|(at, judged)| checked(judged, evidence.and_then(|e| e.reports.get(at)).map(self::value)));
    value["tls_reports"] = reports.collect::<Vec<_>>().into();
    let judged = verdict.iter().flat_map(|verdict| &verdict.transactions).enumerate();
    let seen = |at: usize| evidence.and_then(|evidence| evidence.transactions.get(at));
    value["transactions"] = judged.map(|(at, judged)| transaction(judged, seen(at))).collect::<Vec<_>>().into();
    value["mailboxes"] = verdict.iter().flat_map(|verdict| &verdict.strays).map(finding).collect::<Vec<_>>().into();
    value["strays"] = evidence.map_or_else(|| json!([]), |evidence| as_text(&evidence.strays));
    value["snapshot"] = json!({ "state": report.snapshot.as_str() });
    if let Snapshot::Differs(diff) = &report.snapshot {
        value["snapshot"]["diff"] = diff.as_str().into();
    }
    if let Some(verdict) = &report.verdict {
        value["snapshot"]["seen"] = verdict.snapshot.as_str().into();
    }
    value
}

/// What is made of changed settings, of a probe or of a look-up.
fn checked(judged: &Checked, seen: Option<Value>) -> Value {
    json!({
        "label": judged.label,
        "findings": judged.findings.iter().map(finding).collect::<Vec<_>>(),
        "errors": judged.errors.iter().map(unclear).collect::<Vec<_>>(),
        "evidence": seen,
    })
}

fn finding(of: &Finding) -> Value {
    value(&of.told())
}

fn unclear(of: &Unclear) -> Value {
    value(&of.told())
}

fn transaction(judged: &Judged, seen: Option<&evidence::Transaction>) -> Value {
    json!({
        "label": judged.label,
        "outcome": value(&judged.outcome),
        "spf": value(&judged.spf),
        "dkim": value(&judged.dkim),
        "dmarc": value(&judged.dmarc),
        "arc": value(&judged.arc),
        "findings": judged.findings.iter().map(finding).collect::<Vec<_>>(),
        "errors": judged.errors.iter().map(unclear).collect::<Vec<_>>(),
        "unseen": judged.unseen.iter().map(unclear).collect::<Vec<_>>(),
        "second_opinion": judged.second_opinion,
        "evidence": seen.map(as_text),
    })
}

/// Evidence as it is, but for octets of messages, which are text instead of lists of numbers.
fn as_text(seen: &impl Serialize) -> Value {
    let mut json = value(seen);
    octets_to_text(&mut json);
    json
}

/// Turns the octets under every key `body` or `sent` into text; those that are no UTF-8 stand as `\DDD`.
fn octets_to_text(json: &mut Value) {
    match json {
        Value::Object(object) => {
            for (key, value) in object {
                match octets(value).filter(|_| ["body", "sent", "dialogue_octets"].contains(&key.as_str())) {
                    Some(octets) => *value = mail::readable(&octets).into(),
                    None => octets_to_text(value),
                }
            }
        }
        Value::Array(list) => list.iter_mut().for_each(octets_to_text),
        _ => {}
    }
}

fn octets(list: &Value) -> Option<Vec<u8>> {
    list.as_array()?.iter().map(|octet| u8::try_from(octet.as_u64()?).ok()).collect()
}

fn value(of: &impl Serialize) -> Value {
    serde_json::to_value(of).expect("evidence has a form in JSON")
}

/// To the millisecond.
pub(crate) fn seconds(took: std::time::Duration) -> f64 {
    (took.as_secs_f64() * 1000.0).round() / 1000.0
}
