//! DMARC records (RFC 9989).

use crate::{Row, check, codes, remarks};

const NAME: &str = "_dmarc.bank.example TXT";
const GOOD: &str = "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:dmarc@bank.example";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    (NAME, "dmarc-none", "", GOOD),
    (NAME, "dmarc-several-records", "_dmarc.bank.example TXT v=DMARC1; p=none\n_dmarc.bank.example TXT v=DMARC1; p=reject",
     "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:d@bank.example\n_dmarc.bank.example TXT other"),
    ("bank.example TXT", "dmarc-misplaced", "bank.example TXT v=DMARC1; p=reject", "bank.example TXT other"),
    ("_dmarc.a.bank.example TXT", "dmarc-version", "_dmarc.a.bank.example TXT v=dmarc1; p=reject\n_dmarc.bank.example TXT v=DMARC1; p=reject",
     "_dmarc.a.bank.example TXT v = DMARC1 ; p = reject; rua=mailto:d@bank.example\n_dmarc.bank.example TXT v=DMARC1; p=reject"),
    (NAME, "dmarc-syntax", "_dmarc.bank.example TXT v=DMARC1; p=reject; strict; rua=mailto:d@bank.example", GOOD),
    (NAME, "dmarc-syntax", "_dmarc.bank.example TXT v=DMARC1; p=reject;; rua=mailto:d@bank.example",
     "_dmarc.bank.example TXT v=DMARC1;p=reject;rua=mailto:d@bank.example; "),
    (NAME, "dmarc-syntax", "_dmarc.bank.example TXT v=DMARC1; p=reject; p=none; rua=mailto:d@bank.example", GOOD),
    (NAME, "dmarc-bad-value", "_dmarc.bank.example TXT v=DMARC1; p=refuse; rua=mailto:d@bank.example",
     "_dmarc.bank.example TXT v=DMARC1; p=Quarantine; rua=mailto:d@bank.example"),
    (NAME, "dmarc-bad-value", "_dmarc.bank.example TXT v=DMARC1; p=reject; adkim=strict; rua=mailto:d@bank.example",
     "_dmarc.bank.example TXT v=DMARC1; p=reject; adkim=s; aspf=r; rua=mailto:d@bank.example"),
    (NAME, "dmarc-bad-value", "_dmarc.bank.example TXT v=DMARC1; p=reject; fo=0:1; rua=mailto:d@bank.example",
     "_dmarc.bank.example TXT v=DMARC1; p=reject; fo=1:d:s; rua=mailto:d@bank.example"),
    (NAME, "dmarc-bad-uri", "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=d@bank.example", GOOD),
    (NAME, "dmarc-bad-uri", "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:bank.example", GOOD),
    (NAME, "dmarc-bad-uri", "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:d@bank.example,https://bank.example/d", GOOD),
    (NAME, "dmarc-no-policy", "_dmarc.bank.example TXT v=DMARC1; rua=mailto:d@bank.example", GOOD),
    (NAME, "dmarc-policy-none", "_dmarc.bank.example TXT v=DMARC1; p=none; rua=mailto:d@bank.example", GOOD),
    (NAME, "dmarc-testing", "_dmarc.bank.example TXT v=DMARC1; p=reject; t=y; rua=mailto:d@bank.example",
     "_dmarc.bank.example TXT v=DMARC1; p=reject; t=n; rua=mailto:d@bank.example"),
    (NAME, "dmarc-weak-subdomains", "_dmarc.bank.example TXT v=DMARC1; p=reject; sp=none; rua=mailto:d@bank.example",
     "_dmarc.bank.example TXT v=DMARC1; p=quarantine; sp=reject; rua=mailto:d@bank.example"),
    (NAME, "dmarc-weak-subdomains", "_dmarc.bank.example TXT v=DMARC1; p=reject; np=quarantine; rua=mailto:d@bank.example",
     "_dmarc.bank.example TXT v=DMARC1; p=quarantine; np=reject; rua=mailto:d@bank.example"),
    (NAME, "dmarc-no-reports", "_dmarc.bank.example TXT v=DMARC1; p=reject", GOOD),
    (NAME, "dmarc-report-unauthorised", "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:bank@reports.example",
     "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:bank@reports.example\nbank.example._report._dmarc.reports.example TXT v=DMARC1;"),
    (NAME, "dmarc-report-unauthorised",
     "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:bank@reports.example\nbank.example._report._dmarc.reports.example TXT yes",
     "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:d@reports.bank.example"),
    (NAME, "dmarc-failure-report-unauthorised",
     "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:d@bank.example; ruf=mailto:bank@reports.example",
     "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:d@bank.example; ruf=mailto:bank@bank.example"),
    (NAME, "dmarc-obsolete-tag", "_dmarc.bank.example TXT v=DMARC1; p=reject; pct=100; rua=mailto:d@bank.example", GOOD),
    (NAME, "dmarc-obsolete-size", "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:d@bank.example!10m", GOOD),
    (NAME, "dmarc-unknown-tag", "_dmarc.bank.example TXT v=DMARC1; p=reject; policy=reject; rua=mailto:d@bank.example", GOOD),
];

#[test]
fn each_fault_and_its_control() {
    check(ROWS);
}

#[test]
fn a_subdomain_without_a_record_has_the_one_above() {
    assert_eq!(codes("_dmarc.mail.bank.example TXT", GOOD), [""; 0]);
    assert_eq!(
        codes("_dmarc.a.b.c.d.e.f.g.h.i.bank.example TXT", GOOD),
        [""; 0],
        "the walk skips labels, not the domain"
    );
}

#[test]
fn a_host_of_the_same_organisation_needs_no_authorisation() {
    let of = |zone: &str| codes("_dmarc.mail.bank.example TXT", zone);
    let record = "_dmarc.mail.bank.example TXT v=DMARC1; p=reject; rua=mailto:d@reports.bank.example";
    assert_eq!(of(&format!("{record}\n_dmarc.bank.example TXT v=DMARC1; p=reject")), [""; 0]);
    let apart = format!("{record}\n_dmarc.bank.example TXT v=DMARC1; p=reject; psd=y");
    assert_eq!(of(&apart), ["dmarc-report-unauthorised"], "below a public suffix they are two organisations");
    assert_eq!(of(record), ["dmarc-report-unauthorised"], "nothing says that they belong together");
}

#[test]
fn the_line_to_change_is_the_whole_record() {
    let zone = "_dmarc.bank.example TXT v=DMARC1; p=none; pct=0; rua=mailto:d@bank.example";
    let all = remarks(NAME, zone);
    assert_eq!(all[0].help, "v=DMARC1; p=none; rua=mailto:d@bank.example; t=y");
    assert_eq!(all[1].help, "v=DMARC1; p=quarantine; pct=0; rua=mailto:d@bank.example");
    let unauthorised = "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:bank@reports.example";
    assert_eq!(remarks(NAME, unauthorised)[0].help, "bank.example._report._dmarc.reports.example. IN TXT \"v=DMARC1\"");
}
