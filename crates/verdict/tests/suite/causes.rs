//! Causes in the file: which of several places that are alike is shown.

use crate::{
    canned::{claims, delivered, exchange, first, handshake, parse, plan, question, rejected, result, submission},
    opinions,
    played::{self, broken, host, kept, outbound, protected, sent, web},
};
use evidence::{Disposition, Evidence, LookedUp, Observed, ResultSource, Transaction, Trust};
use mailproof_verdict::{Judged, Location, judge};
use plan::{Daemon, SettingChange, Spanned};

/// The text of the forged message's scenario with this claim and these changes.
fn text(expect: &str, changes: &[(&str, &str)]) -> String {
    let text = plan(expect).plan.source.text.clone();
    changes.iter().fold(text, |text, (from, to)| {
        assert!(text.contains(from), "{from}");
        text.replacen(from, to, 1)
    })
}

/// What stands at a place, up to the end of the line.
fn at(text: &str, place: &Location) -> String {
    text.lines().nth(place.line - 1).unwrap().chars().skip(place.column - 1).collect()
}

/// The cause of what fails first: what stands there, and what it is.
fn told(text: &str, judged: &Judged) -> (String, String) {
    let place = judged.findings[0].places().swap_remove(1);
    (at(text, &place), place.what)
}

fn cause(text: &str, seen: &Transaction) -> (String, String) {
    told(text, &first(&parse(text), seen.clone()))
}

fn is(text: &str, seen: &Transaction, place: &str, what: &str) {
    let (at, said) = cause(text, seen);
    assert!(at.starts_with(place) && said == what, "{place}, {what}: {at}, {said}");
}

fn log(method: &str, word: &str) -> Transaction {
    let mut seen = rejected();
    seen.object.results = vec![result(method, word, &[], ResultSource::Log("filter".to_owned()))];
    seen
}

/// Of HELO alone it is said that SPF fails.
fn helo() -> Transaction {
    let mut seen = log("spf", "fail");
    seen.object.results[0].properties = vec![("smtp.helo".to_owned(), "h".to_owned())];
    seen
}

/// Where a line of a text begins, from 1.
fn line_at(text: &str, line: usize) -> usize {
    text.split_inclusive('\n').take(line - 1).map(str::len).sum()
}

#[test]
fn of_settings_the_first_one_of_the_daemon_is_shown() {
    let mut seen = delivered("INBOX");
    seen.handshake = Observed::Seen(handshake("TLSv1.2", Trust::Verified));
    let texts = ["handshake = { version = \"TLSv1.3\" }", "outcome = \"rejected\""].map(|claim| text(claim, &[]));
    let shown = |text: &str, changes: &[(Daemon, usize, Option<&str>)]| {
        let mut scenario = parse(text);
        let change = |(daemon, line, value): &(Daemon, usize, Option<&str>)| {
            let at = line_at(text, *line);
            let name = Spanned { value: format!("x{line}"), span: at..at + 3 };
            SettingChange { daemon: *daemon, name, value: value.map(str::to_owned) }
        };
        scenario.plan.settings.changes = changes.iter().map(change).collect();
        let place = first(&scenario, seen.clone()).findings[0].places().swap_remove(1);
        (place.line, place.what)
    };
    let (postfix, dovecot) = (Daemon::Postfix, Daemon::Dovecot);
    let mixed = [(dovecot, 3, None), (postfix, 4, Some("x")), (postfix, 5, None)];
    for text in &texts {
        assert_eq!(shown(text, &mixed), (4, "with this setting".to_owned()));
        let others = [(dovecot, 4, None), (dovecot, 3, Some("x"))];
        assert_eq!(shown(text, &others), (4, "without this setting".to_owned()));
    }
}

