//! Causes at the gateway: named where its log proves them, and else not; and the log lines of the message in each finding.

use crate::canned::{delivered, dialogue, exchange, first, in_queue, plan, rejected, submission};
use evidence::{Condition, ConditionKind as Kind, Configured, FateStatus, LogLine, Transaction};
use miette::Diagnostic;
use plan::{Daemon, SettingChange, Spanned};

fn line(text: &str) -> LogLine {
    let (host, program) = ("mx.gateway.example".to_owned(), "postfix/smtpd".to_owned());
    LogLine { host, program, pid: Some(7), text: text.to_owned(), is_telling: true }
}

fn condition(kind: Kind, subject: &str, reason: &str) -> Condition {
    let line = Some(line(&format!("{kind:?} {subject}: {reason}")));
    Condition { kind, subject: subject.to_owned(), reason: reason.to_owned(), line, setting: None }
}

fn set(name: &str, value: &str, condition: Condition) -> Condition {
    let (name, value, at) = (name.to_owned(), value.to_owned(), Some("postfix/main.cf:30".to_owned()));
    Condition { setting: Some(Configured { name, value, at }), ..condition }
}

fn dead_milter(action: &str) -> Condition {
    set("milter_default_action", action, condition(Kind::MilterUnreachable, "unix:/run/x.sock", "Connection refused"))
}

fn unavailable(stage: &str) -> Condition {
    condition(Kind::ServiceUnavailable, stage, "Service unavailable - try again later")
}

fn with(seen: &Transaction, conditions: &[Condition]) -> Transaction {
    let mut seen = seen.clone();
    seen.object.conditions = conditions.to_vec();
    seen
}

/// Accepted, and in the INBOX.
fn taken() -> Transaction {
    let mut seen = delivered("INBOX");
    seen.object.is_accepted = Some(true);
    seen
}

/// Refused with this reply to RCPT TO.
fn refused_at_rcpt(reply: &str) -> Transaction {
    let mut seen = rejected();
    seen.dialogue.truncate(5);
    seen.dialogue.push(exchange("rcpt-to", "RCPT TO:<alice@gateway.example>", reply));
    seen
}

fn refused_at_end(reply: &str) -> Transaction {
    Transaction { dialogue: dialogue(reply), ..rejected() }
}

/// The cause at the gateway of the first thing that is wrong, as lines.
fn cause(expect: &str, seen: Transaction) -> Option<String> {
    let judged = first(&plan(expect), seen);
    let finding = judged.findings.first().map(|finding| finding.gateway_cause().cloned());
    let cause = finding.or_else(|| judged.errors.first().map(|unclear| unclear.gateway_cause().cloned()));
    cause.unwrap_or_else(|| panic!("{expect} holds")).map(|cause| cause.lines().join("\n"))
}

const DELIVERED: &str = "outcome = { delivered = \"INBOX\" }";

