//! Mail that is none of the server's business: relaying, notifications to forged senders, and what VRFY and EXPN tell.

use crate::{
    Facts, Software, UnknownRecipient, Verification,
    check::{Answer, Checks, Group},
    setting,
};
use evidence::{Exchange, Observed};
use mail::{Reply, Service};

pub(crate) fn checks(facts: &Facts, out: &mut Checks) {
    let relay = &facts.relay;
    let software = facts.services.iter().find(|service| service.service == Service::Smtp).and_then(|s| s.software);
    let mut add = |name: &str, answer| out.add(Group::Relay, &facts.subject, name, answer);
    if relay.attempts.is_empty() {
        add("open relay", Answer::not_tested("it was not tried"));
    }
    for attempt in &relay.attempts {
        let answer = match &attempt.dialogue {
            Observed::Unobserved(why) => Answer::not_tested(why),
            Observed::Seen(dialogue) => relayed(dialogue, software),
        };
        add(&format!("open relay, {}", attempt.how), answer.cites("RFC 2505 §2.1"));
    }
    let backscatter = match &relay.unknown_recipient {
        Observed::Unobserved(why) => Answer::not_tested(why),
        Observed::Seen(seen) => backscatter(seen, software),
    };
    add("mail for nobody", backscatter.cites("RFC 5321 §6.2"));
    for (command, seen, change) in [("VRFY", &relay.vrfy, setting::vrfy(software)), ("EXPN", &relay.expn, None)] {
        let answer = match seen {
            Observed::Unobserved(why) => Answer::not_tested(why),
            Observed::Seen(seen) => verification(seen).change(change),
        };
        add(command, answer.cites("RFC 5321 §7.3"));
    }
}

/// Whether the message was taken: the last reply that was given to recipient or message.
enum Taken {
    Yes,
    No(Reply),
    Unknown(String),
}

fn taken(dialogue: &[Exchange]) -> Taken {
    let asked = |exchange: &&Exchange| matches!(exchange.to.as_str(), "rcpt-to" | "data" | "end-of-data");
    let mut last = None;
    for exchange in dialogue.iter().filter(asked) {
        match &exchange.reply {
            Observed::Seen(reply) if !reply.is_positive() => return Taken::No(reply.clone()),
            Observed::Seen(_) => last = Some(exchange.to.as_str()),
            Observed::Unobserved(why) => return Taken::Unknown(format!("no reply to {}: {why}", exchange.to)),
        }
    }
    if last.is_some() {
        return Taken::Yes;
    }
    // it did not come to a recipient: then a reply before it says why
    let refused = dialogue.iter().filter_map(|exchange| exchange.reply.seen()).find(|reply| !reply.is_positive());
    refused.map_or_else(|| Taken::Unknown("no recipient was named".to_owned()), |reply| Taken::No(reply.clone()))
}

fn reply_text(reply: &Reply) -> String {
    format!("{} {}", reply.code, reply.lines.first().map_or("", String::as_str)).trim_end().to_owned()
}

fn relayed(dialogue: &[Exchange], software: Option<Software>) -> Answer {
    match taken(dialogue) {
        Taken::Yes => Answer::fail("mail from a stranger to a stranger is taken").change(setting::relay(software)),
        Taken::No(reply) if reply.is_permanent() => Answer::pass(format!("refused: {}", reply_text(&reply))),
        Taken::No(reply) => Answer::notice(format!("put off, not refused: {}", reply_text(&reply))),
        Taken::Unknown(why) => Answer::not_tested(why),
    }
}

fn backscatter(seen: &UnknownRecipient, software: Option<Software>) -> Answer {
    match taken(&seen.dialogue) {
        Taken::No(reply) if reply.is_permanent() => Answer::pass(format!("refused: {}", reply_text(&reply))),
        Taken::No(reply) => Answer::notice(format!("put off, not refused: {}", reply_text(&reply))),
        Taken::Unknown(why) => Answer::not_tested(why),
        Taken::Yes => match &seen.is_bounced {
            Observed::Seen(true) => Answer::fail("taken, and a notification goes to whoever is named as the sender")
                .change(setting::unknown_recipients(software)),
            Observed::Seen(false) => Answer::notice("taken, and no notification is sent"),
            Observed::Unobserved(why) => Answer::notice(format!("taken; what becomes of it was not seen: {why}")),
        },
    }
}

/// Whoever can tell mailboxes that exist from others can make lists of them.
fn verification(seen: &Verification) -> Answer {
    let Verification { known, unknown } = seen;
    if known.code != unknown.code {
        let (known, unknown) = (reply_text(known), reply_text(unknown));
        return Answer::notice(format!(
            "it tells who has a mailbox: `{known}`, and for one that is not there `{unknown}`"
        ));
    }
    match known.code {
        250 | 251 => Answer::notice(format!("it says of anybody that there is a mailbox: {}", reply_text(known))),
        252 | 500 | 502 => Answer::pass(format!("it tells nothing: {}", reply_text(known))),
        550..=553 => Answer::notice(format!("it says of anybody that there is no mailbox: {}", reply_text(known))),
        _ => Answer::not_tested(format!("it was not answered: {}", reply_text(known))),
    }
}