#[test]
fn the_host_is_the_last_that_was_tried_or_one_of_the_recipient() {
    let told = |claim: &str, seen: Transaction| {
        let mut scenario = outbound(vec![claim.to_owned()]);
        let at = |name: &str, line: usize| {
            let start = line_at(played::TEXT, line);
            plan::Host { span: start..start + 3, ..host(name) }
        };
        scenario.plan.hosts = vec![
            at("mx.partner.example", 8),
            at("mx2.partner.example", 9),
            at("mx.other.example", 10),
            plan::Host { smtp: None, ..at("mta-sts.partner.example", 11) },
            at("mta-sts.other.example", 12),
        ];
        let place = played::first(&scenario, seen).findings[0].places().swap_remove(1);
        (place.line, place.what)
    };
    let offered = "offered = [\"TLSv1.2\"]";
    let (mut second, is_for) = (protected(), "the host that it is for".to_owned());
    second.host = "mx2.partner.example".to_owned();
    let tried = kept(vec![second, protected(), web(true)]);
    assert_eq!(told(offered, tried), (8, is_for.clone()));
    let mut elsewhere = broken();
    elsewhere.host = "mx.unknown.example".to_owned();
    assert_eq!(told(offered, kept(vec![elsewhere])), (9, is_for), "the last one of the recipient's that takes mail");
    let mut alone = plan("spf = \"pass\"");
    let here = alone.claims.transactions[0].iter().next().unwrap().span.clone();
    alone.claims.transactions[0] = claims(&[offered.to_owned()], &here);
    let seen = Transaction { connections: vec![broken()], ..rejected() };
    assert_eq!(first(&alone, seen).findings[0].places()[1].what, "what the client asks for");
    assert_eq!(told("fetched = true", sent()), (11, "the host that has the policy".to_owned()));
}

#[test]
fn records_are_shown_for_what_rests_on_them() {
    is(&text("spf = \"fail\"", &[]), &delivered("INBOX"), "\"v=spf1", "198.51.100.66 is authorised here");
    assert_eq!(cause(&text("spf = { helo = \"pass\" }", &[]), &helo()).1, "of this transaction");
    let end = text("reply = { to = \"end-of-data\", code = 550 }", &[]);
    is(&end, &delivered("INBOX"), "From: The Bank", "this message");
    let mut seen = rejected();
    seen.dialogue[7] = exchange("end-of-data", "", "550 5.7.23 no");
    let explained = text("spf-explanation = \"ask\"", &[]);
    is(&explained, &seen, "\"v=spf1", "198.51.100.66 is not authorised here");
    let seen = Transaction { opinion: Some(Observed::Seen(opinions::forged(Disposition::Reject))), ..rejected() };
    is(&text("opinion = \"pass\"", &[]), &seen, "\"v=DMARC1", "the policy for bank.example");
    let seal = |selector: &str| format!("{{ seal = {{ domain = \"bank.example\", selector = \"{selector}\" }} }}");
    let sealed = format!("{SIGNED}hop = [{}, {}]\n", seal("s1"), seal("s2"));
    let changes = [("\n[[transaction]]", "dkim.s2 = {}\n\n[[transaction]]"), (SIGNED, &sealed)];
    is(&text("opinion = { arc = \"pass\" }", &changes), &seen, "\"s2\"", "sealed with this key");
}

const SIGNED: &str = "Pay here.\n\"\"\"\n";

#[test]
fn a_key_is_that_of_its_zone_and_selector() {
    let key = |domain: &str, selector: &str, place: &str, what: &str| {
        let sign = format!("{SIGNED}sign = [{{ domain = \"{domain}\", selector = \"{selector}\" }}]\n");
        let zones = "dkim.s2 = { record = \"revoked\" }\n\n[zone.\"a.example\"]\ndkim.s1 = { record = \"missing\" }\n\
                     dkim.s2 = { record = \"wrong\" }\n\n[[transaction]]";
        let text = text("dkim = \"pass\"", &[("\n[[transaction]]", zones), (SIGNED, &sign)]);
        is(&text, &log("dkim", "fail"), place, what);
    };
    key("bank.example", "s1", "\"s1\"", "signed with this key");
    key("bank.example", "s2", "{ record = \"revoked\"", "the zone says that this key is revoked");
    key("a.example", "s1", "{ record = \"missing\"", "the zone does not have this key");
    key("a.example", "s2", "{ record = \"wrong\"", "the zone has another key");
}

