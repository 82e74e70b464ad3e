//! What a probe saw, as it is shown.

use crate::served::{bad, cleartext, good, names, plain, probe, unobserved, verdict};
use evidence::{ChainSeen, Injection, LoginSeen, Observed, Probed, Trust};
use mail::Service;

fn shown(seen: Probed) -> String {
    verdict(&probe(Vec::new()), Observed::Seen(seen)).snapshot
}

#[test]
fn every_fact_of_a_probe_is_shown() {
    let expected = "\
# border

smtp at mx.gateway.example:25

Before TLS
  greeting: 220 mx.gateway.example ESMTP
  capabilities: PIPELINING, STARTTLS, 8BITMIME
  STARTTLS: offered
  login: refused: 503 5.5.1 authentication not enabled
  MAIL FROM: 250 2.1.0 Ok
  injected behind STARTTLS: dropped

Versions
  SSLv3: no
  TLSv1: no
  TLSv1.1: no
  TLSv1.2: yes, in the client's order
    TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384
    TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
  TLSv1.3: yes, in the client's order
    TLS_AES_256_GCM_SHA384
    TLS_CHACHA20_POLY1305_SHA256
    TLS_AES_128_GCM_SHA256

Keys
  groups: X25519MLKEM768, X25519, secp256r1, secp384r1
  DHE: none
  signatures: ecdsa_secp256r1_sha256

Certificates
  for mx.gateway.example: verified
    certificate 0: mx.gateway.example for mx.gateway.example; EC P-256; ecdsa-with-SHA256 by Mailproof Intermediate

Features
  tickets: yes
  resumption: yes
  secure-renegotiation: yes
  client-renegotiation: no
  compression: no
  fallback-scsv: yes
  early-data: no
  extended-master-secret: yes
  encrypt-then-mac: no
  ocsp-stapling: no

TLSA
  NOERROR, authentic
  3 1 1 <digest>
";
    assert_eq!(shown(good()), expected);
}

#[test]
fn what_was_not_observed_is_shown_as_that() {
    let mut seen = bad();
    let why = "unobserved: the server closed the connection";
    seen.versions[0].suites = unobserved();
    seen.groups = unobserved();
    seen.chains = unobserved();
    seen.signatures = Observed::Seen(Vec::new());
    seen.features.tickets = unobserved();
    seen.tlsa = unobserved();
    let before = cleartext(&mut seen);
    before.login = Observed::Seen(LoginSeen::Taken("535 5.7.8 failed".to_owned()));
    before.mail_from = unobserved();
    before.injection = Observed::Seen(Injection::Answered("250 Ok".to_owned()));
    let text = shown(seen);
    for line in [
        &format!("  SSLv3: {why}"),
        &format!("  groups: {why}"),
        "  signatures: none",
        &format!("  tickets: {why}"),
        &format!("TLSA\n  {why}"),
        "  login: taken: 535 5.7.8 failed",
        &format!("  MAIL FROM: {why}"),
        "  injected behind STARTTLS: answered: 250 Ok",
        "  TLSv1: yes, in the server's order\n    TLS_RSA_WITH_3DES_EDE_CBC_SHA",
        "  DHE: 1024 bits, modp1024",
    ] {
        assert!(text.contains(&format!("{line}\n")), "{line} is missing in\n{text}");
    }
}

#[test]
fn a_service_without_tls_or_with_implicit_tls_is_shown_as_that() {
    let text = shown(plain());
    assert!(text.contains("\nVersions\n  no TLS at all\n"), "{text}");
    assert!(["Keys", "Certificates", "Features"].iter().all(|section| !text.contains(section)), "{text}");
    let mut seen = Probed { service: Service::Submissions, ..good() };
    seen.cleartext = Observed::Unobserved("TLS is implicit".to_owned());
    assert!(!shown(seen.clone()).contains("Before TLS"));
    seen.service = Service::Smtp;
    assert!(shown(seen).contains("Before TLS\n  unobserved: TLS is implicit\n"));
}

#[test]
fn the_snapshot_has_no_dates_and_digests_and_names_what_was_asked_for() {
    let mut plan = probe(Vec::new());
    plan.plan.probes[0].server_name = Some("www.gateway.example".parse().unwrap());
    let text = |turn: &str| {
        let mut seen = good();
        let chain = &mut seen.chains.seen_mut().unwrap()[0];
        chain.certificates[0].not_before = format!("2026-11-24T00:00:0{turn}Z");
        chain.digests = names(&[&format!("3 1 1 {turn}")]);
        let other =
            ChainSeen { server_name: None, trust: Trust::Untrusted(Some("expired".to_owned())), ..chain.clone() };
        seen.chains.seen_mut().unwrap().push(other);
        if let Observed::Seen(found) = &mut seen.tlsa {
            found.records = names(&[&format!("3 1 1 {turn}{turn}")]);
        }
        verdict(&plan, Observed::Seen(seen)).snapshot
    };
    assert_eq!(text("1"), text("2"));
    assert!(text("1").contains("\nsmtp at mx.gateway.example:25, asked for www.gateway.example\n"));
    assert!(text("1").contains("\n  for no name: untrusted (expired)\n"));
}
