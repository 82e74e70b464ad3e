//! A verdict cannot be fooled: whatever a peer writes, nothing that was observed changes unless the gateway's own fields or
//! logs change.

use crate::{
    canned::{first, plan},
    daemons::{End, Peer, seen},
    rspamd,
};
use claims::{Scenario, outcomes::Outcome};
use evidence::{Observed, Transaction};
use mail::{ArcResult, DkimResult, DmarcResult, ReversePath, SpfResult};
use mailproof_verdict::Judged;
use proptest::prelude::*;
use std::sync::LazyLock;

/// True ones and false ones, of all that filters say and of what became of the message.
const CLAIMS: &str = r#"spf = { mail-from = "fail" }
dkim = "none"
dmarc = "fail"
accepted = 1
outcome = { delivered = "INBOX" }
result = [
  { method = "spf", result = "fail", properties = { "smtp.mailfrom" = "attacker.example" } },
  { method = "spf", properties = { "smtp.mailfrom" = "bank.example" } },
  { method = "spf", result = "pass" },
  { method = "dkim", result = "pass" },
  { method = "dkim", properties = { "header.d" = "bank.example" } },
  { method = "dmarc", result = "pass" },
  { method = "dmarc", result = "fail", properties = { "header.from" = "bank.example" } },
  { method = "arc", result = "pass" },
]
any = [{ spf = "pass" }, { dkim = { pass = "bank.example" } }, { dmarc = "pass" }, { arc = "pass" }]
never = [{ dmarc = "pass" }, { spf = "pass" }]"#;

static PLAN: LazyLock<Scenario> = LazyLock::new(|| plan(CLAIMS));

/// What finds out that a filter copied a peer's text unquoted. It is about that filter, and true.
const COPIED: &str = "forged: text of the peer's stands as a result";

/// What was observed, what fails and what is unclear.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    outcome: Observed<Outcome>,
    spf: Observed<SpfResult>,
    dkim: Observed<DkimResult>,
    dmarc: Observed<DmarcResult>,
    arc: Option<ArcResult>,
    failures: Vec<String>,
    errors: Vec<String>,
}

/// How a gateway writes a connection down.
type Written = fn(&Peer, End, bool) -> Transaction;

fn judged(written: Written, peer: &Peer, end: End, is_otherwise: bool) -> Judged {
    let mut plan = PLAN.clone();
    plan.plan.transactions[0].mail_from.value = ReversePath::of_any(&peer.mail_from());
    first(&plan, written(peer, end, is_otherwise))
}

fn said(written: Written, peer: &Peer, end: End, is_otherwise: bool) -> Said {
    let judged = judged(written, peer, end, is_otherwise);
    let failures = judged.findings.iter().map(ToString::to_string).filter(|said| said != COPIED);
    Said {
        failures: failures.collect(),
        errors: judged.errors.iter().map(ToString::to_string).collect(),
        outcome: judged.outcome,
        spf: judged.spf,
        dkim: judged.dkim,
        dmarc: judged.dmarc,
        arc: judged.arc.seen().copied(),
    }
}

/// The same is said as of a peer that means no harm.
fn is_not_fooled(written: Written, peer: &Peer, end: End, is_otherwise: bool) -> Result<(), TestCaseError> {
    let plain =
        Peer { tags: peer.tags.as_ref().map(|_| ["a.example", "s", "@a.example"].map(str::to_owned)), ..Peer::plain() };
    let (found, meant) = (said(written, peer, end, is_otherwise), said(written, &plain, end, is_otherwise));
    prop_assert_eq!(found, meant, "{:?}", judged(written, peer, end, is_otherwise));
    Ok(())
}

const ENDS: [End; 4] = [End::Delivered, End::Rejected, End::RefusedBySpf, End::ThrownAway];

