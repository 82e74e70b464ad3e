//! Versions, cipher suites and their order, groups, and signature schemes.

use crate::{
    flight::{Flight, Taken},
    hello::{Hello, SSL3, TLS10, TLS12, TLS13},
    line::Line,
    share, suites,
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
    /// It closed the connection without an alert.
    pub(crate) is_closed: bool,
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
    let first = match line.offer(&usual(line, version, all.clone())).await? {
        Flight::Taken(taken) if taken.version == version => taken.suite,
        Flight::Garbage(what) => return Err(no_tls(&what)),
        other => return Ok(Found { is_closed: other == Flight::Closed, ..found }),
    };
    let size = all.len().div_ceil(PARTS);
    let parts = join_all(all.chunks(size).map(|part| taken(line, version, part))).await;
    let mut set: Vec<u16> = parts.into_iter().collect::<io::Result<Vec<_>>>()?.into_iter().flatten().collect();
    if !set.contains(&first) {
        set.push(first);
    }
    set.sort_by_key(|id| all.iter().position(|other| other == id));
    if set.len() > 1 {
        // a server with an order may still follow a client that has ChaCha20 first, as the sign of one without AES in hardware
        let mut judged: Vec<u16> = set.iter().copied().filter(|id| !suites::name(*id).contains("CHACHA20")).collect();
        if judged.len() < 2 {
            judged.clone_from(&set);
        }
        let reversed: Vec<u16> = judged.iter().rev().copied().collect();
        let one = choice(line, version, &judged).await?;
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
        Flight::Garbage(what) => Err(no_tls(&what)),
        _ => Ok(None),
    }
}

fn no_tls(what: &str) -> io::Error {
    io::Error::other(format!("it answers a ClientHello with no TLS: {what}"))
}

/// The groups that the server takes, in the order in which it chooses them.
pub(crate) async fn groups(line: &Line<'_>, found: &[Found]) -> io::Result<Vec<u16>> {
    let mut taken: Vec<u16> = Vec::new();
    if let Some(of) = found.iter().find(|of| of.version == TLS13) {
        more_groups(line, TLS13, &of.suites, &[], &mut taken).await?;
    }
    let older = found.iter().rev().find(|of| of.version < TLS13);
    let Some(of) = older else { return Ok(taken) };
    let mut exchanges = suites::with(&of.suites, "TLS_ECDHE_");
    exchanges.extend(suites::with(&of.suites, "TLS_ECDH_anon_"));
    more_groups(line, of.version, &exchanges, &[], &mut taken).await?;
    // a server with an ECDSA key turns away who does not know its curve (RFC 8422 §5.1), so curves that keys have stay offered
    let of_keys: Vec<u16> = taken.iter().copied().filter(|id| (0x0017..=0x0019).contains(id)).collect();
    if !of_keys.is_empty() {
        more_groups(line, of.version, &exchanges, &of_keys, &mut taken).await?;
    }
    Ok(taken)
}

/// Adds the groups that the server chooses with these suites as long as they are not among `also`, which are offered last.
async fn more_groups(
    line: &Line<'_>,
    version: u16,
    suites: &[u16],
    also: &[u16],
    taken: &mut Vec<u16>,
) -> io::Result<()> {
    let mut left: Vec<u16> = GROUPS.iter().map(|(id, _)| *id).filter(|id| !taken.contains(id)).collect();
    while !suites.is_empty() && !left.is_empty() {
        let groups = left.iter().chain(also).copied().collect();
        let hello = Hello { groups, ..usual(line, version, suites.to_vec()) };
        let Some(group) = line.offer(&hello).await?.taken().and_then(|taken| taken.group) else { break };
        let Some(at) = left.iter().position(|other| *other == group) else { break };
        taken.push(left.remove(at));
    }
    Ok(())
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

/// The schemes with which the server proves that it has its key. In TLS 1.3 it shows that only to whom it got a share of
/// the key exchange from, so one of these groups is needed.
pub(crate) async fn signatures(line: &Line<'_>, found: &[Found], groups: &[u16]) -> io::Result<Vec<String>> {
    let of = |version| found.iter().find(|of: &&Found| of.version == version);
    let share = groups.iter().copied().find(|group| share::has(*group));
    if of(TLS13).is_some() && share.is_none() {
        let known: Vec<String> = groups.iter().copied().map(group_name).collect();
        return Err(io::Error::other(format!(
            "no share can be made for any group that it takes: {}",
            known.join(", ")
        )));
    }
    let each = SCHEMES.iter().map(async |(id, _)| {
        for version in [TLS12, TLS13] {
            let Some(of) = of(version) else { continue };
            let exchanges = if version == TLS13 { of.suites.clone() } else { signed(&of.suites) };
            if exchanges.is_empty() {
                continue;
            }
            let hello = Hello { schemes: vec![*id], share, ..usual(line, version, exchanges) };
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
