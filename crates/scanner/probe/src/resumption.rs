//! What is only seen behind a handshake: tickets, resumption, early data.

use crate::{
    classic::{self, Terms},
    flight::Flight,
    hello::{Hello, TLS10, TLS13},
    line::{Line, dns_name},
    modern::{Client, is_resumed},
    session::nothing_octets,
    versions::{Versions, usual},
};
use evidence::Observed;
use std::io;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What connections of TLS 1.3 showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Behind {
    pub(crate) tickets: bool,
    pub(crate) resumption: bool,
    pub(crate) early_data: bool,
    pub(crate) is_stapled: bool,
}

/// Connects twice with TLS 1.3; `None`: the server does not take it.
pub(crate) async fn of_13(line: &Line<'_>, versions: &Versions) -> Option<Result<Behind, String>> {
    if !versions.takes(TLS13) {
        return None;
    }
    Some(twice(line).await.map_err(|error| error.to_string()))
}

/// The first connection stays open until the second one is there, since a server may forget one that ends badly
/// (RFC 5246 §7.2.1), whatever its tickets say.
async fn twice(line: &Line<'_>) -> io::Result<Behind> {
    let client = Client::new(line.name().as_deref(), &rustls::version::TLS13)?;
    let service = line.target.service;
    let _first = line
        .with(async |stream| {
            let mut secured = client.connect(stream).await?;
            // tickets come behind the handshake, before what is said next (RFC 8446 §4.6.1)
            if !service.is_implicit() {
                secured.write_all(nothing_octets(service)).await?;
                secured.flush().await?;
            }
            let _ = secured.read(&mut [0; 512]).await?;
            Ok(secured)
        })
        .await?;
    let resumption = line.with(async |stream| Ok(is_resumed(&client.connect(stream).await?))).await?;
    Ok(Behind {
        tickets: client.tickets() > 0,
        resumption,
        early_data: client.is_early(),
        is_stapled: client.is_stapled(),
    })
}

/// Whether a connection before TLS 1.3 is resumed, by its id or by a ticket; `None`: the server takes no such version.
pub(crate) async fn before_13(line: &Line<'_>, versions: &Versions) -> Option<Observed<bool>> {
    let version = versions.newest_before_13().ok()?;
    if version < TLS10 {
        return Some(Observed::Unobserved("the library that shakes hands has no SSL 3.0".to_owned()));
    }
    Some(match again(line, version).await {
        Ok(resumed) => Observed::Seen(resumed),
        Err(error) => Observed::Unobserved(error.to_string()),
    })
}

/// A library shakes hands; then a hello asks to go on there. Here too the first connection stays open.
async fn again(line: &Line<'_>, version: u16) -> io::Result<bool> {
    let name = dns_name(&line.target.server_name);
    let terms = Terms { name: name.as_deref(), version: Some(version), schemes: None };
    let (_first, kept) = line.with(async |stream| classic::connect_and_keep(stream, terms).await).await?;
    let Some((resumed, suite)) = kept else { return Ok(false) };
    let hello = Hello { resumed: Some(resumed), ..usual(line, version, vec![suite]) };
    match line.offer(&hello).await? {
        Flight::Taken(taken) => Ok(taken.is_resumed),
        other => Err(io::Error::other(other.words())),
    }
}
