//! Claims against what was seen, and how what comes of that becomes a diagnostic.

use crate::{
    Finding, Unclear,
    finding::{Shown, Text},
};
use claims::{Cause, Check, ClaimList, Stated, Subject};
use plan::Plan;
use std::ops::Range;

/// What does not hold, and what cannot be told.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) findings: Vec<Finding>,
    pub(crate) errors: Vec<Unclear>,
    /// What this gateway does not show, and nothing at it is known to be the cause.
    pub(crate) unseen: Vec<Unclear>,
}

/// Where a claim stands, what it says, and about what.
pub(crate) struct Told<'a> {
    /// Of what it is claimed: the label of a transaction, of a probe, …
    pub(crate) subject: &'a str,
    pub(crate) words: String,
    pub(crate) span: &'a Range<usize>,
}

impl Tally {
    /// Notes what came of a claim. The cause is only looked for where something is to be shown.
    pub(crate) fn add(&mut self, check: Check, told: &Told<'_>, cause: impl FnOnce() -> Option<Cause>, text: &Text) {
        let shown = |label: String, message: String, help: Vec<String>| {
            let mut shown = Shown::new(told.subject, message, &help, vec![(told.span.clone(), label)], text);
            match cause() {
                Some(Cause::Gateway(cause)) => shown.cause = Some(cause),
                Some(here) => shown.labels.extend(here.line(text.inner()).filter(|(at, _)| at != told.span)),
                None => {}
            }
            shown
        };
        match check {
            Check::Holds => {}
            Check::Fails(message, help) => {
                self.findings.push(Finding::new(shown(format!("claimed: {}", told.words), message, help)));
            }
            Check::Unclear(what, help) => {
                let label = "claimed, and not observed".to_owned();
                self.errors.push(Unclear::new(shown(label, format!("it cannot be told {what}"), help)));
            }
            Check::Unseen(what, help) => {
                let shown = shown("claimed, and not observed".to_owned(), format!("it cannot be told {what}"), help);
                let list = if shown.cause.is_some() { &mut self.errors } else { &mut self.unseen };
                list.push(Unclear::new(shown));
            }
        }
    }

    /// Judges the claims about one thing, which is called `label` and stands at `index` among its like; or says of each
    /// that it cannot be told, and why.
    pub(crate) fn judge<S: Subject>(
        &mut self,
        plan: &Plan,
        index: usize,
        label: &str,
        claims: &ClaimList<S>,
        case: Result<&S::Case<'_>, &str>,
        text: &Text,
    ) {
        for Stated { claim, span, .. } in claims {
            let check = match case {
                Ok(case) => claim.check(case),
                Err(why) => Check::unclear(format!("whether it holds: {}", claim.words()), why),
            };
            let cause = || case.ok().and_then(|case| claim.cause(case)).or_else(|| S::place(plan, index));
            self.add(check, &Told { subject: label, words: claim.words(), span }, cause, text);
        }
    }
}

/// As [`Tally::judge`], of one thing alone.
pub(crate) fn judge<S: Subject>(
    plan: &Plan,
    index: usize,
    label: &str,
    claims: &ClaimList<S>,
    case: Result<&S::Case<'_>, &str>,
    text: &Text,
) -> Tally {
    let mut tally = Tally::default();
    tally.judge(plan, index, label, claims, case, text);
    tally
}
