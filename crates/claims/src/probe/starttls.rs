//! `starttls`: what a service does about STARTTLS.

use super::{Case, Probe, Scene, comes_before_tls};
use crate::{Check, Claim, ClaimList, Written, outcomes::reply_text};
use evidence::{Cleartext, LoginSeen, Observed, Probed};
use form::{Flaw, keywords};
use mail::Service;
use plan::Spanned;
use std::ops::Range;

/// What a service does about STARTTLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Starttls {
    /// It does not offer it.
    Absent,
    /// It offers it, and works without as well.
    Optional,
    /// It offers it, and refuses to work without.
    Required,
}

keywords! {
    Starttls: "what a service does about STARTTLS" {
        "absent" => Self::Absent, "it does not offer it";
        "optional" => Self::Optional, "it offers it, and works without";
        "required" => Self::Required, "it offers it, and does not work without";
    }
}

impl Claim<Probe> for Starttls {
    fn words(&self) -> String {
        match self {
            Self::Absent => "no STARTTLS",
            Self::Optional => "STARTTLS optional",
            Self::Required => "STARTTLS required",
        }
        .to_owned()
    }

    fn check(&self, case: &Case<'_>) -> Check {
        starttls(*self, case.seen)
    }

    fn contradictions(&self, at: &Range<usize>, _: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
        comes_before_tls(at, scene)
    }
}

impl Written<Probe> for Starttls {
    const KEY: &'static str = "starttls";
    const DOC: &'static str = "What it does about STARTTLS.";
    type Form = Self;

    fn read(written: Spanned<Self::Form>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}

/// Whether STARTTLS is offered, and whether the service works without.
fn starttls(claim: Starttls, seen: &Probed) -> Check {
    let what = "what it does about STARTTLS";
    let cleartext = match &seen.cleartext {
        Observed::Seen(cleartext) => cleartext,
        Observed::Unobserved(why) => return Check::unclear(what, why.clone()),
    };
    let offered = format!("it says that it can {}", cleartext.capabilities.join(", "));
    match (claim, cleartext.offers_starttls) {
        (Starttls::Absent, is_offered) => {
            Check::that(!is_offered, || "it offers STARTTLS".to_owned(), || vec![offered])
        }
        (_, false) => Check::fails("it does not offer STARTTLS", offered),
        (Starttls::Optional, true) => match works_without(seen.service, cleartext) {
            Works::Yes(_) => Check::Holds,
            Works::No(evidence) => Check::fails("it refuses to work without TLS", evidence),
            Works::Unknown(why) => Check::unclear("whether it works without TLS", why),
        },
        (Starttls::Required, true) => match works_without(seen.service, cleartext) {
            Works::No(_) => Check::Holds,
            Works::Yes(evidence) => Check::fails("it works without TLS as well", evidence),
            Works::Unknown(why) => Check::unclear("whether it works without TLS", why),
        },
    }
}

/// Whether a service works without TLS, with the evidence.
enum Works {
    Yes(String),
    No(String),
    Unknown(String),
}

/// For mail MAIL FROM tells it (RFC 3207 §4: 530), for a mailbox the login. A submission service may answer 530 also
/// because it wants a login first (RFC 4954 §6); then the login tells it.
fn works_without(service: Service, cleartext: &Cleartext) -> Works {
    let is_mail = matches!(service, Service::Smtp | Service::Submission | Service::Submissions);
    if !is_mail {
        return login_works(&cleartext.login);
    }
    let reply = match &cleartext.mail_from {
        Observed::Seen(reply) => reply,
        Observed::Unobserved(why) => return Works::Unknown(format!("MAIL FROM: {why}")),
    };
    let evidence = format!("it replied {} to MAIL FROM without TLS", reply_text(reply));
    let names_tls = reply.lines.iter().any(|line| line.to_ascii_uppercase().contains("TLS"));
    match reply.code {
        _ if reply.is_positive() => Works::Yes(evidence),
        530 if service == Service::Smtp || names_tls => Works::No(evidence),
        530 => login_works(&cleartext.login),
        _ => Works::Unknown(format!("{evidence}, which says nothing of TLS")),
    }
}

fn login_works(login: &Observed<LoginSeen>) -> Works {
    match login {
        Observed::Seen(LoginSeen::Taken(answer)) => Works::Yes(format!("a login without TLS was looked at: {answer}")),
        Observed::Seen(LoginSeen::Refused(answer)) => Works::No(format!("a login without TLS was refused: {answer}")),
        Observed::Unobserved(why) => Works::Unknown(format!("login: {why}")),
    }
}
