//! SPF records (RFC 7208).

use crate::{Row, check, codes, remarks};

const GOOD: &str = "bank.example TXT v=spf1 ip4:192.0.2.10 -all";

#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    ("bank.example TXT", "spf-several-records", "bank.example TXT v=spf1 a -all\nbank.example TXT v=spf1 mx -all",
     "bank.example TXT v=spf1 ip4:192.0.2.10 -all\nbank.example TXT site-verification=1"),
    ("bank.example TXT", "spf-version", "bank.example TXT v=spf1; ip4:192.0.2.10 -all", GOOD),
    ("bank.example TXT", "spf-version", "bank.example TXT  v=spf1 -all", "bank.example TXT V=SPF1 -all"),
    ("bank.example TXT", "spf-version", "bank.example TXT v=spf10 -all", "bank.example TXT v=spf1 -all "),
    ("bank.example TXT", "spf-syntax", "bank.example TXT v=spf1 ipv4:192.0.2.10 -all", GOOD),
    ("bank.example TXT", "spf-syntax", "bank.example TXT v=spf1 192.0.2.10 -all", GOOD),
    ("bank.example TXT", "spf-syntax", "bank.example TXT v=spf1 include:localhost -all", GOOD),
    ("bank.example TXT", "spf-syntax", "bank.example TXT v=spf1 exp=a.bank.example exp=b.bank.example -all",
     "bank.example TXT v=spf1 exp=a.bank.example -all"),
    ("bank.example TXT", "spf-syntax", "bank.example TXT v=spf1 -all:bank.example", GOOD),
    ("bank.example TXT", "spf-syntax", "bank.example TXT v=spf1 ip4:192.0.2.1\t -all", GOOD),
    ("bank.example TXT", "spf-macro", "bank.example TXT v=spf1 exists:%(ir).sbl.example -all",
     "bank.example TXT v=spf1 exists:%{ir}.sbl.example -all"),
    ("bank.example TXT", "spf-macro", "bank.example TXT v=spf1 exists:%{d0}.sbl.example -all",
     "bank.example TXT v=spf1 exists:%{l1r-}.%{d2}.sbl.example -all"),
    ("bank.example TXT", "spf-macro", "bank.example TXT v=spf1 exists:%{t}.sbl.example -all",
     "bank.example TXT v=spf1 exists:%{i}.%{v}.sbl.example -all"),
    ("bank.example TXT", "spf-prefix", "bank.example TXT v=spf1 ip4:192.0.2.0/33 -all",
     "bank.example TXT v=spf1 ip4:192.0.2.0/32 ip6:2001:db8::/128 -all"),
    ("bank.example TXT", "spf-prefix", "bank.example TXT v=spf1 ip4:192.0.2 -all", GOOD),
    ("bank.example TXT", "spf-prefix", "bank.example TXT v=spf1 ip4:2001:db8::1 -all", "bank.example TXT v=spf1 ip6:2001:db8::1 -all"),
    ("bank.example TXT", "spf-prefix", "bank.example TXT v=spf1 ip6:2001:db8::/129 -all", "bank.example TXT v=spf1 ip6:::1 -all"),
    ("bank.example TXT", "spf-prefix", "bank.example TXT v=spf1 a/024 -all\nbank.example A 192.0.2.1",
     "bank.example TXT v=spf1 a/24//64 -all\nbank.example A 192.0.2.1"),
    ("bank.example TXT", "spf-mechanism-as-modifier", "bank.example TXT v=spf1 ip4=192.0.2.10 -all", GOOD),
    ("bank.example TXT", "spf-unknown-modifier", "bank.example TXT v=spf1 ipv4=192.0.2.10 -all",
     "bank.example TXT v=spf1 ra=postmaster rp=10 rr=all ip4:192.0.2.10 -all"),
    ("bank.example TXT", "spf-void-lookup", "bank.example TXT v=spf1 a:old.bank.example -all",
     "bank.example TXT v=spf1 a:old.bank.example -all\nold.bank.example AAAA 2001:db8::1"),
    ("bank.example TXT", "spf-too-many-void-lookups", "bank.example TXT v=spf1 a mx exists:x.bank.example -all",
     "bank.example TXT v=spf1 a mx exists:x.bank.example -all\nbank.example A 192.0.2.1\nbank.example MX 10 mx.bank.example.\nx.bank.example A 127.0.0.1"),
    ("bank.example TXT", "spf-loop", "bank.example TXT v=spf1 include:a.bank.example -all\na.bank.example TXT v=spf1 redirect=bank.example",
     "bank.example TXT v=spf1 include:a.bank.example -all\na.bank.example TXT v=spf1 -all"),
    ("bank.example TXT", "spf-loop", "bank.example TXT v=spf1 include:%{d} -all", GOOD),
    ("bank.example TXT", "spf-include-none", "bank.example TXT v=spf1 include:a.bank.example -all\na.bank.example TXT no record",
     "bank.example TXT v=spf1 include:a.bank.example -all\na.bank.example TXT v=spf1 ?all"),
    ("bank.example TXT", "spf-redirect-none", "bank.example TXT v=spf1 redirect=a.bank.example\na.bank.example TXT no record",
     "bank.example TXT v=spf1 redirect=a.bank.example\na.bank.example TXT v=spf1 ~all"),
    ("bank.example TXT", "spf-redirect-ignored", "bank.example TXT v=spf1 redirect=a.bank.example -all", GOOD),
    ("bank.example TXT", "spf-passes-all", "bank.example TXT v=spf1 +all", "bank.example TXT v=spf1 -all"),
    ("bank.example TXT", "spf-passes-all", "bank.example TXT v=spf1 all", "bank.example TXT v=spf1 ~all"),
    ("bank.example TXT", "spf-passes-all", "bank.example TXT v=spf1 ip4:192.0.2.0/0 -all", "bank.example TXT v=spf1 -ip4:192.0.2.0/0 -all"),
    ("bank.example TXT", "spf-passes-all", "bank.example TXT v=spf1 include:a.bank.example -all\na.bank.example TXT v=spf1 +all",
     "bank.example TXT v=spf1 include:a.bank.example -all\na.bank.example TXT v=spf1"),
    ("bank.example TXT", "spf-neutral-all", "bank.example TXT v=spf1 ?all", GOOD),
    ("bank.example TXT", "spf-neutral-all", "bank.example TXT v=spf1 redirect=a.bank.example\na.bank.example TXT v=spf1 ?all",
     "bank.example TXT v=spf1 redirect=a.bank.example\na.bank.example TXT v=spf1 -all"),
    ("bank.example TXT", "spf-no-all", "bank.example TXT v=spf1 ip4:192.0.2.10", GOOD),
    ("bank.example TXT", "spf-behind-all", "bank.example TXT v=spf1 -all ip4:192.0.2.10", "bank.example TXT v=spf1 -all exp=x.bank.example"),
    ("bank.example TXT", "spf-ptr", "bank.example TXT v=spf1 ptr -all", GOOD),
    ("bank.example TXT", "spf-ptr", "bank.example TXT v=spf1 exists:%{p}.bank.example -all", GOOD),
    ("bank.example TXT", "spf-type-99", "bank.example TXT v=spf1 -all\nbank.example SPF v=spf1 -all", "bank.example TXT v=spf1 -all"),
    ("bank.example TXT", "spf-too-many-mx", MANY_MX, "bank.example TXT v=spf1 mx -all\nbank.example MX 10 a.example."),
    ("bank.example TXT", "spf-too-many-lookups", ELEVEN, TEN),
    ("bank.example TXT", "spf-too-long", LONG, SHORT),
];

