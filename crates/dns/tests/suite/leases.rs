//! Publishing, withdrawing, and the journal.

use crate::{asking::*, insecure, server, zone};
use hickory_proto::{
    op::{Edns, OpCode, ResponseCode},
    rr::{
        DNSClass,
        RecordType::{A, AXFR, PTR, TXT},
    },
};
use mailproof_dns::{DnsError, Server};
use plan::Dnssec;
use std::time::SystemTime;

const TEXT: &str = "@ TXT \"here\"";

#[tokio::test]
async fn zones_are_there_as_long_as_their_lease() {
    let server = server().await;
    let lease = server.publish(vec![insecure("one.example", TEXT), insecure("two.example", TEXT)]).unwrap();
    for name in ["one.example.", "two.example."] {
        assert_eq!(told(&server, name, TXT).await.1, ["TXT here"]);
    }
    drop(lease);
    for name in ["one.example.", "two.example."] {
        assert_eq!(told(&server, name, TXT).await.0, ResponseCode::NXDomain);
    }
    let _again = server.publish(vec![insecure("one.example", TEXT)]).unwrap();
}

#[tokio::test]
async fn a_zone_has_one_owner_and_a_refused_publication_leaves_nothing_behind() {
    let server = server().await;
    let _lease = server.publish(vec![insecure("one.example", TEXT)]).unwrap();
    let error = server.publish(vec![insecure("new.example", TEXT), insecure("one.example", TEXT)]).unwrap_err();
    assert!(matches!(&error, DnsError::Taken { origin } if origin.as_str() == "one.example"), "{error}");
    assert!(error.to_string().contains("one.example"));
    assert_eq!(told(&server, "new.example.", TXT).await.0, ResponseCode::NXDomain);
    let twice = server.publish(vec![insecure("twin.example", TEXT), insecure("twin.example", TEXT)]);
    assert!(matches!(twice, Err(DnsError::Taken { .. })));
    assert_eq!(told(&server, "one.example.", TXT).await.1, ["TXT here"], "the first owner keeps it");
}

#[tokio::test]
async fn a_top_level_domain_can_be_published_and_goes_back() {
    let server = server().await;
    let _below = server.publish(vec![insecure("bank.example", TEXT)]).unwrap();
    let top = server.publish(vec![zone("example", Dnssec::Signed, TEXT)]).unwrap();
    assert_eq!(told(&server, "example.", TXT).await.1, ["TXT here"]);
    assert_eq!(told(&server, "bank.example.", TXT).await.1, ["TXT here"]);
    drop(top);
    assert_eq!(told(&server, "example.", TXT).await, (ResponseCode::NoError, vec![]));
    assert_eq!(told(&server, "bank.example.", TXT).await.1, ["TXT here"]);
}

#[tokio::test]
async fn bad_records_are_refused_by_name() {
    let server = server().await;
    for (records, said) in [
        ("@ TXT \"unclosed", "cannot be read"),
        ("@ NONSENSE 1", "cannot be read"),
        ("other.example. A 192.0.2.1", "other.example,"),
        ("$INCLUDE /etc/hostname", "$INCLUDE"),
    ] {
        let error = server.publish(vec![insecure("bank.example", records)]).unwrap_err().to_string();
        assert!(error.contains(said) && error.contains("bank.example"), "{records}: {error}");
    }
}

#[tokio::test]
async fn another_way_of_signing_waits_until_validators_have_forgotten_the_first() {
    let second = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
    let server = server().await;
    drop(server.publish(vec![insecure("bank.example", TEXT)]).unwrap());
    let withdrawn = second();
    let lease = server.publish(vec![zone("bank.example", Dnssec::Signed, TEXT)]).unwrap();
    assert_eq!(told(&server, "bank.example.", TXT).await.1, ["TXT here"]);
    assert!(second() > withdrawn);
    drop(lease);
}

#[tokio::test]
async fn the_journal_has_every_question_and_what_it_got() {
    let server = server().await;
    let _lease = server.publish(vec![insecure("bank.example", TEXT)]).unwrap();
    udp(&server, &plain("bank.example.", TXT)).await;
    let mark = server.mark();
    assert_eq!(mark, 1);
    udp(&server, &signed("NO.bank.example.", A, 1232)).await;
    tcp(&server, &plain("bank.example.", TXT)).await;
    udp(&server, &plain(".", TXT)).await;
    let seen: Vec<String> = server
        .since(mark)
        .iter()
        .map(|entry| {
            let q = &entry.question;
            let at = format!("{} {} {}", entry.ordinal, entry.source, entry.transport);
            format!("{at} {} {} {} {} {}", q.name, q.record_type, q.dnssec_ok, q.rcode, q.answers)
        })
        .collect();
    assert_eq!(
        seen,
        [
            "1 127.0.0.1 udp no.bank.example A true NXDOMAIN 0",
            "2 127.0.0.1 tcp bank.example TXT false NOERROR 1",
            "3 127.0.0.1 udp . TXT false NOERROR 0",
        ]
    );
    assert_eq!(server.since(0).len(), 4);
    assert!(server.since(99).is_empty());
}

#[tokio::test]
async fn what_is_no_question_of_class_in_is_turned_down() {
    let server = server().await;
    let code = async |question| udp(&server, &question).await.metadata.response_code;
    assert_eq!(code(plain("example.", AXFR)).await, ResponseCode::Refused);
    let mut chaos = plain("version.bind.", TXT);
    chaos.queries[0].query_class = DNSClass::CH;
    assert_eq!(code(chaos).await, ResponseCode::Refused);
    let mut update = plain("example.", A);
    update.metadata.op_code = OpCode::Notify;
    assert_eq!(code(update).await, ResponseCode::NotImp);
    let mut future = plain("example.", A);
    let mut edns = Edns::new();
    edns.set_version(1);
    future.set_edns(edns);
    assert_eq!(u16::from(code(future).await), 16, "BADVERS");
    let mut none = plain("example.", A);
    none.queries.clear();
    assert_eq!(code(none).await, ResponseCode::FormErr);
}

#[tokio::test]
async fn an_address_of_another_machine_is_named_in_the_error() {
    // it may come yet, and is asked for when it must be there
    let server = Server::start([203, 0, 113, 77].into()).await.unwrap();
    let error = server.is_here().unwrap_err();
    assert!(error.to_string().contains("203.0.113.77"), "{error}");
    Server::start([127, 0, 0, 1].into()).await.unwrap().is_here().unwrap();
}

#[tokio::test]
async fn a_reverse_zone_is_a_zone_like_any_other() {
    let server = server().await;
    for (ip, name) in [
        ("198.51.100.66", "66.100.51.198.in-addr.arpa".to_owned()),
        ("2001:db8::1", format!("1.{}8.b.d.0.1.0.0.2.ip6.arpa", "0.".repeat(23))),
    ] {
        let origin = mail::Domain::reverse(ip.parse().unwrap());
        assert_eq!(origin.as_str(), name);
        let _lease = server.publish(vec![insecure(&name, "@ 0 IN PTR mx.bank.example.")]).unwrap();
        assert_eq!(told(&server, &format!("{name}."), PTR).await.1, ["PTR mx.bank.example."]);
    }
}
