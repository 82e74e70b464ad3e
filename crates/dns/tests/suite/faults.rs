//! Names that answer wrongly.

use crate::{asking::*, insecure, server};
use hickory_proto::{
    op::ResponseCode,
    rr::RecordType::{A, TXT},
    serialize::binary::BinEncodable,
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

#[tokio::test]
async fn what_was_held_back_is_let_go_with_its_zone_and_is_nobody_elses() {
    let server = server().await;
    let silent = |name| faulty(&[(name, None, FaultKind::Silence), ("b.bank.example", None, LATE)]);
    const LATE: FaultKind = FaultKind::Delay(Duration::from_secs(60));
    let lease = server.publish(vec![silent("a.bank.example")]).unwrap();
    let (silence, late) = (plain("a.bank.example.", TXT), plain("b.bank.example.", TXT));
    let asked = async {
        let waiting = async {
            while lease.since(0).len() < 3 {
                tokio::task::yield_now().await
            }
        };
        timeout(DEADLINE, waiting).await.unwrap();
        assert_eq!(server.since(0).len(), 3);
        lease
    };
    let (over_udp, over_tcp, late, lease) = {
        let udp_answer = tokio::spawn({
            let (server, question) = (server.clone(), silence.clone());
            async move { udp(&server, &question).await }
        });
        let tcp_answer = tokio::spawn({
            let (server, question) = (server.clone(), silence.clone());
            async move { tcp(&server, &question).await }
        });
        let late_answer = tokio::spawn({
            let (server, question) = (server.clone(), late.clone());
            async move { udp(&server, &question).await }
        });
        let lease = asked.await;
        // the server stands in for a resolver that has done with them
        lease.settle(server.address()).await.unwrap();
        let next = server.publish(vec![insecure("bank.example", "a TXT \"next\"")]).unwrap();
        (udp_answer.await.unwrap(), tcp_answer.await.unwrap(), late_answer.await.unwrap(), next)
    };
    for answer in [over_udp, over_tcp, late] {
        assert_eq!(answer.metadata.response_code, ResponseCode::NXDomain);
    }
    assert!(lease.since(0).is_empty(), "{:?}", lease.since(0));
    assert_eq!(told(&server, "a.bank.example.", TXT).await.1, ["TXT next"]);
    assert_eq!(lease.since(0).len(), 1);
}

#[tokio::test]
async fn who_settles_is_told_of_a_resolver_that_stays_busy() {
    let (server, busy) = (server().await, UdpSocket::bind("127.0.0.1:0").await.unwrap());
    let lease = server.publish(vec![faulty(&[("a.bank.example", None, FaultKind::Silence)])]).unwrap();
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    socket.send_to(&plain("a.bank.example.", TXT).to_vec().unwrap(), server.address()).await.unwrap();
    timeout(DEADLINE, async {
        while server.since(0).is_empty() {
            tokio::task::yield_now().await
        }
    })
    .await
    .unwrap();
    let error = lease.settle(busy.local_addr().unwrap()).await.unwrap_err();
    assert!(matches!(&error, DnsError::Busy { name, .. } if name == "a.bank.example"), "{error}");
    let lease = server.publish(vec![faulty(&[])]).unwrap();
    lease.settle(busy.local_addr().unwrap()).await.unwrap();
}

#[tokio::test]
async fn codes_that_are_no_servfail_are_played_too() {
    let server = server().await;
    let kinds = [("a.bank.example", None, FaultKind::Nxdomain), ("b.bank.example", None, FaultKind::Notimp)];
    let _lease = server.publish(vec![faulty(&kinds)]).unwrap();
    assert_eq!(told(&server, "a.bank.example.", TXT).await, (ResponseCode::NXDomain, vec![]));
    assert_eq!(told(&server, "b.bank.example.", TXT).await, (ResponseCode::NotImp, vec![]));
}

#[tokio::test]
async fn a_truncated_answer_is_right_over_tcp_or_never_comes() {
    let server = server().await;
    let kinds = [("a.bank.example", None, FaultKind::Truncated), ("b.bank.example", None, FaultKind::NoTcp)];
    let lease = server.publish(vec![faulty(&kinds)]).unwrap();
    for name in ["a.bank.example.", "b.bank.example."] {
        let answer = udp(&server, &plain(name, TXT)).await;
        assert!(answer.metadata.truncation && answer.answers.is_empty(), "{answer:?}");
    }
    assert_eq!(tcp(&server, &plain("a.bank.example.", TXT)).await.answers.len(), 1);
    let never = tokio::spawn({
        let server = server.clone();
        async move { tcp(&server, &plain("b.bank.example.", TXT)).await }
    });
    timeout(DEADLINE, async {
        while lease.since(0).len() < 4 {
            tokio::task::yield_now().await
        }
    })
    .await
    .unwrap();
    assert_eq!(lease.since(0)[3].question.rcode, "silence");
    drop(lease);
    assert_eq!(never.await.unwrap().metadata.response_code, ResponseCode::NXDomain);
}

#[tokio::test]
async fn an_oversized_answer_has_so_many_octets_and_the_right_record() {
    let server = server().await;
    for octets in [512, 700, 1233, 4096, 60_000] {
        let _lease = server.publish(vec![faulty(&[("a.bank.example", None, FaultKind::Oversized(octets))])]).unwrap();
        let answer = tcp(&server, &plain("a.bank.example.", TXT)).await;
        let size: usize = answer.answers.iter().map(|r| 12 + r.data.to_bytes().unwrap().len()).sum();
        assert_eq!(size, usize::from(octets));
        assert_eq!(answer.answers[0].data.to_string(), "a");
        let over_udp = udp(&server, &signed("a.bank.example.", TXT, 1232)).await;
        assert_eq!(over_udp.metadata.truncation, octets > 1200);
        assert_eq!(told(&server, "a.bank.example.", A).await.1, ["A 192.0.2.1"]);
    }
}
