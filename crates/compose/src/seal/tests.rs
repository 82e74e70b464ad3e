//! ARC sets, as the reference judges them.

use crate::{
    KeyPair,
    reference::{chain, chain_with, composed, key, pkcs8, recipe, selector, signature, spanned, verified},
};
use mail::{ArcResult, Message};
use plan::{Hop, KeyAlgorithm, Recipe, Seal, Tag, Tamper};

const TEXT: &str = "From: billing@bank.example\nTo: alice@gateway.example\nSubject: {nonce}\n\nPay here.\n";

fn seal(domain: &str, key: KeyAlgorithm) -> Seal {
    Seal {
        domain: spanned(domain.parse().unwrap()),
        selector: spanned(selector(key).to_owned()),
        key,
        authserv_id: domain.to_owned(),
        results: "spf=pass smtp.mailfrom=bank.example; dkim=pass header.d=bank.example".to_owned(),
        instance: None,
        chain: None,
        relaxed_header: true,
        relaxed_body: true,
        headers: None,
        sealed_at: 0,
        signature_tags: Vec::new(),
        seal_tags: Vec::new(),
    }
}

fn hop(seal: Seal) -> Hop {
    Hop { tamper: Vec::new(), sign: Vec::new(), seal: Some(seal) }
}

fn first() -> Hop {
    hop(seal("forwarder.example", KeyAlgorithm::Rsa2048))
}

fn second() -> Hop {
    hop(seal("list.example", KeyAlgorithm::Rsa2048))
}

fn forwarded(hops: Vec<Hop>) -> Vec<u8> {
    composed(&Recipe { sign: vec![signature(KeyAlgorithm::Rsa2048)], hops, ..recipe(TEXT) })
}

fn tag(text: &str) -> Tag {
    Tag { name: text.split('=').next().unwrap().to_owned(), text: text.to_owned() }
}

fn names(message: &[u8]) -> Vec<String> {
    Message::parse(message).fields.into_iter().map(|field| field.name).collect()
}

#[test]
fn what_is_sealed_well_passes_with_every_algorithm_and_canonicalization() {
    for algorithm in [KeyAlgorithm::Rsa1024, KeyAlgorithm::Rsa2048, KeyAlgorithm::Rsa4096, KeyAlgorithm::Ed25519] {
        for (relaxed_header, relaxed_body) in [(true, true), (true, false), (false, true), (false, false)] {
            let seal = |domain| Seal { relaxed_header, relaxed_body, ..seal(domain, algorithm) };
            let hops = ["forwarder.example", "list.example", "bank.example"].map(|domain| hop(seal(domain)));
            for sets in 1..=3 {
                let message = forwarded(hops[..sets].to_vec());
                assert_eq!((chain(&message), verified(&message)), ("pass".to_owned(), vec!["pass".to_owned()]));
            }
        }
    }
    assert_eq!(chain(&forwarded(vec![])), "None");
}

#[test]
fn a_set_is_three_fields_on_top_that_say_their_place_in_the_chain() {
    let message = forwarded(vec![first(), second()]);
    let set = ["ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results"];
    assert_eq!(names(&message)[..7], [&set[..], &set[..], &["DKIM-Signature"]].concat());
    let parsed = Message::parse(&message);
    let begins = |name: &str| -> Vec<String> {
        let squeezed = |value: &str| value.split_whitespace().collect::<Vec<_>>().join(" ");
        parsed.all(name).map(|value| squeezed(value).chars().take(55).collect()).collect()
    };
    assert_eq!(
        begins("ARC-Seal"),
        [
            "i=2; a=rsa-sha256; t=4102444800; cv=pass; d=list.exampl",
            "i=1; a=rsa-sha256; t=4102444800; cv=none; d=forwarder.e"
        ]
    );
    assert_eq!(begins("ARC-Message-Signature")[0], "i=2; a=rsa-sha256; c=relaxed/relaxed; d=list.example; s");
    assert_eq!(begins("ARC-Authentication-Results")[0], "i=2; list.example; spf=pass smtp.mailfrom=bank.example;");
    assert!(
        parsed.first("ARC-Message-Signature").unwrap().contains("h=From:To:Subject:Date:Message-ID:DKIM-Signature;")
    );
}

#[test]
fn a_forwarder_changes_and_signs_before_it_seals() {
    let mut list = second();
    list.tamper = vec![
        Tamper::SetHeader { name: "Subject".to_owned(), value: "[list] {nonce}".into() },
        Tamper::AppendBody("-- \nThe list".into()),
    ];
    list.sign =
        vec![plan::Signature { domain: spanned("list.example".parse().unwrap()), ..signature(KeyAlgorithm::Ed25519) }];
    let message = forwarded(vec![first(), list]);
    let dkim = verified(&message);
    assert!(dkim[0].starts_with("neutral: ") && dkim[1] == "pass", "{dkim:?}");
    assert_eq!(chain(&message), "pass", "the newest signature is over what the list made of it");
}

