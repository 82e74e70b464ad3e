//! A gateway with rspamd as its only filter, as Postfix and rspamd write it down: the log in a file, and either its field among those of
//! the delivered message or X-Spamd-Result alone. What it found does not depend on the peer.

use crate::daemons::{CLIENT, End, ID, Peer, QUEUE_ID, address, log, printable, read};
use evidence::{Delivered, Transaction};
use mail::{Message, unquoted_address};

/// What rspamd leaves of a Message-ID: no white space, and nothing that cannot be seen.
fn graphic(text: &str) -> String {
    text.bytes().map(|b| if b.is_ascii_graphic() { char::from(b) } else { '?' }).collect()
}

/// The tests that the message met, sorted by score as rspamd has them: name, score and options.
fn tests(peer: &Peer) -> Vec<(&'static str, &'static str, Vec<String>)> {
    let from = printable(&unquoted_address(&peer.mail_from()));
    let authors = || vec!["billing@bank.example".to_owned(), from.clone()];
    let dkim = match &peer.tags {
        None => ("R_DKIM_NA", "0.00", Vec::new()),
        Some([d, s, _]) => {
            // a signature without a domain is none
            let domain = if d.is_empty() { "a.example".to_owned() } else { printable(d) };
            ("R_DKIM_REJECT", "1.00", vec![format!("{domain}:s={}", printable(s))])
        }
    };
    vec![
        ("HFILTER_HELO_5", "3.00", vec![printable(&peer.helo)]),
        (
            "DMARC_POLICY_REJECT",
            "2.00",
            vec!["bank.example : No valid SPF, No valid DKIM".to_owned(), "reject".to_owned()],
        ),
        ("R_SPF_FAIL", "1.00", vec!["-all".to_owned()]),
        dkim,
        ("FORGED_SENDER", "0.30", authors()),
        ("ARC_NA", "0.00", Vec::new()),
        ("FROM_NEQ_ENVFROM", "0.00", authors()),
        ("TO_DN_NONE", "0.00", Vec::new()),
    ]
}

/// What rspamd appends to its file.
fn task(peer: &Peer, end: End) -> [String; 2] {
    let from = printable(&unquoted_address(&peer.mail_from()));
    let id = graphic(&peer.message_id);
    let said = |(name, score, options): (&str, &str, Vec<String>)| {
        let options: String = options.iter().map(|option| format!("{option};")).collect();
        format!("{name}({score}){{{options}}}")
    };
    let tests: Vec<String> = tests(peer).into_iter().map(said).collect();
    let action = if end == End::Rejected { "T (reject)" } else { "F (no action)" };
    let to = printable(&unquoted_address(&address(&peer.nobody, ID)));
    [
        format!(
            "rspamd_message_parse: loaded message; id: <{id}>; queue-id: <{QUEUE_ID}>; size: 999; checksum: \
             <59d47259e9e85167591879db4e3c7d0e>"
        ),
        format!(
            "rspamd_task_write_log: id: <{id}>, qid: <{QUEUE_ID}>, ip: {CLIENT}, from: <{from}>, (default: {action}: [7.30/15.00] [{}]), \
             len: 999, time: 32.199ms, dns req: 9, digest: <59d47259e9e85167591879db4e3c7d0e>, rcpts: <alice@{ID}>, mime_rcpts: <{to}>",
            tests.join(",")
        ),
    ]
    .map(|text| format!("/var/log/rspamd/rspamd.log\t2026-11-24 09:44:26 #77(rspamd_proxy) <948c98>; proxy; {text}"))
}

/// The message as it lies in the mailbox, with X-Spamd-Result below Received.
fn copy(peer: &Peer) -> Delivered {
    let said = |(name, score, options): (&str, &str, Vec<String>)| format!("{name}({score})[{}]", options.join(","));
    let tests: Vec<String> = tests(peer).into_iter().map(said).collect();
    let text = format!(
        "Return-Path: <{}>\r\nDelivered-To: alice@{ID}\r\nReceived: from x (unknown [{CLIENT}])\r\n\tby mx.{ID} (Postfix) with ESMTP id \
         {QUEUE_ID}\r\n\tfor <alice@{ID}>; Tue, 24 Nov 2026 09:44:51 +0000 (UTC)\r\n\
         X-Spamd-Result: default: False [7.30 / 15.00];\r\n\t{}\r\n{}",
        peer.mail_from(),
        tests.join(";\r\n\t"),
        peer.sent(),
    );
    let message = Message::parse(text.as_bytes());
    Delivered { mailbox: format!("alice@{ID}").parse().unwrap(), recipient: None, folder: "INBOX".to_owned(), message }
}

/// What the harness makes of it; with `is_silent` rspamd logs nothing.
pub(crate) fn seen(peer: &Peer, end: End, is_silent: bool) -> Transaction {
    let is_other = |line: &&String| ["opendkim", "opendmarc", "policyd-spf"].iter().all(|name| !line.starts_with(name));
    let mut lines: Vec<String> =
        log(peer, end).iter().filter(is_other).map(|line| format!("<22>Nov 24 09:44:26 {line}")).collect();
    if !is_silent {
        // one batch of the collector's: what stands in a file comes behind what came by syslog
        lines.extend(task(peer, end));
    }
    let delivered = if end == End::Delivered { vec![copy(peer)] } else { Vec::new() };
    read(peer, end, &lines, &delivered)
}
