//! MTA-STS, TLS-RPT and TLSA records.

use crate::{Row, check, codes, remarks, until};
use mailproof_lint::record;

const STS: &str = "_mta-sts.bank.example TXT v=STSv1; id=20260101T000000Z;\nmta-sts.bank.example A 192.0.2.80";
const RPT: &str = "_smtp._tls.bank.example TXT v=TLSRPTv1; rua=mailto:t@bank.example,https://reports.example/t";
const DIGEST: &str =
    "_25._tcp.mx.bank.example TLSA 3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("_mta-sts.bank.example TXT", "mta-sts-several-records",
     "_mta-sts.bank.example TXT v=STSv1; id=1;\n_mta-sts.bank.example TXT v=STSv1; id=2;\nmta-sts.bank.example A 192.0.2.80", STS),
    ("_mta-sts.bank.example TXT", "mta-sts-version", "_mta-sts.bank.example TXT v=stsv1; id=1;", STS),
    ("_mta-sts.bank.example TXT", "mta-sts-version", "_mta-sts.bank.example TXT v=STSv1",
     "_mta-sts.bank.example CNAME _mta-sts.host.example.\n_mta-sts.bank.example TXT v=STSv1 ;id=1\nmta-sts.bank.example AAAA 2001:db8::80"),
    ("_mta-sts.bank.example TXT", "mta-sts-syntax", "_mta-sts.bank.example TXT v=STSv1; id=2026-01-01\nmta-sts.bank.example A 192.0.2.80", STS),
    ("_mta-sts.bank.example TXT", "mta-sts-syntax", "_mta-sts.bank.example TXT v=STSv1; id=1; enforce\nmta-sts.bank.example A 192.0.2.80", STS),
    ("_mta-sts.bank.example TXT", "mta-sts-no-id", "_mta-sts.bank.example TXT v=STSv1;\nmta-sts.bank.example A 192.0.2.80", STS),
    ("_mta-sts.bank.example TXT", "mta-sts-no-policy-host", "_mta-sts.bank.example TXT v=STSv1; id=1", STS),

    ("_smtp._tls.bank.example TXT", "tls-rpt-several-records",
     "_smtp._tls.bank.example TXT v=TLSRPTv1; rua=mailto:a@bank.example\n_smtp._tls.bank.example TXT v=TLSRPTv1; rua=mailto:b@bank.example", RPT),
    ("_smtp._tls.bank.example TXT", "tls-rpt-version", "_smtp._tls.bank.example TXT v=TLSRPT1; rua=mailto:a@bank.example", RPT),
    ("_smtp._tls.bank.example TXT", "tls-rpt-syntax", "_smtp._tls.bank.example TXT v=TLSRPTv1; rua=mailto:a@bank.example; daily", RPT),
    ("_smtp._tls.bank.example TXT", "tls-rpt-no-rua", "_smtp._tls.bank.example TXT v=TLSRPTv1;", RPT),
    ("_smtp._tls.bank.example TXT", "tls-rpt-bad-uri", "_smtp._tls.bank.example TXT v=TLSRPTv1; rua=http://reports.example/t", RPT),
    ("_smtp._tls.bank.example TXT", "tls-rpt-bad-uri", "_smtp._tls.bank.example TXT v=TLSRPTv1; rua=t@bank.example", RPT),

    ("_25._tcp.mx.bank.example TLSA", "tlsa-insecure",
     "_25._tcp.mx.bank.example TLSA !insecure 3 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", DIGEST),
    ("_25._tcp.mx.bank.example TLSA", "tlsa-usage",
     "_25._tcp.mx.bank.example TLSA 1 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
     "_25._tcp.mx.bank.example TLSA 2 0 1 E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855"),
    ("_25._tcp.mx.bank.example TLSA", "tlsa-unknown", "_25._tcp.mx.bank.example TLSA 3 2 1 e3b0", DIGEST),
    ("_25._tcp.mx.bank.example TLSA", "tlsa-unknown", "_25._tcp.mx.bank.example TLSA 3 1 3 e3b0", DIGEST),
    ("_25._tcp.mx.bank.example TLSA", "tlsa-length", "_25._tcp.mx.bank.example TLSA 3 1 2 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", DIGEST),
    ("_25._tcp.mx.bank.example TLSA", "tlsa-data", "_25._tcp.mx.bank.example TLSA 3 0 0 3000", DIGEST),
    ("_25._tcp.mx.bank.example TLSA", "tlsa-full",
     "_25._tcp.mx.bank.example TLSA 3 1 0 302a300506032b6570032100d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", DIGEST),
    ("_25._tcp.mx.bank.example TLSA", "tlsa-syntax", "_25._tcp.mx.bank.example TLSA 3 1 1 xyz", DIGEST),
];

#[test]
fn each_fault_and_its_control() {
    check(ROWS);
}

#[test]
fn a_name_without_these_records_is_no_matter() {
    for question in ["_mta-sts.bank.example TXT", "_smtp._tls.bank.example TXT", "_25._tcp.mx.bank.example TLSA"] {
        assert_eq!(codes(question, ""), [""; 0], "{question}");
    }
}

#[test]
fn usages_of_the_web_are_good_at_other_ports() {
    let zone = "_443._tcp.bank.example TLSA 1 1 1 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(codes("_443._tcp.bank.example TLSA", zone), [""; 0]);
}

#[test]
fn what_was_not_validated_is_not_called_insecure() {
    let insecure = ROWS.iter().find(|row| row.1 == "tlsa-insecure").unwrap().2;
    let found = until(insecure, false, |answers| record(&"_25._tcp.mx.bank.example".parse().unwrap(), "TLSA", answers));
    assert_eq!(found, []);
}

#[test]
fn digests_stay_out_of_remarks() {
    for row in ROWS.iter().filter(|row| row.1.starts_with("tlsa-") && row.1 != "tlsa-syntax") {
        let said = remarks(row.0, row.2).iter().map(|remark| remark.text.clone()).collect::<String>();
        assert!(!said.contains("e3b0") && !said.contains("302a"), "{said}");
    }
}
