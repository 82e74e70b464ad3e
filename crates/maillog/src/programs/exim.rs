//! Exim: `<=` for a message that came, `=>`, `->`, `**` and `==` for what became of it, and what was refused.
//!
//! Exim prints what a peer says as it is. So a line is read from its beginning, one field after the other, each by the rule by which
//! Exim wrote it; the confirmation of the next hop, which is escaped, is read from the end. Where a peer's text does not let a field
//! end where it must, nothing is read of it.

use super::{
    Piece, Program, is_daemon,
    mta::{Action, DeliveryLine, Event, Said},
    result,
};
use crate::line::path;
use evidence::{AuthResult, Condition, ConditionKind, FateStatus, Handshake, LogLine, Trust};
use mail::iana_suite;
use std::{borrow::Cow, net::IpAddr};

pub(super) struct Exim;

impl Program for Exim {
    fn wrote(&self, program: &str) -> bool {
        is_daemon(program, "exim") || is_daemon(program, "exim4")
    }

    fn events<'a>(&self, line: &'a LogLine) -> Option<(Option<&'a str>, Vec<Event<'a>>)> {
        Some(match message(&line.text) {
            Some((id, text)) => (Some(id), queued(text)),
            None => (None, unqueued(&line.text)),
        })
    }

    /// `OK id=1xY8oa-0000000006N-196t`.
    fn queued_as<'a>(&self, reply: &'a str) -> Option<&'a str> {
        let (before, id) = reply.rsplit_once("OK id=")?;
        (before.bytes().all(|b| !b.is_ascii_alphabetic()) && is_message_id(id)).then_some(id)
    }

    /// `[2/3] …` of a line that is too long for syslog, `[2\3] …` of a text of several lines.
    fn piece<'a>(&self, text: &'a str) -> Option<Piece<'a>> {
        let (numbers, text) = text.strip_prefix('[')?.split_once("] ")?;
        let ends_line = numbers.contains('\\');
        let (number, of) = numbers.split_once(['/', '\\'])?;
        let (number, of) = (number.parse().ok()?, of.parse().ok()?);
        (1..=of).contains(&number).then_some(Piece { number, of, ends_line, text })
    }

    fn results(&self, texts: &[&str]) -> Vec<AuthResult> {
        texts.iter().filter_map(|text| signature(message(text)?.1)).collect()
    }

    fn is_telling(&self, text: &str) -> bool {
        let (is_queued, text) = message(text).map_or((false, text), |(_, rest)| (true, rest));
        let is_of = |course: &[&str]| course.iter().any(|begin| text.starts_with(begin));
        if is_queued {
            return text.contains(" A=") || !is_of(&["<= ", "Completed"]);
        }
        !is_of(&["SMTP connection from ", "no host name found for ", "no IP address found for host "])
    }

    fn condition(&self, line: &LogLine) -> Option<Condition> {
        let text = message(&line.text)?.1;
        let condition = |kind, subject: &str, reason: &str| Condition {
            kind,
            subject: subject.to_owned(),
            reason: reason.to_owned(),
            line: None,
            setting: None,
        };
        if let Some(arrival) = text.strip_prefix("<= ").and_then(arrival) {
            return arrival.login.map(|user| condition(ConditionKind::LoggedIn, user, ""));
        }
        let failed = delivery(text)?;
        let is_failed = matches!(failed.status, FateStatus::Deferred | FateStatus::Bounced);
        (is_failed && is_for_mailbox(text))
            .then(|| condition(ConditionKind::DeliveryFailed, &failed.relay, &failed.said))
    }
}

/// The id of the message that a line is about, and what it says of it. A time before it, as in a file, is no part of either.
fn message(text: &str) -> Option<(&str, &str)> {
    let (id, rest) = text.split_once(' ')?;
    is_message_id(id).then_some((id, rest))
}

