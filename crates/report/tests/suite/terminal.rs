//! What people see.

use crate::canned::{self, bare, one_of_each, run, scenario, without_mail};
use evidence::{Delivered, Observed};
use mail::Message;
use mailproof_report::{ScenarioReport, Status, Style, line, summary};

const PLAIN: Style = Style { color: false, width: 100, program: "mailproof" };

#[test]
fn each_scenario_is_one_line() {
    let lines: String = one_of_each().scenarios.iter().map(|s| line(s, &PLAIN)).collect();
    let expected = "\
✓ dmarc/held                             0.42 s  A forged From under p=reject is refused
✗ dmarc/forged                           0.42 s  forged: the reply to end-of-data is 250, not 550
! spf/broken                             0.42 s  error: a filter died
~ spf/known                              0.42 s  known failure: it has no SPF
✗ spf/passes                             0.42 s  holds, but is a known failure
+ tls/new                                0.42 s  new snapshot
≠ tls/other                              0.42 s  another snapshot
";
    assert_eq!(lines, expected);
}

#[test]
fn a_line_fits_the_width_and_is_never_two() {
    let mut report = bare("a/b", Status::Error("x".repeat(300)));
    for width in [0, 60, 80, 120] {
        let line = line(&report, &Style { color: false, width, program: "mailproof" });
        assert!(line.trim_end().chars().count() <= width.max(60), "{width}: {line}");
        assert_eq!(line.lines().count(), 1);
    }
    report.name = "a/".to_owned() + &"n".repeat(100);
    assert_eq!(line(&report, &PLAIN).lines().count(), 1);
}

#[test]
fn colours_are_used_only_when_wanted() {
    let run = one_of_each();
    let all = |color| {
        let style = Style { color, width: 100, program: "mailproof" };
        run.scenarios.iter().map(|s| line(s, &style)).collect::<String>() + &summary(&run, &style)
    };
    assert!(!all(false).contains('\u{1b}'));
    assert!(all(true).contains('\u{1b}'));
}

#[test]
fn the_summary_tells_failures_and_errors_apart_and_ends_with_the_numbers() {
    let expected = r#"
Failures

dmarc/forged  A forged From under p=reject is refused
mailproof::failure
"#;
    let text = summary(&one_of_each(), &PLAIN);
    assert!(text.starts_with(expected), "{text}");
    let after = r#"
spf/passes  A forged From under p=reject is refused
  it holds, but is a known failure: it had no SPF
  remove it from known-failures.toml

tls/other  A forged From under p=reject is refused
  it did otherwise than the snapshot says (- snapshot, + seen)
  @@ -1 +1 @@
  -S: 220 a
  +S: 220 b
  if that is right, `mailproof scenario accept` accepts it

Errors: it could not be told

spf/broken  A forged From under p=reject is refused
  a filter died
  at once

1 new snapshot; `mailproof scenario accept` accepts what was seen

7 scenarios: 1 held, 1 known to fail, 1 with a new snapshot, 1 failed, 1 held unexpectedly, 1 with another snapshot, 1 in error, in 12.3 s
"#;
    assert!(text.ends_with(after), "{text}");
    assert!(
        text.contains("× forged: the message for alice@gateway.example was delivered to INBOX, not rejected"),
        "{text}"
    );
    assert!(text.contains("⚠ forged: it cannot be told whether DMARC is fail"), "{text}");
}

#[test]
fn a_good_run_says_little() {
    let mut run = run(vec![bare("a/b", Status::Held)]);
    run.adaptations.clear();
    assert_eq!(summary(&run, &PLAIN), "\n1 scenario: 1 held, in 12.3 s\n");
    run.left_out = vec!["a/c".to_owned()];
    assert_eq!(summary(&run, &PLAIN), "\n2 scenarios: 1 held, 1 left out, in 12.3 s\n");
    run.scenarios.clear();
    run.left_out.clear();
    assert_eq!(summary(&run, &PLAIN), "\n0 scenarios: nothing was run, in 12.3 s\n");
}

