//! Evidence as it might have been, to be changed by each test.

use claims::{ClaimList, Scenario, Stated, Subject};
use evidence::{
    AuthResult, Delivered, Evidence, Exchange, Fate, FateStatus, Handshake, LogLine, MailObject, Observed, Question,
    Relay, ResultSource, Transaction, Trust,
};
use mail::{Message, Nonce};
use mailproof_verdict::{Judged, judge};
use plan::{Source, Specification, World};
use std::ops::Range;

/// A forged message and its control, with these claims on the first.
pub(crate) fn plan(expect: &str) -> Scenario {
    parse(&format!("{HEAD}{expect}\n{CONTROL}"))
}

/// The same, for a gateway that follows this specification.
pub(crate) fn following(specification: Specification, expect: &str) -> Scenario {
    parse_in(&format!("{HEAD}{expect}\n{CONTROL}"), vec![specification])
}

/// A message through a submission service, with these claims.
pub(crate) fn submission(expect: &str) -> Scenario {
    parse(&format!("{SUBMISSION}{expect}\n"))
}

pub(crate) fn parse(text: &str) -> Scenario {
    parse_in(text, Vec::new())
}

fn parse_in(text: &str, follows: Vec<Specification>) -> Scenario {
    let source = Source {
        name: "dmarc/forged".to_owned(),
        path: "scenarios/dmarc/forged.toml".to_owned(),
        text: text.to_owned(),
    };
    let world = World {
        gateway: vec!["gateway.example".parse().unwrap()],
        logins: vec!["carol@sender.example".parse().unwrap(), "alice@gateway.example".parse().unwrap()],
        reserved: vec!["gateway.example".parse().unwrap(), "sender.example".parse().unwrap()],
        profiles: profile::names(),
        follows,
        ..World::default()
    };
    scenario::parse(source, &world).unwrap_or_else(|faults| panic!("{:?}", faults.flaws()))
}

/// Claims in the language's own words, all at this place of the file.
pub(crate) fn claims<S: Subject>(lines: &[String], at: &Range<usize>) -> ClaimList<S> {
    let read = |line: &String| {
        let source = Source { name: String::new(), path: String::new(), text: line.clone() };
        let list = form::read(source, "claims", |list: ClaimList<S>, _, _| Some(list));
        list.unwrap_or_else(|faults| panic!("{line}: {:?}", faults.flaws()))
    };
    let lists: Vec<ClaimList<S>> = lines.iter().map(read).collect();
    lists.iter().flatten().map(|stated| Stated { span: at.clone(), ..stated.clone() }).collect()
}

/// A claim that is a word.
pub(crate) fn word(key: &str, word: &str) -> String {
    format!("{key} = {word:?}")
}

/// A claim that is a list.
pub(crate) fn list(key: &str, words: &[&str]) -> String {
    format!("{key} = {words:?}")
}

/// More lines of help hide what is the matter.
pub(crate) const HELP_LINES: usize = 10;

const HEAD: &str = r#"title = "A forged From under p=reject is refused"

[zone."bank.example"]
spf = "v=spf1 ip4:192.0.2.10 -all"
dmarc = "v=DMARC1; p=reject"
dkim.s1 = { algorithm = "ed25519-sha256" }

[[transaction]]
label     = "forged"
client    = { ip = "198.51.100.66", ehlo = "mail.attacker.example", tls = "starttls" }
mail-from = "billing@bank.example"
rcpt-to   = ["alice@gateway.example"]
message   = """
From: The Bank <billing@bank.example>
To: alice@gateway.example
Subject: Your invoice

Pay here.
"""

[transaction.expect]
"#;

const CONTROL: &str = r#"
[[transaction]]
label     = "control"
client    = { ip = "192.0.2.10", ehlo = "mail.bank.example", tls = "starttls" }
mail-from = "billing@bank.example"
rcpt-to   = ["alice@gateway.example"]
message   = """
From: The Bank <billing@bank.example>
To: alice@gateway.example
Subject: Your invoice

Pay here.
"""
sign      = [{ domain = "bank.example", selector = "s1" }]

[transaction.expect]
outcome = { delivered = "INBOX" }
"#;

const SUBMISSION: &str = r#"title = "Relayed"

[[transaction]]
label     = "relayed"
via       = { submission = { login = "carol@sender.example", tls = "starttls" } }
mail-from = "carol@sender.example"
rcpt-to   = ["alice@gateway.example"]
message   = """
From: Carol <carol@sender.example>
To: alice@gateway.example
Subject: Lunch

At noon?
"""

[transaction.expect]
"#;

