//! The verdict: scenario × evidence → what became of each transaction, what is wrong with it, and the snapshot text.
//!
//! Everything is derived from evidence; nothing is asked of the world. What was not observed is never taken for a
//! negative: a claim on it is an [`Unclear`], which is another type than a [`Finding`].

mod dialogue;
mod finding;
mod judge;
mod opinion;
mod settings;
mod snapshot;

pub use finding::{Finding, Location, Told, Unclear};
pub use snapshot::probe_table;

use claims::{
    Check, Claim, ClaimList, Scenario, Subject,
    outcomes::{Outcome, unsaid},
    probe,
    transaction::{self, Accepted, Case, Reply, Transaction},
};
use evidence::{Delivered, Evidence, LogLine, Observed};
use finding::{Shown, Text};
use judge::{Tally, judge as claims_on};
use mail::{ArcResult, DkimResult, DmarcResult, SpfResult};
use plan::Plan;
use std::ops::Range;

/// What is made of one scenario.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Of the settings that it changes, if it changes any.
    pub settings: Option<Checked>,
    /// One for each probe of the plan, in its order.
    pub probes: Vec<Checked>,
    /// One for each look-up of the plan, in its order.
    pub lookups: Vec<Checked>,
    /// One for each TLS report of the plan, in its order.
    pub reports: Vec<Checked>,
    /// One for each transaction of the plan, in its order.
    pub transactions: Vec<Judged>,
    /// What is wrong with the scenario as a whole, whatever is claimed: messages that nobody sent.
    pub strays: Vec<Finding>,
    /// The evidence as text: the same bytes for the same behaviour.
    pub snapshot: String,
}

/// What is made of a probe, of a look-up, of a TLS report, or of all changed settings.
#[derive(Debug, Clone)]
pub struct Checked {
    /// As in the plan; `settings`.
    pub label: String,
    /// Claims that do not hold.
    pub findings: Vec<Finding>,
    /// Claims of which it cannot be told whether they hold.
    pub errors: Vec<Unclear>,
}

/// What is made of one transaction.
#[derive(Debug, Clone)]
pub struct Judged {
    /// As in the plan.
    pub label: String,
    /// What became of the message: of several recipients the one that fared worst.
    pub outcome: Observed<Outcome>,
    /// The SPF result (RFC 7208 §2.6).
    pub spf: Observed<SpfResult>,
    /// The best DKIM result of all signatures.
    pub dkim: Observed<DkimResult>,
    /// The DMARC result (RFC 9989 §4).
    pub dmarc: Observed<DmarcResult>,
    /// The ARC result (RFC 8617 §4.4).
    pub arc: Observed<ArcResult>,
    /// Claims that do not hold.
    pub findings: Vec<Finding>,
    /// Claims of which it cannot be told whether they hold.
    pub errors: Vec<Unclear>,
    /// Claims on results that the gateway does not show of this message, while what became of it is as claimed. They do not
    /// hold and do not fail; the verdict is that of the other claims.
    pub unseen: Vec<Unclear>,
    /// Where the harness comes to another result than the gateway, a sentence each. This decides nothing.
    pub second_opinion: Vec<String>,
}

impl Checked {
    fn new(label: &str, tally: Tally) -> Self {
        let errors = tally.errors.into_iter().chain(tally.unseen).collect();
        Self { label: label.to_owned(), findings: tally.findings, errors }
    }
}

impl Verdict {
    /// Every claim was seen to hold.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.findings().next().is_none() && !self.is_unclear()
    }

    /// Of some claim it cannot be told whether it holds.
    #[must_use]
    pub fn is_unclear(&self) -> bool {
        self.errors().next().is_some()
    }

    /// Claims that do not hold: of settings, probes, look-ups and transactions.
    pub fn findings(&self) -> impl Iterator<Item = &Finding> {
        let claimed = self.checked().flat_map(|c| &c.findings);
        claimed.chain(self.transactions.iter().flat_map(|t| &t.findings)).chain(&self.strays)
    }

    /// Claims of which it cannot be told whether they hold, in the same order.
    pub fn errors(&self) -> impl Iterator<Item = &Unclear> {
        self.checked().flat_map(|c| &c.errors).chain(self.transactions.iter().flat_map(|t| &t.errors))
    }

    /// Claims on results that the gateway does not show, which decide nothing.
    pub fn unseen(&self) -> impl Iterator<Item = &Unclear> {
        self.transactions.iter().flat_map(|judged| &judged.unseen)
    }

    fn checked(&self) -> impl Iterator<Item = &Checked> {
        self.settings.iter().chain(&self.probes).chain(&self.lookups).chain(&self.reports)
    }
}

/// Judges the evidence by the claims of a scenario. Evidence that is missing makes claims unclear, never false.
#[must_use]
pub fn judge(scenario: &Scenario, evidence: &Evidence) -> Verdict {
    let Scenario { plan, claims } = scenario;
    let text = finding::text_of(&plan.source);
    let probe = |at: usize, planned: &plan::Probe| {
        let seen = or_why(evidence.probes.get(at), "the scenario ended before this probe");
        let case = seen.map(|seen| probe::Case { planned, seen });
        let case = case.as_ref().map_err(|why| *why);
        Checked::new(&planned.label, claims_on(plan, at, &planned.label, &claims.probes[at], case, &text))
    };
    let lookup = |at: usize, planned: &plan::Lookup| {
        let seen = or_why(evidence.lookups.get(at), "the scenario ended before this look-up");
        let seen = seen.as_ref().map_err(|why| *why);
        Checked::new(&planned.label, claims_on(plan, at, &planned.label, &claims.lookups[at], seen, &text))
    };
    let report = |at: usize, planned: &plan::ReportAsked| {
        let seen = or_why(evidence.reports.get(at), "the scenario ended before this report");
        let seen = seen.as_ref().map_err(|why| *why);
        Checked::new(&planned.label, claims_on(plan, at, &planned.label, &claims.reports[at], seen, &text))
    };
    Verdict {
        settings: settings::settings(scenario, &evidence.settings, &text),
        probes: plan.probes.iter().enumerate().map(|(at, planned)| probe(at, planned)).collect(),
        lookups: plan.lookups.iter().enumerate().map(|(at, planned)| lookup(at, planned)).collect(),
        reports: plan.reports.iter().enumerate().map(|(at, planned)| report(at, planned)).collect(),
        transactions: (0..plan.transactions.len()).map(|at| transaction(scenario, at, evidence, &text)).collect(),
        strays: strays(plan, evidence, &text),
        snapshot: snapshot::text(plan, evidence),
    }
}

