//! What became of a message, from the dialogue, the queues and the mailboxes.

use evidence::{Delivered, Exchange, FateStatus, Notification, Observed, ProgramRun, Transaction};
use mail::{Address, Reply};
use serde::{Deserialize, Serialize};

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The server refused it for good.
    Rejected,
    /// It was refused for now, or waits in a queue.
    Deferred,
    /// It lies in a mailbox, in this folder if one is named.
    Delivered(Option<String>),
    /// A queue gave up and notified the reverse-path (RFC 3464).
    Bounced,
    /// It was put aside: in this folder if one is named, or in a hold queue.
    Quarantined(Option<String>),
    /// It was accepted and thrown away.
    Discarded,
}

/// What became of a message for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ending {
    /// For whom.
    pub recipient: Address,
    /// What became of it.
    pub outcome: Observed<Outcome>,
    /// Whether the server took it in the dialogue, if that is known.
    pub is_taken: Option<bool>,
    /// Whether it was never handed over, since the server does not offer the TLS without which its sender goes no further.
    pub is_withheld: bool,
    /// Whether the server's own log says that it lies in a mailbox, of whomever.
    pub is_stored: bool,
    /// The evidence, as a sentence.
    pub because: String,
}

impl Ending {
    /// Whether the claim holds for this recipient, if that can be told.
    ///
    /// A message in a folder other than INBOX is both `delivered` to that folder and `quarantined` in it; `quarantined`
    /// without a folder is any folder but INBOX, or a hold queue; `delivered` without a folder is any folder.
    pub fn holds(&self, claim: &Outcome) -> Option<bool> {
        match &self.outcome {
            Observed::Seen(seen) => Some(is_satisfied(claim, seen)),
            // whether the server would have refused it nobody knows
            Observed::Unobserved(_) if self.is_withheld => (*claim != Outcome::Rejected).then_some(false),
            // What became of it later does not matter any more.
            Observed::Unobserved(_) => match claim {
                Outcome::Rejected => (self.is_taken == Some(true)).then_some(false),
                Outcome::Deferred | Outcome::Bounced | Outcome::Discarded => self.is_stored.then_some(false),
                Outcome::Delivered(_) | Outcome::Quarantined(_) => None,
            },
        }
    }
}

/// An outcome in words, such as `delivered to INBOX`.
#[must_use]
pub fn outcome_word(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Rejected => "rejected".to_owned(),
        Outcome::Deferred => "deferred".to_owned(),
        Outcome::Delivered(None) => "delivered".to_owned(),
        Outcome::Delivered(Some(folder)) => format!("delivered to {folder}"),
        Outcome::Bounced => "bounced".to_owned(),
        Outcome::Quarantined(None) => "quarantined".to_owned(),
        Outcome::Quarantined(Some(folder)) => format!("quarantined in {folder}"),
        Outcome::Discarded => "discarded".to_owned(),
    }
}

/// One ending for each of these recipients. Where evidence speaks twice, what lies in a mailbox or was taken by a host that
/// the harness plays counts most, then what the dialogue or the program says, then the queues, then notifications.
pub fn endings(recipients: &[&Address], seen: &Transaction) -> Vec<Ending> {
    let ending = |(at, recipient): (usize, &&Address)| ending(recipient, taken(at, seen), seen);
    recipients.iter().enumerate().map(ending).collect()
}

/// The endings of a mail object that nobody planned and the gateway accepted: its recipients are those that a queue or a
/// mailbox names.
#[must_use]
pub fn unplanned(seen: &Transaction) -> Vec<Ending> {
    let copies = &seen.object.delivered;
    let mut recipients: Vec<&Address> =
        copies.iter().map(|copy| copy.recipient.as_ref().unwrap_or(&copy.mailbox)).collect();
    let has_none = |recipient: &&Address| !copies.iter().any(|copy| copy.mailbox == **recipient);
    recipients.extend(seen.object.fates.iter().map(|fate| &fate.recipient).filter(has_none));
    recipients.sort_unstable();
    recipients.dedup();
    let accepted = || Taken::Yes(format!("it was accepted as {}", seen.object.queue_ids.join(", ")));
    recipients.into_iter().map(|recipient| ending(recipient, accepted(), seen)).collect()
}

