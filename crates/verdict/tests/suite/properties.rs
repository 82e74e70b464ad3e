//! Whatever a server says, there is a verdict.

use crate::canned::{delivered, plan, rejected, submission};
use evidence::{Evidence, Exchange, Fate, FateStatus, Observed};
use mail::Reply;
use mailproof_verdict::judge;
use proptest::prelude::*;

const CLAIMS: &str = r#"reply = [{ to = "rcpt-to", code = 250 }, { to = "end-of-data", code = 550, enhanced = "5.7.1", text = "x" }]
spf = "fail"
dkim = { pass = "bank.example" }
dmarc = "fail"
arc = "none"
outcome = "rejected"
handshake = { version = "TLSv1.3", peer = "verified" }
header = { name = "Subject", contains = "x" }"#;

fn exchanges() -> impl Strategy<Value = Vec<Exchange>> {
    let names =
        ["connect", "ehlo", "starttls", "auth", "mail-from", "rcpt-to", "data", "end-of-data", "quit", "octets"];
    let reply = prop_oneof![
        (200..600u16, prop::collection::vec(".{0,30}", 0..3))
            .prop_map(|(code, lines)| Observed::Seen(Reply { code, lines })),
        ".{0,30}".prop_map(Observed::Unobserved),
    ];
    let exchange = (prop::sample::select(names.to_vec()), ".{0,30}", reply).prop_map(|(to, sent, reply)| Exchange {
        to: to.to_owned(),
        sent,
        reply,
    });
    prop::collection::vec(exchange, 0..12)
}

proptest! {
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
        seen.results[0].method = method;
        seen.results[0].result = word;
        seen.results[0].properties.push((name.clone(), value.clone()));
        seen.delivered[0].folder = folder;
        seen.delivered[0].message.fields.push(mail::Field { name, value });
        seen.delivered[0].message.body = body;
        seen.bounces = seen.delivered.clone();
        seen.fates = vec![Fate { said, ..seen.fates[0].clone() }; 2];
        seen.fates[1].status = FateStatus::Bounced;
        let verdict = judge(&plan, &Evidence { transactions: vec![seen.clone()], ..Evidence::default() });
        prop_assert_eq!(verdict.snapshot.clone(), judge(&plan, &Evidence { transactions: vec![seen], ..Evidence::default() }).snapshot);
    }

    /// Spans that do not fit the text, as after a bug elsewhere, do not hide the verdict.
    #[test]
    fn any_text_behind_a_plan_has_a_verdict(text in "(.|\n){0,200}") {
        let mut plan = submission("dmarc = \"pass\"\noutcome = \"delivered\"");
        let source = scenario::Source { text, ..(*plan.source).clone() };
        plan.source = source.into();
        let verdict = judge(&plan, &Evidence { transactions: vec![rejected()], ..Evidence::default() });
        prop_assert!(!verdict.holds());
    }
}