#[test]
fn a_signature_may_stand_in_the_message_a_change_or_what_was_sent() {
    let (own, seen) = ("a signature that the message brings with it", log("dkim", "fail"));
    let claim = "dkim = \"pass\"";
    let above = [("From: The Bank", "dkim-signature: v=1\nFrom: The Bank")];
    is(&text(claim, &above), &seen, "dkim-signature: v=1", own);
    let field = "{ prepend-header = \"DKIM-Signature: x\" }";
    for change in [field, "{ replace = { find = \"Pay\", with = \"DKIM-Signature: x\" } }"] {
        let tamper = format!("{SIGNED}tamper = [{{ append-body = \"x\" }}, {change}]\n");
        assert_eq!(cause(&text(claim, &[(SIGNED, &tamper)]), &seen).1, own, "{change}");
    }
    let mut brought = seen.clone();
    brought.sent = b"Subject: x\r\nDKIM-Signature: x\r\n\r\nPay.\r\n".to_vec();
    assert_eq!(cause(&text(claim, &[]), &brought).1, own);
    is(&text(claim, &[]), &seen, "From: The Bank", "no signature is in this message");
}

#[test]
fn a_change_counts_behind_the_signature() {
    let sign = |selector: &str| format!("sign = [{{ domain = \"bank.example\", selector = \"{selector}\" }}]");
    let (one, two) = (sign("s1"), sign("s2"));
    let is = |selector: &str, recipe: &str, place: &str| {
        let claim = format!("dkim = {{ pass = {{ domain = \"bank.example\", selector = \"{selector}\" }} }}");
        let with = format!("{SIGNED}{recipe}\n");
        let text = text(&claim, &[("\n[[transaction]]", "dkim.s2 = {}\n\n[[transaction]]"), (SIGNED, &with)]);
        let mut seen = rejected();
        seen.object.results = vec![result("dkim", "fail", &[("header.d", "x.example")], ResultSource::Header)];
        let (at, what) = cause(&text, &seen);
        let changed = if place.starts_with('{') { "changed after it was signed" } else { "signed with this key" };
        assert!(at.starts_with(place) && what == changed, "{selector} {recipe}: {at}, {what}");
    };
    let add = |text: &str| format!("{{ append-body = \"{text}\" }}");
    let (a, b, c) = (add("a"), add("b"), add("c"));
    is("s1", &format!("{one}\nhop = [{{ {two} }}, {{ tamper = [{a}, {b}] }}]"), &a);
    is("s1", &format!("{one}\ntamper = [{c}]\nhop = [{{ {two} }}, {{ tamper = [{a}, {b}] }}]"), &c);
    let later = format!("{one}\ntamper = [{c}]\nhop = [{{ tamper = [{b}] }}, {{ {two} }}, {{ tamper = [{a}] }}]");
    is("s2", &later, &a);
    is("s2", &format!("hop = [{{ tamper = [{b}], {two} }}]"), "\"s2\"");
    is("s1", &format!("hop = [{{ {one} }}, {{ {two} }}, {{ tamper = [{a}] }}]"), &a);
}

#[test]
fn a_policy_is_the_cause_where_it_asks_for_a_refusal() {
    let mut seen = delivered("INBOX");
    seen.object.results[2].result = "fail".to_owned();
    let asked = "the policy for bank.example";
    for (record, what) in [
        ("v=DMARC1; p=quarantine", asked),
        ("v=DMARC1; p=none; sp=reject", asked),
        ("v=DMARC1; p=none; np = Reject", asked),
        ("v=DMARC1; p=none", "this message"),
        ("v=DMARC1; p=none; x=reject", "this message"),
    ] {
        let text = text("outcome = \"rejected\"", &[("v=DMARC1; p=reject", record)]);
        assert_eq!(cause(&text, &seen).1, what, "{record}");
    }
}

#[test]
fn a_name_that_answers_wrongly_is_shown_if_it_was_asked_for() {
    let faults = "faults = [{ name = \"@\", answer = \"servfail\" }]\ndkim.s1";
    let text = text("spf = \"pass\"", &[("dkim.s1", faults)]);
    let mut seen = log("spf", "temperror");
    seen.questions = vec![question("x.example", "A", "NXDOMAIN"), question("bank.example", "TXT", "SERVFAIL")];
    is(&text, &seen, "{ name = \"@\"", "bank.example answers wrongly");
    let sign = format!("{SIGNED}sign = [{{ domain = \"bank.example\", selector = \"s1\" }}]\n");
    let signed = Transaction { object: log("dkim", "fail").object, ..seen.clone() };
    is(
        &text.replace("spf = \"pass\"", "dkim = \"pass\"").replacen(SIGNED, &sign, 1),
        &signed,
        "{ name = \"@\"",
        "bank.example answers wrongly",
    );
    seen.questions[1].rcode = "NOERROR".to_owned();
    is(&text, &seen, "\"v=spf1", "what bank.example says of 198.51.100.66");
}

