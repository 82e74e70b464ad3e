//! Claims on the certificates of a service, and on the TLSA records that the DNS has for it.

use crate::{Check, links};
use evidence::{ChainSeen, LookedUp, Observed, Probed};
use mail::{TlsaFault, TlsaRecord};
use plan::Probe;
use std::collections::BTreeSet;

/// What the certificates are worth; `trusted` also holds for `verified`, which is more.
pub(crate) fn peer(claim: &str, planned: &Probe, seen: &Probed) -> Check {
    let chains = match asked_for(planned, seen) {
        Ok(chains) => chains,
        Err(why) => return Check::unclear(format!("whether its certificate is {claim}"), why),
    };
    let other = chains.iter().find(|chain| !links::is_trust(claim, &chain.trust));
    match other {
        Some(chain) => Check::fails(
            format!("its certificate is {}, not {claim}", links::trust_as_str(&chain.trust)),
            format!("{}, which is {}", words(chain), links::trust(&chain.trust)),
        ),
        None => Check::Holds,
    }
}

/// A certificate of its own has a key of this kind.
pub(crate) fn key(claim: &str, planned: &Probe, seen: &Probed) -> Check {
    let chains = match asked_for(planned, seen) {
        Ok(chains) => chains,
        Err(why) => return Check::unclear(format!("whether its certificate has a key {claim}"), why),
    };
    let keys: BTreeSet<&str> =
        chains.iter().filter_map(|chain| chain.certificates.first()).map(|own| own.key.as_str()).collect();
    let is_it = keys.iter().any(|key| key.eq_ignore_ascii_case(claim));
    let keys: Vec<&str> = keys.into_iter().collect();
    Check::that(
        is_it,
        || format!("the key of its certificate is {}, not {claim}", keys.join(" or ")),
        || chains.iter().map(|chain| words(chain)).collect(),
    )
}

/// The chains that a client gets which asks as the probe does.
fn asked_for<'a>(planned: &Probe, seen: &'a Probed) -> Result<Vec<&'a ChainSeen>, String> {
    let name = planned.server_name.as_ref().map_or_else(|| host(seen), |name| name.as_str());
    named(name, seen)
}

/// Those for a name; where none is, those without a name; or why there are none.
fn named<'a>(name: &str, seen: &'a Probed) -> Result<Vec<&'a ChainSeen>, String> {
    if seen.versions.is_empty() {
        return Err(format!("{} speaks no TLS, so it showed no certificate", seen.server));
    }
    let all = seen.certificates()?;
    let is_for = |chain: &&ChainSeen| chain.server_name.as_ref().is_some_and(|of| of.eq_ignore_ascii_case(name));
    let (named, others): (Vec<_>, Vec<_>) = all.into_iter().partition(is_for);
    if !named.is_empty() {
        return Ok(named);
    }
    let nameless: Vec<_> = others.into_iter().filter(|chain| chain.server_name.is_none()).collect();
    if nameless.is_empty() { Err(format!("it showed no certificate for {name}")) } else { Ok(nameless) }
}

/// The name of the server, without its port.
fn host(seen: &Probed) -> &str {
    seen.server.rsplit_once(':').map_or(seen.server.as_str(), |(host, _)| host)
}

fn words(chain: &ChainSeen) -> String {
    let asked = chain.server_name.as_ref().map_or_else(|| "no name".to_owned(), Clone::clone);
    match chain.certificates.first() {
        Some(own) => format!("asked for {asked} it shows {}", links::certificate(own)),
        None => format!("asked for {asked} it shows no certificate"),
    }
}

/// Whether a TLSA record matches a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    /// It has a matching type of which the chain's data was not seen.
    Unknown,
}

fn matches(record: &TlsaRecord, chain: &ChainSeen, host: &str) -> Match {
    match chain.is_named_by(record, host) {
        Some(true) => Match::Yes,
        Some(false) => Match::No,
        None => Match::Unknown,
    }
}

/// The TLSA records are authentic and match every chain that the service shows for its name; they do not; or there are
/// none. What a sender does about a certificate of which only the digest was seen is not told.
pub(crate) fn tlsa(claim: &str, seen: &Probed) -> Check {
    let what = "whether TLSA records match its certificate";
    let found = match &seen.tlsa {
        Observed::Seen(found) => found,
        Observed::Unobserved(why) => return Check::unclear(what, why.clone()),
    };
    if !matches!(found.rcode.as_str(), "NOERROR" | "NXDOMAIN") {
        return Check::unclear(what, format!("the DNS answers {} to the question for them", found.rcode));
    }
    let records = records(found);
    if records.is_empty() {
        let none = || vec![format!("the DNS answers {} and no record", found.rcode)];
        return Check::that(claim == "none", || "it has no TLSA records".to_owned(), none);
    }
    let told = tell(&records, found);
    if claim == "none" {
        return Check::Fails("it has TLSA records".to_owned(), told);
    }
    let name = host(seen);
    let chains = match named(name, seen) {
        Ok(chains) => chains,
        Err(why) => return Check::unclear(what, why),
    };
    let read = records.iter().filter_map(|record| record.parse().ok());
    let has_meaning = |record: &TlsaRecord| {
        !record.data.is_empty() && record.faults().iter().all(|fault| matches!(fault, TlsaFault::Length(_)))
    };
    let usable: Vec<TlsaRecord> = read.filter(has_meaning).collect();
    let best = |chain: &&ChainSeen| {
        let all: Vec<Match> = usable.iter().map(|record| matches(record, chain, name)).collect();
        let has = |wanted: Match| all.contains(&wanted).then_some(wanted);
        has(Match::Yes).or_else(|| has(Match::Unknown)).unwrap_or(Match::No)
    };
    let matches: Vec<Match> = chains.iter().map(best).collect();
    let does_match = if !found.is_authentic || matches.contains(&Match::No) {
        false
    } else if matches.contains(&Match::Unknown) {
        return Check::unclear(
            what,
            "only SHA-256 digests were made of its certificates, and no record has one that matches",
        );
    } else {
        true
    };
    if does_match == (claim == "matches") {
        return Check::Holds;
    }
    let message = match (does_match, found.is_authentic, usable.is_empty()) {
        (true, ..) => "the TLSA records match its certificate",
        (false, false, _) => "the TLSA records are not authentic, so nobody looks at them (RFC 7672 §2.1)",
        (false, true, true) => "no TLSA record is of a kind that SMTP uses (RFC 7672 §3.1.3)",
        (false, true, false) => "the TLSA records do not match its certificate",
    };
    Check::Fails(message.to_owned(), told.into_iter().chain(chains.iter().map(|chain| shown(chain))).collect())
}

fn records(found: &LookedUp) -> Vec<&str> {
    let is_tlsa = |record: &&str| record.split_whitespace().next().is_some_and(|word| word.parse::<u8>().is_ok());
    found.records.iter().map(String::as_str).filter(is_tlsa).collect()
}

fn tell(records: &[&str], found: &LookedUp) -> Vec<String> {
    let authentic = if found.is_authentic { "authentic" } else { "not authentic" };
    records.iter().map(|record| format!("the DNS has {record}, {authentic}")).collect()
}

fn shown(chain: &ChainSeen) -> String {
    let digests = if chain.digests.is_empty() { "no digest".to_owned() } else { chain.digests.join(", ") };
    format!("{}, which is {digests}", words(chain))
}
