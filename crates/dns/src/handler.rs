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
    sync::{Arc, RwLock},
    time::Instant,
};

/// What the server knows, shared by its sockets and its owners.
pub(crate) struct World {
    pub(crate) tree: RwLock<Tree>,
    pub(crate) key: Key,
    pub(crate) journal: Journal,
}

/// What to do with a question.
enum Turn {
    Answer(Answer),
    Later(Instant, Answer),
    Never,
}

pub(crate) struct Handler(pub(crate) Arc<World>);

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(&self, request: &Request, response: R) -> ResponseInfo {
        match self.0.turn(request) {
            Turn::Answer(answer) => send(request, answer, response).await,
            Turn::Later(due, answer) => {
                send_later(request, due, answer, response);
                unsent(request)
            }
            Turn::Never => unsent(request),
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
        let dnssec_ok = edns.is_some_and(|edns| edns.flags().dnssec_ok);
        let transfer = matches!(kind, RecordType::AXFR | RecordType::IXFR);
        let turn = if info.query.query_class() == DNSClass::IN && !transfer {
            self.play(name, kind, dnssec_ok)
        } else {
            turned_down(ResponseCode::Refused)
        };
        let (rcode, answers) = match &turn {
            Turn::Never => ("silence".to_owned(), 0),
            Turn::Answer(answer) | Turn::Later(_, answer) => (word(answer.code), answer.count()),
        };
        let question =
            Question { name: written(name), record_type: zonefile::type_word(kind), dnssec_ok, rcode, answers };
        let transport = if info.protocol == Protocol::Udp { "udp" } else { "tcp" };
        self.journal.record(info.src.ip(), transport, question);
        turn
    }

    fn play(&self, name: &LowerName, kind: RecordType, dnssec_ok: bool) -> Turn {
        let tree = self.tree.read().expect("no holder panics");
        let answer = || answer(&tree, &self.key, name, kind, dnssec_ok);
        let zone = tree.authority(name, kind);
        match (zone.fault(name, kind), zone.quiet_until.filter(|until| *until > Instant::now())) {
            (Some(Instead::Code(code)), _) => Turn::Answer(Answer { code, ..Answer::default() }),
            (Some(Instead::Silence), _) => Turn::Never,
            (Some(Instead::Later(due)), _) | (None, Some(due)) => Turn::Later(due, answer()),
            (None, None) => Turn::Answer(answer()),
        }
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

/// Sends in a task of its own: on a TCP connection other questions wait behind this one otherwise.
fn send_later<R: ResponseHandler>(request: &Request, due: Instant, answer: Answer, response: R) {
    let copy = Request::from_bytes(request.as_slice().to_vec(), request.src(), request.protocol());
    let copy = copy.expect("what was a request once is one again");
    tokio::spawn(async move {
        #[expect(clippy::disallowed_methods, reason = "the delay is the very fault that is asked for")]
        tokio::time::sleep(due.saturating_duration_since(Instant::now())).await;
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
pub(crate) fn word(code: ResponseCode) -> String {
    format!("{code:?}").to_ascii_uppercase()
}
