//! Claims on changed settings, against what the daemons made of them.

use crate::{
    Checked, Unclear,
    check::{Cause, Check, checked},
    finding::{Shown, Text},
    words::setting_claim_words,
};
use evidence::Setting;
use plan::{Plan, SettingChange, SettingClaim};

/// What settings are called in reports.
const LABEL: &str = "settings";

/// Judges the changed settings of a scenario; nothing, if it changes none.
///
/// A setting that a daemon refuses, without a claim that it does, makes it unclear what all the rest is evidence of: the
/// daemon goes on with its old settings.
pub(crate) fn judge(plan: &Plan, seen: &[Setting], text: &Text) -> Option<Checked> {
    let settings = &plan.settings;
    if settings.changes.is_empty() && settings.expect.is_empty() {
        return None;
    }
    let missing = settings.changes.iter().find(|change| of(change, seen).is_none());
    let check = |claim: &SettingClaim| check(claim, seen, missing);
    let cause = |claim: &SettingClaim| {
        let meant = |change: &&SettingChange| of(change, seen).is_none_or(|setting| is_about(claim, setting));
        let change = settings.changes.iter().find(meant).or_else(|| settings.changes.first())?;
        Some(Cause::new(&change.name.span, "this setting is changed"))
    };
    let mut judged = checked(LABEL, &settings.expect, setting_claim_words, check, cause, text);
    let is_claimed = settings.expect.iter().any(|claimed| matches!(claimed.claim, SettingClaim::Taken(_)));
    if !is_claimed {
        judged.errors.extend(settings.changes.iter().filter_map(|change| not_in_force(change, plan, seen, text)));
    }
    Some(judged)
}

/// That a setting is not in force, so that it cannot be told what it does.
fn not_in_force(change: &SettingChange, plan: &Plan, seen: &[Setting], text: &Text) -> Option<Unclear> {
    let help = match of(change, seen) {
        Some(setting) if setting.is_taken => return None,
        Some(setting) => {
            let refused = format!("{} refuses it, and works with its old settings", setting.daemon);
            [refused].into_iter().chain(told(setting)).collect::<Vec<_>>().join("\n")
        }
        None => "unobserved: the scenario ended before it was changed".to_owned(),
    };
    let claimed = (plan.probes.iter().map(|probe| &probe.span))
        .chain(plan.lookups.iter().map(|lookup| &lookup.span))
        .chain(plan.transactions.iter().map(|transaction| &transaction.span));
    let depends = claimed.take(1).map(|span| Cause::new(span, "what is claimed from here on depends on it").line(text));
    let labels = [Cause::new(&change.name.span, "changed, and not in force")].into_iter().chain(depends);
    Some(Unclear::new(Shown {
        subject: LABEL.to_owned(),
        message: format!("it cannot be told what {} does", written(&change.name.value, change.value.as_deref())),
        labels: labels.map(|Cause { at, what }| (at, what)).collect(),
        help,
        text: text.clone(),
    }))
}

/// What became of a change.
fn of<'a>(change: &SettingChange, seen: &'a [Setting]) -> Option<&'a Setting> {
    seen.iter().find(|setting| setting.daemon == change.daemon.as_str() && setting.name == change.name.value)
}

/// Whether a claim that fails does so because of this setting.
fn is_about(claim: &SettingClaim, setting: &Setting) -> bool {
    match claim {
        SettingClaim::Taken(wanted) => setting.is_taken != *wanted,
        SettingClaim::Says(_) => true,
        SettingClaim::Silent => !setting.said.is_empty(),
    }
}

fn check(claim: &SettingClaim, seen: &[Setting], missing: Option<&SettingChange>) -> Check {
    let said = || {
        let mut lines: Vec<String> = Vec::new();
        for line in seen.iter().flat_map(told) {
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        if lines.is_empty() { vec!["no daemon says anything".to_owned()] } else { lines }
    };
    let refused = seen.iter().find(|setting| !setting.is_taken);
    let speaks = seen.iter().find(|setting| !setting.said.is_empty());
    let says = |text: &str| seen.iter().any(|setting| setting.said.iter().any(|line| line.contains(text)));
    // what was seen of one decides; what was not seen of another may be otherwise
    let (decided, open) = match claim {
        SettingClaim::Taken(true) => {
            let fails = |s: &Setting| {
                Check::Fails(format!("{} refuses {}", s.daemon, written(&s.name, s.value.as_deref())), said())
            };
            (refused.map(fails), Check::Holds)
        }
        SettingClaim::Taken(false) => {
            (refused.map(|_| Check::Holds), Check::Fails("every setting is taken".to_owned(), said()))
        }
        SettingClaim::Says(text) => {
            (says(text).then_some(Check::Holds), Check::Fails(format!("no daemon says `{text}`"), said()))
        }
        SettingClaim::Silent => {
            (speaks.map(|s| Check::Fails(format!("{} says something", s.daemon), said())), Check::Holds)
        }
    };
    let what = || format!("whether it holds: {}", setting_claim_words(claim));
    match (decided, missing) {
        (Some(decided), _) => decided,
        (None, Some(change)) => Check::unclear(what(), format!("it was not seen what became of {}", change.name.value)),
        (None, None) if seen.is_empty() => Check::unclear(what(), "no setting was changed"),
        (None, None) => open,
    }
}

/// `smtpd_tls_protocols = TLSv1`, or that its line is taken out.
pub(crate) fn written(name: &str, value: Option<&str>) -> String {
    value.map_or_else(|| format!("{name} (taken out)"), |value| format!("{name} = {value}"))
}

fn told(setting: &Setting) -> Vec<String> {
    setting.said.iter().map(|line| format!("{} says {line}", setting.daemon)).collect()
}
