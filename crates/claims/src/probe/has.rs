//! `has`: what a service does.

use super::{
    Case, Probe, Scene,
    features::{FeatureWord, features},
    needs_tls,
};
use crate::{Check, Claim, ClaimList, Written};
use form::{Flaw, values::AtLeastOne};
use plan::Spanned;
use std::ops::Range;

/// It does each of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Has(pub Vec<FeatureWord>);

impl Claim<Probe> for Has {
    fn words(&self) -> String {
        format!("has {}", self.0.iter().map(|feature| feature.0).collect::<Vec<_>>().join(", "))
    }

    fn check(&self, case: &Case<'_>) -> Check {
        features(&self.0, true, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        needs_tls(at, claims, scene)
    }
}

impl Written<Probe> for Has {
    const KEY: &'static str = "has";
    const DOC: &'static str = "What it does, all of these.";
    type Form = AtLeastOne<FeatureWord>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|list| Self(list.0))]
    }
}
