//! Claims on a mail transaction.

mod accepted;
mod alternatives;
mod any;
mod arc;
mod arrived;
mod by;
mod causes;
pub(crate) use causes::setting as setting_cause;
mod controls;
mod dkim;
mod dmarc;
mod fetched;
mod gateway_side;
mod handshake;
mod header;
mod messages;
mod never;
mod offered;
mod opinion;
mod outcome;
mod questions;
mod received;
mod reply;
mod result;
mod spf;
mod spf_explanation;
mod tries;

pub use accepted::Accepted;
pub use any::Any;
pub use arc::Arc;
pub use arrived::Arrived;
pub use by::{By, followed};
pub use controls::{controls, is_outbound, must_arrive};
pub use dkim::Dkim;
pub use dmarc::Dmarc;
pub use fetched::Fetched;
pub use handshake::Handshake;
pub use header::Header;
pub use messages::Messages;
pub use never::Never;
pub use offered::Offered;
pub use opinion::Opinion;
pub use outcome::Outcome;
pub use questions::Questions;
pub use received::Received;
pub use reply::Reply;
pub use result::MethodResult;
pub use spf::Spf;
pub use spf_explanation::SpfExplanation;
pub use tries::Tries;

use crate::{
    Cause, Check, ClaimList, Entry, Subject,
    outcomes::{self, Ending, Outcome as Became},
    results::{self, Identity},
};
use evidence::{Observed, ResultSource};
use mail::{ArcResult, DkimResult, DmarcResult, Domain, ReversePath, SpfResult};
use plan::{Host, Method, Origin, Plan, World};
use std::{collections::BTreeSet, fmt::Display};

/// A mail transaction (RFC 5321 §3.3).
#[derive(Debug)]
pub struct Transaction;

impl Subject for Transaction {
    type Case<'a> = Case<'a>;
    type Scene<'a> = Scene<'a>;
    const TABLE: &'static str = "expect table";
    const DOC: &'static str = "What must come of a transaction. Nothing is claimed of what is not named.";

    fn registry() -> Vec<Entry<Self>> {
        vec![
            Entry::of::<Reply>(),
            Entry::of::<Spf>(),
            Entry::of::<Dkim>(),
            Entry::of::<Dmarc>(),
            Entry::of::<Arc>(),
            Entry::of::<Outcome>(),
            Entry::of::<Handshake>(),
            Entry::of::<Received>(),
            Entry::of::<Arrived>(),
            Entry::of::<Offered>(),
            Entry::of::<Fetched>(),
            Entry::of::<Header>(),
            Entry::of::<MethodResult>(),
            Entry::of::<SpfExplanation>(),
            Entry::of::<Opinion>(),
            Entry::of::<Questions>(),
            Entry::of::<Messages>(),
            Entry::of::<Any>(),
            Entry::of::<Never>(),
            Entry::of::<By>(),
            Entry::of::<Accepted>(),
            Entry::of::<Tries>(),
        ]
    }

    fn place(plan: &Plan, index: usize) -> Option<Cause> {
        plan.transactions.get(index).map(|planned| Cause::new(&planned.span, "of this transaction"))
    }
}

/// The methods of which results are claimed.
pub fn methods(claims: &ClaimList<Transaction>) -> impl Iterator<Item = Method> {
    let claimed = [
        (claims.first::<Spf>().is_some(), Method::Spf),
        (claims.first::<Dkim>().is_some(), Method::Dkim),
        (claims.first::<Dmarc>().is_some(), Method::Dmarc),
        (claims.first::<Arc>().is_some(), Method::Arc),
    ];
    claimed.into_iter().filter(|(is_claimed, _)| *is_claimed).map(|(_, method)| method)
}

/// Whether a rightful message is all that is claimed: it is delivered, and each result that is claimed of it is `pass`.
#[must_use]
pub fn is_rightful(claims: &ClaimList<Transaction>) -> bool {
    let all_pass = |dkim: &Dkim| match dkim {
        Dkim::Overall(result) => *result == DkimResult::Pass,
        Dkim::Signatures(list) => list.iter().all(|(_, result)| *result == DkimResult::Pass),
    };
    matches!(claims.first::<Outcome>(), Some((Outcome(Became::Delivered(_)), _)))
        && claims.all::<Spf>().all(|(spf, _)| spf.result == SpfResult::Pass)
        && claims.all::<Dkim>().all(|(dkim, _)| all_pass(dkim))
        && claims.all::<Dmarc>().all(|(dmarc, _)| dmarc.0 == DmarcResult::Pass)
        && claims.all::<Arc>().all(|(arc, _)| arc.0 == ArcResult::Pass)
}

/// A transaction as the file has it.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The gateways.
    pub world: &'a World,
    /// The hosts that are played when it begins.
    pub hosts: &'a [Host],
    /// The transaction.
    pub planned: &'a plan::Transaction,
}

/// A transaction with everything that claims are checked against.
#[derive(Debug)]
pub struct Case<'a> {
    /// The whole plan.
    pub plan: &'a Plan,
    /// Place among the transactions of the file.
    pub index: usize,
    /// What was to be done.
    pub planned: &'a plan::Transaction,
    /// What was seen.
    pub seen: &'a evidence::Transaction,
    /// What became of the message, for each recipient.
    pub endings: Vec<Ending>,
    /// What became of the message: of several recipients the one that fared worst.
    pub outcome: Observed<Became>,
    /// The SPF result (RFC 7208 §2.6).
    pub spf: Observed<SpfResult>,
    /// The best DKIM result of all signatures.
    pub dkim: Observed<DkimResult>,
    /// The DMARC result (RFC 9989 §4).
    pub dmarc: Observed<DmarcResult>,
    /// The ARC result (RFC 8617 §4.4).
    pub arc: Observed<ArcResult>,
}

