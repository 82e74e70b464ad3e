//! Dialogues with servers of every temper.

use super::*;
use crate::{
    Action, Handler, HostKey, MxHost, MxPlay, World,
    peers::{Always, LOOPBACK, peer, script, tls_server},
};
use evidence::Trust;
use mail::Nonce;
use pki::{Authority, CertificateKind};
use proptest::prelude::*;
use rustls::version::TLS13;
use std::sync::{Arc, LazyLock};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new().unwrap());

pub(super) fn job(route: Route) -> Job {
    Job {
        route,
        driver: Driver::WellBehaved,
        tls: Tls::None,
        ehlo: "mail.sender.example".to_owned(),
        says_helo: false,
        login: None,
        server_name: "mx.gateway.example".to_owned(),
        mail_from: b"<bob@sender.example>".to_vec(),
        rcpt_to: vec![b"<alice@gateway.example>".to_vec(), b"<eve@gateway.example>".to_vec()],
        message: b"Subject: test\r\n\r\n.\r\n..two\r\nend\r\n".to_vec(),
        script: None,
        anchor: AUTHORITY.anchor(),
        limit: Duration::from_secs(20),
    }
}

/// The exchanges in short: `to` and code, or the reason why there is none.
pub(super) fn told(dialogue: &Dialogue) -> Vec<String> {
    let code = |reply: &Observed<mail::Reply>| match reply {
        Observed::Seen(reply) => reply.code.to_string(),
        Observed::Unobserved(why) => why.clone(),
    };
    dialogue.exchanges.iter().map(|e| format!("{} {}", e.to, code(&e.reply))).collect()
}

fn why(dialogue: &Dialogue) -> &str {
    match &dialogue.handshake {
        Observed::Seen(handshake) => panic!("{handshake:?}"),
        Observed::Unobserved(why) => why,
    }
}

/// A host with a certificate of this kind, and this version of TLS.
fn host(kind: CertificateKind, version: &str) -> Arc<MxHost> {
    let request = pki::Request { names: vec!["mx.gateway.example".to_owned()], kind, key: pki::KeyKind::P256 };
    let issued = AUTHORITY.issue(&request).unwrap();
    let key = HostKey { chain_pem: issued.chain_pem, key_pem: issued.key_pem, versions: vec![version.to_owned()] };
    let (starttls, wire) = (plan::StarttlsPlay::Offered, plan::Interference::None);
    let name = "mx.gateway.example".to_owned();
    Arc::new(
        MxHost::new(MxPlay { name, starttls, wire, key, swapped: None, replies: std::collections::BTreeMap::new() })
            .unwrap(),
    )
}

async fn world(handler: Arc<dyn Handler>) -> World {
    World::listen(LOOPBACK, Arc::new(Always(move || Action::Serve(Arc::clone(&handler))))).await.unwrap()
}

#[tokio::test]
async fn a_message_arrives_as_it_was_given() {
    let sink = host(CertificateKind::Good, "TLSv1.3");
    let world = world(Arc::clone(&sink) as Arc<dyn Handler>).await;
    let nonce = Nonce::from_number(7);
    let message = format!("Message-ID: <{nonce}@x.example>\r\n\r\n.\r\n..two\r\ngr\u{fc}n\r\n").into_bytes();
    let dialogue = converse(Job { message, ..job(crate::peers::route(world.address())) }).await.unwrap();
    assert_eq!(
        told(&dialogue),
        [
            "connect 220",
            "ehlo 250",
            "mail-from 250",
            "rcpt-to 250",
            "rcpt-to 250",
            "data 354",
            "end-of-data 250",
            "quit 221"
        ]
    );
    let sent: Vec<&str> = dialogue.exchanges.iter().map(|e| e.sent.as_str()).collect();
    assert_eq!(sent[..3], ["", "EHLO mail.sender.example", "MAIL FROM:<bob@sender.example> BODY=8BITMIME"]);
    assert_eq!(sent[4..], ["RCPT TO:<eve@gateway.example>", "DATA", "", "QUIT"]);
    assert_eq!(why(&dialogue), "no TLS was asked for");
    let (_, found) = sink.take();
    assert_eq!((found.len(), found[0].rcpt_to.len()), (1, 2));
    assert_eq!(found[0].message.body, ".\r\n..two\r\ngr\u{fc}n\r\n".as_bytes());
    assert!(sink.take().1.is_empty());
}

