//! Peers for tests: everything that a client may meet, on loopback.

use crate::{Action, BoxStream, Handler, Route, Routing, proxy};
use futures_util::future::BoxFuture;
use pki::{Authority, CertificateKind, Request};
use rustls::{ServerConfig, SupportedProtocolVersion};
use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub(crate) const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A route through this entrance, from and to nobody in particular.
pub(crate) fn route(entrance: SocketAddr) -> Route {
    let (source, destination) = ("203.0.113.66:0".parse().unwrap(), "192.0.2.1:25".parse().unwrap());
    Route { entrance, source, destination }
}

/// An entrance behind which this peer serves one connection.
pub(crate) async fn peer<F, T>(serve: impl FnOnce(TcpStream) -> F + Send + 'static) -> (Route, JoinHandle<T>)
where
    F: Future<Output = T> + Send,
    T: Send + 'static,
{
    let listener = TcpListener::bind((LOOPBACK, 0)).await.unwrap();
    let entrance = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        proxy::read(&mut stream).await.unwrap();
        serve(stream).await
    });
    (route(entrance), task)
}

/// A server that says the first text, and for each line it gets the next one; `354` makes it read up to the final
/// dot. After the last text it closes. Gives what it got.
pub(crate) async fn script(replies: &'static [&'static str]) -> (Route, JoinHandle<String>) {
    peer(async move |stream| {
        let mut stream = BufReader::new(stream);
        let mut got = String::new();
        let mut is_data = false;
        for (i, reply) in replies.iter().enumerate() {
            let mut has_turn = i == 0;
            while !has_turn {
                let begin = got.len();
                let is_end = stream.read_line(&mut got).await.unwrap() == 0;
                has_turn = is_end || !is_data || &got[begin..] == ".\r\n";
            }
            is_data = reply.starts_with("354");
            stream.write_all(format!("{reply}\r\n").as_bytes()).await.unwrap();
        }
        got
    })
    .await
}

/// Answers every connection alike.
pub(crate) struct Always<F>(pub(crate) F);

impl<F: Fn() -> Action + Send + Sync> Routing for Always<F> {
    fn action(&self, _from: SocketAddr, _to: SocketAddr) -> Action {
        self.0()
    }
}

/// Says everything back.
pub(crate) struct Echo;

impl Handler for Echo {
    fn serve(self: Arc<Self>, mut stream: BoxStream, _: SocketAddr, _: SocketAddr) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut all = Vec::new();
            // only when the client has closed its way: so an answer proves that ways close alone
            stream.read_to_end(&mut all).await.unwrap();
            stream.write_all(&all).await.unwrap();
            stream.shutdown().await.unwrap();
        })
    }
}

/// A TLS server for `mx.gateway.example` with a certificate of this kind.
pub(crate) fn tls_server(
    authority: &Authority,
    kind: CertificateKind,
    version: &'static SupportedProtocolVersion,
) -> Arc<ServerConfig> {
    let names = vec!["mx.gateway.example".to_owned()];
    let issued = authority.issue(&Request { names, kind, key: pki::KeyKind::P256 }).unwrap();
    let config = ServerConfig::builder_with_provider(pki::provider()).with_protocol_versions(&[version]).unwrap();
    Arc::new(config.with_no_client_auth().with_single_cert(issued.chain, issued.key).unwrap())
}
