//! Octets and texts that nobody should send.

use crate::{asking::*, insecure, server};
use hickory_proto::rr::RecordType::{self, TXT};
use mailproof_dns::Server;
use proptest::prelude::*;
use tokio::{
    io::AsyncWriteExt,
    net::{TcpStream, UdpSocket},
    runtime::Runtime,
};

/// A server in a runtime of its own, with a zone to ask for.
fn alive() -> (Runtime, Server, mailproof_dns::Lease) {
    let runtime = Runtime::new().unwrap();
    let server = runtime.block_on(server());
    let lease = server.publish(vec![insecure("bank.example", "@ TXT \"here\"\n*.w TXT \"w\"")]).unwrap();
    (runtime, server, lease)
}

async fn is_alive(server: &Server) {
    assert_eq!(told(server, "bank.example.", TXT).await.1, ["TXT here"]);
    assert_eq!(tcp(server, &plain("bank.example.", TXT)).await.answers.len(), 1);
}

#[test]
fn any_octets_leave_it_alive() {
    let (runtime, server, _lease) = alive();
    let header = prop_oneof![Just(vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), prop::collection::vec(any::<u8>(), 0..12)];
    let packet = (header, prop::collection::vec(any::<u8>(), 0..80)).prop_map(|(head, rest)| [head, rest].concat());
    proptest!(ProptestConfig::with_cases(300), |(packet in packet)| {
        runtime.block_on(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            socket.send_to(&packet, server.address()).await.unwrap();
            let mut stream = TcpStream::connect(server.address()).await.unwrap();
            stream.write_all(&packet).await.unwrap();
        });
    });
    runtime.block_on(is_alive(&server));
}

#[test]
fn a_question_with_flipped_octets_leaves_it_alive() {
    let (runtime, server, _lease) = alive();
    let good = signed("a.w.bank.example.", TXT, 1232).to_vec().unwrap();
    let flips = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    proptest!(ProptestConfig::with_cases(300), |(flips in flips)| {
        let mut packet = good.clone();
        flips.iter().for_each(|(at, octet)| packet[at.index(good.len())] = *octet);
        runtime.block_on(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            socket.send_to(&packet, server.address()).await.unwrap();
        });
    });
    runtime.block_on(is_alive(&server));
}

#[test]
fn every_name_and_type_gets_an_answer() {
    let (runtime, server, _lease) = alive();
    let signed_zone = crate::zone("s.example", plan::Dnssec::Signed, "@ TXT \"s\"\n*.w TXT \"w\"\nl NS x.\na CNAME b");
    let _signed = server.publish(vec![signed_zone]).unwrap();
    let label = prop_oneof![Just("*".to_owned()), Just("w".to_owned()), Just("a".to_owned()), "[a-z0-9_]{1,63}"];
    let apex = prop_oneof![Just("s.example."), Just("bank.example."), Just("example."), Just("")];
    let names =
        (prop::collection::vec(label, 1..4), apex).prop_map(|(labels, apex)| format!("{}.{apex}", labels.join(".")));
    proptest!(ProptestConfig::with_cases(300), |(name in names, kind in any::<u16>())| {
        let kind = RecordType::from(kind);
        prop_assume!(kind != RecordType::OPT && name.len() <= 255);
        let question = signed(&name, kind, 4096);
        let answer = runtime.block_on(udp(&server, &question));
        prop_assert_eq!(answer.metadata.id, question.metadata.id);
    });
}

#[test]
fn any_text_is_a_zone_or_an_error() {
    let (_runtime, server, _lease) = alive();
    let line = prop_oneof![
        "[ -~]{0,60}",
        "(@|a|\\*|) ?(300|IN|) ?(A|MX|TXT|TLSA|SRV|CAA|SOA|NS|PTR|CNAME|DS|DNSKEY|NSEC|SVCB) [ -~]{0,40}",
        any::<String>(),
    ];
    proptest!(ProptestConfig::with_cases(2000), |(lines in prop::collection::vec(line, 0..4))| {
        if let Ok(lease) = server.publish(vec![insecure("any.example", &lines.join("\n"))]) {
            drop(lease);
        }
    });
}
