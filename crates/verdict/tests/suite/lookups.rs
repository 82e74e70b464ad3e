//! Claims on look-ups, and how they are shown.

use crate::{
    canned::{claims, list, plan, word},
    served::{bare, names, span},
};
use claims::Scenario;
use evidence::{Evidence, LookedUp, Observed, Remark, Weight};
use mailproof_verdict::{Checked, Verdict, judge};
use plan::{DkimKey, KeyAlgorithm, KeyRecord, Lookup, Spanned, Zone};

const TEXT: &str = r#"title = "What the DNS says"

[zone."bank.example"]
spf     = "v=spf1 ip4:192.0.2.10 -all"
mx      = "mx.bank.example"
dkim.s1 = { algorithm = "ed25519-sha256" }
records = """
www  IN A   192.0.2.80
text IN TXT "one" "two"
"""

[[lookup]]
label = "record"
name  = "bank.example"
type  = "TXT"

[lookup.expect]
claim = "of this kind"
"#;

pub(crate) fn lookup(name: &str, record_type: &str, stated: Vec<String>) -> Scenario {
    let at = span(TEXT, "\"of this kind\"");
    let lookup = Lookup {
        label: "record".to_owned(),
        name: Spanned { value: name.parse().unwrap(), span: span(TEXT, "\"bank.example\"\ntype") },
        record_type: record_type.to_owned(),
        span: span(TEXT, "[[lookup]]"),
    };
    let key = DkimKey {
        selector: "s1".to_owned(),
        algorithm: KeyAlgorithm::Ed25519,
        record: KeyRecord::Published,
        tags: None,
    };
    let zone = Zone { dkim: vec![key], ..Zone::empty("bank.example".parse().unwrap()) };
    let mut scenario = bare(TEXT);
    scenario.plan.lookups = vec![lookup];
    scenario.plan.zones = vec![zone];
    scenario.claims.lookups = vec![claims(&stated, &at)];
    scenario
}

pub(crate) fn answer(records: &[&str]) -> LookedUp {
    LookedUp {
        rcode: if records.is_empty() { "NXDOMAIN" } else { "NOERROR" }.to_owned(),
        is_authentic: true,
        records: names(records),
        remarks: Vec::new(),
    }
}

pub(crate) fn remark(code: &str) -> Remark {
    Remark {
        code: code.to_owned(),
        weight: Weight::Fault,
        text: "11 mechanisms ask the DNS".to_owned(),
        help: "take some out".to_owned(),
        cites: "RFC 7208 §4.6.4".to_owned(),
    }
}

