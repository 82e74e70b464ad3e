//! policyd-spf: the field that it adds, or the words with which it refuses. It writes down addresses in lower case, and
//! copies what a peer said without quoting it.

use super::{Program, Session, is_daemon, result};
use crate::line::unqueued;
use evidence::{AuthResult, ResultSource};
use mail::{AuthenticationResults, as_logged, unquoted_address};
use std::net::IpAddr;

const NAME: &str = "policyd-spf";

pub(super) struct PolicydSpf;

impl Program for PolicydSpf {
    fn wrote(&self, program: &str) -> bool {
        is_daemon(program, NAME)
    }

    /// A peer may have written one of them into its own name: whether it is meant is seen with the whole session.
    fn clients(&self, text: &str) -> Vec<IpAddr> {
        let behind = ["client-ip=", "ip=", "'client_address': '"];
        let found = behind.iter().flat_map(|key| text.match_indices(key).map(|(at, key)| &text[at + key.len()..]));
        let mut clients: Vec<IpAddr> = found
            .filter_map(|rest| rest.split(|c: char| !(c.is_ascii_hexdigit() || ":.".contains(c))).next()?.parse().ok())
            .collect();
        clients.sort_unstable();
        clients.dedup();
        clients
    }

    /// Compares what stands there with what was said, in the forms in which policyd-spf writes it.
    fn is_about(&self, text: &str, session: &Session<'_>) -> bool {
        let text = as_logged(text);
        let (ip, from) = (session.client, as_logged(&unquoted_address(session.mail_from)));
        let senders = if from.is_empty() { vec![String::new(), "<>".to_owned()] } else { vec![from] };
        senders.iter().any(|from| match session.helo {
            Some(helo) => [as_logged(helo), as_logged(&neutered(helo))].iter().any(|helo| {
                text.contains(&format!("client-ip={ip}; helo={helo}; envelope-from={from}; receiver="))
                    || text.contains(&format!("s=mfrom;id={from};ip={ip};r="))
                    || text.contains(&format!("s=helo;id={helo};ip={ip};r="))
                    || (text.contains(&format!("'client_address': '{ip}'"))
                        && text.contains(&format!("'sender': {}", python(from)))
                        && text.contains(&format!("'helo_name': {}", python(helo))))
            }),
            None => {
                (text.contains(&format!("client-ip={ip}; helo="))
                    && text.contains(&format!("; envelope-from={from}; receiver=")))
                    || text.contains(&format!("s=mfrom;id={from};ip={ip};r="))
                    || (text.contains("s=helo;id=") && text.contains(&format!(";ip={ip};r=")))
            }
        })
    }

    fn repeated<'a>(&self, text: &'a str) -> Option<&'a str> {
        Some(refusal(unqueued(text))?.1).filter(|words| words.len() > 8)
    }

    fn results(&self, texts: &[&str]) -> Vec<AuthResult> {
        texts.iter().flat_map(|text| results(unqueued(text))).collect()
    }

    fn written<'a>(&self, text: &'a str) -> Option<(&'static str, &'a str)> {
        Some(("spf", field(unqueued(text))?))
    }
}

/// The body of the Authentication-Results field in `: prepend Authentication-Results: …`.
fn field(text: &str) -> Option<&str> {
    let rest = text.trim_start_matches(": ");
    let rest = rest.strip_prefix("prepend ").or_else(|| rest.strip_prefix("Header field not prepended: "))?;
    Some(rest.strip_prefix("Authentication-Results: ")?.trim_matches('\''))
}

fn results(text: &str) -> Vec<AuthResult> {
    let Some(field) = field(text) else {
        return received_spf(text).or_else(|| rejection(text)).into_iter().collect();
    };
    let Ok(read) = field.parse::<AuthenticationResults>() else { return Vec::new() };
    // it does one thing, and says one thing: the rest of the field is a peer's text
    let mut found: Vec<AuthResult> =
        read.results.into_iter().map(|r| AuthResult::from_field(r, ResultSource::Log(NAME.to_owned()))).collect();
    for (at, result) in found.iter_mut().enumerate() {
        if at > 0 || !matches!(result.method.as_str(), "spf" | "none") {
            result.injected = Some(field.to_owned());
        }
    }
    found
}

