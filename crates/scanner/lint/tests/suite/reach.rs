//! What the DNS does not answer.

use crate::{Row, codes, remarks, until};
use mailproof_lint::record;

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("bank.example TXT", "dns-failure", "bank.example TXT !SERVFAIL\nbank.example TXT CD !SERVFAIL", "bank.example TXT v=spf1 -all"),
    ("bank.example TXT", "dns-failure", "bank.example TXT !REFUSED", "bank.example TXT v=spf1 -all"),
    ("bank.example A", "dns-failure", "bank.example A !REFUSED", "bank.example A 192.0.2.1"),
    ("bank.example TXT", "dnssec-bogus", "bank.example TXT !SERVFAIL\nbank.example TXT CD v=spf1 -all", "bank.example TXT v=spf1 -all"),
    ("bank.example TXT", "dnssec-bogus", "bank.example TXT v=spf1 a:x.example -all\nx.example A !SERVFAIL\nx.example A CD 192.0.2.1",
     "bank.example TXT v=spf1 a:x.example -all\nx.example A 192.0.2.1"),
    ("bank.example TXT", "unseen", "bank.example TXT v=spf1 include:far.example -all\nfar.example TXT !unseen",
     "bank.example TXT v=spf1 include:far.example -all\nfar.example TXT v=spf1 -all"),
];

#[test]
fn each_fault_and_its_control() {
    crate::check(ROWS);
}

#[test]
fn a_resolver_that_does_not_validate_is_not_asked_what_is_bogus() {
    let zone = "bank.example TXT !SERVFAIL\nbank.example TXT CD v=spf1 -all";
    let found = until(zone, false, |answers| record(&"bank.example".parse().unwrap(), "TXT", answers));
    assert_eq!(found[0].code, "dns-failure");
}

#[test]
fn nothing_is_made_of_what_was_not_seen() {
    let unseen = remarks("bank.example TXT", ROWS[5].2);
    assert_eq!(unseen[0].text, "far.example TXT was not seen: no zone file has it");
    // Neither is the walk upwards any worse for what was not seen.
    let walk = "_dmarc.bank.example TXT v=DMARC1; p=reject; rua=mailto:d@bank.example\n_dmarc.example TXT !unseen";
    assert_eq!(codes("_dmarc.bank.example TXT", walk), [""; 0]);
    let half = "10.2.0.192.in-addr.arpa PTR a.example.\n10.2.0.192.in-addr.arpa PTR b.example.\nb.example A !unseen\na.example A 192.0.2.1";
    assert_eq!(codes("10.2.0.192.in-addr.arpa PTR", half), ["ptr-several-records", "unseen"]);
}
