//! Played hosts, each seen to do what it says.

use super::*;
use crate::{
    Action, BoxStream, Dialogue, Handler, Job, Route, World, converse,
    peers::{Always, LOOPBACK, route},
};
use evidence::Observed;
use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion};
use pki::{Authority, Kind};
use scenario::{Driver, Interference, StarttlsPlay, Tls};
use std::{
    pin::Pin,
    sync::{Arc, LazyLock},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::Instant,
};

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new().unwrap());
const NAME: &str = "mx.partner.example";

fn key(kind: Kind, versions: &[&str]) -> HostKey {
    let request = pki::Request { names: vec![NAME.to_owned()], kind, key: pki::KeyKind::Rsa2048 };
    let issued = AUTHORITY.issue(&request).unwrap();
    let versions = versions.iter().map(|&v| v.to_owned()).collect();
    HostKey { chain_pem: issued.chain_pem, key_pem: issued.key_pem, versions }
}

fn play() -> MxPlay {
    MxPlay {
        name: NAME.to_owned(),
        starttls: StarttlsPlay::Offered,
        wire: Interference::None,
        key: key(Kind::Good, &[]),
        swapped: None,
        end_of_data: None,
    }
}

async fn world(handler: Arc<dyn Handler>) -> World {
    World::listen(LOOPBACK, Arc::new(Always(move || Action::Serve(Arc::clone(&handler))))).await.unwrap()
}

/// What a client under STARTTLS hears, and what the host saw.
async fn visited(play: MxPlay) -> (Dialogue, evidence::Connection, Vec<evidence::Arrived>) {
    let host = Arc::new(MxHost::new(play).unwrap());
    let world = world(Arc::clone(&host) as Arc<dyn Handler>).await;
    let dialogue = converse(job(route(world.address()), Tls::Starttls)).await.unwrap();
    assert!(host.quiet(Instant::now() + Duration::from_secs(10)).await);
    let (mut connections, arrived) = host.take();
    assert_eq!(connections.len(), 1);
    assert!(host.take().0.is_empty());
    (dialogue, connections.remove(0), arrived)
}

fn job(route: Route, tls: Tls) -> Job {
    Job {
        route,
        driver: Driver::ByteExact,
        tls,
        ehlo: "mail.sender.example".to_owned(),
        login: None,
        server_name: NAME.to_owned(),
        mail_from: "bob@sender.example".parse().unwrap(),
        rcpt_to: vec!["carol@partner.example".parse().unwrap()],
        message: b"Subject: test\r\n\r\nHello.\r\n".to_vec(),
        anchor: AUTHORITY.anchor(),
        limit: Duration::from_secs(20),
    }
}

#[tokio::test]
async fn a_good_host_takes_mail_and_tells_what_it_saw() {
    let (dialogue, seen, arrived) = visited(play()).await;
    assert_eq!(dialogue.handshake.seen().unwrap().peer, evidence::Trust::Verified);
    let offer = seen.offer.unwrap();
    assert_eq!(offer.versions, ["TLSv1.2", "TLSv1.3"]);
    assert_eq!(offer.server_name.as_deref(), Some(NAME));
    assert!(offer.suites.iter().any(|suite| suite == "TLS_AES_256_GCM_SHA384"), "{:?}", offer.suites);
    assert!(offer.groups.iter().any(|group| group == "x25519") && !offer.signatures.is_empty());
    let here = seen.handshake.seen().unwrap();
    assert_eq!((here.version.as_str(), here.chain.len()), ("TLSv1.3", 2));
    let words: Vec<&str> = seen.dialogue.iter().map(|e| e.to.as_str()).collect();
    assert_eq!(words, ["connect", "ehlo", "starttls", "ehlo", "mail-from", "rcpt-to", "data", "end-of-data", "quit"]);
    assert_eq!((seen.ended.as_str(), arrived.len()), ("quit", 1));
    assert_eq!((arrived[0].is_protected, arrived[0].rcpt_to[0].as_str()), (true, "carol@partner.example"));
}