/// `1xY8oa-0000000006N-196t`, and `1xY8oa-00062N-0A` before Exim 4.97: the time, the process and a fraction of a second, in
/// base 62.
fn is_message_id(id: &str) -> bool {
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    let is_form = lengths == [6, 11, 4] || lengths == [6, 6, 2];
    is_form && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn queued(text: &str) -> Vec<Event<'_>> {
    let mut events = vec![Event::Named];
    if text == "Completed" || text.starts_with("Completed QT=") {
        events.push(Event::Removed);
    } else if let Some(arrival) = text.strip_prefix("<= ").and_then(arrival) {
        events.extend(arrival.client.map(Event::Client));
        events.push(Event::Active { from: Some(arrival.from), recipients: None });
        events.extend(arrival.message_id.map(Event::MessageId));
        // only a process of Exim's own says that
        events.extend(arrival.reference.filter(|_| arrival.is_local).map(Event::NotificationOf));
    } else if let Some(delivery) = delivery(text) {
        events.push(Event::Delivery(delivery));
    } else if let Some(refused) = refused(text) {
        events.extend(refused.events());
    } else if text.starts_with("frozen by ") || text == "Frozen" || text.starts_with("Frozen (") {
        events.push(Event::Said(Said { action: Action::Hold, from: Vec::new(), text }));
    } else if text.starts_with("=> blackhole (") {
        events.push(Event::Active { from: None, recipients: None });
        events.push(Event::Said(Said { action: Action::Discard, from: Vec::new(), text }));
    } else if text.starts_with("SMTP connection lost after final dot") {
        events.push(Event::Cancelled);
    } else {
        events.push(Event::Other);
    }
    events
}

fn unqueued(text: &str) -> Vec<Event<'_>> {
    if let Some(rest) = text.strip_prefix("SMTP connection from ") {
        // no name is known yet when it begins
        let begun = rest.strip_suffix(')').and_then(|rest| rest.rsplit_once(" (TCP/IP connection count = "));
        return match begun.filter(|(_, count)| count.bytes().all(|b| b.is_ascii_digit())) {
            Some((client, _)) => vec![Event::Connect(address(client).map(|(client, _)| client))],
            None => {
                let client = host(rest).and_then(|(client, _)| client);
                vec![Event::Disconnect { client, accepted: None }]
            }
        };
    }
    if ENDS.iter().any(|begin| text.starts_with(begin)) {
        return vec![Event::Disconnect { client: None, accepted: None }];
    }
    refused(text).map_or_else(|| vec![Event::Other], |refused| refused.events().collect())
}

/// How lines begin about connections that end otherwise than by a client's QUIT.
const ENDS: [&str; 4] = [
    "SMTP call from ",
    "SMTP command timeout on connection from ",
    "SMTP data timeout (message abandoned) on connection from ",
    "unexpected disconnection while reading SMTP command from ",
];

/// `SENDER R=… H=… U=… P=… X=… A=… S=… id=…`, as it follows `<= `.
struct Arrival<'a> {
    /// The reverse-path, empty for the null one.
    from: &'a str,
    /// The message of which this is a notification.
    reference: Option<&'a str>,
    client: Option<IpAddr>,
    /// Whether a program on the host itself brought it.
    is_local: bool,
    login: Option<&'a str>,
    message_id: Option<&'a str>,
}

fn arrival(text: &str) -> Option<Arrival<'_>> {
    let (from, mut rest) = word(text)?;
    let mut arrival = Arrival {
        from: if from == "<>" { "" } else { from },
        reference: None,
        client: None,
        is_local: true,
        login: None,
        message_id: None,
    };
    // in the order in which Exim writes them; all before the size is without spaces, the host and what a certificate says excepted
    loop {
        rest = rest.trim_start_matches(' ');
        let Some((key, value)) = rest.split_once('=').filter(|(key, _)| is_key(key)) else {
            // DNSSEC, pipelining, PRDR, chunking are words without a value
            match rest.split_once(' ').filter(|(word, _)| is_flag(word)) {
                Some((_, behind)) => rest = behind,
                None => return Some(arrival),
            }
            continue;
        };
        rest = match key {
            "id" | "id*" => {
                arrival.message_id = word(value).map(|(id, _)| id);
                return Some(arrival);
            }
            "H" => {
                arrival.is_local = false;
                let (client, rest) = host(value)?;
                if client.is_none() {
                    return Some(arrival);
                }
                arrival.client = client;
                rest
            }
            "DN" | "SNI" => quoted(value)?.1,
            _ => {
                let (value, rest) = value.split_once(' ').unwrap_or((value, ""));
                match key {
                    "R" => arrival.reference = is_message_id(value).then_some(value),
                    // the method and the name
                    "A" => arrival.login = value.split_once(':').map(|(_, user)| user),
                    _ => {}
                }
                rest
            }
        };
    }
}

