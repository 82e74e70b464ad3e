//! Bad text in, message out.

use crate::parse;
use miette::{GraphicalReportHandler, GraphicalTheme};
use scenario::Faults;

/// A scenario without a fault, to be spoiled.
pub(crate) const GOOD: &str = r#"title = "Forged mail is refused"
cites = ["RFC 7208 §2.6.4"]

[zone."bank.example"]
spf = "v=spf1 ip4:192.0.2.10 -all"
mx = "mail.bank.example"
dkim.s1 = { algorithm = "ed25519-sha256" }
dkim.s2 = { bits = 2048 }
faults = [{ name = "slow", type = "A", answer = "delay", seconds = 5 }]
records = """
mail IN A 192.0.2.10
www  IN CNAME mail
"""

[ptr]
"192.0.2.10" = "mail.bank.example"

[[transaction]]
label = "forged"
client = { ip = "198.51.100.66", ehlo = "mail.attacker.example" }
mail-from = "billing@bank.example"
rcpt-to = ["alice@gateway.example"]
message = """
Subject: Your invoice

Pay here.
"""
tamper = [{ append-body = "P.S." }]
expect = { reply = { to = "end-of-data", code = 550, enhanced = "5.7.1" }, spf = "fail", outcome = "rejected" }

[[transaction]]
label = "control"
via = { submission = { login = "carol@sender.example", tls = "starttls" } }
mail-from = "carol@sender.example"
rcpt-to = ["alice@gateway.example"]
message = """
Subject: Your invoice

Pay here.
"""
sign = [{ domain = "bank.example", selector = "s1", signed-at = "-1h" }]
expect = { dkim = { pass = "bank.example" }, handshake = { version = "TLSv1.3" }, outcome = { delivered = "INBOX" } }
"#;

/// What the form forbids: the reader and the schema must both see it.
pub(crate) const FORM: &[(&str, &str)] = &[
    ("spf = \"v=", "spff = \"v="),
    ("title = \"Forged mail is refused\"", "title = 7"),
    ("title = \"Forged mail is refused\"", ""),
    ("bits = 2048", "bits = 512"),
    ("seconds = 5", "seconds = 61"),
    ("code = 550", "code = 600"),
    ("spf = \"fail\"", "spf = \"failed\""),
    ("{ append-body = \"P.S.\" }", "{ append-body = \"P.S.\", remove-header = \"Subject\" }"),
    ("{ version = \"TLSv1.3\" }", "{}"),
    ("{ delivered = \"INBOX\" }", "{ delivered = \"INBOX\", quarantined = \"Junk\" }"),
    ("\"-1h\"", "\"yesterday\""),
    ("rcpt-to = [\"alice@gateway.example\"]", "rcpt-to = []"),
    (
        "{ dkim = { pass = \"bank.example\" }, handshake = { version = \"TLSv1.3\" }, outcome = { delivered = \"INBOX\" } }",
        "{}",
    ),
    ("RFC 7208 §2.6.4", concat!("RF", "C7208 §2.6.4")),
];

/// Each message, and what its main label covers.
pub(crate) fn messages(faults: &Faults, text: &str) -> Vec<(String, String)> {
    let main = |flaw: &scenario::Flaw| text[flaw.labels[0].0.clone()].to_owned();
    faults.flaws().iter().map(|flaw| (flaw.message.clone(), main(flaw))).collect()
}

fn rendered(text: &str) -> String {
    let mut out = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor()).with_width(100);
    handler.render_report(&mut out, &parse(text).unwrap_err()).unwrap();
    out.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_good_one_is_good() {
    parse(GOOD).unwrap();
}

#[test]
fn what_is_missing_is_named() {
    let empty = parse("").unwrap_err();
    let said: Vec<&str> = empty.flaws().iter().map(|flaw| flaw.message.as_str()).collect();
    assert_eq!(said, ["a scenario needs `title`"]);
    let idle = parse("title = 'x'").unwrap_err();
    assert_eq!(messages(&idle, "title = 'x'")[0].0, "this scenario claims nothing");
    let text = "title = 'x'\n[[transaction]]\n";
    let said = messages(&parse(text).unwrap_err(), text);
    let expected = ["mail-from", "rcpt-to", "message", "expect"].map(|key| format!("a transaction needs `{key}`"));
    assert_eq!(said[..4].iter().map(|(message, _)| message.clone()).collect::<Vec<_>>(), expected);
    assert_eq!(said[4].0, "nobody brings this message");
    let text = "title = 'x'\ntransaction = []\n";
    assert_eq!(messages(&parse(text).unwrap_err(), text), [("`transaction` is empty".to_owned(), "[]".to_owned())]);
}

