//! `has-not`: what a service does not.

use super::{
    Case, Has, Probe, Scene,
    features::{FeatureWord, features},
};
use crate::{Check, Claim, ClaimList, Written};
use form::{Flaw, values::AtLeastOne};
use plan::Spanned;
use std::ops::Range;

/// It does none of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HasNot(pub Vec<FeatureWord>);

impl Claim<Probe> for HasNot {
    fn words(&self) -> String {
        format!("has no {}", self.0.iter().map(|feature| feature.0).collect::<Vec<_>>().join(", "))
    }

    fn check(&self, case: &Case<'_>) -> Check {
        features(&self.0, false, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Probe>, _: &Scene<'_>) -> Vec<Flaw> {
        let Some((has, claimed)) = claims.first::<Has>() else { return Vec::new() };
        let Some(both) = has.0.iter().find(|feature| self.0.contains(feature)) else { return Vec::new() };
        let flaw = Flaw::new(format!("`{}` is claimed and denied", both.0)).at(claimed, "it does");
        vec![flaw.at(at, "it does not").help("take it away from one of them")]
    }
}

impl Written<Probe> for HasNot {
    const KEY: &'static str = "has-not";
    const DOC: &'static str = "What it does not, none of these.";
    type Form = AtLeastOne<FeatureWord>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|list| Self(list.0))]
    }
}
