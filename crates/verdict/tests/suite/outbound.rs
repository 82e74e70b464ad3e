//! Claims on mail to hosts that the harness plays, and how it is shown.

use crate::{
    canned::{fate, handshake, list, word},
    played::{
        TEXT, broken, cleartext, fails, first, holds, host, is_unclear, kept, logged, offer, outbound, protected, run,
        sent, verdict, web,
    },
    served::{names, span},
};
use claims::{Scenario, outcomes::Outcome};
use evidence::{FateStatus, Observed, Transaction, Trust};
use mailproof_verdict::Judged;
use plan::{Change, Daemon, SettingChange, Spanned};

fn tls(version: &str) -> String {
    format!("handshake = {{ version = {version:?} }}")
}

fn peer(trust: &str) -> String {
    format!("handshake = {{ peer = {trust:?} }}")
}

fn arrived(host: &str) -> String {
    word("arrived", host)
}

fn offered(versions: &[&str]) -> String {
    list("offered", versions)
}

#[test]
fn mail_that_a_played_host_took_is_delivered() {
    holds(word("outcome", "delivered"), &sent());
    let judged = first(&outbound(Vec::new()), sent());
    assert_eq!(judged.outcome, Observed::Seen(Outcome::Delivered(None)));
    let help = "mx.partner.example took it for bob@partner.example, over TLS";
    let message = "the message for bob@partner.example was delivered, not deferred";
    fails(word("outcome", "deferred"), &sent(), message, help, 3);
    let message = "the message for bob@partner.example was delivered, not delivered to INBOX";
    fails("outcome = { delivered = \"INBOX\" }".to_owned(), &sent(), message, help, 3);
    let mut seen = sent();
    seen.arrived[0].rcpt_to = names(&["Bob@partner.example"]);
    seen.object.fates = vec![fate("bob@partner.example", FateStatus::Deferred, "lost connection")];
    holds(word("outcome", "delivered"), &seen);
    seen.arrived[0].rcpt_to = names(&["carol@partner.example"]);
    holds(word("outcome", "deferred"), &seen);
}

#[test]
fn mail_that_no_host_took_is_what_its_queue_says() {
    for (status, outcome) in [(FateStatus::Deferred, "deferred"), (FateStatus::Bounced, "bounced")] {
        let mut seen = kept(vec![broken()]);
        seen.object.fates = vec![fate("bob@partner.example", status, "TLS is required, but was not offered")];
        holds(word("outcome", outcome), &seen);
        let delivered = word("outcome", "delivered");
        let judged = first(&outbound(vec![delivered]), seen);
        assert!(judged.findings[0].help().contains("TLS is required, but was not offered"));
    }
    let mut seen = kept(vec![broken()]);
    is_unclear(word("outcome", "deferred"), &seen, "sendmail took it, and nothing says what became of it");
    seen.object.fates = vec![fate("bob@partner.example", FateStatus::Sent, "250 2.0.0 taken")];
    is_unclear(word("outcome", "deferred"), &seen, "it was not taken by a host for bob@partner.example");
}

#[test]
fn a_program_takes_mail_or_refuses_it() {
    let mut seen = kept(Vec::new());
    seen.program = Some(run(75, "sendmail: fatal: queue full"));
    holds(word("outcome", "deferred"), &seen);
    let message = "the message for bob@partner.example was deferred, not rejected";
    fails(
        word("outcome", "rejected"),
        &seen,
        message,
        "sendmail refused it for now, with status 75: sendmail: fatal",
        3,
    );
    seen.program = Some(run(65, ""));
    holds(word("outcome", "rejected"), &seen);
    seen.program = Some(run(0, ""));
    let message = "the message for bob@partner.example was accepted, not rejected";
    fails(word("outcome", "rejected"), &seen, message, "sendmail took it", 3);
    seen.program = None;
    is_unclear(word("outcome", "rejected"), &seen, "the dialogue ended after the connection");
}

