//! `dh-bits`: how many bits a finite-field group has.

use super::{Case, Probe};
use crate::{Check, Claim, Written};
use evidence::{Observed, Probed};
use form::{Flaw, values::Whole};
use plan::Spanned;

/// A DHE group of at least so many bits, or none at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DhBits(pub u16);

impl Claim<Probe> for DhBits {
    fn words(&self) -> String {
        format!("no DHE group of less than {} bits", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        dh_bits(self.0, case.seen)
    }
}

impl Written<Probe> for DhBits {
    const KEY: &'static str = "dh-bits";
    const DOC: &'static str = "Bits that a finite-field group has at least, if it takes any.";
    type Form = Whole<1, 65535>;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written.map(|bits| Self(u16::try_from(bits.0).unwrap_or(u16::MAX)))]
    }
}

fn dh_bits(bits: u16, seen: &Probed) -> Check {
    match &seen.dh {
        Observed::Unobserved(why) => Check::unclear(format!("whether DHE has {bits} bits or more"), why.clone()),
        Observed::Seen(Some(dh)) if dh.bits < bits => {
            let name = dh.name.as_ref().map(|name| format!(", {name}")).unwrap_or_default();
            let evidence = format!("the group that it chose for DHE suites has a prime of {} bits{name}", dh.bits);
            Check::fails(format!("its DHE group has {} bits, less than {bits}", dh.bits), evidence)
        }
        Observed::Seen(_) => Check::Holds,
    }
}
