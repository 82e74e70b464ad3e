//! Look-ups, as a scenario's `[[lookup]]` makes them.

use crate::{insecure, server};
use mailproof_dns::{DnsError, LookedUp, lookup};

#[tokio::test]
async fn a_look_up_says_what_is_there() {
    let server = server().await;
    let strings = vec![format!("\"{}\"", "x".repeat(250)); 8].join(" ");
    let records = format!("@ MX 20 b\n@ MX 10 a\nbig TXT {strings}\nalias CNAME big\na A 192.0.2.1");
    let _lease = server.publish(vec![insecure("bank.example", &records)]).unwrap();
    let looked = async |name: &str, kind: &str| lookup(server.address(), &name.parse().unwrap(), kind).await.unwrap();
    let none = |rcode: &str| LookedUp { rcode: rcode.to_owned(), records: Vec::new() };

    assert_eq!(looked("bank.example", "mx").await.records, ["10 a.bank.example.", "20 b.bank.example."]);
    assert_eq!(looked("big.bank.example", "TXT").await.records[0].len(), 2000, "over TCP");
    assert_eq!(looked("alias.bank.example", "TXT").await.records.len(), 2);
    assert_eq!(looked("a.bank.example", "AAAA").await, none("NOERROR"));
    assert_eq!(looked("no.bank.example", "A").await, none("NXDOMAIN"));
    let word = lookup(server.address(), &"bank.example".parse().unwrap(), "MAIL EXCHANGER").await;
    assert!(matches!(word, Err(DnsError::RecordType(word)) if word == "MAIL EXCHANGER"));
}

#[tokio::test]
async fn a_server_that_fails_is_told_from_one_that_has_nothing() {
    let server = server().await;
    let _lease = server.publish(vec![insecure("bank.example", "lame NS ns.nobody.example.")]).unwrap();
    let failed = lookup(server.address(), &"lame.bank.example".parse().unwrap(), "A").await.unwrap();
    assert_eq!(failed, LookedUp { rcode: "SERVFAIL".to_owned(), records: Vec::new() });
}
