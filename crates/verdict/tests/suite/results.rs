//! Claims on SPF, DKIM, DMARC and ARC.

use crate::canned::{delivered, fails, first, holds, is_unclear, plan, rejected, result};
use evidence::{Observed, ResultSource};
use mail::DkimResult;

fn log(filter: &str) -> ResultSource {
    ResultSource::Log(filter.to_owned())
}

#[test]
fn results_of_refused_mail_come_from_logs() {
    holds("spf = \"fail\"\ndkim = \"none\"\ndmarc = \"fail\"", &rejected());
    fails(
        "spf = \"pass\"",
        &rejected(),
        "SPF is fail, not pass",
        "the log of policyd-spf says spf=fail smtp.mailfrom=billing@bank.example",
    );
    fails(
        "spf = \"pass\"",
        &rejected(),
        "SPF is fail, not pass",
        "policyd-spf on mx.gateway.example logged: prepend Received-SPF: Fail (mailfrom)",
    );
    fails(
        "spf = \"pass\"",
        &rejected(),
        "SPF is fail, not pass",
        "SPF compares 198.51.100.66 with `v=spf1 ip4:192.0.2.10 -all`",
    );
    fails("dmarc = \"none\"", &rejected(), "DMARC is fail, not none", "opendmarc on mx.gateway.example logged: 4XyZ");
}

#[test]
fn what_nobody_says_is_not_none() {
    let mut seen = rejected();
    seen.object.results.clear();
    for (claim, method) in [
        ("spf = \"none\"", "spf"),
        ("dkim = \"none\"", "dkim"),
        ("dmarc = \"none\"", "dmarc"),
        ("arc = \"none\"", "arc"),
    ] {
        is_unclear(claim, &seen, &format!("no log or reply names {method}"));
    }
    seen = delivered("INBOX");
    seen.object.results.clear();
    is_unclear(
        "dkim = { pass = \"bank.example\" }",
        &seen,
        "neither the Authentication-Results of the delivered message",
    );
}

#[test]
fn the_header_is_believed_before_logs_and_logs_before_the_reply() {
    let mut seen = delivered("INBOX");
    seen.object.results.insert(0, result("spf", "softfail", &[], ResultSource::Reply));
    seen.object.results.insert(0, result("spf", "fail", &[], log("policyd-spf")));
    holds("spf = \"pass\"", &seen);
    seen.object.results.retain(|r| r.source != ResultSource::Header);
    holds("spf = \"fail\"", &seen);
    seen.object.results.retain(|r| r.source == ResultSource::Reply);
    holds("spf = \"softfail\"", &seen);
}

#[test]
fn a_filter_named_after_the_method_is_believed_before_others() {
    let mut seen = rejected();
    seen.object.results =
        vec![result("spf", "fail", &[], log("opendmarc")), result("spf", "softfail", &[], log("policyd-spf"))];
    holds("spf = \"softfail\"", &seen);
}

#[test]
fn a_source_that_contradicts_itself_is_told() {
    let mut seen = rejected();
    seen.object.results = vec![
        result("spf", "fail", &[("smtp.mailfrom", "a@bank.example")], log("rspamd")),
        result("spf", "pass", &[("smtp.mailfrom", "a@bank.example")], log("rspamd")),
    ];
    fails("spf = \"fail\"", &seen, "the SPF results contradict each other", "the log of rspamd says spf=fail");
}

#[test]
fn the_spf_result_for_helo_is_none_for_mail_from() {
    let mut seen = delivered("INBOX");
    seen.object.results.insert(0, result("spf", "none", &[("smtp.helo", "mail.bank.example")], ResultSource::Header));
    holds("spf = \"pass\"", &seen);
    seen.object.results.retain(|r| r.method != "spf" || r.result == "none");
    is_unclear("spf = \"none\"", &seen, "");
}

#[test]
fn a_word_that_is_no_result_is_unclear() {
    let mut seen = delivered("INBOX");
    seen.object.results = vec![result("spf", "hardfail", &[], ResultSource::Header)];
    is_unclear("spf = \"fail\"", &seen, "`hardfail` is no SPF result");
    seen.object.results = vec![result("dkim", "maybe", &[], ResultSource::Header)];
    is_unclear("dkim = \"fail\"", &seen, "`maybe` is no DKIM result");
}

#[test]
fn the_best_signature_counts_for_the_message() {
    let order = ["pass", "policy", "temperror", "fail", "neutral", "permerror", "none"];
    for (at, best) in order.iter().enumerate() {
        let mut seen = delivered("INBOX");
        seen.object.results =
            order[at..].iter().rev().map(|word| result("dkim", word, &[], ResultSource::Header)).collect();
        let judged = first(&plan("dkim = \"pass\""), seen);
        assert_eq!(judged.dkim, Observed::Seen(best.parse::<DkimResult>().unwrap()));
    }
}

#[test]
fn signatures_are_told_apart_by_their_domain() {
    let mut seen = delivered("INBOX");
    seen.object.results = vec![
        result("dkim", "fail", &[("header.d", "list.example")], ResultSource::Header),
        result("dkim", "pass", &[("header.i", "@bank.example")], ResultSource::Header),
    ];
    holds("dkim = { pass = \"bank.example\", fail = \"list.example\" }", &seen);
    let help = "the Authentication-Results field of the delivered message says dkim=fail header.d=list.example";
    fails("dkim = { pass = \"list.example\" }", &seen, "DKIM of list.example is fail, not pass", help);
    let none = "no DKIM result is for a signature of other.example";
    fails("dkim = { pass = \"other.example\" }", &seen, none, "dkim=pass header.i=@bank.example");
    seen.object.results.push(result("dkim", "fail", &[("header.d", "bank.example")], ResultSource::Header));
    let both = "DKIM of bank.example is fail, not pass";
    fails("dkim = { pass = \"bank.example\" }", &seen, both, "dkim=fail header.d=bank.example");
    seen.object.results = vec![result("dkim", "pass", &[], log("opendkim"))];
    is_unclear("dkim = { pass = \"bank.example\" }", &seen, "does not name the signature's domain");
    seen.object.results = vec![result("dkim", "none", &[], log("opendkim"))];
    let none = "no DKIM result is for a signature of bank.example";
    fails("dkim = { pass = \"bank.example\" }", &seen, none, "dkim=none");
}

#[test]
fn arc_is_a_result_like_others() {
    let mut seen = delivered("INBOX");
    seen.object.results.push(result("arc", "fail", &[], ResultSource::Header));
    holds("arc = \"fail\"", &seen);
    fails("arc = \"pass\"", &seen, "ARC is fail, not pass", "arc=fail");
}