#[tokio::test]
async fn starttls_shows_the_handshake_whatever_the_certificate() {
    for (kind, version, peer) in [
        (CertificateKind::Good, "TLSv1.3", Trust::Verified),
        (CertificateKind::WrongName, "TLSv1.2", Trust::Trusted),
        (CertificateKind::Expired, "TLSv1.3", Trust::Untrusted(Some("expired".to_owned()))),
    ] {
        let sink = host(kind, version);
        let world = world(Arc::clone(&sink) as Arc<dyn Handler>).await;
        let job = Job { tls: Tls::Starttls, ..job(crate::peers::route(world.address())) };
        let dialogue = converse(job).await.unwrap();
        assert_eq!(told(&dialogue)[..5], ["connect 220", "ehlo 250", "starttls 220", "ehlo 250", "mail-from 250"]);
        let handshake = dialogue.handshake.seen().unwrap();
        assert_eq!((handshake.version.as_str(), &handshake.peer), (version, &peer));
        assert!(handshake.suite.starts_with("TLS_") && handshake.suite.contains("_AES_"), "{}", handshake.suite);
        assert!(handshake.group.is_some() && handshake.chain.len() >= 2, "{handshake:?}");
        assert_eq!(sink.take().1.len(), 1);
    }
}

/// TLS from the first octet in front of a sink.
struct Implicit(Arc<MxHost>, Arc<rustls::ServerConfig>);

impl Handler for Implicit {
    fn serve(
        self: Arc<Self>,
        stream: crate::BoxStream,
        from: std::net::SocketAddr,
        to: std::net::SocketAddr,
    ) -> futures_util::future::BoxFuture<'static, ()> {
        Box::pin(async move {
            let stream = TlsAcceptor::from(Arc::clone(&self.1)).accept(stream).await.unwrap();
            Arc::clone(&self.0).serve(Box::new(stream), from, to).await;
        })
    }
}

#[tokio::test]
async fn implicit_tls_comes_before_the_greeting() {
    let sink = host(CertificateKind::Good, "TLSv1.3");
    let server = Implicit(Arc::clone(&sink), tls_server(&AUTHORITY, CertificateKind::Good, &TLS13));
    let world = world(Arc::new(server)).await;
    let route = crate::peers::route(world.address());
    let dialogue = converse(Job { tls: Tls::Implicit, ..job(route) }).await.unwrap();
    assert_eq!(told(&dialogue)[..3], ["connect 220", "ehlo 250", "mail-from 250"]);
    assert_eq!(dialogue.handshake.seen().unwrap().peer, Trust::Verified);

    let (route, _) = script(&["220 no TLS here"]).await;
    let dialogue = converse(Job { tls: Tls::Implicit, ..job(route) }).await.unwrap();
    assert!(why(&dialogue).starts_with("the handshake failed: "), "{}", why(&dialogue));
    assert_eq!(told(&dialogue), [format!("connect {}", why(&dialogue))]);
}

#[tokio::test]
async fn without_starttls_there_is_no_mail() {
    let (route, _) = script(&["220 hi", "250-mx\r\n250 SIZE", "221 bye"]).await;
    let dialogue = converse(Job { tls: Tls::Starttls, ..job(route) }).await.unwrap();
    assert_eq!(told(&dialogue), ["connect 220", "ehlo 250", "quit 221"]);
    assert_eq!(why(&dialogue), "STARTTLS was not offered");

    let (route, _) = script(&["220 hi", "250-mx\r\n250 starttls", "454 not now", "221 bye"]).await;
    let dialogue = converse(Job { tls: Tls::Starttls, ..job(route) }).await.unwrap();
    assert_eq!(told(&dialogue), ["connect 220", "ehlo 250", "starttls 454", "quit 221"]);
    assert_eq!(why(&dialogue), "the server refused STARTTLS");
}

