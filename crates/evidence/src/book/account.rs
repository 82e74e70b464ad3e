//! What the book says about one transaction.

use super::{
    LogBook, Track,
    gather::Gathered,
    stay::{Connection, End, Handed, Stay},
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

impl LogBook {
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
        let notified = gathered.notifications.iter().filter_map(|at| self.stays.get(at)).flat_map(|stay| &stay.lines);
        let positions: BTreeSet<&u64> = gathered.lines.iter().chain(notified).collect();
        let lines: Vec<&LogLine> = positions.into_iter().filter_map(|at| self.lines.get(at)).collect();
        hosts(&lines).into_iter().flat_map(|host| of_host(&lines, host)).cloned().collect()
    }

    fn results(&self, gathered: &Gathered) -> Vec<AuthResult> {
        let lines: Vec<&LogLine> = gathered.lines.iter().filter_map(|at| self.lines.get(at)).collect();
        let on_the_way = gathered.message.iter().filter_map(|at| self.stays.get(at)).map(|stay| stay.host.as_str());
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
        for stay in gathered.message.iter().filter_map(|at| self.stays.get(at)) {
            for handed in stay.deliveries.iter().filter(|handed| handed.is_relayed) {
                let relay = Relay {
                    from: stay.host.clone(),
                    to: handed.relay.clone(),
                    handshake: handed.handshake.clone(),
                    reply: reply(&handed.said)
                        .map_or_else(|| Observed::Unobserved(handed.said.clone()), Observed::Seen),
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
        for (at, stay) in gathered.first.iter().filter_map(|at| Some((*at, self.stays.get(at)?))) {
            for handed in &stay.deliveries {
                for end in self.ends(at, stay, handed, track, HOPS) {
                    add(handed.recipient(), end);
                }
            }
            if let Some((status, said)) = self.set_aside(stay).filter(|_| !stay.is_queued() && !stay.is_refused) {
                track.rcpt_to.iter().for_each(|r| add(&r.to_string(), (&stay.host, *status, said)));
            }
        }
        fates
    }

    /// Where a message came to rest that was handed on.
    fn ends<'a>(
        &'a self,
        at: u64,
        stay: &'a Stay,
        handed: &'a Handed,
        track: &Track,
        hops: usize,
    ) -> Vec<(&'a str, FateStatus, &'a str)> {
        let Some(id) = handed.next.as_deref().filter(|_| hops > 0) else {
            return vec![(&stay.host, handed.status, &handed.said)];
        };
        let Some((at, next)) = self.after(at, id, track).and_then(|at| Some((at, self.stays.get(&at)?))) else {
            // Somebody whose log is not in the book has it now.
            return vec![(&stay.host, handed.status, &handed.said)];
        };
        if let Some((status, said)) = self.set_aside(next).filter(|_| !next.is_queued()) {
            return vec![(&next.host, *status, said)];
        }
        let is_its =
            |h: &&Handed| h.recipient().eq_ignore_ascii_case(&handed.to) || h.to.eq_ignore_ascii_case(&handed.to);
        let mut its: Vec<&Handed> = next.deliveries.iter().filter(is_its).collect();
        if its.is_empty() && next.is_removed {
            its = next.deliveries.iter().collect();
        }
        its.into_iter().flat_map(|h| self.ends(at, next, h, track, hops - 1)).collect()
    }

    /// Whether it was put aside, by a line of its own or one of its connection.
    fn set_aside<'a>(&'a self, stay: &'a Stay) -> Option<&'a (FateStatus, String)> {
        let connection = || self.connections.get(&stay.connection?)?.aside.as_ref();
        stay.aside.as_ref().or_else(connection)
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
        let stays =
            || gathered.message.iter().chain(&gathered.notifications).filter_map(|at| Some((*at, self.stays.get(at)?)));
        if !track.rcpt_to.is_empty() && !stays().any(|(_, stay)| !stay.is_refused) {
            waiting.push("a queue id of the message".to_owned());
        }
        for (at, stay) in stays().filter(|(_, stay)| !stay.is_refused) {
            self.wait_for_stay(at, stay, track, &mut waiting);
        }
        waiting
    }

    fn wait_for_stay(&self, at: u64, stay: &Stay, track: &Track, waiting: &mut Vec<String>) {
        let name = format!("{} at {}", stay.id, stay.host);
        if !stay.is_queued() {
            if self.set_aside(stay).is_none() && !self.was_given_up(stay) {
                waiting.push(format!("the queue manager to take up {name}"));
            }
            return;
        }
        let handled: BTreeSet<(&str, Option<&str>)> =
            stay.deliveries.iter().map(|h| (h.to.as_str(), h.orig_to.as_deref())).collect();
        if !stay.is_removed {
            let is_known = stay.recipients.is_some_and(|expected| handled.len() >= expected);
            if !is_known {
                waiting.push(format!(
                    "the fate of {name}: {} of {} recipients known",
                    handled.len(),
                    stay.recipients.unwrap_or(1)
                ));
            }
            let is_bounced = stay.deliveries.iter().any(|h| h.status == FateStatus::Bounced);
            if is_bounced && stay.notifications.is_empty() && stay.from.as_deref() != Some("") {
                waiting.push(format!("the notification that {name} bounced"));
            }
        }
        for id in stay.deliveries.iter().filter_map(|h| h.next.as_deref()) {
            if self.after(at, id, track).is_none() {
                waiting.push(format!("{id}, as which the next hop took {name}"));
            }
        }
        for id in &stay.notifications {
            if self.latest(id, |_, other| other.host == stay.host).is_none() {
                waiting.push(format!("{id}, the notification about {name}"));
            }
        }
    }

    /// Whether the client went away, or was refused, before the message was complete: its connection is over, and as
    /// many other messages as were accepted in it are known.
    fn was_given_up(&self, stay: &Stay) -> bool {
        let Some(connection) = stay.connection.and_then(|at| self.connections.get(&at)) else { return false };
        let End::Closed { accepted: Some(accepted) } = connection.end else { return false };
        let entered =
            connection.stays.iter().filter_map(|at| self.stays.get(at)).filter(|s| s.is_queued() || s.aside.is_some());
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
