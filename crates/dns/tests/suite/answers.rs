//! What is answered, and from which zone.

use crate::{asking::*, insecure, server, zone};
use hickory_proto::{
    op::ResponseCode::{NXDomain, NoError, ServFail},
    rr::RecordType::{A, ANY, CNAME, DS, MX, NS, NSEC, PTR, SOA, SRV, TLSA, TXT},
};
use plan::Dnssec;

const RECORDS: &str = r#"
@               MX    10 mx
                MX    20 mx.elsewhere.example.
@               TXT   "v=spf1 " "-all"
mx              A     192.0.2.1
mx        300   A     192.0.2.2
_25._tcp.mx     TLSA  3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff
_sip._tcp       SRV   0 5 5060 sip
*.wild          TXT   "wild"
alias           CNAME mx
a.deep          TXT   "deep"
lame            NS    ns.nobody.example.
"#;

#[tokio::test]
async fn zone_file_text_is_answered_record_by_record() {
    let server = server().await;
    let _lease = server.publish(vec![insecure("bank.example", RECORDS)]).unwrap();
    let told = async |name, kind| told(&server, name, kind).await;
    let some = |records: &[&str]| (NoError, records.iter().map(ToString::to_string).collect::<Vec<_>>());

    assert_eq!(told("bank.example.", MX).await, some(&["MX 10 mx.bank.example.", "MX 20 mx.elsewhere.example."]));
    assert_eq!(told("BANK.Example.", TXT).await, some(&["TXT v=spf1 -all"]));
    assert_eq!(told("mx.bank.example.", A).await, some(&["A 192.0.2.1", "A 192.0.2.2"]));
    assert_eq!(told("_sip._tcp.bank.example.", SRV).await, some(&["SRV 0 5 5060 sip.bank.example."]));
    assert_eq!(told("_25._tcp.mx.bank.example.", TLSA).await.1.len(), 1);
    assert_eq!(told("x.y.wild.bank.example.", TXT).await, some(&["TXT wild"]));
    assert_eq!(told("alias.bank.example.", A).await, some(&["CNAME mx.bank.example."]));
    assert_eq!(told("alias.bank.example.", CNAME).await, some(&["CNAME mx.bank.example."]));
    assert_eq!(told("bank.example.", SOA).await.1.len(), 1, "SOA is added");
    assert_eq!(told("bank.example.", NS).await, some(&["NS ns.bank.example."]), "NS is added");
    assert_eq!(told("bank.example.", ANY).await.1.len(), 5);
}

#[tokio::test]
async fn what_is_not_there_is_denied_with_the_soa_of_its_zone() {
    let server = server().await;
    let _lease = server.publish(vec![insecure("bank.example", RECORDS)]).unwrap();
    for (name, kind, code, apex) in [
        ("bank.example.", A, NoError, "bank.example."),
        ("deep.bank.example.", TXT, NoError, "bank.example."),
        ("x.wild.bank.example.", A, NoError, "bank.example."),
        ("wild.bank.example.", TXT, NoError, "bank.example."),
        ("no.bank.example.", A, NXDomain, "bank.example."),
        ("no.mx.bank.example.", A, NXDomain, "bank.example."),
        ("nobody.example.", A, NXDomain, "example."),
        ("example.", A, NoError, "example."),
        ("www.nowhere.", A, NXDomain, "."),
        ("66.100.51.198.in-addr.arpa.", PTR, NXDomain, "."),
    ] {
        let message = udp(&server, &plain(name, kind)).await;
        assert_eq!(message.metadata.response_code, code, "{name} {kind}");
        assert!(message.answers.is_empty(), "{name} {kind}: {:?}", message.answers);
        let soa: Vec<_> = message.authorities.iter().map(|r| (r.record_type(), r.name.to_string())).collect();
        assert_eq!(soa, [(SOA, apex.to_owned())], "{name} {kind}");
    }
}

#[tokio::test]
async fn a_name_delegated_to_nobody_fails_as_a_dead_server_does() {
    let server = server().await;
    let _lease = server.publish(vec![insecure("bank.example", RECORDS)]).unwrap();
    assert_eq!(told(&server, "lame.bank.example.", A).await.0, ServFail);
    assert_eq!(told(&server, "x.lame.bank.example.", A).await.0, ServFail);
    assert_eq!(told(&server, "lame.bank.example.", DS).await.0, NoError, "DS is the parent's");
}

#[tokio::test]
async fn the_deepest_zone_answers_but_the_parent_for_ds() {
    let server = server().await;
    let parent = zone("b.example", Dnssec::Signed, "a TXT \"parent\"\nx.a TXT \"parent\"");
    let _parent = server.publish(vec![parent]).unwrap();
    assert_eq!(told(&server, "x.a.b.example.", TXT).await.1, ["TXT parent"]);
    let child = server.publish(vec![zone("a.b.example", Dnssec::Signed, "@ TXT \"child\"")]).unwrap();
    assert_eq!(told(&server, "a.b.example.", TXT).await.1, ["TXT child"]);
    assert_eq!(told(&server, "x.a.b.example.", TXT).await, (NXDomain, vec![]));

    let ds = udp(&server, &signed("a.b.example.", DS, 1232)).await;
    assert_eq!(ds.answers.len(), 2, "DS and its signature: {:?}", ds.answers);
    assert!(ds.answers[1].data.to_string().contains(" b.example. "), "signed by the parent: {}", ds.answers[1].data);
    drop(child);
    assert_eq!(told(&server, "x.a.b.example.", TXT).await.1, ["TXT parent"]);
}

#[tokio::test]
async fn signatures_come_only_when_asked_for() {
    let server = server().await;
    let _lease = server.publish(vec![zone("bank.example", Dnssec::Signed, RECORDS)]).unwrap();
    let (without, with) =
        (udp(&server, &plain("bank.example.", MX)).await, udp(&server, &signed("bank.example.", MX, 1232)).await);
    assert_eq!((without.answers.len(), with.answers.len()), (2, 3));
    let (without, with) =
        (udp(&server, &plain("no.bank.example.", MX)).await, udp(&server, &signed("no.bank.example.", MX, 1232)).await);
    assert_eq!(without.authorities.len(), 1);
    assert_eq!(with.authorities.iter().filter(|r| r.record_type() == NSEC).count(), 2, "the name, and the wildcard");
}

#[tokio::test]
async fn what_does_not_fit_is_truncated_and_whole_over_tcp() {
    let server = server().await;
    let strings = vec![format!("\"{}\"", "x".repeat(200)); 10].join(" ");
    let text: String = (0..4).map(|i| format!("@ TXT \"{i}\" {strings}\n")).collect();
    let _lease = server.publish(vec![insecure("big.example", &text)]).unwrap();
    for (question, limit) in [(plain("big.example.", TXT), 512), (signed("big.example.", TXT, 4096), 4096)] {
        let answer = octets(&server, &question.to_vec().unwrap()).await;
        assert!(answer.len() <= limit, "{} octets", answer.len());
        assert!(hickory_proto::op::Message::from_vec(&answer).unwrap().metadata.truncation);
    }
    let whole = tcp(&server, &plain("big.example.", TXT)).await;
    assert_eq!((whole.answers.len(), whole.metadata.truncation), (4, false));
    assert_eq!(udp(&server, &signed("big.example.", TXT, 16384)).await.answers.len(), 4);
    let counts: Vec<_> = server.since(0).into_iter().map(|e| (e.transport, e.question.answers)).collect();
    assert_eq!(counts, [("udp", 4), ("udp", 4), ("tcp", 4), ("udp", 4)].map(|(t, n)| (t.to_owned(), n)));
}
