//! Hosts that the harness plays, and what changes while a scenario runs: text to values, and faults.

use crate::{
    parse,
    seams::{GOOD, each_is_told, spoiled},
};
use plan::{
    Certificate, CertificateKey, CertificateKind, HttpsHost, Interference, PlayedReply, Point, SmtpHost, StarttlsPlay,
    Tlsa, TlsaOf,
};
use std::collections::BTreeMap;

/// A scenario with these tables, and a message out for each text of changes.
fn with(tables: &str, changes: &[&str]) -> String {
    let mail = |(i, change): (usize, &&str)| {
        format!(
            r#"
[[transaction]]
label     = "mail {i}"
via       = {{ sendmail = true }}
mail-from = "alice@gateway.example"
rcpt-to   = ["bob@partner.example"]
message   = "Subject: x\n\nx\n"
expect    = {{ outcome = "delivered" }}
{change}
"#
        )
    };
    let mail: String = changes.iter().enumerate().map(mail).collect();
    format!("title = \"Hosts\"\n[zone.\"partner.example\"]\nmx = \"mx.partner.example\"\n{tables}\n{mail}")
}

/// The MTA of a scenario whose only host has this.
fn mta(smtp: &str) -> SmtpHost {
    let host = format!("[host.\"mx.partner.example\"]\nip = \"198.51.100.25\"\nsmtp = {smtp}");
    let plan = parse(&with(&host, &[""])).unwrap_or_else(|faults| panic!("{smtp}: {:?}", faults.flaws()));
    plan.hosts[0].smtp.clone().unwrap()
}

#[test]
fn a_host_is_what_its_table_says() {
    let plan = parse(GOOD).unwrap();
    let [mx, mx2, web] = plan.hosts.as_slice() else { panic!("{}", plan.hosts.len()) };
    assert_eq!((mx.name.as_str(), &GOOD[mx.span.clone()]), ("mx.partner.example", "\"mx.partner.example\""));
    assert_eq!(mx.ips, ["198.51.100.25".parse::<std::net::IpAddr>().unwrap(), "2001:db8:25::25".parse().unwrap()]);
    let tlsa = |usage, selector, matching, of| Tlsa { usage, selector, matching, of };
    assert_eq!(
        mx.tlsa,
        [
            tlsa(3, 1, 1, TlsaOf::Issue(1)),
            tlsa(2, 0, 1, TlsaOf::Issue(1)),
            tlsa(3, 1, 1, TlsaOf::Issue(2)),
            tlsa(3, 1, 1, TlsaOf::Wrong),
            tlsa(255, 9, 7, TlsaOf::Issue(1)),
        ]
    );
    let certificate = Certificate {
        kind: CertificateKind::Good,
        key: CertificateKey::Rsa2048,
        issue: 2,
        names: vec!["*.partner.example".to_owned()],
    };
    let usual = SmtpHost {
        starttls: StarttlsPlay::Offered,
        certificate: Certificate::default(),
        versions: Vec::new(),
        wire: Interference::None,
        replies: BTreeMap::new(),
    };
    assert_eq!(mx.smtp, Some(SmtpHost { starttls: StarttlsPlay::Refused(454), certificate, ..usual.clone() }));
    let versions = ["TLSv1", "TLSv1.1"].map(str::to_owned).to_vec();
    let (wire, replies) = (Interference::SwapCertificate, at_the_end("451 4.3.0 later"));
    assert_eq!(mx2.smtp, Some(SmtpHost { versions, wire, replies, ..usual.clone() }));
    assert_eq!((web.smtp.is_none(), mx.https.is_none()), (true, true));
    assert_eq!(
        web.https,
        Some(HttpsHost {
            certificate: Certificate { kind: CertificateKind::Expired, ..Certificate::default() },
            status: 404,
            policy: "version: STSv1\nmode: enforce\n".to_owned(),
            media_type: "text/html".to_owned(),
        })
    );
    assert_eq!(mta("{}"), usual);
}

#[test]
fn a_web_server_has_a_usual_answer_and_lines_ended_by_lf() {
    let web = "[host.\"mx.partner.example\"]\nip = \"198.51.100.25\"\nsmtp = {}\n\
               https = { policy = \"version: STSv1\\r\\nmode: none\\n\" }";
    let https = parse(&with(web, &[""])).unwrap().hosts[0].https.clone().unwrap();
    assert_eq!(
        (https.status, https.media_type.as_str(), https.certificate),
        (200, "text/plain", Certificate::default())
    );
    assert_eq!(https.policy, "version: STSv1\nmode: none\n");
}

