//! Texts that nobody wrote: whatever comes, an answer comes back, and every span lies in the text.

use crate::{diagnostics::GOOD, parse, shipped};
use proptest::prelude::*;
use std::sync::LazyLock;

static SHIPPED: LazyLock<Vec<String>> = LazyLock::new(|| shipped().into_iter().map(|(_, text)| text).collect());

/// Reads a text; a panic, or a span that is no piece of the text, fails the test.
fn reads(text: &str) {
    match parse(text) {
        Ok(plan) => {
            for transaction in &plan.transactions {
                assert!(text.get(transaction.span.clone()).is_some());
                assert!(transaction.expect.iter().all(|claim| text.get(claim.span.clone()).is_some()));
            }
        }
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gets_an_answer(text in "(?s).{0,200}") {
        reads(&text);
    }

    #[test]
    fn a_spoiled_scenario_gets_an_answer(edits in prop::collection::vec((any::<prop::sample::Index>(), 0..20_usize, piece()), 1..4)) {
        let mut text = GOOD.to_owned();
        for (at, length, piece) in edits {
            let from = boundary(&text, at.index(text.len() + 1));
            let to = boundary(&text, (from + length).min(text.len())).max(from);
            text.replace_range(from..to, &piece);
        }
        reads(&text);
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
