//! `arrived`: a host that the harness plays took the message.

use super::{Case, Outcome, Scene, Transaction, causes};
use crate::{Cause, Check, Claim, ClaimList, Written, outcomes::Outcome as Became, played};
use form::{Flaw, did_you_mean};
use mail::Domain;
use plan::Spanned;
use std::ops::Range;

/// The played host of this name took the message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived(pub Domain);

impl Claim<Transaction> for Arrived {
    fn words(&self) -> String {
        format!("taken by {}", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        let (host, seen) = (&self.0, case.seen);
        if seen.arrived.iter().any(|arrived| arrived.host.eq_ignore_ascii_case(host.as_str())) {
            return Check::Holds;
        }
        let mut evidence: Vec<String> =
            seen.arrived.iter().map(|arrived| format!("{} took it", arrived.host)).collect();
        if evidence.is_empty() {
            evidence.push("no host took it".to_owned());
        }
        evidence.extend(seen.connections.iter().map(played::render));
        Check::Fails(format!("{host} did not take the message"), evidence)
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        causes::host(case, |host| host.name == self.0).map(|host| Cause::new(&host.span, "this host"))
    }

    fn contradictions(&self, _: &Range<usize>, claims: &ClaimList<Transaction>, scene: &Scene<'_>) -> Vec<Flaw> {
        let name = &self.0;
        let mtas = || scene.hosts.iter().filter(|host| host.smtp.is_some()).map(|host| host.name.as_str());
        if !mtas().any(|mta| mta == name.as_str()) {
            let help = did_you_mean(name.as_str(), mtas(), &format!("Declare [host.\"{name}\"] with `smtp`"));
            return vec![Flaw::new(format!("no host {name} to take the message")).help(help)];
        }
        match claims.first::<Outcome>() {
            None | Some((Outcome(Became::Delivered(_)), _)) => Vec::new(),
            Some((other, span)) => {
                let flaw = Flaw::new(format!("{name} cannot have taken a message that is {}", other.as_str()));
                vec![flaw.at(span, "this outcome").help("take `arrived` or the outcome away")]
            }
        }
    }
}

impl Written<Transaction> for Arrived {
    const KEY: &'static str = "arrived";
    const DOC: &'static str = "A host of this file that took the message.";
    type Form = Domain;

    fn read(written: Spanned<Domain>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(Self)]
    }
}
