//! `received`: the gateway's Received field says what was negotiated (RFC 5321 §4.4, RFC 3848 §1).

use super::{Case, Outcome, Scene, Transaction, causes};
use crate::{
    Cause, Check, Claim, ClaimList, Written,
    links::{Link, direct, last_hop},
    outcomes::{Outcome as Became, outcome_word},
};
use evidence::Observed;
use form::{Flaw, keywords};
use mail::{Domain, Message, is_same_suite};
use plan::{Daemon, Origin, Spanned};
use std::{net::IpAddr, ops::Range};

/// The gateway's Received field says how the connection was protected, and it is what was negotiated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Received;

keywords! {
    Received: "what Received says" {
        "as-negotiated" => Self, "version and cipher suite of the handshake, or nothing of TLS where there was none";
    }
}

impl Claim<Transaction> for Received {
    fn words(&self) -> String {
        "a Received field that says what was negotiated".to_owned()
    }

    fn check(&self, case: &Case<'_>) -> Check {
        check(case)
    }

    fn cause(&self, case: &Case<'_>) -> Option<Cause> {
        causes::setting(&case.plan.settings, Daemon::Postfix).or_else(|| causes::origin(case))
    }

    fn contradictions(&self, _: &Range<usize>, claims: &ClaimList<Transaction>, scene: &Scene<'_>) -> Vec<Flaw> {
        if let Some((lost, span)) = claims.first::<Outcome>()
            && matches!(lost.0, Became::Rejected | Became::Deferred | Became::Bounced | Became::Discarded)
        {
            let flaw = Flaw::new(format!("no Received field is seen of a message that is {}", lost.as_str()));
            return vec![flaw.at(span, "this outcome").help("take `received` or the outcome away")];
        }
        // from the gateway to its peer there is a connection, and a Received field about it
        let world = scene.world;
        let is_peer = |domain: &Domain| {
            world.owned().any(|own| domain.is_within(own)) && !world.gateway.iter().any(|own| domain.is_within(own))
        };
        let to_peer = scene.planned.rcpt_to.iter().any(|recipient| is_peer(recipient.value.domain()));
        if scene.planned.origin != Origin::Sendmail || to_peer {
            return Vec::new();
        }
        let flaw =
            Flaw::new("no connection brings this message to the gateway, so its Received field says nothing of one");
        vec![flaw.help("claim it of mail through `client` or `via.submission`; of the way on, claim `handshake`")]
    }
}

impl Written<Transaction> for Received {
    const KEY: &'static str = "received";
    const DOC: &'static str = "That the gateway's Received field says what was negotiated (RFC 3848 §1).";
    type Form = Self;

    fn read(written: Spanned<Self>, _: &mut Vec<Flaw>) -> Vec<Spanned<Self>> {
        vec![written]
    }
}

const WHAT: &str = "whether Received says what was negotiated";

/// Checks the field about the hop into the gateway; of mail between the two gateways, that about the hop between them.
/// Mail at a played host has no field about its last hop: then the field about the hop before counts.
fn check(case: &Case<'_>) -> Check {
    let seen = case.seen;
    let message = seen.object.delivered.first().map(|copy| &copy.message);
    let is_here = message.is_some();
    let Some(message) = message.or_else(|| seen.arrived.first().map(|arrived| &arrived.message)) else {
        return nothing(case);
    };
    let Some((hop, link)) = hop(&case.planned.origin, seen, is_here) else {
        return Check::unclear(WHAT, "a program on the gateway handed the message in, over no connection");
    };
    let trace: Vec<Trace> = message.all("Received").filter_map(Trace::read).collect();
    let field = trace.into_iter().find(|field| hop.is_in(field));
    match (field, link) {
        (_, Link::Unseen(why)) => Check::unclear(WHAT, why),
        (None, _) => Check::Fails(format!("no Received field is about {}", hop.words()), fields(message)),
        (Some(field), Link::Cleartext(how)) => field.cleartext(&how),
        (Some(field), Link::Protected(seen)) => field.protected(&seen.handshake.version, &seen.handshake.suite),
    }
}

fn fields(message: &Message) -> Vec<String> {
    let fields: Vec<String> = message.all("Received").map(|value| format!("Received: {value}")).collect();
    if fields.is_empty() { vec!["the message has no Received field".to_owned()] } else { fields }
}

/// No message was seen anywhere.
fn nothing(case: &Case<'_>) -> Check {
    match &case.outcome {
        Observed::Seen(outcome) => {
            let because = case.endings.iter().map(|ending| ending.because.clone()).collect();
            Check::Fails(format!("no message has come anywhere: it was {}", outcome_word(outcome)), because)
        }
        Observed::Unobserved(why) => Check::unclear(WHAT, why.clone()),
    }
}

/// The hop that is meant, and how it was protected; none, if no connection brought the message to the gateway.
fn hop<'a>(origin: &Origin, seen: &'a evidence::Transaction, is_here: bool) -> Option<(Hop, Link<'a>)> {
    let between = || {
        let to = seen.object.relays.last()?.to.split('[').next()?.to_owned();
        Some((Hop::To(to), last_hop(seen)))
    };
    match origin {
        Origin::Client(client) => Some((Hop::From(client.ip.value), direct(client.tls, seen))),
        _ if is_here && !seen.object.relays.is_empty() => between(),
        Origin::Submission(submission) => Some((Hop::Any, direct(submission.tls, seen))),
        Origin::Sendmail => None,
    }
}

