//! What a server does or does not, one question each.

use crate::{
    client::{Client, is_resumed},
    flight::Flight,
    hello::{Hello, TLS12, TLS13},
    line::Line,
    speech::{Speech, nothing},
    suites,
    versions::{Found, usual},
};
use evidence::{Features, Injection, Observed};
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// Alert inappropriate_fallback (RFC 7507 §3).
const INAPPROPRIATE_FALLBACK: u8 = 86;

/// How long a server is heard out that was told the end.
const REST: Duration = Duration::from_millis(500);

/// Everything of a service that has TLS; `found` are the versions that it takes, oldest first.
pub(crate) async fn all(line: &Line<'_>, found: &[Found]) -> Features {
    let (old, resumed, compression, fallback_scsv, encrypt_then_mac) = tokio::join!(
        before_13(line, found),
        behind(line, found),
        compression(line, found),
        fallback(line, found),
        encrypt_then_mac(line, found)
    );
    let Behind { tickets_13, resumption, early_data, is_stapled } = resumed;
    let (tickets_12, secure_renegotiation, extended_master_secret) = old;
    Features {
        tickets: either(tickets_13, tickets_12),
        resumption,
        secure_renegotiation,
        client_renegotiation: crate::renegotiation::by_client(line, found).await,
        compression,
        fallback_scsv,
        early_data,
        extended_master_secret,
        encrypt_then_mac,
        ocsp_stapling: is_stapled,
    }
}

/// Seen of either.
fn either(one: Observed<bool>, other: Observed<bool>) -> Observed<bool> {
    match (&one, &other) {
        (Observed::Seen(a), Observed::Seen(b)) => Observed::Seen(*a || *b),
        (Observed::Seen(_), _) => one,
        _ => other,
    }
}

fn newest_before_13(found: &[Found]) -> Option<&Found> {
    found.iter().rev().find(|of| of.version < TLS13)
}

fn none<T>(why: &str) -> Observed<T> {
    Observed::Unobserved(why.to_owned())
}

fn seen<T>(result: io::Result<T>) -> Observed<T> {
    result.map_or_else(|e| Observed::Unobserved(e.to_string()), Observed::Seen)
}

const ONLY_13: &str = "the server takes TLS 1.3 alone, which has no such thing";

/// Tickets, secure renegotiation and extended master secret, as one ServerHello tells them.
async fn before_13(line: &Line<'_>, found: &[Found]) -> (Observed<bool>, Observed<bool>, Observed<bool>) {
    let Some(of) = newest_before_13(found) else { return (none(ONLY_13), none(ONLY_13), none(ONLY_13)) };
    let has = match line.offer(&usual(line, of.version, of.suites.clone())).await {
        Ok(Flight::Taken(taken)) => taken.extensions,
        Ok(other) => return (none(&other.words()), none(&other.words()), none(&other.words())),
        Err(e) => return (none(&e.to_string()), none(&e.to_string()), none(&e.to_string())),
    };
    let has = |kind: u16| Observed::Seen(has.contains(&kind));
    (has(35), has(0xff01), has(23))
}

async fn compression(line: &Line<'_>, found: &[Found]) -> Observed<bool> {
    let Some(of) = newest_before_13(found) else { return none(ONLY_13) };
    let hello = Hello { compression: true, ..usual(line, of.version, of.suites.clone()) };
    seen(line.offer(&hello).await.map(|flight| flight.taken().is_some_and(|taken| taken.compression != 0)))
}

async fn encrypt_then_mac(line: &Line<'_>, found: &[Found]) -> Observed<bool> {
    let Some(of) = newest_before_13(found) else { return none(ONLY_13) };
    let cbc = suites::with(&of.suites, "_CBC_");
    if cbc.is_empty() {
        return none("the server takes no suite in CBC mode, for which alone it is there");
    }
    let hello = Hello { encrypt_then_mac: true, ..usual(line, of.version, cbc) };
    seen(line.offer(&hello).await.map(|flight| flight.taken().is_some_and(|taken| taken.extensions.contains(&22))))
}

/// A client that pretends to have failed with the newest version must be turned away.
async fn fallback(line: &Line<'_>, found: &[Found]) -> Observed<bool> {
    let [.., older, _] = found else { return none("the server takes one version alone, so nobody can fall back") };
    let hello = Hello { fallback: true, ..usual(line, older.version, older.suites.clone()) };
    seen(line.offer(&hello).await.map(|flight| flight == Flight::Alert(INAPPROPRIATE_FALLBACK)))
}

/// What is only seen behind a handshake.
struct Behind {
    tickets_13: Observed<bool>,
    resumption: Observed<bool>,
    early_data: Observed<bool>,
    is_stapled: Observed<bool>,
}

