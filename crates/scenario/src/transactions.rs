//! Transactions: who brings what to whom, checked against the zones of the file and the world around it.

use crate::{
    hosts::is_of_a_host,
    language::{ClientTable, SubmissionTable, TransactionTable},
    messages,
    stage::Stage,
    transcripts, zones,
};
use claims::{
    ClaimList,
    transaction::{self, is_outbound, must_arrive},
};
use form::{Flaw, did_you_mean, listed, nearest};
use mail::{Address, Domain, ReversePath};
use plan::{Change, Client, Driver, Octets, Origin, Path, Spanned, Submission, Tls, Transaction, World};
use std::{net::IpAddr, ops::Range};

/// What a transaction is checked against.
pub(crate) struct Scene<'a> {
    pub(crate) world: &'a World,
    /// As it is when the message is sent.
    pub(crate) stage: &'a Stage,
    /// The text of the file.
    pub(crate) text: &'a str,
}

/// Makes one transaction and its claims; none if it has flaws that leave nothing to make.
pub(crate) fn build(
    table: Spanned<TransactionTable>,
    number: usize,
    change: Option<Change>,
    scene: &Scene<'_>,
    flaws: &mut Vec<Flaw>,
) -> Option<(Transaction, ClaimList<transaction::Transaction>)> {
    let Spanned { value: table, span } = table;
    let exact = table.exact.unwrap_or(false);
    let dialogue = table.dialogue.as_ref().map(|text| transcripts::read(text, scene.text, table.rcpt_to.stands, flaws));
    envelope_fits(&table, &span, dialogue.as_ref(), flaws);
    let origin = origin(&table, &span, exact, dialogue.as_ref(), scene, flaws);
    let no_message = dialogue.as_ref().filter(|_| !table.message.stands).map(|read| read.transcript.span.clone());
    let parts = messages::Parts {
        body: table.body,
        exact: exact || no_message.is_some(),
        sign: table.sign,
        tamper: table.tamper,
        hop: table.hop,
    };
    let text = match (table.message.value, no_message) {
        (Some(text), _) => Some(text.map(|content| content.octets)),
        (None, Some(span)) => Some(Spanned { value: Octets::default(), span }),
        (None, None) => None,
    };
    let message = messages::build(text, parts, scene, flaws);
    let (mut said_from, mut said_to) = (None, Vec::new());
    let dialogue = dialogue.map(|read| {
        (said_from, said_to) = (read.mail_from, read.rcpt_to);
        read.transcript
    });
    let rcpt_to = table.rcpt_to.value.map_or(said_to, |list| list.0.into_iter().flat_map(|to| to.0).collect());
    let nobody =
        dialogue.as_ref().map(|dialogue| Path { value: ReversePath::Null, raw: None, span: dialogue.span.clone() });
    let claims = table.expect.value.unwrap_or_default();
    let transaction = Transaction {
        label: table.label.map_or_else(|| number.to_string(), |label| label.value.0),
        change,
        origin: origin?,
        mail_from: table.mail_from.value.map(|from| from.0).or(said_from).or(nobody)?,
        rcpt_to,
        message: message?,
        dialogue,
        span,
    };
    let about = transaction::Scene { world: scene.world, hosts: &scene.stage.hosts, planned: &transaction };
    claims.contradictions(&about, flaws);
    for recipient in &transaction.rcpt_to {
        is_served(recipient, &transaction, &claims, scene, flaws);
    }
    Some((transaction, claims))
}

