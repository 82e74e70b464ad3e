//! What becomes of a recipe's text, and of a message after signing.

use super::*;
use crate::reference::{NOW, composed, key, nonce, pkcs8, recipe, signature, spanned, verified, verified_with};
use mail::Message;
use plan::{KeyAlgorithm, Recipe, Tamper};
use proptest::prelude::*;

const PLACE: &str = "{nonce}";
const TEXT: &str = "From: billing@bank.example\nTo: alice@gateway.example\nSubject: {nonce}\n\nPay {nonce} here.\n";

fn text(recipe: &Recipe) -> String {
    String::from_utf8(composed(recipe)).unwrap()
}

fn tampered(change: Tamper) -> Result<String, ComposeError> {
    let recipe = Recipe { sign: vec![signature(KeyAlgorithm::Ed25519)], tamper: vec![change], ..recipe(TEXT) };
    let find = |_: &Domain, _: &str| Some(key(KeyAlgorithm::Ed25519));
    let context = ComposeContext { nonce: &nonce(), now: NOW, is_new_to_filters: false, key: &find };
    compose(&recipe, &context).map(|message| String::from_utf8(message).unwrap())
}

#[test]
fn lines_end_in_crlf_and_what_is_missing_is_added_at_the_end_of_the_header() {
    assert_eq!(
        text(&recipe(TEXT)),
        "From: billing@bank.example\r\nTo: alice@gateway.example\r\nSubject: mp0000000000000007\r\n\
         Message-ID: <mp0000000000000007@mailproof.example>\r\nDate: Fri, 01 Jan 2100 00:00:00 +0000\r\n\r\n\
         Pay mp0000000000000007 here.\r\n"
    );
}

#[test]
fn text_is_new_to_filters_that_remember_bodies_and_what_is_no_text_stays() {
    let find = |_: &Domain, _: &str| Some(key(KeyAlgorithm::Ed25519));
    let context = ComposeContext { nonce: &nonce(), now: NOW, is_new_to_filters: true, key: &find };
    let made = |recipe: &Recipe| compose(recipe, &context).unwrap();
    let signed = made(&Recipe { sign: vec![signature(KeyAlgorithm::Ed25519)], ..recipe(TEXT) });
    assert!(signed.ends_with(b"\r\n\r\nPay mp0000000000000007 here.\r\nmp0000000000000007\r\n"));
    for own in [
        "From: a@b.example\nContent-Type: text/html\n\n<p>\n",
        "From: a@b.example\n\n",
        "From: a@b.example\n\n\u{fc}\n",
    ] {
        assert_eq!(made(&recipe(own)), composed(&recipe(own)), "{own}");
    }
    let exact = Recipe { exact: true, ..recipe(TEXT) };
    assert_eq!(made(&exact), composed(&exact));
}

#[test]
fn what_is_there_is_not_added() {
    let own = "message-id: <a@x>\nDATE : today\nFrom: a@b.example\r\n\nDate: not here\nlast";
    assert_eq!(text(&recipe(own)), own.replace('\n', "\r\n").replace("\r\r", "\r") + "\r\n");
}

#[test]
fn an_exact_text_is_sent_octet_for_octet() {
    let odd = "From: a@b.example\nX: {nonce}\r\r\n\n.\nbare\rlast";
    let exact = Recipe { exact: true, ..recipe(odd) };
    assert_eq!(text(&exact), odd.replace("{nonce}", nonce().as_str()));
}

#[test]
fn a_header_alone_and_a_text_that_is_no_message_are_completed() {
    let added = "Message-ID: <mp0000000000000007@mailproof.example>\r\nDate: Fri, 01 Jan 2100 00:00:00 +0000\r\n";
    assert_eq!(text(&recipe("")), added);
    assert_eq!(text(&recipe("Subject: x")), format!("Subject: x\r\n{added}"));
    assert_eq!(text(&recipe("no field\n")), format!("{added}no field\r\n"));
}

#[test]
fn what_was_added_can_be_signed() {
    let headers = ["From", "Date", "Message-ID"].map(str::to_owned).to_vec();
    let sign = vec![plan::Signature { headers, ..signature(KeyAlgorithm::Rsa2048) }];
    let message = text(&Recipe { sign, ..recipe(TEXT) });
    assert_eq!(verified(message.as_bytes()), ["pass"]);
    assert!(verified(message.replace("Jan 2100", "Jan 2101").as_bytes())[0].starts_with("Fail("));
}

