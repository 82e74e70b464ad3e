//! Changed settings that are not in force: what they do cannot be told.

use crate::{
    Checked, Unclear,
    finding::{Shown, Text},
    judge::judge,
};
use claims::{
    Cause, Scenario,
    setting::{Case, Taken, render, written},
};
use evidence::Setting;
use plan::{Plan, SettingChange};

/// What settings are called in reports.
const LABEL: &str = "settings";

/// Judges the changed settings of a scenario; nothing, if it changes none.
///
/// A setting that a daemon refuses, without a claim that it does, makes it unclear what all the rest is evidence of: the
/// daemon goes on with its old settings.
pub(crate) fn settings(scenario: &Scenario, seen: &[Setting], text: &Text) -> Option<Checked> {
    let (plan, claims) = (&scenario.plan, &scenario.claims.settings);
    let changes = &plan.settings.changes;
    if changes.is_empty() && claims.is_empty() {
        return None;
    }
    let case = Case { changes, seen };
    let mut tally = judge(plan, 0, LABEL, claims, Ok(&case), text);
    if claims.first::<Taken>().is_none() {
        tally.errors.extend(changes.iter().filter_map(|change| not_in_force(change, plan, &case, text)));
    }
    Some(Checked::new(LABEL, tally))
}

/// That a setting is not in force, so that it cannot be told what it does.
fn not_in_force(change: &SettingChange, plan: &Plan, case: &Case<'_>, text: &Text) -> Option<Unclear> {
    let help = match case.of(change) {
        Some(setting) if setting.is_taken => return None,
        Some(setting) => {
            let refused = format!("{} refuses it, and works with its old settings", setting.daemon);
            [refused].into_iter().chain(render(setting)).collect::<Vec<_>>().join("\n")
        }
        None => "unobserved: the scenario ended before it was changed".to_owned(),
    };
    let claimed = (plan.probes.iter().map(|probe| &probe.span))
        .chain(plan.lookups.iter().map(|lookup| &lookup.span))
        .chain(plan.transactions.iter().map(|transaction| &transaction.span));
    let depends = claimed.take(1).map(|span| Cause::new(span, "what is claimed from here on depends on it"));
    let changed = (change.name.span.clone(), "changed, and not in force".to_owned());
    let labels = std::iter::once(Some(changed)).chain(depends.map(|cause| cause.line(text.inner())));
    let message = format!("it cannot be told what {} does", written(&change.name.value, change.value.as_deref()));
    let help: Vec<String> = help.lines().map(str::to_owned).collect();
    Some(Unclear::new(Shown::new(LABEL, message, &help, labels.flatten().collect(), text)))
}
