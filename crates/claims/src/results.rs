//! SPF, DKIM, DMARC and ARC results of a transaction, from what the filters said.
//!
//! The Authentication-Results field is asked first, then the filters' logs, then the text of replies. Among logs, a
//! filter that has the method in its name (`policyd-spf`, `opendkim`) is believed before others. A source that says two
//! different things says nothing, and that is told.

use evidence::{AuthResult, Observed, ResultSource, Transaction};
use mail::{ArcResult, DkimResult, DmarcResult, Domain, Message, SpfResult, UnknownResult};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// What the source that counts says of a method.
///
/// # Errors
/// Why none says anything.
pub fn of<'a>(method: &str, seen: &'a Transaction) -> Result<Vec<&'a AuthResult>, String> {
    let all: Vec<&AuthResult> = (seen.object.results.iter())
        .filter(|r| r.method.eq_ignore_ascii_case(method) && r.injected.is_none())
        .collect();
    let from = |is_meant: &dyn Fn(&ResultSource) -> bool| -> Option<Vec<&'a AuthResult>> {
        let found: Vec<&AuthResult> = all.iter().copied().filter(|r| is_meant(&r.source)).collect();
        (!found.is_empty()).then_some(found)
    };
    from(&|source| *source == ResultSource::Header)
        .or_else(|| from(&|source| matches!(source, ResultSource::Field(_))))
        .or_else(|| from(&|source| matches!(source, ResultSource::Log(filter) if filter.contains(method))))
        .or_else(|| from(&|source| matches!(source, ResultSource::Log(_))))
        .or_else(|| from(&|source| *source == ResultSource::Reply))
        .ok_or_else(|| nobody_says(method, seen))
}

/// Whether each result of a method is a word of RFC 8601 §2.7, as far as results of it were seen.
#[must_use]
pub fn are_words(method: &str, seen: &Transaction) -> bool {
    let is_word = |result: &&AuthResult| match method {
        "spf" => result.result.parse::<SpfResult>().is_ok(),
        "dkim" => result.result.parse::<DkimResult>().is_ok(),
        "dmarc" => result.result.parse::<DmarcResult>().is_ok(),
        "arc" => result.result.parse::<ArcResult>().is_ok(),
        _ => true,
    };
    of(method, seen).unwrap_or_default().iter().all(is_word)
}

/// Why a method may have more results than were seen: they stand in a log, and it was not complete.
#[must_use]
pub fn may_be_more(method: &str, seen: &Transaction) -> Option<String> {
    let is_in_log = |result: &&AuthResult| matches!(result.source, ResultSource::Log(_));
    let said = of(method, seen).unwrap_or_default();
    crate::outcomes::unsaid(seen).filter(|_| said.iter().any(is_in_log))
}

/// The results that stand in text of the peer's, each with that text as a sentence. No claim holds by them.
#[must_use]
pub fn injected(seen: &Transaction) -> Vec<String> {
    let tell = |result: &AuthResult| {
        let text = result.injected.as_ref()?;
        Some(format!("{}, which stands inside text of the peer's: {text}", render(result)))
    };
    let told: BTreeSet<String> = seen.object.results.iter().filter_map(tell).collect();
    told.into_iter().collect()
}

/// An identity that SPF checks (RFC 7208 §2.3, §2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    /// The name that the client says in EHLO or HELO.
    Helo,
    /// The reverse-path; the HELO name, if that is null.
    MailFrom,
}

/// The SPF result of an identity. A result for HELO says nothing of MAIL FROM, unless the reverse-path is null; one that
/// names no identity is about MAIL FROM.
#[must_use]
pub fn spf(identity: Identity, is_null: bool, seen: &Transaction) -> Observed<SpfResult> {
    let said = match of("spf", seen) {
        Ok(said) => said,
        Err(why) => return Observed::Unobserved(why),
    };
    let has = |r: &AuthResult, wanted: &str| r.properties.iter().any(|(name, _)| name.eq_ignore_ascii_case(wanted));
    let is_of_helo = |r: &&AuthResult| has(r, "smtp.helo") && !has(r, "smtp.mailfrom");
    let (of_helo, of_mail_from): (Vec<&AuthResult>, Vec<&AuthResult>) = said.iter().copied().partition(is_of_helo);
    let (meant, word) = match identity {
        Identity::Helo => (of_helo, "HELO"),
        Identity::MailFrom if of_mail_from.is_empty() && is_null => (of_helo, "MAIL FROM"),
        Identity::MailFrom => (of_mail_from, "MAIL FROM"),
    };
    if meant.is_empty() {
        let told: Vec<String> = said.into_iter().map(render).collect();
        return Observed::Unobserved(format!("nothing is said of {word}: {}", told.join("; ")));
    }
    one(&meant)
}