fn ending(recipient: &Address, taken: Taken, seen: &Transaction) -> Ending {
    let is_taken = match &taken {
        Taken::Yes(_) => Some(true),
        Taken::No(..) => Some(false),
        Taken::Withheld(_) | Taken::Unknown(_) => None,
    };
    let is_withheld = matches!(taken, Taken::Withheld(_));
    let told = in_mailbox(recipient, seen).or_else(|| at_host(recipient, seen)).or_else(|| match &taken {
        Taken::No(outcome, because) => Some((Observed::Seen(outcome.clone()), because.clone())),
        _ => in_queue(recipient, seen).or_else(|| notified(recipient, seen)),
    });
    let (outcome, because) = told.unwrap_or_else(|| {
        let why = match taken {
            Taken::Withheld(why) | Taken::Unknown(why) => why,
            Taken::Yes(how) => format!("{how}, and nothing says what became of it"),
            Taken::No(_, because) => because,
        };
        (Observed::Unobserved(why.clone()), why)
    });
    let is_stored = last_fate(recipient, seen).is_some_and(is_stored);
    Ending { recipient: recipient.clone(), outcome, is_taken, is_withheld, is_stored, because }
}

/// Of several endings the one that is worst for the message; an unknown one is worst of all.
pub fn worst(endings: &[Ending]) -> Observed<Outcome> {
    let rank = |ending: &&Ending| match &ending.outcome {
        Observed::Seen(Outcome::Delivered(_)) => 0,
        Observed::Seen(Outcome::Quarantined(_)) => 1,
        Observed::Seen(Outcome::Deferred) => 2,
        Observed::Seen(Outcome::Discarded) => 3,
        Observed::Seen(Outcome::Bounced) => 4,
        Observed::Seen(Outcome::Rejected) => 5,
        Observed::Unobserved(_) => 6,
    };
    let worst = endings.iter().max_by_key(rank).map(|ending| ending.outcome.clone());
    worst.unwrap_or_else(|| Observed::Unobserved("there is no recipient".to_owned()))
}

/// A reply on one line.
pub fn reply_text(reply: &Reply) -> String {
    format!("{} {}", reply.code, reply.lines.join(" / ")).trim_end().to_owned()
}

/// Whether the server took the message for a recipient.
enum Taken {
    /// Who took it and what was said.
    Yes(String),
    /// What that makes of it, and the evidence.
    No(Outcome, String),
    /// Why it was not handed over.
    Withheld(String),
    Unknown(String),
}

/// For the recipient at this place of the envelope.
fn taken(at: usize, seen: &Transaction) -> Taken {
    let Transaction { dialogue, handshake, program, .. } = seen;
    match program {
        Some(run) if dialogue.is_empty() => by_program(run),
        _ => in_dialogue(at, dialogue, handshake),
    }
}

/// Exit codes are those of sysexits: 75 is EX_TEMPFAIL.
fn by_program(run: &ProgramRun) -> Taken {
    let name = run.command.split(' ').next().unwrap_or_default();
    let said = if run.said.is_empty() { String::new() } else { format!(": {}", run.said) };
    match run.status {
        0 => Taken::Yes(format!("{name} took it")),
        75 => Taken::No(Outcome::Deferred, format!("{name} refused it for now, with status 75{said}")),
        status => Taken::No(Outcome::Rejected, format!("{name} refused it with status {status}{said}")),
    }
}

