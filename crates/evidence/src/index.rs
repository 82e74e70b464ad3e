//! The log of all hosts in one place, indexed so that the lines about one message are found at once.
//!
//! A message is recognised by its nonce, which cleanup logs with the Message-ID. That binds the queue id, and the
//! queue id binds every line that names it, those of filters too. The time that a message spends under one queue id
//! at one host is a [`QueueEntry`]: queue ids are used again, entries are not. What happens before there is a queue id
//! belongs to a [`Connection`], found by the client's address.

mod account;
mod entry;
mod gather;
#[cfg(test)]
mod tests;

pub use account::Account;

use crate::{
    LogLine, Trust,
    filters::spf_client,
    line::{bracketed, is_queue_id, queue_id},
    postfix::{self, Event},
    tls::Logged,
};
use entry::{Connection, Delivery, End, OutboundTls, QueueEntry};
use mail::{Address, Nonce, ReversePath};
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

/// So many lines back: older lines are dropped even if nobody has called `forget`.
const HORIZON: u64 = 200_000;

/// By what the lines of one transaction are told from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// In the Message-ID.
    pub nonce: Nonce,
    /// Address from which the client connected; `None`: a program on the host itself handed it in.
    pub client: Option<IpAddr>,
    /// What it said in EHLO.
    pub ehlo: String,
    /// What it said in MAIL FROM.
    pub mail_from: ReversePath,
    /// The recipients for which a fate is expected: those that were accepted, if the message was; none if it was
    /// refused.
    pub rcpt_to: Vec<Address>,
    /// [`LogIndex::position`] before the client connected.
    pub since: u64,
}

/// All that was logged and not forgotten.
#[derive(Debug, Default)]
pub struct LogIndex {
    next: u64,
    lines: BTreeMap<u64, LogLine>,
    entries: BTreeMap<u64, QueueEntry>,
    connections: BTreeMap<u64, Connection>,
    /// The entry that a queue id means at a host now.
    current: HashMap<(String, String), u64>,
    /// All entries under a queue id, at any host.
    named: HashMap<String, Vec<u64>>,
    by_nonce: HashMap<Nonce, Named>,
    by_client: HashMap<IpAddr, Caller>,
    /// The connection that a process serves; postscreen serves many at once, told apart by address.
    serving: HashMap<(String, Option<u32>, Option<IpAddr>), u64>,
    /// The last handshake of a process with each server, and why a certificate is not trusted.
    outbound: HashMap<(String, Option<u32>), HashMap<String, OutboundTls>>,
}

/// What bears a nonce.
#[derive(Debug, Default)]
struct Named {
    entries: Vec<u64>,
    /// Lines without a queue id.
    loose: Vec<u64>,
}

/// What came from an address.
#[derive(Debug, Default)]
struct Caller {
    entries: Vec<u64>,
    connections: Vec<u64>,
    unqueued: Vec<UnqueuedLine>,
}

/// A line that belongs to no process serving the client: only its envelope tells whose it is.
#[derive(Debug)]
struct UnqueuedLine {
    at: u64,
    from: Option<String>,
    helo: Option<String>,
}

impl LogIndex {
    /// Ordinal of the next line: what is logged from now on stands there or later.
    #[must_use]
    pub const fn position(&self) -> u64 {
        self.next
    }

    /// Takes one line of a host's syslog collector, priority included. Lines that cannot belong to a message are not
    /// kept.
    pub fn record(&mut self, host: &str, raw: &str) {
        let line = LogLine::parse(host, raw);
        let at = self.next;
        self.next += 1;
        let is_kept = if line.is_postfix() {
            match postfix::read(&line) {
                (Some(id), event) => self.queued(at, &line, id, event),
                (None, event) => self.unqueued(at, &line, event),
            }
        } else {
            self.aside(at, &line)
        };
        if is_kept {
            self.lines.insert(at, line);
        }
        if at.is_multiple_of(4096) {
            self.expire(at.saturating_sub(HORIZON));
        }
    }

    /// A line of a filter or a mailbox server.
    fn aside(&mut self, at: u64, line: &LogLine) -> bool {
        // OpenDMARC forgets the colon now and then.
        let id =
            queue_id(&line.text).map(|(id, _)| id).or_else(|| line.text.split(' ').next().filter(|id| is_queue_id(id)));
        if let Some(entry) = id.and_then(|id| self.stay_of(&line.host, id)) {
            entry.lines.push(at);
        } else if let Some(about) = spf_client(line) {
            let aside = UnqueuedLine { at, from: about.from, helo: about.helo };
            self.by_client.entry(about.client).or_default().unqueued.push(aside);
        } else if let Some(nonce) = Nonce::find(&line.text) {
            self.by_nonce.entry(nonce).or_default().loose.push(at);
        } else {
            return false;
        }
        true
    }