#[tokio::test]
async fn replies_injected_before_the_handshake_are_seen_and_a_failed_one_ends_it() {
    let (route, _) = script(&["220 hi", "250-mx\r\n250 STARTTLS", "220 go\r\n250 injected\r\n25"]).await;
    let dialogue = converse(Job { tls: Tls::Starttls, ..job(route) }).await.unwrap();
    assert_eq!(told(&dialogue), ["connect 220", "ehlo 250", "starttls 220", "unexpected 250"]);
    assert!(why(&dialogue).starts_with("the handshake failed: "), "{}", why(&dialogue));
}

#[tokio::test]
async fn a_secret_is_sent_and_not_told() {
    let (route, got) = script(&["220 hi", "250 mx", "535 no", "221 bye"]).await;
    let login = Some(Login { user: "bob".to_owned(), password: "hush".to_owned() });
    let dialogue = converse(Job { login, ..job(route) }).await.unwrap();
    assert_eq!(told(&dialogue)[2..], ["auth 535", "quit 221"]);
    assert_eq!(dialogue.exchanges[2].sent, "AUTH PLAIN");
    assert!(got.await.unwrap().contains("AUTH PLAIN AGJvYgBodXNo\r\n"));
}

#[tokio::test]
async fn refusals_lead_to_quit() {
    let (route, _) = script(&["220 hi", "250 mx", "550 5.7.1 no", "221 bye"]).await;
    assert_eq!(told(&converse(job(route)).await.unwrap())[2..], ["mail-from 550", "quit 221"]);

    let (route, _) = script(&["220 hi", "250 mx", "250 ok", "550 no", "451 later", "221 bye"]).await;
    assert_eq!(told(&converse(job(route)).await.unwrap())[3..], ["rcpt-to 550", "rcpt-to 451", "quit 221"]);

    let (route, got) =
        script(&["220 hi", "250 mx", "250 ok", "550 no", "250 ok", "354 go", "554 5.7.1 DMARC", "221 bye"]).await;
    let dialogue = converse(job(route)).await.unwrap();
    assert_eq!(told(&dialogue)[4..], ["rcpt-to 250", "data 354", "end-of-data 554", "quit 221"]);
    assert!(got.await.unwrap().contains("\r\n\r\n..\r\n...two\r\nend\r\n.\r\nQUIT\r\n"));

    let (route, _) = script(&["220 hi", "250 mx", "250 ok", "421 too much"]).await;
    assert_eq!(told(&converse(job(route)).await.unwrap())[3..], ["rcpt-to 421"]);
}