/// The forged message as it is given to the client.
const SENT: &[u8] = b"From: The Bank <billing@bank.example>\r\nTo: alice@gateway.example\r\nSubject: Your invoice\r\n\
    Message-ID: <mp000000000000feed@mailproof.example>\r\nDate: Tue, 24 Nov 2026 09:00:00 +0000\r\n\r\nPay here.\r\n";

/// What is made of the first transaction.
pub(crate) fn first(plan: &Scenario, seen: Transaction) -> Judged {
    judge(plan, &Evidence { transactions: vec![seen], ..Evidence::default() }).transactions.swap_remove(0)
}

/// Messages of what fails, and of what cannot be told.
pub(crate) fn said(judged: &Judged) -> (Vec<String>, Vec<String>) {
    let failures = judged.findings.iter().map(ToString::to_string).collect();
    (failures, judged.errors.iter().map(ToString::to_string).collect())
}

/// A claim on the first transaction of [`plan`] must hold.
pub(crate) fn holds(expect: &str, seen: &Transaction) {
    let judged = first(&plan(expect), seen.clone());
    assert_eq!(said(&judged), (vec![], vec![]), "{expect}");
}

/// It must fail, with this message and this text in the help.
pub(crate) fn fails(expect: &str, seen: &Transaction, message: &str, help: &str) {
    let judged = first(&plan(expect), seen.clone());
    assert_eq!(said(&judged), (vec![format!("forged: {message}")], vec![]), "{expect}");
    assert!(judged.findings[0].help().contains(help), "{}", judged.findings[0].help());
}

/// It must be unclear, and the help must have this reason.
pub(crate) fn is_unclear(expect: &str, seen: &Transaction, reason: &str) {
    let judged = first(&plan(expect), seen.clone());
    let (failures, errors) = said(&judged);
    assert!(failures.is_empty() && errors.len() == 1, "{expect}: {failures:?} {errors:?}");
    assert!(judged.errors[0].help().contains(reason), "{}", judged.errors[0].help());
}

pub(crate) fn exchange(to: &str, sent: &str, reply: &str) -> Exchange {
    Exchange::new(to, sent, Observed::Seen(reply.parse().unwrap()))
}

/// A dialogue up to the reply to end-of-data.
pub(crate) fn dialogue(end: &str) -> Vec<Exchange> {
    vec![
        exchange("connect", "", "220 mx.gateway.example ESMTP"),
        exchange("ehlo", "EHLO mail.attacker.example", "250-mx.gateway.example\n250 STARTTLS"),
        exchange("starttls", "STARTTLS", "220 2.0.0 Ready to start TLS"),
        exchange("ehlo", "EHLO mail.attacker.example", "250 mx.gateway.example"),
        exchange("mail-from", "MAIL FROM:<billing@bank.example>", "250 2.1.0 Ok"),
        exchange("rcpt-to", "RCPT TO:<alice@gateway.example>", "250 2.1.5 Ok"),
        exchange("data", "DATA", "354 End data with <CR><LF>.<CR><LF>"),
        exchange("end-of-data", "", end),
        exchange("quit", "QUIT", "221 2.0.0 Bye"),
    ]
}

pub(crate) fn handshake(version: &str, peer: Trust) -> Handshake {
    Handshake {
        version: version.to_owned(),
        suite: "TLS_AES_256_GCM_SHA384".to_owned(),
        group: Some("x25519".to_owned()),
        chain: vec![evidence::Certificate {
            subject: "mx.gateway.example".to_owned(),
            issuer: "Mailproof Intermediate".to_owned(),
            names: vec!["mx.gateway.example".to_owned()],
            key: "EC P-256".to_owned(),
            signature: "ecdsa-with-SHA256".to_owned(),
            not_before: "2026-11-24T00:00:00Z".to_owned(),
            not_after: "2027-11-24T00:00:00Z".to_owned(),
        }],
        peer,
    }
}

fn blank(end: &str) -> Transaction {
    Transaction {
        earlier: Vec::new(),
        nonce: Nonce::from_number(0xfeed),
        dialogue: dialogue(end),
        handshake: Observed::Seen(handshake("TLSv1.3", Trust::Verified)),
        questions: vec![question("bank.example", "TXT", "NOERROR")],
        connections: vec![],
        arrived: vec![],
        program: None,
        sent: SENT.to_vec(),
        dialogue_octets: vec![],
        object: MailObject::default(),
        others: vec![],
        opinion: None,
    }
}

