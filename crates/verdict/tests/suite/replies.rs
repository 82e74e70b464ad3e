//! Claims on replies and on header fields.

use crate::canned::{copy, delivered, exchange, fails, holds, is_unclear, rejected};
use evidence::{FateStatus, Observed};

#[test]
fn code_enhanced_status_and_text_must_all_be_as_claimed() {
    let seen = rejected();
    holds(r#"reply = { to = "end-of-data", code = 550, enhanced = "5.7.1", text = "DMARC policy" }"#, &seen);
    holds(r#"reply = { to = "connect", code = 220 }"#, &seen);
    let help = "the server replied 550 5.7.1 rejected by DMARC policy for bank.example to end-of-data";
    let code = "the reply to end-of-data is 550, not 554";
    fails(r#"reply = { to = "end-of-data", code = 554 }"#, &seen, code, help);
    let enhanced = "the enhanced status code of the reply to end-of-data is 5.7.1, not 5.7.26";
    fails(r#"reply = { to = "end-of-data", code = 550, enhanced = "5.7.26" }"#, &seen, enhanced, help);
    let text = "the reply to end-of-data has no `SPF` in it";
    fails(r#"reply = { to = "end-of-data", code = 550, text = "SPF" }"#, &seen, text, help);
    fails(
        r#"reply = { to = "connect", code = 220, enhanced = "2.0.0" }"#,
        &seen,
        "the reply to connect has no enhanced status code; 2.0.0 is claimed",
        "220 mx.gateway.example",
    );
}

#[test]
fn the_last_reply_to_a_command_counts() {
    let mut seen = rejected();
    seen.dialogue.insert(6, exchange("rcpt-to", "RCPT TO:<nobody@gateway.example>", "550 5.1.1 unknown"));
    holds(r#"reply = { to = "rcpt-to", code = 550, enhanced = "5.1.1" }"#, &seen);
}

#[test]
fn a_command_that_was_never_sent_fails_if_something_was_refused_and_else_is_unclear() {
    let claim = r#"reply = { to = "end-of-data", code = 550 }"#;
    let mut seen = rejected();
    seen.dialogue.truncate(5);
    seen.dialogue.push(exchange("rcpt-to", "RCPT TO:<alice@gateway.example>", "554 5.7.1 access denied"));
    seen.dialogue.push(exchange("quit", "QUIT", "221 bye"));
    let help = "the server replied 554 5.7.1 access denied to rcpt-to";
    fails(claim, &seen, "it did not come to end-of-data: rcpt-to was refused", help);
    seen.dialogue[5].reply = Observed::Unobserved("no reply within 30 s".to_owned());
    is_unclear(claim, &seen, "no reply to rcpt-to: no reply within 30 s");
    seen.dialogue.truncate(2);
    seen.handshake = Observed::Unobserved("STARTTLS was not offered".to_owned());
    is_unclear(claim, &seen, "STARTTLS was not offered");
}

#[test]
fn a_reply_that_was_not_heard_is_unclear() {
    let mut seen = rejected();
    seen.dialogue[7].reply = Observed::Unobserved("the server closed the connection".to_owned());
    is_unclear(r#"reply = { to = "end-of-data", code = 550 }"#, &seen, "the server closed the connection");
}

#[test]
fn a_field_of_the_delivered_message_has_the_text() {
    let seen = delivered("INBOX");
    holds(r#"header = { name = "authentication-results", contains = "dmarc=pass" }"#, &seen);
    fails(
        r#"header = { name = "Subject", contains = "SPAM" }"#,
        &seen,
        "no Subject field of the message in INBOX of alice@gateway.example has `SPAM`",
        "Subject: Your invoice",
    );
    fails(
        r#"header = { name = "X-Spam", contains = "" }"#,
        &seen,
        "no X-Spam field of the message in INBOX of alice@gateway.example has ``",
        "the message has no X-Spam field",
    );
}

#[test]
fn every_copy_must_have_the_field() {
    let mut seen = delivered("INBOX");
    seen.object.delivered.push(copy("bob@gateway.example", "INBOX", "Subject: other\r\n\r\n"));
    fails(
        r#"header = { name = "Subject", contains = "invoice" }"#,
        &seen,
        "no Subject field of the message in INBOX of bob@gateway.example has `invoice`",
        "Subject: other",
    );
}

#[test]
fn without_a_delivered_message_a_header_claim_fails_or_is_unclear() {
    let claim = r#"header = { name = "Subject", contains = "invoice" }"#;
    fails(claim, &rejected(), "no message is in a mailbox: it was rejected", "550 5.7.1");
    is_unclear(claim, &crate::canned::in_queue(FateStatus::Sent), "was not found in a mailbox");
}
