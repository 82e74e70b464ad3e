//! SARIF 2.1.0 (OASIS), as code scanning services read it.

use super::{Annotation, Kind, Places, annotations};
use crate::{RunReport, json::text};
use serde_json::{Value, json};

/// The whole run as one document, ended by LF. Paths are from the root of the repository.
#[must_use]
pub fn sarif(run: &RunReport, places: Places<'_>) -> String {
    let rules = Kind::ALL.map(|kind| json!({ "id": kind.as_str(), "shortDescription": { "text": kind.doc() } }));
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "mailproof", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": annotations(run, places).iter().map(result).collect::<Vec<_>>(),
        }],
    });
    text(&document)
}

fn result(annotation: &Annotation) -> Value {
    let Annotation { kind, place, title, message } = annotation;
    let level = match kind {
        Kind::Failure | Kind::Snapshot | Kind::UnexpectedPass => "error",
        Kind::Unclear => "warning",
    };
    json!({
        "ruleId": kind.as_str(),
        "level": level,
        "message": { "text": format!("{title}\n{message}") },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&place.file), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": place.line },
        } }],
    })
}

/// A path as a relative reference (RFC 3986 §4.2): what has a meaning there is escaped.
fn uri(path: &str) -> String {
    let is_plain = |octet: &u8| octet.is_ascii_alphanumeric() || b"/-._~".contains(octet);
    path.bytes()
        .map(|octet| if is_plain(&octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_escaped_where_it_must_be() {
        assert_eq!(uri("gateways/my box/a#b%.toml"), "gateways/my%20box/a%23b%25.toml");
        assert_eq!(uri("ü:x"), "%C3%BC%3Ax");
    }
}
