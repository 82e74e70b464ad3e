//! Played hosts, each seen to do what it says.

mod hostile;
mod mx;
mod tls;
mod web;

use super::*;
use crate::{
    Action, BoxStream, Dialogue, Handler, Job, Route, World, converse,
    peers::{Always, LOOPBACK, route},
    reply::ReplyReader,
};
use evidence::{Connection, Observed};
use mail::Reply;
use openssl::ssl::{SslConnector, SslConnectorBuilder, SslMethod, SslVerifyMode, SslVersion};
use pki::{Authority, CertificateKind};
use plan::{Driver, Interference, PlayedReply, Point, StarttlsPlay, Tls};
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
const ENVELOPE: &str = "MAIL FROM:<bob@sender.example>\r\nRCPT TO:<carol@partner.example>\r\n";

static GOOD: LazyLock<HostKey> = LazyLock::new(|| issue(CertificateKind::Good));

fn issue(kind: CertificateKind) -> HostKey {
    let request = pki::Request { names: vec![NAME.to_owned()], kind, key: pki::KeyKind::Rsa2048 };
    let issued = AUTHORITY.issue(&request).unwrap();
    HostKey { chain_pem: issued.chain_pem, key_pem: issued.key_pem, versions: Vec::new() }
}

/// The good certificate, in these versions.
fn good(versions: &[&str]) -> HostKey {
    HostKey { versions: versions.iter().map(|&v| v.to_owned()).collect(), ..GOOD.clone() }
}

fn play() -> MxPlay {
    MxPlay {
        name: NAME.to_owned(),
        starttls: StarttlsPlay::Offered,
        wire: Interference::None,
        key: good(&[]),
        swapped: None,
        replies: std::collections::BTreeMap::new(),
    }
}

fn job(route: Route, tls: Tls) -> Job {
    Job {
        route,
        driver: Driver::ByteExact,
        tls,
        ehlo: "mail.sender.example".to_owned(),
        says_helo: false,
        login: None,
        server_name: NAME.to_owned(),
        mail_from: b"<bob@sender.example>".to_vec(),
        rcpt_to: vec![b"<carol@partner.example>".to_vec()],
        message: b"Subject: test\r\n\r\nHello.\r\n".to_vec(),
        script: None,
        anchor: AUTHORITY.anchor(),
        limit: Duration::from_secs(20),
    }
}

async fn world(handler: Arc<dyn Handler>) -> World {
    World::listen(LOOPBACK, Arc::new(Always(move || Action::Serve(Arc::clone(&handler))))).await.unwrap()
}

/// A host on the world, until its world is dropped.
struct Scene {
    host: Arc<MxHost>,
    world: World,
}

impl Scene {
    async fn new(host: MxHost) -> Self {
        let host = Arc::new(host);
        let world = world(Arc::clone(&host) as Arc<dyn Handler>).await;
        Self { host, world }
    }

    async fn of(play: MxPlay) -> Self {
        Self::new(MxHost::new(play).unwrap()).await
    }

    async fn connect(&self) -> Raw {
        Raw::new(Box::new(route(self.world.address()).connect(Duration::from_secs(5)).await.unwrap()))
    }

    /// A client up to STARTTLS, which has been granted.
    async fn before_tls(&self) -> Raw {
        let mut client = self.connect().await;
        assert_eq!(client.codes("EHLO x.example\r\nSTARTTLS\r\n", 3).await, [220, 250, 220]);
        client
    }

    /// Whoever was there has gone: what the host saw of it.
    async fn seen(&self) -> (Vec<Connection>, Vec<evidence::Arrived>) {
        assert!(self.host.quiet(Instant::now() + Duration::from_secs(20)).await);
        self.host.take()
    }

    async fn only_one(&self) -> Connection {
        let (mut connections, _) = self.seen().await;
        assert_eq!(connections.len(), 1);
        connections.remove(0)
    }
}

/// What the byte-exact client under STARTTLS hears, and what the host saw.
async fn visited(play: MxPlay) -> (Dialogue, Connection, Vec<evidence::Arrived>) {
    let scene = Scene::of(play).await;
    let dialogue = converse(job(route(scene.world.address()), Tls::Starttls)).await.unwrap();
    let (mut connections, arrived) = scene.seen().await;
    assert_eq!(connections.len(), 1);
    assert!(scene.host.take().0.is_empty());
    (dialogue, connections.remove(0), arrived)
}

/// A client that says what the test wants.
struct Raw {
    stream: BoxStream,
    heard: ReplyReader,
}

impl Raw {
    fn new(stream: BoxStream) -> Self {
        Self { stream, heard: ReplyReader::default() }
    }

    async fn say(&mut self, octets: impl AsRef<[u8]>) {
        self.stream.write_all(octets.as_ref()).await.unwrap();
        self.stream.flush().await.unwrap();
    }

    async fn reply(&mut self) -> Reply {
        loop {
            if let Some(reply) = self.heard.next().unwrap() {
                return reply;
            }
            let mut piece = [0; 4096];
            let count = self.stream.read(&mut piece).await.unwrap();
            assert!(count > 0, "closed after {:?}", self.heard);
            self.heard.push(&piece[..count]);
        }
    }

    /// Says all of it at once, and hears so many replies.
    async fn codes(&mut self, octets: impl AsRef<[u8]>, replies: usize) -> Vec<u16> {
        self.say(octets).await;
        let mut codes = Vec::new();
        for _ in 0..replies {
            codes.push(self.reply().await.code);
        }
        codes
    }

    /// Everything up to the end.
    async fn rest(mut self) -> String {
        let mut rest = Vec::new();
        // who was cut off may be told so by an error
        let _ = self.stream.read_to_end(&mut rest).await;
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// Goes on under TLS, with OpenSSL.
    async fn secured(self, set: impl FnOnce(&mut SslConnectorBuilder)) -> Result<(Self, Shaken), openssl::ssl::Error> {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).unwrap();
        builder.set_verify(SslVerifyMode::NONE);
        builder.set_cipher_list("ALL:@SECLEVEL=0").unwrap();
        set(&mut builder);
        let ssl = builder.build().configure().unwrap().verify_hostname(false).into_ssl(NAME).unwrap();
        let mut stream = tokio_openssl::SslStream::new(ssl, self.stream).unwrap();
        Pin::new(&mut stream).connect().await?;
        let ssl = stream.ssl();
        let suite = ssl.current_cipher().and_then(|cipher| cipher.standard_name()).unwrap().to_owned();
        let shown = ssl.peer_cert_chain().map_or(0, |chain| chain.len());
        let shaken = Shaken { version: ssl.version_str(), suite, shown };
        Ok((Self::new(Box::new(stream)), shaken))
    }
}

/// What OpenSSL's client knows of its handshake.
struct Shaken {
    version: &'static str,
    suite: String,
    /// Certificates that it was shown.
    shown: usize,
}

/// Offers only this version.
fn only(version: SslVersion) -> impl FnOnce(&mut SslConnectorBuilder) {
    move |builder| {
        builder.set_min_proto_version(Some(version)).unwrap();
        builder.set_max_proto_version(Some(version)).unwrap();
    }
}

fn why(seen: &Connection) -> &str {
    match &seen.handshake {
        Observed::Seen(handshake) => panic!("{handshake:?}"),
        Observed::Unobserved(why) => why,
    }
}

/// The exchanges in short: `to`, what was sent, and the code.
fn told(seen: &Connection) -> Vec<String> {
    seen.dialogue.iter().map(|e| format!("{} `{}` {}", e.to, e.sent, e.reply.seen().unwrap().code)).collect()
}
