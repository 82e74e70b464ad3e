//! Mail that is none of the server's business.

use super::*;
use crate::{RelayAttempt, RelayFacts, UnknownRecipient, Verification};
use evidence::Exchange;

fn dialogue(replies: &[(&str, u16)]) -> Vec<Exchange> {
    let begin = [("connect", 220), ("ehlo", 250), ("mail-from", 250)];
    let all = begin.iter().chain(replies);
    let exchange = |(to, code): &(&str, u16)| Exchange::new(to, "", Seen(reply(*code, "said")));
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
        vrfy: Seen(verification(252, 252)),
        expn: Seen(verification(502, 502)),
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

fn verification(known: u16, unknown: u16) -> Verification {
    Verification { known: reply(known, "said"), unknown: reply(unknown, "said") }
}

#[test]
fn vrfy_and_expn_may_not_tell_who_is_there() {
    for (known, unknown, grade) in [
        (252, 252, Grade::Pass),
        (502, 502, Grade::Pass),
        (500, 500, Grade::Pass),
        (250, 550, Grade::Notice),
        (252, 550, Grade::Notice),
        (250, 250, Grade::Notice),
        (550, 550, Grade::Notice),
        (450, 450, Grade::NotTested),
        (530, 530, Grade::NotTested),
    ] {
        let mut facts = super::good();
        facts.relay.vrfy = Seen(verification(known, unknown));
        facts.relay.expn = Seen(verification(known, unknown));
        let (vrfy, expn) = (check(&facts, Group::Relay, "VRFY"), check(&facts, Group::Relay, "EXPN"));
        assert_eq!((vrfy.grade, expn.grade), (grade, grade), "{known} {unknown}");
        assert_eq!((vrfy.change.is_some(), expn.change), (grade == Grade::Notice, None));
    }
}
