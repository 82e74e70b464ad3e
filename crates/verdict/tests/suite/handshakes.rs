//! Claims on TLS handshakes.

use crate::canned::{delivered, fails, first, handshake, holds, is_unclear, relay, said, submission};
use evidence::{Observed, Trust};

#[test]
fn version_suite_group_and_peer_must_be_as_claimed() {
    let mut seen = delivered("INBOX");
    let claim =
        r#"handshake = { version = "TLSv1.3", suite = "TLS_AES_256_GCM_SHA384", group = "x25519", peer = "verified" }"#;
    holds(claim, &seen);
    seen.handshake = Observed::Seen(handshake("TLSv1.2", Trust::Untrusted(Some("expired".to_owned()))));
    fails(
        claim,
        &seen,
        "the version is TLSv1.2, not TLSv1.3, the peer is untrusted, not verified",
        "the handshake was TLSv1.2 TLS_AES_256_GCM_SHA384 x25519, peer untrusted (expired)",
    );
}

#[test]
fn a_suite_goes_by_either_name() {
    let mut seen = delivered("INBOX");
    let mut old = handshake("TLSv1.2", Trust::Verified);
    old.suite = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384".to_owned();
    seen.handshake = Observed::Seen(old);
    holds(r#"handshake = { suite = "ECDHE-RSA-AES256-GCM-SHA384" }"#, &seen);
    holds(r#"handshake = { suite = "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384" }"#, &seen);
    let message = "the cipher suite is TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, not AES256-SHA";
    fails(r#"handshake = { suite = "AES256-SHA" }"#, &seen, message, "TLSv1.2");
}

#[test]
fn trusted_holds_for_verified_and_not_the_other_way_round() {
    let mut seen = delivered("INBOX");
    holds(r#"handshake = { peer = "trusted" }"#, &seen);
    seen.handshake = Observed::Seen(handshake("TLSv1.3", Trust::Trusted));
    fails(r#"handshake = { peer = "verified" }"#, &seen, "the peer is trusted, not verified", "peer trusted");
    fails(r#"handshake = { peer = "untrusted" }"#, &seen, "the peer is trusted, not untrusted", "peer trusted");
}

#[test]
fn no_tls_is_seen_when_the_dialogue_went_on_without_it() {
    let mut seen = delivered("INBOX");
    let message = "the connection was protected by TLSv1.3";
    fails(r#"handshake = { version = "none" }"#, &seen, message, "TLSv1.3 TLS_AES_256");
    seen.dialogue.retain(|e| e.to != "starttls");
    seen.handshake = Observed::Unobserved("STARTTLS was not offered".to_owned());
    holds(r#"handshake = { version = "none" }"#, &seen);
    fails(r#"handshake = { peer = "trusted" }"#, &seen, "there was no TLS", "STARTTLS was not offered");
}

#[test]
fn a_handshake_that_failed_is_not_none() {
    let mut seen = delivered("INBOX");
    seen.handshake = Observed::Unobserved("the handshake failed: alert".to_owned());
    is_unclear(r#"handshake = { version = "none" }"#, &seen, "the handshake failed: alert");
    is_unclear(r#"handshake = { version = "TLSv1.3" }"#, &seen, "the handshake failed: alert");
    seen.dialogue.clear();
    is_unclear(r#"handshake = { version = "none" }"#, &seen, "the handshake failed: alert");
}

#[test]
fn a_group_that_nobody_tells_is_unclear() {
    let mut seen = delivered("INBOX");
    let mut quiet = handshake("TLSv1.3", Trust::Verified);
    quiet.group = None;
    seen.handshake = Observed::Seen(quiet);
    is_unclear(r#"handshake = { version = "TLSv1.3", group = "X25519" }"#, &seen, "does not tell the group");
}

#[test]
fn of_a_submission_the_last_hop_between_two_mtas_is_meant() {
    let plan = submission(r#"handshake = { version = "TLSv1.2", peer = "trusted" }"#);
    let mut seen = delivered("INBOX");
    assert_eq!(said(&first(&plan, seen.clone())).1, ["relayed: it cannot be told what the handshake was"]);
    seen.object.relays = vec![relay(None), relay(Some(handshake("TLSv1.2", Trust::Trusted)))];
    assert_eq!(said(&first(&plan, seen.clone())), (vec![], vec![]));
    seen.object.relays = vec![relay(None)];
    let judged = first(&plan, seen.clone());
    assert_eq!(said(&judged).0, ["relayed: there was no TLS"]);
    assert!(judged.findings[0].help().contains("mx.sender.example sent it to mx.gateway.example[192.0.2.25]:25"));
    seen.object.relays[0].reply = Observed::Unobserved("connection refused".to_owned());
    assert_eq!(first(&plan, seen).errors.len(), 1);
}
