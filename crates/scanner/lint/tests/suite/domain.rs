//! Everything that a domain publishes.

use crate::{Row, until};
use evidence::Observed;
use mailproof_lint::{Entry, domain};

const WHOLE: &str = "bank.example MX 10 mx.bank.example.
    mx.bank.example A 192.0.2.25
    mx.bank.example AAAA 2001:db8::25
    25.2.0.192.in-addr.arpa PTR mx.bank.example.
    5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mx.bank.example.
    _25._tcp.mx.bank.example TLSA 3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    bank.example TXT v=spf1 mx -all
    s1._domainkey.bank.example TXT v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
    _dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:d@bank.example
    _mta-sts.bank.example TXT v=STSv1; id=1;
    mta-sts.bank.example A 192.0.2.80
    _smtp._tls.bank.example TXT v=TLSRPTv1; rua=mailto:t@bank.example";

/// Rows of one line more, and of one line less; the question is the entry.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("SPF", "spf-none", "bank.example TXT v=spf1 mx -all", ""),
    ("MTA-STS", "mta-sts-none", "_mta-sts.bank.example TXT v=STSv1; id=1;", ""),
    ("TLS-RPT", "tls-rpt-none", "_smtp._tls.bank.example TXT v=TLSRPTv1; rua=mailto:t@bank.example", ""),
    ("MX", "tlsa-not-every-host", "", "bank.example MX 20 b.bank.example.\nb.bank.example A 192.0.2.26\n26.2.0.192.in-addr.arpa PTR b.bank.example."),
    ("MX", "tlsa-mx-insecure", "bank.example MX 10 mx.bank.example.", "bank.example MX !insecure 10 mx.bank.example."),
];

fn entries(zone: &str, selectors: &[&str]) -> Vec<Entry> {
    let selectors: Vec<String> = selectors.iter().map(|&selector| selector.to_owned()).collect();
    until(zone, true, |answers| domain(&"bank.example".parse().unwrap(), &selectors, answers))
}

fn said(entries: &[Entry]) -> Vec<(String, String)> {
    let mut said = Vec::new();
    for entry in entries {
        let Observed::Seen(found) = &entry.answer else { continue };
        said.extend(found.remarks.iter().map(|remark| (entry.what.clone(), remark.code.clone())));
    }
    said
}

#[test]
fn a_domain_that_has_everything_has_no_remarks() {
    let all = entries(WHOLE, &["s1"]);
    assert_eq!(said(&all), []);
    let list: Vec<String> = all.iter().map(|entry| format!("{} {}", entry.what, entry.record_type)).collect();
    let expected =
        ["MX MX", "TLSA TLSA", "PTR PTR", "PTR PTR", "SPF TXT", "DKIM TXT", "DMARC TXT", "MTA-STS TXT", "TLS-RPT TXT"];
    assert_eq!(list, expected);
    assert_eq!(all[5].name.as_str(), "s1._domainkey.bank.example");
}

#[test]
fn what_a_mail_domain_lacks_is_said() {
    for (what, code, less, more) in ROWS {
        let zone = format!("{}\n{more}", WHOLE.replace(less, ""));
        assert_eq!(said(&entries(&zone, &["s1"])), [((*what).to_owned(), (*code).to_owned())], "{code}");
    }
}

#[test]
fn a_domain_that_is_not_there_is_told_in_full() {
    let found = said(&entries("", &["s1"]));
    let codes: Vec<&str> = found.iter().map(|(_, code)| code.as_str()).collect();
    assert_eq!(codes, ["mx-unreachable", "spf-none", "dkim-none", "dmarc-none", "mta-sts-none", "tls-rpt-none"]);
}

#[test]
fn a_null_mx_has_no_hosts_to_look_at() {
    let list: Vec<String> = entries("bank.example MX 0 .", &[]).iter().map(|entry| entry.what.clone()).collect();
    assert_eq!(list, ["MX", "SPF", "DMARC", "MTA-STS", "TLS-RPT"]);
}
