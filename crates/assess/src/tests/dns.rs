//! What the zone of a domain says, and its policy.

use super::*;
use crate::PolicyFetch;
use evidence::{Remark, Weight};

/// A change of a domain, the check that it is about, and its grade.
type Row = (fn(&mut DomainFacts), &'static str, Grade);

fn with_domain(change: impl FnOnce(&mut DomainFacts)) -> Facts {
    let mut facts = good();
    change(&mut facts.domains[0]);
    facts
}

fn graded(group: Group, rows: &[Row]) {
    for (change, name, grade) in rows {
        let check = check(&with_domain(change), group, name);
        assert_eq!(check.grade, *grade, "{check:?}");
    }
}

fn servfail() -> Observed<LookedUp> {
    Seen(LookedUp { rcode: "SERVFAIL".to_owned(), ..found(&[]) })
}

#[test]
fn records_are_graded() {
    graded(
        Group::DnsAuthentication,
        &[
            (|d| d.spf = Seen(found(&[])), "SPF", Grade::Fail),
            (|d| d.spf = Seen(found(&["\"some verification\""])), "SPF", Grade::Fail),
            (|d| d.spf = Seen(found(&["\"v=spf1 -all\"", "\"v=spf1 mx -all\""])), "SPF", Grade::Fail),
            (|d| d.spf = servfail(), "SPF", Grade::Fail),
            (|d| d.spf = unseen(), "SPF", Grade::NotTested),
            (|d| d.dkim.clear(), "DKIM", Grade::NotTested),
            (|d| d.dkim[0].1 = Seen(found(&[])), "DKIM", Grade::Fail),
            (|d| d.dkim[0].1 = Seen(found(&["\"p=AAAA\""])), "DKIM", Grade::Pass),
            (|d| d.dmarc = Seen(found(&[])), "DMARC", Grade::Fail),
        ],
    );
    graded(
        Group::Reports,
        &[
            (|d| d.dmarc = Seen(found(&[])), "DMARC reports", Grade::Notice),
            (|d| d.dmarc = Seen(found(&["\"v=DMARC1; p=reject\""])), "DMARC reports", Grade::Notice),
            (|d| d.tls_rpt = Seen(found(&[])), "TLS reports", Grade::Notice),
            (|d| d.tls_rpt = Seen(found(&["\"v=TLSRPTv1;\""])), "TLS reports", Grade::Fail),
            (|d| d.tls_rpt = unseen(), "TLS reports", Grade::NotTested),
        ],
    );
}

#[test]
fn remarks_of_the_lint_are_a_line_each() {
    let remark = |code: &str, weight, cites: &str| Remark {
        code: code.to_owned(),
        weight,
        text: format!("it is {code}"),
        help: format!("mend {code}"),
        cites: cites.to_owned(),
    };
    let facts = with_domain(|domain| {
        let mut spf = found(&["\"v=spf1 +all\""]);
        spf.remarks = vec![
            remark("spf-all-pass", Weight::Fault, "RFC 7208 §5.1"),
            remark("spf-old-mechanism", Weight::Notice, "RFC 7208 §5.5"),
        ];
        domain.spf = Seen(spf);
    });
    let checks = assess(&facts, &profile()).checks;
    let spf: Vec<&Check> = checks.iter().filter(|check| check.name == "SPF").collect();
    let said: Vec<_> = spf.iter().map(|check| (check.grade, check.reason.as_str(), check.change.as_deref())).collect();
    assert_eq!(
        said,
        [
            (Grade::Fail, "it is spf-all-pass", Some("mend spf-all-pass")),
            (Grade::Notice, "it is spf-old-mechanism", Some("mend spf-old-mechanism")),
        ]
    );
    assert_eq!(spf[0].cites.as_deref(), Some("RFC 7208 §5.1"));
}

#[test]
fn the_record_to_add_is_told() {
    let facts = with_domain(|domain| {
        domain.dmarc = Seen(found(&["\"v=DMARC1; p=reject;\""]));
        domain.mta_sts = Seen(found(&[]));
        domain.tls_rpt = Seen(found(&[]));
    });
    let line = |group, name| check(&facts, group, name).change.unwrap();
    assert_eq!(
        line(Group::Reports, "DMARC reports"),
        "_dmarc.gateway.example. IN TXT \"v=DMARC1; p=reject; rua=mailto:dmarc@gateway.example\""
    );
    assert_eq!(line(Group::MtaSts, "record"), "_mta-sts.gateway.example. IN TXT \"v=STSv1; id=1\"");
    assert!(line(Group::Reports, "TLS reports").starts_with("_smtp._tls.gateway.example. IN TXT \"v=TLSRPTv1;"));
}

fn served(domain: &mut DomainFacts, status: u16, media_type: &str, body: &str) {
    let answer = Seen((status, media_type.to_owned(), body.to_owned()));
    domain.policy = Seen(PolicyFetch { peer: Seen(Trust::Verified), answer });
}

fn policy(domain: &mut DomainFacts, mode: &str, mx: &str, max_age: u32) {
    let body = format!("version: STSv1\nmode: {mode}\nmx: {mx}\nmax_age: {max_age}\n");
    served(domain, 200, "text/plain", &body);
}

#[test]
fn mta_sts_is_graded() {
    graded(
        Group::MtaSts,
        &[
            (|d| d.mta_sts = Seen(found(&[])), "record", Grade::Notice),
            (|d| d.mta_sts = Seen(found(&["\"v=STSv1;\""])), "record", Grade::Fail),
            (|d| d.mta_sts = Seen(found(&["\"v=STSv1; id=1\"", "\"v=STSv1; id=2\""])), "record", Grade::Fail),
            (|d| d.mta_sts = servfail(), "record", Grade::Fail),
            (
                |d| {
                    policy(d, "enforce", HOST, 604_800);
                    if let Seen(fetch) = &mut d.policy {
                        fetch.peer = Seen(Trust::Untrusted(Some("expired".to_owned())));
                    }
                },
                "policy host",
                Grade::Fail,
            ),
            (|d| served(d, 404, "text/plain", ""), "policy", Grade::Fail),
            (|d| served(d, 200, "text/html", ""), "policy", Grade::Fail),
            (|d| served(d, 200, "text/plain", "mode: enforce\n"), "policy", Grade::Fail),
            (|d| policy(d, "testing", HOST, 604_800), "mode", Grade::Notice),
            (|d| policy(d, "none", HOST, 604_800), "mode", Grade::Notice),
            (|d| policy(d, "enforce", HOST, 3600), "lifetime", Grade::Notice),
            (|d| policy(d, "enforce", "*.gateway.example", 604_800), "MX", Grade::Pass),
            (|d| policy(d, "enforce", "mx.other.example", 604_800), "MX", Grade::Fail),
            (|d| d.mx = unseen(), "MX", Grade::NotTested),
            (|d| d.mx = Seen(found(&["0 ."])), "MX", Grade::NotTested),
        ],
    );
}

#[test]
fn a_policy_and_the_certificate_agree_or_not() {
    let certificate = |facts: &Facts| check(facts, Group::MtaSts, "certificate").grade;
    assert_eq!(certificate(&good()), Grade::Pass);
    let other =
        with_probe(|probed| probed.chains.seen_mut().unwrap()[0].certificates[0].names = text(&["mx.other.example"]));
    assert_eq!(certificate(&other), Grade::Fail);
    let untrusted = with_probe(|probed| probed.chains.seen_mut().unwrap()[0].trust = Trust::Untrusted(None));
    assert_eq!(certificate(&untrusted), Grade::Fail);
    let mut unasked = good();
    unasked.services.clear();
    assert_eq!(certificate(&unasked), Grade::NotTested);
}

#[test]
fn a_missing_mx_is_the_line_to_add() {
    let facts = with_domain(|domain| {
        domain.mx = Seen(found(&["10 mx.gateway.example.", "20 mx2.gateway.example."]));
    });
    let check = check(&facts, Group::MtaSts, "MX");
    assert_eq!((check.grade, check.change.as_deref()), (Grade::Fail, Some("mx: mx2.gateway.example")));
}