fn is_key(key: &str) -> bool {
    (1..=4).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'*')
}

fn is_flag(word: &str) -> bool {
    matches!(word, "DS" | "TFO*" | "L" | "L-" | "L*" | "L." | "L*-" | "L.-" | "PRDR" | "K")
}

/// A refused command or message: `H=… F=<…> rejected RCPT <…>: …`, `H=… F=<…> temporarily rejected after DATA: …`.
struct Refused<'a> {
    client: Option<IpAddr>,
    from: Option<&'a str>,
    text: &'a str,
}

impl<'a> Refused<'a> {
    fn events(self) -> impl Iterator<Item = Event<'a>> {
        let said = Said { action: Action::Reject, from: self.from.into_iter().collect(), text: self.text };
        self.client.map(Event::Client).into_iter().chain([Event::Said(said)])
    }
}

fn refused(text: &str) -> Option<Refused<'_>> {
    let (client, mut rest) = host(text.strip_prefix("H=")?)?;
    client?;
    let mut from = None;
    loop {
        rest = rest.trim_start_matches(' ');
        if rest.starts_with("rejected ") || rest.starts_with("temporarily rejected ") {
            // an address in it may be longer than what Exim shows: it is the end of what is read
            let text = rest.strip_prefix("rejected RCPT ").map_or(rest, |_| "RCPT from a client");
            return Some(Refused { client, from, text });
        }
        let (key, value) = rest.split_once('=').filter(|(key, _)| is_key(key))?;
        rest = match key {
            "F" => {
                let (path, rest) = path(value)?;
                from = Some(path);
                rest
            }
            "DN" | "SNI" => quoted(value)?.1,
            _ => value.split_once(' ')?.1,
        };
    }
}

/// The client in `name (helo) [address]:port I=[address]:port`, and what follows. No address, if its name for itself could have made up
/// what follows.
fn host(text: &str) -> Option<(Option<IpAddr>, &str)> {
    let is_plain = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:".contains(&b));
    let mut rest = text;
    let mut is_sure = true;
    if !rest.starts_with(['[', '(']) {
        let (name, after) = rest.split_once(' ')?;
        is_sure &= is_plain(name);
        rest = after;
    }
    if let Some(helo) = rest.strip_prefix('(') {
        // an address literal has brackets of its own; Exim refuses what is no name or address, if nobody has told it otherwise
        let (helo, after) = helo.split_once(") [")?;
        is_sure &= is_plain(helo.trim_start_matches('[').trim_end_matches(']'));
        rest = &rest[rest.len() - after.len() - 1..];
    }
    let (client, rest) = address(rest)?;
    let rest = rest.strip_prefix(" I=").and_then(address).map_or(rest, |(_, rest)| rest);
    Some((is_sure.then_some(client), rest))
}

/// The address in `[address]:port`, and what follows.
fn address(text: &str) -> Option<(IpAddr, &str)> {
    let (inside, rest) = text.strip_prefix('[')?.split_once(']')?;
    let rest = rest.strip_prefix(':').map_or(rest, |port| port.trim_start_matches(|c: char| c.is_ascii_digit()));
    Some((inside.parse().ok()?, rest))
}

/// An address that ends at a space, and what follows; a quoted local part (RFC 5321 §4.1.2) may have spaces in it.
fn word(text: &str) -> Option<(&str, &str)> {
    let behind = if text.starts_with('"') { text.len() - quoted(text)?.1.len() } else { 0 };
    let end = text[behind..].find(' ').map_or(text.len(), |at| behind + at);
    Some((&text[..end], &text[end..]))
}

