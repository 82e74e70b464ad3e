//! OpenSMTPD: each line begins with the id of a session, of a client (`smtp`), of a delivery to a mailbox (`mda`) or of one to another
//! MTA (`mta`). An envelope id (`evpid`) begins with the id of its message.
//!
//! Commands of a client stand in a line as they were said, between quotes that are not escaped: nothing is read of them.

use super::{
    Program, is_daemon,
    mta::{Action, DeliveryLine, Event, LOCAL, Logged, Said},
};
use crate::line::path;
use evidence::{Condition, ConditionKind, FateStatus, Handshake, LogLine, Trust};
use mail::iana_suite;
use std::borrow::Cow;

pub(super) struct OpenSmtpd;

/// What is known of a server's certificate until it is told that it is good.
const UNVERIFIED: &str = "it was not verified";

impl Program for OpenSmtpd {
    fn wrote(&self, program: &str) -> bool {
        is_daemon(program, "smtpd") && !program.contains('/')
    }

    fn events<'a>(&self, line: &'a LogLine) -> Option<(Option<&'a str>, Vec<Event<'a>>)> {
        let Some((id, text)) = session(&line.text) else { return Some((None, vec![Event::Other])) };
        let told = if let Some(text) = text.strip_prefix("smtp ") {
            of_client(text)
        } else if let Some(text) = text.strip_prefix("mda delivery ") {
            delivery(text, to_mailbox).map(gone_when_done)
        } else if let Some(text) = text.strip_prefix("mta ") {
            of_server(id, text)
        } else {
            None
        };
        Some(told.unwrap_or_else(|| (None, vec![Event::Other])))
    }

    fn session(&self, line: &LogLine) -> String {
        session(&line.text).map_or_else(String::new, |(id, _)| id.to_owned())
    }

    /// `2.0.0 e409f92c Message accepted for delivery`.
    fn queued_as<'a>(&self, reply: &'a str) -> Option<&'a str> {
        let (before, id) = reply.strip_suffix(" Message accepted for delivery")?.rsplit_once(' ')?;
        (before.ends_with("2.0.0") && is_hex(id, 8)).then_some(id)
    }

    fn is_telling(&self, text: &str) -> bool {
        let Some((_, text)) = session(text) else { return true };
        let course =
            ["smtp connected ", "smtp disconnected ", "smtp tls ", "smtp message ", "smtp envelope ", "mta conn"];
        !course.iter().any(|begin| text.starts_with(begin))
    }

    fn condition(&self, line: &LogLine) -> Option<Condition> {
        let (_, text) = session(&line.text)?;
        let condition = |kind, subject: &str, reason: &str| {
            let (subject, reason) = (subject.to_owned(), reason.to_owned());
            Some(Condition { kind, subject, reason, line: None, setting: None })
        };
        if let Some(rest) = text.strip_prefix("smtp authentication user=") {
            return condition(ConditionKind::LoggedIn, rest.strip_suffix(" result=ok")?, "");
        }
        let (_, failed) = delivery(text.strip_prefix("mda delivery ")?, to_mailbox)?;
        (failed.status != FateStatus::Sent)
            .then(|| condition(ConditionKind::DeliveryFailed, "none", &failed.said))
            .flatten()
    }
}

/// The id of the session that a line begins with, and what it says.
fn session(text: &str) -> Option<(&str, &str)> {
    text.split_once(' ').filter(|(id, _)| is_hex(id, 16))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The id of the message in that of an envelope.
fn message(evpid: &str) -> Option<&str> {
    is_hex(evpid, 16).then(|| &evpid[..8])
}

type Told<'a> = (Option<&'a str>, Vec<Event<'a>>);

fn of_client(text: &str) -> Option<Told<'_>> {
    if let Some(rest) = text.strip_prefix("connected address=") {
        let address = rest.split(' ').next()?.trim_start_matches('[').trim_end_matches(']');
        let client = match address {
            "local" => Some(LOCAL),
            _ => address.strip_prefix("IPv6:").unwrap_or(address).parse().ok(),
        };
        return Some((None, vec![Event::Connect(client)]));
    }
    if text.starts_with("disconnected ") {
        return Some((None, vec![Event::Disconnect { client: None, accepted: None }]));
    }
    if let Some(rest) = text.strip_prefix("message msgid=") {
        let (id, rest) = rest.split_once(' ').filter(|(id, _)| is_hex(id, 8))?;
        let count = rest.split(' ').find_map(|word| word.strip_prefix("nrcpt="))?.parse().ok();
        return Some((Some(id), vec![Event::Named, Event::Active { from: None, recipients: count }]));
    }
    if let Some(rest) = text.strip_prefix("envelope evpid=") {
        let (id, rest) = rest.split_once(" from=")?;
        let (from, rest) = path(rest)?;
        let (to, _) = path(rest.strip_prefix(" to=")?)?;
        let active = Event::Active { from: Some(from), recipients: None };
        return Some((Some(message(id)?), vec![Event::Named, active, Event::Recipient(to)]));
    }
    if text.starts_with("failed-command ") || text.starts_with("bad-input ") {
        return Some((None, vec![Event::Said(Said { action: Action::Reject, from: Vec::new(), text })]));
    }
    None
}