#[test]
fn what_the_log_proves_is_named_and_nothing_without_it() {
    let held = Transaction { object: in_queue(FateStatus::Held).object, ..in_queue(FateStatus::Held) };
    let header = || set("header_checks", "pcre:/etc/postfix/x", condition(Kind::HeaderCheck, "reject", ""));
    let policy = condition(Kind::PolicyServiceFailed, "private/spf", "Connection refused");
    let problem = condition(Kind::ServerProblem, "", "Server configuration problem");
    let refused_by = |kind, reason| vec![condition(kind, "", reason)];
    let own = Condition {
        line: None,
        ..set("mynetworks", "198.51.100.0/24", condition(Kind::OwnNetwork, "198.51.100.66", ""))
    };
    for (expect, seen, conditions, named) in [
        (
            "outcome = \"rejected\"",
            taken(),
            vec![dead_milter("accept")],
            "let through without it by milter_default_action",
        ),
        (
            "outcome = \"deferred\"",
            taken(),
            vec![dead_milter("accept")],
            "postfix/main.cf:30: milter_default_action = accept",
        ),
        ("reply = { to = \"end-of-data\", code = 550 }", taken(), vec![dead_milter("accept")], "could not be reached"),
        (
            DELIVERED,
            refused_at_end("451 4.7.1 Service unavailable - try again later"),
            vec![dead_milter("tempfail"), unavailable("END-OF-MESSAGE")],
            "the client is to come again",
        ),
        (
            DELIVERED,
            refused_at_rcpt("454 4.3.0 Try again later"),
            vec![dead_milter("tempfail"), unavailable("CONNECT")],
            "MilterUnreachable unix:/run/x.sock: Connection refused",
        ),
        (
            "dkim = \"pass\"",
            without_results(refused_at_end("451 4.7.1 Service unavailable - try again later")),
            vec![dead_milter("tempfail"), unavailable("END-OF-MESSAGE")],
            "the client is to come again",
        ),
        ("dmarc = \"pass\"", without_results(taken()), vec![dead_milter("accept")], "could not be reached"),
        ("arc = \"pass\"", without_results(taken()), vec![dead_milter("accept")], "could not be reached"),
        (
            DELIVERED,
            refused_at_rcpt("451 4.3.5 <a@x>: Recipient address rejected: Server configuration problem"),
            vec![policy, problem],
            "the policy service private/spf could not be asked",
        ),
        (
            DELIVERED,
            refused_at_end("550 5.7.1 no such subjects"),
            vec![header()],
            "a check of header fields refused the message",
        ),
        (
            DELIVERED,
            refused_at_rcpt("450 4.2.0 <a@x>: Recipient address rejected: Greylisted"),
            refused_by(Kind::Greylisted, "Recipient address rejected: Greylisted"),
            "greylisting",
        ),
        (
            DELIVERED,
            refused_at_rcpt("554 5.7.1 <x>: Client host rejected: Access denied"),
            refused_by(Kind::AccessDenied, "Client host rejected: Access denied"),
            "an access table",
        ),
        (
            DELIVERED,
            refused_at_rcpt("452 4.3.1 Insufficient system storage"),
            refused_by(Kind::NoRoom, "Insufficient system storage"),
            "no room",
        ),
        (
            DELIVERED,
            refused_at_rcpt("451 4.3.0 <a@x>: Temporary lookup failure"),
            vec![
                condition(Kind::TableUnreadable, "hash:/x", "No such file"),
                condition(Kind::LookupFailed, "", "Temporary lookup failure"),
            ],
            "the table hash:/x could not be read (No such file)",
        ),
        (
            DELIVERED,
            in_queue(FateStatus::Deferred),
            vec![condition(Kind::DeliveryFailed, "store[10.0.0.2]:24", "452 4.2.2 over quota")],
            "the mailbox server store[10.0.0.2]:24 did not take it: 452 4.2.2 over quota",
        ),
        (
            DELIVERED,
            held,
            vec![dead_milter("quarantine"), condition(Kind::HeldByDefault, "", "default_action")],
            "put on hold",
        ),
        ("outcome = \"rejected\"", taken(), vec![own], "postfix/main.cf:30: mynetworks = 198.51.100.0/24"),
        (
            "outcome = \"rejected\"",
            taken(),
            vec![condition(Kind::LoggedIn, "eve@x.example", "")],
            "had logged in as eve@x.example",
        ),
    ] {
        let found = cause(expect, with(&seen, &conditions)).unwrap_or_else(|| panic!("no cause of {expect}: {named}"));
        assert!(found.contains(named), "{named} in {found}");
        assert_eq!(cause(expect, seen.clone()), None, "{named}");
        // a part of the proof is none
        if conditions.len() > 1 && !matches!(conditions[1].kind, Kind::LookupFailed) {
            assert_eq!(cause(expect, with(&seen, &conditions[..1])), None, "{named}");
            assert_eq!(cause(expect, with(&seen, &conditions[1..])), None, "{named}");
        }
    }
}

fn without_results(mut seen: Transaction) -> Transaction {
    seen.object.results.clear();
    seen
}

