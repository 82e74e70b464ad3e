//! `fetched`: whether a policy was asked of a web server that the harness plays.

use super::{Case, Scene, Transaction, causes};
use crate::{Cause, Check, Claim, ClaimList, Written, played::render};
use form::Flaw;
use plan::Spanned;
use std::ops::Range;

/// A policy was asked of a web server (RFC 8461 §3.3), or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fetched(pub bool);

impl Claim<Transaction> for Fetched {
    fn words(&self) -> String {
        if self.0 { "a policy fetched" } else { "no policy fetched" }.to_owned()
    }

    /// A connection over which nothing was asked does not count.
    fn check(&self, case: &Case<'_>) -> Check {
        let to_web = || case.seen.connections.iter().filter(|connection| connection.service == "https");
        let asked: Vec<String> = to_web().filter(|connection| !connection.dialogue.is_empty()).map(render).collect();
        match (asked.is_empty(), self.0) {
            (false, true) | (true, false) => Check::Holds,
            (true, true) => {
                let tried: Vec<String> = to_web().map(render).collect();
                let none = || vec!["no web server was connected to".to_owned()];
                Check::Fails("no policy was fetched".to_owned(), if tried.is_empty() { none() } else { tried })
            }
            (false, false) => Check::Fails("a policy was fetched".to_owned(), asked),
        }
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        causes::web_host(case)
    }

    fn contradictions(&self, _: &Range<usize>, _: &ClaimList<Transaction>, scene: &Scene<'_>) -> Vec<Flaw> {
        if scene.hosts.iter().any(|host| host.https.is_some()) {
            return Vec::new();
        }
        let flaw = Flaw::new("there is no web server that could be asked for a policy");
        vec![flaw.help("declare a host with `https`")]
    }
}

impl Written<Transaction> for Fetched {
    const KEY: &'static str = "fetched";
    const DOC: &'static str = "Whether a policy was asked of a web server of this file.";
    type Form = bool;

    fn read(written: Spanned<bool>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(Self)]
    }
}
