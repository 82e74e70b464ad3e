//! DMARC's walk up the DNS (RFC 9989 §4.10).

use crate::{context::LintContext, dmarc, names, tags::Tags, text::texts};
use mail::Domain;

/// Names that a walk goes through: the domain, its parents, at most eight (RFC 9989 §4.10).
fn steps(domain: &Domain) -> Vec<Domain> {
    const MOST: usize = 7;
    let labels: Vec<&str> = domain.as_str().split('.').collect();
    let above = (1..labels.len()).filter(|at| labels.len() - at <= MOST);
    let parents = above.filter_map(|at| labels[at..].join(".").parse().ok());
    std::iter::once(domain.clone()).chain(parents).collect()
}

/// Domains of the walk that have one DMARC record, with the value of its `psd` tag, the longest name first.
fn found(context: &LintContext<'_>, domain: &Domain) -> Vec<(Domain, String)> {
    let mut found = Vec::new();
    for step in steps(domain) {
        let texts =
            names::below("_dmarc", &step).and_then(|name| context.peek(&name, "TXT")).map(texts).unwrap_or_default();
        if let [record] = dmarc::records(&texts).as_slice() {
            let psd = Tags::read(record).get("psd").unwrap_or("u").to_ascii_lowercase();
            found.push((step, psd));
        }
    }
    found
}

/// The domain above this one whose policy holds for it, if there is one (RFC 9989 §4.10.1).
pub(crate) fn inherited(context: &LintContext<'_>, domain: &Domain) -> Option<Domain> {
    found(context, domain).into_iter().map(|(at, _)| at).find(|at| at != domain)
}

/// The Organizational Domain (RFC 9989 §4.10.2).
pub(crate) fn organizational(context: &LintContext<'_>, domain: &Domain) -> Domain {
    let found = found(context, domain);
    for (at, psd) in &found {
        match psd.as_str() {
            "n" => return at.clone(),
            "y" if at != domain => {
                let below = steps(domain).into_iter().rev().find(|step| step != at && step.is_within(at));
                return below.unwrap_or_else(|| domain.clone());
            }
            _ => {}
        }
    }
    found.last().map_or_else(|| domain.clone(), |(at, _)| at.clone())
}
