//! Hosts, changes, settings, probes and look-ups: what a file says becomes values, and its faults are told.

use crate::parse;
use mail::Service;
use scenario::{
    CertificateKey, CertificateKind, Claim, Daemon, Interference, LookupClaim, Origin, ProbeClaim, SettingClaim,
    StarttlsClaim, StarttlsPlay, TlsaOf,
};

const GOOD: &str = r#"
title = "With everything"

[setting]
postfix = { smtpd_tls_security_level = "" }
unset   = { dovecot = ["ssl_min_protocol"] }
[setting.expect]
taken = true
says  = "warning"

[zone."partner.example"]
dnssec  = "signed"
mx      = ["10 mx.partner.example", "20 mx2.partner.example"]
mta-sts = "v=STSv1; id=1;"
tls-rpt = "v=TLSRPTv1; rua=mailto:tls@partner.example"

[zone."_tcp.mx.partner.example"]
dnssec = "bogus"

[host."mx.partner.example"]
ip   = ["198.51.100.25", "2001:db8::25"]
tlsa = ["3 1 1", "2 0 1 issue 2", "3 1 1 wrong", "7 1 9"]
smtp = { starttls = { refused = 454 }, certificate = { kind = "good", key = "rsa2048", issue = 2 }, versions = ["TLSv1"], on-the-wire = "cut-in-data", end-of-data = "451 4.3.0 later" }

[host."mx2.partner.example"]
ip   = "198.51.100.26"
smtp = {}

[host."mta-sts.partner.example"]
ip    = "198.51.100.27"
https = { certificate = "expired", policy = "version: STSv1\n", status = 404 }

[[lookup]]
name = "_25._tcp.mx.partner.example"
type = "tlsa"
[lookup.expect]
authentic = true
contains  = ["3 1 1", "2 0 1"]
lint      = []

[[probe]]
service = "imap"
[probe.expect]
starttls = "required"
versions = []
has      = ["tickets"]

[[probe]]
service = "imap"
server-name = "other.example"
[probe.expect]
takes = ["X25519MLKEM768"]

[[transaction]]
via       = { sendmail = true }
mail-from = "alice@gateway.example"
rcpt-to   = ["bob@partner.example"]
message   = "From: alice@gateway.example\nSubject: x\n\nx\n"
[transaction.expect]
outcome  = "delivered"
arrived  = "mx2.partner.example"
offered  = ["TLSv1.2", "TLSv1.3"]
fetched  = true
received = "as-negotiated"

[[transaction]]
via       = { sendmail = true }
mail-from = "alice@gateway.example"
rcpt-to   = ["bob@partner.example"]
message   = "From: alice@gateway.example\nSubject: x\n\nx\n"
[transaction.change.zone."partner.example"]
mx = "mx2.partner.example"
[transaction.change.host."mx2.partner.example"]
ip   = "198.51.100.26"
smtp = { starttls = "absent" }
[transaction.expect]
outcome = "deferred"
"#;

#[test]
fn everything_becomes_values() {
    let plan = parse(GOOD).unwrap();
    let changes: Vec<_> = plan.settings.changes.iter().map(|c| (c.daemon, c.name.value.as_str(), c.value.as_deref())).collect();
    assert_eq!(
        changes,
        [(Daemon::Postfix, "smtpd_tls_security_level", Some("")), (Daemon::Dovecot, "ssl_min_protocol", None)]
    );
    let claims: Vec<_> = plan.settings.expect.iter().map(|c| c.claim.clone()).collect();
    assert_eq!(claims, [SettingClaim::Taken(true), SettingClaim::Says("warning".to_owned())]);

    let mx = &plan.hosts[0];
    assert_eq!((mx.name.as_str(), mx.ips.len(), mx.tlsa.len()), ("mx.partner.example", 2, 4));
    assert_eq!((mx.tlsa[1].usage, &mx.tlsa[1].of, &mx.tlsa[2].of), (2, &TlsaOf::Issue(2), &TlsaOf::Wrong));
    let smtp = mx.smtp.as_ref().unwrap();
    assert_eq!((smtp.starttls, smtp.wire), (StarttlsPlay::Refused(454), Interference::CutInData));
    assert_eq!((smtp.certificate.key, smtp.certificate.issue), (CertificateKey::Rsa2048, 2));
    assert_eq!(plan.hosts[1].smtp.as_ref().unwrap().starttls, StarttlsPlay::Offered);
    let https = plan.hosts[2].https.as_ref().unwrap();
    assert_eq!((https.status, https.certificate.kind), (404, CertificateKind::Expired));

    let zone = plan.zones.iter().find(|zone| zone.origin.as_str() == "partner.example").unwrap();
    for record in [
        "mx2.partner.example. IN A 198.51.100.26",
        "_mta-sts.partner.example. IN TXT",
        "_smtp._tls.partner.example. IN TXT",
    ] {
        assert!(zone.records.contains(record), "{}", zone.records);
    }

    assert_eq!(plan.lookups[0].label, "_25._tcp.mx.partner.example TLSA");
    assert_eq!(plan.lookups[0].expect.last().unwrap().claim, LookupClaim::Lint(Vec::new()));
    let labels: Vec<&str> = plan.probes.iter().map(|probe| probe.label.as_str()).collect();
    assert_eq!((labels, plan.probes[0].service.value), (vec!["imap", "imap 2"], Service::Imap));
    assert_eq!(plan.probes[0].expect[0].claim, ProbeClaim::Starttls(StarttlsClaim::Required));
    assert_eq!(plan.probes[0].expect[1].claim, ProbeClaim::Versions(Vec::new()));

    let [first, second] = plan.transactions.as_slice() else { panic!("{}", plan.transactions.len()) };
    assert_eq!(first.origin, Origin::Sendmail);
    assert!(first.expect.iter().any(|e| e.claim == Claim::Arrived("mx2.partner.example".parse().unwrap())));
    let change = second.change.as_ref().unwrap();
    assert_eq!(change.hosts[0].smtp.as_ref().unwrap().starttls, StarttlsPlay::Absent);
    assert!(change.zones[0].records.contains("mx.partner.example. IN A 198.51.100.25"), "{}", change.zones[0].records);
}

