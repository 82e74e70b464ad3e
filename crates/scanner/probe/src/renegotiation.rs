//! Renegotiation that a client asks for (RFC 5246 §7.4.1.1, RFC 5746 §3.5).
//!
//! No library of today asks for it. So one shakes hands, its keys are taken over, and the records that follow are made and read
//! here: a hello that goes on from the handshake, and a command of the service's protocol behind it, which a server that
//! does not follow may answer instead.

use crate::{
    flight::is_closed,
    hello::{Hello, TLS12},
    line::Line,
    modern::Client,
    records::{Direction, Record, Tap},
    session::nothing_octets,
    suites,
    versions::{Versions, usual},
};
use evidence::Observed;
use std::{io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

/// Alert no_renegotiation (RFC 5246 §7.2.2).
const NO_RENEGOTIATION: u8 = 100;
const FATAL: u8 = 2;
/// So many records are read at most.
const RECORDS: usize = 64;
/// How long is waited for more behind the answer to a command.
const GRACE: Duration = Duration::from_millis(250);

/// Whether the server follows.
pub(crate) async fn by_client(line: &Line<'_>, versions: &Versions) -> Observed<bool> {
    if let Err(why) = versions.newest_before_13() {
        return Observed::Unobserved(why);
    }
    if !versions.takes(TLS12) {
        return Observed::Unobserved("it is asked for in TLS 1.2 alone, which the server does not take".to_owned());
    }
    match ask(line).await {
        Ok(follows) => Observed::Seen(follows),
        Err(error) => Observed::Unobserved(error.to_string()),
    }
}

async fn ask(line: &Line<'_>) -> io::Result<bool> {
    let client = Client::new(line.name().as_deref(), &rustls::version::TLS12)?;
    let service = line.target.service;
    line.with(async |stream| {
        let mut secured = client.connect(Tap::new(stream)).await?;
        if service.is_implicit() {
            // the greeting must not be taken for an answer
            secured.read(&mut [0; 512]).await.map(drop)?;
        }
        let (tap, connection) = secured.into_inner();
        let secrets = connection.dangerous_extract_secrets().map_err(io::Error::other)?;
        let (mut sent, mut got) = (Direction::new(&secrets.tx.1)?, Direction::new(&secrets.rx.1)?);
        let Tap { mut inner, written, read } = tap;
        let verified = finished(&mut sent, &written)?;
        let rest = behind_handshake(&mut got, &read)?;

        let suites = suites::USUAL.to_vec();
        let hello = Hello { renegotiated: Some(verified), ..usual(line, TLS12, suites) };
        let mut octets = sent.seal(Record { kind: 22, octets: hello.message() })?;
        octets.extend(sent.seal(Record { kind: 23, octets: nothing_octets(service).to_vec() })?);
        inner.write_all(&octets).await?;
        inner.flush().await?;
        follows(rest.as_slice().chain(inner), &mut got, line.target.limit).await
    })
    .await
}

/// Reads until the server has said whether it follows.
async fn follows(
    mut stream: impl tokio::io::AsyncRead + Unpin,
    got: &mut Direction,
    limit: Duration,
) -> io::Result<bool> {
    let mut patience = limit;
    for _ in 0..RECORDS {
        let record = match timeout(patience, got.read(&mut stream)).await {
            Ok(Ok(record)) => record,
            Ok(Err(error)) if is_closed(&error) => return Ok(false),
            // GnuTLS in Exim: it has left TLS, and says so in cleartext
            Ok(Err(error)) if error.kind() == io::ErrorKind::Unsupported => return Ok(false),
            Ok(Err(error)) => return Err(error),
            Err(_) if patience == GRACE => return Ok(false),
            Err(_) => {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the server neither follows nor refuses in time"));
            }
        };
        match (record.kind, record.octets.as_slice()) {
            // a ServerHello
            (22, [2, ..]) => return Ok(true),
            (21, [_, NO_RENEGOTIATION] | [FATAL, _] | [_, 0]) => return Ok(false),
            // it answers the command; if the hello was not in its way, nothing else will come
            (23, _) => patience = GRACE,
            _ => {}
        }
    }
    Ok(false)
}

/// The end of the client's handshake, read from what it sent (RFC 5246 §7.4.9).
fn finished(sent: &mut Direction, written: &[u8]) -> io::Result<Vec<u8>> {
    let mut rest = behind_change(written);
    let record = sent.open_next(&mut rest)?;
    match record.map(|record| record.octets) {
        Some(octets) if octets.starts_with(&[20, 0, 0, 12]) => Ok(octets[4..].to_vec()),
        _ => Err(io::Error::other("the library's own handshake has no end")),
    }
}

/// What a server has already sent is counted; what is left is no whole record yet.
fn behind_handshake(got: &mut Direction, read: &[u8]) -> io::Result<Vec<u8>> {
    let mut rest = behind_change(read);
    while got.open_next(&mut rest)?.is_some() {}
    Ok(rest.to_vec())
}

/// The octets behind a ChangeCipherSpec: from there on everything is encrypted.
fn behind_change(mut octets: &[u8]) -> &[u8] {
    while let Some(head) = octets.first_chunk::<5>() {
        let length = 5 + usize::from(u16::from_be_bytes([head[3], head[4]]));
        octets = octets.get(length..).unwrap_or_default();
        if head[0] == 20 {
            break;
        }
    }
    octets
}
