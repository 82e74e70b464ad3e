//! From packets to packets: what is no question is turned down, faults are played, and every question is written down.

use crate::{
    answer::{Answer, answer},
    journal::Journal,
    key::Key,
    tree::Tree,
    zone::Instead,
};
use evidence::Question;
use hickory_net::{runtime::Time, xfer::Protocol};
use hickory_proto::{
    op::{Edns, Header, HeaderCounts, Metadata, OpCode, ResponseCode},
    rr::{DNSClass, LowerName, RecordType},
};
use hickory_server::{
    server::{Request, RequestHandler, ResponseHandler, ResponseInfo},
    zone_handler::MessageResponseBuilder,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, RwLock},
    time::Instant,
};
use tokio::sync::watch;

/// What the server knows, shared by its sockets and its owners.
pub(crate) struct World {
    pub(crate) tree: RwLock<Tree>,
    pub(crate) key: Key,
    pub(crate) journal: Journal,
    pub(crate) held: Mutex<Held>,
}

/// Questions that were not answered at once, by the lease of their zone.
pub(crate) type Held = BTreeMap<u64, BTreeSet<(LowerName, RecordType)>>;

/// What to do with a question.
enum Turn {
    Answer(Answer),
    /// Nothing before that moment, if it ever comes, or before the zone is withdrawn.
    Hold {
        due: Option<(Instant, Answer)>,
        held: watch::Receiver<()>,
    },
}

pub(crate) struct Handler(pub(crate) Arc<World>);

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, response: R) -> ResponseInfo {
        match self.0.turn(request) {
            Turn::Answer(answer) => send(request, answer, response).await,
            Turn::Hold { due, held } => {
                hold(Arc::clone(&self.0), request, due, held, response);
                unsent(request)
            }
        }
    }
}

impl World {
    fn turn(&self, request: &Request) -> Turn {
        let turned_down = |code| Turn::Answer(Answer { code, ..Answer::default() });
        let Ok(info) = request.request_info() else { return turned_down(ResponseCode::FormErr) };
        let edns = request.edns.as_ref();
        if request.metadata.op_code != OpCode::Query {
            return turned_down(ResponseCode::NotImp);
        }
        if edns.is_some_and(|edns| edns.version() > 0) {
            return turned_down(ResponseCode::BADVERS);
        }
        let (name, kind) = (info.query.name(), info.query.query_type());
        let dnssec_ok = is_dnssec_ok(request);
        let is_udp = info.protocol == Protocol::Udp;
        let transfer = matches!(kind, RecordType::AXFR | RecordType::IXFR);
        let turn = if info.query.query_class() == DNSClass::IN && !transfer {
            self.play(name, kind, dnssec_ok, is_udp)
        } else {
            turned_down(ResponseCode::Refused)
        };
        let (rcode, answers) = match &turn {
            Turn::Hold { due: None, .. } => ("silence".to_owned(), 0),
            Turn::Answer(answer) | Turn::Hold { due: Some((_, answer)), .. } => {
                (rcode_name(answer.code), answer.count())
            }
        };
        let question =
            Question { name: written(name), record_type: zonefile::type_word(kind), dnssec_ok, rcode, answers };
        let lease = self.tree.read().expect("no holder panics").deepest(name).lease;
        if let (Turn::Hold { .. }, Some(lease)) = (&turn, lease) {
            self.held.lock().expect("no holder panics").entry(lease).or_default().insert((name.clone(), kind));
        }
        self.journal.record(lease, info.src.ip(), if is_udp { "udp" } else { "tcp" }, question);
        turn
    }