async fn behind(line: &Line<'_>, found: &[Found]) -> Behind {
    let newest = found.last().map_or(0, |of| of.version);
    let unseen = |why: &str| Behind {
        tickets_13: none(why),
        resumption: none(why),
        early_data: none(why),
        is_stapled: none(why),
    };
    if newest < TLS12 {
        return unseen("no library of today shakes hands with a server that takes no TLS 1.2");
    }
    match twice(line).await {
        Err(error) => unseen(&error.to_string()),
        Ok((tickets, is_resumed, is_early, is_stapled)) => Behind {
            tickets_13: if newest == TLS13 { Observed::Seen(tickets > 0) } else { none("no TLS 1.3") },
            resumption: Observed::Seen(is_resumed),
            early_data: if newest == TLS13 { Observed::Seen(is_early) } else { Observed::Seen(false) },
            is_stapled: Observed::Seen(is_stapled),
        },
    }
}

/// Connects twice with one client and once with another: tickets of the first connection, whether the second one was
/// resumed, whether a ticket of the third allows early data, and whether a status came with the certificate. A ticket is
/// used up by looking at it.
async fn twice(line: &Line<'_>) -> io::Result<(u32, bool, bool, bool)> {
    let (client, other) = (Client::new(&line.target.server_name, &[])?, Client::new(&line.target.server_name, &[])?);
    let service = line.target.service;
    let once = async |client: &Client, stream| {
        let mut secured = client.connect(stream).await?;
        // tickets come behind the handshake, before what is answered next (RFC 8446 §4.6.1)
        secured.write_all(nothing(service, "p4").as_bytes()).await?;
        secured.flush().await?;
        let mut octets = [0; 512];
        let _ = secured.read(&mut octets).await?;
        // a server forgets a connection that is broken off (RFC 5246 §7.2.1): it must get the end, and be heard out
        let _ = secured.shutdown().await;
        let rest = async { while secured.read(&mut octets).await.is_ok_and(|count| count > 0) {} };
        let _ = timeout(REST, rest).await;
        Ok((secured.get_ref().1.tls13_tickets_received(), is_resumed(&secured)))
    };
    let first = async {
        let (tickets, _) = line.with(async |stream| once(&client, stream).await).await?;
        let (_, is_resumed) = line.with(async |stream| once(&client, stream).await).await?;
        Ok::<_, io::Error>((tickets, is_resumed))
    };
    let ((tickets, is_resumed), _) = tokio::try_join!(first, line.with(async |stream| once(&other, stream).await))?;
    Ok((tickets, is_resumed, other.may_send_early(), client.is_stapled()))
}

/// What becomes of a command that is sent in cleartext behind STARTTLS, in its segment (CVE-2011-0411).
pub(crate) async fn injection(line: &Line<'_>) -> Observed<Injection> {
    use mail::Service::{Imap, Imaps};
    let is_imap = matches!(line.target.service, Imap | Imaps);
    let injected = if is_imap { "injected NOOP\r\n" } else { "XINJECTED\r\n" };
    match secured(line, injected).await {
        Err(error) => Observed::Unobserved(error.to_string()),
        Ok(Some(said)) => {
            let is_answer = if is_imap {
                said.starts_with("p3 ")
            } else {
                ["250", "+OK", "OK"].iter().any(|word| said.starts_with(word))
            };
            Observed::Seen(if is_answer { Injection::Dropped } else { Injection::Answered(said) })
        }
        // that is only due to the injection if it goes well without
        Ok(None) => match secured(line, "").await {
            Ok(Some(_)) => Observed::Seen(Injection::Closed),
            Ok(None) => none("a handshake by a library of today fails without an injected command too"),
            Err(error) => Observed::Unobserved(error.to_string()),
        },
    }
}

/// What is first said behind STARTTLS, to something that changes nothing; `None` if it does not come so far.
///
/// # Errors
/// It did not come to a handshake, or not to its end in time.
async fn secured(line: &Line<'_>, injected: &str) -> io::Result<Option<String>> {
    let (service, limit) = (line.target.service, line.target.limit);
    let mut speech = line.speech().await?;
    speech.greet().await?;
    let stream = speech.starttls(injected).await?;
    let stream = stream.map_err(|no| io::Error::other(format!("STARTTLS is refused: {}", no.result())))?;
    let client = Client::new(&line.target.server_name, &[])?;
    let late = |_| io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", limit.as_secs()));
    let Ok(secured) = timeout(limit, client.connect(stream)).await.map_err(late)? else { return Ok(None) };
    let mut speech = Speech::new(Box::new(secured), service, limit);
    if service == mail::Service::Sieve {
        // its greeting comes once more (RFC 5804 §2.2)
        speech.greet().await?;
    }
    Ok(speech.nothing().await.ok())
}
