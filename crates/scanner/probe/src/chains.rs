//! The certificates of a server: one for each kind of key, and one for each name that gets another.

use crate::{
    classic::Terms,
    hello::{Hello, SSL3, TLS12, TLS13},
    kinds::{self, Chain},
    line::{Line, dns_name},
    suites,
    versions::{Versions, usual},
};
use evidence::ChainSeen;
use futures_util::future::{try_join, try_join_all};
use mail::SCHEMES;
use rustls_pki_types::CertificateDer;
use std::io;

/// Suites by a word of their names, and signature schemes by the beginning of theirs: a kind of key each.
const KINDS_12: [(&str, &str); 4] = [("_RSA_", "rsa_"), ("_ECDSA_", "ecdsa_"), ("_ECDSA_", "ed"), ("_DSS_", "dsa_")];

/// All chains that differ, those for the server's own name first; `shown` is what [`kinds::shown`] found for that.
///
/// # Errors
/// A question has no answer: there may be a chain more.
pub(crate) async fn all(
    line: &Line<'_>,
    versions: &Versions,
    shown: &[Option<Chain>],
) -> Result<Vec<ChainSeen>, io::Error> {
    versions.newest().map_err(io::Error::other)?;
    let own = line.name();
    let own_chains = async {
        let of_13 = shown.iter().flatten().cloned();
        Ok::<_, io::Error>(of_13.chain(before_13(line, versions, own.as_deref()).await?).collect::<Vec<Chain>>())
    };
    let others: Vec<String> = line.target.other_names.iter().filter_map(|name| dns_name(name)).collect();
    let others = others.into_iter().filter(|name| Some(name) != own.as_ref());
    let others = try_join_all(others.map(async |name| {
        let chains = of_kinds(line, versions, Some(&name)).await?;
        Ok::<_, io::Error>((chains, Some(name)))
    }));
    let (own_chains, others) = try_join(own_chains, others).await?;
    // many clients ask for no name, and a server may have a certificate for them alone
    let nameless = if own.is_some() { nameless(line, versions, &own_chains).await? } else { Vec::new() };
    let all = [(own_chains, own)].into_iter().chain(others).chain([(nameless, None)]);
    let mut seen: Vec<(Option<String>, Chain)> = Vec::new();
    for (chains, name) in all {
        for chain in chains.into_iter().filter(|chain| !chain.is_empty()) {
            if !seen.iter().any(|(_, known)| known.first() == chain.first()) {
                seen.push((name.clone(), chain));
            }
        }
    }
    Ok(seen.into_iter().map(|(name, chain)| render(line, name, &chain)).collect())
}

/// The chains for those who ask for no name, unless the one that they get first is known.
async fn nameless(line: &Line<'_>, versions: &Versions, known: &[Chain]) -> io::Result<Vec<Chain>> {
    let version = if versions.takes(TLS13) { Some(TLS13) } else { versions.newest_before_13().ok() };
    let first = match version {
        Some(TLS13) => {
            let terms = Terms { version, ..Terms::default() };
            kinds::shake(line, terms).await?.unwrap_or_default()
        }
        Some(version) => {
            in_the_clear(line, Hello { server_name: None, ..usual(line, version, suites::of(version)) }).await?
        }
        None => Vec::new(),
    };
    if first.is_empty() || known.iter().any(|chain| chain.first() == first.first()) {
        return Ok(Vec::new());
    }
    of_kinds(line, versions, None).await
}

/// The chains for one name, by the kind of their key. What a server refuses to show is none.
async fn of_kinds(line: &Line<'_>, versions: &Versions, name: Option<&str>) -> io::Result<Vec<Chain>> {
    let (of_13, of_12) = try_join(kinds::shown(line, versions, name), before_13(line, versions, name)).await?;
    Ok(of_13.into_iter().flatten().chain(of_12).collect())
}

/// Before TLS 1.3 certificates are in the clear.
async fn before_13(line: &Line<'_>, versions: &Versions, name: Option<&str>) -> io::Result<Vec<Chain>> {
    let Ok(version) = versions.newest_before_13() else { return Ok(Vec::new()) };
    let all = suites::of(version);
    // without schemes to choose from there is one kind for each word
    let is_meant = |(_, scheme): &&(&str, &str)| version >= TLS12 || *scheme != "ed";
    try_join_all(KINDS_12.iter().filter(is_meant).map(async |(word, scheme)| {
        let schemes = SCHEMES.iter().filter(|(_, name)| name.starts_with(scheme)).map(|(id, _)| *id).collect();
        let server_name = name.filter(|_| version > SSL3).map(str::to_owned);
        let hello = Hello { server_name, schemes, ..usual(line, version, suites::with(&all, &[word])) };
        in_the_clear(line, hello).await
    }))
    .await
}

async fn in_the_clear(line: &Line<'_>, hello: Hello) -> io::Result<Chain> {
    let taken = line.offer(&hello).await?.taken();
    Ok(taken.map(|taken| taken.certificates).unwrap_or_default().into_iter().map(CertificateDer::from).collect())
}

fn render(line: &Line<'_>, name: Option<String>, chain: &Chain) -> ChainSeen {
    let wanted = name.as_deref().unwrap_or(&line.target.server_name);
    // the last certificate of a chain of one is the server's own, which usage 2 does not mean
    let records: &[(u8, u8, u8)] =
        if chain.len() > 1 { &[(3, 1, 1), (3, 0, 1), (2, 1, 1), (2, 0, 1)] } else { &[(3, 1, 1), (3, 0, 1)] };
    ChainSeen {
        trust: line.target.anchor.judge(chain, wanted),
        server_name: name,
        certificates: chain.iter().map(pki::describe).collect(),
        digests: records.iter().filter_map(|(u, s, m)| pki::tlsa(*u, *s, *m, chain).ok()).collect(),
    }
}
