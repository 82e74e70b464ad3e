//! The programs whose lines are understood: one file each, and one line of the registry.

mod dovecot;
mod exim;
mod mta;
mod opendkim;
mod opendmarc;
mod opensmtpd;
mod policyd_spf;
mod postfix;

pub(crate) use mta::{Action, DeliveryLine, Event, LOCAL, Logged, Said};

use crate::line::daemon;
use evidence::{AuthResult, Condition, LogLine, PeerTexts, ResultSource};
use std::net::IpAddr;

/// The registry.
const PROGRAMS: [&dyn Program; 7] = [
    &postfix::Postfix,
    &exim::Exim,
    &opensmtpd::OpenSmtpd,
    &policyd_spf::PolicydSpf,
    &opendkim::OpenDkim,
    &opendmarc::OpenDmarc,
    &dovecot::Dovecot,
];

/// What is known of an SMTP session before its message has a queue id: the harness said it, or another line does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Session<'a> {
    pub(crate) client: IpAddr,
    /// What the client said in EHLO or HELO, if it is known.
    pub(crate) helo: Option<&'a str>,
    /// The reverse-path, empty for the null one.
    pub(crate) mail_from: &'a str,
}

/// A program that logs. What it does not say it leaves at the default.
pub(crate) trait Program: Sync {
    /// Whether this is one of its names in the log.
    fn wrote(&self, program: &str) -> bool;

    /// For an MTA: the queue id that a line names, and what it says.
    fn events<'a>(&self, _line: &'a LogLine) -> Option<(Option<&'a str>, Vec<Event<'a>>)> {
        None
    }

    /// For an MTA: what all lines about one connection of a client have in common on a host.
    fn session(&self, line: &LogLine) -> String {
        line.pid.map(|pid| pid.to_string()).unwrap_or_default()
    }

    /// For an MTA: the queue id that its positive reply to a message names.
    fn queued_as<'a>(&self, _reply: &'a str) -> Option<&'a str> {
        None
    }

    /// Where a program cuts what is too long for syslog: which piece this is.
    fn piece<'a>(&self, _text: &'a str) -> Option<Piece<'a>> {
        None
    }

    /// Addresses of clients that a line without a queue id may be about.
    fn clients(&self, _text: &str) -> Vec<IpAddr> {
        Vec::new()
    }

    /// Whether a line without a queue id is about this session.
    fn is_about(&self, _text: &str, _session: &Session<'_>) -> bool {
        false
    }

    /// The words of a line that the MTA repeats when it tells the client; by them alone the line is found.
    fn repeated<'a>(&self, _text: &'a str) -> Option<&'a str> {
        None
    }

    /// For a mailbox server: the id of the delivery that a line is about, which the MTA logs too.
    fn delivery<'a>(&self, _text: &'a str) -> Option<&'a str> {
        None
    }

    /// For a mailbox server: the user whom a line of a delivery is about.
    fn user<'a>(&self, _text: &'a str) -> Option<&'a str> {
        None
    }

    /// For a mailbox server: whether these lines about one user say that the message was thrown away.
    fn is_thrown_away(&self, _texts: &[&str]) -> bool {
        false
    }

    /// The results in all of its lines about one message, in order.
    fn results(&self, _texts: &[&str]) -> Vec<AuthResult> {
        Vec::new()
    }

    /// Whether a line says what was found out about a message or became of it, and not merely how things went their way.
    fn is_telling(&self, _text: &str) -> bool {
        true
    }

    /// What a line about a message proves to have been the matter at the gateway itself; its peer's texts are made inert.
    fn condition(&self, _line: &LogLine) -> Option<Condition> {
        None
    }

    /// The method and the body of an Authentication-Results field that a line says was added.
    fn written<'a>(&self, _text: &'a str) -> Option<(&'static str, &'a str)> {
        None
    }
}

/// A piece of a text that a program had to cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    /// From 1.
    pub(crate) number: usize,
    /// How many there are.
    pub(crate) of: usize,
    /// Whether the next piece is another line of the text.
    pub(crate) ends_line: bool,
    pub(crate) text: &'a str,
}

/// The queue id that a reply of any MTA names for the message that it takes.
#[must_use]
pub fn queued_as(reply: &str) -> Option<&str> {
    PROGRAMS.into_iter().find_map(|program| program.queued_as(reply))
}

/// Programs that evaluate incoming mail, by the names of their files, and the methods (RFC 8601 §2.7).
const EVALUATORS: [(&str, &[&str]); 10] = [
    ("policyd-spf", &["spf"]),
    ("pyspf-milter", &["spf"]),
    ("opendkim", &["dkim"]),
    ("dkimpy-milter", &["dkim"]),
    // SPF where SPFSelfValidate has it
    ("opendmarc", &["dmarc", "spf"]),
    ("openarc", &["arc"]),
    ("rspamd", &["spf", "dkim", "dmarc", "arc"]),
    // as it calls its processes
    ("rspamd:", &["spf", "dkim", "dmarc", "arc"]),
    ("spamd", &["spf", "dkim"]),
    ("amavisd", &["dkim"]),
];

