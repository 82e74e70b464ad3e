//! Postgrey: whether a client, its reverse-path and a recipient are known.

use super::{Program, Session, is_daemon};
use evidence::{Condition, ConditionKind, LogLine};
use mail::unquoted_address;
use std::net::IpAddr;

pub(super) struct Postgrey;

impl Program for Postgrey {
    fn wrote(&self, program: &str) -> bool {
        is_daemon(program, "postgrey")
    }

    fn clients(&self, text: &str) -> Vec<IpAddr> {
        told(text).into_iter().map(|told| told.client).collect()
    }

    fn is_about(&self, text: &str, session: &Session<'_>) -> bool {
        let is_sender = |sender: &str| {
            sender.eq_ignore_ascii_case(session.mail_from)
                || sender.eq_ignore_ascii_case(&unquoted_address(session.mail_from))
        };
        told(text).is_some_and(|told| told.client == session.client && is_sender(told.sender))
    }

    fn condition(&self, line: &LogLine) -> Option<Condition> {
        let reason = told(&line.text)?.greylisted?;
        Some(Condition {
            kind: ConditionKind::Greylisted,
            subject: String::new(),
            reason: reason.to_owned(),
            line: None,
            setting: None,
        })
    }
}

/// What it says of a client.
struct Told<'a> {
    client: IpAddr,
    sender: &'a str,
    /// Why it is to come again.
    greylisted: Option<&'a str>,
}

/// `action=greylist, reason=new, client_name=unknown, client_address=192.0.2.10, sender=a@b.example, recipient=alice@x.example`. The
/// name is one from the DNS: of letters, digits, hyphens and dots.
fn told(text: &str) -> Option<Told<'_>> {
    let (action, rest) = text.strip_prefix("action=")?.split_once(", reason=")?;
    let (reason, rest) = rest.split_once(", client_name=")?;
    let (_, rest) = rest.split_once(", client_address=")?;
    let (client, rest) = rest.split_once(", sender=")?;
    let (sender, _) = rest.rsplit_once(", recipient=")?;
    // postgrey leaves an empty sender out
    let client = client.split('/').next()?.parse().ok()?;
    Some(Told { client, sender, greylisted: (action == "greylist").then_some(reason) })
}

#[cfg(test)]
mod tests {
    use super::*;
}
