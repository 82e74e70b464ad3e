//! What the zone of a domain says, and its policy.

use super::*;
use crate::PolicyFetch;

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

#[test]
fn records_are_graded_by_the_lint() {
    let fault = |code| remarked(code, Weight::Fault, &[]);
    let notice = |code| remarked(code, Weight::Notice, &[]);
    let grade = |change: fn(&mut DomainFacts, Observed<LookedUp>), found, group, name| {
        check(&with_domain(|domain| change(domain, found)), group, name).grade
    };
    let (dns, reports) = (Group::DnsAuthentication, Group::Reports);
    assert_eq!(grade(|d, found| d.mx = found, fault("mx-alias"), dns, "MX"), Grade::Fail);
    assert_eq!(grade(|d, found| d.mx = found, notice("tlsa-not-every-host"), Group::Dane, "MX"), Grade::Notice);
    assert_eq!(grade(|d, found| d.mx = found, notice("tlsa-not-every-host"), dns, "MX"), Grade::Pass);
    assert_eq!(grade(|d, found| d.ptr[0].1 = found, fault("ptr-unconfirmed"), dns, "PTR"), Grade::Fail);
    assert_eq!(grade(|d, found| d.spf = found, fault("spf-none"), dns, "SPF"), Grade::Fail);
    assert_eq!(grade(|d, found| d.spf = found, notice("spf-ptr"), dns, "SPF"), Grade::Notice);
    assert_eq!(grade(|d, found| d.spf = found, notice("unseen"), dns, "SPF"), Grade::NotTested);
    assert_eq!(grade(|d, found| d.spf = found, unseen(), dns, "SPF"), Grade::NotTested);
    assert_eq!(grade(|d, found| d.dkim[0].1 = found, fault("dkim-none"), dns, "DKIM"), Grade::Fail);
    assert_eq!(grade(|d, found| d.dkim[0].1 = found, Seen(super::found(&["\"p=AAAA\""])), dns, "DKIM"), Grade::Pass);
    assert_eq!(grade(|d, _| d.dkim.clear(), unseen(), dns, "DKIM"), Grade::NotTested);
    assert_eq!(grade(|d, found| d.dmarc = found, fault("dmarc-none"), dns, "DMARC"), Grade::Fail);
    // without a remark a domain above has a policy
    assert_eq!(grade(|d, found| d.dmarc = found, Seen(super::found(&[])), dns, "DMARC"), Grade::Pass);
    assert_eq!(grade(|d, found| d.dmarc = found, Seen(super::found(&[])), reports, "DMARC reports"), Grade::Notice);
    let unauthorised = || fault("dmarc-report-unauthorised");
    assert_eq!(grade(|d, found| d.dmarc = found, unauthorised(), reports, "DMARC reports"), Grade::Fail);
    assert_eq!(grade(|d, found| d.dmarc = found, unauthorised(), dns, "DMARC"), Grade::Pass);
    assert_eq!(grade(|d, found| d.tls_rpt = found, notice("tls-rpt-none"), reports, "TLS reports"), Grade::Notice);
    assert_eq!(grade(|d, found| d.tls_rpt = found, unseen(), reports, "TLS reports"), Grade::NotTested);
}

#[test]
fn remarks_of_the_lint_are_a_line_each() {
    let facts = with_domain(|domain| {
        domain.spf = remarked("spf-passes-all", Weight::Fault, &["\"v=spf1 +all\""]);
        if let (Seen(spf), Seen(other)) = (&mut domain.spf, remarked("spf-ptr", Weight::Notice, &[])) {
            spf.remarks.extend(other.remarks);
        }
    });
    let checks = assess(&facts, &profile()).checks;
    let spf: Vec<&Check> = checks.iter().filter(|check| check.name == "SPF").collect();
    let said: Vec<_> = spf.iter().map(|check| (check.grade, check.reason.as_str(), check.change.as_deref())).collect();
    assert_eq!(
        said,
        [
            (Grade::Fail, "it is spf-passes-all", Some("mend spf-passes-all")),
            (Grade::Notice, "it is spf-ptr", Some("mend spf-ptr")),
        ]
    );
    assert_eq!(spf[0].cites.as_deref(), Some("RFC 7208 §5.1"));
}

/// What the lint makes of a zone that has nothing but an MX and its address.
fn bare() -> DomainFacts {
    let domain: mail::Domain = "gateway.example".parse().unwrap();
    let mut answers = lint::Answers::new(false);
    let entries = loop {
        match lint::domain(&domain, &["s1".to_owned()], &answers) {
            lint::Linted::Done(entries) => break entries,
            lint::Linted::Needs(questions) => {
                for question in questions {
                    let records: &[&str] = match (question.name.as_str(), question.record_type.as_str()) {
                        ("gateway.example", "MX") => &["10 mx.gateway.example."],
                        (HOST, "A") => &["203.0.113.25"],
                        _ => &[],
                    };
                    answers.insert(question, Seen(found(records)));
                }
            }
        }
    };
    DomainFacts::new(&domain, entries, unseen())
}

#[test]
fn a_domain_is_made_of_its_look_ups() {
    let facts = with_domain(|domain| *domain = bare());
    let line = |group, name| {
        let check = check(&facts, group, name);
        (check.grade, check.change.unwrap_or_default())
    };
    let dns = Group::DnsAuthentication;
    assert_eq!(line(dns, "MX"), (Grade::Pass, String::new()));
    assert_eq!(line(dns, "PTR").0, Grade::Notice);
    assert_eq!(check(&facts, dns, "PTR").of, "203.0.113.25");
    assert_eq!(line(dns, "SPF"), (Grade::Fail, "gateway.example. IN TXT \"v=spf1 mx -all\"".to_owned()));
    assert_eq!(line(dns, "DKIM").0, Grade::Fail);
    assert_eq!(check(&facts, dns, "DKIM").of, "s1._domainkey.gateway.example");
    assert!(line(dns, "DMARC").1.starts_with("_dmarc.gateway.example. IN TXT \"v=DMARC1; p=quarantine; rua="));
    assert!(line(Group::MtaSts, "record").1.starts_with("_mta-sts.gateway.example. IN TXT \"v=STSv1; id=1\""));
    assert!(line(Group::Reports, "TLS reports").1.starts_with("_smtp._tls.gateway.example. IN TXT \"v=TLSRPTv1;"));
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
            (|d| d.mta_sts = remarked("mta-sts-none", Weight::Notice, &[]), "record", Grade::Notice),
            (|d| d.mta_sts = remarked("mta-sts-no-id", Weight::Fault, &["\"v=STSv1;\""]), "record", Grade::Fail),
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
            (|d| policy(d, "strict", HOST, 604_800), "mode", Grade::Fail),
            (|d| policy(d, "enforce", HOST, 99_999_999), "lifetime", Grade::Fail),
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

#[test]
fn what_is_no_policy_is_one_line_and_nothing_follows_from_it() {
    let facts = with_domain(|domain| served(domain, 200, "text/plain", "<html>\n<body>\n"));
    let check = check(&facts, Group::MtaSts, "policy");
    assert_eq!(check.grade, Grade::Fail);
    assert!(check.reason.ends_with(" more"), "{check:?}");
    let names: Vec<String> = assess(&facts, &profile()).of(Group::MtaSts).map(|check| check.name.clone()).collect();
    assert_eq!(names, ["record", "policy host", "policy", "mode", "lifetime"]);
}
