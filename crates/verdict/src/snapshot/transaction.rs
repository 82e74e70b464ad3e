//! What was seen of one transaction.

use super::{Section, arrived, filled, hosts, part};
use claims::{
    links,
    outcomes::{Ending, endings, outcome_word, reply_text, status_fields, status_word, unplanned},
    results,
};
use evidence::{Delivered, Exchange, Handshake, Observed, ResultSource, Transaction};
use plan::{Origin, Tls};
use std::{collections::BTreeSet, fmt};

/// The text of one transaction.
pub(super) fn text(planned: &plan::Transaction, seen: &Transaction) -> String {
    let by_program = planned.origin == Origin::Sendmail;
    let before = filled([
        ("", dialogue(planned, seen)),
        ("TLS", if by_program { Vec::new() } else { tls(seen) }),
        ("Relay", relays(planned, seen)),
    ]);
    let recipients: Vec<_> = planned.rcpt_to.iter().map(|r| &r.value).collect();
    let after = filled([("DNS", questions(seen))]).chain(object(seen, endings(&recipients, seen)));
    let sections = before.chain(hosts::connections(planned, seen)).chain(after).chain(copies(planned, seen));
    let sections = sections.chain(hosts::arrived(planned, seen)).chain(bounces(seen));
    part(&planned.label, sections.chain(others(planned, seen)))
}

/// What was accepted beside the planned message, one after the other.
fn others(planned: &plan::Transaction, seen: &Transaction) -> Vec<Section> {
    let accepted = seen.others.iter().filter(|other| other.is_accepted == Some(true));
    let sections = accepted.enumerate().flat_map(|(at, other)| {
        let seen = Transaction { object: other.clone(), ..seen.clone() };
        let sections = object(&seen, unplanned(&seen)).chain(copies(planned, &seen)).chain(bounces(&seen));
        let sections: Vec<Section> =
            sections.map(|(title, lines)| (format!("Beside it {}: {title}", at + 1), lines)).collect();
        sections
    });
    sections.collect()
}

/// What became of one mail object.
fn object(seen: &Transaction, endings: Vec<Ending>) -> impl Iterator<Item = Section> {
    filled([("Results", said_results(seen)), ("Outcome", outcome(endings)), ("Queue", fates(seen))])
}

fn copies(planned: &plan::Transaction, seen: &Transaction) -> Vec<Section> {
    let mut copies: Vec<&Delivered> = seen.object.delivered.iter().collect();
    // aliases bring several copies of one message into one mailbox, in any order
    let recipient = |copy: &&Delivered| copy.message.all("X-Original-To").next().map(str::to_owned);
    copies.sort_by_cached_key(|copy| (copy.mailbox.clone(), copy.folder.clone(), recipient(copy)));
    let section = |copy: &Delivered| {
        (format!("{} {}", copy.mailbox, copy.folder), arrived::changes(planned, seen, &copy.message))
    };
    copies.into_iter().map(section).collect()
}

fn bounces(seen: &Transaction) -> Vec<Section> {
    let section = |bounce: &Delivered| (format!("Notification to {}", bounce.mailbox), status_fields(bounce));
    seen.object.bounces.iter().map(section).collect()
}

fn dialogue(planned: &plan::Transaction, seen: &Transaction) -> Vec<String> {
    let (who, tls) = match &planned.origin {
        Origin::Client(client) => (format!("client {}", client.ip.value), client.tls),
        Origin::Submission(submission) => (format!("submission as {}", submission.login.value), submission.tls),
        Origin::Sendmail => ("sendmail on the gateway".to_owned(), Tls::None),
    };
    let mut lines = vec![who, String::new()];
    if let Some(run) = &seen.program {
        lines.push(format!("$ {}", run.command));
        lines.extend(run.said.lines().map(str::to_owned));
        lines.push(format!("-- status {} --", run.status));
    }
    let nothing = Observed::Unobserved(String::new());
    for earlier in &seen.earlier {
        lines.extend(exchanges(earlier, &nothing, false));
        lines.extend(["-- later --".to_owned()]);
    }
    lines.extend(exchanges(&seen.dialogue, &seen.handshake, tls == Tls::Implicit));
    lines
}

/// A dialogue, and where in it TLS begins.
pub(super) fn exchanges(dialogue: &[Exchange], handshake: &Observed<Handshake>, is_implicit: bool) -> Vec<String> {
    let protected = || handshake.seen().map(|handshake| format!("-- {} --", handshake.version));
    let mut lines: Vec<String> = is_implicit.then(protected).flatten().into_iter().collect();
    let mut begins = false;
    for exchange in dialogue {
        if begins && exchange.to != "injected" {
            lines.extend(protected());
            begins = false;
        }
        lines.extend(commands(exchange));
        match &exchange.reply {
            Observed::Seen(reply) => lines.extend(reply.to_string().lines().map(|line| format!("S: {line}"))),
            Observed::Unobserved(why) => lines.push(format!("-- no reply: {why} --")),
        }
        begins |= exchange.to == "starttls" && exchange.reply.seen().is_some_and(mail::Reply::is_positive);
    }
    if begins {
        lines.extend(protected());
    }
    lines
}

