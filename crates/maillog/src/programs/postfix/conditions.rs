//! What Postfix says of its own side: filters and services that fail, tables, checks, restrictions, deliveries.
//!
//! A line is matched from its beginning, and a text with two ends of an address in it is left alone: whatever a peer writes
//! into an address is no reason of the gateway's.

use super::{delivery, said};
use crate::{
    line::{daemon, queue_id, value},
    programs::mta::Action,
};
use evidence::{Condition, ConditionKind as Kind, Configured, FateStatus, LogLine};

/// What Postfix replies when a milter fails and `milter_default_action` is `tempfail` or `reject`; a milter that says just that
/// itself has the same words.
const MILTER_FAILS: [&str; 2] = ["Service unavailable - try again later", "Service unavailable"];
/// What begins a milter's commands about the content; by then the message has a queue id (sendmail's libmilter, `mfdef.h`).
const OF_CONTENT: [&str; 5] = ["SMFIC_HEADER", "SMFIC_EOH", "SMFIC_BODYEOB", "SMFIC_BODY", "SMFIC_DATA"];

/// Whether a line says more than how a message went its way.
pub(super) fn is_telling(text: &str) -> bool {
    let (is_queued, text) = queue_id(text).map_or((false, text), |(_, rest)| (true, rest));
    let is_of = |course: &[&str]| course.iter().any(|begin| text.starts_with(begin));
    if is_queued {
        let is_course = is_of(&["client=", "message-id=", "uid=", "removed"]);
        let is_taken_up = text.starts_with("from=<") && text.ends_with("(queue active)");
        return text.contains(", sasl_username=") || !(is_course || is_taken_up);
    }
    let is_course = is_of(&["connect from ", "CONNECT from ", "disconnect from ", "DISCONNECT ", "PASS "]);
    !(is_course || text.contains("TLS connection established"))
}

/// For a line without a queue id: that a milter fails, and whether the process has begun with a message by then.
pub(super) fn filter_trouble(text: &str) -> Option<bool> {
    let (kind, _, reason) = milter(text)?;
    Some(kind == Kind::MilterFailed && OF_CONTENT.iter().any(|command| reason.contains(command)))
}

/// What a line proves to have been the matter.
pub(super) fn of(line: &LogLine) -> Option<Condition> {
    let text = queue_id(&line.text).map_or(line.text.as_str(), |(_, rest)| rest);
    let text = text.strip_prefix("NOQUEUE: ").unwrap_or(text);
    let condition = |kind, subject: &str, reason: &str| Condition {
        kind,
        subject: subject.to_owned(),
        reason: reason.to_owned(),
        line: None,
        setting: setting(kind),
    };
    if let Some((kind, service, reason)) = milter(text) {
        return Some(condition(kind, service, reason));
    }
    if let Some(rest) = text.strip_prefix("warning: problem talking to server ") {
        let (service, reason) = rest.split_once(": ")?;
        return Some(condition(Kind::PolicyServiceFailed, service, reason));
    }
    if let Some((table, reason)) = table(text) {
        return Some(condition(Kind::TableUnreadable, table, reason));
    }
    if text.starts_with("warning: not enough free space in mail queue") {
        return Some(condition(Kind::NoRoom, "", text.trim_start_matches("warning: ")));
    }
    if text.starts_with("client=") {
        return value(text, "sasl_username=").map(|user| condition(Kind::LoggedIn, user, ""));
    }
    if text.starts_with("to=<") {
        let failed = delivery(daemon(&line.program), text)?;
        let is_failed = matches!(failed.status, FateStatus::Deferred | FateStatus::Bounced);
        let is_to_mailbox = ["lmtp", "local", "virtual", "pipe"].contains(&daemon(&line.program));
        return (is_failed && is_to_mailbox).then(|| condition(Kind::DeliveryFailed, &failed.relay, &failed.said));
    }
    let said = said(text)?;
    for (part, kind) in [("header ", Kind::HeaderCheck), ("body ", Kind::BodyCheck)] {
        // `hold: header …`, `discard: …`, `reject: …`; all else changes nothing of what becomes of it
        if said.text.starts_with(part) && said.action != Action::Other && !text.starts_with("milter-") {
            let (word, _) = text.split_once(": ")?;
            return Some(condition(kind, word, ""));
        }
    }
    if text.starts_with("milter-hold: ") {
        return reason(said.text)
            .filter(|why| *why == "default_action")
            .map(|why| condition(Kind::HeldByDefault, "", why));
    }
    let why = reason(said.text).filter(|_| said.action == Action::Reject)?;
    if text.starts_with("milter-reject: ") {
        let (stage, _) = said.text.split_once(" from ")?;
        return MILTER_FAILS.contains(&why).then(|| condition(Kind::ServiceUnavailable, stage, why));
    }
    if daemon(&line.program) == "postscreen" {
        return Some(condition(Kind::Postscreen, "", why));
    }
    refused(why).map(|kind| condition(kind, "", why))
}

