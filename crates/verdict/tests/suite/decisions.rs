//! What decides where evidence says more than one thing, one fact at a time.

use crate::{
    canned::{
        copy, delivered, dialogue, exchange, fails, fate, first, holds, in_queue, is_unclear, notification, parse,
        plan, rejected, relay, result, submission,
    },
    played::{self, run, sent},
    received::{USING, field, traced},
    served::{self, certificate, good, names},
    settings,
};
use claims::outcomes::{Outcome, unplanned};
use evidence::{
    Arrived, ChainSeen, Evidence, FateStatus, LogLine, LoginSeen, MailObject, Observed, ResultSource, Setting,
    Transaction, Trust,
};
use mail::Service;
use mailproof_verdict::judge;
use plan::Origin;

fn log(filter: &str) -> ResultSource {
    ResultSource::Log(filter.to_owned())
}

fn hidden<T>() -> Observed<T> {
    Observed::Unobserved("the server closed the connection".to_owned())
}

#[test]
fn the_last_reply_to_data_and_to_its_end_counts() {
    let mut seen = rejected();
    seen.dialogue.insert(6, exchange("data", "DATA", "451 4.7.1 later"));
    seen.dialogue.insert(8, exchange("end-of-data", "", "250 2.0.0 ok"));
    holds("outcome = \"rejected\"", &seen);
    let mut refused = rejected();
    refused.dialogue = dialogue("250 2.0.0 ok");
    refused.dialogue[6] = exchange("data", "DATA", "451 4.7.1 later");
    refused.dialogue.remove(7);
    holds("outcome = \"deferred\"", &refused);
}

#[test]
fn a_reply_to_nothing_refuses_nothing() {
    let mut seen = in_queue(FateStatus::Deferred);
    seen.dialogue.push(exchange("unexpected", "", "550 5.5.2 what?"));
    seen.dialogue.insert(1, exchange("octets", "XYZZY", "500 5.5.2 what?"));
    holds("outcome = \"deferred\"", &seen);
}

#[test]
fn what_a_dialogue_says_counts_before_a_program() {
    let seen = Transaction { program: Some(run(0, "")), ..rejected() };
    holds("outcome = \"rejected\"", &seen);
    let mut refused = Transaction { arrived: Vec::new(), program: Some(run(69, "")), ..sent() };
    let told = |seen: &Transaction| {
        let judged = played::first(&played::outbound(vec!["outcome = \"delivered\"".to_owned()]), seen.clone());
        judged.findings[0].help().lines().next().unwrap().to_owned()
    };
    assert_eq!(told(&refused), "sendmail refused it with status 69");
    refused.program = Some(run(69, "no"));
    assert_eq!(told(&refused), "sendmail refused it with status 69: no");
}

#[test]
fn a_dialogue_that_ended_tells_after_what() {
    let mut seen = rejected();
    seen.dialogue.drain(6..8);
    is_unclear("outcome = \"rejected\"", &seen, "the dialogue ended after rcpt-to");
}

#[test]
fn of_two_copies_that_in_the_inbox_counts() {
    let mut seen = delivered("Junk");
    seen.object.delivered.push(copy("alice@gateway.example", "inbox", "Subject: x\r\n\r\n"));
    holds("outcome = { delivered = \"INBOX\" }", &seen);
    seen.object.delivered.reverse();
    let judged = first(&plan("outcome = \"delivered\""), seen);
    assert_eq!(judged.outcome, Observed::Seen(Outcome::Delivered(Some("INBOX".to_owned()))));
}

#[test]
fn the_last_part_of_a_folder_says_whether_it_is_for_junk() {
    let of = |folder: &str| first(&plan("outcome = \"delivered\""), delivered(folder)).outcome;
    let folder = |name: &str| Some(name.to_owned());
    assert_eq!(of("Archive/Junk"), Observed::Seen(Outcome::Quarantined(folder("Archive/Junk"))));
    assert_eq!(of("Junk/Kept"), Observed::Seen(Outcome::Delivered(folder("Junk/Kept"))));
}

