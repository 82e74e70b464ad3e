//! Versions, suites and their order, groups, signatures and certificates.

use super::servers::{AUTHORITY, ByHand, EC, ED, NAME, RSA, Server, issue, openssl, rustls, rustls_config};
use crate::hello::{SSL3, TLS10};
use evidence::{DhSeen, Observed, Order, Probed, Trust};
use mail::Service;
use openssl::{
    bn::BigNum,
    dh::Dh,
    pkey::PKey,
    ssl::{NameType, SniError, SslContext, SslContextBuilder, SslMethod, SslOptions, SslVersion},
    x509::X509,
};
use pki::{CertificateKind, KeyKind, Request};
use rustls::{server::ResolvesServerCertUsingSni, sign::CertifiedKey};
use std::collections::BTreeSet;

/// Its versions with their suites.
fn taken(seen: &Probed) -> Vec<(&str, BTreeSet<&str>)> {
    seen.taken().map(|v| (v.version.as_str(), v.suites.seen().unwrap().iter().map(String::as_str).collect())).collect()
}

fn only(builder: &mut SslContextBuilder, version: SslVersion, suites: &str) {
    builder.set_min_proto_version(Some(version)).unwrap();
    builder.set_max_proto_version(Some(version)).unwrap();
    builder.set_cipher_list(&format!("{suites}:@SECLEVEL=0")).unwrap();
}

fn names(list: &Observed<Vec<String>>) -> BTreeSet<&str> {
    list.seen().unwrap().iter().map(String::as_str).collect()
}

#[tokio::test]
async fn tls_1_0_alone_with_static_rsa() {
    let server = openssl([&RSA], |b| only(b, SslVersion::TLS1, "AES128-SHA:AES256-SHA")).await;
    let seen = server.probed().await;
    assert_eq!(seen.versions.len(), 5);
    let suites = ["TLS_RSA_WITH_AES_128_CBC_SHA", "TLS_RSA_WITH_AES_256_CBC_SHA"];
    assert_eq!(taken(&seen), [("TLSv1", suites.into())]);
    assert_eq!((seen.groups, seen.dh), (Observed::Seen(vec![]), Observed::Seen(None)));
    assert_eq!(seen.chains.seen().unwrap()[0].certificates[0].key, "RSA 2048");
    assert_eq!(seen.features.fallback_scsv.seen(), None);
}

#[tokio::test]
async fn tls_1_3_alone() {
    let server = openssl([&EC], |b| b.set_min_proto_version(Some(SslVersion::TLS1_3)).unwrap()).await;
    let seen = server.probed().await;
    let suites = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"];
    assert_eq!(taken(&seen), [("TLSv1.3", suites.into())]);
    assert_eq!(seen.dh, Observed::Seen(None));
    let Observed::Unobserved(why) = &seen.features.secure_renegotiation else { panic!() };
    assert!(why.contains("TLS 1.3 alone"), "{why}");
}

#[tokio::test]
async fn a_server_that_no_library_would_be() {
    let by_hand =
        ByHand { versions: &[SSL3, TLS10], suites: &[0x0003, 0x0005, 0x000a], has_compression: true, warns: true };
    let seen = by_hand.serve().await.probed().await;
    let suites = ["TLS_RSA_EXPORT_WITH_RC4_40_MD5", "TLS_RSA_WITH_RC4_128_SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"];
    assert_eq!(taken(&seen), [("SSLv3", suites.into()), ("TLSv1", suites.into())]);
    assert_eq!(seen.versions[1].order, Some(Order::Client));
    assert_eq!(seen.chains.seen().unwrap().len(), 1);
    let features = &seen.features;
    for no in [
        &features.secure_renegotiation,
        &features.extended_master_secret,
        &features.encrypt_then_mac,
        &features.fallback_scsv,
        &features.tickets,
    ] {
        assert_eq!(*no, Observed::Seen(false));
    }
    assert_eq!(features.compression, Observed::Seen(true));
    let Observed::Unobserved(why) = &features.resumption else { panic!() };
    assert!(why.contains("no handshake"), "{why}");
}

#[tokio::test]
async fn whose_order_counts() {
    const SUITES: &str = "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256";
    let by = async |options| {
        let server = openssl([&RSA], |b| {
            only(b, SslVersion::TLS1_2, SUITES);
            b.set_options(options);
        });
        server.await.probed().await.versions.remove(3)
    };
    let of_server = by(SslOptions::CIPHER_SERVER_PREFERENCE | SslOptions::PRIORITIZE_CHACHA).await;
    assert_eq!(of_server.order, Some(Order::Server));
    let wanted = ["AES_256_GCM_SHA384", "CHACHA20_POLY1305_SHA256", "AES_128_GCM_SHA256"];
    assert_eq!(of_server.suites.seen().unwrap(), &wanted.map(|end| format!("TLS_ECDHE_RSA_WITH_{end}")));
    let of_client = by(SslOptions::empty()).await;
    assert_eq!((of_client.order, of_client.suites.seen().unwrap().len()), (Some(Order::Client), 3));
    let server = openssl([&EC], |b| {
        b.set_min_proto_version(Some(SslVersion::TLS1_3)).unwrap();
        b.set_ciphersuites("TLS_AES_128_CCM_8_SHA256:TLS_AES_256_GCM_SHA384").unwrap();
        b.set_options(SslOptions::CIPHER_SERVER_PREFERENCE);
    });
    let of_13 = server.await.probed().await.versions.remove(4);
    let wanted = ["TLS_AES_128_CCM_8_SHA256", "TLS_AES_256_GCM_SHA384"];
    assert_eq!(
        (of_13.order, of_13.suites.seen().unwrap().as_slice()),
        (Some(Order::Server), &wanted.map(str::to_owned)[..])
    );
}