fn of_server<'a>(session: &'a str, text: &'a str) -> Option<Told<'a>> {
    if let Some(ciphers) = text.strip_prefix("tls ciphers=") {
        let handshake = handshake(ciphers)?;
        return Some((None, vec![Event::Tls(Logged { peer: session.to_owned(), is_outgoing: true, handshake })]));
    }
    if text.starts_with("cert-check result=\"valid\"") {
        return Some((None, vec![Event::Trusted { peer: session }]));
    }
    let (id, line) = delivery(text.strip_prefix("delivery ")?, to_server)?;
    Some(gone_when_done((id, DeliveryLine { connection: session, ..line })))
}

/// Nothing is said when a message leaves the queue.
fn gone_when_done<'a>((id, delivery): (&'a str, DeliveryLine<'a>)) -> Told<'a> {
    (Some(id), vec![Event::Named, Event::Delivery(delivery), Event::GoneWhenDone])
}

/// `evpid=… from=<…> to=<…> rcpt=<…> …`; the rest tells where it went.
fn delivery<'a>(
    text: &'a str,
    rest_of: impl Fn(&'a str) -> Option<(Cow<'a, str>, &'a str, &'a str)>,
) -> Option<(&'a str, DeliveryLine<'a>)> {
    let (id, rest) = text.strip_prefix("evpid=")?.split_once(" from=")?;
    let (_, rest) = path(rest)?;
    let (to, rest) = path(rest.strip_prefix(" to=")?)?;
    let (rcpt, rest) = rest.strip_prefix(" rcpt=").and_then(path).map_or((None, rest), |(to, rest)| (Some(to), rest));
    let (relay, word, said) = rest_of(rest)?;
    let status = match word {
        "Ok" => FateStatus::Sent,
        "TempFail" => FateStatus::Deferred,
        "PermFail" | "Loop" => FateStatus::Bounced,
        _ => return None,
    };
    let is_relayed = relay != "none";
    let delivery = DeliveryLine {
        to,
        orig_to: rcpt.filter(|rcpt| !["", "-", to].contains(rcpt)),
        relay,
        connection: "",
        is_relayed,
        is_reused: true,
        status,
        said: said.into(),
        handshake: None,
    };
    Some((message(id)?, delivery))
}

/// ` user=… delay=… result=Ok stat=…`.
fn to_mailbox(rest: &str) -> Option<(Cow<'_, str>, &str, &str)> {
    let (user, rest) = rest.strip_prefix(" user=")?.split_once(" delay=")?;
    let (_, rest) = rest.split_once(" result=").filter(|_| !user.contains(' '))?;
    let (word, said) = rest.split_once(" stat=")?;
    Some(("none".into(), word, said))
}

/// ` source="…" relay="address (name)" delay=… result="Ok" stat="…"`.
fn to_server(rest: &str) -> Option<(Cow<'_, str>, &str, &str)> {
    let (_, rest) = rest.strip_prefix(" source=\"")?.split_once("\" relay=\"")?;
    let (relay, rest) = rest.split_once("\" delay=")?;
    let (_, rest) = rest.split_once(" result=\"")?;
    let (word, said) = rest.split_once("\" stat=\"")?;
    // nobody was reached where no address is named
    let relay = match relay.split_once(" (") {
        Some((address, name)) => {
            let address = address.trim_matches(['[', ']']).trim_start_matches("IPv6:");
            format!("{}[{address}]:25", name.trim_end_matches(')')).into()
        }
        None => "none".into(),
    };
    Some((relay, word, said.strip_suffix('"')?))
}

