//! A run as it might have been: one scenario of each status.

use claims::{ClaimList, Scenario, Stated, Subject};
use evidence::{Delivered, Evidence, Exchange, Fate, FateStatus, LookedUp, MailObject, Observed, Setting, Transaction};
use mail::{Message, Nonce};
use mailproof_report::{RunReport, ScenarioReport, Snapshot, Status};
use plan::{Daemon, Lookup, Probe, SettingChange, Source, Spanned, World};
use std::time::Duration;

pub(crate) const TEXT: &str = r#"title = "A forged From under p=reject is refused"
cites = ["RFC 9989 §4.3"]
teaches = "dmarc"

[zone."bank.example"]
dmarc = "v=DMARC1; p=reject"
dkim.s1 = { algorithm = "ed25519-sha256", record = "revoked" }
faults = [{ name = "_dmarc", type = "TXT", answer = "delay", seconds = 3 }]

[ptr]
"192.0.2.10" = "mail.bank.example"

[[transaction]]
label     = "forged"
client    = { ip = "198.51.100.66", ehlo = "mail.attacker.example" }
mail-from = "billing@bank.example"
rcpt-to   = ["alice@gateway.example"]
message   = """
From: The "Bank" <billing@bank.example>
Subject: Your invoice

Pay\there.
"""
sign      = [{ domain = "bank.example", selector = "s1", expires-at = "-1d", body-length = 3 }]
tamper    = [{ append-body = "P.S.\n" }]

[transaction.expect]
reply   = { to = "end-of-data", code = 550, enhanced = "5.7.1" }
dmarc   = "fail"
outcome = "rejected"

[[transaction]]
via       = { submission = { login = "carol@sender.example", tls = "implicit" } }
mail-from = "carol@sender.example"
rcpt-to   = ["alice@gateway.example"]
message   = "Subject: Lunch\n\nAt noon?\n"

[transaction.expect]
outcome = { delivered = "INBOX" }
"#;

/// A claim in the language's own words, at this place of the file.
fn claim<S: Subject>(line: &str, at: std::ops::Range<usize>) -> ClaimList<S> {
    let source = Source { name: String::new(), path: String::new(), text: line.to_owned() };
    let list: ClaimList<S> = form::read(source, "claims", |list, _, _| Some(list)).unwrap();
    list.iter().map(|stated| Stated { span: at.clone(), ..stated.clone() }).collect()
}

pub(crate) fn plan(name: &str) -> Scenario {
    parse(name, TEXT)
}

pub(crate) fn parse(name: &str, text: &str) -> Scenario {
    let source = Source { name: name.to_owned(), path: format!("scenarios/{name}.toml"), text: text.to_owned() };
    let world = World {
        gateway: vec!["gateway.example".parse().unwrap()],
        logins: vec!["carol@sender.example".parse().unwrap()],
        reserved: vec!["gateway.example".parse().unwrap(), "sender.example".parse().unwrap()],
        ..World::default()
    };
    scenario::parse(source, &world).unwrap_or_else(|faults| panic!("{:?}", faults.flaws()))
}

fn transaction(end: &str, is_delivered: bool) -> Transaction {
    let exchange = |to: &str, sent: &str, reply: &str| Exchange::new(to, sent, Observed::Seen(reply.parse().unwrap()));
    let fate = Fate {
        recipient: "alice@gateway.example".parse().unwrap(),
        host: "mx.gateway.example".to_owned(),
        status: FateStatus::Sent,
        said: "250 2.0.0 Saved".to_owned(),
    };
    let copy = Delivered {
        mailbox: "alice@gateway.example".parse().unwrap(),
        recipient: None,
        folder: "INBOX".to_owned(),
        message: Message::parse(b"Subject: Lunch\r\n\r\nAt noon?\xff\r\n"),
    };
    Transaction {
        nonce: Nonce::from_number(1),
        earlier: Vec::new(),
        dialogue: vec![
            exchange("connect", "", "220 mx.gateway.example ESMTP"),
            exchange("ehlo", "EHLO mail.attacker.example", "250 mx.gateway.example"),
            exchange("mail-from", "MAIL FROM:<billing@bank.example>", "250 2.1.0 Ok"),
            exchange("rcpt-to", "RCPT TO:<alice@gateway.example>", "250 2.1.5 Ok"),
            exchange("data", "DATA", "354 go"),
            exchange("end-of-data", "", end),
        ],
        handshake: Observed::Unobserved("no TLS was asked for".to_owned()),
        questions: vec![],
        connections: vec![],
        arrived: vec![],
        program: None,
        sent: vec![],
        dialogue_octets: vec![],
        object: MailObject {
            fates: if is_delivered { vec![fate] } else { vec![] },
            delivered: if is_delivered { vec![copy] } else { vec![] },
            ..MailObject::default()
        },
        others: vec![],
        opinion: None,
    }
}

