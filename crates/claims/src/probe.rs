//! Claims on what a service takes, seen from outside.

mod before_tls;
mod dh_bits;
mod features;
mod has;
mod has_not;
mod injection;
mod key;
mod login;
mod order;
mod peer;
mod profile;
mod refuses;
mod starttls;
mod taken;
mod takes;
mod tlsa;
mod versions;

pub use dh_bits::DhBits;
pub use has::Has;
pub use has_not::HasNot;
pub use injection::Injection;
pub use key::Key;
pub use login::Login;
pub use order::Order;
pub use peer::Peer;
pub use profile::Profile;
pub use refuses::Refuses;
pub use starttls::Starttls;
pub use takes::Takes;
pub use tlsa::Tlsa;
pub use versions::Versions;

use crate::{Cause, ClaimList, Entry, Subject, transaction::setting_cause};
use evidence::Probed;
use form::Flaw;
use mail::Service;
use plan::{Daemon, Plan, Spanned, World};
use std::ops::Range;

/// A question to a service of the gateway.
#[derive(Debug)]
pub struct Probe;

impl Subject for Probe {
    type Case<'a> = Case<'a>;
    type Scene<'a> = Scene<'a>;
    const TABLE: &'static str = "probe expect table";
    const DOC: &'static str = "What a service must take, and what not.";

    fn registry() -> Vec<Entry<Self>> {
        vec![
            Entry::of::<Starttls>(),
            Entry::of::<Versions>(),
            Entry::of::<Takes>(),
            Entry::of::<Refuses>(),
            Entry::of::<Order>(),
            Entry::of::<DhBits>(),
            Entry::of::<Peer>(),
            Entry::of::<Key>(),
            Entry::of::<Profile>(),
            Entry::of::<Login>(),
            Entry::of::<Injection>(),
            Entry::of::<Has>(),
            Entry::of::<HasNot>(),
            Entry::of::<Tlsa>(),
        ]
    }

    fn place(plan: &Plan, index: usize) -> Option<Cause> {
        let service = &plan.probes.get(index)?.service;
        let set = setting_cause(&plan.settings, daemon(service.value));
        Some(set.unwrap_or_else(|| Cause::new(&service.span, "of this service")))
    }
}

/// Whose settings a service depends on.
const fn daemon(service: Service) -> Daemon {
    match service {
        Service::Smtp | Service::Submission | Service::Submissions => Daemon::Postfix,
        Service::Imap | Service::Imaps | Service::Pop3 | Service::Pop3s | Service::Sieve => Daemon::Dovecot,
    }
}

/// A probe that was answered.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What was asked.
    pub planned: &'a plan::Probe,
    /// What was seen.
    pub seen: &'a Probed,
}

/// A probe as the file has it.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The profiles that there are.
    pub world: &'a World,
    /// The service.
    pub service: &'a Spanned<Service>,
}

/// Complains of a claim at this place that can only be seen before TLS, of a service that speaks TLS from its first octet.
fn comes_before_tls(at: &Range<usize>, scene: &Scene<'_>) -> Vec<Flaw> {
    let service = scene.service;
    if !service.value.is_implicit() {
        return Vec::new();
    }
    let flaw = Flaw::new(format!("{} speaks TLS from its first octet", service.value)).at(at, "nothing comes before");
    vec![flaw.at(&service.span, "the service").help("claim it of the service with STARTTLS, such as `imap`")]
}

/// Complains of a claim at this place that can only be seen in a handshake, where others say that there is no TLS.
fn needs_tls(at: &Range<usize>, claims: &ClaimList<Probe>, scene: &Scene<'_>) -> Vec<Flaw> {
    let service = scene.service.value;
    let none = claims.first::<Versions>().filter(|(versions, _)| versions.0.is_empty());
    let absent = claims.first::<Starttls>().filter(|(word, _)| **word == Starttls::Absent && !service.is_implicit());
    let Some(without) = none.map(|(_, span)| span).or(absent.map(|(_, span)| span)) else { return Vec::new() };
    let flaw = Flaw::new(format!("without TLS that cannot be seen of {service}")).at(at, "this claim");
    vec![flaw.at(without, "there is no TLS").help("take one of them away")]
}

/// So many names are shown in a line, and so many lines, and no more.
const MOST: usize = 8;

/// A list of names, the first of them only.
fn few(names: &[String]) -> String {
    let shown = names.iter().take(MOST).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
