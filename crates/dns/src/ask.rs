//! One question, over UDP, and over TCP if the answer does not fit (RFC 7766 §5).
//!
//! hickory-resolver, which would ask as well, does not say of an answer without records whether it is authentic, and asks for
//! that only if it is to validate itself. So the question is put one layer below it, with hickory-net.

use crate::{DnsError, handler::rcode_name, zone};
use hickory_net::{
    NetError,
    runtime::TokioRuntimeProvider,
    tcp::TcpClientStream,
    udp::UdpClientStream,
    xfer::{DnsHandle, FirstAnswer},
};
use hickory_proto::{
    op::{DnsRequest, DnsRequestOptions, Edns, Message, Query, ResponseCode},
    rr::{Name, RData, Record, RecordType},
};
use mail::{Domain, quote};
use std::{net::SocketAddr, time::Duration};

/// How long a server may take for one question over one transport; over UDP it is asked again within that time.
const LIMIT: Duration = Duration::from_secs(5);
/// The type of RFC 7208 §3.1 that is no longer asked for.
const SPF: u16 = 99;
/// Aliases that are followed.
const ALIASES: usize = 8;

/// What a server answered.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: ResponseCode,
    /// The AD bit, in every answer on the way (RFC 4035 §3.2.3).
    pub(crate) is_authentic: bool,
    /// The RA bit: it is a resolver (RFC 1035 §4.1.1).
    pub(crate) is_resolver: bool,
    /// Records of the answer section, the CNAME records on the way among them.
    pub(crate) records: Vec<Record>,
}

/// How to ask.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) server: SocketAddr,
    /// A resolver is not to validate (the CD bit, RFC 4035 §3.2.2).
    pub(crate) is_unchecked: bool,
    /// The zones that the server has, and nothing else; none: it answers for all names.
    pub(crate) zones: Option<&'a [Domain]>,
}

/// Asks for the records of a name. A server that answers with nothing but an alias is asked for what it leads to.
pub(crate) async fn ask(asking: Asking<'_>, name: &Domain, record_type: &str) -> Result<Said, DnsError> {
    let Asking { server, is_unchecked, zones } = asking;
    let kind = zone::record_type(record_type)?;
    let mut wanted = Name::from(zone::name_of(name));
    let mut said = Said { code: ResponseCode::NoError, is_authentic: true, is_resolver: true, records: Vec::new() };
    for _ in 0..=ALIASES {
        let has = |zone: &Domain| Name::from(zone::name_of(zone)).zone_of(&wanted);
        if zones.is_some_and(|zones| !zones.iter().any(has)) {
            return Err(DnsError::NoZone(dotless(&wanted)));
        }
        let query = Query::query(wanted.clone(), kind);
        let message = exchange(server, query, is_unchecked).await.map_err(|e| DnsError::LookUp {
            server,
            name: name.clone(),
            record_type: record_type.to_owned(),
            reason: e.to_string(),
        })?;
        said.code = message.metadata.response_code;
        if zones.is_some() && said.code == ResponseCode::ServFail {
            // That is how our server speaks of what its zones delegate to others.
            return Err(DnsError::NoZone(dotless(&wanted)));
        }
        said.is_authentic &= message.metadata.authentic_data;
        said.is_resolver &= message.metadata.recursion_available;
        said.records.extend(message.answers);
        match loose_end(&wanted, kind, &said.records) {
            Some(target) if said.code == ResponseCode::NoError => wanted = target,
            _ => break,
        }
    }
    Ok(said)
}

/// Asks for the records of a name, whatever the answer is.
pub(crate) async fn ask_once(
    server: SocketAddr,
    name: Name,
    kind: RecordType,
    is_unchecked: bool,
) -> Result<(), DnsError> {
    let busy = |e: NetError| DnsError::Busy { server, name: dotless(&name), reason: e.to_string() };
    exchange(server, Query::query(name.clone(), kind), is_unchecked).await.map(drop).map_err(busy)
}

