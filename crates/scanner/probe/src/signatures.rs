//! Signature schemes with which a server proves that it has its key.

use crate::{
    hello::{Hello, TLS12, TLS13},
    kinds::{self, Chain, KINDS},
    line::Line,
    suites,
    versions::{Versions, usual},
};
use evidence::Observed;
use futures_util::future::{join, join_all};
use mail::{SCHEMES, scheme_name};
use std::io;

/// The schemes that it uses, in the order of `mail::SCHEMES`; `shown` is what [`kinds::shown`] found for the server's own name.
pub(crate) async fn all(line: &Line<'_>, versions: &Versions, shown: &[Option<Chain>]) -> Observed<Vec<String>> {
    if let Err(why) = versions.newest() {
        return Observed::Unobserved(why);
    }
    if !versions.takes(TLS12) && !versions.takes(TLS13) {
        return Observed::Unobserved("no version that it takes has schemes to choose from".to_owned());
    }
    let of_12 = async || if versions.takes(TLS12) { of_12(line).await } else { Ok(Vec::new()) };
    let (of_12, of_13) = join(of_12(), of_13(line, shown)).await;
    match of_12.and_then(|old| Ok([old, of_13?].concat())) {
        Ok(found) => {
            let found = SCHEMES.iter().map(|(id, _)| *id).filter(|id| found.contains(id));
            Observed::Seen(found.map(scheme_name).collect())
        }
        Err(error) => Observed::Unobserved(error.to_string()),
    }
}

/// TLS 1.2 says with what it signed: it is asked until it has nothing left, with suites of one kind of key after the other.
async fn of_12(line: &Line<'_>) -> io::Result<Vec<u16>> {
    let kinds = [&["_RSA_", "_DSS_"][..], &["_ECDSA_"]].map(async |kinds| {
        let signed = suites::with(&suites::with(&suites::BEFORE_13, &["TLS_ECDHE_", "TLS_DHE_"]), kinds);
        let mut left: Vec<u16> = SCHEMES.iter().map(|(id, _)| *id).collect();
        let mut found = Vec::new();
        while !left.is_empty() {
            let hello = Hello { schemes: left.clone(), ..usual(line, TLS12, signed.clone()) };
            let taken = line.offer(&hello).await?.taken().filter(|taken| taken.version == TLS12);
            let Some(scheme) = taken.and_then(|taken| taken.scheme) else { break };
            let before = left.len();
            left.retain(|other| *other != scheme);
            if left.len() == before {
                // it signed with what was not offered, as some old servers do with SHA-1 (RFC 5246 §7.4.1.4.1)
                found.push(scheme);
                break;
            }
            found.push(scheme);
        }
        Ok::<_, io::Error>(found)
    });
    Ok(join_all(kinds).await.into_iter().collect::<io::Result<Vec<_>>>()?.concat())
}

/// Of a kind of key that it shows, TLS 1.3 is tried with each scheme.
async fn of_13(line: &Line<'_>, shown: &[Option<Chain>]) -> io::Result<Vec<u16>> {
    let name = line.name();
    let mut meant: Vec<&str> = Vec::new();
    for (kind, shown) in KINDS.iter().zip(shown) {
        if shown.is_some() {
            meant.extend(*kind);
        }
    }
    let alone = |scheme: &str| KINDS.iter().any(|kind| **kind == [scheme]);
    let each = meant.into_iter().map(async |scheme| {
        let is_used = alone(scheme) || kinds::shaken(line, name.as_deref(), &[scheme]).await?.is_some();
        Ok::<_, io::Error>(is_used.then_some(scheme))
    });
    let found = join_all(each).await.into_iter().collect::<io::Result<Vec<_>>>()?;
    let found = found.into_iter().flatten();
    Ok(found.filter_map(|scheme| SCHEMES.iter().find(|(_, name)| *name == scheme)).map(|(id, _)| *id).collect())
}