/// Refused at end-of-data; the results stand in logs.
pub(crate) fn rejected() -> Transaction {
    let log = |filter: &str| ResultSource::Log(filter.to_owned());
    let line = |program: &str, text: &str| LogLine {
        host: "mx.gateway.example".to_owned(),
        program: program.to_owned(),
        pid: Some(7),
        text: text.to_owned(),
        is_telling: true,
    };
    Transaction {
        object: MailObject {
            results: vec![
                result("spf", "fail", &[("smtp.mailfrom", "billing@bank.example")], log("policyd-spf")),
                result("dkim", "none", &[], log("opendkim")),
                result("dmarc", "fail", &[("header.from", "bank.example")], log("opendmarc")),
            ],
            log: vec![
                line("policyd-spf", "prepend Received-SPF: Fail (mailfrom) identity=mailfrom; client-ip=198.51.100.66"),
                line("opendmarc", "4XyZ: bank.example fail"),
            ],
            ..MailObject::default()
        },
        ..blank("550 5.7.1 rejected by DMARC policy for bank.example")
    }
}

/// Delivered to this folder of alice, and the results stand in its header.
pub(crate) fn delivered(folder: &str) -> Transaction {
    let header = "Return-Path: <billing@bank.example>\r\n\
        Authentication-Results: gateway.example; spf=pass smtp.mailfrom=billing@bank.example; dmarc=pass\r\n\
        From: The Bank <billing@bank.example>\r\nTo: alice@gateway.example\r\nSubject: Your invoice\r\n\r\nPay here.\r\n";
    Transaction {
        object: MailObject {
            results: vec![
                result("spf", "pass", &[("smtp.mailfrom", "billing@bank.example")], ResultSource::Header),
                result("dkim", "pass", &[("header.d", "bank.example")], ResultSource::Header),
                result("dmarc", "pass", &[("header.from", "bank.example")], ResultSource::Header),
            ],
            fates: vec![fate("alice@gateway.example", FateStatus::Sent, "250 2.0.0 Saved")],
            delivered: vec![copy("alice@gateway.example", folder, header)],
            ..MailObject::default()
        },
        ..blank("250 2.0.0 Ok: queued as 4XyZ")
    }
}

/// Accepted, and this is the last that its queue did.
pub(crate) fn in_queue(status: FateStatus) -> Transaction {
    Transaction {
        object: MailObject {
            fates: vec![fate("alice@gateway.example", status, "connect: connection refused")],
            ..MailObject::default()
        },
        ..blank("250 2.0.0 Ok: queued as 4XyZ")
    }
}

pub(crate) fn fate(recipient: &str, status: FateStatus, said: &str) -> Fate {
    Fate { recipient: recipient.parse().unwrap(), host: "mx.gateway.example".to_owned(), status, said: said.to_owned() }
}

pub(crate) fn copy(mailbox: &str, folder: &str, message: &str) -> Delivered {
    Delivered {
        mailbox: mailbox.parse().unwrap(),
        recipient: None,
        folder: folder.to_owned(),
        message: Message::parse(message.as_bytes()),
    }
}

/// A notification of Postfix that it did so with a message for this recipient (RFC 3464).
pub(crate) fn notification(mailbox: &str, recipient: &str, action: &str) -> Delivered {
    let text = format!(
        "From: MAILER-DAEMON@gateway.example\r\nSubject: Undelivered Mail\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n--b\r\n\
         Content-Type: text/plain\r\n\r\nFinal-Recipient: rfc822; nobody@other.example\r\n--b\r\n\
         Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.gateway.example\r\n\
         X-Postfix-Queue-ID: 4XyZ\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\n\
         Original-Recipient: rfc822;{recipient}\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
         Remote-MTA: dns; mx.other.example\r\nDiagnostic-Code: smtp; 550 5.1.1 no\r\n    such user\r\n\r\n--b--\r\n"
    );
    copy(mailbox, "INBOX", &text)
}

pub(crate) fn question(name: &str, kind: &str, rcode: &str) -> Question {
    Question {
        name: name.to_owned(),
        record_type: kind.to_owned(),
        dnssec_ok: true,
        rcode: rcode.to_owned(),
        answers: u16::from(rcode == "NOERROR"),
    }
}

pub(crate) fn result(method: &str, word: &str, properties: &[(&str, &str)], source: ResultSource) -> AuthResult {
    AuthResult {
        method: method.to_owned(),
        result: word.to_owned(),
        properties: properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        reason: None,
        source,
        injected: None,
    }
}

/// The hop from the sender's MTA to the gateway.
pub(crate) fn relay(handshake: Option<Handshake>) -> Relay {
    Relay {
        from: "mx.sender.example".to_owned(),
        to: "mx.gateway.example[192.0.2.25]:25".to_owned(),
        handshake,
        reply: Observed::Seen("250 2.0.0 Ok: queued as 4Abc".parse().unwrap()),
    }
}
