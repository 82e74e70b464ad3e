//! The evidence as text that reads like the protocol, the same bytes for the same behaviour.
//!
//! Log lines are left out, since their number and order vary; so are DS and DNSKEY questions, which depend on what a
//! resolver still knows, the validity of certificates, and header fields that arrived as they were sent.

mod arrived;

use crate::{
    handshake,
    outcome::{endings, outcome_word, said, status_word},
    results,
};
use evidence::{Delivered, Exchange, Handshake, Observed, Redactor, ResultSource, Transaction};
use scenario::{Origin, Plan, Tls};
use std::{
    collections::BTreeSet,
    fmt::{self, Write},
};

/// The snapshot of one scenario.
pub(crate) fn text(plan: &Plan, evidence: &evidence::Evidence) -> String {
    let mut redactor = Redactor::default();
    let mut out = String::new();
    for (at, planned) in plan.transactions.iter().enumerate() {
        let begin = if at == 0 { "" } else { "\n" };
        // Writing to a string does not fail.
        let _ = match evidence.transactions.get(at) {
            Some(seen) => write!(out, "{begin}{}", redactor.redact(&transaction(planned, seen))),
            None => writeln!(out, "{begin}# {}\n\nnothing was seen", planned.label),
        };
    }
    out
}

/// What a notification says (RFC 3464 §2.3), if there is one.
pub(crate) fn bounce_words(seen: &Transaction) -> Option<String> {
    let fields: Vec<String> = seen.bounces.iter().flat_map(status_fields).collect();
    (!fields.is_empty()).then(|| format!("the notification says {}", fields.join(", ")))
}