#[test]
fn a_refusal_points_at_the_last_command_and_at_its_recipient() {
    let three = "rcpt-to   = [\n\"alice@gateway.example\",\n\"bob@gateway.example\",\n\"eve@gateway.example\",\n]";
    let text = text("outcome = \"delivered\"", &[("rcpt-to   = [\"alice@gateway.example\"]", three)]);
    let replies = |replies: &[&str]| {
        let mut seen = rejected();
        seen.dialogue.truncate(5);
        seen.dialogue[1] = exchange("ehlo", "EHLO x", "500 5.5.1 again");
        seen.dialogue.extend(replies.iter().map(|reply| exchange("rcpt-to", "", reply)));
        seen
    };
    let (good, bad) = ("250 2.1.5 Ok", "550 5.1.1 no");
    for (said, place) in [([bad, good, good], "\"alice"), ([good, bad, good], "\"bob"), ([good, good, bad], "\"eve")] {
        is(&text, &replies(&said), place, "what rcpt-to is about");
    }
    let mut unheard = replies(&[good, bad, good]);
    unheard.dialogue[5].reply = Observed::Unobserved("no reply".to_owned());
    is(&text, &unheard, "\"bob", "what rcpt-to is about");
    let plan = submission("outcome = \"delivered\"");
    let mut seen = rejected();
    seen.dialogue.truncate(4);
    seen.dialogue.push(exchange("auth", "AUTH PLAIN", "535 5.7.8 no"));
    let (at, what) = told(&plan.plan.source.text, &first(&plan, seen));
    assert!(at.starts_with("\"carol@sender.example\"") && what == "what auth is about", "{at}, {what}");
}

#[test]
fn an_author_that_filters_may_read_otherwise_has_no_policy() {
    let from = "From: The Bank <billing@bank.example>";
    for (fields, is_clear) in [
        ("Date: x\nFrom: billing@bank.example", true),
        ("From: \"a@b.example\" <billing@bank.example>", false),
        ("From: <a> <billing@bank.example>", false),
        ("From: billing@bank.example\nFrom: billing@bank.example", false),
    ] {
        let text = text("dmarc = \"pass\"", &[(from, fields)]);
        let what = if is_clear { "the policy for bank.example" } else { "of this transaction" };
        assert_eq!(cause(&text, &rejected()).1, what, "{fields}");
    }
}

#[test]
fn a_field_is_shown_by_its_name_and_first_line() {
    let fields = "A-B: 1\nX-Y: 2\nX-Y: 3\n";
    let text = text("header = { name = \"X-Y\", count = 7 }", &[("From: The", &format!("{fields}From: The"))]);
    is(&text, &delivered("INBOX"), "X-Y: 2", "the message as it was sent");
    let without = text.replace(fields, "");
    assert_eq!(cause(&without, &delivered("INBOX")).1, "the message as it was sent");
}

