//! What people read to learn.

use crate::canned::{TEXT, parse, plan};
use mailproof_report::{describe, list};
use plan::{Source, World};

#[test]
fn a_scenario_is_described_in_words() {
    let expected = r#"dmarc/forged
A forged From under p=reject is refused
It demonstrates dmarc.
Read RFC 9989 §4.3.

The DNS has
  bank.example
"#;
    let text = describe(&plan("dmarc/forged"));
    assert!(text.starts_with(expected), "{text}");
    let expected = r#"
    a DKIM key s1 (Ed25519), revoked
    _dmarc.bank.example answers 3 s late to TXT questions
  192.0.2.10, which is called mail.bank.example

1. forged
  198.51.100.66 connects as mail.attacker.example, without TLS, and says
    MAIL FROM:<billing@bank.example>
    RCPT TO:<alice@gateway.example>
  It sends:
    | From: The "Bank" <billing@bank.example>
    | Subject: Your invoice
    |
    | Pay\there.
  Signed by bank.example with s1 (Ed25519), relaxed/relaxed, over From, To, Subject, Date, Message-ID; only the first 3 octets of the body; expires 86400 s ago
  Then `P.S.` is added to the body
  Claimed:
    - reply 550 5.7.1 to end-of-data
    - DMARC fail
    - rejected

2.
  carol@sender.example submits over implicit TLS, and says
    MAIL FROM:<carol@sender.example>
    RCPT TO:<alice@gateway.example>
  It sends, not signed by us:
    | Subject: Lunch
    |
    | At noon?
  Claimed:
    - delivered to INBOX
"#;
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn hops_tags_and_octets_are_described() {
    let (from, to) = (
        r#"tamper    = [{ append-body = "P.S.\n" }]"#,
        r#"hop = [
  { tamper = [{ set-header = { name = "Subject", value = { raw = 'caf\xe9' } } }], sign = [{ domain = "bank.example", selector = "s1", tags = "q=dns/txt; foo=bar" }] },
  { seal = { domain = "bank.example", selector = "s1", results = "spf=pass", instance = 3, cv = "fail", seal-tags = "h=From" } },
]"#,
    );
    assert!(TEXT.contains(from));
    let text = describe(&parse("arc/x", &TEXT.replacen(from, to, 1)));
    let expected = r"
  Forwarded by hop 1:
    Then Subject is changed to `caf\xe9`
    Signed by bank.example with s1 (Ed25519), relaxed/relaxed, over From, To, Subject, Date, Message-ID; with `q=dns/txt`, `foo=bar`
  Forwarded by hop 2:
    Sealed by bank.example with s1 (Ed25519), as bank.example: spf=pass; i=3; cv=fail; ARC-Seal with `h=From`
";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn a_list_aligns_the_titles() {
    let text = list(&[plan("spf/a"), plan("dmarc/forged")]);
    let title = "A forged From under p=reject is refused";
    assert_eq!(text, format!("spf/a         {title}\ndmarc/forged  {title}\n"));
}

#[test]
fn hosts_settings_questions_and_changes_are_described() {
    let text = r#"title = "One key after the other"

[zone."partner.example"]
dnssec = "signed"
mx = "mx.partner.example"
mta-sts = "v=STSv1; id=1;"

[host."mx.partner.example"]
ip = "198.51.100.25"
tlsa = ["3 1 1"]
smtp = { starttls = "offered", certificate = "expired", versions = ["TLSv1.2"] }

[host."mta-sts.partner.example"]
ip = "198.51.100.26"
https = { certificate = "good", policy = "version: STSv1\nmode: enforce\n" }

[setting]
postfix = { smtp_tls_loglevel = "1", smtp_tls_policy_maps = "" }
unset = { dovecot = ["ssl_min_protocol"] }

[setting.expect]
taken = true

[[probe]]
service = "imaps"
[probe.expect]
refuses = ["RC4"]

[[lookup]]
name = "partner.example"
type = "MX"
[lookup.expect]
rcode = "NOERROR"

[[transaction]]
via = { sendmail = true }
mail-from = "alice@gateway.example"
rcpt-to = ["bob@partner.example"]
message = "Subject: Lunch\n\nAt noon?\n"
[transaction.expect]
outcome = "delivered"

[[transaction]]
via = { sendmail = true }
mail-from = "alice@gateway.example"
rcpt-to = ["bob@partner.example"]
message = "Subject: Lunch\n\nAt noon?\n"
[transaction.change.host."mx.partner.example"]
ip = "198.51.100.25"
tlsa = ["3 1 1 wrong"]
smtp = { starttls = "offered", on-the-wire = "strip-starttls" }
[transaction.expect]
outcome = "deferred"
"#;
    let source = Source { name: "dane/keys".to_owned(), path: "keys.toml".to_owned(), text: text.to_owned() };
    let world = World { gateway: vec!["gateway.example".parse().unwrap()], ..World::default() };
    let plan = scenario::parse(source, &world).unwrap_or_else(|faults| panic!("{:?}", faults.flaws()));
    let text = describe(&plan);
    for part in [
        "  mta-sts.partner.example at 198.51.100.26\n    HTTPS, a good certificate (P-256), that answers 200 with a policy in text/plain\n      | version: STSv1\n      | mode: enforce\n",
        "\nThe harness plays\n  mx.partner.example at 198.51.100.25\n    TLSA 3 1 1 of its certificate\n    SMTP with STARTTLS, an expired certificate (P-256), TLSv1.2 only\n",
        "\nMeanwhile the gateway has\n  smtp_tls_loglevel = 1 in main.cf\n  smtp_tls_policy_maps = (empty) in main.cf\n  no ssl_min_protocol in dovecot.conf\n  Claimed:\n    - taken\n",
        "\nThe gateway's imaps is probed\n  Claimed:\n    - takes none of RC4\n",
        "\nThe DNS is asked for partner.example MX\n  Claimed:\n    - NOERROR\n",
        "\n2.\n  From now on\n    mx.partner.example at 198.51.100.25\n      TLSA 3 1 1 of no certificate of its\n",
        "  A program on the gateway runs sendmail, and says\n",
    ] {
        assert!(text.contains(part), "no {part} in\n{text}");
    }
}
