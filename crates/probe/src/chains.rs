//! The certificates of a server: one for each kind of key, and one for each name that gets another.

use crate::{
    client::{Client, chain},
    hello::{Hello, TLS13},
    line::Line,
    suites,
    versions::{Found, usual},
};
use evidence::ChainSeen;
use futures_util::future::join_all;
use rustls::SignatureScheme as Scheme;
use rustls_pki_types::CertificateDer;
use std::io;

type Chain = Vec<CertificateDer<'static>>;

/// All chains that differ, those for the server's own name first.
pub(crate) async fn all(line: &Line<'_>, found: &[Found]) -> io::Result<Vec<ChainSeen>> {
    let target = line.target;
    let mut seen: Vec<(Option<String>, Chain)> = Vec::new();
    let own = kinds(line, found, &target.server_name).await?;
    let others = join_all(target.other_names.iter().map(async |name| (name, kinds(line, found, name).await))).await;
    let mut add = |name: &str, chain: Chain| {
        if !seen.iter().any(|(_, known)| known.first() == chain.first()) {
            let asked = name.parse::<std::net::IpAddr>().is_err().then(|| name.to_owned());
            seen.push((asked, chain));
        }
    };
    own.into_iter().for_each(|chain| add(&target.server_name, chain));
    for (name, chains) in others {
        chains?.into_iter().for_each(|chain| add(name, chain));
    }
    Ok(seen.into_iter().map(|(name, chain)| told(line, name, &chain)).collect())
}

/// The chains for one name, by the kind of their key.
async fn kinds(line: &Line<'_>, found: &[Found], name: &str) -> io::Result<Vec<Chain>> {
    if let Some(of) = found.iter().find(|of| of.version == TLS13) {
        debug_assert!(!of.suites.is_empty());
        return by_scheme(line, name).await;
    }
    let Some(of) = found.last() else { return Ok(Vec::new()) };
    let mut chains: Vec<Chain> = Vec::new();
    for word in ["_RSA_", "_ECDSA_", "_DSS_"] {
        let exchanges = suites::with(&of.suites, word);
        if exchanges.is_empty() {
            continue;
        }
        let server_name = name.parse::<std::net::IpAddr>().is_err().then(|| name.to_owned());
        let hello = Hello { server_name, ..usual(line, of.version, exchanges) };
        let certificates = line.offer(&hello).await?.taken().map(|taken| taken.certificates).unwrap_or_default();
        let chain: Chain = certificates.into_iter().map(CertificateDer::from).collect();
        if !chain.is_empty() && !chains.contains(&chain) {
            chains.push(chain);
        }
    }
    Ok(chains)
}

/// TLS 1.3 hides certificates, so a library shakes hands; the schemes that it knows decide which certificate it gets.
async fn by_scheme(line: &Line<'_>, name: &str) -> io::Result<Vec<Chain>> {
    const KINDS: [&[Scheme]; 3] = [
        &[
            Scheme::RSA_PSS_SHA256,
            Scheme::RSA_PSS_SHA384,
            Scheme::RSA_PSS_SHA512,
            Scheme::RSA_PKCS1_SHA256,
            Scheme::RSA_PKCS1_SHA384,
            Scheme::RSA_PKCS1_SHA512,
        ],
        &[Scheme::ECDSA_NISTP256_SHA256, Scheme::ECDSA_NISTP384_SHA384, Scheme::ECDSA_NISTP521_SHA512],
        &[Scheme::ED25519],
    ];
    let each = KINDS.map(async |schemes| {
        let client = Client::new(name, schemes)?;
        let shaken = line.with(async |stream| Ok(client.connect(stream).await.ok().map(|s| chain(&s)))).await?;
        Ok(shaken.filter(|chain| !chain.is_empty()))
    });
    let found = join_all(each).await.into_iter().collect::<io::Result<Vec<_>>>()?;
    let mut chains: Vec<Chain> = Vec::new();
    for chain in found.into_iter().flatten() {
        if !chains.contains(&chain) {
            chains.push(chain);
        }
    }
    Ok(chains)
}

fn told(line: &Line<'_>, name: Option<String>, chain: &Chain) -> ChainSeen {
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