#[test]
fn what_the_log_does_not_prove_is_not_named() {
    let reached = "451 4.7.1 Service unavailable - try again later";
    for (why, expect, seen, conditions) in [
        (
            "a milter asked for that itself",
            DELIVERED,
            refused_at_end(reached),
            vec![dead_milter("accept"), unavailable("END-OF-MESSAGE")],
        ),
        (
            "it was refused for another reason",
            DELIVERED,
            refused_at_end("550 5.7.1 no"),
            vec![dead_milter("tempfail"), unavailable("END-OF-MESSAGE")],
        ),
        (
            "another recipient was greylisted",
            DELIVERED,
            refused_at_rcpt("550 5.1.1 User unknown"),
            vec![condition(Kind::Greylisted, "", "Greylisted")],
        ),
        ("a filter says something of it", "dmarc = \"fail\"", taken(), vec![dead_milter("accept")]),
        ("it is of TLS", "handshake = { version = \"TLSv1.2\" }", taken(), vec![dead_milter("accept")]),
        ("SPF is no milter's", "spf = \"pass\"", without_results(taken()), vec![dead_milter("accept")]),
        (
            "it is delivered as is claimed, elsewhere",
            "outcome = { delivered = \"Junk\" }",
            taken(),
            vec![dead_milter("accept")],
        ),
        ("it was not accepted", "outcome = \"deferred\"", refused_at_end("550 5.7.1 no"), vec![dead_milter("accept")]),
        (
            "a retry delivered it",
            "outcome = \"rejected\"",
            taken(),
            vec![condition(Kind::DeliveryFailed, "none", "later")],
        ),
    ] {
        assert_eq!(cause(expect, with(&seen, &conditions)), None, "{why}");
    }
}

/// Nothing but what refused it.
#[test]
fn a_refusal_has_the_cause_that_its_own_reply_tells() {
    let text = "Service unavailable - try again later";
    let check = |subject: &str| set("header_checks", "pcre:/x", condition(Kind::HeaderCheck, subject, "-"));
    let unset = Condition { setting: None, ..check("reject") };
    let default = |mut condition: Condition| {
        condition.setting.as_mut().unwrap().at = None;
        condition
    };
    let mut twice = refused_at_rcpt("550 5.1.1 unknown");
    twice.dialogue.push(exchange("rcpt-to", "RCPT TO:<b@gateway.example>", "250 2.1.5 Ok"));
    let named = |reply: &str, conditions: &[Condition]| cause(DELIVERED, with(&refused_at_end(reply), conditions));
    let said = |found: Option<String>| found.unwrap_or_else(|| panic!("no cause"));
    assert_eq!(cause(DELIVERED, with(&twice, &[dead_milter("tempfail"), unavailable("CONNECT")])), None);
    for (reply, action, stage, told) in [
        (format!("451 4.7.1 {text}"), "tempfail", "END-OF-MESSAGE", Some("the client is to come again")),
        (format!("550 5.7.1 {text}"), "tempfail", "END-OF-MESSAGE", None),
        (format!("550 5.7.1 {text}"), "reject", "END-OF-MESSAGE", Some("the client is refused")),
        (format!("451 4.7.1 {text}"), "reject", "END-OF-MESSAGE", None),
        ("550 5.7.1 no".to_owned(), "reject", "CONNECT", None),
        ("451 4.7.1 no".to_owned(), "tempfail", "END-OF-MESSAGE", None),
        ("451 4.7.1 no".to_owned(), "tempfail", "EHLO", Some("the client is to come again")),
    ] {
        let found = named(&reply, &[dead_milter(action), unavailable(stage)]);
        assert_eq!(found.is_some(), told.is_some(), "{reply} {action} {stage}: {found:?}");
        assert!(found.unwrap_or_default().contains(told.unwrap_or_default()), "{reply} {action} {stage}");
    }
    let refused = "550 5.7.1 no such subjects";
    for (conditions, setting) in [
        (check("reject"), Some("postfix/main.cf:30: header_checks = pcre:/x")),
        (unset, None),
        (default(check("reject")), None),
    ] {
        let found = said(named(refused, &[conditions]));
        assert!(found.contains("a check of header fields refused the message"), "{found}");
        assert_eq!(found.lines().nth(2).map(str::trim), setting, "{found}");
    }
    for other in [check("hold"), condition(Kind::Greylisted, "reject", "-"), condition(Kind::Greylisted, "", "")] {
        assert_eq!(named(refused, std::slice::from_ref(&other)), None, "{other:?}");
    }
    assert_eq!(cause(DELIVERED, with(&refused_at_rcpt(refused), &[check("reject")])), None);
    let unread = condition(Kind::TableUnreadable, "hash:/x", "No such file");
    for (kind, told) in [
        (Kind::Greylisted, "greylisting"),
        (Kind::Misconfigured, "a restriction of the configuration"),
        (Kind::TlsUnavailable, "TLS cannot be had"),
        (Kind::Postscreen, "postscreen refused it"),
    ] {
        let found = said(named("450 4.3.0 such a day", &[unread.clone(), condition(kind, "", "such a day")]));
        assert!(found.contains(told) && !found.contains("hash:/x"), "{found}");
    }
}