#[test]
fn a_host_takes_it_for_each_of_its_recipients() {
    let mut seen = sent();
    seen.arrived[0].rcpt_to.insert(0, "x@partner.example".to_owned());
    played::holds("outcome = \"delivered\"".to_owned(), &seen);
    let told = |seen: &Transaction, words: &str| {
        let judged = played::first(&played::outbound(vec!["outcome = \"rejected\"".to_owned()]), seen.clone());
        assert!(judged.findings[0].help().contains(words), "{}", judged.findings[0].help());
    };
    told(&seen, "mx.partner.example took it for bob@partner.example, over TLS");
    let mut second = seen.arrived[0].clone();
    second.host = "mx2.partner.example".to_owned();
    seen.arrived[0].is_protected = false;
    seen.arrived.push(second);
    told(&seen, "mx.partner.example took it for bob@partner.example, in cleartext");
}

#[test]
fn a_fate_is_that_of_its_recipient_and_the_last_one() {
    let mut seen = in_queue(FateStatus::Bounced);
    seen.object.fates.push(fate("alice@gateway.example", FateStatus::Deferred, "later"));
    seen.object.fates.push(fate("bob@gateway.example", FateStatus::Held, "x"));
    holds("outcome = \"deferred\"", &seen);
}

#[test]
fn a_notification_may_be_about_several() {
    let mut seen = in_queue(FateStatus::Bounced);
    seen.object.fates.clear();
    let both = "bob@gateway.example\r\nAction: delayed\r\n\r\nFinal-Recipient: rfc822; alice@gateway.example";
    seen.object.bounces = vec![notification("billing@bank.example", both, "failed")];
    holds("outcome = \"bounced\"", &seen);
}

#[test]
fn a_notification_that_names_nobody_is_about_nobody() {
    let mut seen = in_queue(FateStatus::Bounced);
    seen.object.fates.clear();
    let from = "billing@bank.example";
    for bounce in [notification(from, "", "failed"), copy(from, "INBOX", "Subject: Undelivered Mail\r\n\r\nSorry.\r\n")]
    {
        seen.object.bounces = vec![bounce];
        is_unclear("outcome = \"bounced\"", &seen, "nothing says what became of it");
    }
}

#[test]
fn a_result_that_names_mail_from_is_about_it_whatever_else_it_names() {
    let mut seen = rejected();
    seen.object.results[0] = result("spf", "fail", &[("smtp.helo", "h"), ("smtp.mailfrom", "x")], log("policyd-spf"));
    holds("spf = \"fail\"", &seen);
    is_unclear("spf = { helo = \"fail\" }", &seen, "nothing is said of HELO");
    // beside it one for HELO contradicts nothing
    seen.object.results.push(result("spf", "none", &[("smtp.helo", "h")], log("policyd-spf")));
    holds("spf = \"fail\"", &seen);
    holds("spf = { helo = \"none\" }", &seen);
}

#[test]
fn the_first_property_of_a_name_counts() {
    let mut seen = delivered("INBOX");
    seen.object.results[1].properties.push(("header.d".to_owned(), "x.example".to_owned()));
    holds("dkim = { pass = \"bank.example\" }", &seen);
}

#[test]
fn a_message_that_nobody_planned_is_for_whom_a_mailbox_or_a_queue_names() {
    let mut seen = delivered("INBOX");
    seen.object.delivered[0].recipient = Some("sales@gateway.example".parse().unwrap());
    seen.object.fates.push(fate("bob@gateway.example", FateStatus::Deferred, "later"));
    seen.object.delivered.push(seen.object.delivered[0].clone());
    seen.object.delivered.push(copy("alan@gateway.example", "Junk", ""));
    let names: Vec<String> = unplanned(&seen).iter().map(|ending| ending.recipient.to_string()).collect();
    assert_eq!(names, ["alan@gateway.example", "bob@gateway.example", "sales@gateway.example"]);
}

#[test]
fn a_result_for_helo_is_that_with_more_properties_too() {
    let mut seen = rejected();
    seen.object.results[0] = result("spf", "pass", &[("smtp.helo", "h"), ("policy.iprev", "x")], log("policyd-spf"));
    is_unclear("spf = \"pass\"", &seen, "nothing is said of MAIL FROM");
    holds("spf = { helo = \"pass\" }", &seen);
}