/// By what a hop is known in the trace.
enum Hop {
    From(IpAddr),
    /// To the host of this name.
    To(String),
    /// The last one: there is no other.
    Any,
}

impl Hop {
    fn is_in(&self, field: &Trace) -> bool {
        match self {
            Self::From(ip) => field.from.contains(&format!("[{ip}]")) || field.from.contains(&format!("[IPv6:{ip}]")),
            Self::To(host) => field.by.eq_ignore_ascii_case(host),
            Self::Any => true,
        }
    }

    fn words(&self) -> String {
        match self {
            Self::From(ip) => format!("a connection from {ip}"),
            Self::To(host) => format!("a connection to {host}"),
            Self::Any => "an SMTP connection".to_owned(),
        }
    }
}

/// A Received field about an SMTP connection that came from elsewhere.
struct Trace {
    whole: String,
    /// The clause with its comments.
    from: String,
    by: String,
    /// `ESMTPS` and the like.
    with: String,
    /// Version and cipher suite; Postfix writes `(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (…) …)`.
    using: Option<(String, String)>,
}

impl Trace {
    /// Nothing for a field about LMTP, about a program on the host itself or about a filter there.
    fn read(value: &str) -> Option<Self> {
        let words = words(value);
        let plain: Vec<&str> = words.iter().filter(|word| !word.starts_with('(')).map(String::as_str).collect();
        let behind = |name: &str| {
            let at = plain.iter().position(|word| word.eq_ignore_ascii_case(name))?;
            plain.get(at + 1).map(|word| word.trim_end_matches(';'))
        };
        let by_at = words.iter().position(|word| word.eq_ignore_ascii_case("by"))?;
        let from = words[..by_at].join(" ");
        let is_local = ["[127.0.0.1]", "[::1]", "[IPv6:::1]"].iter().any(|address| from.contains(address));
        let with = behind("with").filter(|with| is_smtp(with) && !is_local)?;
        // the name that the client gave is its own to choose, comments in it too; the server's begin with its address
        let address = words[..by_at].iter().rposition(|word| word.starts_with('(') && word.contains('['));
        let using = words[address.unwrap_or(0)..by_at].iter().find_map(|word| using(word));
        // Exim and OpenSMTPD say it behind their own name; the paths are the client's
        let is_path = |word: &String| word.eq_ignore_ascii_case("for") || word.starts_with("(envelope-from");
        let end = words[by_at..].iter().position(is_path).map_or(words.len(), |at| by_at + at);
        let using = using.or_else(|| protected(&words[by_at..end]));
        behind("from")?;
        Some(Self { whole: value.to_owned(), by: behind("by")?.to_owned(), with: with.to_owned(), using, from })
    }

    /// The field as evidence.
    fn told(&self, seen: String) -> Vec<String> {
        vec![seen, format!("Received: {}", self.whole)]
    }

    fn protected(&self, version: &str, suite: &str) -> Check {
        let seen = || self.told(format!("the handshake was {version} {suite}"));
        let Some((told_version, told_suite)) = &self.using else {
            return Check::Fails("Received does not say what was negotiated".to_owned(), seen());
        };
        if !told_version.eq_ignore_ascii_case(version) {
            return Check::Fails(format!("Received says {told_version}, not {version}"), seen());
        }
        if !is_same_suite(told_suite, suite) {
            return Check::Fails(format!("Received says {told_suite}, not {suite}"), seen());
        }
        Check::that(is_secure(&self.with), || format!("Received says `with {}`, not TLS", self.with), seen)
    }

    fn cleartext(&self, how: &str) -> Check {
        let seen = || self.told(how.to_owned());
        if let Some((version, suite)) = &self.using {
            return Check::Fails(format!("Received says {version} {suite}, and there was no TLS"), seen());
        }
        let message = || format!("Received says `with {}`, and there was no TLS", self.with);
        Check::that(!is_secure(&self.with), message, seen)
    }
}

