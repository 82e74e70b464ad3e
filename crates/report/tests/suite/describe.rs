//! What people read to learn.

use crate::canned::plan;
use mailproof_report::{describe, list};

#[test]
fn a_scenario_is_described_in_words() {
    let expected = r#"dmarc/forged
A forged From under p=reject is refused
It demonstrates dmarc.
Read RFC 9989 §4.3.

The DNS has
  bank.example
"#;
    let text = describe(&plan("dmarc/forged"));
    assert!(text.starts_with(expected), "{text}");
    let expected = r#"
    a DKIM key s1 (Ed25519), revoked
    _dmarc.bank.example answers 3 s late to TXT questions
  192.0.2.10, which is called mail.bank.example

1. forged
  198.51.100.66 connects as mail.attacker.example, without TLS, and says
    MAIL FROM:<billing@bank.example>
    RCPT TO:<alice@gateway.example>
  It sends:
    | From: The "Bank" <billing@bank.example>
    | Subject: Your invoice
    |
    | Pay\there.
  Signed by bank.example with s1 (Ed25519), relaxed/relaxed, over From, To, Subject, Date, Message-ID; only the first 3 octets of the body; expires 86400 s ago
  Then `P.S.` is added to the body
  Claimed:
    - reply 550 5.7.1 to end-of-data
    - DMARC fail
    - rejected

2.
  carol@sender.example submits over implicit TLS, and says
    MAIL FROM:<carol@sender.example>
    RCPT TO:<alice@gateway.example>
  It sends, not signed by us:
    | Subject: Lunch
    |
    | At noon?
  Claimed:
    - delivered to INBOX
"#;
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn a_list_aligns_the_titles() {
    let text = list(&[plan("spf/a"), plan("dmarc/forged")]);
    let title = "A forged From under p=reject is refused";
    assert_eq!(text, format!("spf/a         {title}\ndmarc/forged  {title}\n"));
}
