//! Texts that nobody wrote: whatever comes, an answer comes back, and every span lies in the text.

use crate::{diagnostics, seams, shipped, whole};
use proptest::prelude::*;
use scenario::Scenario;
use std::{ops::Range, sync::LazyLock};

static SHIPPED: LazyLock<Vec<String>> = LazyLock::new(|| shipped().into_iter().map(|(_, text)| text).collect());

/// Reads a text; a panic, or a span that is no piece of the text, fails the test.
fn reads(text: &str) {
    match whole(text) {
        Ok(read) => assert!(spans(&read).into_iter().all(|span| text.get(span).is_some_and(|piece| !piece.is_empty()))),
        Err(faults) => {
            assert!(!faults.flaws().is_empty());
            for flaw in faults.flaws() {
                assert!(!flaw.message.is_empty() && !flaw.labels.is_empty(), "{flaw:?}");
                assert!(flaw.labels.iter().all(|(span, _)| text.get(span.clone()).is_some()), "{flaw:?}");
            }
            assert!(!format!("{:?}", miette::Report::new(faults)).is_empty());
        }
    }
}

/// Every place that a plan keeps.
fn spans(read: &Scenario) -> Vec<Range<usize>> {
    let Scenario { plan, claims } = read;
    let hosts = plan.transactions.iter().filter_map(|t| t.change.as_ref()).flat_map(|change| &change.hosts);
    let hosts = plan.hosts.iter().chain(hosts).map(|host| host.span.clone());
    let settings = plan.settings.changes.iter().map(|change| change.name.span.clone());
    let settings = settings.chain(claims.settings.iter().map(|stated| stated.span.clone()));
    let mut spans: Vec<Range<usize>> = hosts.chain(settings).collect();
    for probe in &plan.probes {
        spans.extend([probe.span.clone(), probe.service.span.clone()]);
    }
    for lookup in &plan.lookups {
        spans.extend([lookup.span.clone(), lookup.name.span.clone()]);
    }
    for report in &plan.reports {
        spans.extend([report.span.clone(), report.domain.span.clone()]);
    }
    for transaction in &plan.transactions {
        spans.push(transaction.span.clone());
    }
    spans.extend(claims.probes.iter().flatten().map(|stated| stated.span.clone()));
    spans.extend(claims.lookups.iter().flatten().map(|stated| stated.span.clone()));
    spans.extend(claims.reports.iter().flatten().map(|stated| stated.span.clone()));
    spans.extend(claims.transactions.iter().flatten().map(|stated| stated.span.clone()));
    spans
}

fn boundary(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

/// Pieces that mean something to the grammar.
fn piece() -> impl Strategy<Value = String> {
    let signs = [
        "\"",
        "\"\"\"",
        "'",
        "\\",
        "[",
        "]",
        "[[",
        "{",
        "}",
        "=",
        "\n",
        "\r\n",
        "(",
        ")",
        ";",
        "$",
        "@",
        "é",
        "\0",
        ".",
        "-1",
        "0x10",
        "true",
        "1979-05-27",
    ];
    prop_oneof![prop::sample::select(signs.map(str::to_owned).to_vec()), ".{0,6}", "[a-z-]{1,9}"]
}

/// Words of zone files.
fn record() -> impl Strategy<Value = String> {
    let words = [
        "A",
        "AAAA",
        "MX",
        "TXT",
        "CNAME",
        "NS",
        "SOA",
        "SRV",
        "TLSA",
        "CAA",
        "DS",
        "DNSKEY",
        "NSEC",
        "NSEC3",
        "RRSIG",
        "SSHFP",
        "NAPTR",
        "HINFO",
        "PTR",
        "SVCB",
        "HTTPS",
        "OPENPGPKEY",
        "CSYNC",
        "KEY",
        "SIG",
        "NULL",
        "ANAME",
        "OPT",
        "CERT",
        "TSIG",
        "NSEC3PARAM",
        "CDS",
        "CDNSKEY",
        "SMIMEA",
        "TYPE65280",
        "IN",
        "CH",
        "300",
        "1w",
        "@",
        "*",
        "alpn=h2",
        "issue",
        "20200101000000",
    ];
    let word = prop_oneof![4 => prop::sample::select(words.map(str::to_owned).to_vec()), 1 => piece(), 1 => "[0-9]{1,11}", 1 => "[0-9A-F]{1,20}"];
    prop::collection::vec(word, 0..9).prop_map(|words| words.join(" "))
}

/// A scenario without a fault.
fn good() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![diagnostics::GOOD, seams::GOOD])
}

/// Values that are right somewhere.
fn value() -> impl Strategy<Value = String> {
    let values = [
        "true",
        "false",
        "0",
        "1",
        "454",
        "65536",
        "-1",
        "1.5",
        "1979-05-27",
        "''",
        "'good'",
        "'wrong-name'",
        "'p256'",
        "[]",
        "{}",
        "['3 1 1', '3 1 1 issue 2']",
        "'198.51.100.25'",
        "['198.51.100.26', '2001:db8::25']",
        "'offered'",
        "'absent'",
        "{ refused = 454 }",
        "{ starttls = 'absent' }",
        "{ certificate = { kind = 'expired', issue = 3 } }",
        "{ policy = 'version: STSv1' }",
        "{ kind = 'wrong-name', names = ['*.a.example'] }",
        "'strip-starttls'",
        "'cut-in-data'",
        "['TLSv1', 'TLSv1.3']",
        "['SSLv3']",
        "'451 4.3.0 later'",
        "'partner.example'",
        "'mx.partner.example'",
        "'TXT'",
        "'imap'",
        "'imaps'",
        "['RC4', 'CBC']",
        "'mozilla-modern'",
        "'required'",
        "'NXDOMAIN'",
        "['spf-none']",
        "'matches'",
        "['tickets']",
        "{ a = 'b' }",
        "{ postfix = ['a'], dovecot = ['b'] }",
        "{ starttls = 'required', versions = [] }",
        "{ rcode = 'SERVFAIL', authentic = true }",
        "{ outcome = 'deferred' }",
        "{ sendmail = true }",
        "{ fetched = true }",
        "{ host.'mx.partner.example' = { ip = '198.51.100.40', smtp = {} } }",
        "{ zone.'partner.example' = { mx = '.' } }",
        "['alice@gateway.example', 'bob@partner.example']",
        "'alice@gateway.example'",
        "\"Subject: x\\n\\nx\"",
    ];
    prop_oneof![6 => prop::sample::select(values.map(str::to_owned).to_vec()), 1 => piece()]
}

