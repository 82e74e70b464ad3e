//! `refuses`: cipher suites, groups and families of suites that a service takes none of.

use super::{
    Case, Probe, Scene, Takes, few,
    taken::{found, hidden},
};
use crate::{Check, Claim, ClaimList, Written, families::Named};
use evidence::Probed;
use form::{Flaw, ciphers::CipherName, values::AtLeastOne};
use plan::Spanned;
use std::ops::Range;

/// It takes none of these.
#[derive(Debug, Clone)]
pub struct Refuses(pub Vec<Spanned<CipherName>>);

impl Claim<Probe> for Refuses {
    fn words(&self) -> String {
        let names: Vec<&str> = self.0.iter().map(|name| name.value.0.as_str()).collect();
        format!("takes none of {}", names.join(", "))
    }

    fn check(&self, case: &Case<'_>) -> Check {
        refuses(&self.0, case.seen)
    }

    fn contradictions(&self, _: &Range<usize>, claims: &ClaimList<Probe>, _: &Scene<'_>) -> Vec<Flaw> {
        let taken = claims.all::<Takes>().flat_map(|(takes, _)| &takes.0);
        let denied =
            taken.filter_map(|taken| Some((taken, self.0.iter().find(|refused| refused.value.is(&taken.value))?)));
        let flaw = |(taken, refused): (&Spanned<CipherName>, &Spanned<CipherName>)| {
            let flaw = Flaw::new(format!("`{}` is claimed and denied", taken.value.0)).at(&taken.span, "it takes this");
            flaw.at(&refused.span, "it refuses this").help("take it away from one of them")
        };
        denied.map(flaw).collect()
    }
}

impl Written<Probe> for Refuses {
    const KEY: &'static str = "refuses";
    const DOC: &'static str = "Cipher suites, groups or families of suites that it takes none of. The families are `NULL`, \
        `anonymous`, `export`, `DES`, `3DES`, `RC4`, `MD5`, `SHA1`, `CBC` and `static-RSA`.";
    type Form = AtLeastOne<Spanned<CipherName>>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|list| Self(list.0))]
    }
}

/// None of these is taken.
fn refuses(names: &[Spanned<CipherName>], seen: &Probed) -> Check {
    let taken: Vec<(&str, Vec<String>)> = names
        .iter()
        .map(|name| name.value.0.as_str())
        .map(|name| (name, found(name, seen)))
        .filter(|(_, found)| !found.is_empty())
        .collect();
    if !taken.is_empty() {
        let evidence = taken.iter().map(|(name, found)| format!("{name}: {}", few(found))).collect();
        let names: Vec<&str> = taken.iter().map(|(name, _)| *name).collect();
        return Check::Fails(format!("it takes {}", names.join(", ")), evidence);
    }
    match names.iter().map(|name| &name.value.0).find_map(|name| Some((name, hidden(Named::of(name), seen)?))) {
        Some((name, why)) => Check::unclear(format!("whether it takes {name}"), why),
        None => Check::Holds,
    }
}
