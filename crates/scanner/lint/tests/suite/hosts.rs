//! MX and PTR records.

use crate::{Row, check, codes};

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("bank.example MX", "mx-none", "bank.example A 192.0.2.1", "bank.example MX 0 ."),
    ("bank.example MX", "mx-unreachable", "", GOOD),
    ("bank.example MX", "mx-null-with-others", "bank.example MX 0 .\nbank.example MX 10 mx.bank.example.\nmx.bank.example A 192.0.2.1", GOOD),
    ("bank.example MX", "mx-null-preference", "bank.example MX 10 .", "bank.example MX 0 ."),
    ("bank.example MX", "mx-alias", "bank.example MX 10 mx.bank.example.\nmx.bank.example CNAME a.bank.example.\nmx.bank.example A 192.0.2.1", GOOD),
    ("bank.example MX", "mx-no-address", "bank.example MX 10 mx.bank.example.", GOOD),
    ("bank.example MX", "mx-no-address", "bank.example MX 10 mx.bank.example.\nmx.bank.example CNAME gone.example.", GOOD),
    ("bank.example MX", "mx-address-as-name", "bank.example MX 10 192.0.2.1.", GOOD),
    ("bank.example MX", "mx-bad-name", "bank.example MX 10 mx\\032one.bank.example.", GOOD),

    ("25.2.0.192.in-addr.arpa PTR", "ptr-none", "", "25.2.0.192.in-addr.arpa PTR mx.bank.example.\nmx.bank.example A 192.0.2.25"),
    ("25.2.0.192.in-addr.arpa PTR", "ptr-several-records",
     "25.2.0.192.in-addr.arpa PTR mx.bank.example.\n25.2.0.192.in-addr.arpa PTR mail.bank.example.\nmail.bank.example A 192.0.2.25",
     "25.2.0.192.in-addr.arpa PTR mail.bank.example.\nmail.bank.example A 192.0.2.1\nmail.bank.example A 192.0.2.25"),
    ("25.2.0.192.in-addr.arpa PTR", "ptr-unconfirmed", "25.2.0.192.in-addr.arpa PTR mx.bank.example.\nmx.bank.example A 192.0.2.26",
     "25.2.0.192.in-addr.arpa CNAME 25.0-63.2.0.192.in-addr.arpa.\n25.2.0.192.in-addr.arpa PTR mx.bank.example.\nmx.bank.example A 192.0.2.25"),
    ("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR", "ptr-unconfirmed",
     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mx.bank.example.\nmx.bank.example A 192.0.2.26",
     "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa PTR mx.bank.example.\nmx.bank.example AAAA 2001:db8::1"),
];

const GOOD: &str = "bank.example MX 10 mx.bank.example.\nmx.bank.example AAAA 2001:db8::25";

#[test]
fn each_fault_and_its_control() {
    check(ROWS);
}

#[test]
fn names_that_stand_for_no_address_are_no_matter() {
    assert_eq!(codes("2.0.192.in-addr.arpa PTR", ""), [""; 0]);
    assert_eq!(codes("bank.example PTR", "bank.example PTR x.example."), [""; 0]);
}
