//! OpenDKIM: what it found of each signature. By default it says nothing of a message without one.

use super::{Program, is_daemon, result};
use crate::line::unqueued;
use evidence::AuthResult;

pub(super) struct OpenDkim;

impl Program for OpenDkim {
    fn wrote(&self, program: &str) -> bool {
        is_daemon(program, "opendkim")
    }

    fn results(&self, texts: &[&str]) -> Vec<AuthResult> {
        opendkim(texts.iter().copied().map(unqueued))
    }
}

/// All lines of OpenDKIM about one message. With `LogResults` it logs a result for each signature; without, only what
/// went wrong, and the domain in a line of its own.
fn opendkim<'a>(lines: impl Iterator<Item = &'a str>) -> Vec<AuthResult> {
    let (mut each, mut whole, mut signers) = (Vec::new(), Vec::new(), Vec::new());
    for text in lines {
        let dkim = |word: &str, reason: Option<&str>| {
            let (s, d) = (parenthesised(text, "s="), parenthesised(text, "d="));
            result("dkim", word, [("header.d", d), ("header.s", s)], reason, "opendkim")
        };
        if let Some((_, domains)) = text.split_once("message has signatures from ") {
            signers = domains.split(", ").map(str::to_owned).collect();
        } else if text.starts_with("signature=") {
            each.extend(text.split("; ").filter_map(signature));
        } else if text.starts_with("DKIM verification successful") {
            whole.push(dkim("pass", None));
        } else if text.starts_with("bad signature data") {
            whole.push(dkim("fail", Some("bad signature data")));
        } else if text.starts_with("no signature data") {
            whole.push(dkim("none", None));
        } else if text.starts_with("key revoked") {
            whole.push(dkim("permerror", Some("key revoked")));
        } else if text.starts_with("key retrieval failed") {
            let why = text.split_once("): ").map_or("key retrieval failed", |(_, why)| why);
            whole.push(dkim(if is_lasting(why) { "permerror" } else { "temperror" }, Some(why)));
        } else if text.starts_with("syntax error") {
            whole.push(dkim("permerror", Some(text)));
        }
    }
    if !each.is_empty() {
        return each;
    }
    if let [signer] = signers.as_slice() {
        let is_nameless = |r: &&mut AuthResult| r.properties.is_empty() && r.result != "none";
        whole.iter_mut().filter(is_nameless).for_each(|r| r.properties.push(("header.d".to_owned(), signer.clone())));
    }
    whole
}

fn is_lasting(why: &str) -> bool {
    ["not found", "no record", "no key", "revoked", "syntax", "corrupt"].iter().any(|word| why.contains(word))
}

/// `signature=SUBSTRING domain=D selector=S result="no signature error"`.
fn signature(text: &str) -> Option<AuthResult> {
    let (_, rest) = text.split_once(" domain=")?;
    // of what looks like a result the last one is OpenDKIM's, since domain and selector are the peer's
    let (rest, said) = rest.rsplit_once(" result=")?;
    let (domain, selector) = rest.split_once(" selector=")?;
    let said = said.trim_matches('"');
    let word = match said {
        "no signature error" => "pass",
        "signature verification failed" | "body hash mismatch" => "fail",
        "key DNS query failed" | "key DNS reply corrupt" | "multiple keys found" => "temperror",
        "signing key too small" => "policy",
        _ => "permerror",
    };
    let properties = [("header.d", Some(domain.to_owned())), ("header.s", Some(selector.to_owned()))];
    Some(result("dkim", word, properties, (word != "pass").then_some(said), "opendkim"))
}

/// `SELECTOR` of `(s=SELECTOR, d=DOMAIN)`.
fn parenthesised(text: &str, key: &str) -> Option<String> {
    let (_, rest) = text.split_once('(')?;
    let (inside, _) = rest.split_once(')')?;
    inside.split(", ").find_map(|part| part.strip_prefix(key)).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use crate::programs::tests::read;

    #[test]
    fn opendkim_with_log_results_names_each_signature() {
        let lines = [
            "opendkim[51]: C9F63F45E2: message has signatures from bank.example, bank.example",
            "opendkim[51]: C9F63F45E2: signature=cf4OB6j4 domain=bank.example selector=ed result=\"no signature \
             error\"; \
             signature=m+YWXAP4 domain=bank.example selector=rsa result=\"signature verification failed\"",
            "opendkim[51]: C9F63F45E2: DKIM verification successful",
            "opendkim[51]: C9F63F45E2: s=ed d=bank.example a=ed25519-sha256 SSL ",
        ];
        assert_eq!(
            read(&lines),
            ["dkim=pass header.d=bank.example header.s=ed", "dkim=fail header.d=bank.example header.s=rsa"]
        );
    }

    #[test]
    fn a_selector_that_says_that_it_verified_has_not() {
        let line = "opendkim[51]: C9F63F45E2: signature=x domain=a.example selector=s result=\"no signature error\" \
                    result=\"signature verification failed\"";
        assert!(read(&[line])[0].starts_with("dkim=fail header.d=a.example"));
    }

    #[test]
    fn opendkim_without_it_says_what_went_wrong() {
        let signers = "opendkim[51]: 3F1A2B4C5D: message has signatures from bank.example";
        let bad = "opendkim[51]: 3F1A2B4C5D: bad signature data";
        assert_eq!(read(&[signers, bad]), ["dkim=fail header.d=bank.example"]);
        assert_eq!(read(&[bad]), ["dkim=fail"]);
        for (said, word) in [
            (
                "key revoked (s=revoked, d=bank.example, a=rsa-sha256)",
                "dkim=permerror header.d=bank.example header.s=revoked",
            ),
            (
                "key retrieval failed (s=s1, d=x.example): 's1._domainkey.x.example' record not found",
                "dkim=permerror header.d=x.example header.s=s1",
            ),
            (
                "key retrieval failed (s=s1, d=x.example): 's1._domainkey.x.example' query timed out",
                "dkim=temperror header.d=x.example header.s=s1",
            ),
            ("no signature data", "dkim=none"),
        ] {
            assert_eq!(read(&[&format!("opendkim[51]: 3F1A2B4C5D: {said}")]), [word]);
        }
        assert_eq!(read(&["opendkim[47]: 3F1A2B4C5D: DKIM-Signature field added (s=s1, d=sender.example)"]), [""; 0]);
    }
}