/// The words of a field, each comment one word, with the comments inside it.
fn words(value: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut depth) = (String::new(), 0_usize);
    for c in value.chars() {
        match c {
            '(' if depth == 0 && !word.is_empty() => words.push(std::mem::take(&mut word)),
            ' ' | '\t' | '\r' | '\n' if depth == 0 => {
                if !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                continue;
            }
            _ => {}
        }
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        word.push(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

fn using(comment: &str) -> Option<(String, String)> {
    let (version, rest) = comment.strip_prefix("(using ")?.split_once(" with cipher ")?;
    let suite = rest.split([' ', ')']).next()?;
    Some((version.to_owned(), suite.to_owned()))
}

/// Version and suite as Exim writes them, `(TLS1.3) tls TLS_AES_256_GCM_SHA384`, or OpenSMTPD,
/// `(TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO)`.
fn protected(words: &[String]) -> Option<(String, String)> {
    words.iter().enumerate().find_map(|(at, word)| {
        let inside = word.strip_prefix("(TLS")?.strip_suffix(')')?;
        let version = |number: &str| format!("TLSv{}", number.trim_start_matches('v'));
        if let Some((number, rest)) = inside.split_once(':') {
            return Some((version(number), rest.split(':').next()?.to_owned()));
        }
        let suite = words.get(at + 2).filter(|_| words.get(at + 1).is_some_and(|word| word == "tls"))?;
        Some((version(inside), suite.clone()))
    })
}

/// Whether a transmission type of RFC 3848 §1, or of RFC 6531 §4.3, is SMTP.
fn is_smtp(with: &str) -> bool {
    let with = with.to_ascii_uppercase();
    let with = with.strip_prefix("UTF8").unwrap_or(&with);
    matches!(with, "SMTP" | "SMTPS" | "ESMTP" | "ESMTPS" | "ESMTPA" | "ESMTPSA" | "SMTPSA" | "SMTPA")
}

/// Whether it says that TLS was negotiated: an `S` behind SMTP.
fn is_secure(with: &str) -> bool {
    let with = with.to_ascii_uppercase();
    with.rsplit_once("SMTP").is_some_and(|(_, more)| more.starts_with('S'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_postfix_reads() {
        let field = Trace::read(
            "from mail.two.example (unknown [192.0.2.10]) (using TLSv1.2 with cipher ECDHE-RSA-AES256-GCM-SHA384 \
             (256/256 bits) key-exchange x25519) (No client certificate requested) by mx.gateway.example (Postfix) \
             with ESMTPS id 4dFp for <alice@gateway.example>; Tue, 24 Nov 2026 09:44:52 +0000 (UTC)",
        )
        .unwrap();
        assert_eq!((field.by.as_str(), field.with.as_str()), ("mx.gateway.example", "ESMTPS"));
        assert_eq!(field.using, Some(("TLSv1.2".to_owned(), "ECDHE-RSA-AES256-GCM-SHA384".to_owned())));
        assert!(Hop::From("192.0.2.10".parse().unwrap()).is_in(&field));
        assert!(!Hop::From("192.0.2.1".parse().unwrap()).is_in(&field));
    }

    #[test]
    fn fields_of_others_read() {
        for (value, suite) in [
            (
                "from [192.0.2.77] (port=59108 helo=mail.traced.example) by mx.gateway.example with esmtps  (TLS1.3) tls \
                 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 (Exim 4.98.2) (envelope-from <billing@traced.example>) id 1xY92U for \
                 alice@gateway.example; Mon, 30 Nov 2026 21:35:58 +0000",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            ),
            (
                "from mail.traced.example (<unknown> [192.0.2.77]) by mx.gateway.example (OpenSMTPD) with ESMTPS id e409f92c \
                 (TLSv1.3:TLS_AES_256_GCM_SHA384:256:NO) for <alice@gateway.example>; Mon, 30 Nov 2026 21:27:08 +0000 (UTC)",
                "TLS_AES_256_GCM_SHA384",
            ),
        ] {
            let field = Trace::read(value).unwrap();
            assert_eq!(field.using, Some(("TLSv1.3".to_owned(), suite.to_owned())), "{value}");
            assert!(Hop::From("192.0.2.77".parse().unwrap()).is_in(&field));
        }
        let forged = "from [192.0.2.77] (helo=x) by mx.gateway.example with esmtp (Exim 4.98.2) (envelope-from <\"x) (TLS1.3) tls \
                      TLS_AES_256_GCM_SHA384 (\"@y.example>) id 1xY92U for alice@gateway.example; x";
        assert_eq!(Trace::read(forged).unwrap().using, None);
    }

    #[test]
    fn a_client_cannot_say_for_the_server_that_there_was_tls() {
        let value = "from x (using TLSv1.3 with cipher A) (unknown [192.0.2.10]) by mx.gateway.example with ESMTP id 1";
        assert_eq!(Trace::read(value).unwrap().using, None);
    }

    #[test]
    fn fields_about_something_else_are_left_out() {
        for value in [
            "from mx.gateway.example ([172.18.0.5]) by store.gateway.example with LMTP id +LHnDpRcBWs4AAAA4xn+HQ",
            "by mx.gateway.example (Postfix, from userid 0) id 39113F46FD; Tue, 24 Nov 2026 09:44:52 +0000 (UTC)",
            "from localhost (localhost [127.0.0.1]) by mx.gateway.example (Postfix) with ESMTP id 39113F46FD",
            "from x by y",
            "",
        ] {
            assert!(Trace::read(value).is_none(), "{value}");
        }
    }

    #[test]
    fn transmission_types_say_whether_there_was_tls() {
        for (with, is) in [("ESMTPS", true), ("ESMTPSA", true), ("UTF8SMTPS", true), ("SMTP", false), ("ESMTPA", false)]
        {
            assert!(is_smtp(with));
            assert_eq!(is_secure(with), is, "{with}");
        }
        assert!(!is_smtp("LMTP") && !is_smtp("UTF8LMTP") && !is_smtp("HTTPS"));
    }
}
