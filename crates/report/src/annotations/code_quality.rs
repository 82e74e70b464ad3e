//! GitLab's code quality report: what is shown in a merge request.

use super::{Annotation, Kind, Places, annotations};
use crate::{RunReport, json::text};
use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// The whole run as one JSON list, ended by LF. Paths are from the root of the repository.
#[must_use]
pub fn code_quality(run: &RunReport, places: Places<'_>) -> String {
    let mut seen = BTreeMap::new();
    let issues: Vec<Value> = annotations(run, places).iter().map(|annotation| issue(annotation, &mut seen)).collect();
    text(&issues)
}

/// The fingerprint is that of what is wrong, not of where it stands: by it a later run knows the same thing again. No two are alike.
fn issue(annotation: &Annotation, seen: &mut BTreeMap<String, usize>) -> Value {
    let Annotation { kind, place, title, message } = annotation;
    let what = format!("{}\n{}\n{title}", kind.as_str(), place.file);
    let count = seen.entry(what.clone()).or_default();
    let fingerprint = HEXLOWER.encode(&Sha256::digest(format!("{what}\n{count}")));
    *count += 1;
    let severity = match kind {
        Kind::Failure | Kind::Snapshot => "major",
        Kind::Unclear | Kind::UnexpectedPass => "minor",
    };
    json!({
        "description": format!("{title}\n{message}"),
        "check_name": format!("mailproof/{}", kind.as_str()),
        "fingerprint": fingerprint,
        "severity": severity,
        "location": { "path": place.file, "lines": { "begin": place.line } },
    })
}
