//! What a TLS report says.

use super::{filled, part};
use claims::report::render;
use evidence::{ReportWay, TlsReport};
use plan::ReportAsked;

/// Who reports, and each policy.
pub(super) fn text(planned: &ReportAsked, seen: &TlsReport) -> String {
    let way = match seen.way {
        ReportWay::Mail => "mail",
        ReportWay::Https => "HTTPS",
    };
    let head = vec![format!("TLS report of {}, by {way}", seen.organization)];
    part(&planned.label, filled([("", head), ("Policies", seen.policies.iter().flat_map(render).collect())]))
}