#[test]
fn what_rspamd_says_of_a_peer_that_means_no_harm_is_read() {
    for (end, is_silent) in [(End::Delivered, false), (End::Delivered, true), (End::Rejected, false)] {
        let said = said(rspamd::seen, &Peer::plain(), end, is_silent);
        let (fail, none) = (Observed::Seen(SpfResult::Fail), Observed::Seen(DkimResult::None));
        assert_eq!((said.spf, said.dkim, said.dmarc), (fail, none, Observed::Seen(DmarcResult::Fail)));
        assert_eq!(said.arc, Some(ArcResult::None));
    }
}

#[test]
fn a_peer_that_means_no_harm_is_judged() {
    let of = |end| said(seen, &Peer::plain(), end, false);
    let (fail, none) = (Observed::Seen(SpfResult::Fail), Observed::Seen(DkimResult::None));
    for end in [End::Delivered, End::Rejected, End::ThrownAway] {
        let said = of(end);
        assert_eq!((said.spf, said.dkim, said.dmarc), (fail.clone(), none.clone(), Observed::Seen(DmarcResult::Fail)));
    }
    assert_eq!(of(End::Delivered).outcome, Observed::Seen(Outcome::Delivered(Some("INBOX".to_owned()))));
    assert_eq!(of(End::Rejected).outcome, Observed::Seen(Outcome::Rejected));
    assert_eq!(of(End::ThrownAway).outcome, Observed::Seen(Outcome::Discarded));
    assert_eq!((of(End::RefusedBySpf).spf, of(End::RefusedBySpf).outcome), (fail, Observed::Seen(Outcome::Rejected)));
}

/// Texts that have fooled somebody, and those by which readers find their way.
fn piece() -> impl Strategy<Value = String> {
    let pieces = [
        "x); dkim=pass header.d=bank.example (y",
        "; dmarc=pass header.from=bank.example",
        "spf=pass",
        "spf=pass smtp.mailfrom=bank.example",
        "spf=fail (SPF fail - not authorized) smtp.mailfrom=attacker.example",
        "dkim=pass",
        "arc=pass",
        " result=\"no signature error\"",
        " selector=s result=\"no signature error\"",
        "; signature=y domain=bank.example selector=s result=\"no signature error\"",
        "queued as 4D1A2B4C5D",
        "3F1A2B4C5D: removed",
        ", status=sent (250 2.0.0 Ok: queued as 4D1A2B4C5D)",
        ", status=bounced (x)",
        "to=<bob@gateway.example>",
        ">, size=1, nrcpt=7 (queue active)",
        ">, status=expired",
        "; from=<admin@bank.example> to=<alice@gateway.example> proto=ESMTP helo=<x>",
        "; from=<",
        " proto=ESMTP",
        "client-ip=192.0.2.10; helo=x; envelope-from=admin@bank.example; receiver=gateway.example",
        ";ip=198.51.100.66;r=",
        "s=mfrom;id=admin@bank.example;ip=198.51.100.66;r=x",
        "s=helo;id=x",
        "550 5.7.23 SPF fail",
        ": prepend Authentication-Results: gateway.example; spf=pass smtp.mailfrom=bank.example",
        "mp00000000000beef0",
        "stored mail into mailbox 'INBOX'",
        ": stored mail into mailbox 'INBOX'",
        "Marked message to be discarded (discard action)",
        "bank.example pass",
        ";},ARC_ALLOW(0.00){x:s=y;},Y(0.00){",
        "]; ARC_ALLOW(0.00)[x:s=y]; Y(0.00)[",
        ";},R_DKIM_ALLOW(-0.20){bank.example:s=s1;},Y(0.00){",
        ">, (default: F (no action): [0.00/15.00] [DMARC_POLICY_ALLOW(0.00){bank.example;none;}]), len: 1",
        ">, qid: <3F1A2B4C5D>, ip: 192.0.2.1, (default: F (no action): [0.00/15.00] [R_SPF_ALLOW(0.00){x;}]), len: 1",
        ">; queue-id: <3F1A2B4C5D>; size: 1",
        "{\"spf\": \"pass\"}",
        "=3B=20dkim=3Dpass=20header.d=3Dbank.example=20y=3D",
        "=3B dmarc=3Dpass",
        "<",
        ">",
        "(",
        ")",
        "\\",
        "\"",
        "@",
        ";",
        "'",
        "\u{0}",
        "\u{e9}",
        "\t",
    ];
    prop_oneof![8 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 2 => "[a-z ]{0,6}", 1 => "\\PC{0,6}"]
}

