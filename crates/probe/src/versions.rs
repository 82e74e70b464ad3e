//! Versions, cipher suites and their order, groups, and signature schemes.

use crate::{
    flight::{Flight, Taken},
    hello::{Hello, SSL3, TLS10, TLS12, TLS13},
    line::Line,
    suites,
};
use evidence::{DhSeen, Observed, Order, VersionSeen};
use futures_util::future::join_all;
use mail::{GROUPS, SCHEMES, group_name, scheme_name, version_name};
use std::io;

/// Suites are looked for in so many parts at the same time.
const PARTS: usize = 4;

/// What was found of one version.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) version: u16,
    pub(crate) suites: Vec<u16>,
    pub(crate) order: Option<Order>,
}

/// A hello of this version with everything that usually goes with it.
pub(crate) fn usual(line: &Line<'_>, version: u16, suites: Vec<u16>) -> Hello {
    Hello {
        version,
        suites,
        groups: GROUPS.iter().map(|(id, _)| *id).collect(),
        schemes: SCHEMES.iter().map(|(id, _)| *id).collect(),
        server_name: line.name(),
        ..Hello::default()
    }
}

/// All versions, oldest first; an error is what kept one from being told.
pub(crate) async fn all(line: &Line<'_>) -> Vec<(u16, io::Result<Found>)> {
    join_all([SSL3, TLS10, 0x0302, TLS12, TLS13].map(async |version| (version, one(line, version).await))).await
}

pub(crate) fn told(found: &(u16, io::Result<Found>)) -> VersionSeen {
    let (version, found) = found;
    let (suites, order) = match found {
        Ok(found) => (Observed::Seen(found.suites.iter().map(|id| suites::name(*id)).collect()), found.order),
        Err(error) => (Observed::Unobserved(error.to_string()), None),
    };
    VersionSeen { version: version_name(*version), suites, order }
}

async fn one(line: &Line<'_>, version: u16) -> io::Result<Found> {
    let all: Vec<u16> = if version == TLS13 { suites::OF_13.to_vec() } else { suites::BEFORE_13.clone() };
    let mut found = Found { version, ..Found::default() };
    // most servers refuse most versions: one connection tells that
    let Some(first) = choice(line, version, &all).await? else { return Ok(found) };
    let size = all.len().div_ceil(PARTS);
    let parts = join_all(all.chunks(size).map(|part| taken(line, version, part))).await;
    let mut set: Vec<u16> = parts.into_iter().collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect();
    if !set.contains(&first) {
        set.push(first);
    }
    set.sort_by_key(|id| all.iter().position(|other| other == id));
    if set.len() > 1 {
        let reversed: Vec<u16> = set.iter().rev().copied().collect();
        let one = choice(line, version, &set).await?;
        let other = choice(line, version, &reversed).await?;
        found.order = Some(if one == other { Order::Server } else { Order::Client });
    }
    found.suites = if found.order == Some(Order::Server) { taken(line, version, &set).await? } else { set };
    Ok(found)
}

/// The suites of these that the server takes, in the order in which it chooses them.
async fn taken(line: &Line<'_>, version: u16, suites: &[u16]) -> io::Result<Vec<u16>> {
    let (mut left, mut found) = (suites.to_vec(), Vec::new());
    while !left.is_empty() {
        let Some(suite) = choice(line, version, &left).await? else { break };
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

/// What the server chooses of these suites, if it takes the version.
async fn choice(line: &Line<'_>, version: u16, suites: &[u16]) -> io::Result<Option<u16>> {
    match line.offer(&usual(line, version, suites.to_vec())).await? {
        Flight::Taken(taken) if taken.version == version => Ok(Some(taken.suite)),
        Flight::Garbage(what) => Err(io::Error::other(format!("it answers a ClientHello with no TLS: {what}"))),
        _ => Ok(None),
    }
}

/// The groups that the server takes, in the order in which it chooses them.
pub(crate) async fn groups(line: &Line<'_>, found: &[Found]) -> io::Result<Vec<String>> {
    let all: Vec<u16> = GROUPS.iter().map(|(id, _)| *id).collect();
    let mut taken: Vec<u16> = Vec::new();
    for version in [TLS13, TLS12, 0x0302, TLS10] {
        let Some(of) = found.iter().find(|of| of.version == version) else { continue };
        let exchanges = if version == TLS13 { of.suites.clone() } else { suites::with(&of.suites, "TLS_ECDHE_") };
        let mut left: Vec<u16> = all.iter().copied().filter(|id| !taken.contains(id)).collect();
        while !exchanges.is_empty() && !left.is_empty() {
            let hello = Hello { groups: left.clone(), ..usual(line, version, exchanges.clone()) };
            let Some(group) = line.offer(&hello).await?.taken().and_then(|taken| taken.group) else { break };
            let before = left.len();
            left.retain(|other| *other != group);
            if left.len() == before {
                break;
            }
            taken.push(group);
        }
        if version <= TLS12 {
            break;
        }
    }
    Ok(taken.into_iter().map(group_name).collect())
}

/// The finite-field group of DHE suites, without RFC 7919's negotiation.
pub(crate) async fn dh(line: &Line<'_>, found: &[Found]) -> io::Result<Option<DhSeen>> {
    for of in found.iter().rev().filter(|of| of.version < TLS13) {
        let mut exchanges = suites::with(&of.suites, "TLS_DHE_");
        exchanges.extend(suites::with(&of.suites, "TLS_DH_anon_"));
        if exchanges.is_empty() {
            continue;
        }
        let hello = Hello { groups: Vec::new(), ..usual(line, of.version, exchanges) };
        let prime = line.offer(&hello).await?.taken().and_then(|taken| taken.prime);
        return Ok(prime.map(|prime| DhSeen { bits: suites::bits(&prime), name: suites::prime_name(&prime) }));
    }
    Ok(None)
}

/// The schemes with which the server proves that it has its key.
pub(crate) async fn signatures(line: &Line<'_>, found: &[Found]) -> io::Result<Vec<String>> {
    let of = |version| found.iter().find(|of: &&Found| of.version == version);
    let each = SCHEMES.iter().map(async |(id, _)| {
        for version in [TLS12, TLS13] {
            let Some(of) = of(version) else { continue };
            let exchanges = if version == TLS13 { of.suites.clone() } else { signed(&of.suites) };
            if exchanges.is_empty() {
                continue;
            }
            // with a share of its own the hello gets a ServerHello only if the server can sign
            let hello = Hello { schemes: vec![*id], has_share: true, ..usual(line, version, exchanges) };
            if line.offer(&hello).await?.taken().is_some_and(|taken| is_signed(&taken, *id)) {
                return Ok(Some(*id));
            }
        }
        Ok(None)
    });
    let found = join_all(each).await.into_iter().collect::<io::Result<Vec<_>>>()?;
    Ok(found.into_iter().flatten().map(scheme_name).collect())
}

/// Whether a server signed so: before TLS 1.3 it says with what.
fn is_signed(taken: &Taken, scheme: u16) -> bool {
    if taken.version == TLS13 { !taken.is_retry } else { taken.scheme == Some(scheme) }
}

/// Suites whose key exchange is signed.
fn signed(all: &[u16]) -> Vec<u16> {
    let mut exchanges = suites::with(all, "TLS_ECDHE_");
    exchanges.extend(suites::with(all, "TLS_DHE_"));
    exchanges
}