#[test]
fn each_word_of_a_host_has_its_value() {
    for (word, play) in
        [("offered", StarttlsPlay::Offered), ("absent", StarttlsPlay::Absent), ("injected", StarttlsPlay::Injected)]
    {
        assert_eq!(mta(&format!("{{ starttls = \"{word}\" }}")).starttls, play);
    }
    for (word, wire) in [
        ("strip-starttls", Interference::StripStarttls),
        ("swap-certificate", Interference::SwapCertificate),
        ("cut-in-data", Interference::CutInData),
    ] {
        assert_eq!(mta(&format!("{{ on-the-wire = \"{word}\" }}")).wire, wire);
    }
    for (word, kind) in [
        ("good", CertificateKind::Good),
        ("expired", CertificateKind::Expired),
        ("not-yet-valid", CertificateKind::NotYetValid),
        ("wrong-name", CertificateKind::WrongName),
        ("self-signed", CertificateKind::SelfSigned),
        ("untrusted", CertificateKind::Untrusted),
    ] {
        let certificate = Certificate { kind, ..Certificate::default() };
        assert_eq!(mta(&format!("{{ certificate = \"{word}\" }}")).certificate, certificate);
        assert_eq!(mta(&format!("{{ certificate = {{ kind = \"{word}\" }} }}")).certificate, certificate);
    }
    for (word, key) in [
        ("p256", CertificateKey::P256),
        ("p384", CertificateKey::P384),
        ("rsa2048", CertificateKey::Rsa2048),
        ("ed25519", CertificateKey::Ed25519),
    ] {
        assert_eq!(mta(&format!("{{ certificate = {{ key = \"{word}\" }} }}")).certificate.key, key);
    }
    let taken = mta("{ versions = [\"TLSv1.3\", \"TLSv1.2\", \"TLSv1.3\"], end-of-data = \"250 2.0.0 mine\" }");
    assert_eq!(taken.versions, ["TLSv1.2", "TLSv1.3"], "in order, each once");
    assert_eq!(mta("{ versions = [\"TLSv1.3\", \"TLSv1\"] }").versions, ["TLSv1", "TLSv1.3"], "also with a gap");
    assert_eq!(taken.replies, at_the_end("250 2.0.0 mine"));
}

fn at_the_end(reply: &str) -> BTreeMap<Point, Vec<PlayedReply>> {
    BTreeMap::from([(Point::EndOfData, vec![PlayedReply::Says(reply.to_owned())])])
}

