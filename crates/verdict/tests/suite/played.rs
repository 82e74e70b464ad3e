//! Mail to a host that the harness plays, as it might have been seen, to be changed by each test.

use crate::{
    canned::{claims, delivered, exchange, handshake, relay, submission},
    served::{names, span},
};
use claims::Scenario;
use evidence::{
    Arrived, Connection, Evidence, Exchange, MailObject, Observed, Offer, ProgramRun, Relay, Transaction, Trust,
};
use mail::Message;
use mailproof_verdict::{Judged, Verdict, judge};
use plan::{Host, Origin, SmtpHost, Source, Spanned};

pub(crate) const TEXT: &str = r#"title = "Mail to a partner"

[host."mx.partner.example"]
ip   = "198.51.100.25"
smtp = { starttls = "offered" }

[[transaction]]
label     = "outbound"
via       = { sendmail = {} }
mail-from = "alice@gateway.example"
rcpt-to   = ["bob@partner.example"]
message   = """
From: Alice <alice@gateway.example>
To: bob@partner.example
Subject: Lunch

At noon?
"""

[transaction.expect]
claim = "of this kind"
"#;

/// A host with this name, where the text has it.
pub(crate) fn host(name: &str) -> Host {
    Host {
        name: name.parse().unwrap(),
        ips: vec!["198.51.100.25".parse().unwrap()],
        tlsa: Vec::new(),
        smtp: Some(SmtpHost {
            starttls: plan::StarttlsPlay::Offered,
            certificate: plan::Certificate::default(),
            versions: Vec::new(),
            wire: plan::Interference::None,
            replies: std::collections::BTreeMap::new(),
        }),
        https: None,
        span: span(TEXT, "[host.\"mx.partner.example\"]"),
    }
}

/// A program on the gateway sends mail to a partner, with these claims.
pub(crate) fn outbound(stated: Vec<String>) -> Scenario {
    let mut scenario = submission("outcome = \"delivered\"");
    let plan = &mut scenario.plan;
    plan.source = Source { text: TEXT.to_owned(), ..(*plan.source).clone() }.into();
    plan.hosts = vec![host("mx.partner.example")];
    let transaction = &mut plan.transactions[0];
    transaction.label = "outbound".to_owned();
    transaction.origin = Origin::Sendmail;
    transaction.mail_from.value = "alice@gateway.example".parse().unwrap();
    let bob = Spanned { value: "bob@partner.example".parse().unwrap(), span: span(TEXT, "\"bob@partner.example\"") };
    transaction.rcpt_to = vec![bob.into()];
    let message = "From: Alice <alice@gateway.example>\nTo: bob@partner.example\nSubject: Lunch\n\nAt noon?\n";
    transaction.message.text = Spanned { value: message.into(), span: span(TEXT, message) };
    let at = span(TEXT, "\"of this kind\"");
    transaction.span = span(TEXT, "[[transaction]]");
    scenario.claims.transactions = vec![claims(&stated, &at)];
    scenario
}

pub(crate) fn first(plan: &Scenario, seen: Transaction) -> Judged {
    verdict(plan, seen).transactions.swap_remove(0)
}

pub(crate) fn verdict(plan: &Scenario, seen: Transaction) -> Verdict {
    judge(plan, &Evidence { transactions: vec![seen], ..Evidence::default() })
}

pub(crate) fn holds(claim: String, seen: &Transaction) {
    let judged = first(&outbound(vec![claim.clone()]), seen.clone());
    assert!(judged.findings.is_empty() && judged.errors.is_empty(), "{claim:?}: {judged:?}");
}

/// It must fail, with this message and this text in the help, and point at the claim and at this line.
pub(crate) fn fails(claim: String, seen: &Transaction, message: &str, help: &str, line: usize) {
    let judged = first(&outbound(vec![claim]), seen.clone());
    let said: Vec<String> = judged.findings.iter().map(ToString::to_string).collect();
    assert_eq!((said, judged.errors.len()), (vec![format!("outbound: {message}")], 0));
    assert!(judged.findings[0].help().contains(help), "{}", judged.findings[0].help());
    assert_eq!(judged.findings[0].places().iter().map(|place| place.line).collect::<Vec<_>>(), [21, line]);
}

pub(crate) fn is_unclear(claim: String, seen: &Transaction, reason: &str) {
    let judged = first(&outbound(vec![claim.clone()]), seen.clone());
    assert_eq!((judged.findings.len(), judged.errors.len()), (0, 1), "{claim:?}: {judged:?}");
    assert!(judged.errors[0].help().contains(reason), "{}", judged.errors[0].help());
}

/// What a played MTA was told, up to the end of its greeting phase.
fn begin(offers: bool) -> Vec<Exchange> {
    let ehlo = if offers { "250-mx.partner.example\n250 STARTTLS" } else { "250 mx.partner.example" };
    vec![exchange("connect", "", "220 mx.partner.example ESMTP"), exchange("ehlo", "EHLO mx.gateway.example", ehlo)]
}

