//! The snapshot text.

use crate::canned::{
    copy, delivered, exchange, handshake, in_queue, notification, plan, question, rejected, relay, submission,
};
use claims::Scenario;
use evidence::{Evidence, FateStatus, Observed, Transaction, Trust};
use mail::Nonce;
use mailproof_verdict::judge;

fn snapshot(plan: &Scenario, transactions: Vec<Transaction>) -> String {
    judge(plan, &Evidence { transactions, ..Evidence::default() }).snapshot
}

#[test]
fn refused_mail_reads_like_the_protocol() {
    let expected = "\
# forged

client 198.51.100.66

S: 220 mx.gateway.example ESMTP
C: EHLO mail.attacker.example
S: 250-mx.gateway.example
S: 250 STARTTLS
C: STARTTLS
S: 220 2.0.0 Ready to start TLS
-- TLSv1.3 --
C: EHLO mail.attacker.example
S: 250 mx.gateway.example
C: MAIL FROM:<billing@bank.example>
S: 250 2.1.0 Ok
C: RCPT TO:<alice@gateway.example>
S: 250 2.1.5 Ok
C: DATA
S: 354 End data with <CR><LF>.<CR><LF>
C: (the message)
C: .
S: 550 5.7.1 rejected by DMARC policy for bank.example
C: QUIT
S: 221 2.0.0 Bye

TLS
  TLSv1.3 TLS_AES_256_GCM_SHA384 x25519, peer verified
  certificate 0: mx.gateway.example for mx.gateway.example; EC P-256; ecdsa-with-SHA256 by Mailproof Intermediate

DNS
  bank.example TXT: NOERROR, 1 record

Results
  dkim=none [log of opendkim]
  dmarc=fail header.from=bank.example [log of opendmarc]
  spf=fail smtp.mailfrom=billing@bank.example [log of policyd-spf]

Outcome
  alice@gateway.example: rejected

# control

nothing was seen
";
    assert_eq!(snapshot(&plan("spf = \"fail\""), vec![rejected()]), expected);
}

#[test]
fn relayed_mail_shows_its_hop_and_what_it_became() {
    let mut seen = delivered("Junk");
    seen.sent = b"From: Carol <carol@sender.example>\r\nTo: alice@gateway.example\r\nSubject: Lunch\r\n\
        Date: Tue, 24 Nov 2026 09:00:00 +0000\r\nMessage-ID: <mp000000000000feed@mailproof.example>\r\n\r\nAt noon?\r\n"
        .to_vec();
    seen.object.relays = vec![relay(Some(handshake("TLSv1.3", Trust::Trusted)))];
    let arrived = "Return-Path: <carol@sender.example>\r\nReceived: from mx.sender.example\r\n\tby mx.gateway.example\r\n\
        DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=s1; t=1790000000;\r\n\tbh=abc=; b=def\r\n\t ghi==\r\n\
        From: Carol <carol@sender.example>\r\nTo: alice@gateway.example\r\nSubject: [junk] Lunch\r\n\
        Date: Tue, 24 Nov 2026 09:00:00 +0000\r\nMessage-ID: <mp000000000000feed@mailproof.example>\r\n\r\nAt noon?\r\n";
    seen.object.delivered = vec![copy("alice@gateway.example", "Junk", arrived)];
    let text = snapshot(
        &submission(
            "outcome = \"quarantined\"\n\n[[transaction]]\nvia = { submission = { login = \"carol@sender.example\", tls = \"starttls\" } }\nmail-from = \"carol@sender.example\"\nrcpt-to = [\"alice@gateway.example\"]\nmessage = \"Subject: x\\n\\nx\\n\"\n[transaction.expect]\noutcome = \"delivered\"",
        ),
        vec![seen],
    );
    let expected = "\
Relay
  mx.sender.example -> mx.gateway.example[192.0.2.25]:25
    TLSv1.3 TLS_AES_256_GCM_SHA384 x25519, peer trusted
    250 2.0.0 Ok: queued as ";
    assert!(text.contains(expected), "{text}");
    let expected = "
alice@gateway.example Junk
  + Return-Path: <carol@sender.example>
  + Received: from mx.sender.example by mx.gateway.example
  + DKIM-Signature: v=1; a=rsa-sha256; d=sender.example; s=s1; t=…; bh=…; b=…
  + Subject: [junk] Lunch
  - Subject: Lunch
";
    assert!(text.contains(expected), "{text}");
    assert!(text.starts_with("# relayed\n\nsubmission as carol@sender.example\n\n"), "{text}");
}