/// The only fault of a file, made from the good one.
fn fault(from: &str, to: &str) -> String {
    assert!(GOOD.contains(from), "{from}");
    let faults = parse(&GOOD.replacen(from, to, 1)).unwrap_err();
    faults.flaws().iter().map(|flaw| flaw.message.clone()).collect::<Vec<_>>().join("; ")
}

#[test]
fn faults_are_told() {
    for (from, to, message) in [
        ("ip   = \"198.51.100.26\"\nsmtp = {}", "ip   = \"198.51.100.25\"\nsmtp = {}", "198.51.100.25 belongs to another host of this file"),
        ("ip   = \"198.51.100.26\"\nsmtp = {}", "ip   = \"198.51.100.26\"", "mx2.partner.example does nothing"),
        ("ip    = \"198.51.100.27\"", "ip    = \"127.0.0.1\"", "127.0.0.1 is not the address of a host"),
        ("\"2 0 1 issue 2\"", "\"2 0\"", "`2 0` is not a TLSA record (RFC 6698 §2.1)"),
        ("refused = 454", "refused = 250", "`refused` must be"),
        ("end-of-data = \"451 4.3.0 later\"", "end-of-data = \"later\"", "`later` is not a reply (RFC 5321 §4.2)"),
        ("arrived  = \"mx2.partner.example\"", "arrived  = \"mx3.partner.example\"", "no host mx3.partner.example to take the message"),
        ("outcome  = \"delivered\"\narrived", "outcome  = \"deferred\"\narrived", "mx2.partner.example cannot have taken a message that waits or is refused"),
        ("[transaction.change.host.\"mx2.partner.example\"]", "[transaction.change.host.\"mx4.partner.example\"]", "no host mx4.partner.example to change"),
        ("[transaction.change.zone.\"partner.example\"]\nmx = \"mx2.partner.example\"\n", "[transaction.change.zone.\"other.example\"]\n", "no zone other.example to change"),
        ("has      = [\"tickets\"]", "has      = [\"tickets\"]\nhas-not  = [\"tickets\"]", "`tickets` is claimed and denied"),
        ("has      = [\"tickets\"]", "profile  = \"mozilla-modem\"", "no profile `mozilla-modem`"),
        ("has      = [\"tickets\"]", "has      = [\"ticket\"]", "`ticket` is not something that a service does"),
        ("sendmail = true", "sendmail = false", "`sendmail` can only be `true`"),
        ("smtpd_tls_security_level = \"\"", "\"rm -rf\" = \"\"", "`rm -rf` is not the name of a setting"),
        ("service = \"imap\"\n[probe.expect]\nstarttls", "service = \"imap\"\nlabel = \"imap\"\n[probe.expect]\nstarttls", ""),
    ] {
        if message.is_empty() {
            assert!(parse(&GOOD.replacen(from, to, 1)).is_ok());
            continue;
        }
        let told = fault(from, to);
        assert!(told.contains(message), "{told}");
    }
}

#[test]
fn a_host_needs_a_zone_and_what_waits_needs_a_control() {
    let text = GOOD.replace("[host.\"mx2.partner.example\"]\nip   = \"198.51.100.26\"\nsmtp = {}", "[host.\"mx2.stray.example\"]\nip   = \"198.51.100.26\"\nsmtp = {}");
    let faults = parse(&text).unwrap_err();
    assert!(faults.flaws().iter().any(|flaw| flaw.message == "mx2.stray.example lies in no zone of this file"));
    let waiting = r#"
title = "Only what waits"
[zone."partner.example"]
mx = "mx.partner.example"
[host."mx.partner.example"]
ip = "198.51.100.25"
smtp = { certificate = "expired" }
[[transaction]]
via       = { sendmail = true }
mail-from = "alice@gateway.example"
rcpt-to   = ["bob@partner.example"]
message   = "Subject: x\n\nx\n"
expect    = { outcome = "deferred" }
"#;
    let faults = parse(waiting).unwrap_err();
    assert_eq!(faults.flaws()[0].message, "the transaction `1` has no control");
}
