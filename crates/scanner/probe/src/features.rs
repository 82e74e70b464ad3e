//! What a server does or does not, one question each.

use crate::{
    flight::{Flight, Taken},
    hello::{Hello, TLS13, extension},
    line::Line,
    renegotiation,
    resumption::{self, Behind},
    suites,
    versions::{Versions, usual},
};
use evidence::{Features, Observed};
use std::io;

/// Alert inappropriate_fallback (RFC 7507 §3).
const INAPPROPRIATE_FALLBACK: u8 = 86;

/// Everything of a service that has TLS.
pub(crate) async fn all(line: &Line<'_>, versions: &Versions) -> Features {
    let (hello, of_13, resumed_12, fallback_scsv, encrypt_then_mac, client_renegotiation) = tokio::join!(
        before_13(line, versions),
        resumption::of_13(line, versions),
        resumption::before_13(line, versions),
        fallback(line, versions),
        encrypt_then_mac(line, versions),
        renegotiation::by_client(line, versions)
    );
    let behind = |fact: fn(&Behind) -> bool| match &of_13 {
        Some(Ok(behind)) => Some(Observed::Seen(fact(behind))),
        Some(Err(why)) => Some(Observed::Unobserved(why.clone())),
        None => None,
    };
    let seen_in = |fact: &dyn Fn(&Taken) -> bool| match &hello {
        Ok(taken) => Observed::Seen(fact(taken)),
        Err(why) => Observed::Unobserved(why.clone()),
    };
    let has = |kind: u16| seen_in(&|taken| taken.extensions.contains(&kind));
    // what is said of versions that the server does not take is left out
    let old = |fact: Observed<bool>| versions.newest_before_13().is_ok().then_some(fact);
    let none = || Observed::Unobserved(versions.newest().err().unwrap_or_default());
    Features {
        tickets: any([behind(|behind| behind.tickets), old(has(extension::TICKET))]).unwrap_or_else(none),
        resumption: any([behind(|behind| behind.resumption), resumed_12]).unwrap_or_else(none),
        secure_renegotiation: has(extension::RENEGOTIATION),
        client_renegotiation,
        compression: seen_in(&|taken| taken.compression != 0),
        fallback_scsv,
        early_data: behind(|behind| behind.early_data).unwrap_or_else(|| early_data_without_13(versions)),
        extended_master_secret: has(extension::EXTENDED_MASTER_SECRET),
        encrypt_then_mac,
        ocsp_stapling: any([behind(|behind| behind.is_stapled), old(seen_in(&|taken| taken.is_stapled))])
            .unwrap_or_else(none),
    }
}

/// Whether it is seen in any of these; to deny it, all must have been seen.
fn any(facts: [Option<Observed<bool>>; 2]) -> Option<Observed<bool>> {
    let rank = |fact: &Observed<bool>| match fact {
        Observed::Seen(true) => 2,
        Observed::Unobserved(_) => 1,
        Observed::Seen(false) => 0,
    };
    facts.into_iter().flatten().max_by_key(rank)
}

/// Early data is of TLS 1.3: who was seen to refuse that takes none.
fn early_data_without_13(versions: &Versions) -> Observed<bool> {
    match versions.why_unknown(TLS13) {
        None => Observed::Seen(false),
        Some(why) => Observed::Unobserved(format!("TLSv1.3 could not be told: {why}")),
    }
}

/// What one ServerHello of the newest version before TLS 1.3 tells of several features.
async fn before_13(line: &Line<'_>, versions: &Versions) -> Result<Taken, String> {
    let version = versions.newest_before_13()?;
    let hello = Hello { compression: true, status: true, ..usual(line, version, suites::of(version)) };
    match line.offer(&hello).await {
        Ok(Flight::Taken(taken)) => Ok(*taken),
        Ok(other) => Err(other.words()),
        Err(error) => Err(error.to_string()),
    }
}

async fn encrypt_then_mac(line: &Line<'_>, versions: &Versions) -> Observed<bool> {
    let version = match versions.newest_before_13() {
        Ok(version) => version,
        Err(why) => return Observed::Unobserved(why),
    };
    let cbc = suites::with(&suites::of(version), &["_CBC_"]);
    let hello = Hello { encrypt_then_mac: true, ..usual(line, version, cbc) };
    fact_of(line.offer(&hello).await, |flight| match flight {
        Flight::Taken(taken) => Observed::Seen(taken.extensions.contains(&extension::ENCRYPT_THEN_MAC)),
        Flight::Alert(_) => {
            Observed::Unobserved("the server takes no suite in CBC mode, for which alone it is there".to_owned())
        }
        other => Observed::Unobserved(other.words()),
    })
}

/// A client that pretends to have failed with the newest version must be turned away, by the alert that says why (RFC 7507 §3).
/// A server that closes the connection without one turns it away too, if it takes the same hello of a client that pretends nothing.
async fn fallback(line: &Line<'_>, versions: &Versions) -> Observed<bool> {
    let taken: Vec<u16> = versions.taken().collect();
    let [.., older, _] = taken[..] else {
        let one = || "the server takes one version alone, so nobody can fall back".to_owned();
        return Observed::Unobserved(versions.newest().err().unwrap_or_else(one));
    };
    let hello = Hello { fallback: true, ..usual(line, older, suites::of(older)) };
    let is_taken = |flight: io::Result<Flight>| matches!(flight, Ok(Flight::Taken(_)));
    match line.offer(&hello).await {
        Ok(Flight::Taken(_)) => Observed::Seen(false),
        Ok(Flight::Alert(INAPPROPRIATE_FALLBACK)) => Observed::Seen(true),
        Ok(Flight::Closed) if is_taken(line.offer(&Hello { fallback: false, ..hello.clone() }).await) => {
            fact_of(line.offer(&hello).await, |again| match again {
                Flight::Closed => Observed::Seen(true),
                other => Observed::Unobserved(format!("the server closed the connection, and then: {}", other.words())),
            })
        }
        other => fact_of(other, |flight| Observed::Unobserved(flight.words())),
    }
}

fn fact_of(flight: io::Result<Flight>, fact: impl FnOnce(Flight) -> Observed<bool>) -> Observed<bool> {
    flight.map_or_else(|error| Observed::Unobserved(error.to_string()), fact)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_is_denied_only_if_nothing_was_left_unseen() {
        let unseen = || Some(Observed::Unobserved("late".to_owned()));
        let seen = |fact| Some(Observed::Seen(fact));
        assert_eq!(any([seen(true), unseen()]), seen(true));
        assert_eq!(any([unseen(), seen(true)]), seen(true));
        assert_eq!(any([seen(false), unseen()]), unseen());
        assert_eq!(any([seen(false), None]), seen(false));
        assert_eq!(any([None, None]), None);
    }
}