#[test]
fn tampering_comes_after_signing() {
    let dkim = |change| verified(tampered(change).unwrap().as_bytes()).remove(0);
    let set = |name: &str, value: &str| Tamper::SetHeader { name: name.to_owned(), value: value.into() };
    assert!(dkim(Tamper::AppendBody("more".into())).starts_with("neutral: "));
    assert!(dkim(set("subject", "other")).starts_with("Fail("));
    assert!(dkim(Tamper::RemoveHeader("To".to_owned())).starts_with("Fail("));
    assert_eq!(dkim(Tamper::PrependHeader("Received: from nowhere".into())), "pass");
    assert_eq!(dkim(Tamper::RemoveHeader("DATE".to_owned())), "pass");
}

#[test]
fn each_change_does_what_it_says() {
    let with = |change| {
        let message = tampered(change).unwrap();
        let below = message.find("\r\nFrom").map_or(0, |at| at + 2);
        (message[..below].to_owned(), message[below..].to_owned())
    };
    let (_, message) = with(Tamper::AppendBody("a\n{nonce}".into()));
    assert!(message.ends_with("here.\r\na\r\nmp0000000000000007\r\n"));
    let (top, _) = with(Tamper::PrependHeader("X-{nonce}: a\n b".into()));
    assert!(top.starts_with("X-mp0000000000000007: a\r\n b\r\nDKIM-Signature: "));
    let (_, message) = with(Tamper::SetHeader { name: "TO".to_owned(), value: "x\n y".into() });
    assert!(message.contains(".example\r\nTo: x\r\n y\r\nSubject: "));
    let (_, message) = with(Tamper::RemoveHeader("subject".to_owned()));
    assert!(message.contains("@gateway.example\r\nMessage-ID: "));
    let (_, message) = with(Tamper::Replace { find: "{nonce}\n".into(), with: "x\n".into() });
    assert!(message.contains("Subject: x\r\n") && message.contains("Pay mp0000000000000007 here"));
}

#[test]
fn changes_are_done_in_order() {
    let tamper = vec![
        Tamper::PrependHeader("Subject: first".into()),
        Tamper::SetHeader { name: "Subject".to_owned(), value: "second".into() },
        Tamper::Replace { find: "second".into(), with: "third".into() },
    ];
    let message = composed(&Recipe { tamper, ..recipe(TEXT) });
    assert_eq!(Message::parse(&message).all("Subject").collect::<Vec<_>>(), ["third", nonce().as_str()]);
}

#[test]
fn text_appended_to_a_header_alone_becomes_the_body() {
    let tamper = vec![Tamper::AppendBody("X: y".into())];
    for exact in [false, true] {
        let message = composed(&Recipe { exact, tamper: tamper.clone(), ..recipe("From: a@b.example") });
        assert_eq!(Message::parse(&message).body.trim_ascii_end(), b"X: y");
    }
}

#[test]
fn an_exact_change_keeps_its_octets() {
    let tamper =
        vec![Tamper::AppendBody("\n.\r\nx".into()), Tamper::Replace { find: "a\n".into(), with: "b\r".into() }];
    let exact = Recipe { exact: true, tamper, ..recipe("X: y\r\n\r\na\n") };
    assert_eq!(composed(&exact), b"X: y\r\n\r\nb\r\n.\r\nx");
}

#[test]
fn a_change_that_finds_nothing_is_an_error_that_names_it() {
    let missing = || "Nowhere".to_owned();
    for change in [
        Tamper::Replace { find: missing().into(), with: Octets::default() },
        Tamper::SetHeader { name: missing(), value: Octets::default() },
        Tamper::RemoveHeader(missing()),
    ] {
        let error = tampered(change).unwrap_err();
        assert!(error.to_string().contains("`Nowhere`"), "{error}");
    }
    assert!(tampered(Tamper::Replace { find: Octets::default(), with: missing().into() }).is_err());
}

#[test]
fn a_signature_without_a_key_is_an_error_that_names_domain_and_selector() {
    let sign = vec![signature(KeyAlgorithm::Rsa1024)];
    let context = ComposeContext { nonce: &nonce(), now: 0, is_new_to_filters: false, key: &|_, _| None };
    let error = compose(&Recipe { sign, ..recipe(TEXT) }, &context).unwrap_err();
    let expected = ComposeError::NoKey { domain: "bank.example".parse().unwrap(), selector: "rsa1024".to_owned() };
    assert_eq!(error, expected);
    assert!(error.to_string().contains("bank.example") && error.to_string().contains("rsa1024"));
}