/// `Received-SPF: Fail (mailfrom) identity=mailfrom; client-ip=…; helo=…; envelope-from=…; receiver=…` (RFC 7208
/// §9.1), or the same from the result on. The line begins with it: when policyd-spf breaks off, it dumps what it remembers
/// of other messages, and their fields stand further on.
fn received_spf(text: &str) -> Option<AuthResult> {
    let rest = text.trim_start_matches(": ");
    let rest = ["prepend ", "Header field not prepended: "].iter().find_map(|b| rest.strip_prefix(b)).unwrap_or(rest);
    let rest = rest.trim_start_matches('\'');
    let rest = rest.strip_prefix("Received-SPF: ").unwrap_or(rest);
    let word = rest.split([' ', ';']).next()?.to_ascii_lowercase();
    word.parse::<mail::SpfResult>().ok()?;
    let (begin, identity) = rest.split_once("identity=")?;
    let reason = begin.split_once('(').and_then(|(_, r)| r.rsplit_once(')')).map(|(r, _)| r);
    let reason = reason.filter(|reason| !matches!(*reason, "mailfrom" | "helo"));
    let (_, rest) = identity.split_once("; helo=")?;
    let (helo, rest) = rest.split_once("; envelope-from=")?;
    let sender = rest.rsplit_once("; receiver=").map_or(rest, |(sender, _)| sender);
    let property = match identity.starts_with("helo") {
        true => ("smtp.helo", helo.to_owned()),
        false => ("smtp.mailfrom", domain(sender.trim_matches(['<', '>']))),
    };
    Some(result("spf", &word, [(property.0, Some(property.1))], reason, NAME))
}

/// The code and the words of `550 5.7.23 Message rejected due to: SPF fail - not authorized. Please see
/// http://…?s=mfrom;id=…;ip=…;r=…`; all but the code is `Reason_Message`.
fn refusal(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start_matches(": ");
    let (begin, rest) = ["550 ", "defer_if_permit "].iter().find_map(|b| Some((*b, rest.strip_prefix(b)?)))?;
    let enhanced = rest.split(' ').next().filter(|code| code.parse::<mail::EnhancedStatus>().is_ok());
    let words = enhanced.map_or(rest, |code| rest[code.len()..].trim_start());
    Some((enhanced.unwrap_or(begin.trim_end()), words))
}

/// The result that its words begin with, pyspf's own; where they are those of the domain (RFC 7208 §6.2) it is a fail.
fn rejection(text: &str) -> Option<AuthResult> {
    const PHRASES: [(&str, &str); 9] = [
        ("spf permanent error", "permerror"),
        ("permanent error in processing", "permerror"),
        ("spf temporary error", "temperror"),
        ("temporary dns error in processing", "temperror"),
        ("domain owner discourages use of this host", "softfail"),
        ("access neither permitted nor denied", "neutral"),
        ("no spf record", "none"),
        ("receiver policy for spf softfail", "softfail"),
        ("receiver policy for spf neutral", "neutral"),
    ];
    let (code, words) = refusal(text)?;
    let lower = words.to_ascii_lowercase();
    let (reason, _) = words.split_at(lower.find(". please see").unwrap_or(words.len()));
    let reason = lower.find("due to: ").and_then(|at| reason.get(at + 8..)).unwrap_or(reason);
    let said = reason.to_ascii_lowercase();
    // with the code of an error it is one, and without it none
    let fits = |word: &str| match code {
        "5.7.24" | "defer_if_permit" | "4.7.24" => word.ends_with("error"),
        "5.7.23" => !word.ends_with("error"),
        _ => true,
    };
    let named = PHRASES.iter().filter(|(phrase, word)| fits(word) && said.contains(phrase)).map(|(_, word)| *word);
    let is_permanent = matches!(code, "5.7.23" | "550");
    let word = named.into_iter().next().or_else(|| is_permanent.then_some("fail"))?;
    let (_, identity) = words.rsplit_once("s=mfrom;id=").or_else(|| words.rsplit_once("s=helo;id=")).unzip();
    let identity = identity.and_then(|rest| rest.rsplit_once(";ip=")).map(|(identity, _)| identity);
    let property = match words.contains("s=helo;id=") {
        true => ("smtp.helo", identity.map(str::to_owned)),
        false => ("smtp.mailfrom", identity.map(domain)),
    };
    Some(result("spf", word, [property], Some(&said), NAME))
}

fn domain(address: &str) -> String {
    address.rsplit('@').next().unwrap_or_default().to_owned()
}

/// A name in HELO as Postfix hands it on: without what means something elsewhere.
fn neutered(helo: &str) -> String {
    helo.replace(|c| " <>()\\\";@".contains(c), "?")
}

