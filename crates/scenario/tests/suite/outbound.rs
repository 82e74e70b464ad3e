//! Mail that the gateway sends: who hands it in, what is claimed of it, and what it needs beside it.

use crate::{
    parse,
    seams::{GOOD, each_is_told},
    whole, world,
};
use plan::{Origin, Source, World};

#[test]
fn claims_on_outbound_mail_become_values() {
    let scenario::Scenario { plan, claims } = whole(GOOD).unwrap();
    assert_eq!(plan.transactions[0].origin, Origin::Sendmail);
    assert!(
        matches!(&plan.transactions[1].origin, Origin::Submission(s) if s.login.value.to_string() == "alice@gateway.example")
    );
    let words = |at: usize| claims.transactions[at].words();
    let out = words(0);
    assert_eq!(out[2..], ["taken by mx2.partner.example", "TLSv1.2, TLSv1.3 offered", "a policy fetched"]);
    assert_eq!(words(1)[1], "no policy fetched");
    assert_eq!(words(2)[2], "a Received field that says what was negotiated");
    let arrived = claims.transactions[0].iter().nth(2).unwrap();
    assert_eq!(&GOOD[arrived.span.clone()], "\"mx2.partner.example\"");
}

#[rustfmt::skip]
const CLAIMS: &[(&str, &str, &str, &str)] = &[
    ("arrived   = \"mx2.partner.example\"", "arrived   = \"mx9.partner.example\"", "no host mx9.partner.example to take the message", "\"mx9.partner.example\""),
    ("arrived   = \"mx2.partner.example\"", "arrived   = \"mta-sts.partner.example\"", "no host mta-sts.partner.example to take the message", "\"mta-sts.partner.example\""),
    ("fetched = false", "arrived = \"mx2.partner.example\"", "mx2.partner.example cannot have taken a message that is deferred", "\"deferred\""),
    ("outcome   = \"delivered\"\n", "outcome   = { delivered = \"INBOX\" }\n", "nobody who gets this message has a folder INBOX", "{ delivered = \"INBOX\" }"),
    ("fetched   = true", "reply = { to = \"end-of-data\", code = 250 }", "a program hands this message in, so no server replies to it", "{ to = \"end-of-data\", code = 250 }"),
    ("fetched   = true", "received = \"as-negotiated\"", "no connection brings this message to the gateway", "\"as-negotiated\""),
    ("fetched = false", "received = \"as-negotiated\"", "no Received field is seen of a message that is deferred", "\"deferred\""),
    ("login = \"alice@gateway", "login = \"alice@gatewai", "nobody logs in as `alice@gatewai.example`", "\"alice@gatewai.example\""),
    ("sendmail = true", "sendmail = false", "`sendmail` can only be `true`", "false"),
    ("{ sendmail = true }", "{ sendmail = true, submission = { login = \"alice@gateway.example\", tls = \"none\" } }", "a via has one key", "{ sendmail = true, submission = { login = \"alice@gateway.example\", tls = \"none\" } }"),
];

#[test]
fn claims_that_cannot_hold_are_told() {
    each_is_told(CLAIMS);
}

const PARTNER: &str = r#"title = "Mail goes out"
[zone."partner.example"]
mx = "mx.partner.example"
[zone."bad.example"]
mx = "mx.bad.example"
[host."mx.partner.example"]
ip   = "198.51.100.25"
smtp = {}
[host."mx.bad.example"]
ip   = "198.51.100.26"
smtp = { certificate = "expired" }
"#;

fn mail(who: &str, from: &str, to: &str, expect: &str) -> String {
    format!(
        "[[transaction]]\n{who}\nmail-from = \"{from}\"\nrcpt-to = [\"{to}\"]\nmessage = \"Subject: x\\n\\nx\\n\"\nexpect = {{ {expect} }}\n"
    )
}

fn out(to: &str, expect: &str) -> String {
    mail("via = { sendmail = true }", "alice@gateway.example", to, expect)
}

fn submitted(login: &str, to: &str, expect: &str) -> String {
    mail(&format!("via = {{ submission = {{ login = \"{login}\", tls = \"starttls\" }} }}"), login, to, expect)
}