#[tokio::test]
async fn exact_octets_are_sent_as_they_are_and_every_reply_is_kept() {
    let message = b"a\n.\r\nb\r.\r\nMAIL FROM:<x@y.example>\r\n.\r\n".to_vec();
    let replies = "250 one\r\n250 smuggled\r\n550 no\r\n";
    let (route, got) = peer(async move |mut stream| {
        stream.write_all(b"220 hi\r\n").await.unwrap();
        let mut got = Vec::new();
        for reply in ["250 mx\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", replies] {
            let before = got.len();
            while !got[before..].ends_with(if reply == replies { b"\r\n\r\n.\r\n" } else { b"\r\n".as_slice() }) {
                assert!(stream.read_buf(&mut got).await.unwrap() > 0);
            }
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
        while !got.ends_with(b"QUIT\r\n") {
            assert!(stream.read_buf(&mut got).await.unwrap() > 0);
        }
        stream.write_all(b"250 late\r\n221 bye\r\n").await.unwrap();
        got
    })
    .await;
    let job = Job { driver: Driver::ByteExact, message: message.clone(), ..job(route) };
    let dialogue = converse(job).await.unwrap();
    assert_eq!(
        told(&dialogue)[6..],
        ["end-of-data 250", "unexpected 250", "unexpected 550", "unexpected 250", "quit 221"]
    );
    let wanted = [b"DATA\r\n", message.as_slice(), b"\r\n.\r\nQUIT\r\n"].concat();
    assert!(got.await.unwrap().ends_with(&wanted));
}

#[tokio::test]
async fn hostile_servers_are_evidence() {
    let cases: [(&'static [u8], &str); 6] = [
        (b"", "connect the server closed the connection"),
        (b"HTTP/1.1 400 Bad Request\r\n", "connect not SMTP: "),
        (b"220-no end\r\n", "connect the server closed the connection, after "),
        (&[b'2'; 100_000], "connect a reply longer than 65536 octets: "),
        (b"220 hi\r\n250 early\r\n", "unexpected 250"),
        (b"554 go away\r\n", "connect 554"),
    ];
    for (octets, wanted) in cases {
        let (route, _) = peer(async move |mut stream| {
            // the client may have gone already, which is what it should do
            let _ = stream.write_all(octets).await;
            let _ = stream.shutdown().await;
            let _ = stream.read_to_end(&mut Vec::new()).await;
        })
        .await;
        let dialogue = converse(job(route)).await.unwrap();
        assert!(told(&dialogue).iter().any(|line| line.starts_with(wanted)), "{wanted}: {:?}", told(&dialogue));
    }
}

#[tokio::test]
async fn a_silent_server_is_waited_for_until_the_limit_only() {
    let (route, task) = peer(async |mut stream| stream.read_to_end(&mut Vec::new()).await).await;
    let dialogue = converse(Job { limit: Duration::from_millis(200), ..job(route) }).await.unwrap();
    assert_eq!(told(&dialogue), ["connect no reply within 0.2 s"]);
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_server_that_never_stops_is_cut_off() {
    let (route, task) = peer(async |mut stream| {
        stream.write_all(b"220 hi\r\n").await.unwrap();
        while stream.write_all(&b"250 and on\r\n".repeat(1000)).await.is_ok() {}
    })
    .await;
    let dialogue = converse(Job { limit: Duration::from_secs(2), ..job(route) }).await.unwrap();
    assert!(dialogue.exchanges.len() <= 2 * 110, "{}", dialogue.exchanges.len());
    task.await.unwrap();
}

#[tokio::test]
async fn a_name_that_is_none_is_an_error_before_anything_is_sent() {
    let route = crate::peers::route("127.0.0.1:1".parse().unwrap());
    let job = Job { tls: Tls::Starttls, server_name: "no name".to_owned(), ..job(route) };
    assert!(matches!(converse(job).await, Err(WireError::ServerName(name)) if name == "no name"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]
    #[test]
    fn whatever_a_server_says_it_ends(
        said in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..6),
            "(220|250|354|421|550)[ -][a-zA-Z]{0,9}(\r\n|\n)".prop_map(String::into_bytes),
            Just(b"250 STARTTLS\r\n".to_vec()),
        ], 0..12),
        starttls: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let dialogue = runtime.block_on(async {
            let (ours, mut theirs) = tokio::io::duplex(1 << 16);
            theirs.write_all(&said.concat()).await.unwrap();
            theirs.shutdown().await.unwrap();
            let tls = if starttls { Tls::Starttls } else { Tls::None };
            let job = Job { tls, ..job(crate::peers::route("127.0.0.1:1".parse().unwrap())) };
            let mut speaker = Speaker::new(Box::new(ours), job.limit);
            speak(&mut speaker, &job, tls::server_name(&job.server_name).ok().as_ref()).await;
            speaker.quit().await
        });
        prop_assert_eq!(&dialogue.exchanges[0].to, "connect");
        let unseen = dialogue.exchanges.iter().filter(|e| e.reply.seen().is_none()).count();
        prop_assert!(unseen <= 1, "{:?}", dialogue.exchanges);
    }
}

#[tokio::test]
async fn questions_are_asked_whatever_is_replied() {
    let (route, server) = script(&["220 mx", "250 mx", "252 perhaps", "550 nobody", "421 enough"]).await;
    let stream = Box::new(route.connect(Duration::from_secs(5)).await.unwrap());
    let commands = ["VRFY alice", "VRFY nobody", "EXPN list", "EXPN nobody"].map(str::to_owned);
    let exchanges = ask(stream, "mail.sender.example", &commands, Duration::from_secs(5)).await;
    let dialogue = Dialogue { exchanges, handshake: Observed::Unobserved(String::new()) };
    assert_eq!(told(&dialogue), ["connect 220", "ehlo 250", "vrfy 252", "vrfy 550", "expn 421"]);
    assert_eq!(server.await.unwrap(), "EHLO mail.sender.example\r\nVRFY alice\r\nVRFY nobody\r\nEXPN list\r\n");
}