const MANY_MX: &str = "bank.example TXT v=spf1 mx -all
    bank.example MX 1 a.example.\nbank.example MX 2 a.example.\nbank.example MX 3 a.example.\nbank.example MX 4 a.example.
    bank.example MX 5 a.example.\nbank.example MX 6 a.example.\nbank.example MX 7 a.example.\nbank.example MX 8 a.example.
    bank.example MX 9 a.example.\nbank.example MX 10 a.example.\nbank.example MX 11 a.example.";
const TEN: &str = "bank.example A 192.0.2.1
    bank.example TXT v=spf1 include:i.bank.example a a a a a a -all
    i.bank.example TXT v=spf1 a:bank.example a:bank.example a:bank.example -all a:bank.example";
const ELEVEN: &str = "bank.example A 192.0.2.1
    bank.example TXT v=spf1 include:i.bank.example a a a a a a -all
    i.bank.example TXT v=spf1 a:bank.example a:bank.example a:bank.example redirect=j.bank.example
    j.bank.example TXT v=spf1 -all";
const SHORT: &str = "bank.example TXT v=spf1 ip6:2001:db8:0000:0000:0000:0000:0000:0001 ip6:2001:db8:0000:0000:0000:0000:0000:0002 -all";
const LONG: &str = "bank.example TXT v=spf1 ip6:2001:db8:0000:0000:0000:0000:0000:0001 ip6:2001:db8:0000:0000:0000:0000:0000:0002 \
    ip6:2001:db8:0000:0000:0000:0000:0000:0003 ip6:2001:db8:0000:0000:0000:0000:0000:0004 \
    ip6:2001:db8:0000:0000:0000:0000:0000:0005 ip6:2001:db8:0000:0000:0000:0000:0000:0006 \
    ip6:2001:db8:0000:0000:0000:0000:0000:0007 ip6:2001:db8:0000:0000:0000:0000:0000:0008 \
    ip6:2001:db8:0000:0000:0000:0000:0000:0009 ip6:2001:db8:0000:0000:0000:0000:0000:0010 -all";

