//! Signatures, checked by mail-auth and by the examples of the RFCs.

use super::*;
use crate::reference::{ALGORITHMS, NOW, composed, key, nonce, recipe, signature, spanned, verified, verified_with};
use mail::Message;
use plan::Recipe;
use proptest::prelude::*;

const TEXT: &str = "From: The Bank <billing@bank.example>\nTo: alice@gateway.example\nSubject:  Your\n\tinvoice \n\n\
                    Pay  here. \n\n \tNow.\t\n\n\n";

fn signed(text: &str, sign: Vec<Signature>) -> Vec<u8> {
    composed(&Recipe { sign, ..recipe(text) })
}

fn combinations() -> impl Iterator<Item = (bool, bool)> {
    [(false, false), (false, true), (true, false), (true, true)].into_iter()
}

/// The body of the topmost field of this name.
fn top(message: &[u8], name: &str) -> String {
    Message::parse(message).first(name).unwrap().to_owned()
}

#[test]
fn every_algorithm_and_canonicalization_passes() {
    for algorithm in ALGORITHMS {
        for (relaxed_header, relaxed_body) in combinations() {
            for sha1 in [false, true] {
                let one = Signature { relaxed_header, relaxed_body, sha1, ..signature(algorithm) };
                let message = signed(TEXT, vec![one]);
                assert_eq!(verified(&message), ["pass"], "{}", String::from_utf8_lossy(&message));
            }
        }
    }
}

#[test]
fn what_is_signed_must_not_change() {
    for (relaxed_header, relaxed_body) in combinations() {
        let one = Signature { relaxed_header, relaxed_body, ..signature(KeyAlgorithm::Ed25519) };
        let message = String::from_utf8(signed(TEXT, vec![one])).unwrap();
        assert_eq!(verified(message.as_bytes()), ["pass"]);
        let body = verified(message.replace("Pay  here", "Pay  there").as_bytes());
        assert!(body[0].starts_with("neutral: "), "{body:?}");
        let header = verified(message.replace("To: alice", "To: bob").as_bytes());
        assert!(header[0].starts_with("Fail("), "{header:?}");
        let spaces = verified(message.replace("Pay  here. ", "Pay here.").as_bytes());
        assert_eq!(spaces == ["pass"], relaxed_body, "{spaces:?}");
        let spaces = verified(message.replace("To: alice", "to:  alice").as_bytes());
        assert_eq!(spaces == ["pass"], relaxed_header, "{spaces:?}");
    }
}

#[test]
fn an_oversigned_field_cannot_be_added_and_another_can() {
    let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
    let plain = Signature { headers: names(&["From"]), ..signature(KeyAlgorithm::Ed25519) };
    let over = Signature { headers: names(&["from", "FROM", "Reply-To"]), ..signature(KeyAlgorithm::Ed25519) };
    for (one, passes) in [(plain, true), (over, false)] {
        let message = signed(TEXT, vec![one]);
        assert_eq!(verified(&message), ["pass"]);
        for added in [&b"From: eve@bank.example\r\n"[..], b"Reply-To: eve@bank.example\r\n"] {
            assert_eq!(verified(&[added, &message].concat()) == ["pass"], passes);
        }
    }
}

#[test]
fn a_repeated_name_takes_fields_from_the_bottom() {
    let text = "Received: one\nReceived: two\nFrom: a@bank.example\nReceived: three\n\n";
    let names = ["received", "from", "Received"].map(str::to_owned);
    let raw_message = text.replace('\n', "\r\n");
    let input = header(&RawMessage::of(raw_message.as_bytes()), &names, true, b"DKIM-Signature: b=");
    assert_eq!(input, b"received:three\r\nfrom:a@bank.example\r\nreceived:two\r\ndkim-signature:b=");
    let message = signed(text, vec![Signature { headers: names.to_vec(), ..signature(KeyAlgorithm::Ed25519) }]);
    assert_eq!(verified(&message), ["pass"]);
}

#[test]
fn several_signatures_are_independent_and_the_first_is_lowest() {
    let sign = ALGORITHMS.map(signature).to_vec();
    let message = signed(TEXT, sign);
    assert_eq!(verified(&message), ["pass"; 4]);
    let parsed = Message::parse(&message);
    let fields: Vec<_> = parsed.all("DKIM-Signature").collect();
    for (field, selector) in fields.into_iter().zip(["ed25519", "rsa4096", "rsa2048", "rsa1024"]) {
        assert!(field.contains(&format!("s={selector};")), "{field}");
    }
}

