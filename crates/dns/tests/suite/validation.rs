//! A validating resolver that knows only the trust anchor.

use crate::{asking::*, server, zone};
use hickory_net::runtime::TokioRuntimeProvider;
use hickory_proto::{
    dnssec::{
        DigestType, Proof, TrustAnchors,
        rdata::{DNSKEY, DNSSECRData},
    },
    rr::{
        Name, RData,
        RecordType::{self, A, DNSKEY as KEY, DS, MX, PTR, TXT},
    },
};
use hickory_resolver::{
    Resolver, TokioResolver,
    config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig},
};
use mailproof_dns::Server;
use plan::Dnssec;
use std::sync::Arc;

const RECORDS: &str = "@ MX 10 mx\n@ MX 5 Upper\n@ MX 20 m\nmx A 192.0.2.1\nmx A 192.0.2.200\n*.wild TXT \"wild\"\n\
     alias CNAME mx\na.deep TXT \"deep\"\n";

async fn root_key(server: &Server) -> DNSKEY {
    let answer = tcp(server, &plain(".", KEY)).await;
    match &answer.answers[0].data {
        RData::DNSSEC(DNSSECRData::DNSKEY(key)) => key.clone(),
        other => panic!("the root has a key, not {other}"),
    }
}

async fn validator(server: &Server) -> TokioResolver {
    let mut anchors = TrustAnchors::empty();
    anchors.insert(root_key(server).await.public_key());
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = server.address().port();
        connection
    });
    let upstream = NameServerConfig::new(server.address().ip(), true, connections.into());
    let config = ResolverConfig::from_name_servers(vec![upstream]);
    let mut builder = Resolver::builder_with_config(config, TokioRuntimeProvider::default());
    builder.options_mut().cache_size = 0;
    builder.options_mut().use_hosts_file = ResolveHosts::Never;
    builder.with_trust_anchor(Arc::new(anchors)).build().unwrap()
}

/// `secure`, `insecure`, `bogus`, or for no records the validator's own words.
async fn verdict(resolver: &TokioResolver, name: &str, kind: RecordType) -> String {
    match resolver.lookup(Name::from_ascii(name).unwrap(), kind).await {
        Ok(found) => {
            let proofs = found.answers().iter().filter(|record| record.record_type() != RecordType::RRSIG);
            let worst = proofs.map(|record| record.proof).min().unwrap_or_default();
            match worst {
                Proof::Secure => "secure".to_owned(),
                Proof::Insecure => "insecure".to_owned(),
                other => format!("{other}"),
            }
        }
        Err(e) => e.to_string(),
    }
}

#[tokio::test]
async fn the_trust_anchor_is_the_root_key() {
    let server = server().await;
    let key = root_key(&server).await;
    let digest = key.to_digest(&Name::root(), DigestType::SHA256).unwrap();
    let digest: String = digest.as_ref().iter().map(|octet| format!("{octet:02X}")).collect();
    assert_eq!(server.trust_anchor(), format!(". 0 IN DS {} 13 2 {digest}", key.calculate_key_tag().unwrap()));
}

#[tokio::test]
async fn answers_are_as_good_as_their_zone_says() {
    let server = server().await;
    let zones = [
        ("good.example", Dnssec::Signed),
        ("plain.example", Dnssec::Insecure),
        ("bogus.example", Dnssec::Bogus),
        ("old.example", Dnssec::Expired),
        ("b.example", Dnssec::Signed),
        ("a.b.example", Dnssec::Signed),
        ("x.y.b.example", Dnssec::Insecure),
        ("66.100.51.198.in-addr.arpa", Dnssec::Signed),
    ];
    let _lease = server.publish(zones.map(|(origin, dnssec)| zone(origin, dnssec, RECORDS)).into()).unwrap();
    let resolver = validator(&server).await;
    for (name, kind, expected) in [
        ("good.example.", MX, "secure"),
        ("GOOD.example.", MX, "secure"),
        ("mx.good.example.", A, "secure"),
        // one label more than Unbound needs: hickory wants a proof about `*.wild` itself otherwise, which exists
        ("x.y.wild.good.example.", TXT, "secure"),
        ("alias.good.example.", A, "secure"),
        ("good.example.", DS, "secure"),
        ("a.b.example.", MX, "secure"),
        ("66.100.51.198.in-addr.arpa.", MX, "secure"),
        ("plain.example.", MX, "insecure"),
        ("x.y.b.example.", MX, "insecure"),
    ] {
        assert_eq!(verdict(&resolver, name, kind).await, expected, "{name} {kind}");
    }
    for name in ["bogus.example.", "old.example."] {
        let verdict = verdict(&resolver, name, MX).await;
        assert!(!["secure", "insecure"].contains(&verdict.as_str()), "{name}: {verdict}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_proven_not_to_be() {
    let server = server().await;
    let zones = ["good.example", "a.b.example", "2.0.192.in-addr.arpa"];
    let _lease = server.publish(zones.map(|origin| zone(origin, Dnssec::Signed, RECORDS)).into()).unwrap();
    let resolver = validator(&server).await;
    for (name, kind) in [
        ("good.example.", A),
        ("no.good.example.", A),
        ("no.mx.good.example.", A),
        ("deep.good.example.", TXT),
        ("x.wild.good.example.", A),
        ("zzz.good.example.", A),
        ("b.example.", A),
        ("nobody.example.", A),
        ("a.b.c.nobody.example.", TXT),
        ("0.example.", DS),
        ("nowhere.", A),
        ("66.100.51.198.in-addr.arpa.", PTR),
        ("7.2.0.192.in-addr.arpa.", PTR),
    ] {
        let verdict = verdict(&resolver, name, kind).await;
        assert!(verdict.contains("no records found"), "{name} {kind}: {verdict}");
    }
}