fn transaction(planned: &scenario::Transaction, seen: &Transaction) -> String {
    let mut out = format!("# {}\n\n", planned.label);
    let sections = [
        ("", dialogue(planned, seen)),
        ("TLS", tls(seen)),
        ("Relay", relays(seen)),
        ("DNS", questions(seen)),
        ("Results", said_results(seen)),
        ("Outcome", outcome(planned, seen)),
        ("Queue", fates(seen)),
    ];
    for (title, lines) in sections.into_iter().filter(|(_, lines)| !lines.is_empty()) {
        section(&mut out, title, &lines);
    }
    let mut copies: Vec<&Delivered> = seen.delivered.iter().collect();
    copies.sort_by_key(|copy| (&copy.mailbox, &copy.folder));
    for copy in copies {
        section(&mut out, &format!("{} {}", copy.mailbox, copy.folder), &arrived::changes(planned, seen, copy));
    }
    for bounce in &seen.bounces {
        section(&mut out, &format!("Notification to {}", bounce.mailbox), &status_fields(bounce));
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn section(out: &mut String, title: &str, lines: &[String]) {
    let indent = if title.is_empty() { "" } else { "  " };
    if !title.is_empty() {
        out.push_str(title);
        out.push('\n');
    }
    for line in lines {
        out.push_str(format!("{indent}{line}").trim_end());
        out.push('\n');
    }
    out.push('\n');
}

fn dialogue(planned: &scenario::Transaction, seen: &Transaction) -> Vec<String> {
    let (who, tls) = match &planned.origin {
        Origin::Client(client) => (format!("client {}", client.ip.value), client.tls),
        Origin::Submission(submission) => (format!("submission as {}", submission.login.value), submission.tls),
        Origin::Sendmail => ("sendmail on the gateway".to_owned(), Tls::None),
    };
    let protected = |lines: &mut Vec<String>| {
        if let Observed::Seen(handshake) = &seen.handshake {
            lines.push(format!("-- {} --", handshake.version));
        }
    };
    let mut lines = vec![who, String::new()];
    if tls == Tls::Implicit {
        protected(&mut lines);
    }
    for exchange in &seen.dialogue {
        lines.extend(commands(exchange));
        match &exchange.reply {
            Observed::Seen(reply) => lines.extend(reply.to_string().lines().map(|line| format!("S: {line}"))),
            Observed::Unobserved(why) => lines.push(format!("-- no reply: {why} --")),
        }
        if exchange.to == "starttls" && exchange.reply.seen().is_some_and(mail::Reply::is_positive) {
            protected(&mut lines);
        }
    }
    lines
}

fn commands(exchange: &Exchange) -> Vec<String> {
    match exchange.to.as_str() {
        "connect" | "octets" if exchange.sent.is_empty() => Vec::new(),
        "end-of-data" => vec!["C: (the message)".to_owned(), "C: .".to_owned()],
        _ => exchange.sent.lines().map(|line| format!("C: {line}")).collect(),
    }
}

fn tls(seen: &Transaction) -> Vec<String> {
    match &seen.handshake {
        Observed::Seen(handshake) => protection(handshake),
        Observed::Unobserved(why) => vec![format!("none: {why}")],
    }
}

fn protection(handshake: &Handshake) -> Vec<String> {
    let certificate = |(at, c): (usize, &evidence::Certificate)| {
        let names = if c.names.is_empty() { String::new() } else { format!(" for {}", c.names.join(", ")) };
        format!("certificate {at}: {}{names}; {}; {} by {}", c.subject, c.key, c.signature, c.issuer)
    };
    let chain = handshake.chain.iter().enumerate().map(certificate);
    [handshake::words(handshake)].into_iter().chain(chain).collect()
}

fn relays(seen: &Transaction) -> Vec<String> {
    let relay = |relay: &evidence::Relay| {
        let how = relay.handshake.as_ref().map_or_else(|| "cleartext".to_owned(), handshake::words);
        let reply = match &relay.reply {
            Observed::Seen(reply) => said(reply),
            Observed::Unobserved(why) => format!("no reply: {why}"),
        };
        [format!("{} -> {}", relay.from, relay.to), format!("  {how}"), format!("  {reply}")]
    };
    seen.relays.iter().flat_map(relay).collect()
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
    let methods: BTreeSet<String> = seen.results.iter().map(|r| r.method.to_ascii_lowercase()).collect();
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
        ResultSource::Log(filter) => format!("log of {filter}"),
        ResultSource::Reply => "reply".to_owned(),
    };
    format!("{} [{source}]", results::words(&told))
}

fn outcome(planned: &scenario::Transaction, seen: &Transaction) -> Vec<String> {
    let recipients: Vec<_> = planned.rcpt_to.iter().map(|r| &r.value).collect();
    let line = |ending: crate::outcome::Ending| match ending.outcome {
        Observed::Seen(outcome) => format!("{}: {}", ending.recipient, outcome_word(&outcome)),
        Observed::Unobserved(why) => format!("{}: unobserved: {why}", ending.recipient),
    };
    endings(&recipients, seen).into_iter().map(line).collect()
}

/// What queues did. What the mailbox replied on delivery is left out: it is a made-up id.
fn fates(seen: &Transaction) -> Vec<String> {
    let line = |fate: &evidence::Fate| {
        let status = status_word(fate.status);
        let said = if fate.status == evidence::FateStatus::Sent { String::new() } else { format!(": {}", fate.said) };
        format!("{} at {}: {status}{said}", fate.recipient, fate.host)
    };
    let lines: BTreeSet<String> = seen.fates.iter().map(line).collect();
    lines.into_iter().collect()
}

/// The fields of the delivery status that say what happened (RFC 3464 §2.3).
fn status_fields(bounce: &Delivered) -> Vec<String> {
    let told = ["final-recipient", "original-recipient", "action", "status", "remote-mta", "diagnostic-code"];
    let body = String::from_utf8_lossy(&bounce.message.body).replace("\r\n", "\n").replace("\n ", " ");
    let is_told =
        |line: &&str| line.split_once(':').is_some_and(|(name, _)| told.iter().any(|t| name.eq_ignore_ascii_case(t)));
    let squeezed = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    body.lines().filter(is_told).map(squeezed).collect()
}
