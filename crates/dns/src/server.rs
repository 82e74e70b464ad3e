//! The server as its owner has it: start it, publish zones, read the journal.

use crate::{
    DnsError, ZoneData,
    ask::ask_once,
    handler::{Handler, World},
    journal::Journal,
    key::Key,
    tree::Tree,
    zone::{Zone, name_of},
};
use evidence::JournalEntry;
use futures_util::future::try_join_all;
use hickory_proto::rr::{LowerName, RecordType};
use socket2::{Domain, Socket, Type};
use std::{
    collections::BTreeSet,
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::net::{TcpListener, UdpSocket};

/// An idle TCP connection is kept this long: longer than any fault delays an answer.
pub(crate) const IDLE: Duration = Duration::from_secs(120);
/// Answers that may wait on one TCP connection.
pub(crate) const WAITING: usize = 1024;
/// Ports tried until one is free for UDP and TCP alike.
const TRIES: usize = 32;
/// Connections that may wait to be accepted.
const BACKLOG: i32 = 1024;

/// The authoritative server for everything. Clones are the same server; it ends with the last of them.
#[derive(Clone)]
pub struct Server {
    world: Arc<World>,
    address: SocketAddr,
    _sockets: Arc<hickory_server::Server<Handler>>,
}

impl Server {
    /// Listens on an ephemeral port of an address, the same for UDP and TCP, with only the root to serve.
    ///
    /// # Errors
    /// The address cannot be listened on, or there is no key.
    pub async fn start(ip: IpAddr) -> Result<Self, DnsError> {
        let key = Key::generate()?;
        let (udp, tcp, address) = bind(ip).await?;
        let tree = RwLock::new(Tree::new(&key));
        let world = Arc::new(World { tree, key, journal: Journal::default(), held: Mutex::default() });
        let mut sockets = hickory_server::Server::new(Handler(world.clone()));
        sockets.register_socket(udp);
        sockets.register_listener(tcp, IDLE, WAITING);
        Ok(Self { world, address, _sockets: Arc::new(sockets) })
    }

    pub(crate) fn world(&self) -> Arc<World> {
        self.world.clone()
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sees to it that its address is one that this machine has by now: it may have listened before.
    ///
    /// # Errors
    /// [`DnsError::Bind`].
    pub fn is_here(&self) -> Result<(), DnsError> {
        let address = SocketAddr::new(self.address.ip(), 0);
        let tried = std::net::UdpSocket::bind(address);
        tried.map(drop).map_err(|source| DnsError::Bind { address: self.address, transport: "udp", source })
    }

    /// The root's DS record in zone-file form: what a validator must know and believe (RFC 4035 §4.4).
    #[must_use]
    pub fn trust_anchor(&self) -> String {
        self.world.key.trust_anchor()
    }

    /// Serves zones until the lease is dropped; all of them or none.
    ///
    /// # Errors
    /// A zone is published already, its records cannot be read, or it speaks of names outside itself.
    pub fn publish(&self, zones: Vec<ZoneData>) -> Result<Lease, DnsError> {
        static LEASES: AtomicU64 = AtomicU64::new(0);
        let number = LEASES.fetch_add(1, Ordering::Relaxed);
        let mut origins = BTreeSet::new();
        let mut read = Vec::new();
        for data in &zones {
            if !origins.insert(name_of(&data.origin)) {
                return Err(DnsError::Taken { origin: data.origin.clone() });
            }
            read.push(Zone::read(data, &self.world.key, number)?);
        }
        let mut tree = self.world.tree.write().expect("no holder panics");
        if let Some(data) = zones.iter().find(|data| tree.is_leased(&name_of(&data.origin))) {
            return Err(DnsError::Taken { origin: data.origin.clone() });
        }
        for zone in read {
            tree.add(zone, &self.world.key);
        }
        Ok(Lease { world: self.world.clone(), number, origins })
    }

    /// A place in the journal: behind the last question.
    #[must_use]
    pub fn mark(&self) -> u64 {
        self.world.journal.mark()
    }

    /// Questions asked since a mark, in order. The latest 100 000 are kept.
    #[must_use]
    pub fn since(&self, mark: u64) -> Vec<JournalEntry> {
        self.world.journal.since(mark, None)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Zones that are served as long as this is kept.
#[must_use = "dropping the lease withdraws its zones"]
pub struct Lease {
    world: Arc<World>,
    /// Whose questions are its.
    number: u64,
    origins: BTreeSet<LowerName>,
}

impl Lease {
    /// Questions asked since a mark for names in its zones, in order, while they were its. A question for a DS record of a zone
    /// counts to that zone, although its parent answers.
    #[must_use]
    pub fn since(&self, mark: u64) -> Vec<JournalEntry> {
        self.world.journal.since(mark, Some(self.number))
    }

    /// Withdraws the zones, and waits until a resolver has done with every question of theirs that was not answered at once, so
    /// that nothing of them meets whoever publishes the names next.
    ///
    /// # Errors
    /// It still had no answer after 5 s.
    pub async fn settle(self, resolver: SocketAddr) -> Result<(), DnsError> {
        let held = self.withdraw();
        // A resolver that is busy with a question answers everybody who asks it the same at the same time.
        let asked = held.iter().flat_map(|(name, kind)| {
            [false, true].map(|is_unchecked| ask_once(resolver, name.into(), *kind, is_unchecked))
        });
        try_join_all(asked).await.map(drop)
    }
}

impl Lease {
    /// Withdraws the zones; returns the questions that were not answered at once. The second time it does nothing.
    fn withdraw(&self) -> BTreeSet<(LowerName, RecordType)> {
        let mut tree = self.world.tree.write().unwrap_or_else(PoisonError::into_inner);
        for origin in &self.origins {
            if tree.is_leased_as(origin, self.number) {
                tree.remove(origin, &self.world.key);
            }
        }
        drop(tree);
        self.world.held.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.number).unwrap_or_default()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.withdraw();
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.origins.iter().map(ToString::to_string)).finish()
    }
}

/// A port that is free for UDP and TCP. The address may be one that this machine has only later: some engines give a network its
/// bridge when the first container comes.
pub(crate) async fn bind(ip: IpAddr) -> Result<(UdpSocket, TcpListener, SocketAddr), DnsError> {
    let any = SocketAddr::new(ip, 0);
    let failed = |address, transport| move |source| DnsError::Bind { address, transport, source };
    let mut tries = 0;
    loop {
        let udp = early_udp(any).map_err(failed(any, "udp"))?;
        let address = udp.local_addr().map_err(failed(any, "udp"))?;
        match early_tcp(address) {
            Ok(tcp) => return Ok((udp, tcp, address)),
            Err(e) if e.kind() == io::ErrorKind::AddrInUse && tries < TRIES => tries += 1,
            Err(e) => return Err(failed(address, "tcp")(e)),
        }
    }
}

fn early_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    early(&socket, address)?;
    UdpSocket::from_std(socket.into())
}

fn early_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
    early(&socket, address)?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

fn early(socket: &Socket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv4() {
        socket.set_freebind_v4(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())
}
