//! Versions, their cipher suites and whose order counts.

use crate::{
    flight::{Flight, Taken},
    hello::{Hello, SSL3, TLS10, TLS11, TLS12, TLS13},
    line::Line,
    shares, suites,
};
use evidence::{Observed, Order, VersionSeen};
use futures_util::future::join_all;
use mail::{GROUPS, SCHEMES, version_name};
use std::io;

/// Suites are looked for in so many at a time, so that no server chokes on a long list, and in all parts at once.
const PART: usize = 96;
/// Alert protocol_version (RFC 8446 §6.2): the server knows exactly why.
const PROTOCOL_VERSION: u8 = 70;
/// What a server is if it takes nothing of what is asked about.
const ONLY_13: &str = "the server takes TLS 1.3 alone, which has no such thing";

/// What came of a first hello in each version, oldest first: whether the server takes it.
#[derive(Debug)]
pub(crate) struct Versions(Vec<(u16, Result<Option<Taken>, String>)>);

/// A hello of this version with everything that usually goes with it.
pub(crate) fn usual(line: &Line<'_>, version: u16, suites: Vec<u16>) -> Hello {
    // with ffdhe groups a server before TLS 1.3 would not show its own group (RFC 7919 §4)
    let is_meant = |id: &u16| version >= TLS13 || !(0x0100..0x0200).contains(id);
    Hello {
        version,
        suites,
        groups: GROUPS.iter().map(|(id, _)| *id).filter(is_meant).collect(),
        schemes: SCHEMES.iter().map(|(id, _)| *id).collect(),
        server_name: line.name(),
        ..Hello::default()
    }
}

impl Versions {
    /// Asks for each version once.
    pub(crate) async fn first(line: &Line<'_>) -> Self {
        let all = [SSL3, TLS10, TLS11, TLS12, TLS13];
        let flights = join_all(all.map(|version| first(line, version))).await;
        // a server that never says a word of TLS does not tell what it takes
        let is_word = |flight: &io::Result<Flight>| matches!(flight, Ok(Flight::Alert(_) | Flight::Taken(_)));
        let is_silent = !flights.iter().any(is_word);
        let told = |version, flight: io::Result<Flight>| match flight.map_err(|error| error.to_string())? {
            Flight::Taken(taken) if taken.version == version => Ok(Some(*taken)),
            garbage @ Flight::Garbage(_) => Err(garbage.words()),
            Flight::Closed if is_silent => {
                Err("it closes the connection, whichever version a ClientHello offers".to_owned())
            }
            _ => Ok(None),
        };
        Self(all.into_iter().zip(flights).map(|(version, flight)| (version, told(version, flight))).collect())
    }

    /// The versions that it takes, oldest first.
    pub(crate) fn taken(&self) -> impl DoubleEndedIterator<Item = u16> {
        self.0.iter().filter(|(_, found)| matches!(found, Ok(Some(_)))).map(|(version, _)| *version)
    }

    /// Whether it takes this one.
    pub(crate) fn takes(&self, version: u16) -> bool {
        self.taken().any(|taken| taken == version)
    }

    /// Why it is not known whether it takes this one, if that is so.
    pub(crate) fn why_unknown(&self, version: u16) -> Option<&str> {
        let (_, found) = self.0.iter().find(|(other, _)| *other == version)?;
        found.as_ref().err().map(String::as_str)
    }

    /// Why nothing is known of any version, if that is so.
    pub(crate) fn unknown(&self) -> Option<&str> {
        let mut newest = None;
        for (_, found) in &self.0 {
            newest = Some(found.as_ref().err()?.as_str());
        }
        newest
    }

    /// The newest version that it takes.
    ///
    /// # Errors
    /// It takes none, or that could not be told: which of them, in words.
    pub(crate) fn newest(&self) -> Result<u16, String> {
        self.newest_of(&self.0, "the server takes no version of TLS")
    }

    /// The newest version before TLS 1.3 that it takes.
    ///
    /// # Errors
    /// As [`Versions::newest`].
    pub(crate) fn newest_before_13(&self) -> Result<u16, String> {
        let none = if self.takes(TLS13) { ONLY_13 } else { "the server takes no version of TLS" };
        self.newest_of(self.0.get(..4).unwrap_or_default(), none)
    }

    fn newest_of(&self, of: &[(u16, Result<Option<Taken>, String>)], none: &str) -> Result<u16, String> {
        if let Some(version) = self.taken().rev().find(|taken| of.iter().any(|(version, _)| version == taken)) {
            return Ok(version);
        }
        match of.iter().rev().find_map(|(version, found)| Some((version, found.as_ref().err()?))) {
            Some((version, why)) => Err(format!("{} could not be told: {why}", version_name(*version))),
            None => Err(none.to_owned()),
        }
    }

