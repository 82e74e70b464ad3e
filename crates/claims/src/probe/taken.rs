//! What a service was seen to take: suites, groups, versions; and what of it was not observed.

use super::few;
use crate::families::Named;
use evidence::{Observed, Probed, VersionSeen};

/// What is taken that a name stands for, with the version in which it is.
pub(super) fn found(name: &str, seen: &Probed) -> Vec<String> {
    let name = Named::of(name);
    let mut found = Vec::new();
    for version in seen.versions.iter().rev() {
        let suites = version.suites.seen().into_iter().flatten().filter(|suite| name.is_suite(suite));
        found.extend(suites.map(|suite| format!("{suite} in {}", version.version)));
    }
    let groups = seen.groups.seen().into_iter().flatten().filter(|group| name.is_group(group));
    found.extend(groups.cloned());
    let dh = seen.dh.seen().and_then(|dh| dh.as_ref()?.name.clone());
    let dh = dh.filter(|group| name.is_group(group) && !found.contains(group));
    found.into_iter().chain(dh).collect()
}

/// Why something that this stands for may be taken without having been seen.
pub(super) fn hidden(name: Named<'_>, seen: &Probed) -> Option<String> {
    let Named::Group(group) = name else { return unobserved(seen) };
    let is_finite_field = ["ffdhe", "modp"].iter().any(|begin| group.to_ascii_lowercase().starts_with(begin));
    match (&seen.groups, &seen.dh) {
        (Observed::Unobserved(why), _) => Some(format!("groups: {why}")),
        (_, Observed::Unobserved(why)) if is_finite_field => Some(format!("the DHE group: {why}")),
        _ => None,
    }
}

/// The first version whose suites were not observed, and why.
pub(super) fn unobserved(seen: &Probed) -> Option<String> {
    seen.versions.iter().find_map(|version| match &version.suites {
        Observed::Unobserved(why) => Some(format!("{}: {why}", version.version)),
        Observed::Seen(_) => None,
    })
}

pub(super) fn what_is_taken(seen: &Probed) -> Vec<String> {
    let mut lines: Vec<String> =
        seen.taken().map(|version| format!("{}: {}", version.version, suites_of(version))).collect();
    lines.extend(
        seen.groups.seen().filter(|groups| !groups.is_empty()).map(|groups| format!("groups: {}", few(groups))),
    );
    if seen.versions.is_empty() {
        lines.push(no_tls(seen));
    }
    lines
}

pub(super) fn no_tls(seen: &Probed) -> String {
    let offers = match &seen.cleartext {
        Observed::Seen(cleartext) if !cleartext.offers_starttls => "; it does not offer STARTTLS",
        _ => "",
    };
    format!("{} speaks no TLS at all{offers}", seen.server)
}

pub(super) fn suites_of(version: &VersionSeen) -> String {
    few(version.suites.seen().map_or(&[][..], Vec::as_slice))
}
