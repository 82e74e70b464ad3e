//! The claim that Received says what was negotiated.

use crate::{
    canned::{claims, copy, delivered, handshake, in_queue, plan, rejected, relay, submission, word},
    played::{first, kept, sent},
};
use claims::Scenario;
use evidence::{FateStatus, Observed, Transaction, Trust};
use mailproof_verdict::Judged;
use plan::Origin;

pub(crate) const USING: &str =
    "(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange x25519)\r\n\t";

fn received(plan: Scenario, seen: Transaction) -> Judged {
    let mut plan = plan;
    let list = &mut plan.claims.transactions[0];
    *list = claims(&[word("received", "as-negotiated")], &list.iter().next().unwrap().span.clone());
    first(&plan, seen)
}

fn is_well(judged: &Judged) -> bool {
    judged.findings.is_empty() && judged.errors.is_empty()
}

fn holds(seen: &Transaction) {
    let judged = received(plan("outcome = \"delivered\""), seen.clone());
    assert!(is_well(&judged), "{judged:?}");
}

fn fails(seen: &Transaction, message: &str, help: &str) {
    let judged = received(plan("outcome = \"delivered\""), seen.clone());
    let said: Vec<String> = judged.findings.iter().map(ToString::to_string).collect();
    assert_eq!((said, judged.errors.len()), (vec![format!("forged: {message}")], 0));
    assert!(judged.findings[0].help().contains(help), "{}", judged.findings[0].help());
    assert_eq!(judged.findings[0].places()[1].what, "what the client asks for");
}

fn is_unclear(seen: &Transaction, reason: &str) {
    let judged = received(plan("outcome = \"delivered\""), seen.clone());
    assert_eq!((judged.findings.len(), judged.errors.len()), (0, 1));
    assert!(judged.errors[0].help().contains(reason), "{}", judged.errors[0].help());
}

/// The topmost fields of a message that came from the forger's address.
pub(crate) fn field(using: &str, with: &str) -> String {
    format!(
        "Received: from mx.gateway.example ([172.18.0.5])\r\n\tby store.gateway.example with LMTP id x\r\n\
         Received: from mail.attacker.example (unknown [198.51.100.66])\r\n\t{using}by mx.gateway.example (Postfix) with \
         {with} id 4dFp\r\n\tfor <alice@gateway.example>; Tue, 24 Nov 2026 09:44:52 +0000 (UTC)\r\n"
    )
}

/// Delivered with this trace.
pub(crate) fn traced(trace: &str) -> Transaction {
    let mut seen = delivered("INBOX");
    seen.object.delivered =
        vec![copy("alice@gateway.example", "INBOX", &format!("{trace}Subject: x\r\n\r\nPay here.\r\n"))];
    seen
}

/// The same, seen to come without TLS.
fn without_tls(trace: &str) -> Transaction {
    let mut seen = traced(trace);
    seen.dialogue.retain(|e| e.to != "starttls");
    seen.handshake = Observed::Unobserved("no TLS was asked for".to_owned());
    seen
}

#[test]
fn version_and_cipher_are_those_of_the_handshake() {
    holds(&traced(&field(USING, "ESMTPS")));
    let old = USING.replace("TLSv1.3", "TLSv1.2");
    let help = "the handshake was TLSv1.3 TLS_AES_256_GCM_SHA384\nReceived: from mail.attacker.example";
    fails(&traced(&field(&old, "ESMTPS")), "Received says TLSv1.2, not TLSv1.3", help);
    let other = USING.replace("AES_256_GCM_SHA384", "AES_128_GCM_SHA256");
    let message = "Received says TLS_AES_128_GCM_SHA256, not TLS_AES_256_GCM_SHA384";
    fails(&traced(&field(&other, "ESMTPS")), message, help);
    fails(&traced(&field("", "ESMTPS")), "Received does not say what was negotiated", help);
    fails(&traced(&field(USING, "ESMTP")), "Received says `with ESMTP`, not TLS", help);
    let mut seen = traced(&field(
        &USING.replace("TLSv1.3", "TLSv1.2").replace("TLS_AES_256_GCM_SHA384", "ECDHE-RSA-AES256-GCM-SHA384"),
        "ESMTPS",
    ));
    let mut negotiated = handshake("TLSv1.2", Trust::Verified);
    negotiated.suite = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384".to_owned();
    seen.handshake = Observed::Seen(negotiated);
    holds(&seen);
}

