//! `takes`: cipher suites, groups and families of suites that a service takes.

use super::{
    Case, Probe, Scene, needs_tls,
    taken::{found, hidden, what_is_taken},
};
use crate::{Check, Claim, ClaimList, Written, families::Named};
use evidence::Probed;
use form::{Flaw, ciphers::CipherName, values::AtLeastOne};
use plan::Spanned;
use std::ops::Range;

/// It takes each of these: a cipher suite (IANA or OpenSSL name), a group, or a family of suites.
#[derive(Debug, Clone)]
pub struct Takes(pub Vec<Spanned<CipherName>>);

impl Claim<Probe> for Takes {
    fn words(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|name| name.value.0.as_str()).collect();
        format!("takes {}", names.join(", "))
    }

    fn check(&self, case: &Case<'_>) -> Check {
        takes(&self.0, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, claims: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        needs_tls(at, claims, scene)
    }
}

impl Written<Probe> for Takes {
    const KEY: &'static str = "takes";
    const DOC: &'static str =
        "Cipher suites (by their IANA or OpenSSL names), groups or families of suites that it takes, each of them.";
    type Form = AtLeastOne<Spanned<CipherName>>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|list| Self(list.0))]
    }
}

/// Each of these is taken: some suite of a family, a suite, a group.
fn takes(names: &[Spanned<CipherName>], seen: &Probed) -> Check {
    let lacking: Vec<&str> =
        names.iter().map(|name| name.value.0.as_str()).filter(|name| found(name, seen).is_empty()).collect();
    let certain: Vec<&str> = lacking.iter().copied().filter(|name| hidden(Named::of(name), seen).is_none()).collect();
    if !certain.is_empty() {
        return Check::Fails(format!("it does not take {}", certain.join(", ")), what_is_taken(seen));
    }
    match lacking.first() {
        Some(name) => {
            let why = hidden(Named::of(name), seen).unwrap_or_default();
            Check::unclear(format!("whether it takes {}", lacking.join(", ")), why)
        }
        None => Check::Holds,
    }
}
