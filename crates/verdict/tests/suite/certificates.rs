//! Claims on the certificates of a service and on its TLSA records.

use crate::canned::word;
use crate::served::{certificate, fails, good, holds, is_unclear, names, plain, probe, unobserved, verdict};
use evidence::{ChainSeen, Observed, Probed, Trust};

fn peer(trust: &str) -> String {
    word("peer", trust)
}

fn key(kind: &str) -> String {
    word("key", kind)
}

fn tlsa(what: &str) -> String {
    word("tlsa", what)
}

/// A second certificate, with another kind of key.
fn with_rsa(trust: Trust) -> Probed {
    let mut seen = good();
    let chains = seen.chains.seen_mut().unwrap();
    chains.push(ChainSeen {
        certificates: vec![certificate("mx.gateway.example", "RSA 2048")],
        trust,
        digests: names(&["3 1 1 ee55", "2 1 1 cc33"]),
        ..chains[0].clone()
    });
    seen
}

/// The service with these records, and whether they are authentic.
fn with_records(records: &[&str], is_authentic: bool) -> Probed {
    let mut seen = good();
    if let Observed::Seen(found) = &mut seen.tlsa {
        found.records = names(records);
        found.is_authentic = is_authentic;
    }
    seen
}

#[test]
fn every_certificate_for_the_name_is_worth_what_is_claimed() {
    holds(peer("verified"), &good());
    holds(peer("trusted"), &good());
    holds(peer("verified"), &with_rsa(Trust::Verified));
    fails(peer("untrusted"), &good(), "its certificate is verified, not untrusted", "which is verified");
    fails(
        peer("verified"),
        &with_rsa(Trust::Untrusted(Some("it has expired".to_owned()))),
        "its certificate is untrusted, not verified",
        "asked for mx.gateway.example it shows mx.gateway.example for mx.gateway.example; RSA 2048; ecdsa-with-SHA256 by \
         Mailproof Intermediate, which is untrusted (it has expired)",
    );
    let mut seen = good();
    seen.chains.seen_mut().unwrap().clear();
    is_unclear(peer("verified"), &seen, "it showed no certificate");
    seen.chains = unobserved();
    is_unclear(peer("verified"), &seen, "the server closed the connection");
    is_unclear(peer("verified"), &plain(), "speaks no TLS, so it showed no certificate");
}

#[test]
fn certificates_for_other_names_do_not_count() {
    let mut seen = good();
    let other = ChainSeen {
        server_name: Some("www.gateway.example".to_owned()),
        trust: Trust::Untrusted(None),
        ..seen.chains.seen().unwrap()[0].clone()
    };
    seen.chains.seen_mut().unwrap().push(other);
    holds(peer("verified"), &seen);
    let mut plan = probe(vec![peer("verified")]);
    plan.plan.probes[0].server_name = Some("www.gateway.example".parse().unwrap());
    let judged = verdict(&plan, Observed::Seen(seen.clone()));
    assert_eq!(judged.findings().count(), 1, "the probe asks for the other name");
    seen.chains.seen_mut().unwrap().remove(0);
    is_unclear(peer("verified"), &seen, "it showed no certificate");
    seen.chains.seen_mut().unwrap()[0].server_name = None;
    fails(peer("verified"), &seen, "its certificate is untrusted, not verified", "asked for no name it shows");
}

#[test]
fn a_certificate_has_the_claimed_key() {
    holds(key("EC P-256"), &good());
    holds(key("RSA 2048"), &with_rsa(Trust::Verified));
    fails(key("RSA 4096"), &good(), "the key of its certificate is EC P-256, not RSA 4096", "; EC P-256;");
    let both = "the key of its certificate is EC P-256 or RSA 2048, not Ed25519";
    fails(key("Ed25519"), &with_rsa(Trust::Verified), both, "; RSA 2048;");
    let mut seen = good();
    seen.chains.seen_mut().unwrap()[0].certificates.clear();
    is_unclear(key("EC P-256"), &seen, "it showed no certificate");
}

#[test]
fn a_tlsa_record_matches_own_certificate_or_one_of_the_chain() {
    for records in [
        &["3 1 1 AA11"][..],
        &["3 1 1 aa 11"],
        &["3 0 1 BB22"],
        &["2 1 1 cc33"],
        &["2 0 1 dd44"],
        &["3 1 1 0000", "3 1 1 aa11"],
        &["1 1 1 0000", "3 1 1 aa11"],
        &["3 1 2 0000", "3 1 1 aa11"],
    ] {
        holds(tlsa("matches"), &with_records(records, true));
    }
    let seen = with_records(&["3 1 1 aa11"], true);
    fails(tlsa("differs"), &seen, "the TLSA records match its certificate", "the DNS has 3 1 1 aa11, authentic");
    fails(tlsa("none"), &seen, "it has TLSA records", "the DNS has 3 1 1 aa11, authentic");
}

