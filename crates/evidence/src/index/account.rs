//! What the index says about one transaction.

use super::{
    LogIndex, Track,
    entry::{Connection, Delivery, End, QueueEntry},
    gather::Gathered,
};
use crate::{AuthResult, Fate, FateStatus, LogLine, Observed, Relay, filters};
use mail::{Address, Reply};
use std::collections::BTreeSet;

/// Hops beyond this are a loop.
const HOPS: usize = 16;

/// What the log says about one transaction, as far as it goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Account {
    /// The lines that belong to it, by host, in order.
    pub log: Vec<LogLine>,
    /// What the filters logged. Of two hosts that evaluated the same method, the last one on the way counts.
    pub results: Vec<AuthResult>,
    /// The hops from one MTA to the next.
    pub relays: Vec<Relay>,
    /// What became of the message for each recipient, as far as it is known.
    pub fates: Vec<Fate>,
    /// Whether nothing more is to come: the connection is over, and every queue has had its last word or keeps the
    /// message.
    pub settled: bool,
    /// What is still to come, in words.
    pub waiting_for: Vec<String>,
}

impl LogIndex {
    /// What is known by now of a transaction. Costs as much as it has lines.
    #[must_use]
    pub fn account(&self, track: &Track) -> Account {
        let gathered = self.gather(track);
        let waiting_for = self.waiting_for(&gathered, track);
        Account {
            log: self.log(&gathered),
            results: self.results(&gathered),
            relays: self.relays(&gathered),
            fates: self.fates(&gathered, track),
            settled: waiting_for.is_empty(),
            waiting_for,
        }
    }

    fn log(&self, gathered: &Gathered) -> Vec<LogLine> {
        let notified =
            gathered.notifications.iter().filter_map(|at| self.entries.get(at)).flat_map(|entry| &entry.lines);
        let positions: BTreeSet<&u64> = gathered.lines.iter().chain(notified).collect();
        let lines: Vec<&LogLine> = positions.into_iter().filter_map(|at| self.lines.get(at)).collect();
        hosts(&lines).into_iter().flat_map(|host| of_host(&lines, host)).cloned().collect()
    }

    fn results(&self, gathered: &Gathered) -> Vec<AuthResult> {
        let lines: Vec<&LogLine> = gathered.lines.iter().filter_map(|at| self.lines.get(at)).collect();
        let on_the_way = gathered.message.iter().filter_map(|at| self.entries.get(at)).map(|entry| entry.host.as_str());
        let way: Vec<&str> = unique(on_the_way.chain(hosts(&lines)));
        let mut kept: Vec<AuthResult> = Vec::new();
        for host in way.into_iter().rev() {
            let found = filters::results(&of_host(&lines, host).collect::<Vec<_>>());
            let is_new = |result: &AuthResult| !kept.iter().any(|k| k.method == result.method);
            let found: Vec<AuthResult> = found.into_iter().filter(is_new).collect();
            kept.extend(found);
        }
        kept
    }

    fn relays(&self, gathered: &Gathered) -> Vec<Relay> {
        let mut relays: Vec<Relay> = Vec::new();
        for entry in gathered.message.iter().filter_map(|at| self.entries.get(at)) {
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

    fn fates(&self, gathered: &Gathered, track: &Track) -> Vec<Fate> {
        let lines: Vec<&LogLine> = gathered.lines.iter().filter_map(|at| self.lines.get(at)).collect();
        let thrown_away = |recipient: &Address| is_thrown_away(&lines, recipient);
        let mut fates: Vec<Fate> = Vec::new();
        let mut add = |name: &str, (host, mut status, said): (&str, FateStatus, &str)| {
            let known = track.rcpt_to.iter().find(|r| r.to_string().eq_ignore_ascii_case(name)).cloned();
            let Some(recipient) = known.or_else(|| name.parse().ok()) else { return };
            if status == FateStatus::Sent && thrown_away(&recipient) {
                status = FateStatus::Discarded;
            }
            let fate = Fate { recipient, host: host.to_owned(), status, said: said.to_owned() };
            if !fates.contains(&fate) {
                fates.push(fate);
            }
        };
        for (at, entry) in gathered.first.iter().filter_map(|at| Some((*at, self.entries.get(at)?))) {
            for delivery in &entry.deliveries {
                for end in self.ends(at, entry, delivery, track, HOPS) {
                    add(delivery.recipient(), end);
                }
            }
            if let Some((status, said)) = self.set_aside(entry).filter(|_| !entry.is_queued() && !entry.is_refused) {
                track.rcpt_to.iter().for_each(|r| add(&r.to_string(), (&entry.host, *status, said)));
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

    fn waiting_for(&self, gathered: &Gathered, track: &Track) -> Vec<String> {
        let mut waiting = Vec::new();
        let connections: Vec<&Connection> =
            gathered.connections.iter().filter_map(|at| self.connections.get(at)).collect();
        for open in connections.iter().filter(|c| c.end == End::Open) {
            waiting.push(format!("the end of the connection of {} to {}", open.client, open.host));
        }
        if let Some(client) = track.client
            && !connections.iter().any(|c| matches!(c.end, End::Closed { .. }))
            && waiting.is_empty()
        {
            waiting.push(format!("a line about the connection of {client}"));
        }
        let entries = || {
            gathered.message.iter().chain(&gathered.notifications).filter_map(|at| Some((*at, self.entries.get(at)?)))
        };
        if !track.rcpt_to.is_empty() && !entries().any(|(_, entry)| !entry.is_refused) {
            waiting.push("a queue id of the message".to_owned());
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
            let is_known = entry.recipients.is_some_and(|expected| handled.len() >= expected);
            if !is_known {
                waiting.push(format!(
                    "the fate of {name}: {} of {} recipients known",
                    handled.len(),
                    entry.recipients.unwrap_or(1)
                ));
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

/// Whether a Sieve script of the recipient threw the message away and did nothing else with it (RFC 5228 §4.4).
fn is_thrown_away(lines: &[&LogLine], recipient: &Address) -> bool {
    let its = |line: &&&LogLine| {
        let user = line.text.split_once('(').and_then(|(_, rest)| rest.split([')', ',']).next()).unwrap_or_default();
        line.program == "dovecot"
            && (user.eq_ignore_ascii_case(&recipient.to_string()) || user.eq_ignore_ascii_case(recipient.local_part()))
    };
    let has = |word: &str| lines.iter().filter(its).any(|line| line.text.to_ascii_lowercase().contains(word));
    has("(discard action)") && !["stored mail", "saved mail", "forwarded to"].iter().any(|word| has(word))
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
