//! Zone files that a person wrote.

use crate::{
    asking::{question, udp},
    server,
};
use hickory_proto::rr::{Name, RData, RecordType};
use mailproof_dns::{ZoneFileError, lookup, read_zone_file, selectors};

fn read(text: &str) -> Result<String, ZoneFileError> {
    read_zone_file(text, &"bank.example".parse().unwrap()).map(|zone| zone.origin.to_string())
}

#[test]
fn the_apex_is_that_of_the_soa_record_or_the_origin_or_the_domain() {
    let soa = "SOA ns hostmaster 1 3600 600 86400 0";
    for (text, apex) in [
        ("@ TXT a".to_owned(), "bank.example"),
        (String::new(), "bank.example"),
        ("; a comment\n\n$TTL 1h\n$ORIGIN Other.example. ; here\n@ TXT a".to_owned(), "other.example"),
        ("$ORIGIN other.example\n@ TXT a".to_owned(), "other.example"),
        (format!("$ORIGIN example.\nother {soa}\nother TXT a"), "other.example"),
        (format!("other.example. {soa}\n$ORIGIN a.other.example.\nb TXT a"), "other.example"),
        ("@ TXT a\n$ORIGIN sub.bank.example.\nb TXT a".to_owned(), "bank.example"),
    ] {
        assert_eq!(read(&text), Ok(apex.to_owned()), "{text}");
    }
}