#[test]
fn a_message_is_accepted_if_it_is_for_one_recipient() {
    let text = plan("accepted = 1").plan.source.text.clone();
    let two = text.replacen("[\"alice@gateway.example\"]", "[\"alice@gateway.example\", \"bob@gateway.example\"]", 1);
    let mut seen = in_queue(FateStatus::Deferred);
    seen.dialogue.insert(6, exchange("rcpt-to", "RCPT TO:<bob@gateway.example>", "550 5.1.1 no"));
    let judged = first(&parse(&two), seen.clone());
    assert_eq!((judged.findings.len(), judged.errors.len()), (0, 0), "{judged:?}");
    seen.dialogue.truncate(7);
    seen.dialogue[5].reply = hidden();
    let judged = first(&parse(&two), seen);
    assert_eq!(
        (judged.findings.len(), judged.errors.len()),
        (0, 1),
        "one refusal says nothing of the other: {judged:?}"
    );
}

#[test]
fn of_a_null_reverse_path_the_result_of_helo_counts() {
    let null = plan("spf = \"fail\"").plan.source.text.replacen(
        "mail-from = \"billing@bank.example\"",
        "mail-from = \"<>\"",
        1,
    );
    let mut seen = rejected();
    seen.object.results[0] = result("spf", "fail", &[("smtp.helo", "h")], log("policyd-spf"));
    let judged = first(&parse(&null), seen.clone());
    assert_eq!((judged.findings.len(), judged.errors.len()), (0, 0));
    is_unclear("spf = \"fail\"", &seen, "nothing is said of MAIL FROM");
    seen.object.results.push(result("spf", "pass", &[("smtp.mailfrom", "")], log("policyd-spf")));
    assert_eq!(first(&parse(&null), seen).findings.len(), 1);
}

#[test]
fn results_that_contradict_each_other_are_none() {
    let mut seen = rejected();
    seen.object.results.push(result("dmarc", "pass", &[], log("opendmarc")));
    let judged = first(&plan("spf = \"fail\""), seen);
    assert!(matches!(&judged.dmarc, Observed::Unobserved(why) if why.contains("contradict each other")), "{judged:?}");
}

#[test]
fn a_signature_is_known_beside_one_that_is_nameless() {
    let mut seen = delivered("INBOX");
    seen.object.results.push(result("dkim", "pass", &[], ResultSource::Header));
    holds("dkim = { pass = \"bank.example\" }", &seen);
    seen.object.results.push(result("dkim", "maybe", &[("header.d", "x.example")], ResultSource::Header));
    is_unclear("dkim = { pass = \"bank.example\" }", &seen, "`maybe` is no DKIM result");
}

#[test]
fn what_lies_in_a_mailbox_was_accepted() {
    let mut seen = delivered("INBOX");
    for is_accepted in [None, Some(false), Some(true)] {
        seen.object.is_accepted = is_accepted;
        holds("accepted = 1", &seen);
    }
    seen.object.delivered.clear();
    holds("accepted = 1", &seen);
    seen.object.is_accepted = Some(false);
    holds("accepted = 0", &seen);
    seen.object.is_accepted = None;
    holds("accepted = 1", &seen);
    seen.dialogue[7].reply = hidden();
    is_unclear("accepted = 1", &seen, "nothing says whether the planned one was");
}

/// Of the planned message the recipients are those of the file, whatever its queue names.
#[test]
fn the_planned_message_is_for_whom_it_was_planned() {
    let mut seen = in_queue(FateStatus::Deferred);
    holds("messages = [{ outcome = \"deferred\" }]", &seen);
    seen.object.fates[0].recipient = "bob@gateway.example".parse().unwrap();
    is_unclear("messages = [{ outcome = \"deferred\" }]", &seen, "nothing says what became of it");
}

#[test]
fn a_field_stands_above_received_or_below_it_or_is_it() {
    let mut seen = delivered("INBOX");
    let text = "X: above\r\nReceived: by mx\r\nX: below\r\n\r\n";
    seen.object.delivered = vec![copy("alice@gateway.example", "INBOX", text)];
    for (name, text, place, count) in [
        ("X", "above", "above-received", 1),
        ("X", "above", "below-received", 0),
        ("X", "below", "above-received", 0),
        ("X", "below", "below-received", 1),
        ("Received", "by", "above-received", 0),
        ("Received", "by", "below-received", 0),
    ] {
        let claim = format!("name = \"{name}\", contains = \"{text}\", place = \"{place}\", count = {count}");
        holds(&format!("header = {{ {claim} }}"), &seen);
    }
    seen.object.delivered = vec![copy("alice@gateway.example", "INBOX", "X: above\r\n\r\n")];
    holds("header = { name = \"X\", place = \"above-received\", count = 1 }", &seen);
    holds("header = { name = \"X\", place = \"below-received\", count = 0 }", &seen);
}

