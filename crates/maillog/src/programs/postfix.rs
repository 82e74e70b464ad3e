//! Postfix: the queue, and what its programs say of clients, handshakes and deliveries.

mod conditions;
mod path;
mod tls;

use super::{
    Program,
    mta::{Action, DeliveryLine, Event, Said},
};
use crate::line::{bracketed, daemon, is_queue_id, path, queue_id, value};
use evidence::{Condition, FateStatus, LogLine};
use path::envelopes;

/// The daemons that have something to say of a message: whatever `syslog_name` says, a line names its daemon.
const DAEMONS: [&str; 13] = [
    "bounce",
    "cleanup",
    "discard",
    "error",
    "lmtp",
    "local",
    "pickup",
    "pipe",
    "postscreen",
    "qmgr",
    "smtp",
    "smtpd",
    "virtual",
];

/// Postfix, whatever its instance is called.
pub(super) struct Postfix;

impl Program for Postfix {
    fn wrote(&self, program: &str) -> bool {
        let Some((name, daemon)) = program.rsplit_once('/') else { return false };
        name.starts_with("postfix") || DAEMONS.contains(&daemon)
    }

    fn events<'a>(&self, line: &'a LogLine) -> Option<(Option<&'a str>, Vec<Event<'a>>)> {
        let (id, event) = read(line);
        Some((id, vec![event]))
    }

    /// One that serves many at once tells them apart by address.
    fn session(&self, line: &LogLine) -> String {
        let among = (daemon(&line.program) == "postscreen").then(|| bracketed(&line.text)).flatten();
        let process = line.pid.map(|pid| pid.to_string()).unwrap_or_default();
        among.map_or_else(|| process.clone(), |client| format!("{process} {client}"))
    }

    fn queued_as<'a>(&self, reply: &'a str) -> Option<&'a str> {
        let (_, rest) = reply.rsplit_once(" queued as ").or_else(|| reply.split_once("forwarded as "))?;
        rest.split([' ', ')']).next().filter(|id| is_queue_id(id))
    }

    fn is_telling(&self, text: &str) -> bool {
        conditions::is_telling(text)
    }

    fn condition(&self, line: &LogLine) -> Option<Condition> {
        conditions::of(line)
    }
}

/// The queue id of a line, and what it says.
fn read(line: &LogLine) -> (Option<&str>, Event<'_>) {
    match queue_id(&line.text) {
        Some((id, text)) => (Some(id), queued(daemon(&line.program), text)),
        None => (None, unqueued(&line.text)),
    }
}

fn queued<'a>(daemon: &str, text: &'a str) -> Event<'a> {
    match text {
        "removed" => return Event::Removed,
        "removed (canceled)" => return Event::Cancelled,
        _ => {}
    }
    if let Some(client) = text.strip_prefix("client=") {
        return Event::Arrived(bracketed(client));
    }
    if text.starts_with("uid=") {
        return Event::Arrived(None);
    }
    if let Some(id) = text.strip_prefix("message-id=") {
        return Event::MessageId(id.trim_start_matches('<').trim_end_matches('>'));
    }
    if let Some(rest) = text.strip_prefix("from=<") {
        // a quoted local part may have all of this in it, but not behind it
        let (from, rest) = rest.rsplit_once(">, ").unwrap_or_default();
        let count = rest.starts_with("size=").then(|| value(rest, "nrcpt=")?.parse().ok()).flatten();
        return match count {
            Some(recipients) => Event::Active { from: Some(from), recipients: Some(recipients) },
            None if rest.starts_with("status=expired") => Event::Expired,
            None => Event::Other,
        };
    }
    if text.starts_with("to=<") {
        return delivery(daemon, text).map_or(Event::Other, Event::Delivery);
    }
    let notification =
        ["sender non-delivery notification: ", "sender delay notification: ", "sender delivery status notification: "];
    if let Some(id) = notification.iter().find_map(|begin| text.strip_prefix(begin)) {
        return if is_queue_id(id) { Event::Notification(id) } else { Event::Other };
    }
    said(text).map_or(Event::Other, Event::Said)
}

