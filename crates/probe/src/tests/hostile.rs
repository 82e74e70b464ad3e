//! Servers that nobody should meet: each ends in a clear error, in time and in little memory.

use super::servers::Server;
use crate::{ProbeError, Target, survey};
use evidence::{Observed, Probed};
use mail::Service;
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// More than all sockets of a probe hold.
const MOST: usize = 64 << 20;

fn hurried(server: &Server, service: Service) -> Target {
    Target { limit: Duration::from_millis(500), deadline: Duration::from_secs(20), ..server.target(service) }
}

async fn tried(server: &Server, service: Service) -> Result<Probed, ProbeError> {
    survey(&hurried(server, service)).await
}

/// Fails unless the service does not speak its protocol, for this reason.
async fn strange(server: &Server, service: Service, reason: &str) {
    let error = tried(server, service).await.unwrap_err();
    let ProbeError::Protocol { reason: told, .. } = &error else { panic!("{service}: {error}") };
    assert!(told.contains(reason), "{service}: {error}");
}

/// Writes this for as long as it is read, and counts.
async fn flood(octets: &'static [u8]) -> (Server, Arc<AtomicUsize>) {
    let written = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&written);
    let server = Server::each(move |mut stream| {
        let count = Arc::clone(&count);
        async move {
            while stream.write_all(octets).await.is_ok() {
                count.fetch_add(octets.len(), Ordering::Relaxed);
            }
        }
    });
    (server.await, written)
}

/// Waits until the client goes.
async fn hold(mut stream: TcpStream) {
    let mut octets = [0; 1024];
    while stream.read(&mut octets).await.is_ok_and(|count| count > 0) {}
}

#[tokio::test]
async fn nobody_listens() {
    let server = Server::each(async |_| ()).await;
    let target = hurried(&server, Service::Smtp);
    drop(server);
    let closed = async || survey(&target).await;
    // the listener is closed when its task ends, not when it is told to
    while !matches!(closed().await, Err(ProbeError::Connect { .. })) {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn silence() {
    let server = Server::each(hold).await;
    strange(&server, Service::Smtp, "no answer within").await;
    strange(&server, Service::Submissions, "no answer within").await;
}

#[tokio::test]
async fn closed_at_once() {
    let server = Server::each(async |_| ()).await;
    for service in [Service::Smtp, Service::Imap, Service::Pop3, Service::Sieve] {
        assert!(tried(&server, service).await.is_err());
    }
    assert!(tried(&server, Service::Submissions).await.is_err());
}

#[tokio::test]
async fn garbage() {
    let server = Server::each(async |mut stream: TcpStream| {
        let _ = stream.write_all(b"\x00\xff\x13garbage\r\n").await;
        hold(stream).await;
    });
    let server = server.await;
    for service in [Service::Smtp, Service::Imap, Service::Pop3, Service::Sieve] {
        strange(&server, service, "garbage").await;
    }
    strange(&server, Service::Imaps, "no TLS").await;
}

#[tokio::test]
async fn a_banner_of_100_kb() {
    let server = Server::each(async |mut stream: TcpStream| {
        let banner = format!("220 {}\r\n", "x".repeat(100_000));
        let _ = stream.write_all(banner.as_bytes()).await;
        hold(stream).await;
    });
    strange(&server.await, Service::Smtp, "longer than 65536 octets").await;
}

#[tokio::test]
async fn a_web_server() {
    let server = Server::each(async |mut stream: TcpStream| {
        let mut octets = [0; 1024];
        let _ = stream.read(&mut octets).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
    });
    let server = server.await;
    strange(&server, Service::Submissions, "HTTP/").await;
    // it waits for a request, the probe for a greeting
    strange(&server, Service::Smtp, "no answer within").await;
}

#[tokio::test]
async fn floods() {
    const LINE: &[u8] = &[b'x'; 4096];
    const MULTI: &[u8] = b"220-and more\r\n220-and more\r\n220-and more\r\n220-and more\r\n";
    const QUOTED: &[u8] = b"\"AND\" \"more\"\r\n\"AND\" \"more\"\r\n\"AND\" \"more\"\r\n";
    const RECORD: &[u8] = &[22, 3, 3, 0, 0];
    for (octets, service, reason) in [
        (LINE, Service::Smtp, "longer than"),
        (LINE, Service::Imap, "longer than"),
        (MULTI, Service::Smtp, "longer than"),
        (QUOTED, Service::Sieve, "longer than"),
        (LINE, Service::Submissions, "no TLS"),
        (RECORD, Service::Submissions, "no TLS"),
    ] {
        let (server, written) = flood(octets).await;
        strange(&server, service, reason).await;
        assert!(written.load(Ordering::Relaxed) < MOST);
    }
}

/// A greeting that never ends, slowly.
#[tokio::test]
async fn drops_of_a_greeting() {
    let server = Server::each(async |mut stream: TcpStream| {
        let mut tick = tokio::time::interval(Duration::from_millis(20));
        while stream.write_all(b"220-wait\r\n").await.is_ok() {
            tick.tick().await;
        }
    });
    let server = server.await;
    let target = Target { deadline: Duration::from_millis(300), ..hurried(&server, Service::Smtp) };
    assert!(matches!(survey(&target).await, Err(ProbeError::Late { .. })));
}

/// Behind STARTTLS, what was seen before stands.
#[tokio::test]
async fn behind_starttls() {
    for (behind, reason) in [
        (Some(&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..]), "no TLS"),
        (Some(&[21, 3, 1][..]), "no answer within"),
        (None, "closes the connection"),
    ] {
        let server = Server::each(move |mut stream: TcpStream| async move {
            let _ = stream.write_all(b"220 here\r\n").await;
            let mut octets = vec![0; 1024];
            while let Ok(count @ 1..) = stream.read(&mut octets).await {
                if octets[..count].starts_with(b"EHLO") {
                    let _ = stream.write_all(b"250-here\r\n250 STARTTLS\r\n").await;
                } else if octets[..count].starts_with(b"STARTTLS") {
                    let _ = stream.write_all(b"220 go\r\n").await;
                    let _ = stream.read(&mut octets).await;
                    let Some(behind) = behind else { return };
                    let _ = stream.write_all(behind).await;
                    return hold(stream).await;
                } else {
                    let _ = stream.write_all(b"502 no\r\n").await;
                }
            }
        });
        let seen = tried(&server.await, Service::Smtp).await.unwrap();
        assert!(seen.cleartext.seen().unwrap().offers_starttls);
        assert_eq!((seen.versions.len(), seen.taken().count()), (5, 0));
        for version in &seen.versions {
            let Observed::Unobserved(why) = &version.suites else { panic!("{version:?}") };
            assert!(why.contains(reason), "{why}");
        }
    }
}