/// The result of a method that has one for the whole message.
#[must_use]
pub fn single<R: FromStr<Err = UnknownResult> + Copy + Ord>(method: &str, seen: &Transaction) -> Observed<R> {
    match of(method, seen) {
        Ok(said) => one(&said),
        Err(why) => Observed::Unobserved(why),
    }
}

fn one<R: FromStr<Err = UnknownResult> + Copy + Ord>(said: &[&AuthResult]) -> Observed<R> {
    let mut words = BTreeSet::new();
    for result in said {
        match result.result.parse::<R>() {
            Ok(word) => words.insert(word),
            Err(unknown) => return Observed::Unobserved(format!("{}: {unknown}", source_word(&result.source))),
        };
    }
    match words.first() {
        Some(word) if words.len() == 1 => Observed::Seen(*word),
        _ => Observed::Unobserved(contradiction(said)),
    }
}

/// The results of a method that cannot all be right, a sentence each: two results where a message has one, or of DKIM
/// that nobody signed it and that somebody did. Empty: they agree.
#[must_use]
pub fn contradictions(method: &str, seen: &Transaction) -> Vec<String> {
    let said = of(method, seen).unwrap_or_default();
    let key = |r: &AuthResult| match method {
        "spf" => r.properties.iter().any(|(name, _)| name.eq_ignore_ascii_case("smtp.mailfrom")).to_string(),
        "dkim" if r.result.eq_ignore_ascii_case("none") => String::new(),
        "dkim" => "signed".to_owned(),
        _ => String::new(),
    };
    let is_other = |one: &AuthResult, other: &AuthResult| match method {
        "dkim" => key(one) != key(other),
        _ => key(one) == key(other) && !one.result.eq_ignore_ascii_case(&other.result),
    };
    let contradicted = said.iter().filter(|one| said.iter().any(|other| is_other(one, other)));
    let told: BTreeSet<String> = contradicted.map(|result| render(result)).collect();
    told.into_iter().collect()
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

/// Whose signatures are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signer {
    /// `d=` (RFC 6376 §3.5).
    pub domain: Domain,
    /// `s=`; any, if none is named.
    pub selector: Option<String>,
    /// `a=`; any, if none is named.
    pub algorithm: Option<String>,
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.domain.fmt(f)?;
        let details = self.selector.iter().chain(&self.algorithm);
        details.enumerate().try_for_each(|(at, word)| write!(f, "{}{word}", if at == 0 { " by " } else { ", " }))
    }
}

/// The results of the signatures of somebody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signatures {
    /// Those that are of such a signature for sure.
    pub certain: Vec<DkimResult>,
    /// Those that may be, and what they do not say, a sentence each.
    pub possible: Vec<String>,
}