#[tokio::test]
async fn anonymous_null_and_dhe_suites_with_their_prime() {
    let with = async |dh: Dh<openssl::pkey::Params>| {
        let server = openssl([&RSA], |b| {
            only(b, SslVersion::TLS1_2, "ADH-AES128-SHA:AECDH-NULL-SHA:NULL-SHA256:DHE-RSA-AES128-GCM-SHA256");
            b.set_tmp_dh(&dh).unwrap();
        });
        server.await.probed().await
    };
    let modp = BigNum::get_rfc3526_prime_2048().unwrap();
    let seen = with(Dh::from_pqg(modp, None, BigNum::from_u32(2).unwrap()).unwrap()).await;
    let suites = [
        "TLS_DH_anon_WITH_AES_128_CBC_SHA",
        "TLS_ECDH_anon_WITH_NULL_SHA",
        "TLS_RSA_WITH_NULL_SHA256",
        "TLS_DHE_RSA_WITH_AES_128_GCM_SHA256",
    ];
    assert_eq!(taken(&seen), [("TLSv1.2", suites.into())]);
    assert_eq!(seen.dh, Observed::Seen(Some(DhSeen { bits: 2048, name: Some("modp2048".to_owned()) })));
    let seen = with(Dh::get_1024_160().unwrap()).await;
    assert_eq!(seen.dh, Observed::Seen(Some(DhSeen { bits: 1024, name: Some("modp1024s160".to_owned()) })));
}

#[tokio::test]
async fn groups_of_every_kind() {
    let with = async |key: &'static pki::Issued, groups: &str, max: SslVersion| {
        let server = openssl([key], |b| {
            b.set_groups_list(groups).unwrap();
            b.set_max_proto_version(Some(max)).unwrap();
        });
        server.await.probed().await
    };
    let (tls12, tls13) = (SslVersion::TLS1_2, SslVersion::TLS1_3);
    let seen = with(&RSA, "P-384:P-256", tls13).await;
    assert_eq!(names(&seen.groups), ["secp256r1", "secp384r1"].into());
    assert!(names(&seen.signatures).contains("rsa_pss_rsae_sha256"));
    // the key's own curve must be offered too, or the server does not sign
    let seen = with(&EC, "P-256:brainpoolP256r1:P-384", tls12).await;
    assert_eq!(names(&seen.groups), ["brainpoolP256r1", "secp256r1", "secp384r1"].into());
    let seen = with(&RSA, "X25519MLKEM768", tls13).await;
    assert!(names(&seen.groups).contains("X25519MLKEM768"));
    assert!(names(&seen.signatures).contains("rsa_pss_rsae_sha256"));
    for (group, name) in [
        ("X448", "x448"),
        ("P-521", "secp521r1"),
        ("SecP256r1MLKEM768", "SecP256r1MLKEM768"),
        ("SecP384r1MLKEM1024", "SecP384r1MLKEM1024"),
        ("ffdhe2048", "ffdhe2048"),
        ("brainpoolP384r1tls13", "brainpoolP384r1tls13"),
    ] {
        let server = openssl([&EC], |b| {
            b.set_min_proto_version(Some(tls13)).unwrap();
            b.set_groups_list(group).unwrap();
        });
        let seen = server.await.probed().await;
        assert_eq!(names(&seen.groups), [name].into());
        // what is only seen behind a handshake is seen whatever the group is
        assert_eq!(
            (names(&seen.signatures), seen.chains.seen().unwrap().len()),
            (["ecdsa_secp256r1_sha256"].into(), 1),
            "{group}"
        );
    }
}

#[tokio::test]
async fn schemes_with_which_it_signs() {
    let server = openssl([&RSA], |b| {
        only(b, SslVersion::TLS1_2, "ECDHE-RSA-AES128-GCM-SHA256");
        b.set_sigalgs_list("RSA-PSS+SHA256:RSA+SHA1").unwrap();
    });
    let seen = server.await.probed().await;
    assert_eq!(names(&seen.signatures), ["rsa_pkcs1_sha1", "rsa_pss_rsae_sha256"].into());
    let server = openssl([&RSA, &ED], |b| {
        b.set_sigalgs_list("rsa_pss_rsae_sha256:RSA+SHA512:ed25519:ECDSA+SHA256").unwrap();
    });
    let seen = server.await.probed().await;
    assert_eq!(names(&seen.signatures), ["ed25519", "rsa_pkcs1_sha512", "rsa_pss_rsae_sha256"].into());
    // TLS 1.0 has none to choose from, which is not the same
    let server = openssl([&RSA], |b| only(b, SslVersion::TLS1, "ALL")).await;
    assert!(server.probed().await.signatures.seen().is_none());
}

