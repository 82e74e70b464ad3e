//! `key`: the kind of key of a certificate.

use super::{Case, Probe, Scene, needs_tls};
use crate::{Check, Claim, ClaimList, Written, chains};
use form::{Flaw, values::KeyName};
use plan::Spanned;
use std::ops::Range;

/// The kind of its certificate's key, as `RSA 2048`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key(pub String);

impl Claim<Probe> for Key {
    fn words(&self) -> String {
        format!("certificate with a key {}", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        chains::key(&self.0, case.planned, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        needs_tls(at, claims, scene)
    }
}

impl Written<Probe> for Key {
    const KEY: &'static str = "key";
    const DOC: &'static str = "Kind of its certificate's key, such as `EC P-256`.";
    type Form = KeyName;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|name| Self(name.0))]
    }
}