#[test]
fn what_was_seen_decides_although_the_log_was_not_complete() {
    let mut seen = rejected();
    seen.object.waiting_for = vec!["the end of the connection".to_owned()];
    seen.object.results[1] = result("dkim", "fail", &[("header.d", "bank.example")], log("opendkim"));
    holds("dkim = { fail = \"bank.example\" }", &seen);
    seen.object.is_accepted = Some(true);
    seen.others = vec![seen.object.clone()];
    let what = "2 messages were accepted, not 1";
    let judged = first(&plan("messages = [{ dmarc = \"fail\" }]"), seen);
    assert!(judged.findings.iter().any(|finding| finding.to_string().ends_with(what)), "{judged:?}");
}

#[test]
fn one_result_of_several_is_enough() {
    let mut seen = delivered("INBOX");
    let other = result("dkim", "fail", &[("header.d", "x.example")], ResultSource::Header);
    seen.object.results.push(other);
    for word in ["pass", "fail"] {
        holds(&format!("result = {{ method = \"dkim\", result = \"{word}\" }}"), &seen);
    }
}

#[test]
fn one_property_of_several_is_enough() {
    let mut seen = rejected();
    seen.object.results[2].properties.push(("policy.dmarc".to_owned(), "reject".to_owned()));
    holds("result = { method = \"dmarc\", properties = { \"header.from\" = \"bank.example\" } }", &seen);
}

#[test]
fn a_property_may_have_a_hyphen_or_an_underscore() {
    let mut seen = rejected();
    seen.object.results[2].properties.push(("policy.dmarc-x_y".to_owned(), "reject".to_owned()));
    holds("result = { method = \"dmarc\", properties = { \"policy.DMARC-x_y\" = \"reject\" } }", &seen);
}

#[test]
fn a_refusal_without_an_explanation_decides_although_a_farewell_was_not_heard() {
    let mut seen = rejected();
    seen.dialogue[8].reply = hidden();
    let what = "no refusal explains `ask postmaster`";
    fails("spf-explanation = \"ask postmaster\"", &seen, what, "550 5.7.1");
}

#[test]
fn the_topmost_field_about_the_hop_counts() {
    let forged = format!("{}{}", field("", "ESMTP"), field(USING, "ESMTPS"));
    let mut seen = traced(&forged);
    seen.dialogue.retain(|e| e.to != "starttls");
    seen.handshake = hidden();
    holds("received = \"as-negotiated\"", &seen);
    // Where there are two hops between gateways, the last one is meant.
    let plan = submission("received = \"as-negotiated\"");
    let between = field("", "ESMTP").replace("198.51.100.66", "192.0.2.25");
    let mut relayed = traced(&between);
    let mut before = relay(None);
    before.to = "mx.elsewhere.example[192.0.2.9]:25".to_owned();
    relayed.object.relays = vec![before, relay(None)];
    let judged = first(&plan, relayed);
    assert_eq!((judged.findings.len(), judged.errors.len()), (0, 0), "{judged:?}");
}

/// A result for the HELO name is one for MAIL FROM where the message's own reverse-path is null.
#[test]
fn a_message_that_nobody_planned_has_a_reverse_path_of_its_own() {
    let claim = "accepted = 1\nmessages = [{ spf = \"pass\" }]";
    let mut seen = rejected();
    seen.others = vec![MailObject {
        is_accepted: Some(true),
        mail_from: Some(String::new()),
        results: vec![result("spf", "pass", &[("smtp.helo", "h")], log("policyd-spf"))],
        ..MailObject::default()
    }];
    holds(claim, &seen);
    for from in [Some("a@b.example".to_owned()), None] {
        seen.others[0].mail_from = from;
        is_unclear(claim, &seen, "nothing is said of MAIL FROM");
    }
}