fn end() -> Vec<Exchange> {
    vec![
        exchange("mail-from", "MAIL FROM:<alice@gateway.example> SIZE=431", "250 2.1.0 Ok"),
        exchange("rcpt-to", "RCPT TO:<bob@partner.example>", "250 2.1.5 Ok"),
        exchange("data", "DATA", "354 go on"),
        exchange("end-of-data", "", "250 2.0.0 taken"),
        exchange("quit", "QUIT", "221 2.0.0 Bye"),
    ]
}

pub(crate) fn offer(versions: &[&str]) -> Offer {
    Offer {
        versions: names(versions),
        suites: names(&["TLS_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"]),
        groups: names(&["X25519MLKEM768", "x25519"]),
        signatures: names(&["ecdsa_secp256r1_sha256", "rsa_pss_rsae_sha256"]),
        server_name: Some("mx.partner.example".to_owned()),
    }
}

/// A connection over TLS over which the message was taken.
pub(crate) fn protected() -> Connection {
    let starttls =
        [exchange("starttls", "STARTTLS", "220 2.0.0 go on"), exchange("ehlo", "EHLO mx.gateway.example", "250 hello")];
    Connection {
        host: "mx.partner.example".to_owned(),
        service: "smtp".to_owned(),
        offer: Some(offer(&["TLSv1.2", "TLSv1.3"])),
        handshake: Observed::Seen(handshake("TLSv1.3", Trust::Anonymous)),
        dialogue: begin(true).into_iter().chain(starttls).chain(end()).collect(),
        ended: "quit".to_owned(),
    }
}

/// One without TLS.
pub(crate) fn cleartext() -> Connection {
    Connection {
        offer: None,
        handshake: Observed::Unobserved("STARTTLS was not offered".to_owned()),
        dialogue: begin(false).into_iter().chain(end()).collect(),
        ..protected()
    }
}

/// One that was closed by the client in the handshake.
pub(crate) fn broken() -> Connection {
    let mut connection = protected();
    connection.handshake = Observed::Unobserved("the client closed the connection".to_owned());
    connection.dialogue.truncate(3);
    connection.ended = "closed by the client".to_owned();
    connection
}

/// What a web server was asked for.
pub(crate) fn web(is_asked: bool) -> Connection {
    let ask = exchange("get", "GET /.well-known/mta-sts.txt HTTP/1.1", "200 OK");
    Connection {
        host: "mta-sts.partner.example".to_owned(),
        service: "https".to_owned(),
        dialogue: if is_asked { vec![ask] } else { Vec::new() },
        ended: "closed by the client".to_owned(),
        ..protected()
    }
}

/// What the gateway's own log says of the hop.
pub(crate) fn logged(peer: Trust) -> Relay {
    Relay {
        from: "mx.gateway.example".to_owned(),
        to: "mx.partner.example[198.51.100.25]:25".to_owned(),
        ..relay(Some(handshake("TLSv1.3", peer)))
    }
}

/// Handed in by sendmail and taken by the partner over TLS.
pub(crate) fn sent() -> Transaction {
    let message = "Received: by mx.gateway.example (Postfix, from userid 0)\r\n\tid 39113F46FD; Tue, 24 Nov 2026 09:44:52 \
                   +0000 (UTC)\r\nFrom: Alice <alice@gateway.example>\r\nTo: bob@partner.example\r\nSubject: Lunch\r\n\
                   Date: Tue, 24 Nov 2026 09:44:52 +0000\r\nMessage-ID: <x>\r\n\r\nAt noon?\r\n";
    Transaction {
        sent: message.as_bytes()[message.find("From: ").unwrap()..].to_vec(),
        dialogue: Vec::new(),
        handshake: Observed::Unobserved("a program handed it in".to_owned()),
        questions: Vec::new(),
        connections: vec![protected()],
        arrived: vec![Arrived {
            host: "mx.partner.example".to_owned(),
            mail_from: "alice@gateway.example".to_owned(),
            rcpt_to: names(&["bob@partner.example"]),
            is_protected: true,
            message: Message::parse(message.as_bytes()),
        }],
        program: Some(run(0, "")),
        object: MailObject { relays: vec![logged(Trust::Trusted)], ..MailObject::default() },
        ..delivered("INBOX")
    }
}

pub(crate) fn run(status: i64, said: &str) -> ProgramRun {
    let command = "sendmail -i -f alice@gateway.example -- bob@partner.example".to_owned();
    ProgramRun { command, status, said: said.to_owned() }
}

/// Handed in, and no host took it.
pub(crate) fn kept(connections: Vec<Connection>) -> Transaction {
    Transaction { object: MailObject::default(), arrived: Vec::new(), connections, ..sent() }
}