/// The results of all signatures of somebody, by `header.d` (or the domain of `header.i` where there is none), `header.s` and
/// `header.a` (or the signature itself, where there is none). A result that names no domain may be of anybody's, where none is theirs for sure.
///
/// # Errors
/// Why nothing can be said: nobody names DKIM, or with a word that is no result.
pub fn dkim_of(signer: &Signer, seen: &Transaction) -> Result<Signatures, String> {
    let said = of("dkim", seen)?;
    let (mut found, mut nameless) = (Signatures::default(), None);
    for result in said {
        let word: DkimResult = result.result.parse().map_err(|unknown: UnknownResult| unknown.to_string())?;
        match self::signer(result) {
            Some(domain) if domain == signer.domain => {
                let details =
                    [("header.s", "selector", &signer.selector), ("header.a", "algorithm", &signer.algorithm)];
                let told = |name: &str| match property(result, name) {
                    None if name == "header.a" => algorithm(result, seen),
                    told => told.map(str::to_owned),
                };
                let asked =
                    details.into_iter().filter_map(|(name, what, wanted)| Some((told(name), what, wanted.as_ref()?)));
                let asked: Vec<_> = asked.collect();
                let is_other = |(said, _, wanted): &(Option<String>, &str, &String)| {
                    said.as_ref().is_some_and(|said| !said.eq_ignore_ascii_case(wanted))
                };
                match asked.iter().find(|(said, ..)| said.is_none()) {
                    _ if asked.iter().any(is_other) => {}
                    Some((_, what, _)) => {
                        found.possible.push(format!("{} does not name the signature's {what}", render(result)));
                    }
                    None => found.certain.push(word),
                }
            }
            None if word != DkimResult::None && !is_no_domain(result) => nameless = Some(result),
            _ => {}
        }
    }
    if let Some(result) = nameless.filter(|_| found.certain.is_empty()) {
        found.possible.push(format!("{} does not name the signature's domain", render(result)));
    }
    Ok(found)
}

/// A result as a person would say it: where it stands and what it says.
#[must_use]
pub fn render(result: &AuthResult) -> String {
    format!("{} says {}", source_word(&result.source), resinfo(result))
}

/// A result in the notation of RFC 8601 §2.2.
#[must_use]
pub fn resinfo(result: &AuthResult) -> String {
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
        ResultSource::Field(name) => format!("the field {name} of the delivered message"),
        ResultSource::Log(filter) => format!("the log of {filter}"),
        ResultSource::Reply => "the reply".to_owned(),
    }
}

fn signer(result: &AuthResult) -> Option<Domain> {
    let auid = || property(result, "header.i").and_then(|auid| auid.rsplit('@').next());
    property(result, "header.d").or_else(auid)?.parse().ok()
}

fn property<'a>(result: &'a AuthResult, wanted: &str) -> Option<&'a str> {
    let found = result.properties.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value.as_str())
}

/// Whether a result names as its domain what cannot be one: a peer's text, and nobody's.
fn is_no_domain(result: &AuthResult) -> bool {
    let is_odd = |c: char| c.is_ascii() && !(c.is_ascii_alphanumeric() || "-_.".contains(c));
    property(result, "header.d").is_some_and(|domain| domain.contains(is_odd))
}

/// The algorithm of the signature that a result is about, where the result does not say it: `a=` of the signatures in the message with
/// its domain, its selector and the beginning of its octets, if they all have the same.
fn algorithm(result: &AuthResult, seen: &Transaction) -> Option<String> {
    let sent = Message::parse(&seen.sent);
    let message = seen.object.delivered.first().map_or(&sent, |copy| &copy.message);
    let octets = |value: &str| value.split_whitespace().collect::<String>();
    let mut found: BTreeSet<String> = BTreeSet::new();
    for field in message.all("DKIM-Signature") {
        let tag = |name: &str| {
            let mut tags = field.split(';').filter_map(|tag| tag.split_once('='));
            tags.find(|(tag, _)| tag.trim() == name).map(|(_, value)| octets(value))
        };
        let is = |name: &str, tag_name: &str| {
            property(result, name).is_none_or(|said| tag(tag_name).is_some_and(|own| own.eq_ignore_ascii_case(said)))
        };
        let begins = property(result, "header.b").is_none_or(|said| tag("b").is_some_and(|own| own.starts_with(said)));
        if is("header.d", "d") && is("header.s", "s") && begins {
            found.insert(tag("a")?);
        }
    }
    found.pop_first().filter(|_| found.is_empty())
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

fn contradiction(said: &[&AuthResult]) -> String {
    let told: BTreeSet<String> = said.iter().map(|r| render(r)).collect();
    format!("sources contradict each other: {}", told.into_iter().collect::<Vec<_>>().join("; "))
}

fn nobody_says(method: &str, seen: &Transaction) -> String {
    if seen.object.delivered.is_empty() {
        format!("no message was delivered whose Authentication-Results could say, and no log or reply names {method}")
    } else {
        format!("neither the Authentication-Results of the delivered message nor a log or reply names {method}")
    }
}
