//! What filters say of a message besides Authentication-Results: the names of the tests that it met, in fields and logs of rspamd and
//! SpamAssassin, and Received-SPF (RFC 7208 §9.1).
//!
//! A filter notes peers' texts beside a test without quoting them. So the tests of a method that cannot all be true say nothing.

use crate::{AuthResult, ResultSource, Sent, added};
use mail::Message;
use std::collections::BTreeSet;

/// A test that a message met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol<'a> {
    /// Its name, as `R_SPF_ALLOW`.
    pub name: &'a str,
    /// What the filter notes beside it.
    pub options: Vec<&'a str>,
}

/// rspamd's tests that are results of a method, with the word of RFC 8601 §2.7.
const RSPAMD: [(&str, &str, &str); 24] = [
    ("R_SPF_ALLOW", "spf", "pass"),
    ("R_SPF_FAIL", "spf", "fail"),
    ("R_SPF_SOFTFAIL", "spf", "softfail"),
    ("R_SPF_NEUTRAL", "spf", "neutral"),
    ("R_SPF_NA", "spf", "none"),
    ("R_SPF_DNSFAIL", "spf", "temperror"),
    ("R_SPF_PERMFAIL", "spf", "permerror"),
    ("R_DKIM_ALLOW", "dkim", "pass"),
    ("R_DKIM_REJECT", "dkim", "fail"),
    ("R_DKIM_TEMPFAIL", "dkim", "temperror"),
    ("R_DKIM_PERMFAIL", "dkim", "permerror"),
    ("R_DKIM_NA", "dkim", "none"),
    ("DMARC_POLICY_ALLOW", "dmarc", "pass"),
    ("DMARC_POLICY_REJECT", "dmarc", "fail"),
    ("DMARC_POLICY_QUARANTINE", "dmarc", "fail"),
    ("DMARC_POLICY_SOFTFAIL", "dmarc", "fail"),
    ("DMARC_NA", "dmarc", "none"),
    ("DMARC_DNSFAIL", "dmarc", "temperror"),
    ("DMARC_BAD_POLICY", "dmarc", "permerror"),
    ("ARC_ALLOW", "arc", "pass"),
    ("ARC_REJECT", "arc", "fail"),
    ("ARC_INVALID", "arc", "fail"),
    ("ARC_DNSFAIL", "arc", "temperror"),
    ("ARC_NA", "arc", "none"),
];

/// SpamAssassin's. It has none for a message without signature or chain.
const SPAMASSASSIN: [(&str, &str, &str); 14] = [
    ("SPF_PASS", "spf", "pass"),
    ("SPF_FAIL", "spf", "fail"),
    ("SPF_SOFTFAIL", "spf", "softfail"),
    ("SPF_NEUTRAL", "spf", "neutral"),
    ("SPF_NONE", "spf", "none"),
    ("DKIM_VALID", "dkim", "pass"),
    ("DKIM_INVALID", "dkim", "fail"),
    ("DMARC_PASS", "dmarc", "pass"),
    ("DMARC_REJECT", "dmarc", "fail"),
    ("DMARC_QUAR", "dmarc", "fail"),
    ("DMARC_NONE", "dmarc", "fail"),
    ("DMARC_MISSING", "dmarc", "none"),
    ("ARC_VALID", "arc", "pass"),
    ("ARC_INVALID", "arc", "fail"),
];