fn stranger(to: &str, expect: &str) -> String {
    mail("client = { ip = \"192.0.2.10\", ehlo = \"mail.partner.example\" }", "bob@partner.example", to, expect)
}

/// The messages for a scenario with this mail.
fn said(mail: &[String]) -> Vec<String> {
    match parse(&format!("{PARTNER}{}", mail.concat())) {
        Ok(_) => Vec::new(),
        Err(faults) => faults.flaws().iter().map(|flaw| flaw.message.clone()).collect(),
    }
}

#[test]
fn what_must_not_go_out_needs_something_that_does() {
    let (good, bad) = ("bob@partner.example", "bob@bad.example");
    let failures = ["outcome = \"deferred\"", "outcome = \"bounced\"", "outcome = \"rejected\""];
    let into_a_mailbox = || stranger("alice@gateway.example", "outcome = \"delivered\"");
    let none = ["the transaction `1` has no control"];
    for failure in failures {
        assert_eq!(said(&[out(bad, failure)]), none, "{failure}");
        // what comes in says nothing of what goes out
        assert_eq!(said(&[out(bad, failure), into_a_mailbox()]), none, "{failure}");
        assert_eq!(said(&[out(bad, failure), out(good, failure)]).len(), 2, "{failure}");
        for control in ["outcome = \"delivered\"", "arrived = \"mx.partner.example\""] {
            assert!(said(&[out(bad, failure), out(good, control)]).is_empty(), "{failure}, {control}");
            let by_a_user = submitted("alice@gateway.example", good, control);
            assert!(said(&[out(bad, failure), by_a_user]).is_empty(), "{failure}, {control}");
        }
    }
    let waits = submitted("alice@gateway.example", bad, failures[0]);
    assert_eq!(said(&[waits]), none, "a user of the gateway counts as well");
    let local = out("bob@gateway.example", "outcome = \"delivered\"");
    assert_eq!(said(&[out(bad, failures[0]), local]), none, "mail that stays here went nowhere");
}

#[test]
fn what_waits_on_its_way_in_needs_no_control_and_what_is_refused_does() {
    let to = "alice@gateway.example";
    assert!(said(&[stranger(to, "outcome = \"deferred\"")]).is_empty());
    assert!(said(&[submitted("carol@sender.example", "bob@bad.example", "outcome = \"deferred\"")]).is_empty());
    let refused = || stranger(to, "reply = { to = \"rcpt-to\", code = 550 }");
    assert_eq!(said(&[refused()]), ["the transaction `1` has no control"]);
    assert!(said(&[refused(), stranger(to, "outcome = \"delivered\"")]).is_empty());
    let relayed = submitted("alice@gateway.example", "bob@partner.example", "arrived = \"mx.partner.example\"");
    assert!(
        said(&[stranger("bob@partner.example", "outcome = \"rejected\""), relayed]).is_empty(),
        "a relay's control"
    );
}

#[test]
fn the_gateway_is_not_sent_into_the_void() {
    let waits = "outcome = \"deferred\"";
    let control = || out("bob@partner.example", "outcome = \"delivered\"");
    let nobody = "nobody receives mail for elsewhere.test";
    assert_eq!(said(&[out("bob@elsewhere.test", waits), control()]), [nobody]);
    assert_eq!(said(&[submitted("alice@gateway.example", "bob@elsewhere.test", waits), control()]), [nobody]);
    assert!(said(&[stranger("bob@elsewhere.test", "outcome = \"rejected\""), control()]).is_empty(), "a relay attempt");
    assert!(said(&[out("carol@sender.example", "outcome = \"delivered\"")]).is_empty(), "the peer is there");
    let below = "bob@sub.partner.example";
    assert_eq!(said(&[out(below, "outcome = \"delivered\"")]), ["sub.partner.example has no mail exchange"]);
    assert!(said(&[out(below, waits), control()]).is_empty(), "that it waits may be the point");
}

