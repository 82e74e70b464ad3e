//! Claims against what was seen, and how what comes of that becomes a diagnostic.

use crate::{
    Finding, Unclear,
    finding::{Shown, Text},
};
use claims::{Cause, Check, ClaimList, Stated, Subject};
use plan::Plan;

/// What does not hold, and what cannot be told.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) findings: Vec<Finding>,
    pub(crate) errors: Vec<Unclear>,
}

/// Judges the claims about one thing, which is called `label` and stands at `index` among its like; or says of each that it
/// cannot be told, and why.
pub(crate) fn judge<S: Subject>(
    plan: &Plan,
    index: usize,
    label: &str,
    claims: &ClaimList<S>,
    case: Result<&S::Case<'_>, &str>,
    text: &Text,
) -> Tally {
    let mut tally = Tally::default();
    for Stated { claim, span, .. } in claims {
        let check = match case {
            Ok(case) => claim.check(case),
            Err(why) => Check::unclear(format!("whether it holds: {}", claim.words()), why),
        };
        // the cause is only looked for where something is to be shown
        let shown = |label_of_claim: String, message: String, help: Vec<String>| {
            let cause = case.ok().and_then(|case| claim.cause(case)).or_else(|| S::place(plan, index));
            let cause = cause.map(|cause| cause.line(text.inner())).filter(|cause| cause.at != *span);
            let mut labels = vec![(span.clone(), label_of_claim)];
            labels.extend(cause.map(|Cause { at, what }| (at, what)));
            Shown { subject: label.to_owned(), message, labels, help: help.join("\n"), text: text.clone() }
        };
        match check {
            Check::Holds => {}
            Check::Fails(message, help) => {
                let label = format!("claimed: {}", claim.words());
                tally.findings.push(Finding::new(shown(label, message, help)));
            }
            Check::Unclear(what, help) => {
                let label = "claimed, and not observed".to_owned();
                tally.errors.push(Unclear::new(shown(label, format!("it cannot be told {what}"), help)));
            }
        }
    }
    tally
}
