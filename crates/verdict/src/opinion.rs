//! The second opinion beside what the gateway's filters say: where they differ is told, and decides nothing. One thing does: a
//! message that lies with its recipient although its author domain asks that such mail be refused, and which nothing
//! authenticates in the harness's own judgement, is never silently held.

use crate::{
    Finding, Judged,
    finding::{Shown, Text},
};
use claims::{
    Cause, ClaimList,
    outcomes::Outcome,
    transaction::{self, Dmarc},
};
use evidence::{Authors, DmarcOpinion, Opinion, Transaction};
use mail::{DkimResult, DmarcResult};
use std::fmt::Display;

/// Adds what the second opinion has to say of a transaction: to its findings where it differs, and what it finds itself.
pub(crate) fn add(
    judged: &mut Judged,
    planned: &plan::Transaction,
    claims: &ClaimList<transaction::Transaction>,
    seen: &Transaction,
    text: &Text,
) {
    judged.second_opinion = differences(judged, seen);
    for finding in &mut judged.findings {
        finding.add(&judged.second_opinion);
    }
    if let Some((message, help)) = delivered_against_policy(seen, says_so(claims)) {
        let labels = Cause::new(&planned.span, "this message").line(text.inner()).into_iter().collect();
        judged.findings.push(Finding::new(Shown::new(&planned.label, message, &help, labels, text)));
    }
}

/// Whether a scenario claims that a message is delivered, and that DMARC does not pass: by the gateway or, as where that follows an
/// older specification, in the harness's own judgement.
fn says_so(claims: &ClaimList<transaction::Transaction>) -> bool {
    let is_in_mailbox =
        |claim: &transaction::Outcome| matches!(claim.0, Outcome::Delivered(_) | Outcome::Quarantined(_));
    claims.all().any(|(claim, _)| is_in_mailbox(claim))
        && (claims.all().any(|(Dmarc(claim), _)| *claim != DmarcResult::Pass)
            || claims
                .all()
                .any(|(claim, _)| matches!(claim, transaction::Opinion::Dmarc(own) if *own != DmarcResult::Pass)))
}

/// The second opinion, where there is one.
fn of(seen: &Transaction) -> Option<&Opinion> {
    seen.opinion.as_ref().and_then(|opinion| opinion.seen())
}

/// Where the harness comes to another result than the gateway, a sentence for each method.
fn differences(judged: &Judged, seen: &Transaction) -> Vec<String> {
    let Some(opinion) = of(seen) else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(said) = judged.spf.seen().filter(|said| **said != opinion.mail_from.result) {
        let (mail_from, helo) = (&opinion.mail_from, &opinion.helo);
        let why = format!("MAIL FROM of {}; HELO {} is {}", mail_from.domain, helo.domain, helo.result);
        lines.push(line("spf", mail_from.result, &why, said));
    }
    let own = opinion.dkim_result();
    if let Some(said) = judged.dkim.seen().filter(|said| kind(**said) != kind(own)) {
        let signatures = opinion.dkim.iter().map(|signature| {
            let reason = signature.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            format!("{} of {} {}{reason}", signature.result, signature.domain, signature.algorithm)
        });
        let why = signatures.collect::<Vec<_>>().join("; ");
        lines.push(line("dkim", own, if why.is_empty() { "no signature" } else { &why }, said));
    }
    if let Some(said) = judged.dmarc.seen().filter(|said| **said != opinion.dmarc_result()) {
        lines.push(line("dmarc", opinion.dmarc_result(), &basis(opinion), said));
    }
    if let Some(said) = judged.arc.seen().filter(|said| **said != opinion.arc) {
        lines.push(line("arc", opinion.arc, opinion.arc_reason.as_deref().unwrap_or("the whole chain"), said));
    }
    lines
}

/// Of a message that was delivered: the author domains that ask for its refusal, and what that rests on. `is_said`: the scenario
/// claims that such mail is delivered, and so knows.
fn delivered_against_policy(seen: &Transaction, is_said: bool) -> Option<(String, Vec<String>)> {
    let opinion = of(seen).filter(|_| !is_said && is_delivered(seen))?;
    let asking: Vec<&DmarcOpinion> = opinion.dmarc.iter().filter(|dmarc| dmarc.is_to_be_refused()).collect();
    let domains: Vec<&str> = asking.iter().map(|dmarc| dmarc.author.as_str()).collect();
    let what = format!(
        "delivered although {} has p=reject and nothing authenticates it in the harness's own judgement",
        domains.join(", ")
    );
    (!domains.is_empty()).then(|| (what, render(opinion)))
}

fn is_delivered(seen: &Transaction) -> bool {
    let objects = std::iter::once(&seen.object).chain(&seen.others);
    objects.into_iter().any(|object| !object.delivered.is_empty()) || !seen.arrived.is_empty()
}

/// The whole of it, a line for each method.
fn render(opinion: &Opinion) -> Vec<String> {
    let spf = &opinion.mail_from;
    vec![
        format!("second opinion: dmarc={} ({})", opinion.dmarc_result(), basis(opinion)),
        format!("second opinion: spf={} ({}), dkim={}", spf.result, spf.domain, opinion.dkim_result()),
    ]
}

/// What a DMARC result rests on.
fn basis(opinion: &Opinion) -> String {
    let of_one = |dmarc: &DmarcOpinion| {
        let policy = match (dmarc.policy, &dmarc.found_at) {
            (None, _) => "no policy".to_owned(),
            (Some(policy), Some(at)) if *at != dmarc.author => format!("policy {policy} by {at}"),
            (Some(policy), _) => format!("policy {policy}"),
        };
        let aligned = match (dmarc.result, dmarc.aligned.as_slice()) {
            (DmarcResult::TempError | DmarcResult::PermError, _) => dmarc.result.to_string(),
            (_, []) => "nothing aligned passes".to_owned(),
            (_, aligned) => format!("aligned: {}", aligned.join(", ")),
        };
        format!("From {}, {policy}, {aligned}", dmarc.author)
    };
    let each = opinion.dmarc.iter().map(of_one).collect::<Vec<_>>().join("; ");
    match &opinion.authors {
        Authors::One(_) => each,
        Authors::Unclear(why) if each.is_empty() => why.clone(),
        Authors::Unclear(why) => format!("{why}; {each}"),
    }
}

fn line(method: &str, own: impl Display, why: &str, said: impl Display) -> String {
    format!("second opinion: {method}={own} ({why}), where the gateway says {said}")
}

/// Verifiers have several words for a signature that proves nothing, so that those words are no difference.
const fn kind(result: DkimResult) -> u8 {
    match result {
        DkimResult::Pass => 0,
        DkimResult::TempError => 1,
        DkimResult::None => 2,
        DkimResult::Fail | DkimResult::Policy | DkimResult::Neutral | DkimResult::PermError => 3,
    }
}