#[test]
fn a_wrong_value_is_no_missing_one() {
    for (from, to) in FORM {
        assert!(GOOD.contains(from), "{from}");
        let text = GOOD.replacen(from, to, 1);
        assert_eq!(parse(&text).unwrap_err().flaws().len(), 1, "{to}");
    }
}

#[test]
fn all_faults_are_told_at_once_in_the_order_of_the_file() {
    let text = GOOD
        .replace("spf = \"v=", "spff = \"v=")
        .replace("IN A 192.0.2.10", "IN A 192.0.2.1000")
        .replace("billing@bank", "billing at bank")
        .replace("\"s1\"", "\"s3\"");
    assert_eq!(
        rendered(&text),
        r#"mailproof::scenario

  × name.toml has 4 faults

Error:
  × unknown key `spff`
   ╭─[name.toml:5:1]
 4 │ [zone."bank.example"]
 5 │ spff = "v=spf1 ip4:192.0.2.10 -all"
   · ──┬─
   ·   ╰── a zone has no such key
 6 │ mx = "mail.bank.example"
   ╰────
  help: did you mean `spf`? It has `spf`, `dmarc`, `mta-sts`, `tls-rpt`, `mx`, `dkim`, `records`,
        `dnssec`, `faults`

Error:
  × this record cannot be read: `192.0.2.1000` is not an IPv4 address
    ╭─[name.toml:11:1]
 10 │ records = """
 11 │ mail IN A 192.0.2.1000
    · ───────────┬──────────
    ·            ╰── here
 12 │ www  IN CNAME mail
    ╰────
  help: write `NAME IN TYPE DATA` (RFC 1035 §5.1), a text in double quotes

Error:
  × `billing at bank.example` is not a mail address
    ╭─[name.toml:21:13]
 20 │ client = { ip = "198.51.100.66", ehlo = "mail.attacker.example" }
 21 │ mail-from = "billing at bank.example"
    ·             ────────────┬────────────
    ·                         ╰── here
 22 │ rcpt-to = ["alice@gateway.example"]
    ╰────
  help: an address has the form local-part@domain (RFC 5321 §4.1.2)

Error:
  × bank.example has no selector `s3`
   ╭─[name.toml:4:7]
 3 │
 4 │ [zone."bank.example"]
   ·       ───────┬──────
   ·              ╰── the zone
 5 │ spff = "v=spf1 ip4:192.0.2.10 -all"
   ╰────
    ╭─[name.toml:41:47]
 40 │ """
 41 │ sign = [{ domain = "bank.example", selector = "s3", signed-at = "-1h" }]
    ·                                               ──┬─
    ·                                                 ╰── undefined
 42 │ expect = { dkim = { pass = "bank.example" }, handshake = { version = "TLSv1.3" }, outcome = { delivered = "INBOX" } }
    ╰────
  help: the zone has `s1`, `s2`"#
    );
}

#[test]
fn two_zones_that_contradict_each_other_are_shown_together() {
    let from = "[ptr]";
    let text = GOOD.replace(from, "[zone.\"mail.bank.example\"]\nspf = \"v=spf1 -all\"\n\n[ptr]");
    assert_eq!(
        rendered(&text),
        r#"mailproof::scenario

  × name.toml has a fault

Error:
  × mail.bank.example is declared in two zones
    ╭─[name.toml:11:1]
 10 │ records = """
 11 │ mail IN A 192.0.2.10
    · ──────────┬─────────
    ·           ╰── here in bank.example
 12 │ www  IN CNAME mail
 13 │ """
 14 │
 15 │ [zone."mail.bank.example"]
    ·       ─────────┬─────────
    ·                ╰── but this zone has the name
 16 │ spf = "v=spf1 -all"
    ╰────
  help: move it into [zone."mail.bank.example"]"#
    );
}

#[test]
fn a_third_domain_may_be_addressed_if_nothing_must_arrive_there() {
    let third = GOOD.replacen("alice@gateway.example", "victim@elsewhere.example", 1);
    parse(&third).unwrap();
    let (head, tail) = third.rsplit_once("alice@gateway.example").unwrap();
    let text = format!("{head}victim@elsewhere.example{tail}");
    assert_eq!(parse(&text).unwrap_err().flaws()[0].message, "nobody receives mail for elsewhere.example");
}
