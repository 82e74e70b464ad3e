//! Mail that is none of the server's business.

use super::*;
use crate::{RelayAttempt, RelayFacts, UnknownRecipient};
use evidence::Exchange;

fn dialogue(replies: &[(&str, u16)]) -> Vec<Exchange> {
    let begin = [("connect", 220), ("ehlo", 250), ("mail-from", 250)];
    let all = begin.iter().chain(replies);
    let exchange = |(to, code): &(&str, u16)| Exchange {
        to: (*to).to_owned(),
        sent: String::new(),
        reply: Seen(reply(*code, "said")),
    };
    all.map(exchange).collect()
}

fn attempt(replies: &[(&str, u16)]) -> RelayAttempt {
    RelayAttempt { how: "a stranger to a stranger".to_owned(), dialogue: Seen(dialogue(replies)) }
}

pub(super) fn good() -> RelayFacts {
    let unknown = UnknownRecipient { dialogue: dialogue(&[("rcpt-to", 550)]), is_bounced: Seen(false) };
    RelayFacts {
        attempts: vec![attempt(&[("rcpt-to", 554)])],
        unknown_recipient: Seen(unknown),
        vrfy: Seen(reply(252, "2.0.0 alice")),
    }
}

#[test]
fn relaying_is_graded_by_the_last_reply() {
    for (replies, grade) in [
        (&[("rcpt-to", 554)][..], Grade::Pass),
        (&[("rcpt-to", 454)], Grade::Notice),
        (&[("rcpt-to", 250)], Grade::Fail),
        (&[("rcpt-to", 250), ("data", 354), ("end-of-data", 250)], Grade::Fail),
        (&[("rcpt-to", 250), ("data", 354), ("end-of-data", 554)], Grade::Pass),
        (&[], Grade::NotTested),
    ] {
        let mut facts = super::good();
        facts.relay.attempts = vec![attempt(replies)];
        let check = check(&facts, Group::Relay, "open relay, a stranger to a stranger");
        assert_eq!(check.grade, grade, "{replies:?}");
        assert_eq!(check.change.is_some(), grade == Grade::Fail);
    }
    let mut facts = super::good();
    facts.relay.attempts[0].dialogue = unseen();
    assert_eq!(check(&facts, Group::Relay, "open relay, a stranger to a stranger").grade, Grade::NotTested);
}

#[test]
fn mail_for_nobody_is_graded_by_what_becomes_of_it() {
    for (replies, is_bounced, grade) in [
        (&[("rcpt-to", 550)][..], unseen(), Grade::Pass),
        (&[("rcpt-to", 250), ("data", 354), ("end-of-data", 250)], Seen(true), Grade::Fail),
        (&[("rcpt-to", 250), ("data", 354), ("end-of-data", 250)], Seen(false), Grade::Notice),
        (&[("rcpt-to", 250), ("data", 354), ("end-of-data", 250)], unseen(), Grade::Notice),
        (&[("rcpt-to", 450)], unseen(), Grade::Notice),
    ] {
        let mut facts = super::good();
        facts.relay.unknown_recipient = Seen(UnknownRecipient { dialogue: dialogue(replies), is_bounced });
        assert_eq!(check(&facts, Group::Relay, "mail for nobody").grade, grade, "{replies:?}");
    }
}

#[test]
fn vrfy_may_not_tell_who_is_there() {
    for (code, grade) in [(250, Grade::Notice), (252, Grade::Pass), (502, Grade::Pass), (550, Grade::Pass)] {
        let mut facts = super::good();
        facts.relay.vrfy = Seen(reply(code, "2.1.5 alice@gateway.example"));
        assert_eq!(check(&facts, Group::Relay, "VRFY").grade, grade, "{code}");
    }
}
