//! `rcode`: the response code of the DNS.

use super::{Lookup, render};
use crate::{Check, Claim, Written};
use evidence::LookedUp;
use form::{Flaw, keywords};
use plan::Spanned;

/// The response code is this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rcode(pub &'static str);

keywords! {
    Rcode: "a response code (RFC 1035 §4.1.1)" {
        "NOERROR" => Self("NOERROR"), "there is an answer, if only that there are no such records";
        "NXDOMAIN" => Self("NXDOMAIN"), "there is no such name";
        "SERVFAIL" => Self("SERVFAIL"), "no answer could be had, or none that is right by DNSSEC";
        "REFUSED" => Self("REFUSED"), "the question is not answered here";
        "FORMERR" => Self("FORMERR"), "the question was not understood";
        "NOTIMP" => Self("NOTIMP"), "such questions are not answered";
    }
}

impl Claim<Lookup> for Rcode {
    fn words(&self) -> String {
        self.0.to_owned()
    }

    fn check(&self, seen: &&LookedUp) -> Check {
        Check::that(
            self.0.eq_ignore_ascii_case(&seen.rcode),
            || format!("the response code is {}, not {}", seen.rcode, self.0),
            || render(seen),
        )
    }
}

impl Written<Lookup> for Rcode {
    const KEY: &'static str = "rcode";
    const DOC: &'static str = "The response code, such as `NXDOMAIN`.";
    type Form = Self;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}