/// What stands between the `"` that a text begins with and the next one that no backslash quotes, and what follows.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut is_escaped = false;
    let end = inside.find(|c| {
        let is_end = c == '"' && !is_escaped;
        is_escaped = c == '\\' && !is_escaped;
        is_end
    })?;
    Some((&inside[..end], &inside[end + 1..]))
}

/// `=> alice <alice@x.example> R=router T=transport H=host [address] X=… CV=… C="…"`; also `->`, `>>`, `**` and `==`.
fn delivery(text: &str) -> Option<DeliveryLine<'_>> {
    let (mark, rest) = text.split_once(' ')?;
    let status = match mark {
        "=>" | "->" | ">>" => FateStatus::Sent,
        "**" => FateStatus::Bounced,
        "==" => FateStatus::Deferred,
        _ => return None,
    };
    let (first, mut rest) = word(rest)?;
    let first = match first.strip_suffix(':').filter(|_| status != FateStatus::Sent) {
        // nothing was done yet but to look for a way
        Some(address) => {
            rest = &text[text.len() - rest.len() - 1..];
            address
        }
        None => first,
    };
    let status = if first == ":blackhole:" { FateStatus::Discarded } else { status };
    // parents, and the address with which the message came
    let rest = rest.strip_prefix(" (").and_then(|rest| rest.split_once(')')).map_or(rest, |(_, rest)| rest);
    let (top, rest) = rest.strip_prefix(' ').and_then(path).map_or((None, rest), |(top, rest)| (Some(top), rest));
    let is_plain = |text: &str| text.starts_with('"') || !text.contains(['"', '<', '>', '=']);
    if !is_plain(first) || !rest.starts_with([' ', ':']) {
        return None;
    }
    // for a file, a pipe or a mailbox that the router names there is no address but that one
    let (to, orig_to) = match top {
        Some(top) if first.contains('@') => (first, Some(top)),
        Some(top) => (top, None),
        None => (first, None),
    };
    let (fields, said) = said(rest, status);
    let relay: Cow<'_, str> = field(fields, "H").map_or("none".into(), |host| host.replacen(" [", "[", 1).into());
    let is_relayed = relay != "none" && !is_for_mailbox(text) && status == FateStatus::Sent;
    let handshake = field(fields, "X").filter(|_| is_relayed).map(|x| handshake(x, field(fields, "CV")));
    Some(DeliveryLine { to, orig_to, relay, connection: "", is_relayed, is_reused: false, status, said, handshake })
}

/// The fields of a delivery, and the last word on it: of the next hop in `C="…"`, of Exim behind ` : ` or `: `.
fn said(rest: &str, status: FateStatus) -> (&str, Cow<'_, str>) {
    if status != FateStatus::Sent {
        let (fields, said) = rest.split_once(": ").unwrap_or((rest, ""));
        return (fields.trim_end(), said.into());
    }
    // how long it took may follow
    let mut end = rest;
    while let Some((before, last)) = end.rsplit_once(' ')
        && (last.starts_with("QT=") || last.starts_with("DT="))
    {
        end = before;
    }
    let is_whole = |(at, _): &(usize, &str)| quoted(&end[at + 3..]).is_some_and(|(_, behind)| behind.is_empty());
    match end.match_indices(" C=\"").find(is_whole) {
        Some((at, _)) => {
            let inside = &end[at + 4..end.len() - 1];
            let plain = inside.replace("\\\"", "\"").replace("\\\\", "\\");
            (&end[..at], if plain == inside { inside.into() } else { plain.into() })
        }
        None => (end, "".into()),
    }
}

/// A field of a delivery; that of the host with its address.
fn field<'a>(fields: &'a str, key: &str) -> Option<&'a str> {
    let begin = format!(" {key}=");
    let (_, value) = fields.split_once(begin.as_str())?;
    let end = if key == "H" { value.find(']').map(|at| at + 1) } else { value.find(' ') };
    Some(&value[..end.unwrap_or(value.len())])
}