    /// A line of Postfix that names a queue id.
    fn queued(&mut self, at: u64, line: &LogLine, id: &str, event: Event<'_>) -> bool {
        match event {
            Event::Arrived(client) => self.open(at, line, id, client),
            Event::MessageId(_) if self.stay_of(&line.host, id).is_none_or(|entry| entry.is_removed) => {
                self.open(at, line, id, None);
            }
            _ => {}
        }
        let Some(key) = self.current.get(&(line.host.clone(), id.to_owned())).copied() else { return false };
        let Some(entry) = self.entries.get_mut(&key) else { return false };
        entry.lines.push(at);
        match event {
            Event::MessageId(message_id) => {
                if let Some(nonce) = Nonce::find(message_id).filter(|nonce| entry.nonce.as_ref() != Some(nonce)) {
                    self.by_nonce.entry(nonce.clone()).or_default().entries.push(key);
                    entry.nonce = Some(nonce);
                }
            }
            Event::Said(said) => entry.take(&said),
            Event::Active { from, recipients } => {
                entry.from = Some(from.to_owned());
                entry.recipients = Some(recipients);
            }
            Event::Expired => entry.expire(),
            Event::Notification(id) => entry.notifications.push(id.to_owned()),
            Event::Removed => entry.is_removed = true,
            Event::Cancelled => entry.is_refused = true,
            Event::Delivery(logged) => {
                let mut delivery = Delivery::of(line.daemon(), &logged);
                let outbound = self.outbound.get_mut(&(line.host.clone(), line.pid));
                if let Some(outbound) = outbound.and_then(|by_peer| by_peer.get_mut(logged.relay))
                    && (logged.is_reused || outbound.used_by.is_none_or(|user| user == key))
                {
                    outbound.used_by = Some(key);
                    delivery.handshake.clone_from(&outbound.handshake);
                    for (at, line) in &outbound.lines {
                        self.lines.entry(*at).or_insert_with(|| line.clone());
                        if !entry.lines.contains(at) {
                            entry.lines.push(*at);
                        }
                    }
                }
                entry.deliver(delivery);
            }
            _ => {}
        }
        true
    }

    /// A line of Postfix without a queue id.
    fn unqueued(&mut self, at: u64, line: &LogLine, event: Event<'_>) -> bool {
        match event {
            Event::Tls(logged) if logged.is_outgoing => {
                self.dial(at, line, logged);
                return false;
            }
            Event::Distrust { peer, reason } => {
                let by_peer = self.outbound.entry((line.host.clone(), line.pid)).or_default();
                by_peer.insert(peer.to_owned(), OutboundTls::distrusted(at, line.clone(), reason));
                return false;
            }
            _ => {}
        }
        let among = (line.daemon() == "postscreen").then(|| bracketed(&line.text)).flatten();
        let key = (line.host.clone(), line.pid, among);
        if let Event::Connect(Some(client)) = event {
            self.connections.insert(at, Connection::new(&line.host, client));
            self.by_client.entry(client).or_default().connections.push(at);
            self.serving.insert(key.clone(), at);
        }
        let Some(connection) = self.serving.get(&key).and_then(|at| self.connections.get_mut(at)) else {
            return false;
        };
        connection.lines.push(at);
        match event {
            Event::Said(said) => connection.take(&said),
            Event::Disconnect { accepted, .. } => connection.end = End::Closed { accepted },
            _ if among.is_some() && line.text.starts_with("PASS ") => connection.end = End::PassedOn,
            _ => return true,
        }
        if connection.end != End::Open {
            self.serving.remove(&key);
        }
        true
    }

    fn dial(&mut self, at: u64, line: &LogLine, logged: Logged) {
        let by_peer = self.outbound.entry((line.host.clone(), line.pid)).or_default();
        let mut handshake = logged.handshake;
        let mut lines = vec![(at, line.clone())];
        if handshake.peer == Trust::Untrusted(None)
            && let Some(before) = by_peer.remove(&logged.peer)
            && before.handshake.is_none()
        {
            handshake.peer = Trust::Untrusted(before.distrust);
            lines.splice(0..0, before.lines);
        }
        by_peer.insert(logged.peer, OutboundTls { handshake: Some(handshake), distrust: None, used_by: None, lines });
    }

    /// A message comes under a queue id.
    fn open(&mut self, at: u64, line: &LogLine, id: &str, client: Option<IpAddr>) {
        let served = self.serving.get(&(line.host.clone(), line.pid, None)).copied();
        self.entries.insert(at, QueueEntry::new(&line.host, id, served));
        self.current.insert((line.host.clone(), id.to_owned()), at);
        self.named.entry(id.to_owned()).or_default().push(at);
        if let Some(connection) = served.and_then(|served| self.connections.get_mut(&served)) {
            connection.entries.push(at);
        }
        if let Some(client) = client {
            self.by_client.entry(client).or_default().entries.push(at);
        }
    }

    fn stay_of(&mut self, host: &str, id: &str) -> Option<&mut QueueEntry> {
        let at = self.current.get(&(host.to_owned(), id.to_owned()))?;
        self.entries.get_mut(at)
    }
}
