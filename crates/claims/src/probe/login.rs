//! `login`: what becomes of a login before TLS.

use super::{Case, Probe, Scene, before_tls::no_cleartext, comes_before_tls};
use crate::{Check, Claim, ClaimList, Written};
use evidence::{LoginSeen, Observed, Probed};
use form::{Flaw, keywords};
use plan::Spanned;
use std::ops::Range;

/// A login before TLS is `refused` or `taken`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Login(pub &'static str);

keywords! {
    Login: "what becomes of a login before TLS" {
        "refused" => Self("refused"), "it is refused without a look at the password";
        "taken" => Self("taken"), "the password is looked at, or asked for";
    }
}

impl Claim<Probe> for Login {
    fn words(&self) -> String {
        format!("a login before TLS {}", self.0)
    }

    fn check(&self, case: &Case<'_>) -> Check {
        login(self.0, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, _: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        comes_before_tls(at, scene)
    }
}

impl Written<Probe> for Login {
    const KEY: &'static str = "login";
    const DOC: &'static str =
        "What becomes of a login before TLS; not for a service that speaks TLS from the first octet.";
    type Form = Self;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}

fn login(claim: &str, seen: &Probed) -> Check {
    let login = seen.cleartext.seen().map(|cleartext| &cleartext.login);
    match (login, claim) {
        (Some(Observed::Seen(LoginSeen::Refused(_))), "refused")
        | (Some(Observed::Seen(LoginSeen::Taken(_))), "taken") => Check::Holds,
        (Some(Observed::Seen(LoginSeen::Refused(answer))), _) => {
            Check::fails("a login before TLS is refused", format!("the answer to it was {answer}"))
        }
        (Some(Observed::Seen(LoginSeen::Taken(answer))), _) => {
            Check::fails("a login before TLS is taken", format!("the answer to a wrong password was {answer}"))
        }
        (Some(Observed::Unobserved(why)), _) => Check::unclear("what becomes of a login before TLS", why.clone()),
        (None, _) => Check::unclear("what becomes of a login before TLS", no_cleartext(seen)),
    }
}
