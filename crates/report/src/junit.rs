//! For machines: JUnit's XML. Failure and error are different elements.
//!
//! A known failure is `skipped`, with its reason: it is neither good nor news. A new snapshot outside CI is a success with
//! the property `snapshot`. What was left out is `skipped` too.

use crate::{
    RunReport, ScenarioReport, Status, Style, Whole,
    terminal::{details, first_wrong, stray},
};
use evidence::Observed;
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use std::collections::BTreeMap;

/// The whole run as JUnit's XML: a suite a subject, a case a scenario. Of the style only the program's name counts.
#[must_use]
pub fn junit(run: &RunReport, style: &Style) -> String {
    let mut suites: BTreeMap<String, TestSuite> = BTreeMap::new();
    let mut add = |name: &str, mut case: TestCase| {
        let subject = name.rsplit_once('/').map_or("", |(subject, _)| subject);
        let suite = [run.gateway.as_str(), subject].join(".");
        case.set_classname(&suite);
        suites.entry(suite.clone()).or_insert_with(|| TestSuite::new(suite)).add_test_case(case);
    };
    for scenario in &run.scenarios {
        add(&scenario.name, case(scenario, style, run.is_ci));
    }
    for name in &run.left_out {
        let mut status = TestCaseStatus::skipped();
        let is_lacking = !run.incomplete.is_empty();
        let why = if is_lacking { "its part of the run is not there" } else { "the run was interrupted" };
        status.set_message(format!("left out: {why}"));
        add(name, TestCase::new(short(name), status));
    }
    for (name, message) in of_the_run(run) {
        let mut status = TestCaseStatus::non_success(message.0);
        status.set_message(message.1.lines().next().unwrap_or_default()).set_type("run").set_description(&message.1);
        add(name, TestCase::new(name, status));
    }
    let mut report = Report::new("mailproof");
    report.set_time(run.took);
    for (_, mut suite) in suites {
        suite.set_time(suite.test_cases.iter().filter_map(|case| case.time).sum());
        report.add_test_suite(suite);
    }
    report.to_string().expect("a report has a form in XML")
}

/// What is wrong with the run, and with no scenario of it.
fn of_the_run(run: &RunReport) -> Vec<(&'static str, (NonSuccessKind, String))> {
    let mut cases = Vec::new();
    if !run.incomplete.is_empty() {
        cases.push(("parts", (NonSuccessKind::Error, run.incomplete.join("\n"))));
    }
    if !run.died.is_empty() {
        cases.push(("services", (NonSuccessKind::Error, run.died.join("\n"))));
    }
    match &run.strays {
        Observed::Seen(strays) if strays.is_empty() => {}
        Observed::Seen(strays) => {
            let told: Vec<String> = strays.iter().map(stray).collect();
            cases.push(("mailboxes", (NonSuccessKind::Failure, told.join("\n"))));
        }
        Observed::Unobserved(why) => cases.push(("mailboxes", (NonSuccessKind::Error, why.clone()))),
    }
    cases
}

fn case(scenario: &ScenarioReport, style: &Style, is_ci: bool) -> TestCase {
    let (kind, message) = match &scenario.status {
        Status::Held => ("", String::new()),
        Status::Failed => ("claim", first_wrong(scenario)),
        Status::Error(why) => ("error", why.clone()),
        Status::KnownFailure(reason) => ("known-failure", reason.clone()),
        Status::UnexpectedPass(reason) => ("unexpected-pass", format!("it holds, but is a known failure: {reason}")),
        Status::NotApplicable(lack) => ("not-applicable", lack.clone()),
        Status::SnapshotNew => ("snapshot", "there is no snapshot".to_owned()),
        Status::SnapshotDiffers => ("snapshot", "it did otherwise than the snapshot says".to_owned()),
    };
    let plain = Style { color: false, width: 120, ..*style };
    let mut status = match (&scenario.status, scenario.status.weight(is_ci)) {
        (Status::KnownFailure(_) | Status::NotApplicable(_), _) => TestCaseStatus::skipped(),
        (_, Whole::AsExpected) => TestCaseStatus::success(),
        (_, Whole::Failure) => TestCaseStatus::non_success(NonSuccessKind::Failure),
        (_, Whole::Error) => TestCaseStatus::non_success(NonSuccessKind::Error),
    };
    if !matches!(status, TestCaseStatus::Success { .. }) {
        // An attribute has no line breaks (XML 1.0 §3.3.3); the description has them all.
        status
            .set_message(message.lines().next().unwrap_or_default())
            .set_type(kind)
            .set_description(details(scenario, &plain, is_ci));
    }
    let is_new = scenario.status == Status::SnapshotNew;
    let has_failed = matches!(status, TestCaseStatus::NonSuccess { .. });
    let mut case = TestCase::new(short(&scenario.name), status);
    case.set_time(scenario.took).add_property(("title", scenario.title.as_str()));
    if is_new {
        case.add_property(("snapshot", "new"));
    }
    if let Some(verdict) = scenario.verdict.as_ref().filter(|_| has_failed) {
        case.set_system_out(&verdict.snapshot);
    }
    case
}

fn short(name: &str) -> &str {
    name.rsplit_once('/').map_or(name, |(_, short)| short)
}