/// Whether a delivery goes to a mailbox server: by a transport that is called by the protocol, or that names no host.
fn is_for_mailbox(text: &str) -> bool {
    let (fields, _) = text.split_once(" C=\"").unwrap_or((text, ""));
    let transport = field(fields, "T").map(str::to_ascii_lowercase);
    transport.is_some_and(|transport| transport.contains("lmtp") || field(fields, "H").is_none())
}

/// `TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256` of GnuTLS, `TLS1.3:TLS_AES_256_GCM_SHA384:256` of OpenSSL.
fn handshake(text: &str, verified: Option<&str>) -> Handshake {
    let mut parts = text.split(':');
    let version = parts.next().unwrap_or_default();
    let cipher = parts.next().unwrap_or_default();
    let (suite, group) = suite(version, cipher);
    let peer = match verified {
        Some("dane") | Some("yes") => Trust::Verified,
        _ => Trust::Untrusted(None),
    };
    Handshake { version: version.replacen("TLS1", "TLSv1", 1), suite, group, chain: Vec::new(), peer }
}

/// The suite and the group by their IANA names.
fn suite(version: &str, cipher: &str) -> (String, Option<String>) {
    let parts: Vec<&str> = cipher.split("__").collect();
    let [exchange, signature, bulk] = parts.as_slice() else { return (iana_suite(cipher), None) };
    let (method, group) = exchange.split_once('_').unwrap_or((exchange, ""));
    let group = (!group.is_empty()).then(|| mail::iana_group(&group.to_ascii_lowercase()));
    let digest = match *bulk {
        "AES_256_GCM" => "_SHA384",
        "AES_128_GCM" | "CHACHA20_POLY1305" => "_SHA256",
        _ => "",
    };
    let suite = if version == "TLS1.3" {
        format!("TLS_{bulk}{digest}")
    } else {
        let key = if signature.starts_with("ECDSA") { "ECDSA" } else { "RSA" };
        format!("TLS_{method}_{key}_WITH_{bulk}{digest}")
    };
    (suite, group)
}

