//! Probes: what a service must take, and what of that cannot be.

use super::{Claims, labels};
use crate::language::{ProbeExpectTable, ProbeTable};
use form::{
    Flaw,
    ciphers::CipherName,
    did_you_mean, listed,
    values::{AtLeastOne, Line},
    words::Feature,
};
use mail::Service;
use plan::{Claimed, Probe, ProbeClaim, Spanned, World};
use std::ops::Range;

/// Makes the probes of a file.
pub(crate) fn probes(tables: Vec<Spanned<ProbeTable>>, world: &World, flaws: &mut Vec<Flaw>) -> Vec<Probe> {
    let named: Vec<_> = tables.iter().map(|table| table.value.label.as_ref()).collect();
    let usual = tables.iter().map(|table| table.value.service.0.as_ref().map(|service| service.value.to_string()));
    let labels = labels(&named, usual, flaws);
    let mut built = Vec::new();
    for (Spanned { value: table, span }, label) in tables.into_iter().zip(labels) {
        let (Some(service), Some(expect)) = (table.service.0, table.expect.0) else { continue };
        has_such_a_profile(expect.profile.as_ref(), world, flaws);
        speaks_before_tls(&service, &expect, flaws);
        speaks_tls(&service, &expect, flaws);
        denies_itself(&expect, flaws);
        built.push(Probe { label, service, server_name: table.server_name, expect: claims(expect), span });
    }
    built
}

fn claims(table: ProbeExpectTable) -> Vec<Claimed<ProbeClaim>> {
    let names = |list: AtLeastOne<Spanned<CipherName>>| list.0.into_iter().map(|name| name.value.0).collect();
    let features = |list: AtLeastOne<Feature>| list.0.into_iter().map(|f| f.0.to_owned()).collect();
    let mut claims = Claims(Vec::new());
    claims.add(table.starttls, |word| ProbeClaim::Starttls(word.0));
    claims.add(table.versions, |list| ProbeClaim::Versions(list.into_iter().map(|v| v.0.to_owned()).collect()));
    claims.add(table.takes, |list| ProbeClaim::Takes(names(list)));
    claims.add(table.refuses, |list| ProbeClaim::Refuses(names(list)));
    claims.add(table.order, |word| ProbeClaim::Order(word.0.to_owned()));
    claims.add(table.dh_bits, |bits| ProbeClaim::DhBits(u16::try_from(bits.0).unwrap_or(u16::MAX)));
    claims.add(table.peer, |word| ProbeClaim::Peer(word.0.to_owned()));
    claims.add(table.key, |name| ProbeClaim::Key(name.0));
    claims.add(table.profile, |line| ProbeClaim::Profile(line.0));
    claims.add(table.login, |word| ProbeClaim::Login(word.0.to_owned()));
    claims.add(table.injection, |word| ProbeClaim::Injection(word.0.to_owned()));
    claims.add(table.has, |list| ProbeClaim::Has(features(list)));
    claims.add(table.has_not, |list| ProbeClaim::HasNot(features(list)));
    claims.add(table.tlsa, |word| ProbeClaim::Tlsa(word.0.to_owned()));
    claims.0
}

fn has_such_a_profile(profile: Option<&Spanned<Line>>, world: &World, flaws: &mut Vec<Flaw>) {
    let Some(profile) = profile.filter(|profile| !world.profiles.contains(&profile.value.0)) else { return };
    let name = &profile.value.0;
    let known: Vec<&str> = world.profiles.iter().map(String::as_str).collect();
    let usual = format!("There are {}", listed(&known));
    let flaw = if name.ends_with(".toml") {
        let flaw = Flaw::new(format!("a scenario cannot be judged by `{name}`")).at(&profile.span, "a file");
        flaw.help(format!("only profiles that are known everywhere have a place here: {}", listed(&known)))
    } else {
        let help = did_you_mean(name, known.iter().copied(), &usual);
        Flaw::new(format!("no profile `{name}`")).at(&profile.span, "unknown").help(help)
    };
    flaws.push(flaw);
}

/// A service that speaks TLS from its first octet says nothing before.
fn speaks_before_tls(service: &Spanned<Service>, expect: &ProbeExpectTable, flaws: &mut Vec<Flaw>) {
    if !service.value.is_implicit() {
        return;
    }
    let spans = [
        expect.starttls.as_ref().map(|claim| &claim.span),
        expect.login.as_ref().map(|claim| &claim.span),
        expect.injection.as_ref().map(|claim| &claim.span),
    ];
    for span in spans.into_iter().flatten() {
        let flaw =
            Flaw::new(format!("{} speaks TLS from its first octet", service.value)).at(span, "nothing comes before");
        flaws.push(flaw.at(&service.span, "the service").help("claim it of the service with STARTTLS, such as `imap`"));
    }
}

/// What can only be seen in a handshake is not there without TLS.
fn speaks_tls(service: &Spanned<Service>, expect: &ProbeExpectTable, flaws: &mut Vec<Flaw>) {
    let is_empty = |versions: &&Spanned<Vec<_>>| versions.value.is_empty();
    let none = expect.versions.as_ref().filter(is_empty).map(|versions| &versions.span);
    let absent = expect.starttls.as_ref().filter(|word| word.value.0 == plan::StarttlsClaim::Absent);
    let absent = absent.filter(|_| !service.value.is_implicit()).map(|word| &word.span);
    let Some(without) = none.or(absent) else { return };
    let some = expect.versions.as_ref().filter(|versions| !is_empty(versions)).map(|versions| &versions.span);
    let tlsa = expect.tlsa.as_ref().filter(|word| word.value.0 != "none").map(|word| &word.span);
    let spans: [Option<&Range<usize>>; 8] = [
        some,
        expect.takes.as_ref().map(|claim| &claim.span),
        expect.order.as_ref().map(|claim| &claim.span),
        expect.peer.as_ref().map(|claim| &claim.span),
        expect.key.as_ref().map(|claim| &claim.span),
        expect.profile.as_ref().map(|claim| &claim.span),
        expect.has.as_ref().map(|claim| &claim.span),
        tlsa,
    ];
    for span in spans.into_iter().flatten() {
        let flaw = Flaw::new(format!("without TLS that cannot be seen of {}", service.value)).at(span, "this claim");
        flaws.push(flaw.at(without, "there is no TLS").help("take one of them away"));
    }
}

/// What is claimed and denied at once.
fn denies_itself(expect: &ProbeExpectTable, flaws: &mut Vec<Flaw>) {
    if let (Some(has), Some(not)) = (&expect.has, &expect.has_not)
        && let Some(both) = has.value.0.iter().find(|f| not.value.0.iter().any(|other| other.0 == f.0))
    {
        let flaw = Flaw::new(format!("`{}` is claimed and denied", both.0)).at(&has.span, "it does");
        flaws.push(flaw.at(&not.span, "it does not").help("take it away from one of them"));
    }
    let (Some(takes), Some(refuses)) = (&expect.takes, &expect.refuses) else { return };
    for taken in &takes.value.0 {
        if let Some(refused) = refuses.value.0.iter().find(|refused| refused.value.is(&taken.value)) {
            let flaw = Flaw::new(format!("`{}` is claimed and denied", taken.value.0)).at(&taken.span, "it takes this");
            flaws.push(flaw.at(&refused.span, "it refuses this").help("take it away from one of them"));
        }
    }
}