#[test]
fn a_signature_can_sign_the_one_below() {
    let headers = ["From", "DKIM-Signature"].map(str::to_owned).to_vec();
    let above = Signature { headers, ..signature(KeyAlgorithm::Ed25519) };
    let message = signed(TEXT, vec![signature(KeyAlgorithm::Rsa1024), above]);
    assert_eq!(verified(&message), ["pass", "pass"]);
    let broken = verified(String::from_utf8(message).unwrap().replace("s=rsa1024", "s=rsa2048").as_bytes());
    assert!(broken.iter().all(|word| word.starts_with("Fail(")), "{broken:?}");
}

#[test]
fn a_body_length_covers_the_beginning_only() {
    for (_, relaxed_body) in combinations() {
        let text = "From: a@bank.example\n\none\ntwo\n";
        let one = Signature { body_length: Some(5), relaxed_body, ..signature(KeyAlgorithm::Ed25519) };
        let mut message = signed(text, vec![one]);
        assert!(top(&message, "DKIM-Signature").contains("l=5;"));
        message.extend(b"three\r\n");
        assert_eq!(verified(&message), ["pass"]);
    }
    // mail-auth takes l=0 for no limit.
    assert_eq!(body(&RawMessage::of(b"From: a\r\n\r\nbody\r\n"), true, Some(0)), b"");
    assert_eq!(body(&RawMessage::of(b"From: a\r\n\r\nbody\r\n"), true, Some(u64::MAX)), b"body\r\n");
}

#[test]
fn times_are_reckoned_from_the_clock_of_the_run() {
    let now = Signature { signed_at: Some(0), expires_at: Some(60), ..signature(KeyAlgorithm::Ed25519) };
    let message = signed(TEXT, vec![now.clone()]);
    let field = top(&message, "DKIM-Signature");
    assert!(field.contains(&format!("t={NOW};")) && field.contains(&format!("x={};", NOW + 60)), "{field}");
    assert_eq!(verified(&message), ["pass"]);
    let long_ago = -i64::try_from(NOW).unwrap() + 1000;
    let expired = Signature { signed_at: Some(long_ago), expires_at: Some(long_ago + 1), ..now.clone() };
    let result = verified(&signed(TEXT, vec![expired]));
    assert!(result[0].starts_with("neutral: ") && result[0].contains("expired"), "{result:?}");
    let before_time = Signature { signed_at: Some(i64::MIN), ..now };
    assert!(top(&signed(TEXT, vec![before_time]), "DKIM-Signature").contains("t=0;"));
}

#[test]
fn an_auid_is_quoted_and_must_be_within_the_domain() {
    for (auid, written, result) in [
        ("billing@bank.example", "i=billing@bank.example;", "pass"),
        ("a=b;c d@mail.bank.example", "i=a=3Db=3Bc=20d@mail.bank.example;", "pass"),
        ("@other.example", "i=@other.example;", "Fail("),
        ("{nonce}@bank.example", &format!("i={}@bank.example;", nonce()), "pass"),
    ] {
        let message = signed(TEXT, vec![Signature { auid: Some(auid.to_owned()), ..signature(KeyAlgorithm::Ed25519) }]);
        assert!(top(&message, "DKIM-Signature").contains(written), "{auid}");
        assert!(verified(&message)[0].starts_with(result), "{auid}");
    }
}

#[test]
fn the_field_is_folded() {
    let headers: Vec<String> = (0..40).map(|n| format!("X-Field-{}", "x".repeat(n))).chain(["From".into()]).collect();
    for (relaxed_header, algorithm) in [false, true].into_iter().flat_map(|r| ALGORITHMS.map(|a| (r, a))) {
        let one = Signature {
            relaxed_header,
            headers: headers.clone(),
            auid: Some("billing@bank.example".to_owned()),
            signed_at: Some(0),
            expires_at: Some(600),
            body_length: Some(1000),
            ..signature(algorithm)
        };
        let message =
            signed("From: a@bank.example\nX-Field-xx: y\n\n", vec![Signature { body_length: None, ..one.clone() }]);
        assert_eq!(verified(&message), ["pass"]);
        let message = String::from_utf8(signed(TEXT, vec![one])).unwrap();
        let field = &message[..message.find("\r\nFrom:").unwrap()];
        assert!(field.lines().count() > 10 && field.lines().all(|line| line.len() <= 76), "{field}");
    }
}