#[tokio::test]
async fn starttls_is_absent_stripped_or_refused() {
    for (starttls, wire, reply) in [
        (StarttlsPlay::Absent, Interference::None, None),
        (StarttlsPlay::Offered, Interference::StripStarttls, None),
        (StarttlsPlay::Refused(454), Interference::None, Some(454)),
        (StarttlsPlay::Refused(501), Interference::None, Some(501)),
    ] {
        let (dialogue, seen, _) = visited(MxPlay { starttls, wire, ..play() }).await;
        let answer = dialogue.exchanges.iter().find(|e| e.to == "starttls").and_then(|e| e.reply.seen());
        assert_eq!(answer.map(|reply| reply.code), reply, "{starttls:?}");
        assert!(seen.handshake.seen().is_none() && seen.offer.is_none());
    }
}

#[tokio::test]
async fn a_reply_is_injected_in_the_segment_of_the_220() {
    let host = Arc::new(MxHost::new(MxPlay { starttls: StarttlsPlay::Injected, ..play() }).unwrap());
    let world = world(host).await;
    let mut stream = route(world.address()).connect(Duration::from_secs(5)).await.unwrap();
    stream.write_all(b"EHLO x.example\r\nSTARTTLS\r\n").await.unwrap();
    let mut heard = String::new();
    while !heard.contains("injected") {
        let mut piece = [0; 4096];
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    assert!(heard.ends_with("220 2.0.0 go ahead\r\n250 2.0.0 injected\r\n"), "{heard}");
}

#[tokio::test]
async fn another_certificate_is_shown_on_the_way() {
    let swapped = Some(key(Kind::Untrusted, &[]));
    let (dialogue, _, arrived) = visited(MxPlay { wire: Interference::SwapCertificate, swapped, ..play() }).await;
    let peer = &dialogue.handshake.seen().unwrap().peer;
    assert!(matches!(peer, evidence::Trust::Untrusted(_)), "{peer:?}");
    assert_eq!(arrived.len(), 1);
}

#[tokio::test]
async fn a_message_that_is_cut_or_refused_was_not_taken() {
    let (dialogue, seen, arrived) = visited(MxPlay { wire: Interference::CutInData, ..play() }).await;
    assert!(matches!(dialogue.exchanges.last().unwrap().reply, Observed::Unobserved(_)));
    assert_eq!((seen.ended.as_str(), arrived.len()), ("cut in DATA on the way", 0));
    let end_of_data = Some("451 4.3.0 later".to_owned());
    let (dialogue, _, arrived) = visited(MxPlay { end_of_data, ..play() }).await;
    let end = dialogue.exchanges.iter().find(|e| e.to == "end-of-data").unwrap();
    assert_eq!((end.reply.seen().unwrap().code, arrived.len()), (451, 0));
    assert!(MxHost::new(MxPlay { end_of_data: Some("later".to_owned()), ..play() }).is_err());
}

#[tokio::test]
async fn a_modern_client_fails_at_tls_1_0_and_its_offer_is_seen() {
    let (dialogue, seen, arrived) = visited(MxPlay { key: key(Kind::Good, &["TLSv1"]), ..play() }).await;
    assert!(dialogue.handshake.seen().is_none() && arrived.is_empty());
    assert_eq!(seen.offer.unwrap().versions, ["TLSv1.2", "TLSv1.3"]);
    let Observed::Unobserved(why) = seen.handshake else { panic!("a handshake") };
    assert!(why.contains("no version") || why.contains("alert protocol_version"), "{why}");
    assert_eq!(seen.ended, "the handshake failed");
}

#[tokio::test]
async fn an_old_client_gets_tls_1_0() {
    let host = Arc::new(MxHost::new(MxPlay { key: key(Kind::Good, &["TLSv1"]), ..play() }).unwrap());
    let world = world(Arc::clone(&host) as Arc<dyn Handler>).await;
    let mut stream = route(world.address()).connect(Duration::from_secs(5)).await.unwrap();
    stream.write_all(b"STARTTLS\r\n").await.unwrap();
    let mut piece = [0; 4096];
    let mut heard = String::new();
    while !heard.contains("go ahead\r\n") {
        let count = stream.read(&mut piece).await.unwrap();
        assert!(count > 0, "{heard}");
        heard.push_str(&String::from_utf8_lossy(&piece[..count]));
    }
    let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
    builder.set_max_proto_version(Some(SslVersion::TLS1)).unwrap();
    builder.set_min_proto_version(None).unwrap();
    builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
    builder.set_verify(SslVerifyMode::NONE);
    let ssl = builder.build().configure().unwrap().into_ssl(NAME).unwrap();
    let mut secured = tokio_openssl::SslStream::new(ssl, stream).unwrap();
    Pin::new(&mut secured).connect().await.unwrap();
    secured.write_all(b"QUIT\r\n").await.unwrap();
    let count = secured.read(&mut piece).await.unwrap();
    assert!(piece[..count].starts_with(b"221"));
    assert!(host.quiet(Instant::now() + Duration::from_secs(10)).await);
    let (seen, _) = host.take();
    assert_eq!(seen[0].handshake.seen().unwrap().version, "TLSv1");
    assert_eq!(seen[0].offer.as_ref().unwrap().versions, ["TLSv1"]);
}

#[tokio::test]
async fn hostile_clients_end_and_leave_nothing() {
    let host = Arc::new(MxHost::new(play()).unwrap());
    let world = world(Arc::clone(&host) as Arc<dyn Handler>).await;
    let endless = vec![b'x'; 100_000];
    for (said, ended) in [
        (&endless[..], "the client sent a line without end"),
        (b"EHLO", "closed by the client"),
        (b"STARTTLS\r\nno TLS at all\r\n", "the handshake failed"),
    ] {
        let mut stream = route(world.address()).connect(Duration::from_secs(5)).await.unwrap();
        // the host may close before all is said
        let _ = stream.write_all(said).await;
        let _ = stream.shutdown().await;
        let mut rest = Vec::new();
        let _ = stream.read_to_end(&mut rest).await;
        assert!(host.quiet(Instant::now() + Duration::from_secs(10)).await);
        let (seen, arrived) = host.take();
        assert_eq!((seen[0].ended.as_str(), arrived.len()), (ended, 0));
    }
}

#[tokio::test]
async fn a_policy_is_fetched_and_nothing_else_is_there() {
    let web = WebPlay {
        name: NAME.to_owned(),
        key: key(Kind::Good, &[]),
        status: 200,
        policy: "version: STSv1\nmode: none\n".to_owned(),
        media_type: "text/plain".to_owned(),
    };
    let host = Arc::new(WebHost::new(web.clone()).unwrap());
    let world = world(Arc::clone(&host) as Arc<dyn Handler>).await;
    let get = async |path: &str| {
        let stream = route(world.address()).connect(Duration::from_secs(5)).await.unwrap();
        let name = crate::tls::server_name(NAME).unwrap();
        let (mut stream, _): (BoxStream, _) =
            crate::tls::secure(Box::new(stream), &name, &AUTHORITY.anchor()).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        // a server that closes without close_notify has said everything all the same
        let _ = stream.read_to_string(&mut answer).await;
        answer
    };
    let answer = get("/.well-known/mta-sts.txt").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("version: STSv1\r\nmode: none\r\n"), "{answer}");
    assert!(get("/").await.starts_with("HTTP/1.1 404"));
    assert!(host.quiet(Instant::now() + Duration::from_secs(10)).await);
    let seen = host.take();
    assert_eq!((seen.len(), seen[0].ended.as_str()), (2, "answered"));
    let exchange = &seen[0].dialogue[0];
    assert_eq!(exchange.sent, "GET /.well-known/mta-sts.txt HTTP/1.1");
    assert_eq!(exchange.reply.seen().unwrap().to_string(), "200 OK");
    assert!(WebHost::new(WebPlay { status: 7, ..web }).is_err());
}