#[test]
fn the_host_says_what_was_negotiated_and_the_log_what_the_certificate_was_worth() {
    holds(tls("TLSv1.3"), &sent());
    holds(peer("trusted"), &sent());
    fails(tls("TLSv1.2"), &sent(), "the version is TLSv1.3, not TLSv1.2", "x25519, peer trusted", 3);
    fails(peer("verified"), &sent(), "the peer is trusted, not verified", "peer trusted", 3);
    fails(tls("none"), &sent(), "the connection was protected by TLSv1.3", "TLSv1.3 TLS_AES_256_GCM_SHA384", 3);
    let mut seen = sent();
    for relays in [
        Vec::new(),
        vec![evidence::Relay { to: "mx.other.example[198.51.100.9]:25".to_owned(), ..logged(Trust::Trusted) }],
    ] {
        seen.object.relays = relays;
        holds(tls("TLSv1.3"), &seen);
        is_unclear(peer("trusted"), &seen, "no log says what the certificate of mx.partner.example was worth");
        let both = "handshake = { version = \"TLSv1.2\", peer = \"trusted\" }".to_owned();
        fails(both, &seen, "the version is TLSv1.3, not TLSv1.2", "the handshake was TLSv1.3", 3);
    }
}

#[test]
fn a_message_that_came_without_tls_came_in_cleartext() {
    let mut seen = sent();
    seen.connections = vec![broken(), cleartext()];
    holds(tls("none"), &seen);
    let help = "the message was sent to mx.partner.example in cleartext: STARTTLS was not offered";
    fails(tls("TLSv1.3"), &seen, "there was no TLS", help, 3);
    seen.connections = vec![protected(), broken()];
    holds(tls("TLSv1.3"), &seen);
    let mut cut = cleartext();
    cut.dialogue.truncate(5);
    holds(tls("none"), &kept(vec![cut.clone()]));
    cut.dialogue.truncate(2);
    is_unclear(tls("none"), &kept(vec![cut]), "saw no message and no TLS: STARTTLS was not offered");
    is_unclear(tls("TLSv1.3"), &kept(vec![broken()]), "the client closed the connection; closed by the client");
    is_unclear(tls("none"), &kept(Vec::new()), "no hop between two MTAs was seen");
    is_unclear(tls("TLSv1.3"), &kept(vec![web(true)]), "no hop between two MTAs was seen");
}

#[test]
fn mail_between_gateways_is_judged_by_the_log_as_before() {
    let mut seen = kept(vec![web(true)]);
    seen.object.relays = vec![logged(Trust::Verified)];
    holds(peer("verified"), &seen);
    seen.object.relays[0].handshake = None;
    holds(tls("none"), &seen);
}

#[test]
fn a_claimed_host_took_the_message() {
    holds(arrived("mx.partner.example"), &sent());
    let message = "mx2.partner.example did not take the message";
    let help = "mx.partner.example took it\nconnected to mx.partner.example (smtp): TLSv1.3 TLS_AES_256_GCM_SHA384 x25519, \
                end-of-data answered 250 2.0.0 taken; quit";
    fails(arrived("mx2.partner.example"), &sent(), message, help, 7);
    let message = "mx.partner.example did not take the message";
    let help = "no host took it\nconnected to mx.partner.example (smtp): no TLS (the client closed the connection), starttls \
                answered 220 2.0.0 go on; closed by the client";
    fails(arrived("mx.partner.example"), &kept(vec![broken()]), message, help, 3);
}

