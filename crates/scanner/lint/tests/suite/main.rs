//! Every remark with a record that deserves it, and beside it one that does not.

mod dkim;
mod dmarc;
mod domain;
mod hostile;
mod hosts;
mod policy;
mod reach;
mod spf;
mod transport;

use evidence::{LookedUp, Observed, Remark};
use mailproof_lint::{Answers, CODES, Linted, Question, record};
use std::collections::BTreeSet;

/// A question, the code that is deserved, zones where it is, and zones where nothing is to be said.
///
/// Zones are lines of `name TYPE data`, text without its quotes. `!SERVFAIL` in place of data is that answer, `!unseen` is none,
/// `!insecure` before data makes the answer insecure. `CD` behind a type is the answer without validation.
pub(crate) type Row = (&'static str, &'static str, &'static str, &'static str);

/// Answers of a validating resolver, as those lines have them; other names do not exist.
pub(crate) fn answer(zones: &str, question: &Question) -> Observed<LookedUp> {
    let mut found =
        LookedUp { rcode: "NXDOMAIN".to_owned(), is_authentic: true, records: Vec::new(), remarks: Vec::new() };
    for line in zones.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, rest) = line.split_once(' ').unwrap();
        let (mut kind, mut data) = rest.split_once(' ').unwrap();
        let mut is_unchecked = false;
        if let Some(behind) = data.strip_prefix("CD ") {
            (is_unchecked, data) = (true, behind);
        }
        if name != question.name.as_str() {
            continue;
        }
        if found.rcode == "NXDOMAIN" {
            found.rcode = "NOERROR".to_owned();
        }
        if kind == "CNAME" {
            kind = &question.record_type;
            data = data.trim();
        } else if kind != question.record_type || is_unchecked != question.is_unchecked {
            continue;
        } else if data == "!unseen" {
            return Observed::Unobserved("no zone file has it".to_owned());
        } else if let Some(rcode) = data.strip_prefix('!').filter(|rest| rest.bytes().all(|b| b.is_ascii_uppercase())) {
            found.rcode = rcode.to_owned();
            found.is_authentic = false;
            continue;
        } else if let Some(behind) = data.strip_prefix("!insecure ") {
            found.is_authentic = false;
            data = behind;
        }
        let is_text = kind == "TXT" && !line.contains(" CNAME ") || kind == "SPF";
        found.records.push(if is_text { format!("\"{data}\"") } else { data.to_owned() });
    }
    Observed::Seen(found)
}

/// Brings the answers that a lint asks for, until it is done.
pub(crate) fn until<T>(zones: &str, is_validated: bool, lint: impl Fn(&Answers) -> Linted<T>) -> T {
    let mut answers = Answers::new(is_validated);
    for _ in 0..50 {
        match lint(&answers) {
            Linted::Done(done) => return done,
            Linted::Needs(questions) => {
                assert!(!questions.is_empty());
                for question in questions {
                    assert!(answers.get(&question).is_none(), "{question:?} was answered");
                    answers.insert(question.clone(), answer(zones, &question));
                }
            }
        }
    }
    panic!("it needs answers for ever");
}

pub(crate) fn remarks(question: &str, zones: &str) -> Vec<Remark> {
    let (name, kind) = question.split_once(' ').unwrap();
    until(zones, true, |answers| record(&name.parse().unwrap(), kind, answers))
}

pub(crate) fn codes(question: &str, zones: &str) -> Vec<String> {
    remarks(question, zones).into_iter().map(|remark| remark.code).collect()
}

pub(crate) fn check(rows: &[Row]) {
    for (question, code, bad, good) in rows {
        assert_eq!(codes(question, bad), [*code], "{question}\n{bad}");
        assert_eq!(codes(question, good), [""; 0], "{question}\n{good}");
    }
}

#[test]
fn every_code_is_deserved_somewhere() {
    let rows = [spf::ROWS, dmarc::ROWS, dkim::ROWS, hosts::ROWS, transport::ROWS, reach::ROWS, domain::ROWS];
    let mut shown: BTreeSet<&str> = rows.iter().copied().flatten().map(|(_, code, ..)| *code).collect();
    shown.extend(policy::ROWS.iter().map(|(code, ..)| *code));
    let all: BTreeSet<&str> = CODES.iter().copied().collect();
    assert_eq!(all.len(), CODES.len(), "a code is there twice");
    assert_eq!(all.difference(&shown).collect::<Vec<_>>(), Vec::<&&str>::new());
}

#[test]
fn remarks_say_what_where_and_how_to_change_it() {
    let rows = [spf::ROWS, dmarc::ROWS, dkim::ROWS, hosts::ROWS, transport::ROWS, reach::ROWS];
    for (question, _, bad, _) in rows.into_iter().flatten() {
        for remark in remarks(question, bad) {
            assert!(!remark.text.is_empty() && !remark.help.is_empty(), "{remark:?}");
            assert!(!remark.text.ends_with('.'), "{remark:?}");
            assert!(remark.cites.starts_with("RFC ") && remark.cites.contains(" §"), "{remark:?}");
        }
    }
}
