//! What machines read.

use crate::canned::{TEXT, bare, one_of_each, plan, run, scenario, without_mail};
use evidence::{Condition, ConditionKind, Configured, LogLine};
use mailproof_report::{
    Places, ScenarioReport, Status, Style, code_quality, github, json, junit, line, sarif, summary,
};
use serde_json::{Value, json};
use std::path::Path;

const PLAIN: Style = Style { color: false, width: 120, program: "mailproof" };

/// The library is a repository of its own.
pub(crate) fn places() -> Places<'static> {
    Places { repository: Path::new("/library"), gateway: Path::new("/gateways/mail") }
}

/// A place of the canned scenario, where this text begins.
fn place(line: usize, column: usize, what: &str, text: &str) -> Value {
    let starts = TEXT.lines().take(line - 1).map(|line| line.len() + 1).sum::<usize>();
    let offset = starts + column - 1;
    assert!(TEXT[offset..].starts_with(text), "{}", &TEXT[offset..]);
    json!({ "line": line, "column": column, "what": what, "offset": offset, "length": text.len() })
}

pub(crate) fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn the_json_document_has_the_run() {
    let mut document = read(&json(&one_of_each(), places()));
    let scenarios = document["scenarios"].take();
    let expected = json!({
        "format": "mailproof-report",
        "version": 1,
        "gateway": "hardened",
        "adaptations": ["the certificate behind /etc/ssl/mx.pem is the run's own"],
        "ci": false,
        "result": "failure",
        "exit_code": 1,
        "seconds": 12.345,
        "died": [],
        "strays": { "seen": [] },
        "identity": { "version": "", "images": "", "gateway": "", "scenarios": "", "options": "" },
        "shard": null,
        "scenarios": null,
        "left_out": [],
    });
    assert_eq!(document, expected);
    let told: Vec<_> = (scenarios.as_array().unwrap().iter())
        .map(|s| [&s["status"], &s["snapshot"]["state"], &s["reason"]].map(|v| v.as_str().unwrap_or("-").to_owned()))
        .collect();
    let expected = [
        ["held", "same", "-"],
        ["failed", "none", "-"],
        ["error", "none", "a filter died\nat once"],
        ["known-failure", "none", "it has no SPF"],
        ["unexpected-pass", "none", "it had no SPF"],
        ["snapshot-new", "new", "-"],
        ["snapshot-differs", "differs", "-"],
    ];
    assert_eq!(told, expected);
    assert_eq!(scenarios[6]["snapshot"]["diff"], "@@ -1 +1 @@\n-S: 220 a\n+S: 220 b\n");
}

#[test]
fn the_json_document_has_verdict_and_evidence_of_each_transaction() {
    let document = read(&json(&run(vec![scenario("dmarc/forged", Status::Failed)]), places()));
    let scenario = &document["scenarios"][0];
    let forged = &scenario["transactions"][0];
    assert_eq!(forged["label"], "forged");
    assert_eq!(forged["outcome"], json!({ "seen": { "delivered": "INBOX" } }));
    let why = "neither the Authentication-Results of the delivered message nor a log or reply names dmarc";
    assert_eq!(forged["dmarc"], json!({ "unobserved": why }));
    let finding = json!({
        "message": "forged: the reply to end-of-data is 250, not 550",
        "help": "the server replied 250 2.0.0 Ok to end-of-data",
        "places": [
            place(28, 11, "claimed: reply 550 5.7.1 to end-of-data", "{ to = \"end-of-data\", code = 550, enhanced = \"5.7.1\" }"),
            place(19, 1, "this message", "From: The \"Bank\" <billing@bank.example>"),
        ],
        "subject": "forged",
    });
    assert_eq!(forged["findings"][0], finding);
    assert_eq!(forged["findings"].as_array().unwrap().len(), 2);
    assert_eq!(forged["errors"][0]["message"], "forged: it cannot be told whether DMARC is fail");
    assert_eq!(forged["evidence"]["dialogue"][5]["to"], "end-of-data");
    assert_eq!(forged["evidence"]["object"]["delivered"][0]["message"]["body"], "At noon?\\255\r\n");
    assert_eq!(scenario["transactions"][1]["findings"], json!([]));
    assert!(scenario["snapshot"]["seen"].as_str().unwrap().starts_with("# forged\n"));
}

/// A finding whose cause is a line of the gateway's configuration.
pub(crate) fn with_cause() -> ScenarioReport {
    let mut report = scenario("dmarc/forged", Status::Failed);
    let mut evidence = report.evidence.take().unwrap();
    let line = |text: &str| LogLine {
        host: "mx.gateway.example".to_owned(),
        program: "postfix/smtpd".to_owned(),
        pid: Some(7),
        text: text.to_owned(),
        is_telling: true,
    };
    let setting = Configured {
        name: "milter_default_action".to_owned(),
        value: "accept".to_owned(),
        at: Some("postfix/main.cf:30".to_owned()),
    };
    let object = &mut evidence.transactions[0].object;
    object.is_accepted = Some(true);
    object.log = vec![line("to=<alice@gateway.example>, status=sent")];
    object.conditions = vec![Condition {
        kind: ConditionKind::MilterUnreachable,
        subject: "unix:/x".to_owned(),
        reason: "gone".to_owned(),
        line: Some(line("warning: gone")),
        setting: Some(setting),
    }];
    report.verdict = Some(verdict::judge(&plan("dmarc/forged"), &evidence));
    report
}

