//! What the index says about one transaction, mail object by mail object.

use super::{
    LogIndex, Track,
    entry::{Connection, Delivery, End, QueueEntry},
    gather::{Gathered, Object},
};
use crate::programs;
use evidence::{AuthResult, Fate, FateStatus, LogLine, MailObject, Observed, Relay};
use mail::{Address, Reply, is_same_mailbox};
use std::collections::BTreeSet;

/// Hops beyond this are a loop.
const HOPS: usize = 16;

/// What the log says about one transaction, as far as it goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// One for each mail object that hosts made of it, in the order in which they came. The first one is always there, and
    /// also has what is said of the connection as a whole.
    pub objects: Vec<Logged>,
    /// Whether nothing more is to come: the connection is over, and every queue has had its last word or keeps the
    /// message.
    pub settled: bool,
    /// What is still to come, in words.
    pub waiting_for: Vec<String>,
}

/// What the log says about one mail object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Logged {
    /// As evidence; nothing is known of mailboxes. Of two hosts that evaluated the same method, the results of the last one
    /// on the way count.
    pub object: MailObject,
    /// Its Message-ID, without angle brackets.
    pub message_id: Option<String>,
    /// Into which mailboxes it was put, as far as it is known.
    pub stored: Vec<Stored>,
    /// Method and body of each field that a filter of one method says that it added.
    pub written: Vec<(String, String)>,
}

/// A delivery into a mailbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// For which recipient of the envelope, as it was logged.
    pub recipient: String,
    /// What aliases made of that.
    pub to: String,
    /// Who has the mailbox, in the mailbox server's words; `None`: it said nothing.
    pub user: Option<String>,
    /// The id under which the mailbox server took it. Recipients that aliases made one and the same have one: one copy is for all.
    pub id: Option<String>,
}

impl LogIndex {
    /// What is known by now of a transaction. Costs as much as it has lines.
    #[must_use]
    pub fn account(&self, track: &Track) -> Account {
        let gathered = self.gather(track);
        let waiting_for = self.waiting_for(&gathered, track);
        let objects = gathered.objects.iter().map(|object| self.logged(object, track)).collect();
        Account { objects, settled: waiting_for.is_empty(), waiting_for }
    }

    fn logged(&self, object: &Object, track: &Track) -> Logged {
        let entries = || object.message.iter().filter_map(|at| self.entries.get(at));
        let heads = || object.first.iter().filter_map(|at| self.entries.get(at));
        let head = heads().next();
        let lines: Vec<&LogLine> = object.lines.iter().filter_map(|at| self.lines.get(at)).collect();
        let written = lines.iter().filter_map(|line| programs::of(line)?.written(&line.text));
        Logged {
            object: MailObject {
                queue_ids: entries().map(|entry| format!("{}/{}", entry.host, entry.id)).collect(),
                mail_from: head.and_then(|entry| entry.from.clone()),
                is_accepted: head.and_then(|entry| self.is_accepted(entry, track)),
                log: self.log(object),
                results: self.results(object, track),
                relays: self.relays(object),
                fates: self.fates(object, &lines, track),
                conditions: programs::conditions(&lines, &track.peer),
                ..MailObject::default()
            },
            message_id: head.and_then(|entry| entry.message_id.clone()),
            stored: self.stored_on_the_way(entries()),
            written: written.map(|(method, body)| (method.to_owned(), body.to_owned())).collect(),
        }
    }

    fn is_accepted(&self, entry: &QueueEntry, track: &Track) -> Option<bool> {
        if entry.is_queued() || self.set_aside(entry).is_some() || track.queued.contains(&entry.id) {
            Some(true)
        } else {
            (entry.is_refused || self.was_given_up(entry)).then_some(false)
        }
    }

