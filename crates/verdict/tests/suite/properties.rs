//! Whatever a server says, there is a verdict.

use crate::{
    canned::{delivered, list, plan, rejected, submission, word},
    played::{cleartext as plainly, outbound, protected, sent, web},
    served::{bad, good, plain, probe},
};
use claims::{Scenario, Stated};
use evidence::{ChainSeen, Evidence, Exchange, Fate, FateStatus, Observed, Probed};
use mail::{Message, Reply};
use mailproof_verdict::judge;
use proptest::prelude::*;
use std::{collections::BTreeMap, sync::LazyLock};

const CLAIMS: &str = r#"reply = [{ to = "rcpt-to", code = 250 }, { to = "end-of-data", code = 550, enhanced = "5.7.1", text = "x" }]
spf = "fail"
dkim = { pass = "bank.example" }
dmarc = "fail"
arc = "none"
outcome = "rejected"
handshake = { version = "TLSv1.3", peer = "verified" }
header = { name = "Subject", contains = "x" }"#;

fn exchanges() -> impl Strategy<Value = Vec<Exchange>> {
    let names = [
        "connect",
        "ehlo",
        "starttls",
        "auth",
        "mail-from",
        "rcpt-to",
        "data",
        "end-of-data",
        "quit",
        "octets",
        "unexpected",
    ];
    let reply = prop_oneof![
        (200..600u16, prop::collection::vec(".{0,30}", 0..3))
            .prop_map(|(code, lines)| Observed::Seen(Reply { code, lines })),
        ".{0,30}".prop_map(Observed::Unobserved),
    ];
    let exchange = (prop::sample::select(names.to_vec()), ".{0,30}", reply)
        .prop_map(|(to, sent, reply)| Exchange::new(to, &sent, reply));
    prop::collection::vec(exchange, 0..12)
}

/// A claim for each list.
fn lists(key: &'static str, lists: &[&[&str]]) -> Vec<String> {
    lists.iter().map(|names| list(key, names)).collect()
}

/// Claims of every kind on a probe, true and false ones.
fn probe_claims() -> Vec<String> {
    let words = |key: &'static str, words: &'static [&str]| words.iter().map(move |w| word(key, w));

    words("starttls", &["absent", "optional", "required"])
        .chain(lists("versions", &[&[][..], &["TLSv1.2", "TLSv1.3"], &["TLSv1", "TLSv1.2", "TLSv1.3"], &["TLSv1.3"]]))
        .chain(lists("takes", &[&["RC4"][..], &["X25519", "ffdhe2048"], &["AES128-SHA", "TLS_AES_128_GCM_SHA256"]]))
        .chain(lists("refuses", &[&["RC4", "3DES"][..], &["X448"], &["ffdhe2048", "CBC"]]))
        .chain(words("order", &["client", "server"]))
        .chain(["dh-bits = 2048".to_owned(), "dh-bits = 512".to_owned()])
        .chain(words("peer", &["untrusted", "trusted", "verified"]))
        .chain(words("key", &["EC P-256", "RSA 2048"]))
        .chain(words("login", &["refused", "taken"]))
        .chain(words("injection", &["dropped", "answered"]))
        .chain(lists("has", &[&["tickets"][..], &["compression", "early-data"]]))
        .chain(lists("has-not", &[&["tickets"][..], &["compression", "early-data"]]))
        .chain(words("tlsa", &["matches", "differs", "none"]))
        .collect()
}

/// A plan with these claims, each at another place.
fn apart(claims: Vec<String>) -> Scenario {
    let mut scenario = probe(claims);
    let list = &mut scenario.claims.probes[0];
    *list = list.iter().enumerate().map(|(at, stated)| Stated { span: at..at + 1, ..stated.clone() }).collect();
    scenario
}

/// What becomes of each claim: by its place, whether it fails or is unclear; those that hold are not there.
fn told(plan: &Scenario, seen: &Probed) -> BTreeMap<(usize, usize), bool> {
    let verdict = judge(plan, &Evidence { probes: vec![Observed::Seen(seen.clone())], ..Evidence::default() });
    let failing = verdict.findings().map(|finding| (finding.places(), true));
    let all = failing.chain(verdict.errors().map(|unclear| (unclear.places(), false)));
    all.map(|(places, fails)| ((places[0].line, places[0].column), fails)).collect()
}