#[test]
fn in_ci_a_missing_snapshot_is_told_as_a_failure() {
    let mut run = run(vec![bare("tls/new", Status::SnapshotNew)]);
    run.is_ci = true;
    let text = summary(&run, &PLAIN);
    assert!(text.contains("\nSnapshots\n\ntls/new") && text.contains("there is no snapshot"), "{text}");
}

#[test]
fn what_is_wrong_with_settings_probes_and_look_ups_is_shown_like_mail() {
    let report = without_mail(Status::Failed);
    let shown = line(&report, &PLAIN);
    assert!(
        shown.starts_with("✗ tls/setting ") && shown.contains("settings: postfix refuses smtpd_tls_protocols"),
        "{shown}"
    );
    let text = summary(&run(vec![report]), &PLAIN);
    let told = [
        "× settings: postfix refuses smtpd_tls_protocols = TLSv1",
        "× policy: the response code is NXDOMAIN, not NOERROR",
        "⚠ border: it cannot be told whether it holds: no DHE group of less than 2048 bits",
    ];
    let places: Vec<usize> =
        told.iter().map(|part| text.find(part).unwrap_or_else(|| panic!("{part} in\n{text}"))).collect();
    assert!(places.is_sorted(), "{text}");
}

#[test]
fn the_same_cause_is_told_once() {
    let why = "not run: the engine is gone\nand here is its log\nwhich is long";
    let reports = (0..30).map(|n| bare(&format!("a/b{n:02}"), Status::Error(why.to_owned())));
    let text = summary(&run(reports.collect()), &PLAIN);
    assert_eq!(text.matches("and here is its log").count(), 1, "{text}");
    assert!(
        text.contains("  the same in 29 more scenarios: a/b01, a/b02,") && text.contains(" and 19 more\n"),
        "{text}"
    );
    assert!(text.lines().count() < 12, "{text}");
}

#[test]
fn a_service_that_a_scenario_ends_is_what_is_wrong_with_it() {
    let died =
        "mx: opendmarc ended with exit 134; the end of its log:\nAssertion `instance > 0' failed\u{1b}[2J".to_owned();
    let report = ScenarioReport { died: vec![died], ..bare("arc/seal", Status::Failed) };
    assert!(line(&report, &PLAIN).contains("mx: opendmarc ended with exit 134"));
    let text = summary(&run(vec![report]), &PLAIN);
    assert!(text.contains("  Assertion `instance > 0' failed\u{fffd}[2J\n"), "{text}");
}

#[test]
fn a_message_that_nobody_sent_is_shown_with_its_place() {
    let mut run = run(vec![bare("a/b", Status::Held)]);
    run.strays = Observed::Seen(vec![Delivered {
        mailbox: "alice@gateway.example".parse().unwrap(),
        folder: "Junk".to_owned(),
        recipient: None,
        message: Message::parse(b"From: who@knows.example\r\nSubject: Hello\r\n\r\nOne\r\nTwo\x1b[2J\r\n"),
    }]);
    let text = summary(&run, &PLAIN);
    let expected = "\n1 message that nobody sent\n  in Junk of alice@gateway.example:\n    | From: who@knows.example\n    \
                    | Subject: Hello\n    |\n    | One\n    | Two\u{fffd}[2J\n";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_source_line_without_end_is_cut() {
    let mut report = scenario("dmarc/forged", Status::Failed);
    let recipients: Vec<String> = (0..2000).map(|n| format!("\"user{n}@gateway.example\"")).collect();
    let text = canned::TEXT
        .replace("[\"alice@gateway.example\"]", &format!("[\"alice@gateway.example\", {}]", recipients.join(", ")));
    let plan = canned::parse("dmarc/forged", &text);
    report.verdict = Some(verdict::judge(&plan, report.evidence.as_ref().unwrap()));
    let text = summary(&run(vec![report]), &PLAIN);
    assert!(text.lines().all(|line| line.chars().count() < 400), "{text}");
    assert!(text.contains("outcome = \"rejected\""), "{text}");
}
