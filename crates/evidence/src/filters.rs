//! What the filters log: the results of policyd-spf, OpenDKIM and OpenDMARC in the words of RFC 8601 §2.7.
//!
//! A filter that logs nothing has said nothing: OpenDKIM by default does not mention that a message has no signature.

use crate::{AuthResult, LogLine, ResultSource, line::queue_id};
use mail::AuthenticationResults;
use std::net::IpAddr;

/// The results in the lines of one host about one message, in order, each once.
pub(crate) fn results(lines: &[&LogLine]) -> Vec<AuthResult> {
    let mut found: Vec<AuthResult> = Vec::new();
    let of =
        |daemon: &'static str| lines.iter().filter(move |line| line.daemon() == daemon).map(|line| line.text.as_str());
    let spf = of("policyd-spf").flat_map(policyd_spf);
    for result in
        spf.chain(opendkim(of("opendkim").map(unqueued))).chain(of("opendmarc").map(unqueued).filter_map(opendmarc))
    {
        if !found.contains(&result) {
            found.push(result);
        }
    }
    found
}

/// Whom a line of policyd-spf is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SpfClient {
    pub(crate) client: IpAddr,
    pub(crate) from: Option<String>,
    pub(crate) helo: Option<String>,
}

/// Reads `client-ip=…; helo=…; envelope-from=…` of a header field, or `id=…;ip=…;r=…` of the address in a rejection.
pub(crate) fn spf_client(line: &LogLine) -> Option<SpfClient> {
    if line.daemon() != "policyd-spf" {
        return None;
    }
    let text = line.text.as_str();
    let field = |key: &str| {
        let (_, rest) = text.split_once(key)?;
        Some(rest.split([';', ')', ' ', '&']).next().unwrap_or_default())
    };
    if let Some(client) = field("client-ip=") {
        let from = field("envelope-from=").map(|from| from.trim_matches(['<', '>']).to_owned());
        return Some(SpfClient { client: client.parse().ok()?, from, helo: field("helo=").map(str::to_owned) });
    }
    let id = field("id=").or_else(|| field("id%3D"))?.to_owned();
    let (from, helo) = if text.contains("s=helo") { (None, Some(id)) } else { (Some(id), None) };
    Some(SpfClient { client: field("ip=")?.parse().ok()?, from, helo })
}

fn policyd_spf(text: &str) -> Vec<AuthResult> {
    let text = unqueued(text);
    if let Some((_, field)) = text.split_once("Authentication-Results: ") {
        let read = field.trim_matches('\'').parse::<AuthenticationResults>();
        return read
            .map(|f| f.results.into_iter().map(|r| from_field(r, log("policyd-spf"))).collect())
            .unwrap_or_default();
    }
    received_spf(text).or_else(|| spf_rejection(text)).into_iter().collect()
}

/// `Received-SPF: Fail (mailfrom) identity=mailfrom; client-ip=…; helo=…; envelope-from=…; receiver=…` (RFC 7208
/// §9.1), or the same from the result on.
fn received_spf(text: &str) -> Option<AuthResult> {
    let rest = text.split_once("Received-SPF: ").map_or(text, |(_, rest)| rest);
    let word = rest.split([' ', ';']).next()?.to_ascii_lowercase();
    word.parse::<mail::SpfResult>().ok()?;
    let (_, identity) = rest.split_once("identity=")?;
    let reason = rest.split_once('(').and_then(|(_, r)| r.split_once(')')).map(|(r, _)| r).filter(|r| *r != "mailfrom");
    let of = |key: &str| {
        let (_, value) = rest.split_once(key)?;
        Some(value.split([';', ' ']).next()?.trim_matches(['<', '>']).to_owned())
    };
    let property = if identity.starts_with("helo") {
        ("smtp.helo", of("; helo="))
    } else {
        ("smtp.mailfrom", of("envelope-from=").map(|from| from.rsplit('@').next().unwrap_or_default().to_owned()))
    };
    Some(result("spf", &word, [property], reason, "policyd-spf"))
}