    /// The cipher suites of each version, and primes of finite-field groups that were seen on the way.
    pub(crate) async fn suites(&self, line: &Line<'_>) -> (Vec<VersionSeen>, Vec<Vec<u8>>) {
        let each = join_all(self.0.iter().map(async |(version, found)| {
            let (suites, primes) = match found {
                Err(why) => (Err(why.clone()), Vec::new()),
                Ok(None) => (Ok((Vec::new(), None)), Vec::new()),
                Ok(Some(first)) => suites_of(line, *version, first).await,
            };
            let (suites, order) = match suites {
                Ok((ids, order)) => (Observed::Seen(ids.into_iter().map(suites::name).collect()), order),
                Err(why) => (Observed::Unobserved(why), None),
            };
            (VersionSeen { version: version_name(*version), suites, order }, primes)
        }))
        .await;
        let (seen, primes): (Vec<_>, Vec<_>) = each.into_iter().unzip();
        (seen, primes.concat())
    }
}

/// One hello with everything; if it is refused for an unclear reason, another with what every server bears.
async fn first(line: &Line<'_>, version: u16) -> io::Result<Flight> {
    let hello = usual(line, version, suites::of(version));
    let flight = line.offer(&hello).await?;
    if matches!(flight, Flight::Taken(_) | Flight::Alert(PROTOCOL_VERSION) | Flight::Garbage(_)) {
        return Ok(flight);
    }
    let short = if version == TLS13 {
        let shares = shares::usual();
        Hello { groups: shares.iter().map(|(group, _)| *group).collect(), shares, ..hello }
    } else {
        Hello { suites: suites::USUAL.to_vec(), groups: vec![0x001d, 0x0017, 0x0018, 0x0019], ..hello }
    };
    match line.offer(&short).await {
        Ok(taken @ Flight::Taken(_)) => Ok(taken),
        _ => Ok(flight),
    }
}

type Found = Result<(Vec<u16>, Option<Order>), String>;

async fn suites_of(line: &Line<'_>, version: u16, first: &Taken) -> (Found, Vec<Vec<u8>>) {
    let all = suites::of(version);
    let mut search = Search { line, version, primes: first.prime.iter().cloned().collect() };
    let parts = join_all(all.chunks(PART).map(async |part| {
        let mut search = Search { line, version, primes: Vec::new() };
        (search.taken(part).await, search.primes)
    }))
    .await;
    let mut set = Vec::new();
    for (found, primes) in parts {
        search.primes.extend(primes);
        match found {
            Ok(found) => set.extend(found),
            Err(error) => return (Err(error.to_string()), search.primes),
        }
    }
    if !set.contains(&first.suite) {
        set.push(first.suite);
    }
    let found = search.in_order(&all, set).await.map_err(|error| error.to_string());
    (found, search.primes)
}

/// A search for suites.
struct Search<'a> {
    line: &'a Line<'a>,
    version: u16,
    primes: Vec<Vec<u8>>,
}

impl Search<'_> {
    /// The suites of these that the server takes, in the order in which it chooses them.
    async fn taken(&mut self, suites: &[u16]) -> io::Result<Vec<u16>> {
        let (mut left, mut found) = (suites.to_vec(), Vec::new());
        while !left.is_empty() {
            let Some(suite) = self.choice(&left).await? else { break };
            let before = left.len();
            left.retain(|other| *other != suite);
            if left.len() == before {
                // it chose what was not offered: it would go on for ever
                break;
            }
            found.push(suite);
        }
        Ok(found)
    }

    /// Suites in the server's order, if it has one, else in that of `all`.
    async fn in_order(&mut self, all: &[u16], mut set: Vec<u16>) -> io::Result<(Vec<u16>, Option<Order>)> {
        set.sort_by_key(|id| all.iter().position(|other| other == id));
        if set.len() < 2 {
            return Ok((set, None));
        }
        // a server with an order may still follow a client that has ChaCha20 first, as the sign of one without AES in hardware
        let mut judged: Vec<u16> = set.iter().copied().filter(|id| !suites::name(*id).contains("CHACHA20")).collect();
        if judged.len() < 2 {
            judged.clone_from(&set);
        }
        let reversed: Vec<u16> = judged.iter().rev().copied().collect();
        if self.choice(&judged).await? != self.choice(&reversed).await? {
            return Ok((set, Some(Order::Client)));
        }
        let ordered = self.taken(&set).await?;
        set.retain(|id| !ordered.contains(id));
        Ok(([ordered, set].concat(), Some(Order::Server)))
    }

    /// What the server chooses of these suites, if it takes any.
    async fn choice(&mut self, suites: &[u16]) -> io::Result<Option<u16>> {
        match self.line.offer(&usual(self.line, self.version, suites.to_vec())).await? {
            Flight::Taken(taken) if taken.version == self.version => {
                self.primes.extend(taken.prime);
                Ok(Some(taken.suite))
            }
            garbage @ Flight::Garbage(_) => Err(io::Error::new(io::ErrorKind::InvalidData, garbage.words())),
            _ => Ok(None),
        }
    }
}