pub(crate) fn spf() -> LookedUp {
    answer(&[r#""v=spf1 ip4:192.0.2.10 -all""#])
}

fn verdict(plan: &Scenario, seen: Observed<LookedUp>) -> Verdict {
    judge(plan, &Evidence { lookups: vec![seen], ..Evidence::default() })
}

fn checked(claim: String, seen: &LookedUp) -> Checked {
    verdict(&lookup("bank.example", "TXT", vec![claim]), Observed::Seen(seen.clone())).lookups.swap_remove(0)
}

fn holds(claim: String, seen: &LookedUp) {
    let checked = checked(claim, seen);
    assert!(checked.findings.is_empty() && checked.errors.is_empty(), "{checked:?}");
}

fn fails(claim: String, seen: &LookedUp, message: &str, help: &str) {
    let checked = checked(claim, seen);
    let said: Vec<String> = checked.findings.iter().map(ToString::to_string).collect();
    assert_eq!((said, checked.errors.len()), (vec![format!("record: {message}")], 0));
    let finding = &checked.findings[0];
    assert!(finding.help().contains(help), "{}", finding.help());
    assert_eq!(finding.places().iter().map(|place| place.line).collect::<Vec<_>>(), [18, 4]);
}

fn is_unclear(claim: String, seen: &LookedUp, reason: &str) {
    let checked = checked(claim, seen);
    assert_eq!((checked.findings.len(), checked.errors.len()), (0, 1));
    assert!(checked.errors[0].help().contains(reason), "{}", checked.errors[0].help());
}

#[test]
fn the_response_code_is_as_claimed() {
    holds(word("rcode", "NOERROR"), &spf());
    let help = "the DNS answers NOERROR, 1 record, authentic\n\"v=spf1 ip4:192.0.2.10 -all\"";
    fails(word("rcode", "NXDOMAIN"), &spf(), "the response code is NOERROR, not NXDOMAIN", help);
}

#[test]
fn exactly_the_claimed_records_are_there() {
    let records = |names: &[&str]| list("records", names);
    holds(records(&["v=spf1 ip4:192.0.2.10 -all"]), &spf());
    holds(records(&["v=DKIM1; p=AAAABBBB"]), &answer(&[r#""v=DKIM1; p=AAAA" "BBBB""#]));
    holds(records(&["20 B.example", "10 a.example."]), &answer(&["10 a.example.", "20 b.example."]));
    holds(records(&[]), &answer(&[]));
    fails(records(&[]), &spf(), "there are more records", "`v=spf1 ip4:192.0.2.10 -all` is there");
    let lacking = "the response code is NXDOMAIN\n`v=spf1 -all` is not there";
    fails(records(&["v=spf1 -all"]), &answer(&[]), "records are lacking", lacking);
    let other = "`v=spf1 -all` is not there\n`v=spf1 ip4:192.0.2.10 -all` is there";
    fails(records(&["v=spf1 -all"]), &spf(), "there are other records", other);
}

#[test]
fn a_record_has_the_text() {
    let contains = |text: &str| word("contains", text);
    holds(contains("ip4:192.0.2.10"), &spf());
    holds(contains("AAAABBBB"), &answer(&[r#""v=DKIM1; p=AAAA" "BBBB""#]));
    fails(contains("ip6:"), &spf(), "no record has `ip6:` in it", "\"v=spf1 ip4:192.0.2.10 -all\"");
    fails(contains("ip4"), &answer(&[]), "no record has `ip4` in it", "the DNS answers NXDOMAIN, no record, authentic");
}

#[test]
fn an_answer_is_authentic_or_not() {
    let mut seen = spf();
    holds("authentic = true".to_owned(), &seen);
    fails("authentic = false".to_owned(), &seen, "the answer is authentic", ", authentic");
    seen.is_authentic = false;
    holds("authentic = false".to_owned(), &seen);
    fails("authentic = true".to_owned(), &seen, "the answer is not authentic", ", not authentic");
}

#[test]
fn the_lint_says_exactly_what_is_claimed() {
    let lint = |codes: &[&str]| list("lint", codes);
    let mut seen = spf();
    holds(lint(&[]), &seen);
    fails(lint(&["spf-too-many-lookups"]), &seen, "the lint does not say spf-too-many-lookups", "NOERROR");
    seen.remarks = vec![remark("spf-too-many-lookups"), remark("spf-too-many-lookups")];
    holds(lint(&["spf-too-many-lookups"]), &seen);
    let help = "spf-too-many-lookups: 11 mechanisms ask the DNS (RFC 7208 §4.6.4); take some out";
    fails(lint(&[]), &seen, "the lint says spf-too-many-lookups", help);
    let failed = LookedUp { rcode: "SERVFAIL".to_owned(), ..answer(&[]) };
    is_unclear(lint(&[]), &failed, "the DNS answers SERVFAIL");
}

#[test]
fn a_look_up_that_was_not_made_is_unclear() {
    let claims =
        vec![word("rcode", "NXDOMAIN"), list("records", &[]), "authentic = false".to_owned(), list("lint", &[])];
    let plan = lookup("bank.example", "TXT", claims);
    let nothing = judge(&plan, &Evidence::default());
    assert_eq!((nothing.findings().count(), nothing.errors().count()), (0, 4));
    assert_eq!(nothing.snapshot, "# record\n\nnothing was seen\n");
    let silent = verdict(&plan, Observed::Unobserved("no answer within 5 s".to_owned()));
    assert!(silent.errors().all(|error| error.help() == "unobserved: no answer within 5 s"));
    assert_eq!(silent.errors().count(), 4);
}

#[test]
fn the_cause_is_what_the_zone_says() {
    for (name, record_type, line) in [
        ("bank.example", "TXT", 4),
        ("bank.example", "MX", 5),
        ("s1._domainkey.bank.example", "TXT", 6),
        ("www.bank.example", "A", 8),
        ("text.bank.example", "TXT", 9),
        ("nobody.bank.example", "A", 3),
        ("other.example", "A", 14),
    ] {
        let plan = lookup(name, record_type, vec![word("rcode", "REFUSED")]);
        let verdict = verdict(&plan, Observed::Seen(spf()));
        assert_eq!(verdict.findings().next().unwrap().places()[1].line, line, "{name} {record_type}");
    }
}

#[test]
fn the_snapshot_has_records_and_lint() {
    let plan = lookup("bank.example", "TXT", Vec::new());
    let mut seen = answer(&[r#""v=spf1 " "-all""#, r#""other""#]);
    seen.remarks = vec![remark("spf-too-many-lookups")];
    let expected = "\
# record

bank.example TXT
NOERROR, authentic
  \"other\"
  \"v=spf1 -all\"

Lint
  spf-too-many-lookups: 11 mechanisms ask the DNS (RFC 7208 §4.6.4)
";
    assert_eq!(verdict(&plan, Observed::Seen(seen)).snapshot, expected);
}

#[test]
fn keys_and_digests_of_the_run_do_not_appear() {
    let key = "A".repeat(120);
    let shown = |record_type: &str, records: &[&str]| {
        let plan = lookup("bank.example", record_type, Vec::new());
        verdict(&plan, Observed::Seen(answer(records))).snapshot
    };
    let dkim = format!(r#""v=DKIM1; k=rsa; p={key}" "{key}""#);
    assert!(shown("TXT", &[&dkim]).ends_with("  \"v=DKIM1; k=rsa; p=KEY\"\n"), "{}", shown("TXT", &[&dkim]));
    let tlsa = shown("TLSA", &["3 1 1 AA11BB22", "mx.bank.example."]);
    assert!(tlsa.ends_with("  3 1 1 <digest>\n  mx.bank.example.\n"), "{tlsa}");
    let ds = shown("DS", &["12345 13 2 AABB"]);
    assert!(ds.ends_with("  1 of them, made for the run\n"), "{ds}");
    assert!(shown("A", &["192.0.2.80"]).ends_with("  192.0.2.80\n"));
}

#[test]
fn look_ups_come_before_mail() {
    let mail = plan("spf = \"fail\"");
    let mut both = lookup("bank.example", "TXT", Vec::new());
    both.plan.transactions = mail.plan.transactions;
    both.claims.transactions = mail.claims.transactions;
    let text = verdict(&both, Observed::Seen(spf())).snapshot;
    assert!(text.starts_with("# record\n\nbank.example TXT\n"), "{text}");
    assert!(text.contains("-all\"\n\n# forged\n\nnothing was seen\n\n# control\n"), "{text}");
}
