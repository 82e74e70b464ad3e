//! `outcome`: what became of the message.

use super::{Case, Scene, Transaction, causes, gateway_side};
use crate::{
    Cause, Check, Claim, ClaimList, Written,
    outcomes::{self, Outcome as Became, outcome_word},
    results,
};
use evidence::Observed;
use form::{Decode, Flaw, Node, Shape, keywords, tables, values::Line};
use mail::Domain;
use plan::{Daemon, Spanned};
use std::ops::Range;
use toml::de::DeValue;

/// This became of the message, for every recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome(pub Became);

tables! {
    /// An outcome and the folder in which the message lies.
    FolderTable "outcome" [One] {
        /// Delivered into this folder.
        delivered: Option<Line>,
        /// Put aside in this folder.
        quarantined: Option<Line>,
    }
}

keywords! {
    Became: "an outcome" {
        "rejected" => Self::Rejected, "the server refused it for good";
        "deferred" => Self::Deferred, "it was refused for now, or waits in a queue";
        "delivered" => Self::Delivered(None), "it lies in a mailbox";
        "bounced" => Self::Bounced, "a queue gave up and notified the reverse-path (RFC 3464 §2)";
        "quarantined" => Self::Quarantined(None), "it was put aside, in a folder or a hold queue";
        "discarded" => Self::Discarded, "it was accepted and thrown away";
    }
}

impl Outcome {
    /// In one word.
    pub(super) const fn as_str(&self) -> &'static str {
        match self.0 {
            Became::Rejected => "rejected",
            Became::Deferred => "deferred",
            Became::Delivered(_) => "delivered",
            Became::Bounced => "bounced",
            Became::Quarantined(_) => "quarantined",
            Became::Discarded => "discarded",
        }
    }
}

impl Claim<Transaction> for Outcome {
    fn words(&self) -> String {
        outcome_word(&self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let claim = &self.0;
        if let Some(ending) = case.endings.iter().find(|ending| ending.holds(claim) == Some(false)) {
            let recipient = &ending.recipient;
            let what = match &ending.outcome {
                Observed::Seen(seen) => {
                    format!("the message for {recipient} was {}, not {}", outcome_word(seen), outcome_word(claim))
                }
                Observed::Unobserved(_) if ending.is_withheld => {
                    format!("the message for {recipient} was never handed over, not {}", outcome_word(claim))
                }
                Observed::Unobserved(_) => {
                    format!("the message for {recipient} was accepted, not {}", outcome_word(claim))
                }
            };
            let mut help = vec![ending.because.clone()];
            help.extend(outcomes::bounce_words(case.seen));
            help.extend(results::of("dmarc", case.seen).unwrap_or_default().into_iter().map(results::render));
            return Check::Fails(what, help);
        }
        if case.endings.is_empty() {
            return Check::unclear(format!("whether the message was {}", outcome_word(claim)), "there is no recipient");
        }
        match case.endings.iter().find(|ending| ending.holds(claim).is_none()) {
            Some(ending) => Check::unclear(
                format!("whether the message for {} was {}", ending.recipient, outcome_word(claim)),
                ending.because.clone(),
            ),
            None => Check::Holds,
        }
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        gateway_side::outcome(case, &self.0)
            .or_else(|| causes::command(case, &causes::refused_at(case)?))
            .or_else(|| causes::setting(&case.plan.settings, Daemon::Postfix))
            .or_else(|| causes::next_host(case))
            .or_else(|| causes::enforced(case))
            .or_else(|| Some(causes::message_line(case, "From", "this message")))
    }

    /// Folders are in mailboxes, and those are at the gateways.
    fn contradictions(&self, _: &Range<usize>, _: &ClaimList<Transaction>, scene: &Scene<'_>) -> Vec<Flaw> {
        let (Became::Delivered(Some(folder)) | Became::Quarantined(Some(folder))) = &self.0 else { return Vec::new() };
        let is_elsewhere = |domain: &Domain| !scene.world.owned().any(|own| domain.is_within(own));
        if !scene.planned.rcpt_to.iter().all(|recipient| is_elsewhere(recipient.value.domain())) {
            return Vec::new();
        }
        let flaw = Flaw::new(format!("nobody who gets this message has a folder {folder}"));
        vec![flaw.help("the hosts of this file have no mailboxes: write `outcome = \"delivered\"`")]
    }
}

impl Written<Transaction> for Outcome {
    const KEY: &'static str = "outcome";
    const DOC: &'static str =
        "What became of the message, with the folder if that matters: `{ delivered = \"INBOX\" }`.";
    type Form = Self;

    fn read(written: Spanned<Self>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}

impl Decode for Outcome {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<Became as Decode>::shape(), FolderTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if let DeValue::Table(_) = node.value.get_ref() {
            let at = FolderTable::read(node, flaws)?;
            let delivered = at.delivered.map(|folder| Became::Delivered(Some(folder.0)));
            return delivered.or(at.quarantined.map(|folder| Became::Quarantined(Some(folder.0)))).map(Self);
        }
        Became::read(node, flaws).map(Self)
    }
}