#[test]
fn what_is_sealed_badly_does_not_pass() {
    let good = || vec![first(), second()];
    assert_eq!(chain(&forwarded(good())), "pass");
    let with = |at: usize, change: &dyn Fn(&mut Seal)| {
        let mut hops = good();
        change(hops[at].seal.as_mut().unwrap());
        chain(&forwarded(hops))
    };
    for at in [0, 1] {
        for (what, result) in [
            ("instance", with(at, &|seal| seal.instance = Some(7))),
            ("no instance", with(at, &|seal| seal.instance = Some(0))),
            ("cv", with(at, &|seal| seal.chain = Some(if at == 0 { ArcResult::Pass } else { ArcResult::None }))),
            ("cv=fail", with(at, &|seal| seal.chain = Some(ArcResult::Fail))),
            ("another cv", with(at, &|seal| seal.seal_tags = vec![tag("cv=bogus")])),
            ("h= in the seal", with(at, &|seal| seal.seal_tags = vec![tag("h=From")])),
            ("b= of the seal", with(at, &|seal| seal.seal_tags = vec![tag("b=AAAA")])),
            ("d= of the seal", with(at, &|seal| seal.seal_tags = vec![tag("d=bank.example"), tag("s=rsa1024")])),
        ] {
            assert_ne!(result, "pass", "{what} of set {}", at + 1);
        }
    }
    for wrong in ["b=AAAA", "bh=AAAA", "i=1", "h=Subject", "a=ed25519-sha256"] {
        assert_ne!(with(1, &|seal| seal.signature_tags = vec![tag(wrong)]), "pass", "{wrong}");
    }
}

#[test]
fn what_is_changed_behind_a_seal_breaks_it() {
    let behind = |change: Tamper| {
        let hops = vec![first(), second(), Hop { tamper: vec![change], sign: Vec::new(), seal: None }];
        chain(&forwarded(hops))
    };
    let replace = |find: &str, with: &str| Tamper::Replace { find: find.into(), with: with.into() };
    assert_eq!(behind(Tamper::PrependHeader("Received: from nowhere".into())), "pass");
    for change in [
        Tamper::AppendBody("more".into()),
        Tamper::SetHeader { name: "Subject".to_owned(), value: "other".into() },
        Tamper::RemoveHeader("DKIM-Signature".to_owned()),
        Tamper::RemoveHeader("ARC-Seal".to_owned()),
        Tamper::RemoveHeader("ARC-Authentication-Results".to_owned()),
        replace("i=2; list.example;", "i=2; other.example;"),
        replace("i=1; forwarder.example;", "i=1; other.example;"),
        replace("cv=none", "cv=pass"),
    ] {
        let what = format!("{change:?}");
        assert_ne!(behind(change), "pass", "{what}");
    }
}

#[test]
fn another_key_than_the_one_that_is_published_does_not_pass() {
    let other = KeyPair::from_pkcs8(KeyAlgorithm::Ed25519, &pkcs8(KeyAlgorithm::Ed25519)).unwrap();
    let message = forwarded(vec![hop(seal("forwarder.example", KeyAlgorithm::Ed25519))]);
    let with = |record: String| chain_with(&message, |_| Some(record.clone()));
    assert_eq!(with(key(KeyAlgorithm::Ed25519).record(None)), "pass");
    assert_ne!(with(other.record(None)), "pass");
    assert_ne!(with(crate::revoked_record(KeyAlgorithm::Ed25519, None)), "pass");
}

/// RFC 8617 §5.1.2. The reference goes no further than `cv=fail`, so the seals themselves are compared.
#[test]
fn the_seal_of_a_chain_that_failed_covers_its_own_set_alone() {
    let failed = || hop(Seal { instance: Some(2), chain: Some(ArcResult::Fail), ..second().seal.unwrap() });
    let seal = |hops| Message::parse(&forwarded(hops)).first("ARC-Seal").unwrap().to_owned();
    assert_eq!(seal(vec![first(), failed()]), seal(vec![failed()]));
    let passed = || hop(Seal { instance: Some(2), chain: Some(ArcResult::Pass), ..second().seal.unwrap() });
    assert_ne!(seal(vec![first(), passed()]), seal(vec![passed()]));
}

#[test]
fn a_seal_counts_on_from_sets_that_the_message_brings_with_it() {
    let own = "ARC-Seal: a=x; i = 6; cv=pass\nARC-Authentication-Results: i=40\n".to_owned() + TEXT;
    let message = composed(&Recipe { hops: vec![first()], ..recipe(&own) });
    assert!(Message::parse(&message).first("ARC-Seal").unwrap().starts_with("i=41; "));
}