/// `TLSv1.3:TLS_AES_256_GCM_SHA384:256`. The certificate comes in a line of its own.
fn handshake(text: &str) -> Option<Handshake> {
    let (version, rest) = text.split_once(':')?;
    let suite = iana_suite(rest.split(':').next()?);
    let peer = Trust::Untrusted(Some(UNVERIFIED.to_owned()));
    Some(Handshake { version: version.to_owned(), suite, group: None, chain: Vec::new(), peer })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (Option<String>, String) {
        let line = crate::line::parse("mx", &format!("<22>Nov 30 21:27:08 smtpd[64]: {text}"));
        let (id, events) = OpenSmtpd.events(&line).unwrap();
        (id.map(str::to_owned), format!("{events:?}"))
    }

    #[test]
    fn a_session_reads() {
        let (id, said) = told("e51d80079158d78e smtp connected address=172.17.0.1 host=<unknown>");
        assert_eq!((id, said.as_str()), (None, "[Connect(Some(172.17.0.1))]"));
        let (id, said) = told("e51d80079158d78e smtp message msgid=e409f92c size=218 nrcpt=2 proto=ESMTP");
        assert_eq!(id.as_deref(), Some("e409f92c"));
        assert_eq!(said, "[Named, Active { from: None, recipients: Some(2) }]");
        let (id, said) = told(
            "e51d80079158d78e smtp envelope evpid=e409f92cc6d98bbe from=<x@foo.example> to=<alice@gateway.example>",
        );
        assert_eq!(id.as_deref(), Some("e409f92c"));
        assert!(said.contains("from: Some(\"x@foo.example\")"), "{said}");
        assert!(said.contains("Recipient(\"alice@gateway.example\")"), "{said}");
    }

    #[test]
    fn a_delivery_reads() {
        let (id, said) = told(
            "e51d8008b0aeade1 mda delivery evpid=e409f92c7de0b7c3 from=<x@foo.example> to=<alice@gateway.example> \
             rcpt=<postmaster@gateway.example> user=vmail delay=0s result=Ok stat=Delivered",
        );
        assert_eq!(id.as_deref(), Some("e409f92c"));
        for part in [
            "to: \"alice@gateway.example\", orig_to: Some(\"postmaster@gateway.example\")",
            "status: Sent",
            "is_relayed: false",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        let (_, said) = told(
            "0000000000000000 mta delivery evpid=f627027795d3efab from=<alice@gateway.example> to=<x@nowhere.invalid> rcpt=<-> \
             source=\"-\" relay=\"nowhere.invalid\" delay=0s result=\"PermFail\" stat=\"Domain does not exist\"",
        );
        for part in ["orig_to: None", "relay: \"none\"", "status: Bounced", "said: \"Domain does not exist\""] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }

    #[test]
    fn what_a_mailbox_server_says_is_no_result() {
        let (_, said) = told(
            "e51d801c318bd1a7 mda delivery evpid=dc522565dac96756 from=<alice@gateway.example> to=<bob@gateway.example> \
             rcpt=<bob@gateway.example> user=vmail delay=0s result=TempFail stat=Error (temporary failure: \"mail.lmtp: LMTP \
             server error: 550 5.1.1 \"no\" <x> such user result=Ok stat=Delivered\")",
        );
        assert!(said.contains("status: Deferred"), "{said}");
    }

    #[test]
    fn a_command_that_looks_like_a_line_is_a_command() {
        let (id, said) = told(
            "e51d800beefe20d6 smtp failed-command command=\"X\" result=\"250 ok\" e51d8008b0aeade1 mda delivery evpid=1\" \
             result=\"500 5.5.1 Invalid command: Command unrecognized\"",
        );
        assert_eq!(id, None);
        assert!(said.starts_with("[Said(Said { action: Reject, from: []"), "{said}");
    }

    #[test]
    fn a_reply_names_the_message() {
        assert_eq!(OpenSmtpd.queued_as("2.0.0 e409f92c Message accepted for delivery"), Some("e409f92c"));
        assert_eq!(OpenSmtpd.queued_as("2.0.0 a Message accepted for delivery"), None);
    }
}