#[test]
fn a_host_replies_as_it_is_asked_to() {
    let host = mta(
        r#"{ starttls = "garbage", replies = { greeting = "554 no", rcpt-to = ["450 later", "close"], ehlo = "250-a\n250 SIZE" } }"#,
    );
    assert_eq!(host.starttls, StarttlsPlay::Garbage);
    let says = |reply: &str| PlayedReply::Says(reply.to_owned());
    assert_eq!(host.replies[&Point::Greeting], [says("554 no")]);
    assert_eq!(host.replies[&Point::RcptTo], [says("450 later"), PlayedReply::Closes]);
    assert_eq!(host.replies[&Point::Ehlo], [says("250-a\n250 SIZE")]);
    let faults = |smtp: &str| {
        let table = format!("[host.\"mx.partner.example\"]\nip = \"198.51.100.25\"\nsmtp = {smtp}");
        parse(&with(&table, &[""])).unwrap_err().flaws()[0].message.clone()
    };
    assert_eq!(faults(r#"{ replies = { quit = "bye" } }"#), "`bye` is no reply (RFC 5321 §4.2)");
    assert_eq!(faults(r#"{ replies = { ehlo = "250-a" } }"#), "`250-a` is no reply (RFC 5321 §4.2)");
    let twice = r#"{ end-of-data = "250 a", replies = { end-of-data = "250 b" } }"#;
    assert_eq!(faults(twice), "the reply to the end of data stands twice");
}

#[test]
fn addresses_are_in_the_deepest_zone_and_digests_in_none() {
    let plan = parse(GOOD).unwrap();
    let records = |name: &str| plan.zones.iter().find(|zone| zone.origin.as_str() == name).unwrap().records.as_str();
    assert_eq!(
        records("partner.example"),
        "$TTL 0\n\
         _mta-sts.partner.example. IN TXT \"v=STSv1; id=20261124;\"\n\
         _smtp._tls.partner.example. IN TXT \"v=TLSRPTv1; rua=mailto:tls@partner.example\"\n\
         partner.example. IN MX 10 mx.partner.example.\n\
         partner.example. IN MX 20 mx2.partner.example.\n\
         mx.partner.example. IN A 198.51.100.25\n\
         mx.partner.example. IN AAAA 2001:db8:25::25\n\
         mx2.partner.example. IN A 198.51.100.26\n\
         mta-sts.partner.example. IN A 198.51.100.27\n"
    );
    assert_eq!(records("_tcp.mx.partner.example"), "$TTL 0\n");
    let child = "[zone.\"mx.partner.example\"]\n[host.\"mx.partner.example\"]\nip = \"198.51.100.25\"\nsmtp = {}";
    let plan = parse(&with(child, &[""])).unwrap();
    assert!(!plan.zones[0].records.contains("198.51.100.25"));
    assert_eq!(plan.zones[1].records, "$TTL 0\nmx.partner.example. IN A 198.51.100.25\n");
}

const TWO: &str = r#"
[zone."mx2.partner.example"]
[host."mx.partner.example"]
ip   = "198.51.100.25"
smtp = {}
[host."mx2.partner.example"]
ip   = "198.51.100.26"
smtp = {}
"#;

#[test]
fn changed_zones_and_hosts_are_whole() {
    let plan = parse(GOOD).unwrap();
    let change = plan.transactions[1].change.as_ref().unwrap();
    let [zone] = change.zones.as_slice() else { panic!("{:?}", change.zones) };
    assert_eq!(
        zone.records,
        "$TTL 0\npartner.example. IN MX 10 mx2.partner.example.\nmx.partner.example. IN A 198.51.100.25\n\
         mx.partner.example. IN AAAA 2001:db8:25::25\nmx2.partner.example. IN A 198.51.100.26\n\
         mta-sts.partner.example. IN A 198.51.100.27\n"
    );
    let smtp = change.hosts[0].smtp.as_ref().unwrap();
    assert_eq!((smtp.certificate.kind, smtp.replies.len()), (CertificateKind::SelfSigned, 0));
    assert!(plan.transactions[0].change.is_none() && plan.transactions[2].change.is_none());
    // a host below another zone leaves no record above it
    let plan =
        parse(&with(TWO, &["[transaction.change.zone.\"partner.example\"]\nmx = \"mx2.partner.example\""])).unwrap();
    let change = plan.transactions[0].change.as_ref().unwrap();
    assert_eq!(change.zones.len(), 1);
    assert!(!change.zones[0].records.contains("198.51.100.26"), "{}", change.zones[0].records);
}

#[test]
fn a_host_that_moves_changes_its_zone_from_then_on() {
    let moved = "[transaction.change.host.\"mx.partner.example\"]\nip = \"198.51.100.35\"\nsmtp = {}";
    let other_mx = "[transaction.change.zone.\"partner.example\"]\nmx = \"5 mx.partner.example\"";
    let plan = parse(&with(TWO, &["", moved, other_mx])).unwrap();
    let change = |at: usize| plan.transactions[at].change.as_ref().unwrap();
    assert_eq!((change(1).zones.len(), change(1).zones[0].origin.as_str()), (1, "partner.example"));
    assert!(change(1).zones[0].records.ends_with("mx.partner.example. IN A 198.51.100.35\n"));
    assert!(change(2).zones[0].records.ends_with("MX 5 mx.partner.example.\nmx.partner.example. IN A 198.51.100.35\n"));
    assert!(plan.zones[0].records.contains("198.51.100.25"), "the first stage stays as it was");
    // and whoever comes later can have the address that is free now
    let follows = "[transaction.change.host.\"mx2.partner.example\"]\nip = \"198.51.100.25\"\nsmtp = {}";
    parse(&with(TWO, &["", moved, follows])).unwrap();
}

#[test]
fn services_stand_still_until_a_change_says_otherwise() {
    let moved = "[transaction.change.host.\"mx.partner.example\"]\nip = \"198.51.100.35\"\nsmtp = {}";
    let stopped = "[transaction.change]\nstopped = [\"opendmarc\", \"opendkim\"]";
    let plan = parse(&with(TWO, &["", stopped, moved, "[transaction.change]\nstopped = []"])).unwrap();
    let of = |at: usize| plan.transactions[at].change.as_ref().and_then(|change| change.stopped.clone());
    let both = vec!["opendmarc".to_owned(), "opendkim".to_owned()];
    assert_eq!([of(0), of(1), of(2), of(3)], [None, Some(both), None, Some(vec![])]);
    assert_eq!(plan.stopped().collect::<Vec<_>>(), ["opendmarc", "opendkim"]);
    let again = parse(&with(TWO, &["", stopped, stopped])).unwrap_err();
    assert_eq!(again.flaws()[0].labels[0].1, "this stands still already");
}

#[rustfmt::skip]
const HOSTS: &[(&str, &str, &str, &str)] = &[
    ("\"198.51.100.26\"", "\"198.51.100.25\"", "198.51.100.25 belongs to mx.partner.example", "\"198.51.100.25\""),
    ("\"198.51.100.27\"", "\"203.0.113.25\"", "203.0.113.25 belongs to the gateways", "\"203.0.113.25\""),
    ("\"198.51.100.27\"", "\"127.0.0.1\"", "127.0.0.1 is not the address of a host", "\"127.0.0.1\""),
    ("\"198.51.100.27\"", "\"fe80::1\"", "fe80::1 is not the address of a host", "\"fe80::1\""),
    ("\"198.51.100.27\"", "\"::ffff:198.51.100.25\"", "::ffff:198.51.100.25 is not the address of a host", "\"::ffff:198.51.100.25\""),
    ("\"198.51.100.27\"", "[\"198.51.100.27\", \"198.51.100.27\"]", "198.51.100.27 stands twice", "\"198.51.100.27\""),
    ("[[lookup]]\nname = \"s1", "[host.\"MX2.partner.example\"]\nip = \"198.51.100.29\"\nsmtp = {}\n[[lookup]]\nname = \"s1", "the host mx2.partner.example is declared twice", "\"MX2.partner.example\""),
    ("[host.\"mta-sts.partner.example\"]", "[host.\"mta-sts.partner.test\"]", "mta-sts.partner.test lies in no zone of this file", "\"mta-sts.partner.test\""),
    ("[host.\"mta-sts.partner.example\"]", "[host.\"mta-sts.gateway.example\"]", "mta-sts.gateway.example belongs to the gateways", "\"mta-sts.gateway.example\""),
    ("ip    = \"198.51.100.27\"\n", "ip    = \"198.51.100.27\"\ntlsa = [\"3 1 1\"]\n", "mta-sts.partner.example takes no mail", "\"3 1 1\""),
    ("names = [\"*.partner.example\"]", "names = [\"mx.*.example\"]", "`mx.*.example` is no name for a certificate", "\"mx.*.example\""),
    ("key = \"rsa2048\"", "kind = \"wrong-name\"", "a certificate for a wrong name has no other names", "[\"*.partner.example\"]"),
    ("\"3 1 1 issue 2\"", "\"3 1 1 issue 0\"", "`3 1 1 issue 0` is not a TLSA record (RFC 6698 §2.1)", "\"3 1 1 issue 0\""),
    ("\"255 9 7\"", "\"256 9 7\"", "`256 9 7` is not a TLSA record (RFC 6698 §2.1)", "\"256 9 7\""),
    ("certificate = { key", "versions = [\"TLSv1.3\"], certificate = { key", "without STARTTLS no version of TLS is taken", "[\"TLSv1.3\"]"),
    ("certificate = { key", "on-the-wire = \"strip-starttls\", certificate = { key", "it is never seen what the host does about STARTTLS", "{ refused = 454 }"),
    ("certificate = { key", "on-the-wire = \"swap-certificate\", certificate = { key", "no certificate can be swapped without a handshake", "{ refused = 454 }"),
    ("\"swap-certificate\"", "\"cut-in-data\"", "nobody sees a reply on a line that is cut", "\"451 4.3.0 later\""),
    ("tls-rpt = ", "records = 'mx2 IN CNAME mx'\ntls-rpt = ", "mx2.partner.example has a CNAME record and other data", "mx2 IN CNAME mx"),
    ("tls-rpt = ", "records = '_mta-sts IN TXT \"v=STSv1; id=2\"'\ntls-rpt = ", "_mta-sts.partner.example has two MTA-STS records", "_mta-sts IN TXT \"v=STSv1; id=2\""),
    ("tls-rpt = ", "records = '_smtp._tls IN TXT \"v=TLSRPTv1\"'\ntls-rpt = ", "_smtp._tls.partner.example has two TLS reporting records", "_smtp._tls IN TXT \"v=TLSRPTv1\""),
];

#[rustfmt::skip]
const CHANGES: &[(&str, &str, &str, &str)] = &[
    ("[transaction.change.zone.\"partner.example\"]", "[transaction.change.zone.\"partners.example\"]", "no zone partners.example to change", "\"partners.example\""),
    ("[transaction.change.host.\"mx2.partner.example\"]", "[transaction.change.host.\"mx3.partner.example\"]", "no host mx3.partner.example to change", "\"mx3.partner.example\""),
    ("[transaction.change.host.\"mx2.partner.example\"]\nip   = \"198.51.100.26\"", "[transaction.change.host.\"mx2.partner.example\"]\nip   = \"198.51.100.27\"", "198.51.100.27 belongs to mta-sts.partner.example", "\"198.51.100.27\""),
    ("[transaction.change.host.\"mx2.partner.example\"]", "[transaction.change]\nstopped = []\n[transaction.change.host.\"mx2.partner.example\"]", "this changes nothing of what runs", "[]"),
    ("[transaction.change.host.\"mx2.partner.example\"]", "[transaction.change]\nstopped = [\"a\", \"a\"]\n[transaction.change.host.\"mx2.partner.example\"]", "a is stopped twice", "[\"a\", \"a\"]"),
    ("dnssec = \"signed\"\nmx     =", "mx     =", "_tcp.mx.partner.example cannot be signed below partner.example", "\"_tcp.mx.partner.example\""),
    ("mx     = \"mx2.partner.example\"", "mx     = \"mx2.partner.example\"\nrecords = 'a._tcp.mx IN A 192.0.2.1'", "a._tcp.mx.partner.example is declared in two zones", "a._tcp.mx IN A 192.0.2.1"),
    ("mx     = \"mx2.partner.example\"", "mx     = \"mx2.partner.example\"\n[transaction.change.zone.\"Partner.example\"]\ndnssec = \"signed\"", "the zone partner.example is declared twice", "\"Partner.example\""),
];

#[test]
fn faults_of_hosts_are_told() {
    each_is_told(HOSTS);
}

#[test]
fn faults_of_changes_are_told() {
    each_is_told(CHANGES);
}

#[test]
fn what_was_wrong_before_a_change_is_told_once() {
    let other = "[transaction.change.host.\"mx2.partner.example\"]\nip = \"198.51.100.26\"\nsmtp = {}";
    let text = with(&format!("records = 'mx IN CNAME mx2'{TWO}"), &["", other]);
    let faults = parse(&text).unwrap_err();
    let said: Vec<&str> = faults.flaws().iter().map(|flaw| flaw.message.as_str()).collect();
    assert_eq!(said, ["mx.partner.example has a CNAME record and other data"]);
}

#[test]
fn a_host_that_does_nothing_is_told_besides_who_missed_it() {
    let text = spoiled(
        "smtp = { versions = [\"TLSv1.1\", \"TLSv1\"], on-the-wire = \"swap-certificate\", end-of-data = \"451 4.3.0 later\" }",
        "",
    );
    let faults = parse(&text).unwrap_err();
    let said: Vec<&str> = faults.flaws().iter().map(|flaw| flaw.message.as_str()).collect();
    let missed = ["no host mx2.partner.example to take the message", "no host of this file lets a handshake begin"];
    assert_eq!((said[0], &said[1..]), ("mx2.partner.example does nothing", &missed[..]));
}

#[test]
fn a_slip_in_the_name_of_a_host_is_seen() {
    let text = spoiled("arrived   = \"mx2.partner.example\"", "arrived   = \"mx2.partner.exmaple\"");
    let help = parse(&text).unwrap_err().flaws()[0].help.clone().unwrap();
    assert!(help.starts_with("did you mean `mx2.partner.example`?"), "{help}");
}
