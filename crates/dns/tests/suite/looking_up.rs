//! Look-ups, as a scenario's `[[lookup]]` makes them, with and without lint.

use crate::{insecure, server, zone};
use evidence::{LookedUp, Observed};
use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{
        RData, Record, RecordType,
        rdata::{NULL, TXT},
    },
};
use mailproof_dns::{DnsError, Inquiry, Server, lookup, lookup_and_lint};
use plan::{Dnssec, Fault, FaultKind};

fn none(rcode: &str) -> LookedUp {
    LookedUp { rcode: rcode.to_owned(), is_authentic: false, records: Vec::new(), remarks: Vec::new() }
}

/// Codes of the remarks.
async fn codes(server: &Server, name: &str, kind: &str) -> Vec<String> {
    let found = lookup_and_lint(server.address(), &name.parse().unwrap(), kind).await.unwrap();
    found.remarks.into_iter().map(|remark| remark.code).collect()
}

#[tokio::test]
async fn a_look_up_says_what_is_there() {
    let server = server().await;
    let strings = vec![format!("\"{}\"", "x".repeat(250)); 8].join(" ");
    let records =
        format!("@ MX 20 b\n@ MX 10 a\nbig TXT {strings}\nalias CNAME big\na A 192.0.2.1\n_25._tcp.a TLSA 3 1 1 ABCD");
    let _lease = server.publish(vec![insecure("bank.example", &records)]).unwrap();
    let looked = async |name: &str, kind: &str| lookup(server.address(), &name.parse().unwrap(), kind).await.unwrap();

    assert_eq!(looked("bank.example", "mx").await.records, ["10 a.bank.example.", "20 b.bank.example."]);
    assert_eq!(looked("big.bank.example", "TXT").await.records, [strings], "over TCP");
    assert_eq!(looked("alias.bank.example", "TXT").await.records.len(), 2);
    assert_eq!(looked("_25._tcp.a.bank.example", "TLSA").await.records, ["3 1 1 abcd"]);
    assert_eq!(looked("a.bank.example", "AAAA").await, none("NOERROR"));
    assert_eq!(looked("no.bank.example", "A").await, none("NXDOMAIN"));
    let word = lookup(server.address(), &"bank.example".parse().unwrap(), "MAIL EXCHANGER").await;
    assert!(matches!(word, Err(DnsError::RecordType(word)) if word == "MAIL EXCHANGER"));
}

