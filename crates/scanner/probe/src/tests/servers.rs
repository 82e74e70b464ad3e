//! Servers whose truth is known: by OpenSSL, by rustls, and octet by octet where no library would do it.

use crate::Target;
use mail::Service;
use openssl::{
    pkey::PKey,
    ssl::{Ssl, SslContext, SslContextBuilder, SslMethod, SslVersion},
    x509::X509,
};
use pki::{Authority, CertificateKind, Issued, KeyKind, Request};
use rustls::ServerConfig;
use std::{
    net::{Ipv4Addr, SocketAddr},
    pin::Pin,
    sync::{Arc, LazyLock},
    time::Duration,
};
use tls_parser::{TlsMessage, TlsMessageHandshake, parse_tls_plaintext};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

pub(super) const NAME: &str = "mx.gateway.example";
pub(super) static AUTHORITY: LazyLock<Authority> = LazyLock::new(|| Authority::new().unwrap());
pub(super) static RSA: LazyLock<Issued> = LazyLock::new(|| issue(NAME, KeyKind::Rsa2048));
pub(super) static ED: LazyLock<Issued> = LazyLock::new(|| issue(NAME, KeyKind::Ed25519));
pub(super) static EC: LazyLock<Issued> = LazyLock::new(|| issue(NAME, KeyKind::P256));

pub(super) fn issue(name: &str, key: KeyKind) -> Issued {
    AUTHORITY.issue(&Request { names: vec![name.to_owned()], kind: CertificateKind::Good, key }).unwrap()
}

/// A server until it is dropped.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Serves each connection so.
    pub(super) async fn each<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut served = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                served.spawn(serve(stream));
                while served.try_join_next().is_some() {}
            }
        });
        Self { address, _tasks: tasks }
    }

    pub(super) fn target(&self, service: Service) -> Target {
        let address = self.address;
        Target {
            service,
            server: address.to_string(),
            server_name: NAME.to_owned(),
            other_names: Vec::new(),
            connect: Arc::new(move || {
                Box::pin(async move { Ok(Box::new(TcpStream::connect(address).await?) as wire::BoxStream) })
            }),
            anchor: AUTHORITY.anchor(),
            limit: Duration::from_secs(20),
            deadline: Duration::from_secs(60),
        }
    }

    /// What the probe sees of it, where TLS comes first.
    pub(super) async fn probed(&self) -> evidence::Probed {
        crate::survey(&self.target(Service::Submissions)).await.unwrap()
    }
}

/// What is spoken behind TLS: a greeting, and yes to everything.
pub(super) async fn chat<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let mut octets = [0; 1024];
    let mut said = stream.write_all(b"220 here\r\n").await;
    while said.is_ok() && stream.read(&mut octets).await.is_ok_and(|count| count > 0) {
        said = stream.write_all(b"250 yes\r\n").await;
    }
    // OpenSSL forgets a connection that it did not end itself
    let _ = stream.shutdown().await;
}

/// OpenSSL with these certificates and everything else that it can, less what is built otherwise.
pub(super) async fn openssl<const N: usize>(
    keys: [&'static Issued; N],
    build: impl FnOnce(&mut SslContextBuilder),
) -> Server {
    let mut builder = SslContext::builder(SslMethod::tls_server()).unwrap();
    builder.set_security_level(0);
    builder.set_min_proto_version(Some(SslVersion::TLS1)).unwrap();
    builder.set_session_id_context(b"probe").unwrap();
    for key in keys {
        let chain = X509::stack_from_pem(key.chain_pem.as_bytes()).unwrap();
        builder.set_certificate(&chain[0]).unwrap();
        builder.set_private_key(&PKey::private_key_from_pem(key.key_pem.as_bytes()).unwrap()).unwrap();
    }
    let issuer = X509::stack_from_pem(keys[0].chain_pem.as_bytes()).unwrap().remove(1);
    builder.add_extra_chain_cert(issuer).unwrap();
    build(&mut builder);
    let context = builder.build();
    Server::each(move |stream| {
        let ssl = Ssl::new(&context).unwrap();
        async move {
            let mut stream = tokio_openssl::SslStream::new(ssl, stream).unwrap();
            if Pin::new(&mut stream).accept().await.is_ok() {
                chat(stream).await;
            }
        }
    })
    .await
}

pub(super) fn rustls_config(key: &Issued) -> ServerConfig {
    ServerConfig::builder_with_provider(pki::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(key.chain.clone(), key.key.clone_key())
        .unwrap()
}

pub(super) async fn rustls(config: ServerConfig) -> Server {
    let acceptor = TlsAcceptor::from(Arc::new(config));
    Server::each(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            if let Ok(stream) = acceptor.accept(stream).await {
                chat(stream).await;
            }
        }
    })
    .await
}

/// A server of which no more than the first flight exists.
#[derive(Debug, Clone, Copy)]
pub(super) struct ByHand {
    pub(super) versions: &'static [u16],
    pub(super) suites: &'static [u16],
    pub(super) has_compression: bool,
    /// It does not know the name asked for, and says so before it goes on.
    pub(super) warns: bool,
}

impl ByHand {
    pub(super) async fn serve(self) -> Server {
        Server::each(move |mut stream| async move {
            let mut record = vec![0; 5];
            if stream.read_exact(&mut record).await.is_ok() {
                let length = usize::from(u16::from_be_bytes([record[3], record[4]]));
                record.resize(5 + length, 0);
                stream.read_exact(&mut record[5..]).await.unwrap();
                stream.write_all(&self.answer(&record)).await.unwrap();
            }
        })
        .await
    }

    fn answer(self, record: &[u8]) -> Vec<u8> {
        let (_, read) = parse_tls_plaintext(record).unwrap();
        let TlsMessage::Handshake(TlsMessageHandshake::ClientHello(hello)) = &read.msg[0] else { panic!() };
        let chosen = hello.ciphers.iter().map(|suite| suite.0).find(|suite| self.suites.contains(suite));
        let (true, Some(suite)) = (self.versions.contains(&hello.version.0), chosen) else {
            return vec![21, 3, 1, 0, 2, 2, 40];
        };
        let compression = u8::from(self.has_compression && hello.comp.iter().any(|method| method.0 == 1));
        let mut body = hello.version.0.to_be_bytes().to_vec();
        body.extend([7; 32]);
        body.push(0);
        body.extend(suite.to_be_bytes());
        body.push(compression);
        let mut flight = message(2, &body);
        let own = &RSA.chain[0];
        let list = [&length24(own.len())[..], own].concat();
        flight.extend(message(11, &[&length24(list.len())[..], &list].concat()));
        flight.extend(message(14, &[]));
        let warning: &[u8] = if self.warns { &[21, 3, 1, 0, 2, 1, 112] } else { &[] };
        let length = u16::try_from(flight.len()).unwrap().to_be_bytes();
        [warning, &[22, 3, 1], &length, &flight].concat()
    }
}

fn length24(length: usize) -> [u8; 3] {
    let [_, length @ ..] = u32::try_from(length).unwrap().to_be_bytes();
    length
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &length24(body.len()), body].concat()
}
