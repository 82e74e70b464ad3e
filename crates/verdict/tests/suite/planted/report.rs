//! Lies about TLS reports.

use super::{Planted, are_found, of};
use crate::{
    canned::claims,
    served::{bare, span},
};
use claims::{Scenario, report::Report};
use evidence::{Evidence, Observed, ReportWay, ReportedFailure, ReportedPolicy, TlsReport};
use mailproof_verdict::judge;
use plan::{ReportAsked, Spanned};

const TEXT: &str =
    "title = \"A report\"\n\n[[report]]\ndomain = \"partner.example\"\n\n[report.expect]\nclaim = \"of this kind\"\n";

fn scenario(claim: &str) -> Scenario {
    let domain = Spanned { value: "partner.example".parse().unwrap(), span: span(TEXT, "\"partner.example\"") };
    let mut scenario = bare(TEXT);
    scenario.plan.reports = vec![ReportAsked { label: "report".to_owned(), domain, span: span(TEXT, "[[report]]") }];
    scenario.claims.reports = vec![claims(&[claim.to_owned()], &span(TEXT, "\"of this kind\""))];
    scenario
}

fn reported() -> Evidence {
    let failure = |result: &str, count| ReportedFailure { result: result.to_owned(), mx: None, reason: None, count };
    let policy = |kind: &str, successful, failures: Vec<ReportedFailure>| ReportedPolicy {
        kind: kind.to_owned(),
        domain: "partner.example".to_owned(),
        strings: Vec::new(),
        mx_hosts: Vec::new(),
        successful,
        failed: failures.iter().map(|failure| failure.count).sum(),
        failures,
    };
    let report = TlsReport {
        way: ReportWay::Mail,
        about: Some("partner.example".to_owned()),
        organization: "Gateway".to_owned(),
        contact: "postmaster@gateway.example".to_owned(),
        policies: vec![
            policy("sts", 2, vec![failure("certificate-expired", 1)]),
            policy("no-policy-found", 1, vec![failure("starttls-not-supported", 2)]),
        ],
    };
    Evidence { reports: vec![Observed::Seen(report)], ..Evidence::default() }
}

fn policies(evidence: &mut Evidence) -> &mut Vec<ReportedPolicy> {
    &mut evidence.reports[0].seen_mut().unwrap().policies
}

fn unread(planted: Planted) -> Planted {
    let none = |evidence: &mut Evidence| evidence.reports = vec![Observed::Unobserved("no report came".to_owned())];
    planted.unseen("no report", none).or_not_reached()
}

#[test]
fn each_lie_is_found() {
    let planted = vec![
        of("policy = \"sts\"", reported())
            .lie("kind", |e| policies(e)[0].kind = "tlsa".to_owned())
            .lie("none", |e| policies(e).clear()),
        of("successful = 3", reported())
            .lie("one more", |e| policies(e)[1].successful = 2)
            .lie("one policy less", |e| policies(e).truncate(1)),
        of("failed = 3", reported())
            .lie("one less", |e| policies(e)[1].failed = 1)
            .lie("none", |e| policies(e).clear()),
        of("results = [\"certificate-expired\", \"starttls-not-supported\"]", reported())
            .lie("another", |e| policies(e)[0].failures[0].result = "certificate-not-trusted".to_owned())
            .lie("one less", |e| policies(e)[1].failures.clear())
            .lie("one more", |e| {
                let more =
                    ReportedFailure { result: "validation-failure".to_owned(), ..policies(e)[0].failures[0].clone() };
                policies(e)[0].failures.push(more);
            }),
    ];
    are_found::<Report>(planted.into_iter().map(unread).collect(), scenario);
}

#[test]
fn what_a_report_says_is_shown() {
    for (evidence, what) in [
        (reported(), "certificate-expired, starttls-not-supported"),
        (
            {
                let mut none = reported();
                policies(&mut none).iter_mut().for_each(|policy| policy.failures.clear());
                none
            },
            "none",
        ),
    ] {
        let verdict = judge(&scenario("results = [\"validation-failure\"]"), &evidence);
        let finding = verdict.findings().next().unwrap();
        assert!(finding.to_string().ends_with(&format!("the result types are {what}")), "{finding}");
        assert!(finding.help().starts_with("sts for partner.example: 2 succeeded, 1 failed"), "{}", finding.help());
    }
}