#[tokio::test]
async fn names_and_texts_are_shown_as_they_are_on_the_wire() {
    let server = server().await;
    let records = r#"@ MX 10 xn--mller-kva
@ TXT "a \"b\" \195\164 \\" c"#;
    let _lease = server.publish(vec![insecure("bank.example", records)]).unwrap();
    let looked = async |kind: &str| lookup(server.address(), &"bank.example".parse().unwrap(), kind).await.unwrap();
    assert_eq!(looked("MX").await.records, ["10 xn--mller-kva.bank.example."]);
    assert_eq!(looked("TXT").await.records, [r#""a \"b\" \195\164 \\" "c""#]);
    assert_eq!(looked("TYPE16").await.records, looked("TXT").await.records);
}

#[tokio::test]
async fn aliases_that_go_round_come_to_an_end() {
    let server = server().await;
    let _lease = server.publish(vec![insecure("bank.example", "a CNAME b\nb CNAME a\nself CNAME self")]).unwrap();
    for name in ["a.bank.example", "self.bank.example"] {
        let found = lookup(server.address(), &name.parse().unwrap(), "A").await.unwrap();
        assert!(!found.records.is_empty() && found.records.iter().all(|record| record.ends_with(".bank.example.")));
    }
}

#[tokio::test]
async fn a_server_that_fails_is_told_from_one_that_has_nothing() {
    let server = server().await;
    let _lease = server.publish(vec![insecure("bank.example", "lame NS ns.nobody.example.")]).unwrap();
    let failed = lookup(server.address(), &"lame.bank.example".parse().unwrap(), "A").await.unwrap();
    assert_eq!(failed, none("SERVFAIL"));
}

#[tokio::test]
async fn the_lint_asks_for_what_it_needs() {
    let server = server().await;
    let records = "@ MX 10 mx\nmx A 192.0.2.1\n@ TXT \"v=spf1 include:_spf.other.example -all\"";
    let _bank = server.publish(vec![insecure("bank.example", records)]).unwrap();
    let missing = codes(&server, "bank.example", "TXT").await;
    assert!(missing.iter().any(|code| code.starts_with("spf-include")), "{missing:?}");
    let other = vec![insecure("other.example", "_spf TXT \"v=spf1 ip4:192.0.2.0/24 -all\"")];
    let _other = server.publish(other).unwrap();
    assert!(codes(&server, "bank.example", "TXT").await.is_empty());
    assert!(codes(&server, "bank.example", "MX").await.is_empty());
}

#[tokio::test]
async fn remarks_come_sorted() {
    let server = server().await;
    let record = "_dmarc TXT \"v=DMARC1; p=none; pct=50; ri=3600; rua=mailto:a@other.example\"";
    let _lease = server.publish(vec![insecure("bank.example", record)]).unwrap();
    let found = lookup_and_lint(server.address(), &"_dmarc.bank.example".parse().unwrap(), "TXT").await.unwrap();
    assert!(found.remarks.len() >= 4 && found.remarks.is_sorted(), "{:?}", found.remarks);
}

#[tokio::test]
async fn a_record_that_never_ends_takes_no_more_questions_than_allowed() {
    let server = server().await;
    let chain: Vec<String> = (0..60)
        .map(|at| format!("s{at} TXT \"v=spf1 a:h{at}.bank.example include:s{}.bank.example -all\"", at + 1))
        .collect();
    let _lease = server.publish(vec![insecure("bank.example", &chain.join("\n"))]).unwrap();
    let mark = server.mark();
    let codes = codes(&server, "s0.bank.example", "TXT").await;
    assert!(codes.contains(&"spf-too-many-lookups".to_owned()), "{codes:?}");
    let asked = server.since(mark).len();
    assert!(asked <= 42, "{asked} questions");
}

#[tokio::test]
async fn an_authoritative_server_says_nothing_of_authenticity() {
    let server = server().await;
    let digest = "0123456789abcdef".repeat(4);
    let record = format!("_25._tcp.mx TLSA 3 1 1 {digest}\nbad._tcp TLSA 3 1 1 ABCD");
    let _lease = server.publish(vec![zone("bank.example", Dnssec::Signed, &record)]).unwrap();
    assert!(codes(&server, "_25._tcp.mx.bank.example", "TLSA").await.is_empty());
    assert_eq!(codes(&server, "bad._tcp.bank.example", "TLSA").await.len(), 1);
}

#[tokio::test]
async fn what_lies_outside_the_zones_is_unseen_and_not_absent() {
    let server = server().await;
    let records = "@ MX 10 mx.other.example.\n@ TXT \"v=spf1 include:_spf.other.example -all\"
s1._domainkey CNAME s1.keys.other.example.\nsub NS ns.other.example.";
    let mut zone = insecure("bank.example", records);
    zone.faults =
        vec![Fault { name: "_dmarc.bank.example".parse().unwrap(), record_type: None, kind: FaultKind::Refused }];
    let _lease = server.publish(vec![zone]).unwrap();
    let domain = "bank.example".parse().unwrap();
    let inquiry = Inquiry { server: server.address(), zones: Some(vec!["bank.example".parse().unwrap()]) };
    let found = inquiry.record(&domain, "TXT").await.unwrap();
    let codes: Vec<&str> = found.remarks.iter().map(|remark| remark.code.as_str()).collect();
    assert_eq!(codes, ["unseen"], "{:?}", found.remarks);

    let entries = inquiry.domain(&domain, &["s1".to_owned()]).await;
    let of = |what: &str| entries.iter().find(|entry| entry.what == what).unwrap();
    assert!(matches!(&of("TLSA").answer, Observed::Unobserved(why) if why.contains("none of the zones")));
    assert_eq!(of("DMARC").answer.seen().unwrap().rcode, "REFUSED");
    let alias = Observed::Unobserved("s1.keys.other.example lies in none of the zones that are at hand".to_owned());
    assert_eq!(of("DKIM").answer, alias);
    let delegated = inquiry.record(&"a.sub.bank.example".parse().unwrap(), "TXT").await;
    assert!(matches!(delegated, Err(DnsError::NoZone(name)) if name == "a.sub.bank.example"));
    assert_eq!(of("DKIM").name.as_str(), "s1._domainkey.bank.example");
    assert!(server.since(0).iter().all(|entry| !entry.question.name.ends_with("other.example")));
}

/// A resolver that validates: everything is authentic, but `insecure.` is not signed, and `bogus.` is bogus.
async fn validator() -> std::net::SocketAddr {
    let socket = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut octets = [0; 2000];
        while let Ok((length, client)) = socket.recv_from(&mut octets).await {
            let asked = Message::from_vec(&octets[..length]).unwrap();
            let query = asked.queries[0].clone();
            let name = query.name().to_ascii();
            let mut said = asked.clone().into_response();
            said.metadata.recursion_available = true;
            let is_bogus = name.starts_with("bogus.") && !asked.metadata.checking_disabled;
            said.metadata.authentic_data = asked.metadata.authentic_data && !name.starts_with("insecure.") && !is_bogus;
            said.metadata.response_code = if is_bogus { ResponseCode::ServFail } else { ResponseCode::NoError };
            if query.query_type() == RecordType::TXT && !is_bogus {
                let text = TXT::new(vec!["v=spf1 ".to_owned(), "-all".to_owned()]);
                said.add_answer(Record::from_rdata(query.name().clone(), 0, RData::TXT(text)));
            }
            if query.query_type() == RecordType::Unknown(99) && name.starts_with("signed.") {
                let rdata = NULL::with(b"\x0bv=spf1 -all".to_vec());
                let data = RData::Unknown { code: RecordType::Unknown(99), rdata };
                said.add_answer(Record::from_rdata(query.name().clone(), 0, data));
            }
            socket.send_to(&said.to_vec().unwrap(), client).await.unwrap();
        }
    });
    address
}