#[test]
fn the_domain_stands_in_the_field() {
    let domain = spanned("football.example.com".parse().unwrap());
    let message = signed(TEXT, vec![Signature { domain, ..signature(KeyAlgorithm::Ed25519) }]);
    assert!(top(&message, "DKIM-Signature").contains("d=football.example.com;"));
    assert_eq!(verified(&message), ["pass"]);
}

#[test]
fn no_names_give_an_empty_list() {
    let message = signed(TEXT, vec![Signature { headers: Vec::new(), ..signature(KeyAlgorithm::Ed25519) }]);
    assert!(top(&message, "DKIM-Signature").contains("h=; b="));
}

/// RFC 8463 §A.3, whose key is that of §A.2.
#[test]
fn the_example_of_rfc_8463() {
    const MESSAGE: &str = "From: Joe SixPack <joe@football.example.com>\r\n\
        To: Suzie Q <suzie@shopping.example.net>\r\n\
        Subject: Is dinner ready?\r\n\
        Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n\
        Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n\
        Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
    const FIELD: &str = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n \
        d=football.example.com; i=@football.example.com;\r\n \
        q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n \
        subject : date : message-id : from : subject : date;\r\n \
        bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
    const SIGNED: &str = "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==";
    let mut der = data_encoding::HEXLOWER.decode(b"302e020100300506032b657004220420").unwrap();
    der.extend(BASE64.decode(b"nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=").unwrap());
    let pair = KeyPair::from_pkcs8(KeyAlgorithm::Ed25519, &der).unwrap();
    let record = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
    assert_eq!(pair.record(None), record);

    let raw_message = RawMessage::of(MESSAGE.as_bytes());
    let hash = Hash::Sha256.of(&canonical::body(true, raw_message.body()));
    assert_eq!(BASE64.encode(&hash), "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=");
    let names = ["from", "to", "subject", "date", "message-id", "from", "subject", "date"].map(str::to_owned);
    let input = header(&raw_message, &names, true, FIELD.as_bytes());
    assert_eq!(BASE64.encode(&pair.sign(Hash::Sha256, &input)), SIGNED);
    let message = format!("{FIELD}{SIGNED}\r\n{MESSAGE}");
    assert_eq!(verified_with(message.as_bytes(), |_| Some(record.to_owned())), ["pass"]);
}

