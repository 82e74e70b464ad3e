//! Old servers and their ways: they answer hellos octet by octet, and know no cryptography.

use super::servers::Server;
use crate::hello::{SSL3, TLS10, TLS12};
use evidence::{DhSeen, Observed, Order, Probed};
use std::io;
use tls_parser::{TlsMessage, TlsMessageHandshake, parse_tls_plaintext};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// What an old server takes.
#[derive(Clone, Default)]
struct Old {
    /// Each with its suites, the preferred one first.
    versions: Vec<(u16, Vec<u16>)>,
    is_client_first: bool,
    prime: Vec<u8>,
    /// More suites in a hello than it bears; it then closes.
    most: Option<usize>,
    /// It closes instead of telling what is wrong.
    is_mute: bool,
    /// It chooses this, whatever is offered.
    stubborn: Option<u16>,
}

impl Old {
    async fn probed(self) -> Probed {
        Server::each(move |stream| {
            let old = self.clone();
            // how a connection ends is for the probe to say
            async move { old.serve(stream).await.unwrap_or_default() }
        })
        .await
        .probed()
        .await
    }

    async fn serve(self, mut stream: TcpStream) -> io::Result<()> {
        let mut record = vec![0; 5];
        stream.read_exact(&mut record).await?;
        let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
        record.resize(5 + length, 0);
        stream.read_exact(&mut record[5..]).await?;
        let (_, read) = parse_tls_plaintext(&record).unwrap();
        let TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello)) = &read.msg[0] else { panic!() };
        let heard: Vec<u16> = hello.ciphers.iter().map(|suite| suite.0).collect();
        let version = hello.version.0;
        if self.most.is_some_and(|most| heard.len() > most) {
            return Ok(());
        }
        let answer = match self.choice(version, &heard) {
            Some(suite) => self.flight(version, suite),
            None if self.is_mute => return Ok(()),
            None => vec![21, 3, 0, 0, 2, 2, 40],
        };
        stream.write_all(&answer).await?;
        stream.read_to_end(&mut Vec::new()).await.map(drop)
    }

    fn choice(&self, version: u16, heard: &[u16]) -> Option<u16> {
        let (_, mine) = self.versions.iter().find(|(other, _)| *other == version)?;
        let (first, then) = if self.is_client_first { (heard, &mine[..]) } else { (&mine[..], heard) };
        self.stubborn.or_else(|| first.iter().copied().find(|suite| then.contains(suite)))
    }

    fn flight(&self, version: u16, suite: u16) -> Vec<u8> {
        let version = version.to_be_bytes();
        let hello = [&version[..], &[1; 32], &[0], &suite.to_be_bytes(), &[0]].concat();
        let mut messages = message(2, &hello);
        messages.extend(message(11, &[0, 0, 6, 0, 0, 3, 0x30, 1, 0]));
        if !self.prime.is_empty() {
            // with a leading zero, as some servers write it
            let length = u16::try_from(self.prime.len() + 1).unwrap().to_be_bytes();
            messages.extend(message(12, &[&length[..], &[0], &self.prime, &[0, 1, 2, 0, 1, 9]].concat()));
        }
        messages.extend(message(14, &[]));
        // in records of a few octets each
        let record = |part: &[u8]| [&[22][..], &version, &[0, u8::try_from(part.len()).unwrap()], part].concat();
        messages.chunks(7).flat_map(record).collect()
    }
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).unwrap().to_be_bytes();
    [&[kind][..], &length[1..], body].concat()
}

fn taken(seen: &Probed) -> Vec<(&str, usize)> {
    seen.taken().map(|version| (version.version.as_str(), version.suites.seen().unwrap().len())).collect()
}

#[tokio::test]
async fn what_is_long_forbidden_is_seen_in_the_servers_order() {
    let weak = vec![0x0005, 0x0003, 0x0000, 0x0009, 0xff85];
    let seen =
        Old { versions: vec![(SSL3, weak.clone()), (TLS10, weak[..1].to_vec())], ..Old::default() }.probed().await;
    assert_eq!(taken(&seen), [("SSLv3", 5), ("TLSv1", 1)]);
    let names = [
        "TLS_RSA_WITH_RC4_128_SHA",
        "TLS_RSA_EXPORT_WITH_RC4_40_MD5",
        "TLS_NULL_WITH_NULL_NULL",
        "TLS_RSA_WITH_DES_CBC_SHA",
        "OLD_TLS_GOSTR341112_256_WITH_28147_CNT_IMIT",
    ];
    assert_eq!(seen.versions[0].suites.seen().unwrap(), &names);
    assert_eq!((seen.versions[0].order, seen.versions[1].order), (Some(Order::Server), None));
}

#[tokio::test]
async fn a_prime_is_seen_whatever_its_form() {
    let mut prime = vec![0x7f; 64];
    prime[63] = 0xfd;
    let versions = vec![(TLS12, vec![0x0014, 0x0033, 0x009e])];
    let seen = Old { versions, is_client_first: true, prime, ..Old::default() }.probed().await;
    assert_eq!((taken(&seen), seen.versions[3].order), (vec![("TLSv1.2", 3)], Some(Order::Client)));
    assert_eq!(seen.dh, Observed::Seen(Some(DhSeen { bits: 511, name: None })));
}

#[tokio::test]
async fn a_server_that_chokes_on_long_lists_is_asked_in_parts() {
    let versions = vec![(TLS12, vec![0xc02f, 0x002f, 0x0005])];
    let seen = Old { versions, most: Some(127), ..Old::default() }.probed().await;
    assert_eq!(taken(&seen), [("TLSv1.2", 3)]);
}

#[tokio::test]
async fn a_server_that_closes_instead_of_an_alert_refuses() {
    let seen = Old { versions: vec![(TLS12, vec![0xc02f])], is_mute: true, ..Old::default() }.probed().await;
    assert_eq!(taken(&seen), [("TLSv1.2", 1)]);
    assert_eq!(seen.versions[2].suites, Observed::Seen(Vec::new()));
}

#[tokio::test]
async fn a_server_that_chooses_what_was_not_offered_does_not_hold_the_probe() {
    let versions = vec![(TLS12, vec![0xc02f])];
    let seen = Old { versions, stubborn: Some(0xeeee), ..Old::default() }.probed().await;
    assert_eq!(seen.versions[3].suites, Observed::Seen(vec!["0xEEEE".to_owned()]));
}