/// `550 5.7.23 Message rejected due to: SPF fail - not authorized. Please see http://…?s=mfrom;id=…;ip=…;r=…`.
fn spf_rejection(text: &str) -> Option<AuthResult> {
    let lower = text.to_ascii_lowercase();
    let (_, rest) = lower.split_once("due to: ")?;
    let reason = rest.split(". please see").next().unwrap_or(rest);
    let words = || reason.split(|c: char| !c.is_ascii_alphanumeric());
    let named =
        words().find(|word| matches!(*word, "fail" | "softfail" | "neutral" | "permerror" | "temperror" | "none"));
    let phrases = [
        ("permanent error", "permerror"),
        ("temporary error", "temperror"),
        ("discourages use", "softfail"),
        ("neither permitted nor denied", "neutral"),
        ("no spf record", "none"),
    ];
    let in_phrase = phrases.into_iter().find(|(phrase, _)| reason.contains(phrase)).map(|(_, word)| word);
    let word = in_phrase.or(named)?;
    let id = text.split_once("id=").and_then(|(_, rest)| rest.split(';').next()).map(str::to_owned);
    let property = if lower.contains("s=helo") {
        ("smtp.helo", id)
    } else {
        ("smtp.mailfrom", id.map(|id| id.rsplit('@').next().unwrap_or_default().to_owned()))
    };
    Some(result("spf", word, [property], Some(reason), "policyd-spf"))
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
    let (domain, rest) = rest.split_once(" selector=")?;
    let (selector, rest) = rest.split_once(" result=")?;
    let said = rest.trim_matches('"');
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

/// `bank.example fail`, `SPF(mailfrom): bank.example fail`, `opendmarc_policy_query_dmarc(bank.example) returned
/// status 4`.
fn opendmarc(text: &str) -> Option<AuthResult> {
    if let Some(rest) = text.strip_prefix("SPF(") {
        let (identity, rest) = rest.split_once("): ")?;
        let (domain, word) = rest.rsplit_once(' ')?;
        word.parse::<mail::SpfResult>().ok()?;
        let property = if identity == "helo" { "smtp.helo" } else { "smtp.mailfrom" };
        return Some(result("spf", word, [(property, Some(domain.to_owned()))], None, "opendmarc"));
    }
    if let Some(rest) = text.strip_prefix("opendmarc_policy_query_dmarc(") {
        let (domain, _) = rest.split_once(')')?;
        return Some(result("dmarc", "permerror", [("header.from", Some(domain.to_owned()))], Some(text), "opendmarc"));
    }
    let (domain, word) = text.split_once(' ')?;
    word.parse::<mail::DmarcResult>().ok()?;
    domain.parse::<mail::Domain>().ok().filter(|_| domain.contains('.'))?;
    Some(result("dmarc", word, [("header.from", Some(domain.to_owned()))], None, "opendmarc"))
}

/// A result as an Authentication-Results field has it.
pub(crate) fn from_field(found: mail::MethodResult, source: ResultSource) -> AuthResult {
    let properties = found.properties.into_iter().map(|p| (format!("{}.{}", p.ptype, p.property), p.value)).collect();
    AuthResult { method: found.method, result: found.result, properties, reason: found.reason, source, injected: None }
}

fn result<const N: usize>(
    method: &str,
    word: &str,
    properties: [(&str, Option<String>); N],
    reason: Option<&str>,
    filter: &str,
) -> AuthResult {
    let properties = properties.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    AuthResult {
        method: method.to_owned(),
        result: word.to_owned(),
        properties,
        reason: reason.map(str::to_owned),
        source: log(filter),
        injected: None,
    }
}

fn log(filter: &str) -> ResultSource {
    ResultSource::Log(filter.to_owned())
}

/// `SELECTOR` of `(s=SELECTOR, d=DOMAIN)`.
fn parenthesised(text: &str, key: &str) -> Option<String> {
    let (_, rest) = text.split_once('(')?;
    let (inside, _) = rest.split_once(')')?;
    inside.split(", ").find_map(|part| part.strip_prefix(key)).map(str::to_owned)
}

fn unqueued(text: &str) -> &str {
    queue_id(text).map_or(text, |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(lines: &[&str]) -> Vec<String> {
        let lines: Vec<LogLine> = lines.iter().map(|line| LogLine::parse("mx", line)).collect();
        let results = results(&lines.iter().collect::<Vec<_>>());
        let words = |r: &AuthResult| {
            let properties: String = r.properties.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            format!("{}={}{properties}", r.method, r.result)
        };
        results.iter().map(words).collect()
    }

    #[test]
    fn policyd_spf_logs_the_field_that_it_prepends() {
        let line = "policyd-spf[240]: : prepend Authentication-Results: gateway.example; spf=permerror (SPF Permanent \
        Error: Unknown \
                    mechanism found: ip5:1.2.3.4) smtp.mailfrom=perm.example (client-ip=192.0.2.10; \
                    helo=mail.bank.example; \
                    envelope-from=b@perm.example; receiver=gateway.example)";
        assert_eq!(read(&[line, line]), ["spf=permerror smtp.mailfrom=perm.example"]);
        let about = spf_client(&LogLine::parse("mx", line)).unwrap();
        assert_eq!((about.client, about.from.as_deref()), ("192.0.2.10".parse().unwrap(), Some("b@perm.example")));
        assert_eq!(about.helo.as_deref(), Some("mail.bank.example"));
        let null = "policyd-spf[248]: : prepend Authentication-Results: gateway.example; spf=pass (sender SPF \
        authorized) smtp.helo=h.example \
                    (client-ip=2001:db8::1; helo=h.example; envelope-from=<>; receiver=gateway.example)";
        assert_eq!(read(&[null]), ["spf=pass smtp.helo=h.example"]);
        assert_eq!(spf_client(&LogLine::parse("mx", null)).unwrap().from.as_deref(), Some(""));
    }

    #[test]
    fn policyd_spf_has_an_older_form_and_rejections() {
        let received = "policyd-spf[1]: prepend Received-SPF: Softfail (mailfrom) identity=mailfrom; \
        client-ip=192.0.2.1; helo=h; \
                        envelope-from=a@soft.example; receiver=b@gateway.example ";
        assert_eq!(read(&[received]), ["spf=softfail smtp.mailfrom=soft.example"]);
        let rejected = "policyd-spf[1]: 550 5.7.23 Message rejected due to: SPF fail - not authorized. Please see \
                        http://www.openspf.net/Why?s=mfrom;id=billing@bank.example;ip=198.51.100.66;\
                        r=alice@gateway.example";
        assert_eq!(read(&[rejected]), ["spf=fail smtp.mailfrom=bank.example"]);
        let about = spf_client(&LogLine::parse("mx", rejected)).unwrap();
        assert_eq!(
            (about.client, about.from.as_deref()),
            ("198.51.100.66".parse().unwrap(), Some("billing@bank.example"))
        );
        assert_eq!(read(&["policyd-spf[1]: Starting", "policyd-spf[1]: 550 5.7.23 no"]), [""; 0]);
    }

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

    #[test]
    fn opendmarc_says_result_and_author_domain() {
        for (said, word) in [
            ("bank.example fail", "dmarc=fail header.from=bank.example"),
            ("SPF(mailfrom): bank.example softfail", "spf=softfail smtp.mailfrom=bank.example"),
            ("SPF(helo): mail.bank.example pass", "spf=pass smtp.helo=mail.bank.example"),
            (
                "opendmarc_policy_query_dmarc(bank.example) returned status 4",
                "dmarc=permerror header.from=bank.example",
            ),
        ] {
            assert_eq!(read(&[&format!("opendmarc[63]: 3F1A2B4C5D: {said}")]), [word]);
        }
        let silent = [
            concat!("RFC", "5322 requirement error: not exactly one From field"),
            "additional trusted authentication services: gateway.example",
        ];
        assert_eq!(
            read(&silent.map(|said| format!("opendmarc[63]: 3F1A2B4C5D: {said}")).each_ref().map(String::as_str)),
            [""; 0]
        );
    }

    proptest! {
        #[test]
        fn any_line_of_a_filter_reads(filter in "policyd-spf|opendkim|opendmarc", begin in "(3F1A2B4C5D: \
        )?(signature=|prepend Authentication-Results: |Received-SPF: |SPF\\(|key retrieval failed \\(|due to: fail \
        id=|client-ip=)?", text in "\\PC{0,60}") {
            let line = LogLine::parse("mx", &format!("{filter}[1]: {begin}{text}"));
            results(&[&line]);
            spf_client(&line);
        }
    }
}