/// Whoever sees less finds nothing else: a claim fails or holds by what was seen, or it is unclear.
fn hiding_makes_only_unclear(plan: &Scenario, which: usize, bits: u32) -> Result<(), TestCaseError> {
    let full = [good, bad, plain][which]();
    let mut less = full.clone();
    hide(&mut less, bits);
    let (of_less, of_full) = (told(plan, &less), told(plan, &full));
    for place in of_less.keys().chain(of_full.keys()) {
        let (sees_less, sees_all) = (of_less.get(place), of_full.get(place));
        prop_assert!(
            sees_less == Some(&false) || sees_less == sees_all,
            "claim at {place:?}: {sees_less:?}, {sees_all:?} of {less:?}",
        );
    }
    Ok(())
}

/// Hides each fact whose bit is set.
fn hide(seen: &mut Probed, mut bits: u32) {
    fn hidden<T>(fact: &mut Observed<T>, bits: &mut u32) {
        if *bits & 1 == 1 {
            *fact = Observed::Unobserved("nobody looked".to_owned());
        }
        *bits >>= 1;
    }
    for version in &mut seen.versions {
        hidden(&mut version.suites, &mut bits);
        version.order = version.order.filter(|_| version.suites.seen().is_some());
    }
    if let Observed::Seen(cleartext) = &mut seen.cleartext {
        hidden(&mut cleartext.login, &mut bits);
        hidden(&mut cleartext.mail_from, &mut bits);
        hidden(&mut cleartext.injection, &mut bits);
    }
    hidden(&mut seen.cleartext, &mut bits);
    hidden(&mut seen.groups, &mut bits);
    hidden(&mut seen.dh, &mut bits);
    hidden(&mut seen.signatures, &mut bits);
    hidden(&mut seen.tlsa, &mut bits);
    let f = &mut seen.features;
    for feature in [
        &mut f.tickets,
        &mut f.resumption,
        &mut f.secure_renegotiation,
        &mut f.client_renegotiation,
        &mut f.compression,
        &mut f.fallback_scsv,
        &mut f.early_data,
        &mut f.extended_master_secret,
        &mut f.encrypt_then_mac,
        &mut f.ocsp_stapling,
    ] {
        hidden(feature, &mut bits);
    }
    hidden(&mut seen.chains, &mut bits);
}

proptest! {
    // reading a profile takes its time
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_is_not_observed_is_no_fault_by_a_profile(which in 0..3_usize, bits in any::<u32>(), sparse in any::<u32>()) {
        let claims = ["mozilla-intermediate", "mozilla-modern", "ncsc-nl-2025"].map(|name| word("profile", name));
        hiding_makes_only_unclear(&apart(claims.into()), which, bits & sparse)?;
    }
}

