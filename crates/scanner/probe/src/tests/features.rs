//! What a server does or does not: each feature of a server that has it and of one that has not.

use super::servers::{EC, RSA, openssl, rustls, rustls_config};
use evidence::{Features, Observed};
use openssl::ssl::{SslOptions, SslSessionCacheMode, SslVersion};
use rustls::{ServerConfig, server::NoServerSessionStorage};
use std::sync::Arc;

const YES: Observed<bool> = Observed::Seen(true);
const NO: Observed<bool> = Observed::Seen(false);

async fn of_rustls(build: impl FnOnce(&mut ServerConfig)) -> Features {
    let mut config = rustls_config(&EC);
    build(&mut config);
    rustls(config).await.probed().await.features
}

#[tokio::test]
async fn openssl_as_it_is() {
    let features = openssl([&RSA], |_| ()).await.probed().await.features;
    for yes in [
        features.tickets,
        features.resumption,
        features.secure_renegotiation,
        features.fallback_scsv,
        features.extended_master_secret,
        features.encrypt_then_mac,
    ] {
        assert_eq!(yes, YES);
    }
    for no in [features.compression, features.early_data, features.ocsp_stapling] {
        assert_eq!(no, NO);
    }
}

#[tokio::test]
async fn no_tickets_and_no_resumption() {
    for max in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let server = openssl([&RSA], |b| {
            b.set_options(SslOptions::NO_TICKET);
            b.set_session_cache_mode(SslSessionCacheMode::OFF);
            b.set_num_tickets(0).unwrap();
            b.set_max_proto_version(Some(max)).unwrap();
        });
        let features = server.await.probed().await.features;
        assert_eq!((features.tickets, features.resumption), (NO, NO));
    }
}

#[tokio::test]
async fn resumption_by_id_without_tickets() {
    let server = openssl([&RSA], |b| {
        b.set_options(SslOptions::NO_TICKET);
        b.set_session_cache_mode(SslSessionCacheMode::SERVER);
        b.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    });
    let features = server.await.probed().await.features;
    assert_eq!((features.tickets, features.resumption), (NO, YES));
}

#[tokio::test]
async fn resumption_of_old_versions() {
    let with = async |tickets: bool, cache| {
        let server = openssl([&RSA], |b| {
            if !tickets {
                b.set_options(SslOptions::NO_TICKET);
            }
            b.set_session_cache_mode(cache);
            b.set_max_proto_version(Some(SslVersion::TLS1)).unwrap();
        });
        let features = server.await.probed().await.features;
        (features.tickets, features.resumption)
    };
    assert_eq!(with(true, SslSessionCacheMode::OFF).await, (YES, YES));
    assert_eq!(with(false, SslSessionCacheMode::SERVER).await, (NO, YES));
    assert_eq!(with(false, SslSessionCacheMode::OFF).await, (NO, NO));
}

#[tokio::test]
async fn encrypt_then_mac_can_be_switched_off() {
    // SSL_OP_NO_ENCRYPT_THEN_MAC, for which the wrapper has no name
    let server = openssl([&RSA], |b| {
        b.set_options(SslOptions::from_bits_retain(1 << 19));
    });
    assert_eq!(server.await.probed().await.features.encrypt_then_mac, NO);
}

#[tokio::test]
async fn tickets_of_tls_1_3() {
    let features = of_rustls(|_| ()).await;
    assert_eq!((features.tickets, features.resumption), (YES, YES));
    let features = of_rustls(|config| {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    });
    let features = features.await;
    assert_eq!((features.tickets, features.resumption), (NO, NO));
}

#[tokio::test]
async fn early_data() {
    assert_eq!(of_rustls(|config| config.max_early_data_size = 1024).await.early_data, YES);
    assert_eq!(of_rustls(|_| ()).await.early_data, NO);
}

#[tokio::test]
async fn a_stapled_status() {
    let config = ServerConfig::builder_with_provider(pki::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert_with_ocsp(EC.chain.clone(), EC.key.clone_key(), b"good".to_vec())
        .unwrap();
    assert_eq!(rustls(config).await.probed().await.features.ocsp_stapling, YES);
    let server = openssl([&RSA], |b| {
        b.set_max_proto_version(Some(SslVersion::TLS1_1)).unwrap();
        b.set_status_callback(|ssl| {
            // the responder knows nothing (RFC 6960 §4.2.1), which is for others to judge
            ssl.set_ocsp_status(&[0x30, 3, 10, 1, 6])?;
            Ok(true)
        })
        .unwrap();
    });
    assert_eq!(server.await.probed().await.features.ocsp_stapling, YES);
}

#[tokio::test]
async fn a_downgrade_is_not_to_be_told_where_there_is_one_version() {
    let server = openssl([&RSA], |b| b.set_min_proto_version(Some(SslVersion::TLS1_3)).unwrap()).await;
    let Observed::Unobserved(why) = server.probed().await.features.fallback_scsv else { panic!() };
    assert!(why.contains("one version alone"), "{why}");
}
