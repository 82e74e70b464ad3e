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
/// name is one from the DNS: of letters, digits, hyphens and dots. An empty sender is left out.
fn told(text: &str) -> Option<Told<'_>> {
    let (action, rest) = text.strip_prefix("action=")?.split_once(", reason=")?;
    let (reason, rest) = rest.split_once(", client_name=")?;
    let (_, rest) = rest.split_once(", client_address=")?;
    let (client, rest) = rest.split_once(", ")?;
    let sender = match rest.strip_prefix("sender=") {
        Some(rest) => rest.rsplit_once(", recipient=")?.0,
        None => rest.strip_prefix("recipient=").map(|_| "")?,
    };
    let client = client.split('/').next()?.parse().ok()?;
    Some(Told { client, sender, greylisted: (action == "greylist").then_some(reason) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: &str = "action=greylist, reason=new, client_name=mail.bank.example, client_address=192.0.2.10, \
                       sender=billing@bank.example, recipient=alice@gateway.example";

    fn is_about(text: &str, client: &str, mail_from: &str) -> bool {
        let client = client.parse().unwrap();
        Postgrey.clients(text).contains(&client) && Postgrey.is_about(text, &Session { client, helo: None, mail_from })
    }

    #[test]
    fn a_client_that_is_new_is_greylisted() {
        let condition = |text: &str| Postgrey.condition(&crate::line::parse("mx", &format!("postgrey[9]: {text}")));
        let told = condition(NEW).unwrap();
        assert_eq!((told.kind, told.reason.as_str()), (ConditionKind::Greylisted, "new"));
        for pass in
            ["pass, reason=triplet found", "pass, reason=triplet found, delay=3", "pass, reason=client whitelist"]
        {
            let line = NEW.replace("greylist, reason=new", pass);
            assert_eq!(condition(&line), None);
            assert!(is_about(&line, "192.0.2.10", "billing@bank.example"));
        }
        let empty = NEW.replace(" sender=billing@bank.example,", "");
        assert_eq!(condition(&empty).unwrap().reason, "new");
        assert!(is_about(&empty, "192.0.2.10", "") && !is_about(&empty, "192.0.2.10", "billing@bank.example"));
        assert!(
            is_about(NEW, "192.0.2.10", "billing@bank.example") && !is_about(NEW, "192.0.2.11", "billing@bank.example")
        );
        assert!(!is_about(NEW, "192.0.2.10", "other@bank.example"));
    }

    /// A notification for a recipient whose address looks like a sender's.
    #[test]
    fn an_empty_sender_is_not_read_off_a_recipient() {
        let line = NEW.replace(
            "sender=billing@bank.example, recipient=alice@gateway.example",
            "recipient=\"x, sender=y@a.example, recipient=z\"@gateway.example",
        );
        assert!(is_about(&line, "192.0.2.10", "") && !is_about(&line, "192.0.2.10", "y@a.example"));
    }

    #[test]
    fn a_sender_that_looks_like_an_end_is_read_whole() {
        let sender = "x, recipient=bob@gateway.example, client_address=203.0.113.9, sender=y@a.example";
        let line = NEW.replace("billing@bank.example,", &format!("{sender},"));
        assert!(is_about(&line, "192.0.2.10", &format!("\"{}\"@a.example", &sender[..sender.len() - 10])));
        assert!(!is_about(&line, "203.0.113.9", "y@a.example"));
    }
}
