//! Names that answer wrongly.

use crate::{asking::*, insecure, server};
use hickory_proto::{
    op::ResponseCode,
    rr::RecordType::{A, TXT},
};
use mailproof_dns::{DnsError, ZoneData};
use plan::{Fault, FaultKind};
use std::time::{Duration, Instant};
use tokio::{net::UdpSocket, time::timeout};

fn faulty(faults: &[(&str, Option<&str>, FaultKind)]) -> ZoneData {
    let fault = |(name, kind, what): &(&str, Option<&str>, FaultKind)| Fault {
        name: name.parse().unwrap(),
        record_type: kind.map(str::to_owned),
        kind: *what,
    };
    ZoneData {
        faults: faults.iter().map(fault).collect(),
        ..insecure("bank.example", "a TXT \"a\"\na A 192.0.2.1\nb TXT \"b\"")
    }
}

#[tokio::test]
async fn a_fault_hits_its_name_and_type_alone() {
    let server = server().await;
    let _lease = server
        .publish(vec![faulty(&[
            ("a.bank.example", None, FaultKind::Refused),
            ("a.bank.example", Some("txt"), FaultKind::Servfail),
        ])])
        .unwrap();
    assert_eq!(told(&server, "A.bank.example.", TXT).await, (ResponseCode::ServFail, vec![]));
    assert_eq!(told(&server, "a.bank.example.", A).await, (ResponseCode::Refused, vec![]));
    assert_eq!(told(&server, "b.bank.example.", TXT).await.1, ["TXT b"]);
    let codes: Vec<_> = server.since(0).into_iter().map(|e| e.question.rcode).collect();
    assert_eq!(codes, ["SERVFAIL", "REFUSED", "NOERROR"]);
}

#[tokio::test]
async fn silence_is_no_answer_and_stands_in_the_journal() {
    let server = server().await;
    let _lease = server.publish(vec![faulty(&[("a.bank.example", None, FaultKind::Silence)])]).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let (silent, answered) = (plain("a.bank.example.", TXT), plain("b.bank.example.", TXT));
    for question in [&silent, &answered] {
        socket.send_to(&question.to_vec().unwrap(), server.address()).await.unwrap();
    }
    let mut buffer = [0; 512];
    timeout(DEADLINE, socket.recv(&mut buffer)).await.unwrap().unwrap();
    assert_eq!(buffer[..2], answered.metadata.id.to_be_bytes(), "only the second question is answered");
    let first = &server.since(0)[0].question;
    assert_eq!((first.name.as_str(), first.rcode.as_str()), ("a.bank.example", "silence"));
}

#[tokio::test]
async fn a_delayed_answer_is_right_and_not_early_and_holds_up_nobody() {
    let server = server().await;
    let delay = Duration::from_millis(300);
    let _lease = server.publish(vec![faulty(&[("a.bank.example", Some("TXT"), FaultKind::Delay(delay))])]).unwrap();
    let start = Instant::now();
    let question = plain("a.bank.example.", TXT);
    let (over_udp, over_tcp) = tokio::join!(udp(&server, &question), tcp(&server, &question));
    assert!(start.elapsed() >= delay);
    assert_eq!((over_udp.answers.len(), over_tcp.answers.len()), (1, 1));
    assert_eq!(server.since(0)[0].question.rcode, "NOERROR");
}

#[tokio::test]
async fn a_fault_must_name_the_zone_and_a_type() {
    let server = server().await;
    let elsewhere = faulty(&[("a.other.example", None, FaultKind::Silence)]);
    assert!(
        matches!(server.publish(vec![elsewhere]), Err(DnsError::Outside { name, .. }) if name == "a.other.example")
    );
    let no_type = faulty(&[("a.bank.example", Some("TEXT"), FaultKind::Silence)]);
    assert!(matches!(server.publish(vec![no_type]), Err(DnsError::RecordType(word)) if word == "TEXT"));
}
