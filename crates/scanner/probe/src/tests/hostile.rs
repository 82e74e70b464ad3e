//! Servers that nobody should meet: each ends in a clear error, in time and in little memory.

use super::servers::{EC, Server, rustls_config};
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
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;

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
        assert!(seen.groups.seen().is_none() && seen.dh.seen().is_none() && seen.signatures.seen().is_none());
        assert!(seen.chains.seen().is_none(), "{reason}");
        let features = format!("{:?}", seen.features).replace("Unobserved(", "");
        assert!(!features.contains("Seen("), "{features}");
    }
}

/// When the time is over, what is known stands.
#[tokio::test]
async fn too_slow_to_be_surveyed() {
    let server = Server::each(async |stream: TcpStream| {
        if let Some(stream) = to_tls(stream).await {
            hold(stream).await;
        }
    });
    let server = server.await;
    let target = Target { deadline: Duration::from_millis(300), ..server.target(Service::Smtp) };
    let seen = survey(&target).await.unwrap();
    assert_eq!(seen.cleartext.seen().unwrap().greeting, "220 here");
    let Observed::Unobserved(why) = &seen.versions[4].suites else { panic!("{:?}", seen.versions) };
    assert_eq!(why, "the probe's 0.3 s are over");
    let Observed::Unobserved(why) = &seen.chains else { panic!("{:?}", seen.chains) };
    assert!(why.ends_with("the probe's 0.3 s are over"), "{why}");
}

/// Speaks SMTP until TLS begins; nothing if it does not come so far.
async fn to_tls(stream: TcpStream) -> Option<TcpStream> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 here\r\n").await.ok()?;
    let mut line = String::new();
    while stream.read_line(&mut line).await.is_ok_and(|count| count > 0) {
        let answer: &[u8] = match line.trim_end() {
            "STARTTLS" => {
                stream.write_all(b"220 go\r\n").await.ok()?;
                return Some(stream.into_inner());
            }
            word if word.starts_with("EHLO") => b"250-here\r\n250 STARTTLS\r\n",
            _ => b"502 no\r\n",
        };
        stream.write_all(answer).await.ok()?;
        line.clear();
    }
    None
}

#[tokio::test]
async fn no_time_for_anybody() {
    let server = Server::each(async |mut stream: TcpStream| {
        let _ = stream.write_all(b"421 4.3.2 All server ports are busy\r\n").await;
    });
    strange(&server.await, Service::Smtp, "421 4.3.2 All server ports are busy").await;
}

/// Three connections at a time, and 421 to more: it is asked more slowly, and all of it is seen.
#[tokio::test]
async fn limits() {
    let acceptor = TlsAcceptor::from(Arc::new(rustls_config(&EC)));
    let places = Arc::new(Semaphore::new(3));
    let server = Server::each(move |mut stream: TcpStream| {
        let (acceptor, places) = (acceptor.clone(), Arc::clone(&places));
        async move {
            let Ok(_place) = places.try_acquire() else {
                let _ = stream.write_all(b"421 4.7.0 too many connections\r\n").await;
                return;
            };
            if let Some(stream) = to_tls(stream).await {
                let _ = acceptor.accept(stream).await;
            }
        }
    });
    let seen = survey(&server.await.target(Service::Smtp)).await.unwrap();
    let versions: Vec<&str> = seen.taken().map(|version| version.version.as_str()).collect();
    assert_eq!(versions, ["TLSv1.2", "TLSv1.3"]);
    assert!(seen.versions.iter().all(|version| version.suites.seen().is_some()), "{:?}", seen.versions);
    assert_eq!(seen.versions[3].suites.seen().unwrap().len(), 3);
    assert!(seen.groups.seen().unwrap().len() > 3 && seen.signatures.seen().unwrap().len() == 1);
}

/// Three connections at a time, and not a word to more: who did not answer then is asked again, and all of it is seen.
#[tokio::test]
async fn busy() {
    let acceptor = TlsAcceptor::from(Arc::new(rustls_config(&EC)));
    let places = Arc::new(Semaphore::new(3));
    let server = Server::each(move |stream: TcpStream| {
        let (acceptor, places) = (acceptor.clone(), Arc::clone(&places));
        async move {
            match places.try_acquire() {
                Ok(_place) => drop(acceptor.accept(stream).await),
                Err(_) => hold(stream).await,
            }
        }
    });
    let server = server.await;
    let target = Target { limit: Duration::from_secs(2), ..server.target(Service::Submissions) };
    let seen = survey(&target).await.unwrap();
    assert!(!format!("{seen:?}").contains("no answer within"), "{seen:?}");
    assert_eq!(seen.taken().count(), 2);
    assert_eq!(seen.chains.seen().unwrap()[0].certificates[0].key, "EC P-256");
}