#[test]
fn each_fault_and_its_control() {
    // What stands behind `all` is not counted, and is worth a remark of its own.
    let rows: Vec<Row> = ROWS.iter().copied().filter(|(_, code, ..)| *code != "spf-too-many-lookups").collect();
    check(&rows);
    assert_eq!(codes("bank.example TXT", TEN), ["spf-behind-all"]);
    assert_eq!(codes("bank.example TXT", ELEVEN), ["spf-too-many-lookups"]);
}

#[test]
fn the_count_names_what_each_term_costs() {
    let all = remarks("bank.example TXT", ELEVEN);
    assert_eq!(all[0].text, "a check may take 11 look-ups, 10 are allowed: then it ends with permerror");
    assert!(all[0].help.contains("include:i.bank.example 5, a 1, a 1"), "{}", all[0].help);
}

#[test]
fn a_record_that_grows_without_end_is_not_followed_for_ever() {
    let zone = "bank.example TXT v=spf1 include:a.example include:a.example include:a.example -all
        a.example TXT v=spf1 include:b.example include:b.example include:b.example include:b.example -all
        b.example TXT v=spf1 include:c.example include:c.example include:c.example include:c.example -all
        c.example TXT v=spf1 include:d.example include:d.example include:d.example include:d.example -all
        d.example TXT v=spf1 -all";
    let all = remarks("bank.example TXT", zone);
    assert!(all.iter().any(|remark| remark.text.contains("more than 60 look-ups")), "{all:?}");
}

#[test]
fn a_remark_names_the_record_that_it_is_about() {
    let zone = "bank.example TXT v=spf1 include:a.example -all\na.example TXT v=spf1 foo -all";
    let all = remarks("bank.example TXT", zone);
    assert_eq!(all[0].text, "in the record of a.example: `foo`: it is no mechanism; every check ends with permerror");
}

#[test]
fn the_line_to_change_is_the_whole_record() {
    for (record, changed) in [
        ("v=spf1 a:x.example +all", "v=spf1 a:x.example -all"),
        ("v=spf1 ip4:192.0.2.1", "v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 ~all ip4:192.0.2.1", "v=spf1 ip4:192.0.2.1 ~all"),
        ("v=spf1 foo ip4:192.0.2.1 -all", "correct it, or take it out: v=spf1 ip4:192.0.2.1 -all"),
        ("v=spf1 -all redirect=a.example", "v=spf1 -all, or v=spf1 redirect=a.example"),
    ] {
        let zone = format!("bank.example TXT {record}\nx.example A 192.0.2.1");
        assert_eq!(remarks("bank.example TXT", &zone)[0].help, changed, "{record}");
    }
}

#[test]
fn several_records_are_made_one() {
    let zone = "bank.example TXT v=spf1 a ip4:192.0.2.1 ~all\nbank.example TXT v=spf1 a mx -all";
    assert_eq!(remarks("bank.example TXT", zone)[0].help, "make them one: v=spf1 a ip4:192.0.2.1 mx -all");
}

#[test]
fn names_without_a_record_are_no_matter() {
    assert_eq!(codes("www.bank.example TXT", "www.bank.example TXT anything"), [""; 0]);
    assert_eq!(codes("bank.example TXT", ""), [""; 0]);
}

#[test]
fn what_an_include_leads_to_depends_on_the_mail() {
    let zone = "bank.example TXT v=spf1 include:%{o}.lists.example include:%{d2}.lists.example -all
        bank.example.lists.example TXT v=spf1 foo";
    assert_eq!(codes("bank.example TXT", zone), ["spf-syntax"], "only what depends on the domain alone is followed");
}
