//! The same zones as a validating resolver finds them, for the harness itself: nothing that is asked here is written into
//! the journal, and nothing waits.
//!
//! A name that answers with silence, a zone whose signatures do not validate (RFC 4035 §5.5) and a delegation to servers that
//! nobody plays are server failures at once. An answer that comes late is the answer, unless it comes later than [`PATIENCE`].

use crate::{
    DnsError, Server,
    answer::{Answer, answer},
    handler::{World, send},
    server::{IDLE, WAITING, bind},
    tree::{Tree, ancestry},
};
use hickory_net::runtime::Time;
use hickory_proto::{
    op::{OpCode, ResponseCode},
    rr::{LowerName, Name, RData, Record, RecordType},
};
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use plan::{Dnssec, FaultKind};
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

/// An answer that is later than this is none: a check of SPF may end by then (RFC 7208 §4.6.4).
const PATIENCE: Duration = Duration::from_secs(20);
/// Aliases that are followed.
const ALIASES: usize = 8;

/// What the zones say of a name, all aliases followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// These records, as they are on the wire; never empty.
    Records(Vec<RData>),
    /// The name exists, and has none of this type (RFC 2308 §2.2).
    NoRecords,
    /// There is no such name (RFC 2308 §2.1).
    NoName,
    /// It cannot be told for now.
    Failed,
}

/// A resolver on loopback that ends with its last clone. Its questions leave no trace.
#[derive(Clone)]
pub struct Resolver {
    world: Arc<World>,
    address: SocketAddr,
    _sockets: Arc<hickory_server::Server<Handler>>,
}

impl Server {
    /// Starts a resolver for the zones that this server publishes, now and later.
    ///
    /// # Errors
    /// Loopback cannot be listened on.
    pub async fn resolver(&self) -> Result<Resolver, DnsError> {
        let world = self.world();
        let (udp, tcp, address) = bind(IpAddr::V4(Ipv4Addr::LOCALHOST)).await?;
        let mut sockets = hickory_server::Server::new(Handler(world.clone()));
        sockets.register_socket(udp);
        sockets.register_listener(tcp, IDLE, WAITING);
        Ok(Resolver { world, address, _sockets: Arc::new(sockets) })
    }
}

impl Resolver {
    /// Where it can be asked, over UDP and TCP.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The records of a name, found without a question over a socket. What is no name of the DNS does not exist.
    #[must_use]
    pub fn look_up(&self, name: &str, kind: RecordType) -> Found {
        let Ok(mut name) = Name::from_str_relaxed(name) else { return Found::NoName };
        name.set_fqdn(true);
        let said = self.world.resolve(&LowerName::new(&name), kind);
        let records: Vec<RData> =
            said.answers.into_iter().filter(|r| r.record_type() == kind).map(|record| record.data).collect();
        match said.code {
            ResponseCode::NoError if records.is_empty() => Found::NoRecords,
            ResponseCode::NoError => Found::Records(records),
            ResponseCode::NXDomain => Found::NoName,
            _ => Found::Failed,
        }
    }
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").field("address", &self.address).finish_non_exhaustive()
    }
}

struct Handler(Arc<World>);

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, response: R) -> ResponseInfo {
        let said = match request.request_info() {
            Err(_) => Answer { code: ResponseCode::FormErr, ..Answer::default() },
            Ok(_) if request.metadata.op_code != OpCode::Query => {
                Answer { code: ResponseCode::NotImp, ..Answer::default() }
            }
            Ok(info) => self.0.resolve(info.query.name(), info.query.query_type()),
        };
        send(request, said, response).await
    }
}

impl World {
    /// Answers as a validating resolver would, and at once.
    fn resolve(&self, name: &LowerName, kind: RecordType) -> Answer {
        let failed = || Answer { code: ResponseCode::ServFail, ..Answer::default() };
        let tree = self.tree.read().expect("no holder panics");
        let (mut wanted, mut found): (LowerName, Vec<Record>) = (name.clone(), Vec::new());
        for _ in 0..=ALIASES {
            let zone = tree.authority(&wanted, kind);
            let fault = zone.fault_kind(&wanted, kind);
            if fault.is_some_and(is_failure) || !validates(&tree, &wanted) {
                return failed();
            }
            let padded = match fault {
                Some(FaultKind::Nxdomain) => return Answer { code: ResponseCode::NXDomain, ..Answer::default() },
                Some(FaultKind::Oversized(octets)) => octets,
                _ => 0,
            };
            let said = answer(&tree, &self.key, &wanted, kind, false, padded);
            let alias = said.answers.iter().find_map(|record| match &record.data {
                RData::CNAME(target) if kind != RecordType::CNAME && kind != RecordType::ANY => Some(target.0.clone()),
                _ => None,
            });
            found.extend(said.answers);
            match alias {
                Some(target) => wanted = LowerName::new(&target),
                None => return Answer { answers: found, ..said },
            }
        }
        failed()
    }
}

const fn is_failure(fault: FaultKind) -> bool {
    match fault {
        FaultKind::Servfail | FaultKind::Refused | FaultKind::Notimp | FaultKind::Silence | FaultKind::NoTcp => true,
        FaultKind::Delay(delay) => delay.as_secs() >= PATIENCE.as_secs(),
        FaultKind::Nxdomain | FaultKind::Truncated | FaultKind::Oversized(_) => false,
    }
}

/// Whether a validator takes what a zone says, as secure or as insecure (RFC 4035 §4.3): from the root down, as far as there
/// is a chain.
fn validates(tree: &Tree, name: &LowerName) -> bool {
    let mut down: Vec<LowerName> = ancestry(name).collect();
    down.reverse();
    let chain = down.iter().filter_map(|name| tree.state(name)).take_while(|state| *state != Dnssec::Insecure);
    chain.into_iter().all(|state| state == Dnssec::Signed)
}
