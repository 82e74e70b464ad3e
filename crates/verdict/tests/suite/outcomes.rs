//! What became of a message, and claims on that.

use crate::canned::{
    copy, delivered, exchange, fails, fate, first, holds, in_queue, is_unclear, notification, parse, plan, rejected,
    said, submission,
};
use claims::outcomes::Outcome;
use evidence::{Evidence, FateStatus, Observed};
use mailproof_verdict::judge;

#[test]
fn a_permanent_refusal_is_a_rejection() {
    holds(r#"outcome = "rejected""#, &rejected());
    fails(
        r#"outcome = { delivered = "INBOX" }"#,
        &rejected(),
        "the message for alice@gateway.example was rejected, not delivered to INBOX",
        "the server replied 550 5.7.1 rejected by DMARC policy for bank.example to end-of-data",
    );
}

#[test]
fn a_transient_refusal_is_a_deferral_at_whatever_command() {
    for to in ["connect", "ehlo", "starttls", "mail-from", "rcpt-to", "data", "end-of-data"] {
        let mut seen = rejected();
        let at = seen.dialogue.iter().position(|e| e.to == to).unwrap();
        seen.dialogue[at] = exchange(to, "", "451 4.7.1 later");
        seen.dialogue.truncate(at + 1);
        holds(r#"outcome = "deferred""#, &seen);
        fails(
            r#"outcome = "rejected""#,
            &seen,
            "the message for alice@gateway.example was deferred, not rejected",
            &format!("the server replied 451 4.7.1 later to {to}"),
        );
    }
}

#[test]
fn mail_in_inbox_is_delivered_and_nothing_else() {
    holds(r#"outcome = { delivered = "INBOX" }"#, &delivered("INBOX"));
    holds(r#"outcome = "delivered""#, &delivered("INBOX"));
    let message = "the message for alice@gateway.example was delivered to INBOX, not quarantined";
    fails(r#"outcome = "quarantined""#, &delivered("INBOX"), message, "it lies in INBOX of alice@gateway.example");
    fails(
        r#"outcome = "rejected""#,
        &delivered("INBOX"),
        "the message for alice@gateway.example was delivered to INBOX, not rejected",
        "it lies in INBOX",
    );
}

#[test]
fn mail_in_another_folder_is_both_quarantined_there_and_delivered_there() {
    for folder in ["Junk", "Archive"] {
        let seen = delivered(folder);
        holds(&format!("outcome = {{ quarantined = \"{folder}\" }}"), &seen);
        holds(&format!("outcome = {{ delivered = \"{folder}\" }}"), &seen);
        holds(r#"outcome = "quarantined""#, &seen);
        let claim = r#"outcome = { delivered = "INBOX" }"#;
        assert_eq!(first(&plan(claim), seen.clone()).findings.len(), 1, "{folder}");
        assert_eq!(first(&plan(r#"outcome = { quarantined = "Spam" }"#), seen).findings.len(), 1, "{folder}");
    }
    let kind = |folder: &str| first(&plan(r#"outcome = "delivered""#), delivered(folder)).outcome;
    assert_eq!(kind("Junk"), Observed::Seen(Outcome::Quarantined(Some("Junk".to_owned()))));
    assert_eq!(kind("Archive"), Observed::Seen(Outcome::Delivered(Some("Archive".to_owned()))));
}

#[test]
fn queues_say_what_became_of_accepted_mail() {
    for (status, word, other) in [
        (FateStatus::Deferred, "deferred", "bounced"),
        (FateStatus::Bounced, "bounced", "deferred"),
        (FateStatus::Held, "quarantined", "discarded"),
        (FateStatus::Discarded, "discarded", "quarantined"),
    ] {
        holds(&format!("outcome = \"{word}\""), &in_queue(status));
        fails(
            &format!("outcome = \"{other}\""),
            &in_queue(status),
            &format!("the message for alice@gateway.example was {word}, not {other}"),
            "says the log of mx.gateway.example: connect: connection refused",
        );
    }
}

#[test]
fn mail_that_was_accepted_and_is_nowhere_is_unclear_but_not_rejected() {
    let mut lost = in_queue(FateStatus::Sent);
    is_unclear(r#"outcome = { delivered = "INBOX" }"#, &lost, "was not found in a mailbox of alice@gateway.example");
    let message = "the message for alice@gateway.example was accepted, not rejected";
    fails(r#"outcome = "rejected""#, &lost, message, "sent for alice@gateway.example");
    is_unclear(r#"outcome = "bounced""#, &lost, "was not found in a mailbox of alice@gateway.example");
    // the log of its own agent says that it lies in a mailbox; the words of another host say nothing
    for (said, is_stored) in [("delivered to mailbox", true), ("250 2.0.0 delivered to mailbox", false)] {
        lost.object.fates[0].said = said.to_owned();
        for claim in ["bounced", "deferred", "discarded", "delivered"] {
            let judged = first(&plan(&format!("outcome = \"{claim}\"")), lost.clone());
            assert_eq!(judged.findings.len() == 1, is_stored && claim != "delivered", "{claim}: {said}");
        }
    }
    lost.object.fates.clear();
    is_unclear(r#"outcome = "discarded""#, &lost, "nothing says what became of it");
}

#[test]
fn a_dialogue_without_an_end_is_unclear() {
    let mut seen = rejected();
    let end = seen.dialogue.iter_mut().find(|e| e.to == "end-of-data").unwrap();
    end.reply = Observed::Unobserved("the server closed the connection".to_owned());
    is_unclear(r#"outcome = "rejected""#, &seen, "no reply to end-of-data: the server closed the connection");
    seen.dialogue.truncate(2);
    seen.handshake = Observed::Unobserved("STARTTLS was not offered".to_owned());
    let why = "the dialogue ended after ehlo (TLS: STARTTLS was not offered)";
    is_unclear(r#"outcome = "rejected""#, &seen, why);
    // what is not handed over cannot be in a mailbox
    let message = "the message for alice@gateway.example was never handed over, not delivered";
    fails(r#"outcome = "delivered""#, &seen, message, why);
    seen.dialogue.clear();
    is_unclear(r#"outcome = "rejected""#, &seen, "the dialogue ended after the connection");
}

#[test]
fn a_submission_whose_relay_gave_up_is_bounced() {
    let plan = submission(
        "outcome = \"bounced\"\n\n[[transaction]]\nlabel = \"c\"\nvia = { submission = { login = \"carol@sender.example\", tls = \"starttls\" } }\nmail-from = \"carol@sender.example\"\nrcpt-to = [\"alice@gateway.example\"]\nmessage = \"Subject: x\\n\\nx\\n\"\n[transaction.expect]\noutcome = \"delivered\"\n",
    );
    let mut seen = in_queue(FateStatus::Bounced);
    assert_eq!(said(&first(&plan, seen.clone())), (vec![], vec![]));
    seen.object.fates.clear();
    seen.object.bounces = vec![notification("carol@sender.example", "Alice@gateway.example", "failed")];
    assert_eq!(said(&first(&plan, seen.clone())), (vec![], vec![]), "the notification alone is evidence");
    for other in
        [("bob@gateway.example", "failed"), ("nobody@other.example", "failed"), ("alice@gateway.example", "delayed")]
    {
        seen.object.bounces = vec![notification("carol@sender.example", other.0, other.1)];
        assert_eq!(first(&plan, seen.clone()).errors.len(), 1, "{other:?} is another thing");
    }
}

#[test]
fn a_claim_must_hold_for_every_recipient() {
    let text = plan(r#"outcome = { delivered = "INBOX" }"#).plan.source.text.replacen(
        r#"["alice@gateway.example"]"#,
        r#"["alice@gateway.example", "bob@gateway.example"]"#,
        1,
    );
    let plan = parse(&text);
    let mut seen = delivered("INBOX");
    seen.dialogue.insert(6, exchange("rcpt-to", "RCPT TO:<bob@gateway.example>", "250 2.1.5 Ok"));
    seen.object.fates.push(fate("bob@gateway.example", FateStatus::Deferred, "later"));
    let judged = first(&plan, seen.clone());
    assert_eq!(said(&judged).0, ["forged: the message for bob@gateway.example was deferred, not delivered to INBOX"]);
    assert_eq!(judged.outcome, Observed::Seen(Outcome::Deferred));
    seen.object.delivered.push(copy("bob@gateway.example", "INBOX", "Subject: x\r\n\r\n"));
    assert_eq!(said(&first(&plan, seen)), (vec![], vec![]));
}

#[test]
fn a_transaction_that_did_not_happen_is_unclear_with_all_its_claims() {
    let plan = plan("spf = \"fail\"\noutcome = \"rejected\"");
    let verdict = judge(&plan, &Evidence { transactions: vec![rejected()], ..Evidence::default() });
    assert!(verdict.is_unclear() && !verdict.holds());
    assert_eq!((verdict.findings().count(), verdict.errors().count()), (0, 1));
    assert!(verdict.snapshot.contains("# control\n\nnothing was seen\n"));
    let nothing = judge(&plan, &Evidence::default());
    assert_eq!((nothing.findings().count(), nothing.errors().count()), (0, 3));
}