#[test]
fn a_tlsa_record_differs_if_it_is_wrong_or_not_for_smtp() {
    for (records, message) in [
        (&["3 1 1 0000"][..], "the TLSA records do not match its certificate"),
        // the digest of an issuer is not that of the server, nor the other way round
        (&["3 1 1 cc33", "2 1 1 aa11"], "the TLSA records do not match its certificate"),
        (&["3 0 1 aa11"], "the TLSA records do not match its certificate"),
        (&["1 1 1 aa11", "0 1 1 cc33"], "no TLSA record is of a kind that SMTP uses (RFC 7672 §3.1.3)"),
        (&["3 1 9 aa11", "3 7 1 aa11", "3 1 1"], "no TLSA record is of a kind that SMTP uses (RFC 7672 §3.1.3)"),
    ] {
        let seen = with_records(records, true);
        fails(tlsa("matches"), &seen, message, &format!("the DNS has {}, authentic", records[0]));
        holds(tlsa("differs"), &seen);
    }
    let seen = with_records(&["3 1 1 aa11"], false);
    let message = "the TLSA records are not authentic, so nobody looks at them (RFC 7672 §2.1)";
    fails(tlsa("matches"), &seen, message, "the DNS has 3 1 1 aa11, not authentic");
    holds(tlsa("differs"), &seen);
}

#[test]
fn tlsa_records_must_match_every_kind_of_key() {
    let seen = with_rsa(Trust::Verified);
    let message = "the TLSA records do not match its certificate";
    fails(
        tlsa("matches"),
        &seen,
        message,
        "; RSA 2048; ecdsa-with-SHA256 by Mailproof Intermediate, which is 3 1 1 ee55",
    );
    let mut seen = with_rsa(Trust::Verified);
    seen.tlsa = with_records(&["3 1 1 aa11", "3 1 1 ee55"], true).tlsa;
    holds(tlsa("matches"), &seen);
    seen.tlsa = with_records(&["2 1 1 cc33"], true).tlsa;
    holds(tlsa("matches"), &seen);
}

#[test]
fn a_trust_anchor_wants_the_right_name_as_well() {
    let mut seen = with_records(&["2 1 1 cc33"], true);
    seen.chains.seen_mut().unwrap()[0].certificates[0].names = names(&["*.gateway.example"]);
    holds(tlsa("matches"), &seen);
    seen.chains.seen_mut().unwrap()[0].certificates[0].names = names(&["mx.other.example", "*.mx.gateway.example"]);
    holds(tlsa("differs"), &seen);
    seen.tlsa = with_records(&["3 1 1 aa11"], true).tlsa;
    holds(tlsa("matches"), &seen);
}

#[test]
fn tlsa_records_of_which_too_little_is_known_are_unclear() {
    let what = "only SHA-256 digests were made of its certificates";
    for records in [&["3 1 2 aa11"][..], &["3 0 0 308201"], &["3 1 1 0000", "2 1 2 00"]] {
        for claim in ["matches", "differs"] {
            is_unclear(tlsa(claim), &with_records(records, true), what);
        }
    }
    let mut seen = good();
    if let Observed::Seen(found) = &mut seen.tlsa {
        found.rcode = "SERVFAIL".to_owned();
        found.records.clear();
    }
    for claim in ["matches", "differs", "none"] {
        is_unclear(tlsa(claim), &seen, "the DNS answers SERVFAIL to the question for them");
    }
    seen.tlsa = unobserved();
    is_unclear(tlsa("none"), &seen, "the server closed the connection");
    let mut seen = good();
    seen.chains.seen_mut().unwrap().clear();
    is_unclear(tlsa("matches"), &seen, "it showed no certificate");
    seen.chains = unobserved();
    is_unclear(tlsa("differs"), &seen, "the server closed the connection");
}

#[test]
fn without_tlsa_records_there_are_none() {
    let seen = with_records(&[], true);
    holds(tlsa("none"), &seen);
    holds(tlsa("none"), &plain());
    for claim in ["matches", "differs"] {
        fails(tlsa(claim), &seen, "it has no TLSA records", "the DNS answers NOERROR and no record");
    }
}