/// Why it lies where it lies.
#[test]
fn what_was_accepted_and_stays_has_the_cause_that_kept_it() {
    let check = |subject: &str| set("header_checks", "pcre:/x", condition(Kind::HeaderCheck, subject, "-"));
    let default = |mut condition: Condition| {
        condition.setting.as_mut().unwrap().at = None;
        condition
    };
    let said = |seen: &Transaction, conditions: &[Condition]| {
        cause(DELIVERED, with(seen, conditions))
            .map(|text| text.lines().map(|l| l.trim().to_owned()).collect::<Vec<_>>())
    };
    let (held, discarded) = (in_queue(FateStatus::Held), in_queue(FateStatus::Discarded));
    for (seen, action, told) in [(&held, "hold", "put it on hold"), (&discarded, "discard", "threw it away")] {
        let found = said(seen, &[condition(Kind::OwnNetwork, action, ""), check(action)]).unwrap();
        assert!(found[0].ends_with(&format!("a check of header fields {told}")), "{found:?}");
        assert_eq!(found[2], "postfix/main.cf:30: header_checks = pcre:/x");
        assert_eq!(said(seen, &[default(check(action))]).unwrap().len(), 2);
        assert_eq!(said(seen, &[check("warn")]), None);
        assert_eq!(said(seen, &[condition(Kind::DeliveryFailed, action, "")]), None);
    }
    let by_default = || condition(Kind::HeldByDefault, "", "default_action");
    let found = said(&held, &[dead_milter("quarantine"), by_default()]).unwrap();
    assert_eq!(found[3], "postfix/main.cf:30: milter_default_action = quarantine");
    assert_eq!(said(&held, &[dead_milter("accept"), by_default()]).unwrap().len(), 3);
    let own = condition(Kind::OwnNetwork, "198.51.100.66", "");
    let failed = condition(Kind::DeliveryFailed, "none", "later");
    assert_eq!(said(&in_queue(FateStatus::Deferred), std::slice::from_ref(&own)), None);
    let found = said(&in_queue(FateStatus::Deferred), &[own, failed.clone()]).unwrap();
    assert!(found[0].contains("the mailbox server did not take it: later"), "{found:?}");
    assert_eq!(said(&refused_at_end("451 4.7.1 later"), &[failed]), None);
}