#[test]
fn exactly_the_claimed_versions_are_offered() {
    holds(offered(&["TLSv1.3", "TLSv1.2"]), &sent());
    let help = "the ClientHello to mx.partner.example offers TLSv1.2, TLSv1.3";
    fails(offered(&["TLSv1.3"]), &sent(), "TLSv1.2, TLSv1.3 is offered, not exactly TLSv1.3", help, 3);
    let mut seen = sent();
    seen.connections.push(web(true));
    seen.connections[1].offer = Some(offer(&["TLSv1.3"]));
    holds(offered(&["TLSv1.2", "TLSv1.3"]), &seen);
    seen.connections[0].offer = Some(offer(&["TLSv1.3"]));
    holds(offered(&["TLSv1.3"]), &seen);
    is_unclear(
        offered(&["TLSv1.3"]),
        &kept(vec![cleartext()]),
        "no ClientHello was seen: connected to mx.partner.example",
    );
    is_unclear(offered(&["TLSv1.3"]), &kept(Vec::new()), "no host was connected to");
}

#[test]
fn a_client_hello_of_old_only_tells_its_highest_version() {
    let mut seen = sent();
    seen.connections[0].offer = Some(offer(&["TLSv1.2"]));
    for claim in [&["TLSv1.2"][..], &["TLSv1", "TLSv1.1", "TLSv1.2"]] {
        is_unclear(offered(claim), &seen, "only tells that TLSv1.2 is the highest version");
    }
    let help = "offers TLSv1.2 as the highest version";
    fails(offered(&["TLSv1.2", "TLSv1.3"]), &seen, "TLSv1.2 is offered, not exactly TLSv1.2, TLSv1.3", help, 3);
    fails(offered(&["TLSv1"]), &seen, "TLSv1.2 is offered, not exactly TLSv1", help, 3);
}

#[test]
fn a_policy_is_fetched_if_it_is_asked_for() {
    let seen = |is_asked: &[bool]| {
        let mut seen = sent();
        seen.connections.extend(is_asked.iter().map(|is| web(*is)));
        seen
    };
    holds("fetched = true".to_owned(), &seen(&[true]));
    holds("fetched = true".to_owned(), &seen(&[false, true]));
    holds("fetched = false".to_owned(), &seen(&[]));
    holds("fetched = false".to_owned(), &seen(&[false]));
    let judge = |wanted: bool, seen: Transaction| first(&outbound(vec![format!("fetched = {wanted}")]), seen);
    let said = |judged: Judged| (judged.findings[0].to_string(), judged.findings[0].help().to_owned());
    let (message, help) = said(judge(true, seen(&[])));
    assert_eq!(
        (message.as_str(), help.as_str()),
        ("outbound: no policy was fetched", "no web server was connected to")
    );
    let (message, help) = said(judge(true, seen(&[false])));
    assert_eq!(message, "outbound: no policy was fetched");
    assert!(help.contains("connected to mta-sts.partner.example (https): TLSv1.3"), "{help}");
    let (message, help) = said(judge(false, seen(&[true])));
    assert_eq!(message, "outbound: a policy was fetched");
    assert!(help.contains("get answered 200 OK; closed by the client"), "{help}");
}

#[test]
fn a_field_of_the_message_at_the_host_has_the_text() {
    let header = |contains: &str| format!("header = {{ name = \"Subject\", contains = {contains:?} }}");
    holds(header("Lunch"), &sent());
    let message = "no Subject field of the message at mx.partner.example has `Dinner`";
    fails(header("Dinner"), &sent(), message, "Subject: Lunch", 15);
}

#[test]
fn the_cause_is_the_changed_setting_or_the_host_as_it_is_then() {
    let line = |plan: &Scenario| first(plan, sent()).findings[0].places().swap_remove(1);
    let mut plan = outbound(vec![tls("TLSv1.2")]);
    plan.plan.transactions[0].change = Some(Change { hosts: vec![host("mx.partner.example")], ..Change::default() });
    if let Some(change) = &mut plan.plan.transactions[0].change {
        change.hosts[0].span = span(TEXT, "via       = ");
    }
    assert_eq!((line(&plan).line, line(&plan).what.as_str()), (9, "the host that it is for"));
    plan.plan.settings.changes = vec![SettingChange {
        daemon: Daemon::Postfix,
        name: Spanned { value: "smtp_tls_protocols".to_owned(), span: span(TEXT, "title") },
        value: None,
    }];
    assert_eq!((line(&plan).line, line(&plan).what.as_str()), (1, "without this setting"));
}