/// Whether what became of the message is claimed, and was seen to be so: its outcome, or else its replies.
fn is_decided(claims: &ClaimList<Transaction>, case: &Case<'_>) -> bool {
    let holds = |check: Check| check == Check::Holds;
    match claims.first::<transaction::Outcome>() {
        Some((outcome, _)) => holds(outcome.check(case)),
        None => {
            let mut replies = claims.all::<Reply>().map(|(reply, _)| holds(reply.check(case))).peekable();
            replies.peek().is_some() && replies.all(|holds| holds)
        }
    }
}

/// Messages that lie in a mailbox although nobody sent them.
fn strays(plan: &Plan, evidence: &Evidence, text: &Text) -> Vec<Finding> {
    let title = 0..plan.source.text.lines().next().map_or(0, str::len);
    let finding = |stray: &Delivered| {
        let message = format!("a message that nobody sent lies in {} of {}", stray.folder, stray.mailbox);
        let fields = stray.message.fields.iter().filter(|field| {
            ["Return-Path", "From", "To", "Subject"].iter().any(|name| field.name.eq_ignore_ascii_case(name))
        });
        let help: Vec<String> = fields.take(6).map(|field| format!("{}: {}", field.name, field.value)).collect();
        let labels = vec![(title.clone(), "while this scenario ran".to_owned())];
        unclaimed("mailboxes", message, &help, labels, text)
    };
    evidence.strays.iter().map(finding).collect()
}

/// What is wrong whatever is claimed.
fn unclaimed(
    subject: &str,
    message: String,
    help: &[String],
    labels: Vec<(Range<usize>, String)>,
    text: &Text,
) -> Finding {
    Finding::new(Shown::new(subject, message, help, labels, text))
}

/// What was seen; or why nothing was.
fn or_why<'a, T>(seen: Option<&'a Observed<T>>, ended: &'a str) -> Result<&'a T, &'a str> {
    match seen {
        Some(Observed::Seen(seen)) => Ok(seen),
        Some(Observed::Unobserved(why)) => Err(why),
        None => Err(ended),
    }
}

fn transaction(scenario: &Scenario, at: usize, evidence: &Evidence, text: &Text) -> Judged {
    let Scenario { plan, claims } = scenario;
    let (planned, claims) = (&plan.transactions[at], &claims.transactions[at]);
    let label = &planned.label;
    let mut tally = Tally::default();
    let Some(seen) = evidence.transactions.get(at) else {
        let why = "the scenario ended before this transaction";
        dialogue::judge(planned, None, &mut tally, text);
        tally.judge(plan, at, label, claims, Err(why), text);
        let Tally { findings, errors, unseen } = tally;
        return Judged {
            label: label.clone(),
            outcome: Observed::Unobserved(why.to_owned()),
            spf: Observed::Unobserved(why.to_owned()),
            dkim: Observed::Unobserved(why.to_owned()),
            dmarc: Observed::Unobserved(why.to_owned()),
            arc: Observed::Unobserved(why.to_owned()),
            findings,
            errors,
            unseen,
            second_opinion: Vec::new(),
        };
    };
    let case = Case::of(plan, at, seen);
    dialogue::judge(planned, Some(seen), &mut tally, text);
    tally.judge(plan, at, label, claims, Ok(&case), text);
    let Tally { mut findings, mut errors, mut unseen } = tally;
    if !is_decided(claims, &case) {
        errors.append(&mut unseen);
    }
    // what depends on the log may be otherwise once it is complete
    let unsaid: Vec<String> = unsaid(seen).into_iter().collect();
    findings.iter_mut().for_each(|finding| finding.add(&unsaid));
    errors.iter_mut().for_each(|error| error.add(&unsaid));
    let faults = case.faults(claims.first::<Accepted>().is_some());
    findings.extend(faults.into_iter().map(|(message, help)| {
        let place = Transaction::place(plan, at).and_then(|place| place.line(text.inner()));
        unclaimed(label, message, &help, place.into_iter().collect(), text)
    }));
    let Case { outcome, spf, dkim, dmarc, arc, .. } = case;
    let second_opinion = Vec::new();
    let label = label.clone();
    let mut judged = Judged { label, outcome, spf, dkim, dmarc, arc, findings, errors, unseen, second_opinion };
    opinion::add(&mut judged, planned, claims, seen, text);
    let objects = std::iter::once(&seen.object).chain(&seen.others);
    let log: Vec<&LogLine> = objects.flat_map(|object| &object.log).filter(|line| line.is_telling).collect();
    judged.findings.iter_mut().for_each(|finding| finding.show_log(&log));
    judged.errors.iter_mut().for_each(|unclear| unclear.show_log(&log));
    judged
}
