//! Handshakes, good and failed, by both libraries.

use super::*;
use rustls::{ClientConfig, ClientConnection, HandshakeKind};
use std::io::Cursor;
use tokio_rustls::TlsConnector;

/// The versions of hosts that rustls plays, and that OpenSSL plays.
const BOTH: [&[&str]; 2] = [&["TLSv1.2", "TLSv1.3"], &["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"]];

async fn scene(versions: &[&str]) -> Scene {
    Scene::of(MxPlay { key: good(versions), ..play() }).await
}

/// Why there is no TLS with a client that is set like this, once it has failed as well.
async fn failed(versions: &[&str], set: impl FnOnce(&mut SslConnectorBuilder)) -> Connection {
    let scene = scene(versions).await;
    assert!(scene.before_tls().await.secured(set).await.is_err());
    let seen = scene.only_one().await;
    assert_eq!(seen.ended, "the handshake failed");
    assert!(seen.offer.is_some());
    seen
}

/// A client of rustls that trusts the run's root, or nobody.
fn client(trusts: bool) -> ClientConfig {
    let mut roots = rustls::RootCertStore::empty();
    if trusts {
        let issued = good(&[]).chain_pem;
        let chain: Vec<_> =
            rustls_pki_types::pem::PemObject::pem_slice_iter(issued.as_bytes()).map(Result::unwrap).collect();
        roots.add(chain.last().cloned().unwrap()).unwrap();
    }
    ClientConfig::builder_with_provider(pki::provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

/// A ClientHello of rustls.
fn hello() -> Vec<u8> {
    let name = crate::tls::server_name(NAME).unwrap();
    let mut octets = Cursor::new(Vec::new());
    ClientConnection::new(Arc::new(client(false)), name).unwrap().write_tls(&mut octets).unwrap();
    octets.into_inner()
}

#[tokio::test]
async fn a_client_of_tls_1_3_fails_at_tls_1_0_and_its_offer_is_seen() {
    let seen = failed(&["TLSv1"], only(SslVersion::TLS1_3)).await;
    let offer = seen.offer.as_ref().unwrap();
    assert_eq!((offer.versions.as_slice(), offer.server_name.as_deref()), (&["TLSv1.3".to_owned()][..], Some(NAME)));
    assert_eq!(why(&seen), "the two have no version in common");

    let (dialogue, seen, arrived) = visited(MxPlay { key: good(&["TLSv1"]), ..play() }).await;
    assert!(dialogue.handshake.seen().is_none() && arrived.is_empty());
    assert_eq!(seen.offer.as_ref().unwrap().versions, ["TLSv1.2", "TLSv1.3"]);
    assert_eq!(why(&seen), "the two have no version in common");
}

#[tokio::test]
async fn an_old_client_gets_an_old_version_and_a_certificate_whatever_it_prefers() {
    for (versions, version, word) in [
        (&["TLSv1"][..], SslVersion::TLS1, "TLSv1"),
        (&["TLSv1.1", "TLSv1"], SslVersion::TLS1_1, "TLSv1.1"),
        (&["TLSv1.3", "TLSv1"], SslVersion::TLS1_3, "TLSv1.3"),
    ] {
        let scene = scene(versions).await;
        let anonymous_first = |builder: &mut SslConnectorBuilder| {
            only(version)(builder);
            builder.set_cipher_list("aNULL:ALL:@SECLEVEL=0").unwrap();
        };
        let (mut client, shaken) = scene.before_tls().await.secured(anonymous_first).await.unwrap();
        assert_eq!(client.codes("EHLO x.example\r\nQUIT\r\n", 2).await, [250, 221]);
        let seen = scene.only_one().await;
        let here = seen.handshake.seen().unwrap();
        assert_eq!((here.version.as_str(), here.suite.as_str()), (word, shaken.suite.as_str()));
        assert!(shaken.version == word && !here.suite.contains("anon"), "{here:?}");
        let group = (word == "TLSv1.3").then_some("x25519");
        assert_eq!((here.chain.len(), here.group.as_deref()), (shaken.shown, group));
        // without supported_versions only the highest is known
        assert_eq!(seen.offer.as_ref().unwrap().versions, [word]);
    }
}

#[tokio::test]
async fn versions_between_are_refused_and_unknown_ones_are_a_fault() {
    let between = only(SslVersion::TLS1_1);
    // such a ClientHello only tells the highest version, so the host tries 1.0
    let why = why(&failed(&["TLSv1", "TLSv1.2"], between).await).to_owned();
    assert_eq!(why, "the client does not go on in the host's version");
    for versions in [&["SSLv3"][..], &["TLSv1.2", "1.3"]] {
        let error = MxHost::new(MxPlay { key: good(versions), ..play() }).unwrap_err().to_string();
        assert!(error.contains("is no version that it could take"), "{error}");
    }
}

#[tokio::test]
async fn what_the_two_have_not_in_common_is_told() {
    for (versions, version, common) in [
        (&["TLSv1.3"][..], SslVersion::TLS1_2, "version"),
        (&["TLSv1.2"], SslVersion::TLS1_3, "version"),
        (&["TLSv1.2"], SslVersion::TLS1, "version"),
    ] {
        let seen = failed(versions, only(version)).await;
        assert_eq!(why(&seen), format!("the two have no {common} in common"), "{versions:?}");
    }
    for (versions, suite) in [(["TLSv1.2"], "ECDHE-RSA-AES128-SHA"), (["TLSv1"], "ADH-AES128-SHA")] {
        let version = if versions == ["TLSv1"] { SslVersion::TLS1 } else { SslVersion::TLS1_2 };
        let seen = failed(&versions, |builder| {
            only(version)(builder);
            builder.set_cipher_list(&format!("{suite}:@SECLEVEL=0")).unwrap();
        });
        assert_eq!(why(&seen.await), "the two have no cipher suite in common", "{suite}");
    }
    for versions in BOTH {
        let seen = failed(versions, |builder| {
            only(SslVersion::TLS1_3)(builder);
            builder.set_groups_list("ffdhe8192").unwrap();
        });
        assert_eq!(why(&seen.await), "the two have no key exchange group in common", "{versions:?}");
    }
}

#[tokio::test]
async fn an_alert_of_the_client_is_told_in_every_version() {
    for (versions, version) in [
        (&["TLSv1.2"][..], SslVersion::TLS1_2),
        (&["TLSv1.3"], SslVersion::TLS1_3),
        (&["TLSv1"], SslVersion::TLS1),
        (&["TLSv1", "TLSv1.3"], SslVersion::TLS1_3),
    ] {
        let seen = failed(versions, |builder| {
            only(version)(builder);
            builder.set_verify(SslVerifyMode::PEER);
            builder.set_cert_store(openssl::x509::store::X509StoreBuilder::new().unwrap().build());
        });
        assert_eq!(why(&seen.await), "the client sent alert unknown_ca", "{versions:?}");
    }
    let scene = Scene::of(play()).await;
    let connector = TlsConnector::from(Arc::new(client(false)));
    let name = crate::tls::server_name(NAME).unwrap();
    assert!(connector.connect(name, scene.before_tls().await.stream).await.is_err());
    assert_eq!(why(&scene.only_one().await), "the client sent alert unknown_ca");
}

#[tokio::test]
async fn a_client_that_leaves_the_handshake_is_told_apart_from_one_that_never_began() {
    let hello = hello();
    for versions in BOTH {
        for (said, has_offer, told) in [
            (&hello[..], true, "the client closed the connection in the handshake"),
            (&hello[..hello.len() / 2], false, "the client sent no ClientHello"),
            (b"EHLO x.example\r\n", false, "the client sent no ClientHello"),
            (b"", false, "the client sent no ClientHello"),
        ] {
            let scene = scene(versions).await;
            let mut client = scene.before_tls().await;
            client.say(said).await;
            client.stream.shutdown().await.unwrap();
            client.rest().await;
            let seen = scene.only_one().await;
            assert_eq!((why(&seen), seen.offer.is_some()), (told, has_offer), "{versions:?}");
            assert_eq!(seen.ended, "the handshake failed");
        }
    }
}

#[tokio::test]
async fn an_offer_is_seen_before_the_handshake_is_over_and_that_has_a_deadline() {
    for versions in BOTH {
        let scene = scene(versions).await;
        let mut client = scene.before_tls().await;
        client.say(hello()).await;
        // the host has answered, so it has heard
        assert!(client.stream.read(&mut [0; 1]).await.unwrap() > 0);
        let seen = scene.host.take().0.remove(0);
        assert_eq!((why(&seen), seen.ended.as_str()), ("the handshake is not over", "still open"));
        assert!(seen.offer.is_some());

        let mut host = MxHost::new(MxPlay { key: good(versions), ..play() }).unwrap();
        host.tls.patience = Duration::from_millis(500);
        let scene = Scene::new(host).await;
        let mut client = scene.before_tls().await;
        client.say(hello()).await;
        client.rest().await;
        let seen = scene.only_one().await;
        assert_eq!((why(&seen), seen.offer.is_some()), ("no handshake within 0.5 s", true));
    }
}

#[tokio::test]
async fn nothing_is_resumed_so_that_every_handshake_shows_the_certificate() {
    // rustls and OpenSSL, in TLS 1.3 and in 1.2
    for versions in [&["TLSv1.3"][..], &["TLSv1.2"], &["TLSv1", "TLSv1.3"], &["TLSv1", "TLSv1.2"]] {
        let scene = scene(versions).await;
        let config = Arc::new(client(true));
        for _ in 0..2 {
            let connector = TlsConnector::from(Arc::clone(&config));
            let name = crate::tls::server_name(NAME).unwrap();
            let secured = connector.connect(name, scene.before_tls().await.stream).await.unwrap();
            let kind = secured.get_ref().1.handshake_kind();
            assert!(kind.is_some_and(|kind| kind != HandshakeKind::Resumed), "{versions:?}");
            // tickets come with the first octets
            let mut client = Raw::new(Box::new(secured));
            assert_eq!(client.codes("QUIT\r\n", 1).await, [221]);
            client.rest().await;
        }
        let (seen, _) = scene.seen().await;
        let version = *versions.last().unwrap();
        for connection in seen {
            let here = connection.handshake.seen().unwrap();
            assert_eq!((here.version.as_str(), here.chain.len()), (version, 2));
        }
    }
}

#[tokio::test]
async fn a_client_that_goes_is_told_alike_with_and_without_a_word() {
    for versions in [&["TLSv1.2"][..], &["TLSv1.3"], &["TLSv1", "TLSv1.2"], &["TLSv1", "TLSv1.3"], &["TLSv1"]] {
        for says_so in [true, false] {
            let scene = scene(versions).await;
            let (mut client, _) = scene.before_tls().await.secured(|_| ()).await.unwrap();
            assert_eq!(client.codes("EHLO x.example\r\n", 1).await, [250]);
            if says_so {
                client.stream.shutdown().await.unwrap();
            }
            drop(client);
            assert_eq!(scene.only_one().await.ended, "closed by the client", "{versions:?} {says_so}");
        }
    }
}

#[tokio::test]
async fn a_key_that_is_not_the_certificates_is_a_fault() {
    for versions in BOTH {
        let key = HostKey { key_pem: issue(CertificateKind::Good).key_pem, ..good(versions) };
        assert!(MxHost::new(MxPlay { key: key.clone(), ..play() }).is_err(), "{versions:?}");
        assert!(!format!("{key:?}").contains("PRIVATE"));
    }
}