fn dotless(name: &Name) -> String {
    let text = name.to_ascii();
    text.strip_suffix('.').unwrap_or(&text).to_owned()
}

/// Whether a server is a resolver that validates: it knows that the root is signed.
pub(crate) async fn validates(server: SocketAddr) -> bool {
    let root = exchange(server, Query::query(Name::root(), RecordType::SOA), false).await;
    root.is_ok_and(|root| root.metadata.recursion_available && root.metadata.authentic_data)
}

/// A response code and the data of the records as `dig +short` shows them, sorted.
pub(crate) fn shown(said: &Said) -> (String, Vec<String>) {
    let data = said.records.iter().filter(|record| record.record_type() != RecordType::RRSIG);
    let mut records: Vec<String> = data.map(|record| text(&record.data)).collect();
    records.sort();
    (rcode_name(said.code), records)
}

/// Data of one record. Names are as they are on the wire, where hickory would show U-labels (RFC 5890 §2.3.2.1).
fn text(data: &RData) -> String {
    match data {
        RData::MX(mx) => format!("{} {}", mx.preference, mx.exchange.to_ascii()),
        RData::CNAME(name) => name.to_ascii(),
        RData::NS(name) => name.to_ascii(),
        RData::PTR(name) => name.to_ascii(),
        RData::TXT(strings) => strings.txt_data.iter().map(|string| quote(string)).collect::<Vec<_>>().join(" "),
        RData::Unknown { code, rdata } if u16::from(*code) == SPF => strings(&rdata.anything),
        RData::Unknown { rdata, .. } => {
            let octets = &rdata.anything;
            format!("\\# {} {}", octets.len(), data_encoding::HEXLOWER.encode(octets)).trim_end().to_owned()
        }
        other => other.to_string(),
    }
}

/// Character-strings on the wire, of which each begins with its length (RFC 1035 §3.3).
fn strings(octets: &[u8]) -> String {
    let mut rest = octets;
    let mut list = Vec::new();
    while let Some((length, behind)) = rest.split_first() {
        let (string, behind) = behind.split_at(behind.len().min(usize::from(*length)));
        list.push(quote(string));
        rest = behind;
    }
    list.join(" ")
}

async fn exchange(server: SocketAddr, query: Query, is_unchecked: bool) -> Result<Message, NetError> {
    let mut message = Message::query();
    message.add_query(query);
    // The AD bit in a question asks for the AD bit in the answer, without signatures (RFC 6840 §5.7).
    message.metadata.authentic_data = true;
    message.metadata.checking_disabled = is_unchecked;
    message.metadata.recursion_desired = true;
    let options = DnsRequestOptions::default();
    let mut edns = Edns::new();
    edns.set_max_payload(options.edns_payload_len);
    message.set_edns(edns);
    let provider = TokioRuntimeProvider::default();
    let udp = UdpClientStream::builder(server, provider.clone()).with_timeout(Some(LIMIT)).exchange();
    let answer = udp.send(DnsRequest::new(message.clone(), options)).first_answer().await?;
    if !answer.metadata.truncation {
        return Ok(answer.into_message());
    }
    let tcp = TcpClientStream::exchange(server, None, LIMIT, None, provider).await?;
    Ok(tcp.send(DnsRequest::new(message, options)).first_answer().await?.into_message())
}

/// Where the aliases of a name lead to, if they lead out of the answer.
fn loose_end(name: &Name, kind: RecordType, records: &[Record]) -> Option<Name> {
    let mut at = name;
    for _ in 0..=records.len() {
        let has = |wanted: RecordType| records.iter().any(|r| r.name == *at && r.record_type() == wanted);
        if kind == RecordType::CNAME || kind == RecordType::ANY || has(kind) {
            return None;
        }
        let alias = records.iter().find_map(|record| match &record.data {
            RData::CNAME(target) if record.name == *at => Some(&target.0),
            _ => None,
        });
        match alias {
            Some(target) => at = target,
            None => return (at != name).then(|| at.clone()),
        }
    }
    None
}
