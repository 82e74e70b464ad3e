//! Key exchange groups.

use crate::{
    hello::{Hello, TLS10, TLS11, TLS12, TLS13},
    line::Line,
    primes, suites,
    versions::{Versions, usual},
};
use evidence::{DhSeen, Observed};
use mail::{GROUPS, group_name};
use std::io;

/// Curves on which keys of certificates are: secp256r1, secp384r1, secp521r1.
const CURVES: [u16; 3] = [0x0017, 0x0018, 0x0019];

/// The groups that the server takes, in the order in which it chooses them: those of TLS 1.3, and then those that only
/// ECDHE suites before it have.
pub(crate) async fn taken(line: &Line<'_>, versions: &Versions) -> Observed<Vec<String>> {
    let old = [TLS12, TLS11, TLS10].into_iter().find(|version| versions.takes(*version));
    let asked: Vec<u16> = versions.taken().filter(|version| *version == TLS13).chain(old).collect();
    if asked.is_empty() {
        let why = versions.newest().err();
        return Observed::Unobserved(
            why.unwrap_or_else(|| "no version that it takes has groups to choose from".to_owned()),
        );
    }
    let mut found = Vec::new();
    for version in asked {
        if let Err(error) = more(line, version, &[], &mut found).await {
            return Observed::Unobserved(error.to_string());
        }
    }
    // before TLS 1.3 a server with an ECDSA key turns away who does not know its curve (RFC 8422 §5.1): so the curves that
    // keys have stay offered
    let of_keys: Vec<u16> = found.iter().copied().filter(|id| CURVES.contains(id)).collect();
    if let (Some(version), false) = (old, of_keys.is_empty())
        && let Err(error) = more(line, version, &of_keys, &mut found).await
    {
        return Observed::Unobserved(error.to_string());
    }
    Observed::Seen(found.into_iter().map(group_name).collect())
}

/// Adds the groups that the server chooses in one version as long as they are not among `also`, which are offered last.
async fn more(line: &Line<'_>, version: u16, also: &[u16], found: &mut Vec<u16>) -> io::Result<()> {
    let all = suites::of(version);
    let exchanges = if version == TLS13 { all } else { suites::with(&all, &["TLS_ECDHE_", "TLS_ECDH_anon_"]) };
    let mut left: Vec<u16> = GROUPS.iter().map(|(id, _)| *id).filter(|id| !found.contains(id)).collect();
    while !left.is_empty() {
        let groups = left.iter().chain(also).copied().collect();
        let hello = Hello { groups, ..usual(line, version, exchanges.clone()) };
        let taken = line.offer(&hello).await?.taken().filter(|taken| taken.version == version);
        let Some(group) = taken.and_then(|taken| taken.group) else { break };
        let Some(at) = left.iter().position(|other| *other == group) else { break };
        found.push(left.remove(at));
    }
    Ok(())
}

/// The weakest finite-field group that was seen while suites were looked for.
pub(crate) fn weakest(
    versions: &Versions,
    seen: &[evidence::VersionSeen],
    found: &[Vec<u8>],
) -> Observed<Option<DhSeen>> {
    if let Some(prime) = found.iter().min_by_key(|prime| primes::bits(prime)) {
        return Observed::Seen(Some(DhSeen { bits: primes::bits(prime), name: primes::name(prime) }));
    }
    if let Err(why) = versions.newest() {
        return Observed::Unobserved(why);
    }
    let unseen = seen.iter().find_map(|version| match &version.suites {
        Observed::Unobserved(why) => Some(format!("{}: {why}", version.version)),
        Observed::Seen(_) => None,
    });
    let is_dhe = |suite: &String| suite.contains("TLS_DHE_") || suite.contains("TLS_DH_anon_");
    let has_dhe = seen.iter().filter_map(|version| version.suites.seen()).flatten().any(is_dhe);
    match unseen {
        Some(why) => Observed::Unobserved(why),
        None if has_dhe => Observed::Unobserved("its key exchange could not be read".to_owned()),
        None => Observed::Seen(None),
    }
}