/// The results in rspamd's tests.
#[must_use]
pub fn rspamd(symbols: &[Symbol<'_>], source: &ResultSource) -> Vec<AuthResult> {
    consistent(&RSPAMD, symbols)
        .into_iter()
        .flat_map(|(symbol, method, word)| {
            let first = symbol.options.first().copied().unwrap_or_default();
            match method {
                // one option for each signature
                "dkim" if word != "none" && !symbol.options.is_empty() => {
                    let signature = |option: &&str| {
                        let (domain, selector) = option.rsplit_once(":s=").unwrap_or((option, ""));
                        result(method, word, &[("header.d", domain), ("header.s", selector)], "", source)
                    };
                    symbol.options.iter().map(signature).collect()
                }
                "dmarc" if word != "none" => {
                    let (domain, reason) = first.split_once(" : ").unwrap_or((first, ""));
                    vec![result(method, word, &[("header.from", domain)], reason, source)]
                }
                _ => vec![result(method, word, &[], first, source)],
            }
        })
        .collect()
}

/// The results in SpamAssassin's tests.
#[must_use]
pub fn spamassassin(tests: &[&str], source: &ResultSource) -> Vec<AuthResult> {
    let symbols: Vec<Symbol<'_>> = tests.iter().map(|name| Symbol { name, options: Vec::new() }).collect();
    let found = consistent(&SPAMASSASSIN, &symbols);
    found.into_iter().map(|(_, method, word)| result(method, word, &[], "", source)).collect()
}

/// The symbols that are results, less those of a method that cannot all be right: a name that is there twice, two words where a
/// message has one, a signature that is there and is not.
fn consistent<'s, 't>(
    table: &'static [(&'static str, &'static str, &'static str)],
    symbols: &'s [Symbol<'t>],
) -> Vec<(&'s Symbol<'t>, &'static str, &'static str)> {
    let known = |symbol: &'s Symbol<'t>| {
        table.iter().find(|(name, ..)| *name == symbol.name).map(|(_, method, word)| (symbol, *method, *word))
    };
    let found: Vec<_> = symbols.iter().filter_map(known).collect();
    let is_right = |method: &str| {
        let its = || found.iter().filter(|(_, other, _)| *other == method);
        let names: BTreeSet<&str> = its().map(|(symbol, ..)| symbol.name).collect();
        let has_none = its().any(|(.., word)| *word == "none");
        names.len() == its().count() && (names.len() == 1 || (method == "dkim" && !has_none))
    };
    found.iter().copied().filter(|(_, method, _)| is_right(method)).collect()
}

/// The result in a Received-SPF field, as `Fail (mailfrom) identity=mailfrom; client-ip=…; helo=…; envelope-from=…; receiver=…`
/// (RFC 7208 §9.1). One that does not say what it is about is none.
#[must_use]
pub fn received_spf(body: &str, source: &ResultSource) -> Option<AuthResult> {
    let word = body.split([' ', ';']).next()?.to_ascii_lowercase();
    word.parse::<mail::SpfResult>().ok()?;
    let (begin, identity) = body.split_once("identity=")?;
    let reason = begin.split_once('(').and_then(|(_, r)| r.rsplit_once(')')).map(|(r, _)| r);
    let reason = reason.filter(|reason| !matches!(*reason, "mailfrom" | "helo")).unwrap_or_default();
    let (_, rest) = identity.split_once("; helo=")?;
    let (helo, rest) = rest.split_once("; envelope-from=")?;
    let sender = rest.rsplit_once("; receiver=").map_or(rest, |(sender, _)| sender);
    let domain = sender.trim_matches(['<', '>', '"']).rsplit('@').next().unwrap_or_default();
    let property = if identity.starts_with("helo") { ("smtp.helo", helo) } else { ("smtp.mailfrom", domain) };
    Some(result("spf", &word, &[property], reason, source))
}

/// The results in other fields than Authentication-Results that the gateway itself added: X-Spamd-Result, X-Spam-Status and
/// Received-SPF. What a filter copied there of a peer's text is marked as injected.
#[must_use]
pub fn results_in_other_fields(delivered: &Message, sent: &Sent<'_>) -> Vec<AuthResult> {
    let mut results = Vec::new();
    for field in added(delivered, sent.octets) {
        let source = ResultSource::Field(field.name.clone());
        let read = |body: &str| match field.name.to_ascii_lowercase().as_str() {
            "x-spamd-result" => spamd_result(body).map(|symbols| rspamd(&symbols, &source)).unwrap_or_default(),
            "x-spam-status" => spam_status(body).map(|tests| spamassassin(&tests, &source)).unwrap_or_default(),
            "received-spf" => received_spf(body, &source).into_iter().collect(),
            _ => Vec::new(),
        };
        results.extend(match sent.peer.without_anywhere(&field.value) {
            Some(inert) => sent.peer.tell_apart(read(&field.value), read(&inert), &field.value),
            None => read(&field.value),
        });
    }
    results
}