/// `connect to Milter service unix:/run/x.sock: Connection refused`; `milter unix:/run/x.sock: can't read SMFIC_MAIL reply …`.
fn milter(text: &str) -> Option<(Kind, &str, &str)> {
    let text = text.strip_prefix("warning: ")?;
    if let Some(rest) = text.strip_prefix("connect to Milter service ") {
        let (service, reason) = rest.split_once(": ")?;
        return Some((Kind::MilterUnreachable, service, reason));
    }
    let (service, reason) = text.strip_prefix("milter ")?.split_once(": ")?;
    let is_failure = ["can't ", "unreasonable packet", "unexpected "].iter().any(|begin| reason.starts_with(begin));
    is_failure.then_some((Kind::MilterFailed, service, reason))
}

/// `warning: hash:/etc/postfix/x is unavailable. open database /etc/postfix/x.db: No such file or directory`, and the like.
fn table(text: &str) -> Option<(&str, &str)> {
    if let Some(rest) = text.strip_prefix("error: open database ") {
        return rest.split_once(": ");
    }
    let rest = text.strip_prefix("warning: ")?;
    let is_table = |name: &str| name.contains(':') && !name.contains(' ');
    let found = rest.split_once(" is unavailable. ").or_else(|| {
        let (name, problem) = rest.rsplit_once(": ")?;
        (problem == "table lookup problem").then_some((name, problem))
    });
    found.filter(|(name, _)| is_table(name))
}

/// The reason in `RCPT from NAME[ADDRESS]: 450 4.2.0 <alice@x.example>: Recipient address rejected: Greylisted; from=<> …`,
/// without codes and address. None, if it cannot be told where the address ends.
fn reason(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once(']')?;
    // postscreen names the port
    let (port, rest) = rest.strip_prefix(':')?.split_once(' ')?;
    if !port.trim_end_matches(':').bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let rest = rest.split_once("; from=<").or_else(|| rest.split_once("; proto=")).map_or(rest, |(reason, _)| reason);
    let is_code = |word: &str| !word.is_empty() && word.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.');
    let mut reason = rest;
    while let Some((_, rest)) = reason.split_once(' ').filter(|(word, _)| is_code(word)) {
        reason = rest;
    }
    if !reason.starts_with('<') {
        return Some(reason);
    }
    let (_, reason) = reason.split_once(">: ")?;
    (!reason.contains(">: ")).then_some(reason)
}

/// What a refusal in Postfix's own words means. A policy service and a domain may write whatever they like behind theirs, so that
/// those are compared whole.
fn refused(reason: &str) -> Option<Kind> {
    let (what, rest) = reason.split_once(" rejected: ").unwrap_or(("", reason));
    let is_of_address = ["Client host", "Sender address", "Recipient address", "Helo command", "Data command"]
        .contains(&what)
        || what.is_empty();
    match rest {
        _ if !is_of_address => None,
        "Access denied" => Some(Kind::AccessDenied),
        "Server configuration problem" => Some(Kind::ServerProblem),
        "Server configuration error" => Some(Kind::Misconfigured),
        "Temporary lookup failure" => Some(Kind::LookupFailed),
        "Insufficient system storage" | "Error: insufficient system storage" => Some(Kind::NoRoom),
        "TLS not available due to local problem" => Some(Kind::TlsUnavailable),
        "Greylisted" | "Greylisting in action, please come back later" => Some(Kind::Greylisted),
        _ if rest.starts_with("Greylisted, see http") => Some(Kind::Greylisted),
        _ => None,
    }
}