#[test]
fn the_json_document_has_the_log_of_a_message_and_a_cause_at_the_gateway() {
    let document = read(&json(&run(vec![with_cause()]), places()));
    let finding = &document["scenarios"][0]["transactions"][0]["findings"][0];
    assert_eq!(finding["log"], json!(["mx.gateway.example postfix/smtpd: to=<alice@gateway.example>, status=sent"]));
    assert_eq!(finding["gateway_cause"]["proof"][0]["text"], "warning: gone");
    assert_eq!(finding["gateway_cause"]["setting"]["at"], "postfix/main.cf:30");
    let help = finding["help"].as_str().unwrap();
    assert!(help.ends_with("  postfix/main.cf:30: milter_default_action = accept"), "{help}");
}

#[test]
fn the_json_document_has_settings_probes_and_look_ups() {
    let document =
        read(&json(&run(vec![without_mail(Status::Failed), scenario("dmarc/forged", Status::Failed)]), places()));
    let report = &document["scenarios"][0];
    assert_eq!(report["settings"]["label"], "settings");
    let message = "settings: postfix refuses smtpd_tls_protocols = TLSv1";
    assert_eq!(report["settings"]["findings"][0]["message"], message);
    assert_eq!(report["settings"]["evidence"][0]["said"], json!(["fatal: bad value"]));
    let probe = json!({
        "label": "border",
        "findings": [],
        "errors": [{
            "message": "border: it cannot be told whether it holds: no DHE group of less than 2048 bits",
            "help": "unobserved: connection refused",
            "places": [
                place(14, 1, "claimed, and not observed", "label"),
                place(1, 1, "with this setting", "title"),
            ],
            "subject": "border",
        }],
        "evidence": { "unobserved": "connection refused" },
    });
    assert_eq!(report["probes"], json!([probe]));
    let lookup = &report["lookups"][0];
    assert_eq!(lookup["findings"][0]["message"], "policy: the response code is NXDOMAIN, not NOERROR");
    assert_eq!(lookup["evidence"]["seen"]["rcode"], "NXDOMAIN");
    assert_eq!(report["transactions"], json!([]));
    let mail = &document["scenarios"][1];
    assert_eq!((&mail["settings"], &mail["probes"], &mail["lookups"]), (&Value::Null, &json!([]), &json!([])));
}

#[test]
fn bodies_of_mail_at_played_hosts_are_text() {
    let mut report = scenario("dmarc/forged", Status::Held);
    let seen = &mut report.evidence.as_mut().unwrap().transactions[0];
    seen.arrived = vec![evidence::Arrived {
        host: "mx.partner.example".to_owned(),
        mail_from: String::new(),
        rcpt_to: vec![],
        is_protected: true,
        message: seen.object.delivered[0].message.clone(),
    }];
    let document = read(&json(&run(vec![report]), places()));
    let arrived = &document["scenarios"][0]["transactions"][0]["evidence"]["arrived"][0];
    assert_eq!(arrived["message"]["body"], "At noon?\\255\r\n");
}

