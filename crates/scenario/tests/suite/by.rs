//! Claims by specification: the ones count that the gateway follows, and no table of them excuses what the others do not.

use crate::world;
use claims::{
    outcomes::Outcome as Became,
    transaction::{By, Dmarc, Outcome},
};
use plan::{Source, Specification, World};
use scenario::{Faults, Scenario};

/// A forged message with these claims, and its rightful sender's with those.
pub(crate) fn text(forged: &str, rightful: &str) -> String {
    let one = |label: &str, ip: &str, expect: &str| {
        format!(
            "[[transaction]]\nlabel = \"{label}\"\nclient = {{ ip = \"{ip}\", ehlo = \"mail.x.example\" }}\nmail-from = \
             \"a@bank.example\"\nrcpt-to = [\"alice@gateway.example\"]\nmessage = \"Subject: x\"\nexpect = {{ {expect} }}\n"
        )
    };
    let zone = "title = \"x\"\n[zone.\"bank.example\"]\nspf = \"v=spf1 ip4:192.0.2.10 -all\"\n";
    format!("{zone}{}{}", one("forged", "198.51.100.66", forged), one("rightful", "192.0.2.10", rightful))
}

pub(crate) fn read(text: &str, follows: &[Specification]) -> Result<Scenario, Faults> {
    let world = World { follows: follows.to_vec(), ..world() };
    scenario::parse(Source { name: "x/y".into(), path: "y.toml".into(), text: text.into() }, &world)
}

pub(crate) fn said(faults: &Faults) -> Vec<String> {
    faults.flaws().iter().map(|flaw| flaw.message.clone()).collect()
}

const BOTH: &str = r#"by = { "RFC 9989" = { dmarc = "fail", outcome = "rejected" }, "RFC 7489" = { dmarc = "none", outcome = "delivered" } }"#;

#[test]
fn those_claims_count_that_the_gateway_follows() {
    let text = text(&format!(r#"spf = "fail", {BOTH}"#), r#"outcome = "delivered""#);
    for (follows, dmarc, outcome) in [
        (Specification::Rfc9989, mail::DmarcResult::Fail, Became::Rejected),
        (Specification::Rfc7489, mail::DmarcResult::None, Became::Delivered(None)),
    ] {
        let scenario = read(&text, &[follows]).unwrap();
        let claims = &scenario.claims.transactions[0];
        let keys: Vec<&str> = claims.iter().map(|stated| stated.key).collect();
        assert_eq!(keys, ["spf", "dmarc", "outcome"]);
        assert_eq!(claims.first::<Dmarc>().unwrap().0.0, dmarc);
        assert_eq!(claims.first::<Outcome>().unwrap().0.0, outcome);
    }
    let neither = read(&text, &[]).unwrap();
    let told = serde_json::to_value(&neither.claims.transactions[1]).unwrap();
    assert_eq!(told, serde_json::json!({ "outcome": ["delivered"] }));
    assert!(neither.claims.transactions[0].first::<By>().is_some());
}

#[test]
fn every_table_has_its_control() {
    let refused = r#"by = { "RFC 9989" = { outcome = "rejected" }, "RFC 7489" = { outcome = "delivered" } }"#;
    let turned = r#"by = { "RFC 9989" = { outcome = "delivered" }, "RFC 7489" = { outcome = "rejected" } }"#;
    let none = ["the transaction `forged` has no control"];
    for (rightful, told) in [
        (r#"outcome = "delivered""#, &none[..0]),
        (refused, &["the transaction `forged` has no control", "the transaction `rightful` has no control"]),
        (turned, &none[..0]),
        (r#"by = { "RFC 9989" = { spf = "pass" }, "RFC 7489" = { outcome = "delivered" } }"#, &none),
    ] {
        for follows in Specification::ALL {
            let faults = read(&text(refused, rightful), &[follows]).err();
            assert_eq!(faults.as_ref().map(said).unwrap_or_default(), told, "{rightful} {follows}");
        }
    }
}

#[test]
fn tables_contradict_what_stands_around_them() {
    let wrong = r#"reply = { to = "end-of-data", code = 550 }, by = { "RFC 9989" = { outcome = "rejected" }, "RFC 7489" = { outcome = "delivered" } }"#;
    let around = read(&text(wrong, r#"outcome = "delivered""#), &[Specification::Rfc9989]).unwrap_err();
    let alone = wrong.replace(
        r#", by = { "RFC 9989" = { outcome = "rejected" }, "RFC 7489" = { outcome = "delivered" } }"#,
        r#", outcome = "delivered""#,
    );
    let alone = read(&text(&alone, r#"outcome = "delivered""#), &[]).unwrap_err();
    assert_eq!(said(&around), said(&alone));
}

#[test]
fn by_stands_once_and_names_two() {
    let good = r#"outcome = "delivered""#;
    for (claims, told) in [
        (r#"by = { "RFC 9989" = { dmarc = "fail" } }"#, "`by` names no two specifications"),
        (
            r#"by = { "RFC 9990" = { dmarc = "fail" }, "RFC 7489" = { dmarc = "fail" } }"#,
            "`RFC 9990` is not a specification that differs",
        ),
        (r#"by = { "RFC 9989" = {}, "RFC 7489" = { dmarc = "fail" } }"#, "`RFC 9989` is empty"),
        (&format!("any = [{{ {BOTH} }}, {{ dmarc = \"fail\" }}]"), "`by` stands in the table of the transaction alone"),
        (&format!("messages = [{{ {BOTH} }}]"), "`by` stands in the table of the transaction alone"),
        (
            &format!(r#"by = {{ "RFC 9989" = {{ {BOTH} }}, "RFC 7489" = {{ dmarc = "fail" }} }}"#),
            "`by` stands in the table of the transaction alone",
        ),
    ] {
        let faults = read(&text(claims, good), &[Specification::Rfc9989]).unwrap_err();
        assert!(said(&faults).iter().any(|fault| fault.contains(told)), "{claims}: {:?}", said(&faults));
    }
}
