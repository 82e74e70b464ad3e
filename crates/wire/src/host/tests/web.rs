//! A web server.

use super::*;

fn web() -> WebPlay {
    WebPlay {
        name: NAME.to_owned(),
        key: good(&[]),
        status: 200,
        policy: "version: STSv1\nmode: none\n".to_owned(),
        media_type: "text/plain".to_owned(),
    }
}

/// A web server on the world, and one client of it under TLS.
struct Visit {
    host: Arc<WebHost>,
    world: World,
}

impl Visit {
    async fn to(host: WebHost) -> Self {
        let host = Arc::new(host);
        let world = world(Arc::clone(&host) as Arc<dyn Handler>).await;
        Self { host, world }
    }

    async fn connect(&self) -> Raw {
        let stream = route(self.world.address()).connect(Duration::from_secs(5)).await.unwrap();
        let name = crate::tls::server_name(NAME).unwrap();
        let (stream, _) = crate::tls::secure(Box::new(stream), &name, &AUTHORITY.anchor()).await.unwrap();
        Raw::new(stream)
    }

    async fn ask(&self, line: &str) -> String {
        let mut client = self.connect().await;
        client.say(format!("{line}\r\nHost: {NAME}\r\n\r\n")).await;
        client.rest().await
    }

    async fn seen(&self) -> Vec<Connection> {
        assert!(self.host.quiet(Instant::now() + Duration::from_secs(20)).await);
        self.host.take()
    }
}

#[tokio::test]
async fn a_policy_is_fetched_and_nothing_else_is_there() {
    let visit = Visit::to(WebHost::new(web()).unwrap()).await;
    let answer = visit.ask("GET /.well-known/mta-sts.txt HTTP/1.1").await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("content-type: text/plain\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\nversion: STSv1\r\nmode: none\r\n"), "{answer}");
    assert!(visit.ask("GET / HTTP/1.1").await.starts_with("HTTP/1.1 404"));
    let seen = visit.seen().await;
    assert_eq!((seen.len(), seen[0].service.as_str(), seen[0].ended.as_str()), (2, "https", "answered"));
    let exchange = &seen[0].dialogue[0];
    assert_eq!((exchange.to.as_str(), exchange.sent.as_str()), ("request", "GET /.well-known/mta-sts.txt HTTP/1.1"));
    assert_eq!(exchange.reply, Observed::Seen(Reply { code: 200, lines: vec!["OK".to_owned()] }));
    assert_eq!(seen[1].dialogue[0].reply.seen().unwrap().to_string(), "404 Not Found");
    assert_eq!(seen[0].offer.as_ref().unwrap().server_name.as_deref(), Some(NAME));
    assert_eq!(seen[0].handshake.seen().unwrap().version, "TLSv1.3");
    assert!(visit.host.take().is_empty());
}

#[tokio::test]
async fn a_report_is_taken_at_any_path_and_kept_as_it_is() {
    let visit = Visit::to(WebHost::new(web()).unwrap()).await;
    let post = async |kind: &str, length: usize, body: &str| {
        let mut client = visit.connect().await;
        let head = format!("POST /tls/reports HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: {kind}\r\n");
        client.say(format!("{head}Content-Length: {length}\r\n\r\n{body}")).await;
        client.rest().await
    };
    assert!(post("application/tlsrpt+json", 2, "{}").await.starts_with("HTTP/1.1 201"));
    assert!(post("text/plain", 2, "{}").await.starts_with("HTTP/1.1 415"));
    let much = 2 << 20;
    assert!(post("application/tlsrpt+gzip", much, &"x".repeat(much)).await.starts_with("HTTP/1.1 413"));
    assert_eq!(visit.host.take_reports(), [("application/tlsrpt+json".to_owned(), b"{}".to_vec())]);
    assert!(visit.host.take_reports().is_empty());
    assert_eq!(visit.seen().await[0].dialogue[0].sent, "POST /tls/reports HTTP/1.1");
}

#[tokio::test]
async fn status_and_media_type_are_as_asked() {
    let play = WebPlay { status: 503, media_type: "text/html".to_owned(), policy: "a\r\nb".to_owned(), ..web() };
    let visit = Visit::to(WebHost::new(play).unwrap()).await;
    let answer = visit.ask("GET /.well-known/mta-sts.txt HTTP/1.1").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("content-type: text/html\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\na\r\nb"), "{answer}");
    for status in [7, 101, 1000] {
        assert!(WebHost::new(WebPlay { status, ..web() }).is_err(), "{status}");
    }
    assert!(WebHost::new(WebPlay { media_type: "text/plain\n".to_owned(), ..web() }).is_err());
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_certificate_asks_nothing() {
    let visit = Visit::to(WebHost::new(WebPlay { key: issue(CertificateKind::SelfSigned), ..web() }).unwrap()).await;
    let stream = route(visit.world.address()).connect(Duration::from_secs(5)).await.unwrap();
    let distrustful = |builder: &mut SslConnectorBuilder| builder.set_verify(SslVerifyMode::PEER);
    assert!(Raw::new(Box::new(stream)).secured(distrustful).await.is_err());
    let seen = visit.seen().await;
    assert_eq!((seen[0].dialogue.len(), seen[0].ended.as_str()), (0, "the handshake failed"));
    assert!(seen[0].offer.is_some() && why(&seen[0]).starts_with("the client sent alert "), "{}", why(&seen[0]));
}

#[tokio::test]
async fn a_client_that_goes_with_its_answer_was_answered() {
    let visit = Visit::to(WebHost::new(web()).unwrap()).await;
    let mut client = visit.connect().await;
    client.say(format!("GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {NAME}\r\n\r\n")).await;
    assert!(client.stream.read(&mut [0; 1]).await.unwrap() > 0);
    drop(client);
    assert_eq!(visit.seen().await[0].ended, "answered");
}

#[tokio::test]
async fn clients_that_ask_nothing_or_nonsense_end() {
    let endless = format!("GET /{} HTTP/1.1\r\n", "x".repeat(100_000));
    for (said, is_patient, ended) in [
        ("", true, "closed by the client"),
        ("", false, "the client was silent"),
        ("GET / HT", false, "the client was silent"),
        ("EHLO x.example\r\n\r\n", true, "the client sent no request"),
        (&endless, true, "the client sent no request"),
    ] {
        let mut host = WebHost::new(web()).unwrap();
        if !is_patient {
            host.patience = Duration::from_millis(300);
        }
        let visit = Visit::to(host).await;
        let mut client = visit.connect().await;
        // the host may close before all is said
        let _ = client.stream.write_all(said.as_bytes()).await;
        let _ = client.stream.flush().await;
        if is_patient && said.is_empty() {
            client.stream.shutdown().await.unwrap();
        }
        client.rest().await;
        let seen = visit.seen().await;
        assert_eq!((seen.len(), seen[0].ended.as_str()), (1, ended), "{}", said.len());
        assert!(seen[0].dialogue.is_empty());
    }
}
