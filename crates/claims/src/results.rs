//! SPF, DKIM, DMARC and ARC results of a transaction, from what the filters said.
//!
//! The Authentication-Results field is asked first, then the filters' logs, then the text of replies. Among logs, a
//! filter that has the method in its name (`policyd-spf`, `opendkim`) is believed before others. A source that says two
//! different things says nothing, and that is told.

use evidence::{AuthResult, Observed, ResultSource, Transaction};
use mail::{DkimResult, Domain, UnknownResult};
use std::{collections::BTreeSet, str::FromStr};

/// What the source that counts says of a method.
///
/// # Errors
/// Why none says anything.
pub fn of<'a>(method: &str, seen: &'a Transaction) -> Result<Vec<&'a AuthResult>, String> {
    let all: Vec<&AuthResult> = seen.object.results.iter().filter(|r| r.method.eq_ignore_ascii_case(method)).collect();
    let from = |is_meant: &dyn Fn(&ResultSource) -> bool| -> Option<Vec<&'a AuthResult>> {
        let found: Vec<&AuthResult> = all.iter().copied().filter(|r| is_meant(&r.source)).collect();
        (!found.is_empty()).then_some(found)
    };
    from(&|source| *source == ResultSource::Header)
        .or_else(|| from(&|source| matches!(source, ResultSource::Log(filter) if filter.contains(method))))
        .or_else(|| from(&|source| matches!(source, ResultSource::Log(_))))
        .or_else(|| from(&|source| *source == ResultSource::Reply))
        .ok_or_else(|| nobody_says(method, seen))
}

/// The result of a method that has one for the whole message.
#[must_use]
pub fn single<R: FromStr<Err = UnknownResult> + Copy + Ord>(method: &str, seen: &Transaction) -> Observed<R> {
    let said = match of(method, seen) {
        Ok(said) => by_identity(said),
        Err(why) => return Observed::Unobserved(why),
    };
    let mut words = BTreeSet::new();
    for result in &said {
        match result.result.parse::<R>() {
            Ok(word) => words.insert(word),
            Err(unknown) => return Observed::Unobserved(format!("{}: {unknown}", source_word(&result.source))),
        };
    }
    match words.first() {
        Some(word) if words.len() == 1 => Observed::Seen(*word),
        _ => Observed::Unobserved(contradiction(&said)),
    }
}

/// The best DKIM result of all signatures. RFC 6376 §6.1 has a verifier go on until one verifies, and treat those that
/// do not as absent; so `pass` is best. Then come, of the words of RFC 8601 §2.7.1: `policy` (it verified), `temperror` (it may
/// yet verify), `fail`, `neutral` and `permerror` (it cannot be verified), `none`.
#[must_use]
pub fn best_dkim(seen: &Transaction) -> Observed<DkimResult> {
    let said = match of("dkim", seen) {
        Ok(said) => said,
        Err(why) => return Observed::Unobserved(why),
    };
    let words: Result<Vec<DkimResult>, _> = said.iter().map(|r| r.result.parse::<DkimResult>()).collect();
    match words.map(|words| words.into_iter().min_by_key(|word| rank(*word))) {
        Ok(Some(best)) => Observed::Seen(best),
        Ok(None) => Observed::Unobserved(nobody_says("dkim", seen)),
        Err(unknown) => Observed::Unobserved(unknown.to_string()),
    }
}

/// The results of all signatures of a domain (`header.d`, or the domain of `header.i` where there is none); empty: it
/// has none. Unobserved: some result does not say whose signature it is of.
#[must_use]
pub fn dkim_of(domain: &Domain, seen: &Transaction) -> Observed<Vec<DkimResult>> {
    let said = match of("dkim", seen) {
        Ok(said) => said,
        Err(why) => return Observed::Unobserved(why),
    };
    let mut found = Vec::new();
    let mut nameless = None;
    for result in said {
        match (signer(result), result.result.parse::<DkimResult>()) {
            (_, Err(unknown)) => return Observed::Unobserved(unknown.to_string()),
            (Some(signer), Ok(word)) if signer == *domain => found.push(word),
            (None, Ok(word)) if word != DkimResult::None => nameless = Some(result),
            _ => {}
        }
    }
    match nameless {
        Some(result) if found.is_empty() => {
            Observed::Unobserved(format!("{} does not name the signature's domain", told(result)))
        }
        _ => Observed::Seen(found),
    }
}

/// A result as a person would say it: where it stands and what it says.
#[must_use]
pub fn told(result: &AuthResult) -> String {
    format!("{} says {}", source_word(&result.source), words(result))
}

/// A result in the notation of RFC 8601 §2.2.
#[must_use]
pub fn words(result: &AuthResult) -> String {
    let mut text = format!("{}={}", result.method, result.result);
    if let Some(reason) = &result.reason {
        text.push_str(&format!(" ({reason})"));
    }
    for (name, value) in &result.properties {
        text.push_str(&format!(" {name}={value}"));
    }
    text
}

/// Where a result was read, in words.
#[must_use]
pub fn source_word(source: &ResultSource) -> String {
    match source {
        ResultSource::Header => "the Authentication-Results field of the delivered message".to_owned(),
        ResultSource::Log(filter) => format!("the log of {filter}"),
        ResultSource::Reply => "the reply".to_owned(),
    }
}

fn signer(result: &AuthResult) -> Option<Domain> {
    let property = |wanted: &str| {
        result.properties.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted)).map(|(_, value)| value.as_str())
    };
    let auid = || property("header.i").and_then(|auid| auid.rsplit('@').next());
    property("header.d").or_else(auid)?.parse().ok()
}

const fn rank(result: DkimResult) -> u8 {
    match result {
        DkimResult::Pass => 0,
        DkimResult::Policy => 1,
        DkimResult::TempError => 2,
        DkimResult::Fail => 3,
        DkimResult::Neutral => 4,
        DkimResult::PermError => 5,
        DkimResult::None => 6,
    }
}

/// SPF has two identities (RFC 7208 §2.3, §2.4): a result for MAIL FROM counts, one for HELO only without it.
fn by_identity(said: Vec<&AuthResult>) -> Vec<&AuthResult> {
    let of_mail_from: Vec<&AuthResult> = (said.iter().copied())
        .filter(|r| r.properties.iter().any(|(name, _)| name.eq_ignore_ascii_case("smtp.mailfrom")))
        .collect();
    if of_mail_from.is_empty() { said } else { of_mail_from }
}

fn contradiction(said: &[&AuthResult]) -> String {
    let told: BTreeSet<String> = said.iter().map(|r| told(r)).collect();
    format!("sources contradict each other: {}", told.into_iter().collect::<Vec<_>>().join("; "))
}

fn nobody_says(method: &str, seen: &Transaction) -> String {
    if seen.object.delivered.is_empty() {
        format!("no message was delivered whose Authentication-Results could say, and no log or reply names {method}")
    } else {
        format!("neither the Authentication-Results of the delivered message nor a log or reply names {method}")
    }
}
