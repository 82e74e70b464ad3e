//! Renegotiation by the client, with servers that follow and servers that do not.

use super::servers::{EC, NAME, RSA, openssl, rustls, rustls_config};
use evidence::Observed;
use openssl::ssl::{SslContextBuilder, SslOptions, SslVersion};

/// `SSL_OP_ALLOW_CLIENT_RENEGOTIATION`, for which the library has no name.
const ALLOW: SslOptions = SslOptions::from_bits_retain(1 << 8);
/// `SSL_OP_NO_EXTENDED_MASTER_SECRET`, likewise.
const PLAIN_SECRET: SslOptions = SslOptions::from_bits_retain(1);

async fn of(build: impl FnOnce(&mut SslContextBuilder)) -> Observed<bool> {
    openssl([&RSA, &EC], build).await.probed().await.features.client_renegotiation
}

fn allow(builder: &mut SslContextBuilder, options: SslOptions) {
    builder.set_options(options);
}

#[tokio::test]
async fn openssl_follows_where_it_is_allowed() {
    assert_eq!(of(|b| allow(b, ALLOW)).await, Observed::Seen(true));
    assert_eq!(of(|_| ()).await, Observed::Seen(false));
    assert_eq!(of(|b| allow(b, ALLOW | SslOptions::NO_RENEGOTIATION)).await, Observed::Seen(false));
}

#[tokio::test]
async fn with_every_group_and_both_secrets() {
    for groups in ["X25519", "P-256"] {
        for options in [ALLOW, ALLOW | PLAIN_SECRET, ALLOW | SslOptions::NO_TICKET] {
            let seen = of(|b| {
                b.set_options(options);
                b.set_groups_list(groups).unwrap();
            });
            assert_eq!(seen.await, Observed::Seen(true), "{groups} {options:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_asks_for_a_certificate() {
    let seen = of(|b| {
        b.set_options(ALLOW);
        b.set_verify_callback(openssl::ssl::SslVerifyMode::PEER, |_, _| true);
    });
    assert_eq!(seen.await, Observed::Seen(true));
}

#[tokio::test]
async fn rustls_never_follows() {
    assert_eq!(rustls(rustls_config(&EC)).await.probed().await.features.client_renegotiation, Observed::Seen(false));
}

#[tokio::test]
async fn with_every_kind_of_key_that_can_be_taken_over() {
    for suite in ["ECDHE-RSA-CHACHA20-POLY1305", "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"] {
        let seen = of(|b| {
            b.set_options(ALLOW);
            b.set_cipher_list(suite).unwrap();
            b.set_groups_list("P-384").unwrap();
        });
        assert_eq!(seen.await, Observed::Seen(true), "{suite}");
    }
}

#[tokio::test]
async fn where_it_cannot_be_asked_for_that_is_said() {
    let why = async |build: fn(&mut SslContextBuilder)| match of(build).await {
        Observed::Unobserved(why) => why,
        Observed::Seen(seen) => panic!("{NAME}: {seen}"),
    };
    let modern = why(|b| b.set_min_proto_version(Some(SslVersion::TLS1_3)).unwrap()).await;
    assert!(modern.contains("TLS 1.3 alone"), "{modern}");
    let old = why(|b| b.set_max_proto_version(Some(SslVersion::TLS1)).unwrap()).await;
    assert!(old.contains("TLS 1.2 alone"), "{old}");
    let other = why(|b| b.set_cipher_list("AES128-SHA").unwrap()).await;
    assert!(other.contains("HandshakeFailure"), "{other}");
}