#[test]
fn junit_shows_what_is_wrong_without_mail() {
    let text = junit(&run(vec![without_mail(Status::Failed)]), &PLAIN);
    for part in [
        r#"<failure message="settings: postfix refuses smtpd_tls_protocols = TLSv1" type="claim">"#,
        "× policy: the response code is NXDOMAIN, not NOERROR",
        "⚠ border: it cannot be told whether it holds: no DHE group of less than 2048 bits",
        "<system-out># settings",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn junit_tells_failure_error_and_skipped_apart() {
    let mut run = one_of_each();
    run.left_out = vec!["tls/never".to_owned()];
    let text = junit(&run, &PLAIN);
    let report = quick_junit::Report::deserialize_from_str(&text).unwrap();
    assert_eq!((report.tests, report.failures, report.errors), (8, 3, 1));
    let suites: Vec<_> = report.test_suites.iter().map(|s| (s.name.as_str(), s.tests, s.skipped)).collect();
    assert_eq!(suites, [("hardened.dmarc", 2, 0), ("hardened.spf", 3, 1), ("hardened.tls", 3, 1)]);
    for part in [
        r#"<testcase name="held" classname="hardened.dmarc" time="0.420">"#,
        r#"<failure message="forged: the reply to end-of-data is 250, not 550" type="claim">"#,
        "× forged: the message for alice@gateway.example was delivered to INBOX, not rejected",
        "<error message=\"a filter died\" type=\"error\">  a filter died\n  at once\n</error>",
        r#"<skipped message="it has no SPF" type="known-failure">"#,
        r#"<failure message="it holds, but is a known failure: it had no SPF" type="unexpected-pass">"#,
        r#"<property name="snapshot" value="new"/>"#,
        r#"<failure message="it did otherwise than the snapshot says" type="snapshot">"#,
        r#"<skipped message="left out: the run was interrupted"/>"#,
        "<system-out># forged",
    ] {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
}

#[test]
fn what_does_not_apply_is_told_with_what_is_lacking() {
    let run = run(vec![bare("dane/x", Status::NotApplicable("it has no pop3: nobody listens on port 110".to_owned()))]);
    let skipped = r#"<skipped message="it has no pop3: nobody listens on port 110" type="not-applicable">"#;
    assert!(junit(&run, &PLAIN).contains(skipped), "{}", junit(&run, &PLAIN));
    let document = read(&json(&run, places()));
    let scenario = &document["scenarios"][0];
    let lack = "it has no pop3: nobody listens on port 110";
    assert_eq!((&scenario["status"], &scenario["reason"]), (&json!("not-applicable"), &json!(lack)));
    assert_eq!(document["exit_code"], 0);
    assert!(line(&run.scenarios[0], &PLAIN).contains("not applicable: it has no pop3"));
    assert!(summary(&run, &PLAIN).contains("1 scenario: 1 not applicable, in"));
}

#[test]
fn junit_in_ci_counts_a_missing_snapshot_as_failure() {
    let mut run = one_of_each();
    run.is_ci = true;
    let report = quick_junit::Report::deserialize_from_str(&junit(&run, &PLAIN)).unwrap();
    assert_eq!((report.failures, report.errors), (4, 1));
}

/// The finding of a library's scenario is shown at the gateway, one of the user's own at its line; once for all that are wrong alike.
#[test]
fn annotations_stand_where_something_can_be_done() {
    let places = Places { repository: Path::new("/repo"), gateway: Path::new("/repo/gateways/mail") };
    let own = |name: &str| ScenarioReport { file: format!("/repo/{name}").into(), ..scenario(name, Status::Failed) };
    let mut run = one_of_each();
    run.scenarios.extend([own("own/a.toml"), own("own/b.toml")]);
    run.died = vec!["mx: opendmarc ended with exit 137".to_owned()];
    let text = github(&run, places);
    let begins: Vec<&str> = text.lines().filter_map(|line| Some(line.split_once(",title=")?.0)).collect();
    let at_gateway = "::error file=gateways/mail/gateway.toml,line=1";
    // those of own/a.toml and own/b.toml are the same as those of the library's, and told with them
    assert!(text.contains("%0Athe same in 2 more: own/a.toml, own/b.toml"), "{text}");
    assert_eq!(begins.iter().filter(|begin| **begin == at_gateway).count(), 2, "{text}");
    assert!(begins.contains(&"::error file=gateways/mail/snapshots/tls/other.snap,line=1"), "{text}");
    assert!(begins.contains(&"::error file=gateways/mail/known-failures.toml,line=1"), "{text}");
    assert_eq!(
        begins.iter().filter(|b| **b == "::warning file=gateways/mail/gateway.toml,line=1").count(),
        2,
        "{text}"
    );
    assert!(!text.contains("tls/new"), "a new snapshot is news in CI alone: {text}");
    run.is_ci = true;
    assert!(github(&run, places).contains("tls/new"));

    let alone = self::run(vec![own("own/a.toml")]);
    let text = github(&alone, places);
    assert!(text.starts_with("::error file=own/a.toml,line=28,title=own/a.toml%3A forged%3A the reply"), "{text}");
    let sarif = read(&sarif(&alone, places));
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(
        (&sarif["version"], &result["ruleId"], &result["level"]),
        (&json!("2.1.0"), &json!("failure"), &json!("error"))
    );
    assert_eq!(result["locations"][0]["physicalLocation"]["region"]["startLine"], 28);
    let issues = read(&code_quality(&alone, places));
    let issues = issues.as_array().unwrap();
    assert_eq!((&issues[0]["location"]["path"], &issues[0]["severity"]), (&json!("own/a.toml"), &json!("major")));
    let mut prints: Vec<&str> = issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    prints.sort_unstable();
    prints.dedup();
    assert!(prints.len() == issues.len() && issues.len() > 1, "{issues:#?}");
    assert_eq!(
        (github(&self::run(vec![]), places), read(&code_quality(&self::run(vec![]), places))),
        (String::new(), json!([]))
    );
}

/// The cause is a line of the gateway's configuration: there it is shown.
#[test]
fn a_cause_at_the_gateway_is_shown_at_its_line() {
    let places = Places { repository: Path::new("/repo"), gateway: Path::new("/repo/gateways/mail") };
    let elsewhere = Places { gateway: Path::new("/other/mail"), ..places };
    let run = run(vec![with_cause()]);
    assert!(github(&run, places).contains("file=gateways/mail/postfix/main.cf,line=30,"), "{}", github(&run, places));
    assert!(github(&run, elsewhere).contains("file=postfix/main.cf,line=30,"));
}
