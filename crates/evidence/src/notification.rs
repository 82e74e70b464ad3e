//! Notifications about mail that was not delivered (RFC 3464).

use mail::{Address, EnhancedStatus, Message};
use mail_parser::{MessageParser, MimeHeaders};

/// What a delivery status notification says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// Name of the MTA that reports (RFC 3464 §2.2.2).
    pub reporting_mta: Option<String>,
    /// One for each recipient (RFC 3464 §2.3).
    pub recipients: Vec<Recipient>,
}

/// What a notification says about one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// To whom delivery was tried (RFC 3464 §2.3.2).
    pub final_recipient: Option<Address>,
    /// `failed`, `delayed`, `delivered`, `relayed` or `expanded` (RFC 3464 §2.3.3), in lower case.
    pub action: String,
    /// RFC 3464 §2.3.4.
    pub status: Option<EnhancedStatus>,
    /// What the next hop said, without its type (RFC 3464 §2.3.6).
    pub diagnostic_code: Option<String>,
    /// Name of that hop (RFC 3464 §2.3.5).
    pub remote_mta: Option<String>,
}

impl Notification {
    /// Reads the `message/delivery-status` part of a message; `None` if it has none that reports on a recipient.
    #[must_use]
    pub fn of(message: &Message) -> Option<Self> {
        let octets = octets(message);
        let parsed = MessageParser::new().parse(&octets)?;
        let is_status = |part: &&mail_parser::MessagePart<'_>| {
            let kind = part.content_type();
            kind.is_some_and(|kind| {
                let is = |word: Option<&str>, wanted: &str| word.is_some_and(|word| word.eq_ignore_ascii_case(wanted));
                is(Some(kind.ctype()), "message")
                    && (is(kind.subtype(), "delivery-status") || is(kind.subtype(), "global-delivery-status"))
            })
        };
        let report = parsed.parts.iter().find(is_status)?;
        let text = String::from_utf8_lossy(report.contents()).replace("\r\n", "\n");
        let mut groups = text
            .split("\n\n")
            .filter(|group| !group.trim().is_empty())
            .map(|g| Message::parse(g.trim_start().as_bytes()));
        let about = groups.next()?;
        let recipients: Vec<Recipient> = groups.filter_map(|group| recipient(&group)).collect();
        let reporting_mta = about.first("Reporting-MTA").map(|name| untyped(name).to_owned());
        (!recipients.is_empty()).then_some(Self { reporting_mta, recipients })
    }
}

/// Whether a mail server made this message itself, as Postfix does when it tells its postmaster of errors: its reverse-path is
/// null or `double-bounce`, and every Received field is about a mailbox server or names nobody from whom it came. Mail that
/// anybody brought has a field that names its client (RFC 5321 §4.4), whatever else stands in it.
#[must_use]
pub fn is_of_server_itself(message: &Message) -> bool {
    let reverse_path = message.first("Return-Path").unwrap_or("<>").trim_matches(['<', '>']);
    let is_bounce = reverse_path.is_empty() || reverse_path.split('@').next() == Some("double-bounce");
    let mut received = message.all("Received").peekable();
    let has_trace = received.peek().is_some();
    let nobody_brought_it = received
        .all(|field| field.contains(" with LMTP") || (field.starts_with("by ") && !field.contains("from userid")));
    is_bounce && has_trace && nobody_brought_it
}

fn recipient(group: &Message) -> Option<Recipient> {
    let field = |name: &str| group.first(name).map(|value| untyped(value).to_owned());
    Some(Recipient {
        final_recipient: field("Final-Recipient").and_then(|address| address.parse().ok()),
        action: field("Action")?.to_ascii_lowercase(),
        status: field("Status").and_then(|status| status.split(' ').next()?.parse().ok()),
        diagnostic_code: field("Diagnostic-Code"),
        remote_mta: field("Remote-MTA"),
    })
}

/// `rfc822; a@x.example` without the type.
fn untyped(value: &str) -> &str {
    value.split_once(';').filter(|(kind, _)| !kind.contains(' ')).map_or(value, |(_, rest)| rest).trim()
}

fn octets(message: &Message) -> Vec<u8> {
    let header: String = message.fields.iter().map(|field| format!("{}: {}\r\n", field.name, field.value)).collect();
    [header.as_bytes(), b"\r\n", &message.body].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BOUNCE: &str = include_str!("../tests/samples/bounce.eml");

    #[test]
    fn a_notification_of_postfix_reads() {
        let notification = Notification::of(&Message::parse(BOUNCE.as_bytes())).unwrap();
        assert_eq!(notification.reporting_mta.as_deref(), Some("mx.sender.example"));
        let [recipient] = notification.recipients.as_slice() else { panic!("{notification:?}") };
        assert_eq!(recipient.final_recipient, "nobody@gateway.example".parse().ok());
        assert_eq!((recipient.action.as_str(), recipient.status), ("failed", "5.1.1".parse().ok()));
        assert_eq!(
            recipient.diagnostic_code.as_deref(),
            Some(
                "550 5.1.1 <nobody@gateway.example>: Recipient address rejected: User unknown in virtual mailbox table"
            )
        );
    }

    #[test]
    fn a_notice_of_the_server_itself_is_told_from_mail_that_somebody_brought() {
        const LMTP: &str = "Received: from mx.x.example ([172.30.0.2])\n\tby store.x.example with LMTP id abc; now\n";
        const OWN: &str = "Received: by mx.x.example (Postfix)\n\tid A72C62A4D52; now\n";
        const CLIENT: &str = "Received: from a (unknown [10.0.0.9]) by mx.x.example (Postfix) with ESMTP id B; now\n";
        let is_own = |path: &str, trace: &[&str]| {
            is_of_server_itself(&Message::parse(format!("Return-Path: <{path}>\n{}\nx\n", trace.concat()).as_bytes()))
        };
        assert!(is_own("double-bounce@mx.x.example", &[LMTP, OWN]) && is_own("", &[LMTP, OWN]));
        assert!(!is_own("double-bounce@mx.x.example", &[LMTP, CLIENT, OWN]));
        assert!(!is_own("mallory@attacker.example", &[LMTP, OWN]) && !is_own("", &[]));
        assert!(!is_own("", &["Received: by mx.x.example (Postfix, from userid 0) id C; now\n"]));
    }

    #[test]
    fn other_mail_is_no_notification() {
        assert_eq!(Notification::of(&Message::parse(b"From: a@x.example\n\nAction: failed\n")), None);
    }

    proptest! {
        #[test]
        fn any_message_is_a_notification_or_none(at in 0..BOUNCE.len(), noise in "\\PC{0,30}") {
            let (head, tail) = BOUNCE.split_at(at);
            let _ = Notification::of(&Message::parse(format!("{head}{noise}{tail}").as_bytes()));
        }
    }
}