fn in_dialogue(at: usize, dialogue: &[Exchange], handshake: &Observed<evidence::Handshake>) -> Taken {
    let before = ["connect", "ehlo", "starttls", "auth", "mail-from"];
    let early = dialogue.iter().filter(|e| before.contains(&e.to.as_str()));
    let its_own = dialogue.iter().filter(|e| e.to == "rcpt-to").nth(at);
    let data = dialogue.iter().rfind(|e| e.to == "data");
    let end = dialogue.iter().rfind(|e| e.to == "end-of-data");
    let steps = early.map(Some).chain([its_own, data, end]);
    let mut last = String::new();
    for exchange in steps {
        let Some(exchange) = exchange else {
            let why = ended(dialogue, handshake);
            let is_withheld = matches!(handshake, Observed::Unobserved(why) if why == evidence::NO_STARTTLS);
            return if is_withheld { Taken::Withheld(why) } else { Taken::Unknown(why) };
        };
        match &exchange.reply {
            Observed::Unobserved(why) => return Taken::Unknown(format!("no reply to {}: {why}", exchange.to)),
            Observed::Seen(reply) if reply.is_positive() => last = reply_text(reply),
            Observed::Seen(reply) => {
                let outcome = if reply.is_permanent() { Outcome::Rejected } else { Outcome::Deferred };
                return Taken::No(outcome, format!("the server replied {} to {}", reply_text(reply), exchange.to));
            }
        }
    }
    Taken::Yes(format!("the server took it ({last})"))
}

/// Why the dialogue did not come to its end although nothing was refused.
pub fn ended(dialogue: &[Exchange], handshake: &Observed<evidence::Handshake>) -> String {
    let last = dialogue.iter().rfind(|e| e.to != "quit").map_or("the connection", |e| e.to.as_str());
    match handshake {
        Observed::Seen(_) => format!("the dialogue ended after {last}"),
        Observed::Unobserved(why) => format!("the dialogue ended after {last} (TLS: {why})"),
    }
}

fn in_mailbox(recipient: &Address, seen: &Transaction) -> Option<(Observed<Outcome>, String)> {
    let copies = seen.object.delivered.iter().filter(|copy| copy.is_for(recipient));
    let copy = copies.min_by_key(|copy| (!is_inbox(&copy.folder), copy.folder.clone()))?;
    let folder = if is_inbox(&copy.folder) { "INBOX".to_owned() } else { copy.folder.clone() };
    let because = format!("it lies in {folder} of {recipient}");
    let outcome =
        if is_for_junk(&folder) { Outcome::Quarantined(Some(folder)) } else { Outcome::Delivered(Some(folder)) };
    Some((Observed::Seen(outcome), because))
}

/// The hosts that the harness plays are nobody's mailbox, but the gateway is done with what they took.
fn at_host(recipient: &Address, seen: &Transaction) -> Option<(Observed<Outcome>, String)> {
    let recipient = recipient.to_string();
    let is_for = |arrived: &&evidence::Arrived| arrived.rcpt_to.iter().any(|to| to.eq_ignore_ascii_case(&recipient));
    let arrived = seen.arrived.iter().find(is_for)?;
    let how = if arrived.is_protected { "over TLS" } else { "in cleartext" };
    Some((Observed::Seen(Outcome::Delivered(None)), format!("{} took it for {recipient}, {how}", arrived.host)))
}

fn last_fate<'a>(recipient: &Address, seen: &'a Transaction) -> Option<&'a evidence::Fate> {
    seen.object.fates.iter().rfind(|fate| fate.recipient == *recipient)
}

/// Whether the queue put the message into a mailbox by itself (local(8), virtual(8)). What another host replied begins with a code.
fn is_stored(fate: &evidence::Fate) -> bool {
    let words = ["delivered to mailbox", "delivered to maildir"];
    fate.status == FateStatus::Sent && words.iter().any(|words| fate.said.starts_with(words))
}

fn in_queue(recipient: &Address, seen: &Transaction) -> Option<(Observed<Outcome>, String)> {
    let fate = last_fate(recipient, seen)?;
    let because = format!("{} for {recipient}, says the log of {}: {}", status_word(fate.status), fate.host, fate.said);
    let outcome = match fate.status {
        FateStatus::Deferred => Outcome::Deferred,
        FateStatus::Bounced => Outcome::Bounced,
        FateStatus::Held => Outcome::Quarantined(None),
        FateStatus::Discarded => Outcome::Discarded,
        FateStatus::Sent => {
            let where_not = if seen.connections.is_empty() { "found in a mailbox of" } else { "taken by a host for" };
            let why = format!("{because}; but it was not {where_not} {recipient}");
            return Some((Observed::Unobserved(why.clone()), why));
        }
    };
    Some((Observed::Seen(outcome), because))
}