#[tokio::test]
async fn a_certificate_for_each_kind_of_key() {
    for max in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let server = openssl([&RSA, &EC, &ED], |b| b.set_max_proto_version(Some(max)).unwrap()).await;
        let seen = server.probed().await;
        let keys: BTreeSet<&str> =
            seen.chains.seen().unwrap().iter().map(|chain| chain.certificates[0].key.as_str()).collect();
        assert_eq!(keys, ["EC P-256", "Ed25519", "RSA 2048"].into());
        for chain in seen.chains.seen().unwrap() {
            assert_eq!((&chain.trust, chain.certificates.len(), chain.digests.len()), (&Trust::Verified, 2, 4));
            assert_eq!(chain.server_name.as_deref(), Some(NAME));
        }
    }
}

#[tokio::test]
async fn a_certificate_by_name() {
    const OTHER: &str = "imap.gateway.example";
    let mut by_name = ResolvesServerCertUsingSni::new();
    for name in [NAME, OTHER] {
        let issued = issue(name, KeyKind::P256);
        let key = CertifiedKey::from_der(issued.chain, issued.key, &pki::provider()).unwrap();
        by_name.add(name, key).unwrap();
    }
    let mut config = rustls_config(&EC);
    config.cert_resolver = std::sync::Arc::new(by_name);
    let server = rustls(config).await;
    assert_eq!(server.probed().await.chains.seen().unwrap().len(), 1);
    let mut target = server.target(Service::Submissions);
    target.other_names = vec![OTHER.to_owned()];
    let seen = crate::survey(&target).await.unwrap();
    let names: Vec<_> =
        seen.chains.seen().unwrap().iter().map(|c| (c.server_name.as_deref(), &c.certificates[0].names[0])).collect();
    assert_eq!(names, [(Some(NAME), &NAME.to_owned()), (Some(OTHER), &OTHER.to_owned())]);
    assert!(seen.chains.seen().unwrap().iter().all(|chain| chain.trust == Trust::Verified));
}

#[tokio::test]
async fn a_certificate_for_those_who_ask_for_no_name() {
    let server = openssl([&EC], |b| {
        let mut other = SslContext::builder(SslMethod::tls_server()).unwrap();
        other.set_certificate(&X509::from_der(&RSA.chain[0]).unwrap()).unwrap();
        other.set_private_key(&PKey::private_key_from_pem(RSA.key_pem.as_bytes()).unwrap()).unwrap();
        let other = other.build();
        b.set_servername_callback(move |ssl, _| {
            if ssl.servername(NameType::HOST_NAME).is_none() {
                ssl.set_ssl_context(&other).map_err(|_| SniError::ALERT_FATAL)?;
            }
            Ok(())
        });
    });
    let seen = server.await.probed().await;
    let keys: Vec<_> = seen
        .chains
        .seen()
        .unwrap()
        .iter()
        .map(|c| (c.server_name.as_deref(), c.certificates[0].key.as_str()))
        .collect();
    assert_eq!(keys, [(Some(NAME), "EC P-256"), (None, "RSA 2048")]);
}

#[tokio::test]
async fn what_certificates_are_worth() {
    let worth = async |kind| {
        let request = Request { names: vec![NAME.to_owned()], kind, key: KeyKind::P256 };
        let issued = AUTHORITY.issue(&request).unwrap();
        let server: Server = rustls(rustls_config(&issued)).await;
        let chain = server.probed().await.chains.seen_mut().unwrap().remove(0);
        (chain.trust, chain.digests.len())
    };
    assert_eq!(worth(CertificateKind::WrongName).await, (Trust::Trusted, 4));
    assert_eq!(worth(CertificateKind::Expired).await.0, Trust::Untrusted(Some("expired".to_owned())));
    assert_eq!(worth(CertificateKind::SelfSigned).await, (Trust::Untrusted(Some("self-signed".to_owned())), 2));
}

#[tokio::test]
async fn of_rustls_too() {
    let seen = rustls(rustls_config(&EC)).await.probed().await;
    let versions: Vec<&str> = seen.taken().map(|version| version.version.as_str()).collect();
    assert_eq!(versions, ["TLSv1.2", "TLSv1.3"]);
    assert_eq!(seen.versions[3].suites.seen().unwrap().len(), 3);
    assert!(names(&seen.groups).is_superset(&["X25519MLKEM768", "secp256r1", "secp384r1", "x25519"].into()));
    // it says a ServerHello to whom it cannot sign for
    assert_eq!(names(&seen.signatures), ["ecdsa_secp256r1_sha256"].into());
}