    fn play(&self, name: &LowerName, kind: RecordType, dnssec_ok: bool, is_udp: bool) -> Turn {
        let tree = self.tree.read().expect("no holder panics");
        let answer = |padded| answer(&tree, &self.key, name, kind, dnssec_ok, padded);
        let zone = tree.authority(name, kind);
        let hold = |due| Turn::Hold { due, held: zone.held.subscribe() };
        match (zone.fault(name, kind, is_udp), zone.quiet_until.filter(|until| *until > Instant::now())) {
            (Some(Instead::Code(code)), _) => Turn::Answer(Answer { code, ..Answer::default() }),
            (Some(Instead::Truncated), _) => Turn::Answer(Answer { is_truncated: true, ..Answer::default() }),
            (Some(Instead::Silence), _) => hold(None),
            (Some(Instead::Later(due)), _) => hold(Some((due, answer(0)))),
            (Some(Instead::Padded(octets)), None) => Turn::Answer(answer(octets)),
            (Some(Instead::Padded(octets)), Some(due)) => hold(Some((due, answer(octets)))),
            (None, Some(due)) => hold(Some((due, answer(0)))),
            (None, None) => Turn::Answer(answer(0)),
        }
    }
}

fn is_dnssec_ok(request: &Request) -> bool {
    request.edns.as_ref().is_some_and(|edns| edns.flags().dnssec_ok)
}

impl World {
    /// What the zones that are there say to a question.
    fn now(&self, request: &Request) -> Answer {
        let Ok(info) = request.request_info() else { return Answer::default() };
        let tree = self.tree.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        answer(&tree, &self.key, info.query.name(), info.query.query_type(), is_dnssec_ok(request), 0)
    }
}

impl Answer {
    /// Records in the answer section, RRSIG not counted: of the whole answer, also where UDP holds only part of it.
    fn count(&self) -> u16 {
        let records = self.answers.iter().filter(|record| record.record_type() != RecordType::RRSIG).count();
        u16::try_from(records).unwrap_or(u16::MAX)
    }
}

pub(crate) async fn send<R: ResponseHandler>(request: &Request, answer: Answer, mut response: R) -> ResponseInfo {
    let mut metadata = Metadata::response_from_request(&request.metadata);
    metadata.authoritative = true;
    metadata.response_code = answer.code;
    metadata.truncation = answer.is_truncated;
    let edns = request.edns.as_ref().map(|asked| {
        let mut edns = Edns::new();
        edns.set_max_payload(asked.max_payload()).set_dnssec_ok(asked.flags().dnssec_ok);
        edns
    });
    let mut builder = MessageResponseBuilder::from_message_request(request);
    if let Some(edns) = &edns {
        builder.edns(edns);
    }
    let message = builder.build(metadata, &answer.answers, &answer.authorities, [], []);
    response.send_response(message).await.unwrap_or_else(|_| unsent(request))
}

/// Answers in a task of its own, when it is due. If the zone is withdrawn before, what is true then is the answer, at once: a
/// resolver that still waits would ask again when the name is somebody else's, and have those wait who ask it the same.
///
/// In the task of a TCP connection other questions would wait behind this one.
fn hold<R: ResponseHandler>(
    world: Arc<World>,
    request: &Request,
    due: Option<(Instant, Answer)>,
    mut held: watch::Receiver<()>,
    response: R,
) {
    let copy = Request::from_bytes(request.as_slice().to_vec(), request.src(), request.protocol());
    let copy = copy.expect("what was a request once is one again");
    tokio::spawn(async move {
        let in_time = async {
            match due {
                None => std::future::pending().await,
                Some((due, answer)) => {
                    tokio::time::sleep_until(due.into()).await;
                    answer
                }
            }
        };
        let answer = tokio::select! {
            answer = in_time => answer,
            // the only sender goes with its zone
            _ = held.changed() => world.now(&copy),
        };
        send(&copy, answer, response).await;
    });
}

fn unsent(request: &Request) -> ResponseInfo {
    let metadata = Metadata::response_from_request(&request.metadata);
    Header { metadata, counts: HeaderCounts::default() }.into()
}

/// A name as evidence has it: lower case, without a final dot.
fn written(name: &LowerName) -> String {
    zonefile::own_name(name).to_string()
}

/// A response code as RFC 6895 §2.3 writes it.
pub(crate) fn rcode_name(code: ResponseCode) -> String {
    format!("{code:?}").to_ascii_uppercase()
}