/// `default: False [0.20 / 15.00]; R_SPF_ALLOW(-0.20)[+ip4:192.0.2.10]; ARC_NA(0.00)[]`.
fn spamd_result(body: &str) -> Option<Vec<Symbol<'_>>> {
    let (_, rest) = body.split_once(" [")?;
    let (_, rest) = rest.split_once("];")?;
    Some(symbols(rest, ["; ", ";"], ['[', ']'], ','))
}

/// The tests of `NAME(0.20){option;option;},NAME(0.00){}`: what separates them, what their options stand in, what ends an option.
/// Reading ends where a text is no such list.
#[must_use]
pub fn symbols<'a>(text: &'a str, between: [&str; 2], around: [char; 2], behind: char) -> Vec<Symbol<'a>> {
    let separated = |text: &'a str| between.iter().find_map(|separator| text.strip_prefix(*separator));
    let name = |text: &str| {
        let length = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        (length > 0).then_some(length)
    };
    let scored = |text: &'a str| {
        let (score, rest) = text.strip_prefix('(')?.split_once(')')?;
        score.parse::<f64>().is_ok().then_some(rest)
    };
    let is_next = |text: &'a str| {
        let text = text.trim_start();
        text.is_empty()
            || text.starts_with(']')
            || separated(text)
                .map(str::trim_start)
                .is_some_and(|text| text.is_empty() || name(text).and_then(|length| scored(&text[length..])).is_some())
    };
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(length) = name(rest) {
        let (name, more) = rest.split_at(length);
        let more = scored(more).unwrap_or(more);
        let (options, more) = match more.strip_prefix(around[0]) {
            Some(inside) => {
                let ends = inside.match_indices(around[1]).map(|(at, _)| at);
                let Some(end) = ends.into_iter().find(|end| is_next(&inside[end + 1..])) else { break };
                (&inside[..end], &inside[end + 1..])
            }
            None => ("", more),
        };
        let options = options.split(behind).filter(|option| !option.is_empty()).collect();
        found.push(Symbol { name, options });
        let Some(next) = separated(more.trim_start()) else { break };
        rest = next.trim_start();
    }
    found
}

/// The tests of `No, score=-0.1 required=5.0 tests=DKIM_SIGNED,DKIM_VALID, SPF_PASS autolearn=ham version=4.0.1`.
fn spam_status(body: &str) -> Option<Vec<&str>> {
    let (_, rest) = body.split_once(" tests=")?;
    let (tests, _) = rest.split_once(" autolearn").or_else(|| rest.split_once(" version=")).unwrap_or((rest, ""));
    Some(tests.split(',').map(str::trim).collect())
}