impl<'a> Case<'a> {
    /// What was seen of the transaction at this place of the file.
    #[must_use]
    pub fn of(plan: &'a Plan, index: usize, seen: &'a evidence::Transaction) -> Self {
        let planned = &plan.transactions[index];
        let recipients: Vec<_> = planned.rcpt_to.iter().map(|r| &r.value).collect();
        let endings = outcomes::endings(&recipients, seen);
        Self::ended(plan, index, seen, endings, planned.mail_from.value == ReversePath::Null)
    }

    /// The same of a mail object that the gateway accepted beside the planned one: its envelope is what the gateway says.
    fn unplanned(plan: &'a Plan, index: usize, seen: &'a evidence::Transaction) -> Self {
        let is_null = seen.object.mail_from.as_deref() == Some("");
        Self::ended(plan, index, seen, outcomes::unplanned(seen), is_null)
    }

    fn ended(
        plan: &'a Plan,
        index: usize,
        seen: &'a evidence::Transaction,
        endings: Vec<Ending>,
        is_null: bool,
    ) -> Self {
        Self {
            plan,
            index,
            planned: &plan.transactions[index],
            seen,
            outcome: outcomes::worst(&endings),
            endings,
            spf: results::spf(Identity::MailFrom, is_null, seen),
            dkim: results::best_dkim(seen),
            dmarc: results::single("dmarc", seen),
            arc: results::single("arc", seen),
        }
    }

    /// Whether a method has the claimed result.
    fn result<R: PartialEq + Display>(&self, method: &str, claim: R, seen: &Observed<R>) -> Check {
        if let Some(contradiction) = self.contradiction(method) {
            return contradiction;
        }
        let name = method.to_uppercase();
        match seen {
            Observed::Seen(seen) if *seen == claim => Check::Holds,
            Observed::Seen(seen) => Check::Fails(format!("{name} is {seen}, not {claim}"), self.said_of(method)),
            Observed::Unobserved(why) => self.untold(method, format!("whether {name} is {claim}"), why.clone()),
        }
    }

    /// That a result of a method cannot be told: it was not shown, if nothing that says something of the method was left out.
    fn untold(&self, method: &str, what: String, why: String) -> Check {
        if results::are_words(method, self.seen) { self.not_shown(what, why) } else { Check::unclear(what, why) }
    }

    /// That the gateway does not show something, if its log is complete.
    fn not_shown(&self, what: String, why: String) -> Check {
        if outcomes::unsaid(self.seen).is_none() { Check::unseen(what, why) } else { Check::unclear(what, why) }
    }

    /// That the results of a method cannot all be right, if they cannot: then it has none, and no claim on one holds.
    fn contradiction(&self, method: &str) -> Option<Check> {
        let told = results::contradictions(method, self.seen);
        let what = || format!("the {} results contradict each other", method.to_uppercase());
        (!told.is_empty()).then(|| Check::Fails(what(), told))
    }

    /// What the filters said of a method, a line each, and the log lines that say so; of DMARC also what it rests on.
    fn said_of(&self, method: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for result in results::of(method, self.seen).unwrap_or_default() {
            lines.push(results::render(result));
            if let ResultSource::Log(filter) = &result.source
                && let Some(line) = self.log_line(filter, &result.result)
            {
                lines.push(line);
            }
        }
        match method {
            "spf" => lines.extend(self.spf_words()),
            "dmarc" => {
                let below = ["spf", "dkim"].into_iter().flat_map(|m| results::of(m, self.seen).unwrap_or_default());
                lines.extend(below.map(results::render));
            }
            _ => {}
        }
        let mut told = BTreeSet::new();
        lines.retain(|line| told.insert(line.clone()));
        lines
    }

    /// The last line of a filter, preferably one with this word.
    fn log_line(&self, filter: &str, word: &str) -> Option<String> {
        let is_its = |line: &&evidence::LogLine| line.program.rsplit('/').next() == Some(filter);
        let with_word = |line: &&evidence::LogLine| line.text.to_ascii_lowercase().contains(&word.to_ascii_lowercase());
        let lines = || self.seen.object.log.iter().filter(is_its);
        let line = lines().rfind(with_word).or_else(|| lines().next_back())?;
        Some(format!("{filter} on {} logged: {}", line.host, line.text))
    }

    /// The address and the record that SPF compares (RFC 7208 §4.1).
    fn spf_words(&self) -> Option<String> {
        let Origin::Client(client) = &self.planned.origin else { return None };
        let record = crate::places::Places::of(self.plan).spf(&self.spf_domain()?)?;
        Some(format!("SPF compares {} with `{}`", client.ip.value, record.text))
    }

    /// The domain that SPF checks: that of MAIL FROM, or the HELO name with a null reverse-path (RFC 7208 §2.4).
    fn spf_domain(&self) -> Option<Domain> {
        match (&self.planned.mail_from.value, &self.planned.origin) {
            (ReversePath::Address(address), _) => Some(address.domain().clone()),
            (ReversePath::Null, Origin::Client(client)) => client.ehlo.value.parse().ok(),
            (ReversePath::Null, Origin::Submission(_) | Origin::Sendmail) | (ReversePath::Other(_), _) => None,
        }
    }
}