fn unqueued(text: &str) -> Event<'_> {
    let is_client = |rest: &str| rest.contains('[');
    for (begin, is_begin) in
        [("connect from ", true), ("CONNECT from ", true), ("disconnect from ", false), ("DISCONNECT ", false)]
    {
        if let Some(client) = text.strip_prefix(begin).filter(|rest| is_client(rest)) {
            let client_ip = bracketed(client);
            return if is_begin {
                Event::Connect(client_ip)
            } else {
                Event::Disconnect { client: client_ip, accepted: accepted(client) }
            };
        }
    }
    if text.starts_with("PASS ") {
        return Event::PassedOn;
    }
    if let Some(logged) = tls::established(text) {
        return Event::Tls(logged);
    }
    if let Some((peer, reason)) = tls::distrust(text) {
        return Event::Distrust { peer, reason };
    }
    if let Some(is_begun) = conditions::filter_trouble(text) {
        return Event::FilterTrouble { is_begun };
    }
    text.strip_prefix("NOQUEUE: ").and_then(said).map_or(Event::Other, Event::Said)
}

/// `data=1` or `data=1/2` of the counts at the end of a disconnect line; no such count when there was no DATA.
/// Messages in BDAT chunks are not counted.
fn accepted(text: &str) -> Option<u32> {
    let (_, counts) = text.split_once("] ")?;
    if !counts.contains("commands=") || counts.split(' ').any(|count| count.starts_with("bdat=")) {
        return None;
    }
    let data = counts.split(' ').find_map(|count| count.strip_prefix("data="));
    data.map_or(Some(0), |count| count.split('/').next()?.parse().ok())
}

fn said(text: &str) -> Option<Said<'_>> {
    let (word, rest) = text.split_once(": ")?;
    let action = match word {
        "reject" | "milter-reject" | "proxy-reject" | "milter-tempfail" => Action::Reject,
        "hold" | "milter-hold" => Action::Hold,
        "discard" | "milter-discard" => Action::Discard,
        "reject_warning" | "warn" | "filter" | "redirect" | "prepend" | "replace" | "info" | "bcc" | "delay" => {
            Action::Other
        }
        _ => return None,
    };
    Some(Said { action, from: envelopes(rest), text: rest })
}

fn delivery<'a>(daemon: &str, text: &'a str) -> Option<DeliveryLine<'a>> {
    let (to, rest) = path(text.strip_prefix("to=")?)?;
    let (orig_to, rest) = rest.strip_prefix(", orig_to=").and_then(path).map_or((None, rest), |(to, r)| (Some(to), r));
    let (head, rest) = rest.split_once(", status=")?;
    let (word, said) = rest.split_once(' ').unwrap_or((rest, ""));
    let status = match word {
        "sent" if daemon == "discard" => FateStatus::Discarded,
        "sent" | "delivered" => FateStatus::Sent,
        "deferred" | "undeliverable" => FateStatus::Deferred,
        "bounced" | "expired" => FateStatus::Bounced,
        _ => return None,
    };
    let inside = said.strip_prefix('(').unwrap_or(said);
    let said = inside.strip_suffix(')').unwrap_or(inside);
    let status = if status == FateStatus::Sent { of_a_filter(said).unwrap_or(status) } else { status };
    let relay = value(head, "relay=").unwrap_or("none");
    Some(DeliveryLine {
        to,
        orig_to,
        relay: relay.into(),
        connection: relay,
        is_relayed: daemon == "smtp" && relay != "none",
        is_reused: value(head, "conn_use=").is_some(),
        status,
        said: said.into(),
        handshake: None,
    })
}

