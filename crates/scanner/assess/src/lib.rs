//! The assessment: facts of a mail server and its domains, as checks that each have a grade, as a hosted scanner would show
//! them. Nothing is graded that was not observed.
//!
//! [`Facts`] is filled by whoever can look (everything in it may be unobserved), and [`assess`] makes an [`Assessment`] of
//! it: one line a check, with the reason, and where it is clear the line to change.

mod certificate;
mod check;
mod ciphers;
mod dane;
mod facts;
mod mta_sts;
mod records;
mod relay;
mod setting;
mod transport;

#[cfg(test)]
mod tests;

pub use check::{Assessment, Check, Grade, Group, Summary};
pub use facts::{
    DomainFacts, Facts, PolicyFetch, RelayAttempt, RelayFacts, ServiceFacts, Software, UnknownRecipient, Verification,
};

use check::Checks;
use profile::Profile;

/// Grades everything that was seen; what was not is there as not tested, with the reason. The checks come grouped, in the
/// order of [`Group`].
#[must_use]
pub fn assess(facts: &Facts, profile: &Profile) -> Assessment {
    let mut checks = Checks::default();
    for service in &facts.services {
        let label = label(service, facts);
        transport::checks(service, &label, profile, &mut checks);
        certificate::checks(service, &label, facts, profile, &mut checks);
        dane::checks(service, &label, facts, &mut checks);
    }
    for domain in &facts.domains {
        records::checks(domain, &mut checks);
        mta_sts::checks(domain, facts, &mut checks);
    }
    relay::checks(facts, &mut checks);
    Assessment {
        subject: facts.subject.clone(),
        profile: profile.title.clone(),
        now: facts.now.clone(),
        checks: checks.in_order(),
    }
}

/// The service's word, and its host where several hosts have the same service.
fn label(service: &ServiceFacts, facts: &Facts) -> String {
    let same = facts.services.iter().filter(|other| other.service == service.service).count();
    let word = service.service.as_str();
    if same > 1 { format!("{word} {}", service.host()) } else { word.to_owned() }
}
