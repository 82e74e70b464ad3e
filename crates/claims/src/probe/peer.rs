//! `peer`: what the certificate of a service is worth.

use super::{Case, Probe, Scene, needs_tls};
use crate::{Check, Claim, ClaimList, Written, chains};
use form::Flaw;
use plan::Spanned;
use std::ops::Range;

/// What its certificate is worth to a client that wants its name: `untrusted`, `trusted`, `verified`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub &'static str);

impl Claim<Probe> for Peer {
    fn words(&self) -> String {
        format!("certificate {}", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        chains::peer(self.0, case.planned, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        needs_tls(at, claims, scene)
    }
}

impl Written<Probe> for Peer {
    const KEY: &'static str = "peer";
    const DOC: &'static str = "What its certificate is worth.";
    type Form = form::words::Peer;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|word| Self(word.0))]
    }
}
