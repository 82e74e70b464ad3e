//! The other end of every connection that a gateway opens on the pretend Internet.

use crate::{BoxStream, Route, proxy};
use futures_util::future::BoxFuture;
use socket2::SockRef;
use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpSocket, TcpStream},
    task::{AbortHandle, JoinSet},
    time::{MissedTickBehavior, interval, timeout},
};

/// So many connections are served at once; further ones wait to be accepted.
const AT_ONCE: usize = 512;
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// How long the PROXY header, and a connection to where it leads, may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a connection is tried when the system has no room for one.
const PAUSE: Duration = Duration::from_millis(50);

/// Decides who is at the other end.
pub trait Routing: Send + Sync {
    /// What becomes of a connection from here to there. Must not block.
    fn action(&self, from: SocketAddr, to: SocketAddr) -> Action;
}

/// What becomes of a connection.
pub enum Action {
    /// It leads on; octets are copied both ways, and each way closes alone.
    Relay(Route),
    /// The harness itself answers.
    Serve(Arc<dyn Handler>),
    /// It is closed without a word.
    Close,
}

/// Somebody whom the harness plays.
pub trait Handler: Send + Sync {
    /// Serves one connection, from here to there, to its end.
    fn serve(self: Arc<Self>, stream: BoxStream, from: SocketAddr, to: SocketAddr) -> BoxFuture<'static, ()>;
}

/// A listener for the connections that HAProxy passes on with a PROXY v2 header. Dropping it closes all of them.
#[derive(Debug)]
pub struct World {
    address: SocketAddr,
    task: AbortHandle,
}

impl World {
    /// Listens on a port of this address that is free. The address may be one that this machine has only later: some engines
    /// give a network its bridge when the first container comes.
    ///
    /// # Errors
    /// The address is none of this machine's, or there is no free port.
    pub async fn listen(ip: IpAddr, router: Arc<dyn Routing>) -> io::Result<Self> {
        let socket = if ip.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        if ip.is_ipv4() {
            SockRef::from(&socket).set_freebind_v4(true)?;
        }
        socket.bind((ip, 0).into())?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(accept(listener, router)).abort_handle();
        Ok(Self { address, task })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Accepts until it is aborted; the connections go with it.
async fn accept(listener: TcpListener, router: Arc<dyn Routing>) {
    let mut connections = JoinSet::new();
    let mut pause = interval(PAUSE);
    pause.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < AT_ONCE => match accepted {
                Ok((stream, _)) => drop(connections.spawn(answer(stream, Arc::clone(&router)))),
                Err(_) => drop(pause.tick().await),
            },
        }
    }
}

/// Errors end the connection, which is how the gateway sees them.
async fn answer(mut stream: TcpStream, router: Arc<dyn Routing>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (from, to) = timeout(PATIENCE, proxy::read(&mut stream)).await??;
    match router.action(from, to) {
        Action::Relay(route) => {
            let mut onward = route.connect(PATIENCE).await?;
            tokio::io::copy_bidirectional(&mut stream, &mut onward).await?;
        }
        Action::Serve(handler) => handler.serve(Box::new(stream), from, to).await,
        Action::Close => {}
    }
    Ok(())
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Relay(route) => f.debug_tuple("Relay").field(route).finish(),
            Self::Serve(_) => f.write_str("Serve"),
            Self::Close => f.write_str("Close"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::peers::{Always, Echo, LOOPBACK, route};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    async fn said_back(entrance: SocketAddr) -> io::Result<Vec<u8>> {
        let mut stream = route(entrance).connect(PATIENCE).await?;
        stream.write_all(b"hello").await?;
        stream.shutdown().await?;
        let mut back = Vec::new();
        stream.read_to_end(&mut back).await?;
        Ok(back)
    }

    #[tokio::test]
    async fn a_relay_copies_both_ways_and_each_closes_alone() {
        let end = World::listen(LOOPBACK, Arc::new(Always(|| Action::Serve(Arc::new(Echo))))).await.unwrap();
        let onward = route(end.address());
        let between = World::listen(LOOPBACK, Arc::new(Always(move || Action::Relay(onward)))).await.unwrap();
        assert_eq!(said_back(between.address()).await.unwrap(), b"hello");
    }

    #[tokio::test]
    async fn nobody_answers_without_a_header_or_a_taker() {
        let world = World::listen(LOOPBACK, Arc::new(Always(|| Action::Close))).await.unwrap();
        assert!(said_back(world.address()).await.map_or(true, |back| back.is_empty()));
        let mut bare = TcpStream::connect(world.address()).await.unwrap();
        bare.write_all(b"EHLO x.example\r\n").await.unwrap();
        let mut back = Vec::new();
        let _ = bare.read_to_end(&mut back).await;
        assert!(back.is_empty());
    }

    #[tokio::test]
    async fn it_ends_with_its_connections_when_dropped() {
        let world = World::listen(LOOPBACK, Arc::new(Always(|| Action::Serve(Arc::new(Echo))))).await.unwrap();
        let mut stream = route(world.address()).connect(PATIENCE).await.unwrap();
        let address = world.address();
        drop(world);
        let mut back = Vec::new();
        let _ = stream.read_to_end(&mut back).await;
        assert!(back.is_empty());
        // the task is aborted at its next turn; until then the kernel may still take a connection, but nobody answers
        assert!(said_back(address).await.map_or(true, |back| back.is_empty()));
    }
}
