//! Claims on claims, on counts and absence, on classes of replies, on questions and on properties of results: each holds of
//! what was seen, and fails when one fact is otherwise.

use crate::canned::{copy, delivered, exchange, fails, fate, holds, is_unclear, plan, question, rejected};
use evidence::{Authors, DmarcOpinion, FateStatus, MailObject, Observed, Opinion, SpfOpinion};
use mail::{ArcResult, DmarcResult, SpfResult};

#[test]
fn any_of_several_holds_by_one_of_them() {
    let either = r#"any = [{ outcome = "rejected", dmarc = "fail" }, { outcome = { quarantined = "Junk" } }]"#;
    holds(either, &rejected());
    holds(either, &delivered("Junk"));
    let words = "neither of these holds: DMARC fail and rejected, or quarantined in Junk";
    fails(either, &delivered("INBOX"), words, "it lies in INBOX");
    let mut half = rejected();
    half.object.results.retain(|result| result.method != "dmarc");
    is_unclear(either, &half, "dmarc");
}

#[test]
fn never_fails_only_where_all_of_it_was_seen() {
    let never = r#"never = { outcome = "delivered", dmarc = "pass" }"#;
    holds(never, &rejected());
    fails(never, &delivered("INBOX"), "this was seen: DMARC pass and delivered", "it lies in INBOX");
    let mut unjudged = delivered("INBOX");
    unjudged.object.results.clear();
    is_unclear(never, &unjudged, "dmarc");
}

