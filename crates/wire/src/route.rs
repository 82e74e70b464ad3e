//! The way into the pretend Internet: from any address to any address.

use crate::{WireError, proxy};
use std::{
    io,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::timeout};

/// One way through the entrance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Route {
    /// Where HAProxy accepts connections with a PROXY v2 header; on 127.0.0.1.
    pub entrance: SocketAddr,
    /// Where the connection seems to come from. Port 0: one is chosen.
    pub source: SocketAddr,
    /// Where it goes; of the same family.
    pub destination: SocketAddr,
}

impl Route {
    /// Connects and names both ends. That the entrance takes the connection does not mean that the destination
    /// does: if it refuses, the connection closes without a word.
    ///
    /// # Errors
    /// The entrance refuses, does not answer within `deadline`, or the ends are of two families.
    pub async fn connect(&self, deadline: Duration) -> io::Result<TcpStream> {
        let header = proxy::header(self.with_port(), self.destination)?;
        let connect = async {
            let mut stream = TcpStream::connect(self.entrance).await?;
            stream.set_nodelay(true)?;
            stream.write_all(&header).await?;
            Ok(stream)
        };
        timeout(deadline, connect).await.unwrap_or_else(|_| {
            Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", deadline.as_secs_f32())))
        })
    }

    pub(crate) async fn open(&self, deadline: Duration) -> Result<TcpStream, WireError> {
        self.connect(deadline).await.map_err(|source| WireError::Connect {
            entrance: self.entrance,
            destination: self.destination,
            source: Arc::new(source),
        })
    }

    /// The source, with a port of the dynamic range (RFC 6335 §6) that no recent connection had: HAProxy binds
    /// it, and a pair of ends just used is not free again yet.
    fn with_port(&self) -> SocketAddr {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let mut source = self.source;
        if source.port() == 0 {
            let (first, size) = (49_152, 16_384);
            source.set_port(first + NEXT.fetch_add(1, Ordering::Relaxed) % size);
        }
        source
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_chosen_and_not_twice_in_a_row() {
        let route = Route {
            entrance: "127.0.0.1:7000".parse().unwrap(),
            source: "203.0.113.66:0".parse().unwrap(),
            destination: "192.0.2.1:25".parse().unwrap(),
        };
        let (one, other) = (route.with_port().port(), route.with_port().port());
        assert!(one >= 49_152 && other >= 49_152 && one != other);
        let fixed = Route { source: "203.0.113.66:25".parse().unwrap(), ..route };
        assert_eq!(fixed.with_port().port(), 25);
    }

    #[tokio::test]
    async fn a_closed_entrance_is_an_error_that_names_it() {
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let route = Route {
            entrance: gone,
            source: "203.0.113.66:0".parse().unwrap(),
            destination: "192.0.2.1:25".parse().unwrap(),
        };
        let error = route.open(Duration::from_secs(5)).await.unwrap_err().to_string();
        assert!(error.contains(&gone.to_string()) && error.contains("192.0.2.1:25"), "{error}");
    }
}