#[tokio::test]
async fn what_was_read_is_served() {
    let server = server().await;
    let text = "$ORIGIN example.\nother SOA ns hostmaster 1 3600 600 86400 0\nother MX 10 mx.other\n$ORIGIN sub.other.example\nb TXT ( \"one\"\n \"two\" )\n";
    let zone = read_zone_file(text, &"bank.example".parse().unwrap()).unwrap();
    let _lease = server.publish(vec![zone]).unwrap();
    let records =
        async |name: &str, kind: &str| lookup(server.address(), &name.parse().unwrap(), kind).await.unwrap().records;
    assert_eq!(records("other.example", "MX").await, ["10 mx.other.example."]);
    assert_eq!(records("b.sub.other.example", "TXT").await, [r#""one" "two""#]);
}

#[tokio::test]
async fn keys_and_escapes_are_read_as_other_servers_read_them() {
    let server = server().await;
    let text = r#"
s1._domainkey IN TXT ( "v=DKIM1; k=rsa; " ; a key
          "p=MII(B" )  ; ----- DKIM key s1
_dmarc IN TXT "v=DMARC1\; p=reject"
quote  IN TXT "a \"b\" \(c" d
mx ( IN
  A
  192.0.2.1 )
"#;
    let zone = read_zone_file(text, &"bank.example".parse().unwrap()).unwrap();
    let _lease = server.publish(vec![zone]).unwrap();
    for (name, kind, record) in [
        ("s1._domainkey.bank.example", "TXT", r#""v=DKIM1; k=rsa; " "p=MII(B""#),
        ("_dmarc.bank.example", "TXT", r#""v=DMARC1; p=reject""#),
        ("quote.bank.example", "TXT", r#""a \"b\" (c" "d""#),
        ("mx.bank.example", "A", "192.0.2.1"),
    ] {
        let found = lookup(server.address(), &name.parse().unwrap(), kind).await.unwrap();
        assert_eq!(found.records, [record]);
    }
}

#[tokio::test]
async fn the_zone_of_a_server_that_signs_can_be_served_as_well() {
    let server = server().await;
    let text = "$TTL 1h
bank.example. 3600 IN SOA ns.bank.example. hostmaster.bank.example. 1 2h 30m 2w 1h
              3600 RRSIG SOA 13 2 3600 20260101000000 20250101000000 1 bank.example. AAAA
              DNSKEY 257 3 13 AAAA
              1d IN MX 10 @
@             A 192.0.2.1
              LOC 52 22 23.000 N 4 53 32.000 E -2.00m
@ SPF \"v=spf1 -all\"
@ TYPE65534 \\# 1 00
$ORIGIN sub
a CNAME @
";
    let zone = read_zone_file(text, &"bank.example".parse().unwrap()).unwrap();
    let _lease = server.publish(vec![zone]).unwrap();
    let records =
        async |name: &str, kind: &str| lookup(server.address(), &name.parse().unwrap(), kind).await.unwrap().records;
    assert_eq!(records("bank.example", "MX").await, ["10 bank.example."]);
    assert_eq!(records("bank.example", "A").await, ["192.0.2.1"]);
    assert_eq!(records("a.sub.bank.example", "CNAME").await, ["sub.bank.example."]);
    assert_eq!(records("bank.example", "TYPE29").await, [""; 0]);
}

#[tokio::test]
async fn any_octet_in_a_name_or_a_text_and_any_type_is_served() {
    let server = server().await;
    let text = "foo:bar/baz TXT \"\\000\\255\\010\"\n@ TXT \"v=spf1 -all\"\n@ SPF \"v=spf1\" \" ~all\"\n@ TYPE65400 \\# 2 00ff\n";
    let read = read_zone_file(text, &"bank.example".parse().unwrap()).unwrap();
    for zone in [crate::insecure("bank.example", text), read] {
        let _lease = server.publish(vec![zone]).unwrap();
        let odd = Name::from_labels([&b"foo:bar/baz"[..], b"bank", b"example"]).unwrap();
        let answer = udp(&server, &question(odd, RecordType::TXT)).await;
        let RData::TXT(txt) = &answer.answers[0].data else { panic!("{answer:?}") };
        assert_eq!(*txt.txt_data[0], [0, 255, 10]);
        for (kind, records) in
            [("TXT", r#""v=spf1 -all""#), ("SPF", r#""v=spf1" " ~all""#), ("TYPE65400", r"\# 2 00ff")]
        {
            let found = lookup(server.address(), &"bank.example".parse().unwrap(), kind).await.unwrap();
            assert_eq!(found.records, [records]);
        }
        let asked: Vec<_> =
            server.since(0).into_iter().map(|e| format!("{} {}", e.question.name, e.question.record_type)).collect();
        assert_eq!(asked[..3], ["foo:bar/baz.bank.example TXT", "bank.example TXT", "bank.example SPF"]);
    }
}

#[test]
fn selectors_are_found_by_their_keys() {
    let text = "b._domainkey TXT p=\na.2._domainkey TXT p=\na.2._domainkey TXT p=\n_domainkey TXT o=~\nc._domainkey.sub TXT p=\n";
    let domain = "bank.example".parse().unwrap();
    let zone = read_zone_file(text, &domain).unwrap();
    assert_eq!(selectors(&zone, &domain), ["a.2", "b"]);
    assert_eq!(selectors(&zone, &"sub.bank.example".parse().unwrap()), ["c"]);
}

#[test]
fn a_fault_is_told_with_its_line() {
    for (text, line) in [
        ("@ TXT a\n\n; comment\nmx A 192.0.2.300\nb TXT c", 4),
        ("@ TXT a\n@ MX ten mx", 2),
        ("@ TXT a\n@ NOTHING b\n", 2),
        ("@ TXT a\nb TXT ( \"c\"\n\"d\"\n", 2),
        ("@ TXT a\n$INCLUDE other.zone\n", 2),
        ("@ TXT \"a\n", 1),
        ("@ TXT ( a\nb )\nmx A nowhere", 3),
        ("@ TXT a\n@ TXT b )", 2),
        ("$ORIGIN\n@ TXT a", 1),
        ("\n$ORIGIN a..b.\n@ TXT a", 2),
        ("@ IN\n", 1),
        (" TXT a", 1),
        ("@ TXT \"\\300\"", 1),
        (&format!("\n@ TXT \"{}\"", "x".repeat(256)), 2),
    ] {
        let error = read(text).unwrap_err();
        assert_eq!(error.line, line, "{text:?}: {error}");
    }
}

#[test]
fn any_text_is_read_or_refused() {
    proptest::proptest!(|(text in "([$@;()\"a-z0-9. \\\\\n]|ORIGIN|TTL|TXT|MX|IN){0,60}")| {
        let _ = read(&text);
    });
}