proptest! {
    #[test]
    fn what_is_not_observed_is_never_a_negative(which in 0..3_usize, bits in any::<u32>(), sparse in any::<u32>()) {
        static PLAN: LazyLock<Scenario> = LazyLock::new(|| apart(probe_claims()));
        hiding_makes_only_unclear(&PLAN, which, bits & sparse)?;
    }

    #[test]
    fn any_probe_has_a_verdict(
        text in ".{0,20}", records in prop::collection::vec("[0-9a-z \"\\\\]{0,20}", 0..4), bits in any::<u32>(),
    ) {
        let mut seen = bad();
        seen.server.clone_from(&text);
        seen.versions[0].version.clone_from(&text);
        seen.versions[1].suites = Observed::Seen(vec![text.clone()]);
        seen.groups = Observed::Seen(vec![text.clone()]);
        let chains = seen.chains.seen_mut().unwrap();
        chains.push(ChainSeen { server_name: Some(text), ..chains[0].clone() });
        if let Observed::Seen(found) = &mut seen.tlsa {
            found.records = records;
        }
        hide(&mut seen, bits);
        let evidence = Evidence { probes: vec![Observed::Seen(seen)], ..Evidence::default() };
        prop_assert_eq!(judge(&probe(probe_claims()), &evidence).probes.len(), 1);
    }

    #[test]
    fn any_trace_and_any_connections_have_a_verdict(
        received in prop::collection::vec("(from |by |with |ESMTPS |\\(using |\\(|\\)|\\[|.){0,20}", 0..4),
        order in prop::collection::vec(0..4_usize, 0..5), ended in ".{0,10}", dialogue in exchanges(), status in any::<i64>(),
    ) {
        let claims = [
            "received = \"as-negotiated\"", "fetched = true", "offered = [\"TLSv1.3\"]", "arrived = \"mx.partner.example\"",
            "outcome = \"delivered\"", "handshake = { peer = \"verified\" }",
        ];
        let claims = claims.map(str::to_owned).to_vec();
        let mut seen = sent();
        let text: String = received.iter().map(|value| format!("Received: {value}\r\n")).collect();
        seen.arrived[0].message = Message::parse(format!("{text}\r\n").as_bytes());
        let mut odd = protected();
        odd.dialogue = dialogue;
        odd.ended = ended;
        seen.connections = order.into_iter().map(|at| [protected(), plainly(), web(true), odd.clone()][at].clone()).collect();
        if let Some(run) = &mut seen.program {
            run.status = status;
        }
        let mut plan = outbound(claims);
        for origin in [plan.plan.transactions[0].origin.clone(), submission("spf = \"none\"").plan.transactions[0].origin.clone()] {
            plan.plan.transactions[0].origin = origin;
            let evidence = Evidence { transactions: vec![seen.clone()], ..Evidence::default() };
            prop_assert_eq!(judge(&plan, &evidence).transactions.len(), 1);
        }
    }

    #[test]
    fn any_dialogue_has_a_verdict(dialogue in exchanges(), handshake in prop::bool::ANY) {
        let plan = plan(&CLAIMS.replace("outcome = \"rejected\"\n", ""));
        let mut seen = rejected();
        seen.dialogue = dialogue;
        if !handshake {
            seen.handshake = Observed::Unobserved("it did not come to TLS".to_owned());
        }
        let verdict = judge(&plan, &Evidence { transactions: vec![seen.clone(), seen], ..Evidence::default() });
        prop_assert_eq!(verdict.transactions.len(), 2);
    }

    #[test]
    fn any_result_and_any_delivered_message_has_a_verdict(
        method in "(spf|dkim|dmarc|arc|x)", word in ".{0,12}", name in ".{0,12}", value in ".{0,30}",
        body in prop::collection::vec(any::<u8>(), 0..60), folder in ".{0,8}", said in ".{0,30}",
    ) {
        let plan = plan("dkim = { pass = \"bank.example\" }\nspf = \"pass\"\nheader = { name = \"X\", contains = \"y\" }");
        let mut seen = delivered("INBOX");
        seen.object.results[0].method = method;
        seen.object.results[0].result = word;
        seen.object.results[0].properties.push((name.clone(), value.clone()));
        seen.object.delivered[0].folder = folder;
        seen.object.delivered[0].message.fields.push(mail::Field { name, value });
        seen.object.delivered[0].message.body = body;
        seen.object.bounces = seen.object.delivered.clone();
        seen.object.fates = vec![Fate { said, ..seen.object.fates[0].clone() }; 2];
        seen.object.fates[1].status = FateStatus::Bounced;
        let verdict = judge(&plan, &Evidence { transactions: vec![seen.clone()], ..Evidence::default() });
        prop_assert_eq!(verdict.snapshot.clone(), judge(&plan, &Evidence { transactions: vec![seen], ..Evidence::default() }).snapshot);
    }

    /// Spans that do not fit the text, as after a bug elsewhere, do not hide the verdict.
    #[test]
    fn any_text_behind_a_plan_has_a_verdict(text in "(.|\n){0,200}") {
        let mut plan = submission("dmarc = \"pass\"\noutcome = \"delivered\"");
        let source = plan::Source { text, ..(*plan.plan.source).clone() };
        plan.plan.source = source.into();
        let verdict = judge(&plan, &Evidence { transactions: vec![rejected()], ..Evidence::default() });
        prop_assert!(!verdict.holds());
    }
}