    /// Where mailbox servers put it, each for the recipient with which it came: an alias may have been replaced before a filter
    /// handed it back.
    fn stored_on_the_way<'a>(&self, entries: impl Iterator<Item = &'a QueueEntry>) -> Vec<Stored> {
        let mut origins: Vec<(&str, &str, String)> = Vec::new();
        let mut found = Vec::new();
        for entry in entries {
            let came_as = |name: &str| -> Vec<String> {
                let is_it = |(id, to, _): &&(&str, &str, String)| *id == entry.id && to.eq_ignore_ascii_case(name);
                let mut names: Vec<String> = origins.iter().filter(is_it).map(|(.., origin)| origin.clone()).collect();
                if names.is_empty() {
                    names.push(name.to_owned());
                }
                names
            };
            for stored in self.stored(entry) {
                let each = came_as(&stored.recipient).into_iter();
                found.extend(each.map(|recipient| Stored { recipient, ..stored.clone() }));
            }
            let handed = entry.deliveries.iter().filter_map(|delivery| Some((delivery.next.as_deref()?, delivery)));
            let handed: Vec<(&str, &str, String)> = handed
                .flat_map(|(next, delivery)| {
                    let origins = came_as(delivery.recipient());
                    origins.into_iter().map(move |origin| (next, delivery.to.as_str(), origin))
                })
                .collect();
            origins.extend(handed);
        }
        found
    }

    /// Where the mailbox server put what this entry handed it.
    fn stored(&self, entry: &QueueEntry) -> Vec<Stored> {
        let handed = entry
            .deliveries
            .iter()
            .filter(|delivery| delivery.status == FateStatus::Sent && delivery.next.is_none() && !delivery.is_relayed);
        handed
            .map(|delivery| {
                let lines = delivery.id_at_store().and_then(|id| self.by_delivery.get(id));
                let lines = lines.into_iter().flatten().filter_map(|at| self.lines.get(at));
                let users = unique(lines.filter_map(|line| programs::of(line)?.user(&line.text)));
                let own = users.iter().find(|user| is_user(user, &delivery.to));
                let user = own.or_else(|| users.first().filter(|_| users.len() == 1));
                let user = user.map(|user| (*user).to_owned());
                Stored {
                    recipient: delivery.recipient().to_owned(),
                    to: delivery.to.clone(),
                    user,
                    id: delivery.id_at_store().map(str::to_owned),
                }
            })
            .collect()
    }

    fn log(&self, object: &Object) -> Vec<LogLine> {
        let notified = object.notifications.iter().filter_map(|at| self.entries.get(at)).flat_map(|entry| &entry.lines);
        let positions: BTreeSet<&u64> = object.lines.iter().chain(notified).collect();
        let lines: Vec<&LogLine> = positions.into_iter().filter_map(|at| self.lines.get(at)).collect();
        let tells = |line: &LogLine| programs::of(line).is_some_and(|program| program.is_telling(&line.text));
        let marked = |line: &LogLine| LogLine { is_telling: tells(line), ..line.clone() };
        hosts(&lines).into_iter().flat_map(|host| of_host(&lines, host)).map(marked).collect()
    }

    fn results(&self, object: &Object, track: &Track) -> Vec<AuthResult> {
        let lines: Vec<&LogLine> = object.lines.iter().filter_map(|at| self.lines.get(at)).collect();
        let on_the_way = object.message.iter().filter_map(|at| self.entries.get(at)).map(|entry| entry.host.as_str());
        let way: Vec<&str> = unique(on_the_way.chain(hosts(&lines)));
        let mut kept: Vec<AuthResult> = Vec::new();
        for host in way.into_iter().rev() {
            let found = programs::results(&of_host(&lines, host).collect::<Vec<_>>(), &track.peer);
            let is_new = |result: &AuthResult| !kept.iter().any(|k| k.method == result.method);
            let found: Vec<AuthResult> = found.into_iter().filter(is_new).collect();
            kept.extend(found);
        }
        kept
    }

    fn relays(&self, object: &Object) -> Vec<Relay> {
        let mut relays: Vec<Relay> = Vec::new();
        for entry in object.message.iter().filter_map(|at| self.entries.get(at)) {
            for delivery in entry.deliveries.iter().filter(|delivery| delivery.is_relayed) {
                let relay = Relay {
                    from: entry.host.clone(),
                    to: delivery.relay.clone(),
                    handshake: delivery.handshake.clone(),
                    reply: reply(&delivery.said)
                        .map_or_else(|| Observed::Unobserved(delivery.said.clone()), Observed::Seen),
                };
                if !relays.contains(&relay) {
                    relays.push(relay);
                }
            }
        }
        relays
    }

    fn fates(&self, object: &Object, lines: &[&LogLine], track: &Track) -> Vec<Fate> {
        let mut fates: Vec<Fate> = Vec::new();
        let mut add = |name: &str, to: &str, (host, mut status, said): (&str, FateStatus, &str)| {
            if status == FateStatus::Sent && is_thrown_away(lines, to) {
                status = FateStatus::Discarded;
            }
            // one name in the log may be several spellings of the envelope
            let mut recipients: Vec<Address> = planned(name, track).cloned().collect();
            if recipients.is_empty() {
                recipients.extend(name.parse());
            }
            for recipient in recipients {
                let fate = Fate { recipient, host: host.to_owned(), status, said: said.to_owned() };
                if !fates.contains(&fate) {
                    fates.push(fate);
                }
            }
        };
        for (at, entry) in object.first.iter().filter_map(|at| Some((*at, self.entries.get(at)?))) {
            for delivery in &entry.deliveries {
                for end in self.ends(at, entry, delivery, track, HOPS) {
                    add(delivery.recipient(), &delivery.to, end);
                }
            }
            if let Some((status, said)) = self.set_aside(entry).filter(|_| !entry.is_queued() && !entry.is_refused) {
                track.rcpt_to.iter().for_each(|r| add(&r.to_string(), &r.to_string(), (&entry.host, *status, said)));
            }
        }
        fates
    }

    /// Where a message came to rest that was handed on.
    fn ends<'a>(
        &'a self,
        at: u64,
        entry: &'a QueueEntry,
        delivery: &'a Delivery,
        track: &Track,
        hops: usize,
    ) -> Vec<(&'a str, FateStatus, &'a str)> {
        let Some(id) = delivery.next.as_deref().filter(|_| hops > 0) else {
            return vec![(&entry.host, delivery.status, &delivery.said)];
        };
        let Some((at, next)) = self.after(at, id, track).and_then(|at| Some((at, self.entries.get(&at)?))) else {
            // Somebody whose log is not in the index has it now.
            return vec![(&entry.host, delivery.status, &delivery.said)];
        };
        if let Some((status, said)) = self.set_aside(next).filter(|_| !next.is_queued()) {
            return vec![(&next.host, *status, said)];
        }
        let is_its =
            |h: &&Delivery| h.recipient().eq_ignore_ascii_case(&delivery.to) || h.to.eq_ignore_ascii_case(&delivery.to);
        let mut its: Vec<&Delivery> = next.deliveries.iter().filter(is_its).collect();
        if its.is_empty() && next.is_removed {
            its = next.deliveries.iter().collect();
        }
        its.into_iter().flat_map(|h| self.ends(at, next, h, track, hops - 1)).collect()
    }

    /// Whether it was put aside, by a line of its own or one of its connection.
    fn set_aside<'a>(&'a self, entry: &'a QueueEntry) -> Option<&'a (FateStatus, String)> {
        let connection = || self.connections.get(&entry.connection?)?.aside.as_ref();
        entry.aside.as_ref().or_else(connection)
    }

    /// Whether the log has nothing yet of a mail server that has, or had, the message: of the one to which it was brought, or of every
    /// other one when it was handed on.
    #[must_use]
    pub fn is_silent(&self, track: &Track) -> bool {
        if track.host.is_empty() {
            return false;
        }
        let is_handed_on = |at: u64| {
            let ids = self.entries.get(&at).into_iter().flat_map(|entry| &entry.deliveries);
            ids.filter_map(|delivery| delivery.next.as_deref()).any(|id| self.after(at, id, track).is_none())
        };
        let is_alone = || self.heard.len() == 1 && self.gather(track).entries().any(is_handed_on);
        !self.heard.contains_key(&track.host) || is_alone()
    }

    fn waiting_for(&self, gathered: &Gathered, track: &Track) -> Vec<String> {
        let mut waiting = Vec::new();
        if !track.host.is_empty() && !self.heard.contains_key(&track.host) {
            waiting.push(format!("anything that is understood of the mail server at {}", track.host));
        }
        let connections: Vec<&Connection> =
            gathered.connections.iter().filter_map(|at| self.connections.get(at)).collect();
        let is_told = |host: &str| self.heard.get(host) != Some(&false);
        for open in connections.iter().filter(|c| c.end == End::Open && is_told(&c.host)) {
            waiting.push(format!("the end of the connection of {} to {}", open.client, open.host));
        }
        if let Some(client) = track.client.filter(|_| is_told(&track.host))
            && !connections.iter().any(|c| matches!(c.end, End::Closed { .. }))
            && waiting.is_empty()
        {
            waiting.push(format!("a line about the connection of {client}"));
        }
        let entries = || gathered.entries().filter_map(|at| Some((at, self.entries.get(&at)?)));
        if !track.rcpt_to.is_empty() && !entries().any(|(_, entry)| !entry.is_refused) {
            waiting.push("a queue id of the message".to_owned());
        }
        let is_unknown = |id: &&String| !entries().any(|(_, entry)| entry.id == **id);
        waiting.extend(
            track.queued.iter().filter(is_unknown).map(|id| format!("{id}, which the gateway named in its reply")),
        );
        for (_, entry) in entries() {
            let lines: Vec<&LogLine> = entry.lines.iter().filter_map(|at| self.lines.get(at)).collect();
            let filter = programs::in_debt(&lines);
            waiting.extend(filter.map(|filter| format!("what {filter} makes of {} at {}", entry.id, entry.host)));
        }
        for (at, entry) in entries().filter(|(_, entry)| !entry.is_refused) {
            self.wait_for_stay(at, entry, track, &mut waiting);
        }
        waiting
    }

    fn wait_for_stay(&self, at: u64, entry: &QueueEntry, track: &Track, waiting: &mut Vec<String>) {
        let name = format!("{} at {}", entry.id, entry.host);
        if !entry.is_queued() {
            if self.set_aside(entry).is_none() && !self.was_given_up(entry) {
                waiting.push(format!("the queue manager to take up {name}"));
            }
            return;
        }
        let handled: BTreeSet<(&str, Option<&str>)> =
            entry.deliveries.iter().map(|h| (h.to.as_str(), h.orig_to.as_deref())).collect();
        if !entry.is_removed {
            // an MTA may not say for how many it is
            let expected = entry.recipients.unwrap_or_else(|| track.rcpt_to.len().max(1));
            if handled.len() < expected {
                waiting.push(format!("the fate of {name}: {} of {expected} recipients known", handled.len()));
            }
            let is_bounced = entry.deliveries.iter().any(|h| h.status == FateStatus::Bounced);
            if is_bounced && entry.notifications.is_empty() && entry.from.as_deref() != Some("") {
                waiting.push(format!("the notification that {name} bounced"));
            }
        }
        for id in entry.deliveries.iter().filter_map(|h| h.next.as_deref()) {
            if self.after(at, id, track).is_none() {
                waiting.push(format!("{id}, as which the next hop took {name}"));
            }
        }
        for id in &entry.notifications {
            if self.latest(id, |_, other| other.host == entry.host).is_none() {
                waiting.push(format!("{id}, the notification about {name}"));
            }
        }
    }

    /// Whether the client went away, or was refused, before the message was complete: its connection is over, and as
    /// many other messages as were accepted in it are known.
    fn was_given_up(&self, entry: &QueueEntry) -> bool {
        let Some(connection) = entry.connection.and_then(|at| self.connections.get(&at)) else { return false };
        let End::Closed { accepted: Some(accepted) } = connection.end else { return false };
        let entered = connection
            .entries
            .iter()
            .filter_map(|at| self.entries.get(at))
            .filter(|s| s.is_queued() || s.aside.is_some());
        entered.count() >= accepted as usize
    }
}