/// The last line with the word, else the last one; and of DMARC what it rests on.
#[test]
fn a_result_is_shown_with_its_line_of_the_log() {
    let mut seen = rejected();
    let told = |seen: &Transaction| {
        let judged = first(&plan("dmarc = \"pass\""), seen.clone());
        judged.findings[0].help().lines().take(4).map(str::to_owned).collect::<Vec<_>>()
    };
    let line = |text: &str| LogLine {
        text: text.to_owned(),
        program: "x/opendmarc".to_owned(),
        ..rejected().object.log[1].clone()
    };
    seen.object.log = vec![line("1 FAIL"), line("2 fail"), line("3")];
    let shown = |text: &str| {
        names(&[
            "the log of opendmarc says dmarc=fail header.from=bank.example",
            &format!("opendmarc on mx.gateway.example logged: {text}"),
            "the log of policyd-spf says spf=fail smtp.mailfrom=billing@bank.example",
            "the log of opendkim says dkim=none",
        ])
    };
    assert_eq!(told(&seen), shown("2 fail"));
    seen.object.log = vec![line("1"), line("2")];
    assert_eq!(told(&seen), shown("2"));
}

/// The last one over which a host took what arrived there; else the last one at all.
#[test]
fn the_connection_that_counts_is_the_last_that_took_something() {
    let version = |host: &str, version: &str, took: bool| {
        let mut connection = played::protected();
        connection.host = host.to_owned();
        connection.handshake.seen_mut().unwrap().version = version.to_owned();
        connection.dialogue.truncate(if took { usize::MAX } else { 4 });
        connection
    };
    let claim = || "handshake = { version = \"TLSv1.2\" }".to_owned();
    let (host, other) = ("mx.partner.example", "mx2.partner.example");
    for connections in [
        vec![version(host, "TLSv1.2", true), version(host, "TLSv1.3", false)],
        vec![version(host, "TLSv1.3", true), version(host, "TLSv1.2", true)],
        vec![version(host, "TLSv1.2", true), version(other, "TLSv1.3", true)],
    ] {
        played::holds(claim(), &Transaction { connections, ..sent() });
    }
    let mut elsewhere =
        Transaction { connections: vec![version(host, "TLSv1.2", true), version(host, "TLSv1.3", false)], ..sent() };
    elsewhere.arrived.push(Arrived { host: other.to_owned(), ..elsewhere.arrived[0].clone() });
    played::holds(claim(), &elsewhere);
    let none = vec![version(host, "TLSv1.3", false), version(host, "TLSv1.2", false)];
    played::holds(claim(), &played::kept(none));
    let mut twice = sent();
    twice.object.relays.insert(0, played::logged(Trust::Untrusted(None)));
    played::holds("handshake = { peer = \"trusted\" }".to_owned(), &twice);
}

/// Whether there would have been TLS is not known where the reply was not heard that decides it.
#[test]
fn cleartext_is_seen_and_not_guessed() {
    let mut seen = delivered("INBOX");
    seen.handshake = hidden();
    seen.dialogue.truncate(3);
    let none = "handshake = { version = \"none\" }";
    seen.dialogue[2] = exchange("starttls", "STARTTLS", "454 4.7.0 no");
    holds(none, &seen);
    seen.dialogue[2].reply = hidden();
    is_unclear(none, &seen, "the server closed the connection");
    seen.dialogue.truncate(2);
    holds(none, &seen);
    seen.dialogue[1].reply = hidden();
    is_unclear(none, &seen, "the server closed the connection");
    let mut begun = played::cleartext();
    let at = begun.dialogue.iter().position(|e| e.to == "data").unwrap();
    begun.dialogue.truncate(at + 1);
    begun.dialogue[at].reply = hidden();
    played::is_unclear(none.to_owned(), &played::kept(vec![begun]), "saw no message and no TLS");
}

#[test]
fn a_chain_for_the_name_counts_before_one_for_none() {
    let mut seen = good();
    let chains = seen.chains.seen_mut().unwrap();
    let nameless = ChainSeen { server_name: None, trust: Trust::Untrusted(None), ..chains[0].clone() };
    chains[0].server_name = Some("mx.gateway.example".to_owned());
    chains.push(nameless);
    served::holds("peer = \"verified\"".to_owned(), &seen);
}

#[test]
fn a_field_that_names_a_version_alone_says_that_there_was_tls() {
    let mut seen = traced(&field("(using TLSv1.3 with cipher ) ", "ESMTP"));
    seen.dialogue.retain(|e| e.to != "starttls");
    seen.handshake = hidden();
    fails("received = \"as-negotiated\"", &seen, "Received says TLSv1.3 , and there was no TLS", "using TLSv1.3");
}

