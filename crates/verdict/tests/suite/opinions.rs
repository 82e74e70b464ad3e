//! The second opinion: differences are shown, and mail that its author domain wants refused is never silently held.

use crate::canned::{copy, delivered, fails, first, holds, is_unclear, plan, rejected, said};
use evidence::{
    Arrived, Authors, Disposition, DmarcOpinion, MailObject, Observed, Opinion, SignatureOpinion, SpfOpinion,
    Transaction,
};
use mail::{ArcResult, DkimResult, DmarcResult, Message, SpfResult};

const ALARM: &str =
    "forged: delivered although bank.example has p=reject and nothing authenticates it in the harness's own judgement";

fn spf(domain: &str, result: SpfResult) -> SpfOpinion {
    SpfOpinion { domain: domain.to_owned(), result }
}

/// The message is forged: nothing passes, and the owner asks for this.
pub(crate) fn forged(policy: Disposition) -> Opinion {
    let bank = || "bank.example".parse().unwrap();
    Opinion {
        helo: spf("mail.attacker.example", SpfResult::None),
        mail_from: spf("bank.example", SpfResult::Fail),
        dkim: vec![],
        arc: ArcResult::None,
        arc_reason: None,
        authors: Authors::One(bank()),
        dmarc: vec![DmarcOpinion {
            author: bank(),
            result: DmarcResult::Fail,
            policy: Some(policy),
            found_at: Some(bank()),
            aligned: vec![],
        }],
    }
}

fn with(opinion: Opinion, seen: Transaction) -> Transaction {
    Transaction { opinion: Some(Observed::Seen(opinion)), ..seen }
}

#[test]
fn a_forgery_in_a_mailbox_is_never_silently_held() {
    for folder in ["INBOX", "Junk"] {
        let seen = with(forged(Disposition::Reject), delivered(folder));
        for claims in ["outcome = \"delivered\"", "dmarc = \"pass\"", "spf = \"pass\""] {
            let judged = first(&plan(claims), seen.clone());
            let alarms = judged.findings.iter().filter(|finding| finding.to_string() == ALARM).count();
            assert_eq!(alarms, 1, "{claims}: {:?}", said(&judged));
        }
    }
    let elsewhere = Transaction {
        object: MailObject::default(),
        others: vec![MailObject { delivered: vec![copy("bob@gateway.example", "INBOX", "")], ..MailObject::default() }],
        ..delivered("INBOX")
    };
    assert!(
        said(&first(&plan("spf = \"pass\""), with(forged(Disposition::Reject), elsewhere)))
            .0
            .contains(&ALARM.to_owned())
    );
    let arrived = Arrived {
        host: "mx.other.example".to_owned(),
        mail_from: String::new(),
        rcpt_to: vec![],
        is_protected: false,
        message: Message::default(),
    };
    let taken = Transaction { arrived: vec![arrived], ..rejected() };
    assert!(
        said(&first(&plan("spf = \"fail\""), with(forged(Disposition::Reject), taken))).0.contains(&ALARM.to_owned())
    );
}

/// A gateway that follows an older specification lets it pass, and the scenario says that the harness judges otherwise.
#[test]
fn what_the_scenario_says_of_the_own_judgement_is_no_alarm() {
    let seen = with(forged(Disposition::Reject), delivered("INBOX"));
    let alarms = |claims: &str| {
        let judged = first(&plan(claims), seen.clone());
        judged.findings.iter().filter(|finding| finding.to_string() == ALARM).count()
    };
    assert_eq!(alarms("dmarc = \"pass\"\nopinion = \"fail\"\noutcome = \"delivered\""), 0);
    assert_eq!(alarms("dmarc = \"pass\"\nopinion = \"fail\""), 1);
    assert_eq!(alarms("dmarc = \"pass\"\nopinion = \"pass\"\noutcome = \"delivered\""), 1);
}