/// Whether a program, by the name of its file, evaluates a method of incoming mail.
#[must_use]
pub fn evaluates(program: &str, method: &str) -> bool {
    EVALUATORS.iter().any(|(name, methods)| *name == program && methods.contains(&method))
}

/// The program that a line is of, if it is one that is understood.
pub(crate) fn of(line: &LogLine) -> Option<&'static dyn Program> {
    PROGRAMS.into_iter().find(|program| program.wrote(&line.program))
}

/// The results in the lines of one host about one message, each once. What a program copied of a peer's text is marked
/// as injected.
pub(crate) fn results(lines: &[&LogLine], peer: &PeerTexts) -> Vec<AuthResult> {
    let mut found: Vec<AuthResult> = Vec::new();
    for program in PROGRAMS {
        let its = lines.iter().filter(|line| program.wrote(&line.program));
        let texts: Vec<&str> = its.map(|line| line.text.as_str()).collect();
        let inert: Vec<Option<String>> = texts.iter().map(|text| peer.without(text)).collect();
        let mut results = program.results(&texts);
        if let Some(copied) = inert.iter().position(Option::is_some) {
            let inert: Vec<&str> =
                inert.iter().zip(&texts).map(|(inert, text)| inert.as_deref().unwrap_or(text)).collect();
            results = peer.tell_apart(results, program.results(&inert), texts[copied]);
        }
        for result in results {
            if !found.contains(&result) {
                found.push(result);
            }
        }
    }
    found
}

/// What these lines about one message prove to have been the matter at the gateway itself, each once.
pub(crate) fn conditions(lines: &[&LogLine], peer: &PeerTexts) -> Vec<Condition> {
    let mut found: Vec<Condition> = Vec::new();
    for line in lines {
        let inert = LogLine { text: peer.without(&line.text).unwrap_or_else(|| line.text.clone()), ..(*line).clone() };
        let Some(condition) = of(line).and_then(|program| program.condition(&inert)) else { continue };
        let is_known = |other: &Condition| (other.kind, &other.subject) == (condition.kind, &condition.subject);
        if !found.iter().any(is_known) {
            found.push(Condition { line: Some(LogLine { is_telling: true, ..(*line).clone() }), ..condition });
        }
    }
    found
}

/// Whether the last part of a program's name is this one.
fn is_daemon(program: &str, name: &str) -> bool {
    daemon(program) == name
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
        source: ResultSource::Log(filter.to_owned()),
        injected: None,
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Results in lines of one host, in words.
    pub(crate) fn read(lines: &[&str]) -> Vec<String> {
        let lines: Vec<LogLine> = lines.iter().map(|line| crate::line::parse("mx", line)).collect();
        let words = |r: &AuthResult| {
            let properties: String = r.properties.iter().map(|(name, value)| format!(" {name}={value}")).collect();
            let injected = if r.injected.is_some() { " (injected)" } else { "" };
            format!("{}={}{properties}{injected}", r.method, r.result)
        };
        results(&lines.iter().collect::<Vec<_>>(), &PeerTexts::default()).iter().map(words).collect()
    }

    proptest! {
        #[test]
        fn no_line_is_too_odd(
            program in "policyd-spf|opendkim|opendmarc|dovecot|postfix/smtpd|postfix/postscreen|rspamd|exim|smtpd",
            begin in "(3F1A2B4C5D: |NOQUEUE: |1xY8oa-0000000006N-196t |6f0c1b2a3d4e5f60 |\\[1/2\\] )?(<= |=> |== |\\*\\* |DKIM: d=|H=|SMTP connection from |mda \
                delivery evpid=|mta delivery evpid=|smtp message msgid=|smtp failed-command command=\"|signature=|: prepend Authentication-Results: |Received-SPF: |SPF\\(|key \
                retrieval failed \\(|550 5.7.23 |client-ip=|lmtp\\(|to=<|reject: |client=|from=<|disconnect from |connect from |warning: |error: |milter-)?",
            text in "\\PC{0,60}",
        ) {
            let line = crate::line::parse("mx", &format!("{program}[1]: {begin}{text}"));
            results(&[&line], &PeerTexts::of(&text, &text, text.as_bytes()));
            let session = Session { client: "192.0.2.1".parse().unwrap(), helo: Some(&text), mail_from: &text };
            if let Some(program) = of(&line) {
                program.events(&line);
                program.session(&line);
                program.queued_as(&line.text);
                program.piece(&line.text);
                program.clients(&line.text);
                program.is_about(&line.text, &session);
                program.repeated(&line.text);
                program.delivery(&line.text).and(program.user(&line.text));
                program.is_thrown_away(&[&line.text]);
                program.written(&line.text);
                program.is_telling(&line.text);
                program.condition(&line);
            }
        }
    }
}