#[test]
fn without_tls_neither_is_said() {
    holds(&without_tls(&field("", "ESMTP")));
    let help = "EHLO was answered in cleartext: no TLS was asked for\nReceived: from mail.attacker.example";
    let message = "Received says TLSv1.3 TLS_AES_256_GCM_SHA384, and there was no TLS";
    fails(&without_tls(&field(USING, "ESMTPS")), message, help);
    fails(&without_tls(&field("", "ESMTPS")), "Received says `with ESMTPS`, and there was no TLS", help);
}

#[test]
fn only_the_gateways_own_field_counts() {
    let forged = field(USING, "ESMTPS").replace("198.51.100.66", "192.0.2.1");
    holds(&without_tls(&format!("{}{forged}", field("", "ESMTP"))));
    let filtered =
        "Received: from localhost (localhost [127.0.0.1])\r\n\tby mx.gateway.example (Postfix) with ESMTP id 1\r\n";
    holds(&traced(&format!("{filtered}{}", field(USING, "ESMTPS"))));
    let message = "no Received field is about a connection from 198.51.100.66";
    fails(&traced(&forged), message, "Received: from mx.gateway.example ([172.18.0.5]) by store.gateway.example");
    fails(&traced(""), message, "the message has no Received field");
}

#[test]
fn what_was_not_seen_is_unclear() {
    let mut seen = traced(&field(USING, "ESMTPS"));
    seen.handshake = Observed::Unobserved("the record was not read".to_owned());
    is_unclear(&seen, "the record was not read");
    is_unclear(&in_queue(FateStatus::Sent), "was not found in a mailbox");
    fails(&rejected(), "no message has come anywhere: it was rejected", "550 5.7.1");
}

#[test]
fn of_mail_between_gateways_the_hop_between_them_counts() {
    let relayed = || submission("outcome = \"delivered\"");
    let trace = |using: &str, with: &str| {
        let between = field(using, with)
            .replace("mail.attacker.example (unknown [198.51.100.66])", "mx.sender.example (x [192.0.2.25])");
        format!(
            "{between}Received: from laptop.example (unknown [198.51.100.250])\r\n\tby mx.sender.example with ESMTPA id 1\r\n"
        )
    };
    let seen = |using: &str, with: &str| {
        let mut seen = traced(&trace(using, with));
        seen.object.relays = vec![relay(Some(handshake("TLSv1.3", Trust::Trusted)))];
        seen
    };
    assert!(is_well(&received(relayed(), seen(USING, "ESMTPS"))));
    assert_eq!(received(relayed(), seen("", "ESMTPS")).findings.len(), 1);
    let mut cleartext = seen("", "ESMTP");
    cleartext.object.relays[0].handshake = None;
    assert!(is_well(&received(relayed(), cleartext)));
    let mut unheard = seen(USING, "ESMTPS");
    unheard.object.relays[0].handshake = None;
    unheard.object.relays[0].reply = Observed::Unobserved("lost connection".to_owned());
    assert_eq!(received(relayed(), unheard).errors.len(), 1);
    let mut elsewhere = seen(USING, "ESMTPS");
    elsewhere.object.relays[0].to = "mx.other.example[192.0.2.9]:25".to_owned();
    let judged = received(relayed(), elsewhere);
    assert_eq!(judged.findings[0].to_string(), "relayed: no Received field is about a connection to mx.other.example");
}

#[test]
fn of_submitted_mail_the_hop_from_the_user_counts() {
    let relayed = || submission("outcome = \"delivered\"");
    let seen = |with: &str| traced(&field(USING, with).replace("[198.51.100.66]", "[198.51.100.250]"));
    assert!(is_well(&received(relayed(), seen("ESMTPSA"))));
    assert_eq!(received(relayed(), seen("ESMTPA")).findings.len(), 1);
    // the same at a host that the harness plays
    let mut out = Transaction { arrived: sent().arrived, ..seen("ESMTPSA") };
    (out.object.delivered, out.object.relays) = (vec![], sent().object.relays);
    out.arrived[0].message = seen("ESMTPSA").object.delivered[0].message.clone();
    assert!(is_well(&received(relayed(), out.clone())));
    out.handshake = Observed::Unobserved("the record was not read".to_owned());
    assert_eq!(received(relayed(), out).errors.len(), 1);
}

#[test]
fn of_mail_that_a_program_handed_in_no_hop_counts() {
    let relayed = || {
        let mut plan = submission("outcome = \"delivered\"");
        plan.plan.transactions[0].origin = Origin::Sendmail;
        plan
    };
    let judged = received(relayed(), sent());
    assert!(judged.errors[0].help().contains("a program on the gateway handed the message in"));
    assert_eq!(received(relayed(), kept(Vec::new())).errors.len(), 1);
}