#[test]
fn fields_are_counted_and_may_be_absent() {
    let seen = delivered("INBOX");
    holds(r#"header = { name = "X-Spam", absent = true }"#, &seen);
    holds(r#"header = { name = "From", count = 1 }"#, &seen);
    holds(r#"header = { name = "Authentication-Results", by = "gateway", count = 1 }"#, &seen);
    let twice = "one From field is in the message in INBOX of alice@gateway.example, and not 2 times a From field";
    fails(r#"header = { name = "From", count = 2 }"#, &seen, twice, "From: The Bank");
    let there = "one Subject field with `invoice` is in the message in INBOX of alice@gateway.example, and not no Subject \
                 field with `invoice`";
    fails(r#"header = { name = "Subject", contains = "invoice", absent = true }"#, &seen, there, "Your invoice");
}

#[test]
fn what_the_sender_wrote_is_told_from_what_the_gateway_added() {
    let mut seen = delivered("INBOX");
    let forged = r#"header = { name = "Authentication-Results", by = "sender", absent = true }"#;
    holds(forged, &seen);
    seen.sent =
        b"Authentication-Results: gateway.example; spf=pass smtp.mailfrom=billing@bank.example; dmarc=pass\r\n\r\nx"
            .to_vec();
    let what = "one Authentication-Results field of the sender's is in the message in INBOX of alice@gateway.example, and not \
                no Authentication-Results field of the sender's";
    fails(forged, &seen, what, "Authentication-Results: gateway.example");
}

#[test]
fn a_class_of_codes_is_any_of_them() {
    let seen = rejected();
    holds(r#"reply = { to = "end-of-data", code = "5xx" }"#, &seen);
    let what = "the reply to end-of-data is 550, not 4xx";
    fails(r#"reply = { to = "end-of-data", code = "4xx" }"#, &seen, what, "550 5.7.1");
}

#[test]
fn questions_are_counted_and_named() {
    let mut seen = rejected();
    seen.questions.push(question("_dmarc.bank.example", "TXT", "NOERROR"));
    seen.questions.push(question("bank.example", "DS", "NOERROR"));
    holds(r#"questions = { exactly = ["bank.example TXT", "_dmarc.bank.example. txt"], at-most = 2 }"#, &seen);
    let more = "the DNS was also asked for _dmarc.bank.example TXT";
    fails(r#"questions = { exactly = ["bank.example TXT"] }"#, &seen, more, "asked: bank.example TXT");
    let many = "the DNS was asked 2 questions, more than 1";
    fails("questions = { at-most = 1 }", &seen, many, "asked: _dmarc.bank.example TXT");
    let asked = "the DNS was asked for bank.example TXT";
    fails(r#"questions = { never = ["bank.example TXT"] }"#, &seen, asked, "asked");
    let not_asked = "the DNS was not asked for bank.example MX";
    fails(r#"questions = { asked = ["bank.example MX"] }"#, &seen, not_asked, "asked");
}

#[test]
fn a_result_has_its_properties() {
    let seen = rejected();
    holds(r#"result = { method = "dmarc", result = "fail", properties = { "header.from" = "BANK.example" } }"#, &seen);
    let what = "no result is dmarc=fail header.from=other.example";
    let claim = r#"result = { method = "dmarc", result = "fail", properties = { "header.from" = "other.example" } }"#;
    fails(claim, &seen, what, "header.from=bank.example");
    is_unclear(r#"result = { method = "iprev", result = "pass" }"#, &seen, "iprev");
}

#[test]
fn each_accepted_message_has_claims_of_its_own() {
    let mut seen = delivered("INBOX");
    seen.object.is_accepted = Some(true);
    let second = MailObject { is_accepted: Some(true), ..seen.object.clone() };
    seen.others = vec![second];
    let two = r#"accepted = 2
messages = [{ dmarc = "pass" }, { dmarc = "pass", outcome = { delivered = "INBOX" } }]"#;
    holds(two, &seen);
    seen.others[0].results.iter_mut().filter(|r| r.method == "dmarc").for_each(|r| r.result = "fail".to_owned());
    fails(two, &seen, "of the accepted message 2: DMARC is fail, not pass", "dmarc=fail");
    let one = "accepted = 2\nmessages = [{ dmarc = \"pass\" }]";
    fails(one, &seen, "2 messages were accepted, not 1", "");
    seen.others[0].is_accepted = None;
    is_unclear("accepted = 2\nmessages = []", &seen, "not known");
    holds("messages = []", &rejected());
    fails("messages = []", &delivered("INBOX"), "1 message was accepted, not 0", "");
}

/// A message that nobody planned goes to recipients of its own.
#[test]
fn what_became_of_an_unplanned_message_is_told_by_its_own_recipients() {
    let mut seen = rejected();
    let claim = |of: &str| format!("accepted = 1\nmessages = [{{ outcome = {of} }}]");
    let bob = "bob@gateway.example";
    seen.others = vec![MailObject {
        is_accepted: Some(true),
        queue_ids: vec!["mx/5AbC".to_owned()],
        fates: vec![fate(bob, FateStatus::Sent, "250 2.0.0 Saved")],
        delivered: vec![copy(bob, "INBOX", "From: x@bank.example\r\n\r\nPay.\r\n")],
        ..MailObject::default()
    }];
    let in_inbox = claim(r#"{ delivered = "INBOX" }"#);
    holds(&in_inbox, &seen);
    seen.others[0].delivered[0].folder = "Junk".to_owned();
    fails(
        &in_inbox,
        &seen,
        "of the accepted message 1: the message for bob@gateway.example was quarantined in Junk, not delivered to INBOX",
        "Junk",
    );
    seen.others[0].delivered.clear();
    is_unclear(&in_inbox, &seen, "not found in a mailbox of bob@gateway.example");
    seen.others[0].fates[0].status = FateStatus::Deferred;
    fails(
        &in_inbox,
        &seen,
        "of the accepted message 1: the message for bob@gateway.example was deferred, not delivered to INBOX",
        "Saved",
    );
    seen.others[0].fates.clear();
    is_unclear(&in_inbox, &seen, "there is no recipient");
}

#[test]
fn an_explanation_stands_in_a_refusal() {
    let mut seen = rejected();
    let claim = r#"spf-explanation = "ask postmaster@bank.example""#;
    fails(claim, &seen, "no refusal explains `ask postmaster@bank.example`", "rejected by DMARC policy");
    seen.dialogue[7] = exchange("end-of-data", "", "550 5.7.23 not allowed: ask postmaster@bank.example");
    holds(claim, &seen);
    seen.dialogue[7] = exchange("end-of-data", "", "250 2.0.0 Ok");
    fails(claim, &seen, "nothing was refused, so nothing was explained", "positive");
}

#[test]
fn the_own_judgement_of_the_harness_can_be_claimed() {
    let spf = |domain: &str, result| SpfOpinion { domain: domain.to_owned(), result };
    let dmarc = |result| DmarcOpinion {
        author: "bank.example".parse().unwrap(),
        result,
        policy: None,
        found_at: None,
        aligned: Vec::new(),
    };
    let opinion = |result| Opinion {
        helo: spf("mail.attacker.example", SpfResult::None),
        mail_from: spf("bank.example", SpfResult::Fail),
        dkim: Vec::new(),
        arc: ArcResult::None,
        arc_reason: None,
        authors: Authors::One("bank.example".parse().unwrap()),
        dmarc: vec![dmarc(result)],
    };
    let mut seen = rejected();
    is_unclear(r#"opinion = "fail""#, &seen, "--second-opinion");
    seen.opinion = Some(Observed::Seen(opinion(DmarcResult::Fail)));
    holds(r#"opinion = "fail""#, &seen);
    seen.opinion = Some(Observed::Seen(opinion(DmarcResult::None)));
    let what = "DMARC of bank.example is none in the harness's own judgement, not fail";
    fails(r#"opinion = "fail""#, &seen, what, "SPF of MAIL FROM is fail for bank.example");
}

#[test]
fn alternatives_that_all_refuse_need_a_control() {
    let text = plan(
        r#"any = [{ outcome = "rejected" }, { outcome = "deferred" }, { reply = { to = "end-of-data", code = "5xx" } }]"#,
    );
    assert_eq!(text.claims.transactions.len(), 2);
}

/// A table that says what happened makes nothing hold where the gateway follows none of the specifications.
#[test]
fn claims_of_no_specification_that_is_followed_cannot_be_told() {
    let by = r#"by = { "RFC 9989" = { dmarc = "fail" }, "RFC 7489" = { dmarc = "fail" } }"#;
    is_unclear(by, &rejected(), "the gateway follows none of RFC 9989, RFC 7489");
}
