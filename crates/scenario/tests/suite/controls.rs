//! Controls: what is no failure needs none, and of what is one the claim is shown that makes it one.

use crate::{
    by::{read, said, text},
    diagnostics::messages,
    parse, world,
};
use claims::transaction::{is_outbound, must_arrive};
use plan::{Origin, Spanned, World};

const NONE: [&str; 1] = ["the transaction `forged` has no control"];
const PASSES: &str = r#"spf = "pass""#;

/// What is told of a message with these claims beside another one that is no control, and where.
fn told(forged: &str) -> Vec<(String, String)> {
    let text = text(forged, PASSES);
    read(&text, &[]).err().map(|faults| messages(&faults, &text)).unwrap_or_default()
}

fn at(place: &str) -> Vec<(String, String)> {
    vec![(NONE[0].to_owned(), place.to_owned())]
}

#[test]
fn a_reply_that_refuses_nothing_is_no_failure() {
    let taken = r#"{ to = "rcpt-to", code = 250 }"#;
    let refused = r#"{ to = "end-of-data", code = 550 }"#;
    assert_eq!(told(&format!("reply = {taken}")), []);
    assert_eq!(told(&format!("reply = [{taken}, {refused}]")), at(refused));
}

#[test]
fn a_reply_contradicts_an_outcome_only_where_it_decides_it() {
    for (to, code, outcome) in [
        ("rcpt-to", 250, "rejected"),
        ("ehlo", 421, "delivered"),
        ("starttls", 454, "delivered"),
        ("auth", 535, "delivered"),
        ("ehlo", 550, "delivered"),
    ] {
        let claims = format!("reply = {{ to = \"{to}\", code = {code} }}, outcome = \"{outcome}\"");
        let faults = read(&text(&claims, "outcome = \"delivered\""), &[]).err();
        assert_eq!(faults.as_ref().map(said), None, "{claims}");
    }
}

#[test]
fn any_is_a_failure_if_each_of_its_tables_is() {
    let (refused, lost) = (r#"{ reply = { to = "end-of-data", code = 550 } }"#, r#"{ outcome = "discarded" }"#);
    let both = format!("[{refused}, {lost}]");
    assert_eq!(told(&format!("any = {both}")), at(&both));
    for other in [r#"{ outcome = "delivered" }"#, r#"{ spf = "fail" }"#] {
        assert_eq!(told(&format!("any = [{refused}, {other}]")), []);
    }
    let nested = format!("[{{ any = {both} }}, {lost}]");
    assert_eq!(told(&format!("any = {nested}")), at(&nested));
}

#[test]
fn what_goes_wrong_by_each_specification_is_told_once() {
    let tables = r#"by = { "RFC 9989" = { dmarc = "fail" }, "RFC 7489" = { dmarc = "none" } }"#;
    let lost = read(&text(&format!(r#"outcome = "rejected", {tables}"#), PASSES), &[]).unwrap_err();
    assert_eq!(said(&lost), NONE);
    let wrong = format!(r#"reply = {{ to = "end-of-data", code = 550 }}, outcome = "delivered", {tables}"#);
    let wrong = read(&text(&wrong, r#"outcome = "delivered""#), &[]).unwrap_err();
    assert_eq!(said(&wrong), ["a message cannot be delivered after a 550 reply"]);
    let labels: Vec<&str> = wrong.flaws()[0].labels.iter().map(|(_, label)| label.as_str()).collect();
    assert_eq!(labels, ["this outcome", "this reply says refused"]);
}

#[test]
fn a_message_must_arrive_if_it_must_by_one_specification() {
    let by = |one: &str, other: &str| format!(r#"by = {{ "RFC 9989" = {{ {one} }}, "RFC 7489" = {{ {other} }} }}"#);
    let (refused, taken) = (r#"outcome = "rejected""#, r#"outcome = "quarantined""#);
    for (one, other, must) in [(refused, taken, true), (taken, refused, true), (refused, refused, false)] {
        let scenario = read(&text(&by(one, other), r#"outcome = "delivered""#), &[]).unwrap();
        assert_eq!(must_arrive(&scenario.claims.transactions[0]), must, "{one}, {other}");
    }
}

#[test]
fn mail_goes_out_if_one_recipient_is_no_domain_of_the_gateway() {
    let world = World { gateway: ["a.example", "b.example"].map(|name| name.parse().unwrap()).to_vec(), ..world() };
    let goes_out = |to: &[&str]| {
        let text = text(PASSES, PASSES);
        let mut planned = read(&text, &[]).unwrap().plan.transactions.swap_remove(0);
        planned.origin = Origin::Sendmail;
        let recipient = |to: &&str| Spanned { value: to.parse().unwrap(), span: 0..0 }.into();
        planned.rcpt_to = to.iter().map(recipient).collect();
        is_outbound(&planned, &world)
    };
    assert!(!goes_out(&["x@a.example", "x@mail.b.example"]));
    assert!(goes_out(&["x@a.example", "x@c.example"]));
}

/// What the mail would pass without, in words of its own for each way.
#[test]
fn a_missing_control_is_told_by_the_way_of_the_mail() {
    let labels = |text: &str| {
        let faults = parse(text).unwrap_err();
        faults.flaws().iter().map(|flaw| flaw.labels[0].1.clone()).collect::<Vec<_>>()
    };
    let inward = text(r#"outcome = "rejected""#, PASSES);
    assert_eq!(labels(&inward), ["a gateway that takes no mail at all would pass"]);
    let client = r#"client = { ip = "198.51.100.66", ehlo = "mail.x.example" }"#;
    let outward = inward.replacen(client, "via = { sendmail = true }", 1);
    let outward = outward.replacen("a@bank.example", "alice@gateway.example", 1);
    let outward = outward.replacen("[\"alice@gateway.example\"]", "[\"a@bank.example\"]", 1);
    assert_eq!(labels(&outward), ["a gateway that sends no mail at all would pass"]);
}