#[test]
fn what_was_refused_what_the_scenario_says_and_what_nobody_asks_to_refuse_is_no_alarm() {
    let quiet = |claims: &str, seen: Transaction| assert_eq!(said(&first(&plan(claims), seen)).0, [""; 0], "{claims}");
    quiet("outcome = \"rejected\"", with(forged(Disposition::Reject), rejected()));
    for policy in [Disposition::None, Disposition::Quarantine] {
        quiet("outcome = \"delivered\"", with(forged(policy), delivered("INBOX")));
    }
    let mut failed = delivered("INBOX");
    failed.object.results.retain(|result| result.method != "dmarc");
    let mut passed = forged(Disposition::Reject);
    passed.dmarc[0].result = DmarcResult::Pass;
    quiet("outcome = \"delivered\"", with(passed, failed.clone()));
    let unknown = Transaction { opinion: Some(Observed::Unobserved("why".to_owned())), ..delivered("INBOX") };
    quiet("outcome = \"delivered\"", unknown);
    let mut said_so = delivered("INBOX");
    said_so.object.results[2].result = "fail".to_owned();
    quiet("outcome = \"delivered\"\ndmarc = \"fail\"", with(forged(Disposition::Reject), said_so));
}

#[test]
fn a_domain_of_a_from_that_names_no_single_author_raises_it_too() {
    let mut opinion = forged(Disposition::Reject);
    opinion.authors = Authors::Unclear("there are 2 From fields (RFC 5322 §3.6)".to_owned());
    let judged = first(&plan("outcome = \"delivered\""), with(opinion, delivered("INBOX")));
    assert_eq!(said(&judged).0, [ALARM]);
    assert!(judged.findings[0].help().contains("2 From fields"), "{}", judged.findings[0].help());
}

#[test]
fn differences_are_shown_and_decide_nothing() {
    let judged = first(&plan("spf = \"pass\""), with(forged(Disposition::None), delivered("INBOX")));
    assert_eq!(said(&judged), (vec![], vec![]));
    assert_eq!(
        judged.second_opinion,
        [
            "second opinion: spf=fail (MAIL FROM of bank.example; HELO mail.attacker.example is none), where the gateway says pass",
            "second opinion: dkim=none (no signature), where the gateway says pass",
            "second opinion: dmarc=fail (From bank.example, policy none, nothing aligned passes), where the gateway says pass",
        ]
    );
    let same = first(&plan("spf = \"fail\""), with(forged(Disposition::Reject), rejected()));
    assert_eq!(same.second_opinion, [""; 0]);
}

#[test]
fn a_finding_says_where_the_second_opinion_differs() {
    let judged = first(&plan("dmarc = \"fail\""), with(forged(Disposition::None), delivered("INBOX")));
    let help = judged.findings[0].help();
    assert!(help.contains("second opinion: dmarc=fail"), "{help}");
}

#[test]
fn the_words_for_a_signature_that_proves_nothing_are_no_difference() {
    let mut opinion = forged(Disposition::Reject);
    opinion.dkim = vec![SignatureOpinion {
        domain: "bank.example".to_owned(),
        selector: "s1".to_owned(),
        algorithm: "rsa-sha256".to_owned(),
        result: DkimResult::PermError,
        reason: None,
    }];
    let mut seen = rejected();
    seen.object.results[1].result = "neutral".to_owned();
    assert_eq!(first(&plan("spf = \"fail\""), with(opinion, seen)).second_opinion, [""; 0]);
}

#[test]
fn the_chain_is_claimed_in_the_harness_s_own_judgement() {
    let mut opinion = forged(Disposition::None);
    opinion.arc = ArcResult::Pass;
    let good = with(opinion.clone(), delivered("INBOX"));
    holds("opinion = { arc = \"pass\" }", &good);
    holds("opinion = { arc = \"pass\", dmarc = \"fail\" }", &good);
    fails(
        "opinion = { arc = \"pass\", dmarc = \"pass\" }",
        &good,
        "DMARC of bank.example is fail in the harness's own judgement, not pass",
        "",
    );
    opinion.arc = ArcResult::Fail;
    opinion.arc_reason = Some("Broken ARC chain".to_owned());
    let bad = with(opinion, delivered("INBOX"));
    let what = "ARC is fail in the harness's own judgement, not pass";
    fails("opinion = { arc = \"pass\" }", &bad, what, "the chain fails: Broken ARC chain");
    fails("opinion = { arc = \"none\" }", &bad, "ARC is fail in the harness's own judgement, not none", "");
    // what the gateway says of ARC is no judgement of the harness's
    let mut unasked = delivered("INBOX");
    let arc = evidence::AuthResult { method: "arc".to_owned(), ..unasked.object.results[0].clone() };
    unasked.object.results.push(arc);
    is_unclear("opinion = { arc = \"pass\" }", &unasked, "--second-opinion");
}