#[test]
fn the_snapshot_reads_like_the_protocol_on_both_sides() {
    let expected = "\
# outbound

sendmail on the gateway

$ sendmail -i -f alice@gateway.example -- bob@partner.example
-- status 0 --

Relay
  mx.gateway.example -> mx.partner.example[198.51.100.25]:25
    TLSv1.3 TLS_AES_256_GCM_SHA384 x25519, peer trusted
    250 2.0.0 Ok: queued as 4Abc

Host mta-sts.partner.example (https)
  offer: TLSv1.2, TLSv1.3; 2 suites (CBC, SHA1); groups X25519MLKEM768, x25519; 2 signature schemes; name mx.partner.example
  TLS: TLSv1.3 TLS_AES_256_GCM_SHA384 x25519
  certificate 0: mx.gateway.example for mx.gateway.example; EC P-256; ecdsa-with-SHA256 by Mailproof Intermediate
  -- TLSv1.3 --
  C: GET /.well-known/mta-sts.txt HTTP/1.1
  S: 200 OK
  -- closed by the client --

Host mx.partner.example (smtp)
  offer: TLSv1.2, TLSv1.3; 2 suites (CBC, SHA1); groups X25519MLKEM768, x25519; 2 signature schemes; name mx.partner.example
  TLS: none: the client closed the connection
  S: 220 mx.partner.example ESMTP
  C: EHLO mx.gateway.example
  S: 250-mx.partner.example
  S: 250 STARTTLS
  C: STARTTLS
  S: 220 2.0.0 go on
  -- closed by the client --

Host mx.partner.example (smtp)
  TLS: none: STARTTLS was not offered
  S: 220 mx.partner.example ESMTP
  C: EHLO mx.gateway.example
  S: 250 mx.partner.example
  C: MAIL FROM:<alice@gateway.example> SIZE=SIZE
  S: 250 2.1.0 Ok
  C: RCPT TO:<bob@partner.example>
  S: 250 2.1.5 Ok
  C: DATA
  S: 354 go on
  C: (the message)
  C: .
  S: 250 2.0.0 taken
  C: QUIT
  S: 221 2.0.0 Bye
  -- quit --

Outcome
  bob@partner.example: delivered

Arrived at mx.partner.example
  over TLS
  MAIL FROM:<alice@gateway.example>
  RCPT TO:<bob@partner.example>
  + Received: by mx.gateway.example (Postfix, from userid 0) id QID-1; DATE
";
    let mut seen = sent();
    seen.connections = vec![web(true), broken(), cleartext()];
    assert_eq!(verdict(&outbound(Vec::new()), seen).snapshot, expected);
}

#[test]
fn connections_to_hosts_of_several_domains_have_no_order() {
    let mut plan = outbound(Vec::new());
    let other = Spanned { value: "dave@other.example".parse().unwrap(), span: 0..0 };
    let mut seen = sent();
    let mut second = protected();
    second.host = "mx.other.example".to_owned();
    second.handshake = Observed::Seen(handshake("TLSv1.2", Trust::Anonymous));
    seen.connections.push(second);
    seen.object.relays.push(logged(Trust::Verified));
    seen.arrived.push(evidence::Arrived { host: "mx.other.example".to_owned(), ..seen.arrived[0].clone() });
    let mut turned = seen.clone();
    turned.connections.reverse();
    turned.object.relays.reverse();
    turned.arrived.reverse();
    assert_ne!(verdict(&plan, seen.clone()).snapshot, verdict(&plan, turned.clone()).snapshot);
    plan.plan.transactions[0].rcpt_to.push(other.into());
    let text = verdict(&plan, seen).snapshot;
    assert_eq!(verdict(&plan, turned).snapshot, text);
    assert!(text.contains("\nHost mx.other.example (smtp), in no order\n"), "{text}");
}