/// RFC 6376 §3.4.3 and §3.4.4.
#[test]
fn the_hashes_of_an_empty_body() {
    for (relaxed, sha1, sha256) in [
        (false, "uoq1oCgLlTqpdDX/iUbLy7J1Wic=", "frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="),
        (true, "2jmj7l5rSw0yVb/vlWAYkK/YBwk=", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
    ] {
        let empty = canonical::body(relaxed, b"");
        assert_eq!(BASE64.encode(&Hash::Sha1.of(&empty)), sha1);
        assert_eq!(BASE64.encode(&Hash::Sha256.of(&empty)), sha256);
    }
}

#[test]
fn a_lone_line_feed_is_hashed_as_a_line_end() {
    let exact = |text: &str| {
        let sign = vec![signature(KeyAlgorithm::Ed25519)];
        top(&composed(&Recipe { exact: true, sign, ..recipe(text) }), "DKIM-Signature")
    };
    assert_eq!(exact("From: a\n\nx\ny\n"), exact("From: a\r\n\r\nx\r\ny\r\n"));
}

/// Any message whose lines end in LF and hold no CR.
fn text() -> impl Strategy<Value = String> {
    let value = "([ -~\t]|\u{e9}){0,40}(\n[ \t][!-~]([ -~\t]){0,20}){0,3}";
    let name = "(From|To|Subject|X-[A-Za-z0-9-]{1,12})";
    let fields = proptest::collection::vec((name, value), 1..6);
    let body = "(([ -~\t]|\u{e9}|\u{20ac}){0,30}\n|[ \t]{1,2}\n){0,6}([!-~]\n{0,3})?";
    (fields, body).prop_map(|(fields, body)| {
        let header: String = fields.into_iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        format!("From: a@bank.example\n{header}\n{body}")
    })
}

/// Without lines of white space at the end, of which mail-auth keeps one although RFC 6376 §3.4.4 ignores them all.
fn without_blank_end(text: &str) -> String {
    match text.trim_end_matches([' ', '\t', '\n']) {
        body if body.contains("\n\n") => format!("{body} \n\n"),
        header => format!("{header}\n\n"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_signed_passes(
        text in text(),
        relaxed_header: bool,
        relaxed_body: bool,
        headers in proptest::collection::vec("(From|from|To|SUBJECT|X-[a-z]|Date|Message-ID)", 0..8),
        rsa: bool,
        sha1: bool,
    ) {
        let key = if rsa { KeyAlgorithm::Rsa1024 } else { KeyAlgorithm::Ed25519 };
        let headers = std::iter::once("From".to_owned()).chain(headers).collect();
        let text = if relaxed_body { without_blank_end(&text) } else { text };
        let message = signed(&text, vec![Signature { relaxed_header, relaxed_body, headers, sha1, ..signature(key) }]);
        prop_assert_eq!(verified(&message), ["pass"], "{}", String::from_utf8_lossy(&message));
    }

    #[test]
    fn any_text_can_be_signed_and_stays_as_it_is_below_the_signature(text in "([ -~\t\r\n:]|\u{e9}){0,80}") {
        let sign = vec![Signature { headers: vec!["From".to_owned()], ..signature(KeyAlgorithm::Ed25519) }];
        let message = composed(&Recipe { exact: true, sign, ..recipe(&text) });
        prop_assert!(message.ends_with(text.as_bytes()));
        let pair = key(KeyAlgorithm::Ed25519);
        prop_assert!(pair.record(None).starts_with("v=DKIM1; k=ed25519; p="));
    }
}

fn tags(list: &[&str]) -> Vec<plan::Tag> {
    let tag = |text: &&str| plan::Tag { name: text.split('=').next().unwrap().to_owned(), text: (*text).to_owned() };
    list.iter().map(tag).collect()
}

/// The signature of a message with further tags, without white space, and what the reference makes of it.
fn with_tags(list: &[&str]) -> (String, String) {
    let message =
        signed("From: a@bank.example\n\nx\n", vec![Signature { tags: tags(list), ..signature(KeyAlgorithm::Ed25519) }]);
    let field = top(&message, "DKIM-Signature");
    (field.split_whitespace().collect(), verified(&message).concat())
}

#[test]
fn further_tags_are_signed_and_mean_nothing_where_nobody_knows_them() {
    let (field, _) = with_tags(&["q=dns/txt", "foo=bar baz", "z=From:{nonce}", "alone"]);
    let further = "h=From:To:Subject;q=dns/txt;foo=barbaz;z=From:mp0000000000000007;alone;b=";
    assert!(field.contains(further), "{field}");
    assert_eq!(with_tags(&["q=dns/txt", "foo=bar baz", "z=From:{nonce}"]).1, "pass");
    let message =
        signed("From: a\n\nx\n", vec![Signature { tags: tags(&["foo=bar"]), ..signature(KeyAlgorithm::Rsa1024) }]);
    let other = String::from_utf8(message).unwrap().replace("foo=bar", "foo=baz");
    assert!(verified(other.as_bytes())[0].starts_with("Fail("));
}

#[test]
fn a_tag_that_is_there_anyway_is_written_as_said_and_a_second_one_as_well() {
    let (field, result) = with_tags(&["d=bank.example", "d=list.example"]);
    assert!(field.contains("c=relaxed/relaxed;d=bank.example;s=ed25519;"), "{field}");
    assert!(field.contains("h=From:To:Subject;d=list.example;b="), "{field}");
    // mail-auth takes the last one, although no tag may stand twice (RFC 6376 §3.2)
    assert_eq!(result, "pass");
    let (field, result) = with_tags(&["v=2"]);
    assert!(field.contains("v=2;a=ed25519-sha256;") && result != "pass", "{field}: {result}");
    for wrong in ["bh=AAAA", "a=rsa-sha256", "h=Subject"] {
        let (field, result) = with_tags(&[wrong]);
        assert!(field.contains(&format!(";{wrong};")) && result != "pass", "{field}: {result}");
    }
    let (field, result) = with_tags(&["b=AAAA", "b=BBBB"]);
    assert!(field.ends_with("h=From:To:Subject;b=BBBB;b=AAAA") && result != "pass", "{field}: {result}");
}