/// A text as Python writes it in a dump, as far as it is plain.
fn python(text: &str) -> String {
    format!("'{text}'")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::tests::read;

    fn is_about(line: &str, client: &str, helo: Option<&str>, mail_from: &str) -> bool {
        let client = client.parse().unwrap();
        PolicydSpf.clients(line).contains(&client) && PolicydSpf.is_about(line, &Session { client, helo, mail_from })
    }

    #[test]
    fn policyd_spf_logs_the_field_that_it_prepends() {
        let line = "policyd-spf[240]: : prepend Authentication-Results: gateway.example; spf=permerror (SPF Permanent \
        Error: Unknown \
                    mechanism found: ip5:1.2.3.4) smtp.mailfrom=perm.example (client-ip=192.0.2.10; \
                    helo=mail.bank.example; \
                    envelope-from=b@perm.example; receiver=gateway.example)";
        assert_eq!(read(&[line, line]), ["spf=permerror smtp.mailfrom=perm.example"]);
        assert!(is_about(line, "192.0.2.10", Some("mail.bank.example"), "b@perm.example"));
        assert!(!is_about(line, "192.0.2.10", Some("mail.bank.example"), "c@perm.example"));
        let null = "policyd-spf[248]: : prepend Authentication-Results: gateway.example; spf=pass (sender SPF \
        authorized) smtp.helo=h.example \
                    (client-ip=2001:db8::1; helo=h.example; envelope-from=<>; receiver=gateway.example)";
        assert_eq!(read(&[null]), ["spf=pass smtp.helo=h.example"]);
        assert!(is_about(null, "2001:db8::1", None, ""));
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
        assert!(is_about(rejected, "198.51.100.66", Some("any"), "billing@bank.example"));
        assert_eq!(read(&["policyd-spf[1]: Starting", "policyd-spf[1]: Normal exit"]), [""; 0]);
    }

    #[test]
    fn a_dump_of_what_it_remembers_of_other_messages_says_nothing_of_this_one() {
        let line = "policyd-spf[300]: Ouch, caught exc: Exception: (<class 'dns.name.NameTooLong'>, NameTooLong('A DNS name is \
                    > 255 octets long.'), <traceback object at 0x7f1e7ee7ffc0>), locals: {'data': {'client_address': \
                    '198.51.100.66', 'helo_name': 'mail.mallory.example', 'sender': 'x@long.example'}, \
                    'instance_dict': {'12c.6b06421f.bc3a5.0': ['Pass', 'sender SPF authorized', 'mailfrom', 'prepend', \
                    'Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=192.0.2.25; helo=mx.sender.example; \
                    envelope-from=carol@sender.example; receiver=gateway.example ', 'prepend']}}";
        assert_eq!(read(&[line]), [""; 0]);
        assert!(is_about(line, "198.51.100.66", Some("mail.mallory.example"), "x@long.example"));
    }

    #[test]
    fn a_name_that_looks_like_an_end_of_it_is_compared_whole() {
        let line = ": prepend Authentication-Results: g.example; spf=none (no SPF record) smtp.mailfrom=a.example \
                    (client-ip=192.0.2.1; helo=h; envelope-from=x&y; z); client-ip=203.0.113.9; helo=v@a.example; \
                    receiver=g.example)";
        assert!(is_about(line, "192.0.2.1", Some("h"), "\"x&y; z); client-ip=203.0.113.9; helo=v\"@a.example"));
        assert!(!is_about(line, "203.0.113.9", Some("v"), "v@a.example"));
    }

    #[test]
    fn what_else_stands_in_its_field_is_a_peers_text() {
        let line = "policyd-spf[1]: : prepend Authentication-Results: g.example; spf=none (no SPF record) \
                    smtp.mailfrom=a.example (client-ip=192.0.2.1; helo=h; envelope-from=x); dkim=pass \
                    header.d=victim.example (y@a.example; receiver=g.example)";
        let read = read(&[line]);
        assert_eq!(read, ["spf=none smtp.mailfrom=a.example", "dkim=pass header.d=victim.example (injected)"]);
    }

    #[test]
    fn a_refusal_may_be_worded_by_the_site_and_by_the_domain() {
        for (words, result) in [
            ("550 5.7.23 Go away: SPF fail - not authorized", "spf=fail"),
            ("550 5.7.23 Message rejected due to: we say SPF permanent error. Please see x", "spf=fail"),
            (
                "550 5.7.24 Message rejected due to: SPF Permanent Error: Too many DNS lookups. Please see x",
                "spf=permerror",
            ),
            ("550 5.7.23 rejected (domain owner discourages use of this host)", "spf=softfail"),
            (
                "defer_if_permit 4.7.24 Message deferred due to: SPF Temporary Error: timeout. Please see x",
                "spf=temperror",
            ),
        ] {
            assert_eq!(read(&[&format!("policyd-spf[1]: {words}")]), [result], "{words}");
        }
    }
}