#[test]
fn of_mail_from_a_program_a_field_is_about_the_way_to_the_peer_alone() {
    let world = World {
        gateway: ["gateway.example", "second.example"].map(|name| name.parse().unwrap()).to_vec(),
        reserved: ["gateway.example", "second.example", "sender.example"].map(|name| name.parse().unwrap()).to_vec(),
        ..world()
    };
    let none = ["no connection brings this message to the gateway, so its Received field says nothing of one"];
    for (to, told) in [
        ("\"carol@sender.example\"", &none[..0]),
        ("\"bob@gateway.example\", \"carol@sender.example\"", &none[..0]),
        ("\"bob@gateway.example\"", &none),
        ("\"bob@second.example\"", &none),
        ("\"bob@partner.example\"", &none),
    ] {
        let text = out("bob@partner.example", "received = \"as-negotiated\"");
        let text = format!("{PARTNER}{}", text.replacen("\"bob@partner.example\"", to, 1));
        let read = scenario::parse(Source { name: "x/y".into(), path: "y.toml".into(), text }, &world).err();
        let said: Vec<String> = read.iter().flat_map(|f| f.flaws()).map(|flaw| flaw.message.clone()).collect();
        assert_eq!(said, told, "{to}");
    }
}

#[test]
fn a_folder_is_claimed_where_one_recipient_has_a_mailbox() {
    let of = |to: &str| {
        let text = out("bob@partner.example", "outcome = { delivered = \"INBOX\" }");
        said(&[text.replacen("[\"bob@partner.example\"]", &format!("[\"bob@partner.example\", \"{to}\"]"), 1)])
    };
    assert_eq!(of("eve@partner.example"), ["nobody who gets this message has a folder INBOX"]);
    assert!(of("bob@gateway.example").is_empty());
}

#[test]
fn mail_for_a_zone_needs_a_host_and_a_policy_a_web_server() {
    let zone = "title = \"x\"\n[zone.\"partner.example\"]\nmx = \"mx.partner.example\"\n";
    let one = |text: &str| parse(&format!("{zone}{text}")).unwrap_err().flaws()[0].message.clone();
    let delivered = out("bob@partner.example", "outcome = \"delivered\"");
    assert_eq!(one(&delivered), "no host of this file takes mail for partner.example");
    for fetched in ["fetched = true", "fetched = false"] {
        let text = out("bob@partner.example", fetched);
        assert_eq!(one(&text), "there is no web server that could be asked for a policy");
        let control = out("bob@partner.example", "outcome = \"delivered\"");
        let told = said(&[out("bob@partner.example", fetched), control]);
        assert_eq!(told, ["there is no web server that could be asked for a policy"], "a host is not one");
    }
    let offered = out("bob@partner.example", "offered = [\"TLSv1.3\"]");
    assert_eq!(one(&offered), "there is no host to which the gateway could offer anything");
    let mute = "[host.\"mx.partner.example\"]\nip = \"198.51.100.25\"\nsmtp = { starttls = \"absent\" }\n";
    assert_eq!(one(&format!("{mute}{offered}")), "no host of this file lets a handshake begin");
    let wildcard = "[zone.\"wild.example\"]\nrecords = '* IN MX 10 mx'\n[host.\"mx.wild.example\"]\nip = \"198.51.100.25\"\nsmtp = {}\n";
    let text = format!("title = \"x\"\n{wildcard}{}", out("bob@any.wild.example", "outcome = \"delivered\""));
    parse(&text).unwrap();
}

#[test]
fn a_signature_needs_a_key_of_the_zone_as_it_is_then() {
    let signed = out("bob@partner.example", "outcome = \"delivered\"")
        .replace("expect =", "sign = [{ domain = \"partner.example\", selector = \"s2\" }]\nexpect =");
    assert_eq!(said(std::slice::from_ref(&signed)), ["partner.example has no selector `s2`"]);
    let change = "[transaction.change.zone.\"partner.example\"]\nmx = \"mx.partner.example\"\ndkim.s2 = {}\n";
    assert!(said(&[signed.clone() + change]).is_empty());
    assert!(said(&[signed.clone() + change, signed]).is_empty(), "and from then on");
}