fn result(method: &str, word: &str, properties: &[(&str, &str)], reason: &str, source: &ResultSource) -> AuthResult {
    let properties = properties.iter().filter(|(_, value)| !value.is_empty());
    AuthResult {
        method: method.to_owned(),
        result: word.to_owned(),
        properties: properties.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        reason: (!reason.is_empty()).then(|| reason.to_owned()),
        source: source.clone(),
        injected: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PeerTexts;
    use proptest::prelude::*;

    fn words(results: &[AuthResult]) -> Vec<String> {
        let properties = |r: &AuthResult| r.properties.iter().map(|(n, v)| format!(" {n}={v}")).collect::<String>();
        let mark = |r: &AuthResult| if r.injected.is_some() { "!" } else { "" };
        results.iter().map(|r| format!("{}={}{}{}", r.method, r.result, properties(r), mark(r))).collect()
    }

    fn in_fields(fields: &str, sent: &str, peer: &PeerTexts) -> Vec<String> {
        let delivered = Message::parse(format!("{fields}{sent}").as_bytes());
        words(&results_in_other_fields(&delivered, &Sent { octets: sent.as_bytes(), peer, written: &[] }))
    }

    #[test]
    fn what_the_gateway_added_is_read() {
        let spamd = "X-Spamd-Result: default: False [-0.90 / 15.00];\r\n\tDMARC_POLICY_ALLOW(-0.50)[bank.example,reject];\r\n\t\
                     R_SPF_ALLOW(-0.20)[+ip4:192.0.2.10];\r\n\tR_DKIM_ALLOW(-0.20)[bank.example:s=s1];\r\n\tARC_NA(0.00)[]\r\n";
        let status = "X-Spam-Status: No, score=-0.1 required=5.0 tests=DKIM_INVALID,DKIM_SIGNED,\r\n\tDMARC_REJECT,SPF_HELO_NONE,\
                      SPF_FAIL autolearn=no autolearn_force=no version=4.0.1\r\n";
        let spf = "Received-SPF: Softfail (mailfrom) identity=mailfrom; client-ip=192.0.2.1; helo=h; envelope-from=\"a@soft.example\"; \
                   receiver=g.example\r\n";
        let none = PeerTexts::default();
        let of_rspamd = [
            "dmarc=pass header.from=bank.example",
            "spf=pass",
            "dkim=pass header.d=bank.example header.s=s1",
            "arc=none",
        ];
        assert_eq!(in_fields(spamd, "From: a@x.example\r\n\r\n", &none), of_rspamd);
        assert_eq!(in_fields(status, "\r\n", &none), ["dkim=fail", "dmarc=fail", "spf=fail"]);
        assert_eq!(in_fields(spf, "\r\n", &none), ["spf=softfail smtp.mailfrom=soft.example"]);
        assert_eq!(in_fields("Received-SPF: none\r\n", "\r\n", &none), [""; 0]);
    }

    #[test]
    fn what_was_sent_is_no_result() {
        let sent = "X-Spamd-Result: default: False [0.00 / 15.00]; DMARC_POLICY_ALLOW(0.00)[bank.example,reject]\r\n\
                    X-Spam-Status: No, score=0 required=5 tests=SPF_PASS autolearn=no\r\n\
                    Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=1.2.3.4; helo=h; envelope-from=a@b.example\r\n\r\n";
        assert_eq!(in_fields("Received: from x by mx; y\r\n", sent, &PeerTexts::default()), [""; 0]);
    }

    #[test]
    fn tests_that_cannot_all_be_true_say_nothing() {
        let read = |names: &[&str]| {
            let symbols: Vec<Symbol<'_>> = names.iter().map(|name| Symbol { name, options: Vec::new() }).collect();
            words(&rspamd(&symbols, &ResultSource::Header))
        };
        assert_eq!(read(&["R_DKIM_ALLOW", "R_DKIM_REJECT", "R_SPF_FAIL"]), ["dkim=pass", "dkim=fail", "spf=fail"]);
        assert_eq!(read(&["R_DKIM_NA", "R_DKIM_ALLOW", "R_SPF_FAIL"]), ["spf=fail"]);
        assert_eq!(read(&["DMARC_NA", "DMARC_POLICY_ALLOW"]), [""; 0]);
        assert_eq!(read(&["R_SPF_ALLOW", "R_SPF_ALLOW"]), [""; 0]);
    }

    #[test]
    fn an_option_that_looks_like_a_test_is_a_peers() {
        let from = "\"x],ARC_ALLOW(0.00)[a:s=b]; Y(0.00)[\"@a.example";
        let body = format!(
            "X-Spamd-Result: default: False [1.00 / 15.00]; R_SPF_NA(0.00)[no SPF record]; FROM_NEQ_ENVFROM(0.00)[x@b.example,{from}]\r\n"
        );
        let peer = PeerTexts::of("x@b.example", "h", format!("From: <{from}>\r\n\r\n").as_bytes());
        assert_eq!(in_fields(&body, "\r\n", &peer), ["spf=none"]);
        let from = "\"x]; ARC_ALLOW(0.00)[a:s=b]; Y(0.00)[\"@a.example";
        let body = body.replace("],ARC", "]; ARC");
        let peer = PeerTexts::of("x@b.example", "h", format!("From: <{from}>\r\n\r\n").as_bytes());
        assert_eq!(in_fields(&body, "\r\n", &peer), ["spf=none", "arc=pass!"]);
    }

    proptest! {
        #[test]
        fn any_text_is_a_list(text in "([A-Z_]{1,8}(\\(-?[0-9.]{1,4}\\))?[{\\[]?[a-z;,]{0,5}[}\\]]?[;,]? ?){0,4}\\PC{0,20}") {
            let _ = symbols(&text, [",", ","], ['{', '}'], ';');
            spamd_result(&text);
            spam_status(&text);
            let _ = received_spf(&text, &ResultSource::Header);
        }
    }
}