#[test]
fn what_arrives_as_it_was_sent_is_no_change() {
    let sent = b"X-One: 1\r\nDKIM-Signature: v=1; d=bank.example; s=s1;\r\n b=x\r\nFrom: a@bank.example\r\nSubject: caf\xe9\r\n\
        Date: now\r\nMessage-ID: <x>\r\n\r\nPay \xffhere.\r\n\r\n";
    let mut seen = Transaction { sent: sent.to_vec(), ..delivered("INBOX") };
    let text = |seen: &Transaction, message: &[u8]| {
        let mut seen = seen.clone();
        seen.object.delivered[0].message = mail::Message::parse(message);
        let text = snapshot(&plan("outcome = \"delivered\""), vec![seen]);
        let at = text.find("alice@gateway.example INBOX").unwrap();
        text[at..text.find("# control").unwrap()].lines().skip(1).collect::<Vec<_>>().join("|")
    };
    let replaced = |from: &[u8], to: &[u8]| {
        let at = sent.windows(from.len()).position(|octets| octets == from).unwrap();
        [&sent[..at], to, &sent[at + from.len()..]].concat()
    };
    assert_eq!(text(&seen, sent), "");
    assert_eq!(text(&seen, &replaced(b";\r\n b=", b"; b=")), "", "folding is the transport's");
    assert_eq!(text(&seen, &replaced(b"\xff", b"\xfe")), "  altered body:|    Pay \\254here.|");
    assert_eq!(text(&seen, &replaced(b"\xe9", b"?")), "  + Subject: caf?|  - Subject: caf\\233|");
    assert_eq!(text(&seen, &replaced(b"\xe9", b"\0")), "  + Subject: caf\\u{0}|  - Subject: caf\\233|");
    assert_eq!(text(&seen, &replaced(b"X-One: 1\r\n", b"")), "  - X-One: 1|");
    let gone = "  - DKIM-Signature: v=1; d=bank.example; s=s1; b=…|";
    assert_eq!(text(&seen, &replaced(b"DKIM-Signature: v=1; d=bank.example; s=s1;\r\n b=x\r\n", b"")), gone);
    // the plan's text has no Date: the harness made it, another one each time
    assert_eq!(text(&seen, &replaced(b"Date: now\r\n", b"")), "  - Date: …|");
    seen.sent.clear();
    assert!(text(&seen, sent).contains("  + X-One: 1|"), "what was not sent is new");
}

#[test]
fn what_a_run_makes_up_does_not_appear() {
    let mut seen = rejected();
    let one = snapshot(&plan("spf = \"fail\""), vec![seen.clone()]);
    seen.nonce = Nonce::from_number(0xbeef);
    seen.object.log.clear();
    seen.questions.push(question("bank.example", "DS", "NOERROR"));
    seen.questions.push(question("bank.example", "DNSKEY", "NOERROR"));
    assert_eq!(snapshot(&plan("spf = \"fail\""), vec![seen]), one);
    let noted = |nonce: u64| {
        let mut seen = in_queue(FateStatus::Deferred);
        seen.nonce = Nonce::from_number(nonce);
        seen.object.fates[0].said = format!("message {} is deferred", seen.nonce);
        snapshot(&plan("spf = \"fail\""), vec![seen])
    };
    assert_eq!(noted(1), noted(2));
}

#[test]
fn queue_ids_do_not_appear() {
    let queued = |id: &str| {
        let mut seen = in_queue(FateStatus::Deferred);
        let end = seen.dialogue.iter().position(|e| e.to == "end-of-data").unwrap();
        seen.dialogue[end] = exchange("end-of-data", "", &format!("250 2.0.0 Ok: queued as {id}"));
        snapshot(&plan("spf = \"fail\""), vec![seen])
    };
    assert_eq!(queued("4XyZbc1LlMz9sW"), queued("4XyZbd0qRTz9sX"));
}

#[test]
fn order_of_evidence_that_has_none_does_not_matter() {
    let mut seen = delivered("INBOX");
    seen.object.delivered.push(copy("bob@gateway.example", "INBOX", "Subject: x\r\n\r\n"));
    seen.questions.push(question("_dmarc.bank.example", "TXT", "NXDOMAIN"));
    let one = snapshot(&plan("spf = \"pass\""), vec![seen.clone()]);
    seen.object.delivered.reverse();
    seen.questions.reverse();
    seen.object.results.reverse();
    assert_eq!(snapshot(&plan("spf = \"pass\""), vec![seen]), one);
}

#[test]
fn a_reply_that_was_not_heard_and_missing_tls_are_said() {
    let mut seen = rejected();
    seen.dialogue.truncate(2);
    seen.dialogue[1].reply = Observed::Unobserved("the server closed the connection".to_owned());
    seen.handshake = Observed::Unobserved("it did not come to TLS".to_owned());
    let text = snapshot(&plan("spf = \"fail\""), vec![seen]);
    assert!(
        text.contains("C: EHLO mail.attacker.example\n-- no reply: the server closed the connection --\n"),
        "{text}"
    );
    assert!(text.contains("TLS\n  none: it did not come to TLS\n"), "{text}");
    assert!(text.contains("alice@gateway.example: unobserved: no reply to ehlo"), "{text}");
}

#[test]
fn a_notification_shows_its_delivery_status() {
    let mut seen = in_queue(FateStatus::Bounced);
    seen.object.bounces = vec![notification("billing@bank.example", "alice@gateway.example", "failed")];
    let expected = "
Notification to billing@bank.example
  Final-Recipient: alice@gateway.example
  Action: failed
  Status: 5.1.1
  Remote-MTA: mx.other.example
  Diagnostic-Code: 550 5.1.1 no such user
";
    let text = snapshot(&plan("spf = \"fail\""), vec![seen]);
    assert!(text.contains(expected), "{text}");
}