fn commands(exchange: &Exchange) -> Vec<String> {
    match exchange.to.as_str() {
        "connect" | "octets" | "unexpected" | "injected" if exchange.sent.is_empty() => Vec::new(),
        "end-of-data" if exchange.sent.is_empty() => vec!["C: (the message)".to_owned(), "C: .".to_owned()],
        _ => exchange.sent.lines().map(|line| format!("C: {}", command(line))).collect(),
    }
}

/// A command without the size of the message (RFC 1870 §6), which varies with dates and ids in it.
fn command(line: &str) -> String {
    let word = |word: &str| match word.split_once('=') {
        Some((name, _)) if name.eq_ignore_ascii_case("SIZE") => format!("{name}=SIZE"),
        _ => word.to_owned(),
    };
    line.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn tls(seen: &Transaction) -> Vec<String> {
    match &seen.handshake {
        Observed::Seen(handshake) => protection(handshake),
        Observed::Unobserved(why) => vec![format!("none: {why}")],
    }
}

fn protection(handshake: &Handshake) -> Vec<String> {
    [links::words(handshake)].into_iter().chain(chain(&handshake.chain)).collect()
}

/// A line a certificate.
pub(super) fn chain(certificates: &[evidence::Certificate]) -> Vec<String> {
    let line = |(at, of): (usize, &evidence::Certificate)| format!("certificate {at}: {}", links::certificate(of));
    certificates.iter().enumerate().map(line).collect()
}

fn relays(planned: &plan::Transaction, seen: &Transaction) -> Vec<String> {
    let relay = |relay: &evidence::Relay| {
        let how = relay.handshake.as_ref().map_or_else(|| "cleartext".to_owned(), links::words);
        let reply = match &relay.reply {
            Observed::Seen(reply) => reply_text(reply),
            Observed::Unobserved(why) => format!("no reply: {why}"),
        };
        [format!("{} -> {}", relay.from, relay.to), format!("  {how}"), format!("  {reply}")]
    };
    let mut relays: Vec<_> = seen.object.relays.iter().map(relay).collect();
    if hosts::may_overlap(planned) {
        relays.sort();
    }
    relays.into_iter().flatten().collect()
}

fn questions(seen: &Transaction) -> Vec<String> {
    let is_told = |q: &&evidence::Question| !matches!(q.record_type.as_str(), "DS" | "DNSKEY");
    let line = |q: &evidence::Question| format!("{} {}: {}, {}", q.name, q.record_type, q.rcode, Records(q.answers));
    let lines: BTreeSet<String> = seen.questions.iter().filter(is_told).map(line).collect();
    lines.into_iter().collect()
}

struct Records(u16);

impl fmt::Display for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(count) = self;
        write!(f, "{count} {}", if *count == 1 { "record" } else { "records" })
    }
}

/// Each method's results as its first source says them, sorted; signatures are named by domain, not by their octets.
fn said_results(seen: &Transaction) -> Vec<String> {
    let methods: BTreeSet<String> = seen.object.results.iter().map(|r| r.method.to_ascii_lowercase()).collect();
    let method = |method: &String| {
        let said = results::of(method, seen).unwrap_or_default();
        let lines: BTreeSet<String> = said.into_iter().map(result).collect();
        lines.into_iter().collect::<Vec<_>>()
    };
    methods.iter().flat_map(method).collect()
}

fn result(result: &evidence::AuthResult) -> String {
    let mut told = result.clone();
    told.properties.retain(|(name, _)| !name.eq_ignore_ascii_case("header.b"));
    let source = match &result.source {
        ResultSource::Header => "header".to_owned(),
        ResultSource::Field(name) => format!("field {name}"),
        ResultSource::Log(filter) => format!("log of {filter}"),
        ResultSource::Reply => "reply".to_owned(),
    };
    format!("{} [{source}]", results::resinfo(&told))
}

fn outcome(endings: Vec<Ending>) -> Vec<String> {
    let line = |ending: Ending| match ending.outcome {
        Observed::Seen(outcome) => format!("{}: {}", ending.recipient, outcome_word(&outcome)),
        Observed::Unobserved(why) => format!("{}: unobserved: {why}", ending.recipient),
    };
    endings.into_iter().map(line).collect()
}

/// What queues did. What the mailbox replied on delivery is left out: it is a made-up id.
fn fates(seen: &Transaction) -> Vec<String> {
    let line = |fate: &evidence::Fate| {
        let status = status_word(fate.status);
        let said = if fate.status == evidence::FateStatus::Sent { String::new() } else { format!(": {}", fate.said) };
        format!("{} at {}: {status}{said}", fate.recipient, fate.host)
    };
    let lines: BTreeSet<String> = seen.object.fates.iter().map(line).collect();
    lines.into_iter().collect()
}