#[test]
fn a_record_has_its_tags_before_the_key() {
    let pair = key(KeyAlgorithm::Rsa1024);
    let plain = pair.record(None);
    let public = plain.strip_prefix("v=DKIM1; k=rsa; p=MIGf").expect("the subjectPublicKeyInfo of 1024 bits");
    assert_eq!(pair.record(Some(" t=y; h = sha1;")), format!("v=DKIM1; k=rsa; t=y; h=sha1; p=MIGf{public}"));
    assert_eq!(pair.record(Some("k=ed25519; v=DKIM2; p=AAAA")), "v=DKIM2; k=ed25519; p=AAAA");
    assert_eq!(revoked_record(KeyAlgorithm::Rsa4096, None), "v=DKIM1; k=rsa; p=");
    assert_eq!(revoked_record(KeyAlgorithm::Ed25519, Some("n=gone")), "v=DKIM1; k=ed25519; n=gone; p=");
}

#[test]
fn a_revoked_and_a_wrong_key_do_not_pass() {
    let message = composed(&Recipe { sign: vec![signature(KeyAlgorithm::Ed25519)], ..recipe(TEXT) });
    let with = |record: String| verified_with(&message, |_| Some(record.clone())).remove(0);
    assert_eq!(with(key(KeyAlgorithm::Ed25519).record(Some("t=y"))), "pass");
    let revoked = with(revoked_record(KeyAlgorithm::Ed25519, None));
    assert!(revoked.contains("Revoked"), "{revoked}");
    let other = KeyPair::from_pkcs8(KeyAlgorithm::Ed25519, &pkcs8(KeyAlgorithm::Ed25519)).unwrap();
    assert!(with(other.record(None)).starts_with("Fail("));
}

#[test]
fn a_key_of_another_kind_is_refused() {
    let der = pkcs8(KeyAlgorithm::Rsa1024);
    let size = KeyPair::from_pkcs8(KeyAlgorithm::Rsa2048, &der).unwrap_err();
    assert_eq!(size, KeyError::Size { expected: 2048, found: 1024 });
    assert!(matches!(KeyPair::from_pkcs8(KeyAlgorithm::Ed25519, &der), Err(KeyError::Unreadable { .. })));
    assert!(matches!(KeyPair::from_pkcs8(KeyAlgorithm::Rsa1024, b"x"), Err(KeyError::Unreadable { .. })));
}

#[test]
fn no_secret_is_shown() {
    assert_eq!(format!("{:?}", key(KeyAlgorithm::Ed25519)), "KeyPair { algorithm: Ed25519, .. }");
}

proptest! {
    #[test]
    fn any_text_becomes_whole_lines_with_the_two_fields(text in "([ -~\t\r\n:]|\u{e9}|\\{nonce\\}){0,80}") {
        let message = composed(&recipe(&text));
        prop_assert!(message.ends_with(b"\r\n"));
        prop_assert!(message.iter().enumerate().all(|(at, b)| *b != b'\n' || message[at - 1] == b'\r'));
        let parsed = Message::parse(&message);
        prop_assert!(parsed.first("Message-ID").is_some() && parsed.first("Date").is_some());
        prop_assert!(!String::from_utf8(message).unwrap().contains(PLACE));
    }

    #[test]
    fn any_change_gives_octets_or_says_why_not(text in "([ -~\t\r\n:]){0,60}", a in "[ -~\n]{0,8}", exact: bool) {
        let changes = [
            Tamper::AppendBody(a.as_str().into()),
            Tamper::PrependHeader(a.as_str().into()),
            Tamper::SetHeader { name: a.clone(), value: a.as_str().into() },
            Tamper::RemoveHeader(a.clone()),
            Tamper::Replace { find: a.as_str().into(), with: a.into() },
        ];
        let context = ComposeContext { nonce: &nonce(), now: NOW, is_new_to_filters: false, key: &|_, _| None };
        for change in changes {
            let text = spanned(text.as_str().into());
            let result = compose(&Recipe { text, exact, tamper: vec![change.clone()], ..recipe("") }, &context);
            let may_fail = !matches!(change, Tamper::AppendBody(_) | Tamper::PrependHeader(_));
            prop_assert!(result.is_ok() || may_fail);
        }
    }
}
