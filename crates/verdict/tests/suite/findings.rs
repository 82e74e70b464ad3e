//! Findings as they are shown: the claim, the cause, and what the evidence says.

use crate::canned::{
    delivered, exchange, first, handshake, in_queue, notification, parse, plan, question, rejected, result, submission,
};
use claims::Scenario;
use evidence::{FateStatus, Observed, ResultSource, Transaction, Trust};
use mailproof_verdict::Judged;
use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};

#[test]
fn a_failure_shows_claim_cause_and_evidence() {
    let judged = first(&plan(r#"spf     = "pass""#), rejected());
    let expected = r#"mailproof::failure

  × forged: SPF is fail, not pass
   ╭─[scenarios/dmarc/forged.toml:4:7]
 3 │ [zone."bank.example"]
 4 │ spf = "v=spf1 ip4:192.0.2.10 -all"
   ·       ──────────────┬─────────────
   ·                     ╰── 198.51.100.66 is not authorised here
 5 │ dmarc = "v=DMARC1; p=reject"
   ╰────
    ╭─[scenarios/dmarc/forged.toml:22:11]
 21 │ [transaction.expect]
 22 │ spf     = "pass"
    ·           ───┬──
    ·              ╰── claimed: SPF pass
 23 │
    ╰────
  help: the log of policyd-spf says spf=fail smtp.mailfrom=billing@bank.example
        policyd-spf on mx.gateway.example logged: prepend Received-SPF: Fail (mailfrom) identity=mailfrom;
        client-ip=198.51.100.66
        SPF compares 198.51.100.66 with `v=spf1 ip4:192.0.2.10 -all`
        the log of this message:
          mx.gateway.example opendmarc: 4XyZ: bank.example fail"#;
    assert_eq!(shown(&judged.findings[0]), expected);
}

#[test]
fn an_error_is_another_kind_of_thing() {
    let mut seen = rejected();
    seen.object.results.clear();
    let judged = first(&plan(r#"dmarc   = "fail""#), seen);
    let expected = r#"mailproof::unclear

  ⚠ forged: it cannot be told whether DMARC is fail
   ╭─[scenarios/dmarc/forged.toml:5:9]
 4 │ spf = "v=spf1 ip4:192.0.2.10 -all"
 5 │ dmarc = "v=DMARC1; p=reject"
   ·         ──────────┬─────────
   ·                   ╰── the policy for bank.example
 6 │ dkim.s1 = { algorithm = "ed25519-sha256" }
   ╰────
    ╭─[scenarios/dmarc/forged.toml:22:11]
 21 │ [transaction.expect]
 22 │ dmarc   = "fail"
    ·           ───┬──
    ·              ╰── claimed, and not observed
 23 │
    ╰────
  help: unobserved: no message was delivered whose Authentication-Results could say, and no log or reply
        names dmarc
        the log of this message:
          mx.gateway.example policyd-spf: prepend Received-SPF: Fail (mailfrom) identity=mailfrom; client-
        ip=198.51.100.66
          mx.gateway.example opendmarc: 4XyZ: bank.example fail"#;
    assert_eq!(shown(&judged.errors[0]), expected);
}

#[test]
fn accepted_mail_points_at_the_policy_only_where_dmarc_failed_by_it() {
    let judged = first(&plan(r#"outcome = "rejected""#), delivered("INBOX"));
    assert_eq!(cause(&judged), (14, "this message".to_owned()));
    let help = "it lies in INBOX of alice@gateway.example\n\
        the Authentication-Results field of the delivered message says dmarc=pass header.from=bank.example";
    assert_eq!(judged.findings[0].help(), help);
}

#[test]
fn a_refusal_points_at_what_was_refused() {
    for (to, line) in [("mail-from", 11), ("rcpt-to", 12), ("ehlo", 10), ("connect", 10)] {
        let mut seen = rejected();
        let at = seen.dialogue.iter().position(|e| e.to == to).unwrap();
        seen.dialogue[at] = exchange(to, "", "550 5.7.1 no");
        seen.dialogue.truncate(at + 1);
        for claim in [r#"outcome = "delivered""#, r#"reply = { to = "end-of-data", code = 250 }"#] {
            assert_eq!(cause(&first(&plan(claim), seen.clone())), (line, format!("what {to} is about")), "{claim}");
        }
    }
}

#[test]
fn dkim_points_at_key_change_signature_or_message() {
    let wrong = |text: &str, seen: Transaction| cause(&first(&parse(text), seen));
    let signed = plan("dkim = \"pass\"").plan.source.text.replacen(
        "Pay here.\n\"\"\"\n",
        "Pay here.\n\"\"\"\nsign = [{ domain = \"bank.example\", selector = \"s1\" }]\n",
        1,
    );
    let mut seen = rejected();
    seen.object.results =
        vec![result("dkim", "fail", &[("header.d", "bank.example")], ResultSource::Log("opendkim".to_owned()))];
    assert_eq!(wrong(&signed, seen.clone()), (20, "signed with this key".to_owned()));
    let revoked = signed
        .replace(r#"{ algorithm = "ed25519-sha256" }"#, r#"{ algorithm = "ed25519-sha256", record = "revoked" }"#);
    assert_eq!(wrong(&revoked, seen.clone()), (6, "the zone says that this key is revoked".to_owned()));
    let tampered = signed.replacen("sign = [", "tamper = [{ append-body = \"more\" }]\nsign = [", 1);
    assert_eq!(wrong(&tampered, seen.clone()), (20, "changed after it was signed".to_owned()));
    let unsigned = plan("dkim = \"pass\"").plan.source.text.clone();
    assert_eq!(wrong(&unsigned, seen), (14, "no signature is in this message".to_owned()));
    let judged =
        first(&submission("dkim = { pass = \"sender.example\" }\noutcome = \"delivered\""), delivered("INBOX"));
    assert_eq!(cause(&judged), (5, "signed by this login's own server, if at all".to_owned()));
}

#[test]
fn dkim_points_at_the_signature_that_is_meant() {
    let sign = "sign = [\n{ domain = \"bank.example\", selector = \"s1\" },\n{ domain = \"bank.example\", selector = \"s2\" },\n\
                { domain = \"x.bank.example\", selector = \"s2\", sha1 = true },\n]\n";
    let zone = "dkim.s2 = {}\n\n[zone.\"x.bank.example\"]\ndkim.s2 = {}\n\n[[transaction]]";
    let none = (18, "no signature is in this message".to_owned());
    let with = |line: usize| (line, "signed with this key".to_owned());
    for (meant, expected) in [
        (r#"domain = "bank.example""#, with(25)),
        (r#"domain = "bank.example", selector = "S2""#, with(26)),
        (r#"domain = "bank.example", algorithm = "rsa-sha256""#, with(26)),
        (r#"domain = "bank.example", selector = "s1", algorithm = "ed25519-sha256""#, with(25)),
        (r#"domain = "bank.example", selector = "s1", algorithm = "rsa-sha256""#, none.clone()),
        (r#"domain = "bank.example", algorithm = "rsa-sha1""#, none.clone()),
        (r#"domain = "x.bank.example", algorithm = "rsa-sha1""#, with(27)),
        (r#"domain = "y.bank.example""#, none),
    ] {
        let text = plan(&format!("dkim = {{ pass = {{ {meant} }} }}")).plan.source.text.clone();
        let text = text.replacen("\n[[transaction]]", zone, 1).replacen(
            "Pay here.\n\"\"\"\n",
            &format!("Pay here.\n\"\"\"\n{sign}"),
            1,
        );
        let mut seen = rejected();
        let property = [("header.d", "other.example")];
        seen.object.results = vec![result("dkim", "fail", &property, ResultSource::Log("opendkim".to_owned()))];
        assert_eq!(cause(&first(&parse(&text), seen)), expected, "{meant}");
    }
    let both = r#"dkim = { pass = [{ domain = "y.bank.example" }, { domain = "x.bank.example" }] }"#;
    let text = plan(both).plan.source.text.clone();
    let text = text.replacen("\n[[transaction]]", zone, 1).replacen(
        "Pay here.\n\"\"\"\n",
        &format!("Pay here.\n\"\"\"\n{sign}"),
        1,
    );
    assert_eq!(cause(&first(&parse(&text), rejected())), with(27));
}

#[test]
fn a_name_that_answers_wrongly_is_the_cause_of_a_temperror() {
    let text = plan("spf = \"pass\"\ndmarc = \"pass\"").plan.source.text.replacen(
        "dkim.s1",
        "faults = [{ name = \"other\", answer = \"refused\" }, { name = \"@\", answer = \"servfail\" }]\ndkim.s1",
        1,
    );
    let mut seen = rejected();
    seen.questions = vec![question("bank.example", "TXT", "SERVFAIL")];
    seen.object.results = ["spf", "dmarc"].iter().map(|m| result(m, "temperror", &[], ResultSource::Reply)).collect();
    let judged = first(&parse(&text), seen);
    for finding in &judged.findings {
        let place = &finding.places()[1];
        assert_eq!((place.line, place.column, place.what.as_str()), (6, 51, "bank.example answers wrongly"));
    }
    assert_eq!(judged.findings.len(), 2);
}

#[test]
fn records_written_out_are_found_as_well() {
    let text = plan("spf = \"pass\"\ndmarc = \"pass\"").plan.source.text.clone();
    let text = text
        .replacen("spf = \"v=spf1 ip4:192.0.2.10 -all\"\n", "", 1)
        .replacen(
            "dmarc = \"v=DMARC1; p=reject\"\n",
            "records = \"\"\"\nmail IN TXT \"v=spf1 ip4:192.0.2.10 -all\"\n_dmarc IN TXT \"v=DMARC1; p=reject\"\n\"\"\"\n",
            1,
        )
        .replacen("billing@bank.example\"", "billing@mail.bank.example\"", 1);
    let judged = first(&parse(&text), rejected());
    let places: Vec<_> = judged.findings.iter().map(|f| (f.places()[1].line, f.places()[1].column)).collect();
    assert_eq!(places, [(5, 1), (6, 1)]);
    assert!(judged.findings[0].help().contains("SPF compares 198.51.100.66 with `v=spf1 ip4:192.0.2.10 -all`"));
}

#[test]
fn without_a_record_the_address_or_the_from_field_is_the_cause() {
    let text = plan("spf = \"pass\"\ndmarc = \"pass\"").plan.source.text.clone();
    let text = text.replacen("spf = ", "# spf = ", 1).replacen("dmarc = \"v", "# dmarc = \"v", 1);
    let judged = first(&parse(&text), rejected());
    let what: Vec<_> = judged.findings.iter().map(|f| (f.places()[1].line, f.places()[1].what.clone())).collect();
    assert_eq!(what[0], (10, "bank.example says nothing of this address".to_owned()));
    assert_eq!(what[1], (14, "no zone of this file has a DMARC policy for this domain".to_owned()));
}

#[test]
fn handshakes_and_fields_point_at_what_was_asked_for() {
    let mut seen = delivered("INBOX");
    seen.handshake = Observed::Seen(handshake("TLSv1.2", Trust::Verified));
    let judged = first(&plan("handshake = { version = \"TLSv1.3\" }"), seen.clone());
    assert_eq!(cause(&judged), (10, "what the client asks for".to_owned()));
    let judged = first(&plan("header = { name = \"Subject\", contains = \"x\" }"), seen.clone());
    assert_eq!(cause(&judged), (16, "the message as it was sent".to_owned()));
    let judged = first(&submission("handshake = { version = \"TLSv1.3\" }\noutcome = \"delivered\""), seen);
    assert_eq!(judged.errors[0].places()[1].what, "who brings it");
}

#[test]
fn a_bounce_tells_what_the_notification_says() {
    let mut seen = in_queue(FateStatus::Bounced);
    seen.object.bounces = vec![notification("billing@bank.example", "alice@gateway.example", "failed")];
    let judged = first(&plan("outcome = \"delivered\""), seen);
    let help = judged.findings[0].help();
    let told = "the notification says Final-Recipient: alice@gateway.example, Action: failed, Status: 5.1.1, \
        Remote-MTA: mx.other.example, Diagnostic-Code: 550 5.1.1 no such user";
    assert!(help.contains(told), "{help}");
}

fn cause(judged: &Judged) -> (usize, String) {
    let place = judged.findings[0].places().swap_remove(1);
    (place.line, place.what)
}

fn shown(diagnostic: &dyn Diagnostic) -> String {
    let theme = GraphicalTheme::unicode_nocolor();
    let handler = GraphicalReportHandler::new_themed(theme).with_links(false).with_width(110);
    let mut text = String::new();
    handler.render_report(&mut text, diagnostic).unwrap();
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Every scenario of the library has claims that can be told in words.
#[test]
fn claims_have_words() {
    let plan: Scenario = plan("dkim = { pass = \"bank.example\" }\nhandshake = { version = \"none\" }");
    let words = plan.claims.transactions[0].words();
    assert_eq!(words, ["DKIM pass of bank.example", "no TLS"]);
}
