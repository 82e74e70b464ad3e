//! One question, one answer, as octets on a socket.

use hickory_proto::{
    op::{Edns, Message, Query, ResponseCode},
    rr::{Name, RecordType},
};
use mailproof_dns::Server;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    time::timeout,
};

/// Nothing here takes this long unless it never comes.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A question without EDNS.
pub(crate) fn plain(name: &str, kind: RecordType) -> Message {
    question(Name::from_ascii(name).unwrap(), kind)
}

/// The same of any name.
pub(crate) fn question(name: Name, kind: RecordType) -> Message {
    let mut message = Message::query();
    message.add_query(Query::query(name, kind));
    message
}

/// A question of a validator, which takes so many octets over UDP.
pub(crate) fn signed(name: &str, kind: RecordType, size: u16) -> Message {
    let mut message = plain(name, kind);
    let mut edns = Edns::new();
    edns.set_dnssec_ok(true).set_max_payload(size);
    message.set_edns(edns);
    message
}

/// Asks over UDP.
pub(crate) async fn udp(server: &Server, question: &Message) -> Message {
    Message::from_vec(&octets(server, &question.to_vec().unwrap()).await).unwrap()
}

/// Sends octets over UDP and takes what comes back.
pub(crate) async fn octets(server: &Server, octets: &[u8]) -> Vec<u8> {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(octets, server.address()).await.unwrap();
    let mut buffer = vec![0; 65535];
    let length = timeout(DEADLINE, socket.recv(&mut buffer)).await.expect("an answer").unwrap();
    buffer.truncate(length);
    buffer
}

/// Asks over TCP (RFC 7766).
pub(crate) async fn tcp(server: &Server, question: &Message) -> Message {
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    let octets = question.to_vec().unwrap();
    stream.write_u16(octets.len().try_into().unwrap()).await.unwrap();
    stream.write_all(&octets).await.unwrap();
    let length = timeout(DEADLINE, stream.read_u16()).await.expect("an answer").unwrap();
    let mut buffer = vec![0; length.into()];
    stream.read_exact(&mut buffer).await.unwrap();
    Message::from_vec(&buffer).unwrap()
}

/// Code and answer section of a plain question, as text without owner names.
pub(crate) async fn told(server: &Server, name: &str, kind: RecordType) -> (ResponseCode, Vec<String>) {
    let message = udp(server, &plain(name, kind)).await;
    let records = message.answers.iter().map(|record| format!("{} {}", record.record_type(), record.data));
    (message.metadata.response_code, records.collect())
}