#[test]
fn of_several_refusals_the_last_one_hindered_a_command() {
    let mut seen = rejected();
    seen.dialogue.truncate(4);
    seen.dialogue.push(exchange("auth", "AUTH PLAIN", "535 5.7.8 no"));
    seen.dialogue.push(exchange("mail-from", "MAIL FROM:<a@b>", "530 5.7.0 log in"));
    let what = "it did not come to end-of-data: mail-from was refused";
    fails("reply = { to = \"end-of-data\", code = 250 }", &seen, what, "530 5.7.0 log in");
}

#[test]
fn a_farewell_that_nobody_heard_hides_no_refusal() {
    let mut seen = rejected();
    seen.dialogue.truncate(5);
    seen.dialogue.push(exchange("rcpt-to", "RCPT TO:<a@b>", "550 5.7.1 no"));
    seen.dialogue.push(exchange("quit", "QUIT", "221 bye"));
    seen.dialogue[6].reply = hidden();
    let what = "it did not come to end-of-data: rcpt-to was refused";
    fails("reply = { to = \"end-of-data\", code = 250 }", &seen, what, "550 5.7.1 no");
}

#[test]
fn the_key_is_that_of_the_first_certificate() {
    let mut seen = good();
    seen.chains.seen_mut().unwrap()[0].certificates.push(certificate("Mailproof Intermediate", "RSA 2048"));
    served::holds("key = \"EC P-256\"".to_owned(), &seen);
    served::fails(
        "key = \"RSA 2048\"".to_owned(),
        &seen,
        "the key of its certificate is EC P-256, not RSA 2048",
        "EC P-256",
    );
}

#[test]
fn an_alias_is_no_tlsa_record() {
    let mut seen = good();
    seen.tlsa.seen_mut().unwrap().records = names(&["mx.elsewhere.example."]);
    served::holds("tlsa = \"none\"".to_owned(), &seen);
}

#[test]
fn a_program_that_hands_mail_in_has_no_reply() {
    let mut plan = submission("outcome = \"delivered\"");
    plan.plan.transactions[0].origin = Origin::Sendmail;
    let mut seen = sent();
    seen.arrived[0].rcpt_to = names(&["alice@gateway.example"]);
    let judged = first(&plan, seen);
    assert_eq!((judged.findings.len(), judged.errors.len()), (0, 0), "{judged:?}");
}

#[test]
fn a_service_that_asks_for_tls_by_name_requires_it_whatever_a_login_says() {
    let mut seen = good();
    seen.service = Service::Submission;
    let before = served::cleartext(&mut seen);
    before.mail_from = Observed::Seen("530-5.7.0 no\n530 5.7.0 Must issue a STARTTLS command first".parse().unwrap());
    before.login = Observed::Seen(LoginSeen::Taken("535 5.7.8 failed".to_owned()));
    served::holds("starttls = \"required\"".to_owned(), &seen);
    seen.service = Service::Smtp;
    served::cleartext(&mut seen).mail_from = Observed::Seen("530 5.7.0 no".parse().unwrap());
    served::holds("starttls = \"required\"".to_owned(), &seen);
}

#[test]
fn only_of_a_finite_field_dhe_hides_something() {
    let mut seen = good();
    seen.dh = hidden();
    served::holds("refuses = [\"X448\"]".to_owned(), &seen);
    served::is_unclear("refuses = [\"ffdhe3072\"]".to_owned(), &seen, "the DHE group");
    served::is_unclear("refuses = [\"modp2048\"]".to_owned(), &seen, "the DHE group");
}

#[test]
fn a_setting_is_that_of_its_daemon_and_name() {
    let taken = |changed: fn(&mut Vec<Setting>)| {
        let mut settings = settings::seen([true, true], [&[], &[]]);
        changed(&mut settings);
        let evidence = Evidence { settings, ..Evidence::default() };
        judge(&settings::settings(vec!["taken = true".to_owned()]), &evidence).errors().count()
    };
    assert_eq!(taken(|_| {}), 0);
    assert_eq!(taken(|settings| settings[1].daemon = "postfix".to_owned()), 1);
    assert_eq!(taken(|settings| settings[1].name = "ssl_ciphers".to_owned()), 1);
}
