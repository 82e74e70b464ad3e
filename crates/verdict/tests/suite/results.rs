//! Claims on SPF, DKIM, DMARC and ARC.

use crate::canned::{delivered, fails, first, holds, is_unclear, plan, rejected, result, said};
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
fn what_became_of_a_message_is_judged_where_its_results_are_not_shown() {
    let mut seen = rejected();
    seen.object.results.clear();
    let reply = "reply = { to = \"end-of-data\", code = 550 }";
    for decided in ["outcome = \"rejected\"", reply] {
        for result in ["dmarc = \"fail\"", "result = { method = \"iprev\" }", "never = { dmarc = \"pass\" }"] {
            let judged = first(&plan(&format!("{decided}\n{result}")), seen.clone());
            assert!(judged.findings.is_empty() && judged.errors.is_empty(), "{decided}, {result}: {judged:#?}");
            assert_eq!(judged.unseen.len(), 1, "{decided}, {result}");
        }
    }
    // what became of it is not claimed, or not so, or not known for sure, or there is a result that nobody understands
    let errors = |claims: &str, seen: &evidence::Transaction| {
        let judged = first(&plan(claims), seen.clone());
        assert!(judged.unseen.is_empty(), "{claims}");
        (judged.findings.len(), judged.errors.len())
    };
    assert_eq!(errors("dmarc = \"fail\"", &seen), (0, 1));
    assert_eq!(errors("outcome = \"delivered\"\ndmarc = \"fail\"", &seen), (1, 1));
    assert_eq!(errors(&reply.replace("550", "554").replace(" }", " }\ndmarc = \"fail\""), &seen), (1, 1));
    let mut strange = seen.clone();
    strange.object.results.push(result("dmarc", "bestguesspass", &[], log("opendmarc")));
    assert_eq!(errors("outcome = \"rejected\"\ndmarc = \"fail\"", &strange), (0, 1));
    seen.object.waiting_for = vec!["what opendmarc says".to_owned()];
    assert_eq!(errors("outcome = \"rejected\"\ndmarc = \"fail\"", &seen), (0, 1));
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

/// A DKIM result of bank.example that tells these details of the signature.
fn signed(word: &str, details: &[(&str, &str)]) -> evidence::AuthResult {
    let properties = [&[("header.d", "bank.example")], details].concat();
    result("dkim", word, &properties, ResultSource::Header)
}

#[test]
fn signatures_are_told_apart_by_selector_and_algorithm() {
    let mut seen = delivered("INBOX");
    let (rsa, ed) = (("header.a", "rsa-sha256"), ("header.a", "ed25519-sha256"));
    let results = || {
        vec![
            signed("pass", &[("header.s", "s1"), rsa]),
            signed("fail", &[("header.s", "s2"), rsa]),
            signed("neutral", &[("header.s", "s1"), ed]),
        ]
    };
    seen.object.results = results();
    let of = |word: &str, details: &str| format!("dkim = {{ {word} = {{ domain = \"bank.example\", {details} }} }}");
    let one = of("pass", "selector = \"s1\", algorithm = \"rsa-sha256\"");
    holds(&one, &seen);
    holds(&of("fail", "selector = \"S2\""), &seen);
    holds(&of("neutral", "algorithm = \"ed25519-sha256\""), &seen);
    holds(
        "dkim = { pass = [{ domain = \"bank.example\", selector = \"s1\", algorithm = \"rsa-sha256\" }], fail = { domain = \"bank.example\", selector = \"s2\" } }",
        &seen,
    );
    let what = "DKIM of bank.example by s1 is neutral, not pass";
    fails(&of("pass", "selector = \"s1\""), &seen, what, "dkim=neutral header.d=bank.example header.s=s1");
    let what = "DKIM of bank.example by rsa-sha256 is fail, not pass";
    fails(&of("pass", "algorithm = \"rsa-sha256\""), &seen, what, "dkim=fail");
    // the same with one fact otherwise
    let none = "no DKIM result is for a signature of bank.example by s1, rsa-sha256";
    for (name, value) in [("header.d", "list.example"), ("header.s", "s3"), ("header.a", "rsa-sha1")] {
        seen.object.results = results();
        let property = seen.object.results[0].properties.iter_mut().find(|(known, _)| known == name);
        property.unwrap().1 = value.to_owned();
        fails(&one, &seen, none, &format!("{name}={value}"));
    }
    seen.object.results = results();
    seen.object.results[0].result = "fail".to_owned();
    fails(&one, &seen, "DKIM of bank.example by s1, rsa-sha256 is fail, not pass", "dkim=fail");
    seen.object.results = results();
    seen.object.results[0].injected = Some("text".to_owned());
    let (failures, _) = said(&first(&plan(&one), seen));
    assert_eq!(failures, [format!("forged: {none}"), "forged: text of the peer's stands as a result".to_owned()]);
}

#[test]
fn a_result_that_does_not_tell_selector_or_algorithm_is_nobodys() {
    let mut seen = delivered("INBOX");
    let by = "dkim = { pass = { domain = \"bank.example\", selector = \"s1\", algorithm = \"rsa-sha256\" } }";
    let (selector, algorithm) = (("header.s", "s1"), ("header.a", "rsa-sha256"));
    seen.object.results = vec![signed("pass", &[algorithm])];
    is_unclear(by, &seen, "does not name the signature's selector");
    seen.object.results = vec![signed("pass", &[selector])];
    is_unclear(by, &seen, "does not name the signature's algorithm");
    seen.object.results = vec![result("dkim", "pass", &[selector, algorithm], ResultSource::Header)];
    is_unclear(by, &seen, "does not name the signature's domain");
    // beside one that tells all it may be another one of the same selector, or not
    seen.object.results = vec![signed("pass", &[selector, algorithm]), signed("fail", &[algorithm])];
    is_unclear(by, &seen, "dkim=fail header.d=bank.example header.a=rsa-sha256 does not name");
    // what is seen to be false is not unclear
    seen.object.results.push(signed("neutral", &[selector, algorithm]));
    fails(by, &seen, "DKIM of bank.example by s1, rsa-sha256 is neutral, not pass", "");
    seen.object.results = vec![signed("pass", &[("header.s", "s2")])];
    fails(by, &seen, "no DKIM result is for a signature of bank.example by s1, rsa-sha256", "");
    seen.object.results.clear();
    is_unclear(by, &seen, "nor a log or reply names dkim");
}