/// `DKIM: d=DOMAIN s=SELECTOR c=… a=… b=… i=@… t=… x=… l=… [verification succeeded]`.
fn signature(text: &str) -> Option<AuthResult> {
    let rest = text.strip_prefix("DKIM: d=")?;
    let (domain, rest) = rest.split_once(" s=")?;
    let (selector, _) = rest.split_once(' ')?;
    // tags are the signer's; what Exim found stands last, in brackets
    let (_, said) = rest.strip_suffix(']')?.rsplit_once(" [")?;
    let (word, reason) = match said.split_once(" - ").unwrap_or((said, "")) {
        ("verification succeeded", _) => ("pass", None),
        ("verification failed", why) => ("fail", Some(why)),
        ("invalid", why) if why.contains("unavailable") => ("temperror", Some(why)),
        ("invalid", why) => ("permerror", Some(why)),
        _ => return None,
    };
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b));
    let named = |name: &str| is_name(name).then(|| name.to_owned());
    Some(result("dkim", word, [("header.d", named(domain)), ("header.s", named(selector))], reason, "exim"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::tests::read;

    fn events(text: &str) -> (Option<String>, String) {
        let line = crate::line::parse("mx", &format!("<22>Nov 30 21:21:36 exim[395]: {text}"));
        let (id, events) = Exim.events(&line).unwrap();
        (id.map(str::to_owned), format!("{events:?}"))
    }

    fn of(text: &str) -> DeliveryLine<'_> {
        delivery(text).unwrap_or_else(|| panic!("nothing in {text}"))
    }

    #[test]
    fn a_message_that_came_reads() {
        let (id, said) = events(
            "1xY8ma-00000000062-0lBn <= x@foo.example H=(client.example) [172.17.0.1]:50068 P=esmtp S=415 id=mp0@x.example for \
             alice@gateway.example",
        );
        assert_eq!(id.as_deref(), Some("1xY8ma-00000000062-0lBn"));
        assert_eq!(
            said,
            "[Named, Client(172.17.0.1), Active { from: Some(\"x@foo.example\"), recipients: None }, \
             MessageId(\"mp0@x.example\")]"
        );
        // Exim before 4.97, a client with a name, and everything that may stand between
        let (id, said) = events(
            "1pXYZa-00062N-0A <= \"a S=1 id=x\"@foo.example DS H=mail.foo.example (client.example) [2001:db8::1]:50068 \
             I=[2001:db8::2]:25 P=esmtpsa L X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 CV=no DN=\"C=x id=y\" \
             SNI=\"mx.gateway.example\" A=dovecot_plain:alice@gateway.example K S=677 id=\"mp0 for S=1 id=x\"@x.example for b@x.example",
        );
        assert_eq!(id.as_deref(), Some("1pXYZa-00062N-0A"));
        for part in ["Client(2001:db8::1)", "S=1 id=x", r#"MessageId("\"mp0 for S=1 id=x\"@x.example")"#] {
            assert!(said.contains(part), "{part}: {said}");
        }
    }

    #[test]
    fn a_notification_names_its_message() {
        let (_, said) = events(
            "1xY8uQ-0000000006v-3Z45 <= <> R=1xY8uQ-0000000006q-2zc6 U=Debian-exim P=local S=1769 for alice@gateway.example",
        );
        assert!(
            said.contains("from: Some(\"\")") && said.contains("NotificationOf(\"1xY8uQ-0000000006q-2zc6\")"),
            "{said}"
        );
    }

    #[test]
    fn connections_begin_and_end() {
        let (_, said) = events("SMTP connection from [172.17.0.1]:50068 (TCP/IP connection count = 1)");
        assert_eq!(said, "[Connect(Some(172.17.0.1))]");
        for end in ["D=0s closed by QUIT", "lost while reading message data (after header)"] {
            let (_, said) = events(&format!("SMTP connection from (client.example) [172.17.0.1]:50068 {end}"));
            assert!(said.starts_with("[Disconnect { client: Some(172.17.0.1)"), "{said}");
        }
        let (_, said) = events(
            "SMTP call from (mail.attacker.example) [198.51.100.66]:41988 dropped: too many syntax or protocol errors (last command \
             was \"DATA\", C=EHLO,RCPT,DATA,MAIL,MAIL,DATA)",
        );
        assert!(said.starts_with("[Disconnect"), "{said}");
    }

    #[test]
    fn refusals_read() {
        let (id, said) = events(
            "H=(client.example) [172.17.0.1]:51840 F=<\"x> rejected\"@foo.example> rejected RCPT <\"a b\"@gateway.example>: \
             Unrouteable address",
        );
        assert_eq!(id, None);
        assert!(said.contains("Client(172.17.0.1)") && said.contains("RCPT from a client"), "{said}");
        let (id, said) = events(
            "1xY8oa-0000000006N-16x8 H=(client.example) [172.17.0.1]:44900 F=<> rejected after DATA: header syntax (x): y",
        );
        assert_eq!(id.as_deref(), Some("1xY8oa-0000000006N-16x8"));
        assert!(said.contains("action: Reject, from: [\"\"], text: \"rejected after DATA"), "{said}");
    }

    #[test]
    fn deliveries_read() {
        let at_store =
            of("=> alice <alice@gateway.example> R=local_user T=dovecot_lmtp C=\"250 2.0.0 <alice@gateway.example> \
             AcHKD2ToDWt5AQAAvgTqxA Saved\"");
        assert_eq!((at_store.to, at_store.orig_to, at_store.status), ("alice@gateway.example", None, FateStatus::Sent));
        assert_eq!(at_store.said, "250 2.0.0 <alice@gateway.example> AcHKD2ToDWt5AQAAvgTqxA Saved");
        assert!(!at_store.is_relayed);
        let sent = of("=> bob@x.example R=dnslookup T=remote_smtp H=mx.x.example [192.0.2.1] \
             X=TLS1.3:ECDHE_X25519__RSA_PSS_RSAE_SHA256__AES_256_GCM:256 CV=dane DN=\"CN=x\" C=\"250 queued as 4D1A2B4C5E\" K \
             C=\"250 2.0.0 Ok: \\\"q\\\" queued as 4D1A2B4C5D\" DT=0s");
        assert_eq!((&*sent.relay, sent.next(), sent.is_relayed), ("mx.x.example[192.0.2.1]", Some("4D1A2B4C5D"), true));
        let handshake = sent.handshake.unwrap();
        assert_eq!((handshake.version.as_str(), handshake.suite.as_str()), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"));
        assert_eq!((handshake.group.as_deref(), handshake.peer), (Some("x25519"), Trust::Verified));
        let bounced = of("** x@nowhere.invalid: Unrouteable address");
        assert_eq!(
            (bounced.to, bounced.status, &*bounced.said),
            ("x@nowhere.invalid", FateStatus::Bounced, "Unrouteable address")
        );
        let at_data = of(
            "** alice@gateway.example <postmaster@gateway.example> R=local_user T=dovecot_lmtp: LMTP error after RCPT \
             TO:<alice@gateway.example>: 550 5.1.1 no",
        );
        assert_eq!((at_data.to, at_data.orig_to), ("alice@gateway.example", Some("postmaster@gateway.example")));
        assert!(at_data.said.starts_with("LMTP error after RCPT"));
        let deferred = of(
            "== bob@gateway.example R=local_user T=dovecot_lmtp defer (-1): Failed to connect to socket /run/dovecot/lmtp for \
             dovecot_lmtp transport: Connection refused",
        );
        assert_eq!((deferred.to, deferred.status), ("bob@gateway.example", FateStatus::Deferred));
    }

    #[test]
    fn a_name_that_could_be_an_address_hides_the_address() {
        for helo in ["x (y", "a b"] {
            let (_, said) = events(&format!(
                "1xY8ma-00000000062-0lBn <= x@foo.example H=({helo}) [172.17.0.1]:5 P=esmtp S=415 id=z@x"
            ));
            assert!(!said.contains("Client(") && !said.contains("MessageId"), "{said}");
            let (_, said) = events(&format!(
                "H=({helo}) [172.17.0.1]:5 F=<x@foo.example> rejected RCPT <y@x>: relay not permitted"
            ));
            assert_eq!(said, "[Other]");
        }
        assert_eq!(host("([192.0.2.10]) [172.17.0.1]:5 x").unwrap().0, Some("172.17.0.1".parse().unwrap()));
    }

    #[test]
    fn signatures_read() {
        let line = |said: &str| {
            format!(
                "exim[7]: 1xY8ma-00000000062-0lBn DKIM: d=x.example s=s1 c=relaxed/relaxed a=rsa-sha256 b=2048 {said}"
            )
        };
        assert_eq!(read(&[&line("[verification succeeded]")]), ["dkim=pass header.d=x.example header.s=s1"]);
        assert_eq!(
            read(&[&line(
                "i=@[verification succeeded] [verification failed - body hash mismatch (body probably modified in transit)]"
            )]),
            ["dkim=fail header.d=x.example header.s=s1"]
        );
        assert_eq!(
            read(&[&line("[invalid - public key record (currently?) unavailable]")]),
            ["dkim=temperror header.d=x.example header.s=s1"]
        );
    }

    #[test]
    fn a_reply_names_the_message() {
        assert_eq!(Exim.queued_as("OK id=1xY8ma-00000000062-0lBn"), Some("1xY8ma-00000000062-0lBn"));
        assert_eq!(Exim.queued_as("250 OK id=1pXYZa-00062N-0A"), Some("1pXYZa-00062N-0A"));
        assert_eq!(Exim.queued_as("OK id=x"), None);
    }

    #[test]
    fn what_syslog_cannot_take_at_once_comes_in_pieces() {
        let piece = |text| Exim.piece(text).map(|piece| (piece.number, piece.of, piece.ends_line));
        assert_eq!(piece("[1\\11] 1xY8oa-0000000006N-16x8 H=x"), Some((1, 11, true)));
        assert_eq!(piece("[11/11] I Message-ID: <x>"), Some((11, 11, false)));
        assert_eq!(piece("[3/2] x"), None);
        assert_eq!(piece("[192.0.2.1] x"), None);
    }
}