/// Why it was accepted.
#[test]
fn what_came_through_has_a_cause_where_it_was_to_be_refused() {
    let refused = "outcome = \"rejected\"";
    let own = || condition(Kind::OwnNetwork, "198.51.100.66", "");
    let logged_in = || condition(Kind::LoggedIn, "carol@sender.example", "");
    let said = |expect: &str, seen: &Transaction, condition: Condition| cause(expect, with(seen, &[condition]));
    assert!(said(refused, &taken(), own()).is_some() && said(refused, &taken(), logged_in()).is_some());
    let counted = "accepted = 0";
    assert!(said(counted, &taken(), own()).unwrap().contains("is one of mynetworks"));
    assert_eq!(said(counted, &taken(), condition(Kind::DeliveryFailed, "none", "later")), None);
    assert_eq!(said("accepted = 2", &taken(), own()), None);
    for is_accepted in [None, Some(false)] {
        let mut seen = taken();
        seen.object.is_accepted = is_accepted;
        assert_eq!(said(refused, &seen, own()), None, "{is_accepted:?}");
    }
    let mut partly = taken();
    partly.dialogue.insert(6, exchange("rcpt-to", "RCPT TO:<x@gateway.example>", "550 5.1.1 no"));
    assert_eq!(said(refused, &partly, own()), None);
    let mut submitted = plan(refused);
    submitted.plan.transactions[0].origin = submission("outcome = \"delivered\"").plan.transactions[0].origin.clone();
    let judged = first(&submitted, with(&taken(), &[logged_in()]));
    assert!(judged.findings[0].gateway_cause().is_none(), "whoever submits a message logs in");
    let reply = |code: u16| format!("reply = {{ to = \"end-of-data\", code = {code} }}");
    assert_eq!(said(&reply(251), &taken(), own()), None);
    assert!(said(&reply(451), &taken(), own()).is_some() && said(&reply(550), &taken(), own()).is_some());
    let lines = |action: &str| said(refused, &taken(), dead_milter(action)).unwrap();
    assert!(lines("accept").contains("let through without it by milter_default_action"));
    assert!(lines("accept").ends_with("postfix/main.cf:30: milter_default_action = accept"));
    assert!(!lines("tempfail").contains("milter_default_action"), "{}", lines("tempfail"));
}

#[test]
fn a_setting_that_the_scenario_changes_is_the_one_in_force() {
    let mut plan = plan("outcome = \"rejected\"");
    let name = Spanned { value: "milter_default_action".to_owned(), span: 0..1 };
    let change = |daemon, name: &Spanned<String>, value: &str| SettingChange {
        daemon,
        name: name.clone(),
        value: Some(value.to_owned()),
    };
    let other = Spanned { value: "milter_protocol".to_owned(), span: 0..1 };
    plan.plan.settings.changes = vec![
        change(Daemon::Postfix, &name, "accept"),
        change(Daemon::Postfix, &other, "6"),
        change(Daemon::Dovecot, &name, "tempfail"),
    ];
    let judged = first(&plan, with(&taken(), &[dead_milter("tempfail")]));
    let help = judged.findings[0].help();
    assert!(help.contains("scenarios/dmarc/forged.toml: milter_default_action = accept"), "{help}");
    assert!(!help.contains("main.cf"), "{help}");
}

#[test]
fn a_finding_shows_the_log_of_its_message() {
    let mut seen = taken();
    let noise = LogLine { is_telling: false, ..line("connect from x") };
    let many = (0..9).map(|n| line(&format!("4XyZ: line {n}")));
    seen.object.log = std::iter::once(noise).chain(many).chain([line("4XyZ: line 8")]).collect();
    let judged = first(&plan("outcome = \"rejected\"\narc = \"pass\""), seen.clone());
    let lines = |numbers: [usize; 2]| {
        (numbers[0]..=numbers[1])
            .map(|n| format!("mx.gateway.example postfix/smtpd: 4XyZ: line {n}"))
            .collect::<Vec<_>>()
    };
    let expected = [lines([0, 1]), vec!["… 3 more …".to_owned()], lines([5, 8])].concat();
    assert_eq!(judged.findings[0].log(), expected);
    assert_eq!(judged.errors[0].log(), expected, "what cannot be told shows it too");
}

#[test]
fn a_line_that_stands_there_already_is_not_repeated_and_a_long_one_is_cut() {
    let mut seen = with(&taken(), &[dead_milter("accept")]);
    let proof = seen.object.conditions[0].line.clone().unwrap();
    seen.object.log = vec![proof.clone(), line(&"x".repeat(5000))];
    let finding = first(&plan("outcome = \"rejected\""), seen).findings.swap_remove(0);
    assert!(finding.help().contains(&proof.to_string()));
    let [cut] = finding.log() else { panic!("{:?}", finding.log()) };
    assert!(cut.ends_with('…') && cut.chars().count() == 301, "{cut}");
    let whole = Diagnostic::help(&finding).unwrap().to_string();
    assert!(whole.contains("the log of this message:\n  mx.gateway.example postfix/smtpd: xxx"), "{whole}");
}
