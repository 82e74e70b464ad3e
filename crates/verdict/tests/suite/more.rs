//! What no claim may rest on, and what is wrong whatever is claimed: injected and contradicting results, other
//! identities, messages that nobody asked for.

use crate::canned::{copy, delivered, fails, first, holds, is_unclear, plan, rejected, result, said};
use evidence::{Evidence, MailObject, ResultSource, Transaction};
use mailproof_verdict::judge;

fn log(filter: &str) -> ResultSource {
    ResultSource::Log(filter.to_owned())
}

/// policyd-spf copied the local part of MAIL FROM, in which `dkim=pass` stands.
fn injected() -> Transaction {
    let mut seen = rejected();
    let mut forged = result("dkim", "pass", &[("header.d", "bank.example")], log("policyd-spf"));
    forged.injected = Some("x); dkim=pass header.d=bank.example (y".to_owned());
    seen.object.results.insert(0, forged);
    seen
}

#[test]
fn a_result_in_text_of_the_peers_is_a_finding_and_makes_no_claim_hold() {
    for (claim, is_true) in [("dkim = \"none\"", true), ("dkim = { pass = \"bank.example\" }", false)] {
        let (failures, errors) = said(&first(&plan(claim), injected()));
        assert!(errors.is_empty(), "{errors:?}");
        assert_eq!(failures.len(), if is_true { 1 } else { 2 }, "{failures:?}");
        assert_eq!(failures.last().unwrap(), "forged: text of the peer's stands as a result");
    }
    let judged = first(&plan("dkim = \"none\""), injected());
    let help =
        "the log of policyd-spf says dkim=pass header.d=bank.example, which stands inside text of the peer's: x); dkim";
    assert!(judged.findings[0].help().starts_with(help), "{}", judged.findings[0].help());
}

#[test]
fn results_that_contradict_each_other_fail_every_claim_on_them() {
    let mut seen = delivered("INBOX");
    seen.object.results.push(result("dkim", "none", &[], ResultSource::Header));
    for claim in ["dkim = \"none\"", "dkim = \"pass\"", "dkim = { pass = \"bank.example\" }"] {
        fails(claim, &seen, "the DKIM results contradict each other", "says dkim=none");
    }
    let mut seen = delivered("INBOX");
    seen.object.results.push(result("dmarc", "fail", &[], ResultSource::Header));
    for claim in ["dmarc = \"pass\"", "dmarc = \"fail\""] {
        fails(claim, &seen, "the DMARC results contradict each other", "says dmarc=fail");
    }
}

#[test]
fn spf_of_helo_is_not_spf_of_mail_from() {
    let mut seen = delivered("INBOX");
    seen.object.results[0] = result("spf", "pass", &[("smtp.helo", "mail.attacker.example")], ResultSource::Header);
    is_unclear("spf = \"pass\"", &seen, "nothing is said of MAIL FROM");
    holds("spf = { helo = \"pass\" }", &seen);
    fails("spf = { helo = \"fail\" }", &seen, "SPF is pass, not fail", "spf=pass smtp.helo=mail.attacker.example");
    seen.object.results.push(result("spf", "fail", &[("smtp.mailfrom", "bank.example")], ResultSource::Header));
    holds("spf = { helo = \"pass\", mail-from = \"fail\" }", &seen);
    holds("spf = \"fail\"", &seen);
}

#[test]
fn a_message_beside_the_planned_one_is_a_failure_unless_it_is_claimed() {
    let mut seen = rejected();
    seen.object.is_accepted = Some(false);
    seen.others = vec![MailObject {
        queue_ids: vec!["mx.gateway.example/4XyZ".to_owned()],
        mail_from: Some("admin@bank.example".to_owned()),
        is_accepted: Some(true),
        delivered: vec![copy("bob@gateway.example", "INBOX", "Subject: x\r\n\r\n")],
        ..MailObject::default()
    }];
    let claims = "reply = { to = \"end-of-data\", code = 550 }\noutcome = \"rejected\"";
    let message = "a second message was accepted: from <admin@bank.example>, queued as mx.gateway.example/4XyZ, in INBOX \
                   of bob@gateway.example";
    fails(claims, &seen, message, "");
    holds(&format!("{claims}\naccepted = 1"), &seen);
    fails("accepted = 0", &seen, "1 message was accepted, not 0", "the planned message was not accepted");
    fails("accepted = 2", &seen, "1 message was accepted, not 2", "admin@bank.example");
    seen.others[0].is_accepted = Some(false);
    seen.others[0].delivered.clear();
    holds(&format!("{claims}\naccepted = 0"), &seen);
    holds(claims, &seen);
    holds("accepted = 1", &delivered("INBOX"));
}

#[test]
fn a_message_that_nobody_sent_is_a_failure_of_the_scenario() {
    let scenario = plan("outcome = { delivered = \"INBOX\" }");
    let evidence = Evidence {
        transactions: vec![delivered("INBOX"), delivered("INBOX")],
        strays: vec![copy("bob@gateway.example", "Junk", "From: x@y.example\r\n\r\n")],
        ..Evidence::default()
    };
    let verdict = judge(&scenario, &evidence);
    let said: Vec<String> = verdict.findings().map(ToString::to_string).collect();
    assert_eq!(said, ["mailboxes: a message that nobody sent lies in Junk of bob@gateway.example"]);
    assert!(!verdict.holds());
}

#[test]
fn a_policy_is_only_blamed_where_it_refused_the_message() {
    let places = |claim: &str, seen: Transaction| first(&plan(claim), seen).findings[0].places().swap_remove(1);
    let claim = "reply = { to = \"end-of-data\", code = 250 }";
    assert_eq!(places(claim, rejected()).what, "the policy for bank.example");
    let mut seen = rejected();
    seen.object.results[2].result = "pass".to_owned();
    assert_eq!(places(claim, seen).what, "this message");
}

#[test]
fn what_is_missing_in_a_log_that_was_not_complete_is_not_known_to_be_missing() {
    let complete = rejected();
    let mut seen = rejected();
    seen.object.is_accepted = Some(false);
    seen.object.waiting_for = vec!["the end of the connection of 198.51.100.66 to mx".to_owned()];
    let why = "when time was over the log had not said: the end of the connection of 198.51.100.66 to mx";
    for claim in [
        "dkim = { fail = \"bank.example\" }",
        "result = { method = \"dmarc\", result = \"pass\" }",
        "accepted = 0",
        "accepted = 1",
        "messages = []",
        "arc = \"none\"",
    ] {
        is_unclear(claim, &seen, why);
    }
    for claim in ["dkim = { fail = \"bank.example\" }", "result = { method = \"dmarc\", result = \"pass\" }"] {
        assert_eq!(said(&first(&plan(claim), complete.clone())).1, [""; 0], "{claim}");
    }
    // what was seen decides all the same, and says on what it rests
    fails("dmarc = \"pass\"", &seen, "DMARC is fail, not pass", why);
    holds("result = { method = \"dmarc\", result = \"fail\" }", &seen);
    seen.others = vec![MailObject { is_accepted: Some(true), ..MailObject::default() }];
    fails("accepted = 0", &seen, "1 message was accepted, not 0", why);
    // the field of a delivered message is whole
    let mut copied = delivered("INBOX");
    copied.object.waiting_for = seen.object.waiting_for.clone();
    fails("dkim = { pass = \"x.example\" }", &copied, "no DKIM result is for a signature of x.example", why);
}