/// What amavis did with a message that it took, and hands on to nobody: `250 2.5.0 Ok, id=00880-04-5, BOUNCE`.
fn of_a_filter(said: &str) -> Option<FateStatus> {
    let (_, rest) = said.split_once(", id=")?;
    if rest.ends_with(", BOUNCE") {
        return Some(FateStatus::Bounced);
    }
    said.starts_with("250 2.7.0 Ok, discarded, ").then_some(FateStatus::Discarded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(text: &str) -> LogLine {
        crate::line::parse("mx", &format!("<22>Nov 24 09:38:01 {text}"))
    }

    #[test]
    fn an_instance_may_have_any_name() {
        for program in ["postfix/smtpd", "postfix/submission/smtpd", "mail/smtpd", "mx1/in/cleanup", "postfix-out/x"] {
            assert!(Postfix.wrote(program), "{program}");
        }
        for program in ["postfix", "smtpd", "dovecot/lmtp-login", "opendkim", ""] {
            assert!(!Postfix.wrote(program), "{program}");
        }
    }

    #[test]
    fn a_delivery_reads() {
        let line = line(
            "postfix/smtp[88]: 3F1A2B4C5D: to=<b@x.example>, orig_to=<a@x.example>, relay=mx.x.example[192.0.2.1]:25, \
             conn_use=2, \
             delay=0.2, delays=0/0/0.1/0.1, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as 4D1A2B4C5D)",
        );
        let (id, Event::Delivery(delivery)) = read(&line) else { panic!("{:?}", read(&line)) };
        assert_eq!(id, Some("3F1A2B4C5D"));
        assert_eq!((delivery.to, delivery.orig_to), ("b@x.example", Some("a@x.example")));
        assert_eq!((&*delivery.relay, delivery.is_reused), ("mx.x.example[192.0.2.1]:25", true));
        assert_eq!(delivery.status, FateStatus::Sent);
        assert_eq!(delivery.next(), Some("4D1A2B4C5D"));
    }

    #[test]
    fn what_the_discard_transport_takes_is_thrown_away() {
        let line =
            line("postfix/discard[8]: 3F1A2B4C5D: to=<a@x.example>, relay=none, delay=0, status=sent (x.example)");
        assert!(matches!(read(&line).1, Event::Delivery(DeliveryLine { status: FateStatus::Discarded, .. })));
    }

    #[test]
    fn what_a_filter_took_and_did_not_hand_on_is_not_delivered() {
        for (said, status) in [
            ("250 2.5.0 Ok, id=00880-04-5, BOUNCE", FateStatus::Bounced),
            ("250 2.7.0 Ok, discarded, id=00880-04-5 - spam", FateStatus::Discarded),
            ("250 2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4D1A2B4C5D", FateStatus::Sent),
        ] {
            let text = format!(
                "postfix/smtp-amavis/smtp[8]: 3F1A2B4C5D: to=<a@x.example>, relay=127.0.0.1[127.0.0.1]:10024, delay=2.4, \
                 dsn=2.5.0, status=sent ({said})"
            );
            let line = line(&text);
            let Event::Delivery(delivery) = read(&line).1 else { panic!("{:?}", read(&line)) };
            assert_eq!(delivery.status, status, "{said}");
        }
    }

    #[test]
    fn rejections_name_the_reverse_path() {
        for (text, action) in [
            (
                "NOQUEUE: reject: RCPT from unknown[203.0.113.66]: 554 5.7.1 <b@y.example>: Relay access denied;",
                Action::Reject,
            ),
            ("NOQUEUE: reject: RCPT from [203.0.113.66]:4711: 550 5.5.1 Protocol error;", Action::Reject),
            ("3F1A2B4C5D: milter-reject: END-OF-MESSAGE from unknown[203.0.113.66]: 5.7.1 rejected;", Action::Reject),
            (
                "3F1A2B4C5D: milter-hold: END-OF-MESSAGE from x[203.0.113.66]: milter triggers HOLD action;",
                Action::Hold,
            ),
            ("3F1A2B4C5D: discard: header Subject: x from x[203.0.113.66];", Action::Discard),
        ] {
            let line =
                line(&format!("postfix/smtpd[7]: {text} from=<a@y.example> to=<b@y.example> proto=ESMTP helo=<h>"));
            let Event::Said(said) = read(&line).1 else { panic!("{text}") };
            assert_eq!((said.action, said.from), (action, vec!["a@y.example"]), "{text}");
        }
    }

    #[test]
    fn the_end_of_a_connection_counts_messages() {
        for (counts, accepted) in [
            (" ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1 commands=7", Some(1)),
            (" ehlo=1 mail=1 rcpt=1 data=0/1 quit=1 commands=4/5", Some(0)),
            (" ehlo=1 quit=1 commands=2", Some(0)),
            (" ehlo=1 mail=1 rcpt=1 bdat=2 commands=5", None),
        ] {
            let line = line(&format!("postfix/smtpd[7]: disconnect from x[203.0.113.66]{counts}"));
            assert_eq!(read(&line).1, Event::Disconnect { client: Some("203.0.113.66".parse().unwrap()), accepted });
        }
    }

    proptest! {
        #[test]
        fn any_line_reads(text in "(3F1A2B4C5D: |NOQUEUE: )?(to=<|reject: |client=|from=<|disconnect from |connect \
        from )?\\PC{0,60}") {
            read(&line(&format!("postfix/smtpd[7]: {text}")));
        }

        #[test]
        fn any_delivery_reads(to in "\\PC{0,20}", said in "\\PC{0,30}") {
            let line = line(&format!("postfix/smtp[7]: 3F1A2B4C5D: to=<{to}>, relay=none, status=sent ({said})"));
            if let Event::Delivery(delivery) = read(&line).1 {
                delivery.next();
            }
        }
    }
}
