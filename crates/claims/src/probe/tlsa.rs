//! `tlsa`: how the TLSA records for a service compare to its certificate.

use super::{Case, Probe, Scene, needs_tls};
use crate::{Check, Claim, ClaimList, Written, chains};
use form::{Flaw, keywords};
use plan::Spanned;
use std::ops::Range;

/// The TLSA records that the DNS has for it match its certificate, securely: `matches`, `differs` or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tlsa(pub &'static str);

keywords! {
    Tlsa: "how TLSA records compare to the certificate" {
        "matches" => Self("matches"), "one of them matches, and the answer is authentic";
        "differs" => Self("differs"), "there are some, and none matches";
        "none" => Self("none"), "there are none";
    }
}

impl Claim<Probe> for Tlsa {
    fn words(&self) -> String {
        match self.0 {
            "none" => "no TLSA records",
            "differs" => "TLSA records that do not match",
            _ => "TLSA records that match",
        }
        .to_owned()
    }

    fn check(&self, case: &Case<'_>) -> Check {
        chains::tlsa(self.0, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        if self.0 == "none" { Vec::new() } else { needs_tls(at, claims, scene) }
    }
}

impl Written<Probe> for Tlsa {
    const KEY: &'static str = "tlsa";
    const DOC: &'static str = "How the TLSA records for it compare to its certificate (RFC 7672 §3.1).";
    type Form = Self;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}