/// The setting by which it comes to that, with Postfix's default.
fn setting(kind: Kind) -> Option<Configured> {
    let (name, default) = match kind {
        Kind::MilterUnreachable | Kind::MilterFailed => ("milter_default_action", "tempfail"),
        Kind::PolicyServiceFailed => ("smtpd_policy_service_default_action", "451 4.3.5 Server configuration problem"),
        Kind::HeaderCheck => ("header_checks", ""),
        Kind::BodyCheck => ("body_checks", ""),
        _ => return None,
    };
    Some(Configured { name: name.to_owned(), value: default.to_owned(), at: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(text: &str) -> Option<(Kind, String, String)> {
        let found = of(&crate::line::parse("mx", &format!("<22>Nov 24 09:38:01 {text}")))?;
        Some((found.kind, found.subject, found.reason))
    }

    #[test]
    fn postfix_says_what_is_the_matter() {
        let end = "; from=<a@x.example> to=<b@y.example> proto=ESMTP helo=<h>";
        let refused = |text: &str| format!("postfix/smtpd[7]: NOQUEUE: reject: RCPT from x[203.0.113.66]: {text}{end}");
        for (text, kind, subject) in [
            (
                "postfix/smtpd[7]: warning: connect to Milter service unix:/run/opendmarc/opendmarc.sock: Connection refused"
                    .to_owned(),
                Kind::MilterUnreachable,
                "unix:/run/opendmarc/opendmarc.sock",
            ),
            (
                "postfix/cleanup[8]: warning: milter inet:127.0.0.1:8891: can't read SMFIC_BODYEOB reply packet header: \
                 Connection timed out"
                    .to_owned(),
                Kind::MilterFailed,
                "inet:127.0.0.1:8891",
            ),
            (
                format!(
                    "postfix/cleanup[8]: 3F1A2B4C5D: milter-reject: END-OF-MESSAGE from x[203.0.113.66]: 4.7.1 Service \
                     unavailable - try again later{end}"
                ),
                Kind::ServiceUnavailable,
                "END-OF-MESSAGE",
            ),
            (
                format!("postfix/cleanup[8]: 3F1A2B4C5D: milter-hold: END-OF-MESSAGE from x[203.0.113.66]: default_action{end}"),
                Kind::HeldByDefault,
                "",
            ),
            (
                "postfix/smtpd[7]: warning: problem talking to server private/policyd-spf: Connection refused".to_owned(),
                Kind::PolicyServiceFailed,
                "private/policyd-spf",
            ),
            (refused("451 4.3.5 <b@y.example>: Recipient address rejected: Server configuration problem"), Kind::ServerProblem, ""),
            (refused("451 4.3.5 Server configuration error"), Kind::Misconfigured, ""),
            (refused("451 4.3.0 <b@y.example>: Temporary lookup failure"), Kind::LookupFailed, ""),
            (refused("554 5.7.1 <x[203.0.113.66]>: Client host rejected: Access denied"), Kind::AccessDenied, ""),
            (refused("450 4.2.0 <b@y.example>: Recipient address rejected: Greylisted"), Kind::Greylisted, ""),
            (refused("452 4.3.1 Insufficient system storage"), Kind::NoRoom, ""),
            (
                "postfix/smtpd[7]: warning: hash:/etc/postfix/a is unavailable. open database /etc/postfix/a.db: No such \
                 file or directory"
                    .to_owned(),
                Kind::TableUnreadable,
                "hash:/etc/postfix/a",
            ),
            (
                format!("postfix/cleanup[8]: 3F1A2B4C5D: reject: header Subject: buy from x[203.0.113.66]{end}: 5.7.1 no"),
                Kind::HeaderCheck,
                "reject",
            ),
            (
                "postfix/postscreen[9]: NOQUEUE: reject: RCPT from [203.0.113.66]:4711: 550 5.5.1 Protocol error; from=<>"
                    .to_owned(),
                Kind::Postscreen,
                "",
            ),
            (
                "postfix/lmtp[9]: 3F1A2B4C5D: to=<b@y.example>, relay=store[10.0.0.2]:24, delay=1, dsn=4.2.2, \
                 status=deferred (host store said: 452 4.2.2 <b@y.example> Quota exceeded)"
                    .to_owned(),
                Kind::DeliveryFailed,
                "store[10.0.0.2]:24",
            ),
            (
                "postfix/submission/smtpd[7]: 3F1A2B4C5D: client=x[203.0.113.66], sasl_method=PLAIN, sasl_username=a@x.example"
                    .to_owned(),
                Kind::LoggedIn,
                "a@x.example",
            ),
        ] {
            let found = seen(&text).unwrap_or_else(|| panic!("nothing in {text}"));
            assert_eq!((found.0, found.1.as_str()), (kind, subject), "{text}");
        }
    }

    #[test]
    fn of_a_filter_that_fails_it_is_known_which_message_is_meant() {
        let unreachable = "warning: connect to Milter service unix:/x: Connection refused";
        assert_eq!(filter_trouble(unreachable), Some(false));
        let failed =
            |command: &str| format!("warning: milter unix:/x: can't read {command} reply packet header: Success");
        assert_eq!(filter_trouble(&failed("SMFIC_CONNECT")), Some(false));
        assert_eq!(filter_trouble(&failed("SMFIC_BODYEOB")), Some(true));
        assert_eq!(filter_trouble("warning: hostname x does not resolve"), None);
    }

    #[test]
    fn what_somebody_else_may_have_written_is_no_reason() {
        for text in [
            "550 5.1.1 <\"a>: Recipient address rejected: Greylisted\"@y.example>: Recipient address rejected: User unknown",
            "550 5.7.23 <b@y.example>: Recipient address rejected: Message rejected due to: >: Recipient address rejected: \
             Greylisted",
            "550 5.7.1 <b@y.example>: Recipient address rejected: Access denied by policy of x.example",
        ] {
            assert_eq!(
                seen(&format!("postfix/smtpd[7]: NOQUEUE: reject: RCPT from x[203.0.113.66]: {text}; from=<>")),
                None
            );
        }
        // OpenDMARC's own words, and mail that leaves by SMTP
        for text in [
            "postfix/cleanup[8]: 3F1A2B4C5D: milter-reject: END-OF-MESSAGE from x[203.0.113.66]: 5.7.1 rejected by DMARC \
             policy for x.example; from=<>",
            "postfix/smtp[9]: 3F1A2B4C5D: to=<b@y.example>, relay=none, dsn=4.4.1, status=deferred (timeout)",
        ] {
            assert_eq!(seen(text), None, "{text}");
        }
    }

    #[test]
    fn what_merely_went_its_way_tells_nothing() {
        for (text, tells) in [
            ("connect from x[203.0.113.66]", false),
            ("disconnect from x[203.0.113.66] ehlo=1", false),
            ("Anonymous TLS connection established from x[203.0.113.66]: TLSv1.3", false),
            ("3F1A2B4C5D: client=x[203.0.113.66]", false),
            ("3F1A2B4C5D: client=x[203.0.113.66], sasl_method=PLAIN, sasl_username=a", true),
            ("3F1A2B4C5D: from=<a@x.example>, size=1, nrcpt=1 (queue active)", false),
            ("3F1A2B4C5D: from=<a@x.example>, status=expired, returned to sender", true),
            ("3F1A2B4C5D: to=<a@x.example>, relay=none, status=sent (x)", true),
            ("3F1A2B4C5D: removed", false),
            ("NOQUEUE: reject: RCPT from x[203.0.113.66]: 550 no", true),
            ("warning: connect to Milter service unix:/x: Connection refused", true),
        ] {
            assert_eq!(is_telling(text), tells, "{text}");
        }
    }
}