/// A notification that the recipient cannot be reached (RFC 3464 §2.3.3) is evidence, even if no queue was seen to give
/// up.
fn notified(recipient: &Address, seen: &Transaction) -> Option<(Observed<Outcome>, String)> {
    let is_about = |r: &evidence::Recipient| {
        let address = r.final_recipient.as_ref().map(ToString::to_string);
        r.action == "failed" && address.is_some_and(|address| address.eq_ignore_ascii_case(&recipient.to_string()))
    };
    let names =
        |bounce: &&Delivered| Notification::of(&bounce.message).is_some_and(|n| n.recipients.iter().any(is_about));
    let bounce = seen.object.bounces.iter().find(names)?;
    let because = format!("{} was notified that it cannot be delivered to {recipient}", bounce.mailbox);
    Some((Observed::Seen(Outcome::Bounced), because))
}

/// The word for what a queue did.
#[must_use]
pub const fn status_word(status: FateStatus) -> &'static str {
    match status {
        FateStatus::Sent => "sent",
        FateStatus::Deferred => "deferred",
        FateStatus::Bounced => "bounced",
        FateStatus::Held => "held",
        FateStatus::Discarded => "discarded",
    }
}

fn is_satisfied(claim: &Outcome, seen: &Outcome) -> bool {
    let folder = match seen {
        Outcome::Delivered(folder) | Outcome::Quarantined(folder) => folder.as_deref(),
        _ => None,
    };
    match claim {
        Outcome::Delivered(None) => folder.is_some() || *seen == Outcome::Delivered(None),
        Outcome::Delivered(Some(wanted)) => folder.is_some_and(|folder| is_same_folder(wanted, folder)),
        Outcome::Quarantined(None) => folder.map_or(*claim == *seen, |folder| !is_inbox(folder)),
        Outcome::Quarantined(Some(wanted)) => {
            folder.is_some_and(|folder| !is_inbox(folder) && is_same_folder(wanted, folder))
        }
        _ => claim == seen,
    }
}

/// INBOX has no case (RFC 9051 §5.1); other names do.
fn is_same_folder(one: &str, other: &str) -> bool {
    one == other || (is_inbox(one) && is_inbox(other))
}

fn is_inbox(folder: &str) -> bool {
    folder.eq_ignore_ascii_case("INBOX")
}

/// Folders whose name says that what lies there was put aside, at any depth.
fn is_for_junk(folder: &str) -> bool {
    let name = folder.rsplit(['/', '.']).next().unwrap_or(folder);
    ["junk", "spam", "quarantine"].iter().any(|word| name.eq_ignore_ascii_case(word))
}

/// What the log had not said of the transaction when time was over, as a sentence; `None`: it was complete. Until it is, what it
/// does not say is not known to be missing.
#[must_use]
pub fn unsaid(seen: &Transaction) -> Option<String> {
    let waiting = &seen.object.waiting_for;
    (!waiting.is_empty()).then(|| format!("when time was over the log had not said: {}", waiting.join("; ")))
}

/// What a notification says (RFC 3464 §2.3), if there is one.
#[must_use]
pub fn bounce_words(seen: &Transaction) -> Option<String> {
    let fields: Vec<String> = seen.object.bounces.iter().flat_map(status_fields).collect();
    (!fields.is_empty()).then(|| format!("the notification says {}", fields.join(", ")))
}

/// What a notification says of each recipient (RFC 3464 §2.3).
#[must_use]
pub fn status_fields(bounce: &Delivered) -> Vec<String> {
    let Some(notification) = Notification::of(&bounce.message) else {
        return vec!["it has no delivery status (RFC 3464 §2)".to_owned()];
    };
    let fields = notification.recipients.into_iter().flat_map(|about| {
        [
            ("Final-Recipient", about.final_recipient.map(|address| address.to_string())),
            ("Action", Some(about.action)),
            ("Status", about.status.map(|status| status.to_string())),
            ("Remote-MTA", about.remote_mta),
            ("Diagnostic-Code", about.diagnostic_code),
        ]
    });
    let squeezed = |text: String| text.split_whitespace().collect::<Vec<_>>().join(" ");
    fields.filter_map(|(name, value)| Some(format!("{name}: {}", squeezed(value?)))).collect()
}