/// A scenario that was seen to its end: the forged message delivered, its DMARC result unknown.
pub(crate) fn scenario(name: &str, status: Status) -> ScenarioReport {
    let plan = plan(name);
    let evidence = Evidence {
        transactions: vec![transaction("250 2.0.0 Ok", true), transaction("250 2.0.0 Ok", true)],
        ..Evidence::default()
    };
    let verdict = verdict::judge(&plan, &evidence);
    ScenarioReport {
        name: name.to_owned(),
        file: format!("/library/{name}.toml").into(),
        title: plan.plan.title,
        status,
        snapshot: Snapshot::None,
        died: vec![],
        verdict: Some(verdict),
        evidence: Some(evidence),
        took: Duration::from_millis(420),
    }
}

/// One without mail: a setting that is refused, a service that could not be asked, and a name that is not there.
pub(crate) fn without_mail(status: Status) -> ScenarioReport {
    let mut whole = plan("tls/setting");
    whole.claims.transactions.clear();
    let plan = &mut whole.plan;
    plan.transactions.clear();
    let at = |part: &str| {
        let start = TEXT.find(part).unwrap();
        start..start + part.len()
    };
    plan.settings.changes = vec![SettingChange {
        daemon: Daemon::Postfix,
        name: Spanned { value: "smtpd_tls_protocols".to_owned(), span: at("title") },
        value: Some("TLSv1".to_owned()),
    }];
    plan.probes = vec![Probe {
        label: "border".to_owned(),
        service: Spanned { value: mail::Service::Smtp, span: at("teaches") },
        server_name: None,
        span: at("[[transaction]]"),
    }];
    plan.lookups = vec![Lookup {
        label: "policy".to_owned(),
        name: Spanned { value: "_dmarc.bank.example".parse().unwrap(), span: at("client") },
        record_type: "TXT".to_owned(),
        span: at("[[transaction]]"),
    }];
    whole.claims.settings = claim("taken = true", at("cites"));
    whole.claims.probes = vec![claim("dh-bits = 2048", at("label"))];
    whole.claims.lookups = vec![claim("rcode = \"NOERROR\"", at("mail-from"))];
    let setting = Setting {
        daemon: "postfix".to_owned(),
        name: "smtpd_tls_protocols".to_owned(),
        value: Some("TLSv1".to_owned()),
        is_taken: false,
        said: vec!["fatal: bad value".to_owned()],
    };
    let answer =
        LookedUp { rcode: "NXDOMAIN".to_owned(), is_authentic: true, records: Vec::new(), remarks: Vec::new() };
    let evidence = Evidence {
        settings: vec![setting],
        probes: vec![Observed::Unobserved("connection refused".to_owned())],
        lookups: vec![Observed::Seen(answer)],
        ..Evidence::default()
    };
    let verdict = Some(verdict::judge(&whole, &evidence));
    ScenarioReport { verdict, evidence: Some(evidence), ..scenario("tls/setting", status) }
}

/// A scenario about which nothing more is to be said.
pub(crate) fn bare(name: &str, status: Status) -> ScenarioReport {
    ScenarioReport { verdict: None, evidence: None, ..scenario(name, status) }
}

pub(crate) fn run(scenarios: Vec<ScenarioReport>) -> RunReport {
    RunReport {
        gateway: "hardened".to_owned(),
        adaptations: vec!["the certificate behind /etc/ssl/mx.pem is the run's own".to_owned()],
        died: vec![],
        strays: Observed::Seen(vec![]),
        scenarios,
        left_out: vec![],
        took: Duration::from_millis(12_345),
        identity: mailproof_report::Identity::default(),
        shard: None,
        incomplete: vec![],
        is_ci: false,
    }
}

/// One of each.
pub(crate) fn one_of_each() -> RunReport {
    let diff = "@@ -1 +1 @@\n-S: 220 a\n+S: 220 b\n".to_owned();
    run(vec![
        ScenarioReport { snapshot: Snapshot::Same, ..bare("dmarc/held", Status::Held) },
        scenario("dmarc/forged", Status::Failed),
        bare("spf/broken", Status::Error("a filter died\nat once".to_owned())),
        bare("spf/known", Status::KnownFailure("it has no SPF".to_owned())),
        bare("spf/passes", Status::UnexpectedPass("it had no SPF".to_owned())),
        ScenarioReport { snapshot: Snapshot::New, ..bare("tls/new", Status::SnapshotNew) },
        ScenarioReport { snapshot: Snapshot::Differs(diff), ..bare("tls/other", Status::SnapshotDiffers) },
    ])
}
