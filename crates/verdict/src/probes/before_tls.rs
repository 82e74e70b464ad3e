//! Claims on what a service does before TLS: STARTTLS, logins, and what is injected behind STARTTLS.

use crate::{check::Check, outcome::said};
use evidence::{Cleartext, Injection, LoginSeen, Observed, Probed};
use mail::Service;
use plan::StarttlsClaim;

/// Whether STARTTLS is offered, and whether the service works without.
pub(super) fn starttls(claim: StarttlsClaim, seen: &Probed) -> Check {
    let what = "what it does about STARTTLS";
    let cleartext = match &seen.cleartext {
        Observed::Seen(cleartext) => cleartext,
        Observed::Unobserved(why) => return Check::unclear(what, why.clone()),
    };
    let offered = format!("it says that it can {}", cleartext.capabilities.join(", "));
    match (claim, cleartext.offers_starttls) {
        (StarttlsClaim::Absent, is_offered) => {
            Check::that(!is_offered, || "it offers STARTTLS".to_owned(), || vec![offered])
        }
        (_, false) => Check::fails("it does not offer STARTTLS", offered),
        (StarttlsClaim::Optional, true) => match works_without(seen.service, cleartext) {
            Works::Yes(_) => Check::Holds,
            Works::No(evidence) => Check::fails("it refuses to work without TLS", evidence),
            Works::Unknown(why) => Check::unclear("whether it works without TLS", why),
        },
        (StarttlsClaim::Required, true) => match works_without(seen.service, cleartext) {
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
    let evidence = format!("it replied {} to MAIL FROM without TLS", said(reply));
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

/// A login before TLS is `refused` or `taken`.
pub(super) fn login(claim: &str, seen: &Probed) -> Check {
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

/// What was injected behind STARTTLS is `dropped`, or the connection closed; or it is `answered` (CVE-2011-0411).
pub(super) fn injection(claim: &str, seen: &Probed) -> Check {
    let what = "what becomes of plaintext behind STARTTLS";
    let injection = match seen.cleartext.seen().map(|cleartext| &cleartext.injection) {
        Some(Observed::Seen(injection)) => injection,
        Some(Observed::Unobserved(why)) => return Check::unclear(what, why.clone()),
        None => return Check::unclear(what, no_cleartext(seen)),
    };
    match (injection, claim) {
        (Injection::Answered(_), "answered") | (Injection::Dropped | Injection::Closed, "dropped") => Check::Holds,
        (Injection::Answered(answer), _) => Check::fails(
            "plaintext that was injected behind STARTTLS is answered under TLS",
            format!("the answer was {answer}"),
        ),
        (Injection::Dropped, _) => {
            Check::fails("plaintext behind STARTTLS is dropped", "nothing answered it under TLS")
        }
        (Injection::Closed, _) => {
            Check::fails("plaintext behind STARTTLS is not answered", "the connection was closed")
        }
    }
}

fn no_cleartext(seen: &Probed) -> String {
    match &seen.cleartext {
        Observed::Unobserved(why) => why.clone(),
        Observed::Seen(_) => "it was not looked for".to_owned(),
    }
}