#[test]
fn a_record_is_that_of_the_zone_closest_to_its_name() {
    let spf = "spf = \"v=spf1 ip4:192.0.2.10 -all\"\n";
    let records =
        "records = '''\na IN TXT \"v=spf1 ?all\"\n@ IN TXT \"v=spf1 -all\"\nmail IN TXT \"v=spf1 ~all\"\n'''\n";
    let of = |domain: &str, more: &str, place: &str| {
        let from = format!("mail-from = \"billing@{domain}\"");
        let zone = format!("{more}\n[[transaction]]");
        let changes = [(spf, records), ("mail-from = \"billing@bank.example\"", &from), ("\n[[transaction]]", &zone)];
        let (at, _) = cause(&text("spf = \"pass\"", &changes), &rejected());
        assert!(at.starts_with(place), "{domain}: {at}");
    };
    of("bank.example", "", "@ IN TXT");
    of("mail.bank.example", "", "mail IN TXT");
    of("a.bank.example", "", "a IN TXT");
    of("b.bank.example", "\n[zone.\"b.bank.example\"]\nspf = \"v=spf1 a -all\"\n", "\"v=spf1 a -all\"");
    of("a.example", "\n[zone.\"a.example\"]\nspf = \"v=spf1 mx -all\"\n", "\"v=spf1 mx -all\"");
    let unsaid = text("spf = \"pass\"", &[("mail-from = \"billing@bank", "mail-from = \"billing@b.bank")]);
    is(&unsaid, &rejected(), "\"198.51.100.66\"", "b.bank.example says nothing of this address");
    let below = "records = '''\n_dmarc.mail IN TXT \"v=DMARC1; p=none\"\n'''\ndkim.s1";
    let changes = [("dkim.s1", below), ("From: The Bank <billing@bank", "From: The Bank <billing@mail.bank")];
    let below = text("dmarc = \"pass\"", &changes);
    is(&below, &rejected(), "_dmarc.mail IN TXT", "the policy for mail.bank.example");
    let not = "records = '''\n_dmarc.not IN TXT \"v=DMARC1; p=none\"\n'''\ndkim.s1";
    let changes = [("dkim.s1", not), ("From: The Bank <billing@bank", "From: The Bank <billing@notbank")];
    let (_, what) = cause(&text("dmarc = \"pass\"", &changes), &rejected());
    assert_eq!(what, "no zone of this file has a DMARC policy for this domain");
}

const LOOK_UPS: &str = r#"title = "Look-ups"
[zone."bank.example"]
spf = "v=spf1 -all"
dmarc = "v=DMARC1; p=reject"
mta-sts = "v=STSv1; id=1;"
tls-rpt = "v=TLSRPTv1; rua=mailto:a@bank.example"
faults = [{ name = "slow", answer = "servfail" }, { name = "dead", answer = "refused" }]
records = '''
www IN A 192.0.2.1
www IN A 192.0.2.2
'''
[zone."a.bank.example"]
spf = "v=spf1 a -all"
[zone."c.example"]
spf = "v=spf1 mx -all"
"#;

#[test]
fn a_look_up_points_at_what_answers_it() {
    for (name, kind, place) in [
        ("bank.example", "TXT", "\"v=spf1 -all"),
        ("_dmarc.bank.example", "TXT", "\"v=DMARC1"),
        ("_mta-sts.bank.example", "TXT", "\"v=STSv1"),
        ("_smtp._tls.bank.example", "TXT", "\"v=TLSRPTv1"),
        ("slow.bank.example", "A", "{ name = \"slow\""),
        ("dead.bank.example", "A", "{ name = \"dead\""),
        ("www.bank.example", "A", "www IN A 192.0.2.1"),
        ("a.bank.example", "TXT", "\"v=spf1 a"),
        ("c.example", "TXT", "\"v=spf1 mx"),
        ("x.bank.example", "A", "\"bank.example\""),
    ] {
        let text =
            format!("{LOOK_UPS}[[lookup]]\nname = \"{name}\"\ntype = \"{kind}\"\nexpect = {{ authentic = true }}\n");
        let (rcode, records, remarks) = ("NOERROR".to_owned(), Vec::new(), Vec::new());
        let seen = LookedUp { rcode, is_authentic: false, records, remarks };
        let evidence = Evidence { lookups: vec![Observed::Seen(seen)], ..Evidence::default() };
        let verdict = judge(&parse(&text), &evidence);
        let at = at(&text, &verdict.findings().next().unwrap().places()[1]);
        assert!(at.starts_with(place), "{name} {kind}: {at}");
    }
}

#[test]
fn who_brings_a_message_is_looked_for_in_its_own_table() {
    let text = text("outcome = \"rejected\"", &[("tls = \"starttls\"", "tls = \"implicit\"")]);
    let later = text.replacen(
        "outcome = { delivered = \"INBOX\" }",
        "outcome = \"delivered\"\nhandshake = { version = \"TLSv1.3\" }",
        1,
    );
    let mut seen = delivered("INBOX");
    seen.handshake = Observed::Seen(handshake("TLSv1.2", Trust::Verified));
    let evidence = Evidence { transactions: vec![rejected(), seen], ..Evidence::default() };
    let judged = judge(&parse(&later), &evidence).transactions.swap_remove(1);
    let (at, what) = told(&later, &judged);
    assert!(at.starts_with("\"starttls\"") && what == "what the client asks for", "{at}, {what}");
}