fn text() -> impl Strategy<Value = String> {
    prop::collection::vec(piece(), 0..4).prop_map(|pieces| pieces.concat())
}

/// On a line of its own; `is_folded` puts white space of a folded line before each semicolon.
fn value(text: &str, is_folded: bool) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).collect();
    if is_folded { text.replace(';', "\r\n\t;").replace(" (", "\r\n (") } else { text }
}

/// An Authentication-Results field, a Received field or another one that the peer made up.
fn field() -> impl Strategy<Value = (String, String)> {
    let ids = [
        "gateway.example",
        "GATEWAY.example",
        "gateway.example.",
        "\"gateway.example\"",
        "gateway.example 1",
        "(x) gateway.example (y)",
        "gateway\\.example",
        "mx.gateway.example",
        "other.example",
    ];
    let found = [
        "spf=pass smtp.mailfrom=bank.example",
        "dkim=pass header.d=bank.example",
        "dmarc=pass header.from=bank.example",
        "arc=pass",
        "spf=fail (SPF fail - not authorized) smtp.mailfrom=attacker.example",
        "none",
    ];
    let results = (prop::sample::select(ids.to_vec()), prop::sample::select(found.to_vec()), text(), any::<bool>())
        .prop_map(|(id, found, text, is_folded)| {
            ("Authentication-Results".to_owned(), value(&format!("{id}; {found} {text}"), is_folded))
        });
    let names = [
        "Received-SPF",
        "Received",
        "X-Spam",
        "ARC-Authentication-Results",
        "Return-Path",
        "Authentication-Results ",
        "To",
    ];
    let other = (prop::sample::select(names.to_vec()), text(), any::<bool>())
        .prop_map(|(name, text, is_folded)| (name.to_owned(), value(&text, is_folded)));
    let hop = text().prop_map(|text| {
        let by = "by mx.gateway.example (Postfix) with ESMTP id 3F1A2B4C5D";
        ("Received".to_owned(), value(&format!("from x (unknown [198.51.100.66]) {by} {text}; x"), true))
    });
    prop_oneof![3 => results, 2 => other, 1 => hop]
}

/// What may stand in a tag of a signature (RFC 6376 §3.2).
fn tag() -> impl Strategy<Value = String> {
    text().prop_map(|text| value(&text, false).replace(';', "").trim().to_owned())
}

prop_compose! {
    fn peer()(
        local in text(), nobody in text(), helo in text(), display_name in text(), message_id in text(),
        tags in prop::option::of((tag(), tag(), tag())), fields in prop::collection::vec(field(), 0..4),
        body in prop::collection::vec(text(), 0..3),
    ) -> Peer {
        let one_line = |text: &str| value(text, false);
        let is_empty = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
        Peer {
            local: is_empty(one_line(&local), "a"),
            nobody: is_empty(one_line(&nobody), "nobody"),
            helo: is_empty(one_line(&helo), "x"),
            display_name: one_line(&display_name),
            message_id: one_line(&message_id),
            tags: tags.map(|(d, s, i)| [d, s, format!("{i}@attacker.example")]),
            fields,
            body: body.iter().map(|line| value(line, false)).collect::<Vec<_>>().join("\r\n"),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(96) })]

    #[test]
    fn whatever_a_peer_writes_nothing_else_is_observed(peer in peer(), takes_out in any::<bool>()) {
        for end in ENDS {
            is_not_fooled(seen, &peer, end, takes_out)?;
        }
    }

    #[test]
    fn nor_where_rspamd_quotes_nothing(peer in peer(), is_silent in any::<bool>()) {
        for end in [End::Delivered, End::Rejected] {
            is_not_fooled(rspamd::seen, &peer, end, is_silent)?;
        }
    }
}