/// The reply of the next hop in what a delivery says: all of it if it was sent, else what stands behind `said:`.
fn reply(said: &str) -> Option<Reply> {
    let text = said.split_once(" said: ").map_or(said, |(_, rest)| rest);
    let text = text.rsplit_once(" (in reply to ").map_or(text, |(reply, _)| reply);
    let code = text.get(..3)?;
    let is_more = text.get(3..4) == Some("-");
    let lines = if is_more {
        let begin = |separator: &str| format!(" {code}{separator}");
        text.replace(&begin("-"), &format!("\n{code}-")).replace(&begin(" "), &format!("\n{code} "))
    } else {
        text.to_owned()
    };
    lines.parse().ok()
}

/// The recipients of the plan that a log may mean: those of the same mailbox, however they are spelt.
fn planned<'a>(name: &str, track: &'a Track) -> impl Iterator<Item = &'a Address> {
    track.rcpt_to.iter().filter(move |recipient| is_same_mailbox(&recipient.to_string(), name))
}

/// Whether the mailbox server says that it threw away what was for this recipient.
fn is_thrown_away(lines: &[&LogLine], recipient: &str) -> bool {
    let of = |line: &LogLine| programs::of(line).filter(|p| p.user(&line.text).is_some_and(|u| is_user(u, recipient)));
    let its: Vec<&str> = lines.iter().filter(|line| of(line).is_some()).map(|line| line.text.as_str()).collect();
    lines.iter().find_map(|line| of(line)).is_some_and(|program| program.is_thrown_away(&its))
}

/// Whether a mailbox server's user has this address, with its domain or without.
fn is_user(user: &str, address: &str) -> bool {
    is_same_mailbox(user, address) || address.rsplit_once('@').is_some_and(|(local, _)| is_same_mailbox(user, local))
}

fn hosts<'a>(lines: &[&'a LogLine]) -> Vec<&'a str> {
    unique(lines.iter().map(|line| line.host.as_str()))
}

fn of_host<'a>(lines: &[&'a LogLine], host: &str) -> impl Iterator<Item = &'a LogLine> {
    lines.iter().copied().filter(move |line| line.host == host)
}

fn unique<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut found = Vec::new();
    for name in names {
        if !found.contains(&name) {
            found.push(name);
        }
    }
    found
}