#[tokio::test]
async fn a_validating_resolver_tells_what_is_authentic() {
    let server = validator().await;
    let looked = async |name: &str, kind: &str| lookup_and_lint(server, &name.parse().unwrap(), kind).await.unwrap();
    for (name, kind, is_authentic) in [
        ("signed.example", "TXT", true),
        ("signed.example", "A", true),
        ("insecure.example", "TXT", false),
        ("insecure.example", "A", false),
    ] {
        let found = looked(name, kind).await;
        assert_eq!((found.rcode.as_str(), found.is_authentic), ("NOERROR", is_authentic), "{name} {kind}");
        let codes: Vec<&str> = found.remarks.iter().map(|remark| remark.code.as_str()).collect();
        let is_old = name == "signed.example" && kind == "TXT";
        assert_eq!(codes, if is_old { vec!["spf-type-99"] } else { vec![] }, "{name} {kind}");
    }
    assert_eq!(looked("signed.example", "TXT").await.records, [r#""v=spf1 " "-all""#]);
    let found = looked("signed.example", "SPF").await;
    assert_eq!(found.records, [r#""v=spf1 -all""#], "type 99");
    let bogus = looked("bogus.example", "TXT").await;
    assert_eq!((bogus.rcode.as_str(), bogus.remarks[0].code.as_str()), ("SERVFAIL", "dnssec-bogus"));
}