/// Keys of all tables.
fn key() -> impl Strategy<Value = String> {
    let keys = [
        "ip",
        "tlsa",
        "smtp",
        "https",
        "smtp.starttls",
        "smtp.certificate",
        "smtp.versions",
        "smtp.on-the-wire",
        "smtp.end-of-data",
        "https.policy",
        "https.status",
        "label",
        "name",
        "type",
        "service",
        "server-name",
        "domain",
        "expect",
        "expect.starttls",
        "expect.versions",
        "expect.takes",
        "expect.refuses",
        "expect.profile",
        "expect.tlsa",
        "expect.rcode",
        "expect.records",
        "expect.contains",
        "expect.authentic",
        "expect.lint",
        "expect.results",
        "expect.failed",
        "expect.taken",
        "expect.says",
        "expect.silent",
        "expect.outcome",
        "expect.arrived",
        "expect.offered",
        "expect.fetched",
        "expect.received",
        "postfix",
        "dovecot",
        "unset",
        "via",
        "change",
        "change.zone",
        "change.host",
        "mail-from",
        "rcpt-to",
        "message",
        "mta-sts",
        "tls-rpt",
        "mx",
        "dnssec",
    ];
    prop_oneof![8 => prop::sample::select(keys.map(str::to_owned).to_vec()), 1 => "[a-z-]{1,9}"]
}

/// Heads of tables.
fn table() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "[zone.'sub.partner.example']",
        "[host.'mx.partner.example']",
        "[host.'mx2.sub.partner.example']",
        "[host.'stray.test']",
        "[host.'gateway.example']",
        "[setting]",
        "[setting.expect]",
        "[[probe]]",
        "[[lookup]]",
        "[[tls-report]]",
        "[[transaction]]",
        "[transaction.change.zone.'partner.example']",
        "[transaction.change.host.'mx.partner.example']",
        "[transaction.expect]",
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gets_an_answer(text in "(?s).{0,200}") {
        reads(&text);
    }

    #[test]
    fn a_spoiled_scenario_gets_an_answer(good in good(), edits in prop::collection::vec((any::<prop::sample::Index>(), 0..20_usize, piece()), 1..4)) {
        let mut text = good.to_owned();
        for (at, length, piece) in edits {
            let from = boundary(&text, at.index(text.len() + 1));
            let to = boundary(&text, (from + length).min(text.len())).max(from);
            text.replace_range(from..to, &piece);
        }
        reads(&text);
    }

    #[test]
    fn lines_in_any_order_get_an_answer(good in good(), swaps in prop::collection::vec(any::<[prop::sample::Index; 2]>(), 1..6)) {
        let mut lines: Vec<&str> = good.lines().collect();
        for [one, other] in swaps {
            let (one, other) = (one.index(lines.len()), other.index(lines.len()));
            lines.swap(one, other);
        }
        reads(&lines.join("\n"));
    }

    #[test]
    fn any_value_of_any_key_gets_an_answer(at in any::<prop::sample::Index>(), value in value()) {
        let values: Vec<usize> = seams::GOOD.match_indices("= ").map(|(at, _)| at + 2).collect();
        let at = *at.get(&values);
        let end = seams::GOOD[at..].find([',', '\n', '}']).map_or(seams::GOOD.len(), |end| at + end);
        reads(&format!("{}{value}{}", &seams::GOOD[..at], &seams::GOOD[end..]));
    }

    #[test]
    fn any_tables_get_an_answer(tables in prop::collection::vec((table(), prop::collection::vec((key(), value()), 0..5)), 1..4)) {
        let keys = |keys: &[(String, String)]| keys.iter().map(|(key, value)| format!("{key} = {value}\n")).collect::<String>();
        let tables: String = tables.iter().map(|(table, lines)| format!("{table}\n{}", keys(lines))).collect();
        reads(&format!("title = 'x'\n[zone.'partner.example']\n{tables}"));
    }

    #[test]
    fn a_spoiled_value_gets_an_answer(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), piece in piece()) {
        let text = which.get(&SHIPPED);
        let values: Vec<usize> = text.match_indices("= ").map(|(at, _)| at + 2).collect();
        let at = *at.get(&values);
        let end = text[at..].find([',', '\n', '}']).map_or(text.len(), |end| at + end);
        reads(&format!("{}{piece}{}", &text[..at], &text[end..]));
    }

    #[test]
    fn any_records_get_an_answer(records in prop::collection::vec(record(), 0..5)) {
        let written = toml::Value::String(records.join("\n"));
        reads(&format!("title = 'x'\n[zone.'bank.example']\nrecords = {written}\n"));
    }
}