/// Complains of a part of the envelope or of the message that is missing, and of what a dialogue says otherwise.
fn envelope_fits(
    table: &TransactionTable,
    span: &Range<usize>,
    dialogue: Option<&transcripts::Read>,
    flaws: &mut Vec<Flaw>,
) {
    let Some(read) = dialogue else {
        let needed = [
            ("mail-from", table.mail_from.stands, r#"mail-from = "billing@bank.example""#),
            ("rcpt-to", table.rcpt_to.stands, r#"rcpt-to = ["alice@gateway.example"]"#),
            ("message", table.message.stands, r#"message = """…""""#),
            ("expect", table.expect.stands, r#"expect = { outcome = "delivered" }"#),
        ];
        for (key, _, example) in needed.iter().filter(|(_, stands, _)| !stands) {
            let flaw = Flaw::new(format!("a transaction needs `{key}`")).at(span, format!("`{key}` is missing"));
            flaws.push(flaw.help(format!("add `{example}`, or write the whole `dialogue` out")));
        }
        return;
    };
    let at = &read.transcript.span;
    if let (Some(message), false) = (&table.message.value, read.has_message) {
        let flaw = Flaw::new("the message is not sent").at(at, "`{message}` does not stand in the dialogue");
        flaws.push(flaw.at(&message.span, "this message").help("write `C: {message}` behind `C: DATA` and `S: 354`"));
    }
    if read.has_message && !table.message.stands {
        let flaw = Flaw::new("the dialogue sends a message, and there is none").at(at, "`{message}` stands here");
        flaws.push(flaw.help("add `message = \"\"\"…\"\"\"`"));
    }
    let listed: Vec<_> = table.rcpt_to.value.iter().flat_map(|list| list.0.iter().flat_map(|to| &to.0)).collect();
    if let Some(first) = listed.first().filter(|_| listed.len() != read.recipients) {
        let (count, span) = (listed.len(), first.span.clone());
        let flaw = Flaw::new(format!("the dialogue has {} recipients, `rcpt-to` has {count}", read.recipients));
        let help = "name the mailbox of each RCPT TO of the message, in order, or leave `rcpt-to` out";
        flaws.push(flaw.at(&span, "these").at(at, "the dialogue").help(help));
    }
    if let Some(tls) =
        table.client.value.iter().flat_map(|client| &client.value.tls).find(|tls| tls.value == Tls::Starttls)
    {
        let flaw = Flaw::new("a dialogue says itself when TLS begins").at(&tls.span, "not here");
        flaws.push(flaw.at(at, "the dialogue").help("write `C: STARTTLS`, `S: 220` and `-- TLS --` into it"));
    }
    if let Some(via) = &table.via.value {
        let flaw = Flaw::new("only a client says a dialogue that is written out").at(at, "the dialogue");
        flaws.push(flaw.at(&via.span, "not a client").help(r#"write `client = { ip = "192.0.2.10" }`"#));
    }
}

fn origin(
    table: &TransactionTable,
    span: &Range<usize>,
    exact: bool,
    dialogue: Option<&transcripts::Read>,
    scene: &Scene<'_>,
    flaws: &mut Vec<Flaw>,
) -> Option<Origin> {
    if (table.client.stands && table.client.value.is_none()) || (table.via.stands && table.via.value.is_none()) {
        return None;
    }
    match (&table.client.value, &table.via.value) {
        (Some(client), None) => self::client(client, exact, dialogue, scene.world, flaws),
        (None, Some(via)) => {
            let by_submission = via.value.submission.as_ref();
            match by_submission {
                Some(submission) => self::submission(submission, scene, flaws),
                None => via.value.sendmail.as_ref().map(|_| Origin::Sendmail),
            }
        }
        (Some(client), Some(via)) => {
            let flaw = Flaw::new("a transaction has `client` or `via`, not both").at(&client.span, "one of them");
            flaws.push(flaw.at(&via.span, "or the other"));
            None
        }
        (None, None) => {
            let flaw = Flaw::new("nobody brings this message").at(span, "`client` or `via` is missing");
            flaws.push(flaw.help(r#"add `client = { ip = "192.0.2.10", ehlo = "mail.bank.example" }`"#));
            None
        }
    }
}

fn client(
    client: &Spanned<ClientTable>,
    exact: bool,
    dialogue: Option<&transcripts::Read>,
    world: &World,
    flaws: &mut Vec<Flaw>,
) -> Option<Origin> {
    let table = &client.value;
    if let Some(ip) = table.ip.0.as_ref().filter(|ip| world.addresses.contains(&ip.value)) {
        let flaw = Flaw::new(format!("{} belongs to the gateways", ip.value)).at(&ip.span, "no client is there");
        flaws.push(flaw.help("whom a gateway takes for itself is trusted; give the client an address of its own"));
    }
    if let Some(ip) = table.ip.0.as_ref().filter(|ip| !is_of_a_host(ip.value)) {
        let flaw = Flaw::new(format!("nobody can connect from {}", ip.value)).at(&ip.span, "not the address of a host");
        let help = match ip.value {
            IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => {
                let v4 = v6.to_ipv4_mapped().map(|v4| v4.to_string()).unwrap_or_default();
                format!("no packet comes from an IPv4-mapped address (RFC 4291 §2.5.5.2); write \"{v4}\"")
            }
            _ => {
                "use a documentation address: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 or 2001:db8::/32".to_owned()
            }
        };
        flaws.push(flaw.help(help));
    }
    if let (Some(retry), Some(_)) = (&table.retry, dialogue) {
        let flaw = Flaw::new("a dialogue that is written out is said once").at(&retry.span, "nothing is tried again");
        flaws.push(flaw.help("leave `retry` out, or the dialogue"));
    }
    let usual = if exact { Driver::ByteExact } else { Driver::WellBehaved };
    let (says_helo, name) = match (&table.ehlo, &table.helo) {
        (Some(ehlo), Some(helo)) => {
            let flaw = Flaw::new("a client says EHLO or HELO, not both").at(&helo.span, "one of them");
            flaws.push(flaw.at(&ehlo.span, "or the other").help("a `dialogue` can say both"));
            return None;
        }
        (Some(ehlo), None) => (false, ehlo),
        (None, Some(helo)) => (true, helo),
        (None, None) => {
            if let Some(read) = dialogue {
                let silent = || Spanned { value: String::new(), span: read.transcript.span.clone() };
                return Some(Origin::Client(Client {
                    ip: table.ip.0.clone()?,
                    ehlo: read.ehlo.clone().unwrap_or_else(silent),
                    says_helo: false,
                    tls: client_tls(table, dialogue),
                    driver: table.driver.unwrap_or(usual),
                    retry: None,
                }));
            }
            let flaw = Flaw::new("a client needs `ehlo`").at(&client.span, "`ehlo` is missing");
            flaws.push(flaw.help(r#"add `ehlo = "mail.bank.example"`, or `helo`, or write the whole `dialogue` out"#));
            return None;
        }
    };
    if let Some(tls) = table.tls.as_ref().filter(|tls| says_helo && tls.value == Tls::Starttls) {
        let flaw = Flaw::new("a client that says HELO is offered no STARTTLS").at(&tls.span, "never comes");
        flaws
            .push(flaw.at(&name.span, "HELO has no extensions (RFC 3207 §4)").help("write `ehlo`, or leave `tls` out"));
    }
    Some(Origin::Client(Client {
        ip: table.ip.0.clone()?,
        ehlo: Spanned { value: name.value.0.clone(), span: name.span.clone() },
        says_helo,
        tls: client_tls(table, dialogue),
        driver: table.driver.unwrap_or(usual),
        retry: table.retry.as_ref().map(|retry| retry.value.0.unsigned_abs()),
    }))
}

fn client_tls(table: &ClientTable, dialogue: Option<&transcripts::Read>) -> Tls {
    let of_dialogue = if dialogue.is_some_and(|read| read.has_tls) { Tls::Starttls } else { Tls::None };
    table.tls.as_ref().map_or(of_dialogue, |tls| tls.value)
}

fn submission(table: &SubmissionTable, scene: &Scene<'_>, flaws: &mut Vec<Flaw>) -> Option<Origin> {
    let login = table.login.0.as_ref()?;
    let known: Vec<String> = scene.world.logins.iter().map(ToString::to_string).collect();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    if !scene.world.logins.contains(&login.value) {
        let help = did_you_mean(
            &login.value.to_string(),
            known.iter().copied(),
            &format!("The gateways know {}", listed(&known)),
        );
        let flaw = Flaw::new(format!("nobody logs in as `{}`", login.value)).at(&login.span, "no such login");
        flaws.push(flaw.help(help));
        return None;
    }
    Some(Origin::Submission(Submission { login: login.clone(), tls: table.tls.0.as_ref()?.value }))
}

/// A recipient must be at a domain that somebody has, if the message is to arrive or the gateway brings it there, and
/// is not one with a slip of the pen.
fn is_served(
    recipient: &Path<Address>,
    transaction: &Transaction,
    claims: &ClaimList<transaction::Transaction>,
    scene: &Scene<'_>,
    flaws: &mut Vec<Flaw>,
) {
    let domain = recipient.value.domain();
    let world = scene.world;
    if world.owned().any(|own| domain.is_within(own)) {
        return;
    }
    let must_arrive = must_arrive(claims);
    if let Some(zone) = zones::of(domain, &scene.stage.zones) {
        let (message, label, help) = if !zone.has(domain.as_str(), &["MX", "A", "AAAA", "CNAME"]) {
            let help = format!("add `mx = \"mx.{domain}\"` to its zone, and [host.\"mx.{domain}\"] with `smtp`");
            (format!("{domain} has no mail exchange"), "mail cannot come here", help)
        } else if !scene.stage.hosts.iter().any(|host| host.smtp.is_some()) {
            let help = "declare the host that its `mx` names, as [host.\"…\"] with `smtp`".to_owned();
            (format!("no host of this file takes mail for {domain}"), "mail cannot come here", help)
        } else {
            return;
        };
        if must_arrive {
            flaws.push(Flaw::new(message).at(&recipient.span, label).at(&zone.span, "its zone").help(help));
        }
        return;
    }
    let known = || world.owned().map(Domain::as_str).chain(scene.stage.zones.iter().map(|z| z.zone.origin.as_str()));
    let near = nearest(domain.as_str(), known()).filter(|near| strsim::osa_distance(domain.as_str(), near) <= 2);
    if near.is_none() && !must_arrive && !is_outbound(transaction, world) {
        return;
    }
    let gateway: Vec<&str> = world.gateway.iter().map(Domain::as_str).collect();
    let usual = format!("The gateway receives mail for {}; a third domain needs a zone with an `mx`", listed(&gateway));
    flaws.push(
        Flaw::new(format!("nobody receives mail for {domain}"))
            .at(&recipient.span, "neither a domain of the gateways nor a zone of this file")
            .help(did_you_mean(domain.as_str(), near, &usual)),
    );
}
