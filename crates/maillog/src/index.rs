//! The log of all hosts in one place, indexed so that the lines about one transaction are found at once.
//!
//! The harness knows its own connection: by the queue ids that replies named, by the nonce of a message in it, or by
//! client, EHLO and reverse-path. All that came in by that connection is the transaction's, whatever it calls itself. A
//! queue id binds every line that names it, those of filters too. The time that a message spends under one queue id
//! at one host is a [`QueueEntry`]: queue ids are used again, entries are not. What happens before there is a queue id
//! belongs to a [`Connection`], found by the client's address.

mod account;
mod entry;
mod gather;
#[cfg(test)]
mod tests;

pub use account::{Account, Logged, Stored};

use crate::{
    line::{self, daemon, is_queue_id, queue_id},
    programs::{self, Event, Piece, Program},
};
use entry::{Connection, Delivery, End, OutboundTls, QueueEntry};
use evidence::{LogLine, PeerTexts, Trust};
use mail::{Address, Nonce};
use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    net::IpAddr,
};

/// So many lines back: older lines are dropped even if nobody has called `forget`.
const HORIZON: u64 = 200_000;
/// So many lines of a process wait for the message that they are about.
const AHEAD: usize = 8;
/// So many lines wait for the MTA to repeat them.
const UNPLACED: usize = 256;

/// A host, and the id of a process on it.
type Process = (String, Option<u32>);

/// By what the lines of one transaction are told from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Track {
    /// In the Message-ID.
    pub nonce: Nonce,
    /// Address from which the client connected; `None`: a program on the host itself handed it in.
    pub client: Option<IpAddr>,
    /// What it said in EHLO.
    pub ehlo: String,
    /// What it said in MAIL FROM, without angle brackets; empty for the null reverse-path.
    pub mail_from: String,
    /// The recipients for which a fate is expected: those that were accepted, if the message was; none if it was
    /// refused.
    pub rcpt_to: Vec<Address>,
    /// Queue ids that replies to the client named, in order.
    pub queued: Vec<String>,
    /// The host to which the client spoke, or on which the program ran; empty, if that is not known.
    pub host: String,
    /// What the peer chose of all that filters write down.
    pub peer: PeerTexts,
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
    /// Lines of mailbox servers, by the id of their delivery.
    by_delivery: HashMap<String, Vec<u64>>,
    /// Lines that are nobody's until the MTA repeats their words to a client.
    unplaced: VecDeque<(u64, LogLine)>,
    /// The connection that a session of a host's MTA serves.
    serving: HashMap<(String, String), u64>,
    /// Hosts whose MTA was heard, and whether it tells of the beginning or end of connections.
    heard: HashMap<String, bool>,
    /// What a process has said of a text that it had to cut, and how many pieces that was.
    pieces: HashMap<Process, (usize, String)>,
    /// The message that a process without a connection named last.
    busy: HashMap<Process, u64>,
    /// Lines of a process about the message that it will name next.
    ahead: HashMap<Process, Vec<(u64, LogLine)>>,
    /// The last handshake of a process with each server, and why a certificate is not trusted.
    outbound: HashMap<Process, HashMap<String, OutboundTls>>,
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
    /// Lines of filters that may be about it: the whole session tells.
    unqueued: Vec<u64>,
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
        let line = line::parse(host, raw);
        let at = self.next;
        self.next += 1;
        let program = programs::of(&line);
        let line = match program.and_then(|program| program.piece(&line.text)) {
            None => line,
            Some(piece) => match self.whole(&line, piece) {
                Some(text) => LogLine { text, ..line },
                None => return,
            },
        };
        let is_kept = match program.and_then(|program| program.events(&line).map(|told| (program, told))) {
            Some((program, (id, events))) => self.of_mta(at, &line, program, id, events),
            None => self.of_filter(at, &line, program),
        };
        if is_kept {
            self.lines.insert(at, line);
        }
        if at.is_multiple_of(4096) {
            self.expire(at.saturating_sub(HORIZON));
        }
    }

    /// A line of a filter or a mailbox server.
    fn of_filter(&mut self, at: u64, line: &LogLine, program: Option<&'static dyn Program>) -> bool {
        // OpenDMARC forgets the colon now and then.
        let id =
            queue_id(&line.text).map(|(id, _)| id).or_else(|| line.text.split(' ').next().filter(|id| is_queue_id(id)));
        if let Some(entry) = id.and_then(|id| self.entry_of(&line.host, id)) {
            entry.lines.push(at);
            return true;
        }
        let clients = program.map(|program| program.clients(&line.text)).unwrap_or_default();
        let delivery = program.and_then(|program| program.delivery(&line.text));
        let nonce = Nonce::find(&line.text).filter(|_| clients.is_empty());
        for client in &clients {
            self.by_client.entry(*client).or_default().unqueued.push(at);
        }
        if let Some(id) = delivery {
            self.by_delivery.entry(id.to_owned()).or_default().push(at);
        }
        let is_kept = !clients.is_empty() || delivery.is_some() || nonce.is_some();
        if let Some(nonce) = nonce {
            self.by_nonce.entry(nonce).or_default().loose.push(at);
        } else if !is_kept && program.is_some_and(|program| program.repeated(&line.text).is_some()) {
            if self.unplaced.len() == UNPLACED {
                self.unplaced.pop_front();
            }
            self.unplaced.push_back((at, line.clone()));
        }
        is_kept
    }

    /// A text that came in pieces, as soon as it is complete: its first line.
    fn whole(&mut self, line: &LogLine, piece: Piece<'_>) -> Option<String> {
        let process = (line.host.clone(), line.pid);
        let (before, mut text) = self.pieces.remove(&process).unwrap_or_default();
        if piece.number != before + 1 && piece.number != 1 {
            return None;
        }
        if piece.number == 1 {
            text.clear();
        }
        if !text.ends_with('\n') {
            text.push_str(piece.text);
            text.extend(piece.ends_line.then_some('\n'));
        }
        if piece.number < piece.of {
            self.pieces.insert(process, (piece.number, text));
            return None;
        }
        Some(text.trim_end_matches('\n').to_owned())
    }

    /// A line of an MTA.
    fn of_mta(
        &mut self,
        at: u64,
        line: &LogLine,
        program: &'static dyn Program,
        id: Option<&str>,
        events: Vec<Event<'_>>,
    ) -> bool {
        let tells_of_connections = self.heard.entry(line.host.clone()).or_default();
        *tells_of_connections |=
            events.iter().any(|event| matches!(event, Event::Connect(_) | Event::Disconnect { .. }));
        let tells_of_connections = *tells_of_connections;
        let session = (line.host.clone(), program.session(line));
        // a line that names another client than its connection has has been made up by a name that the client gives itself
        let is_forged =
            |event: &Event<'_>| matches!(event, Event::Client(client) if !self.is_serving(&session, *client));
        if tells_of_connections && self.serving.contains_key(&session) && events.iter().any(is_forged) {
            return false;
        }
        match id {
            None => {
                events.into_iter().fold(false, |is_kept, event| self.unqueued(at, line, &session, event) || is_kept)
            }
            Some(id) => {
                for event in &events {
                    match event {
                        Event::Arrived(client) => self.open(at, line, &session, id, *client),
                        Event::MessageId(_) if self.entry_of(&line.host, id).is_none_or(|entry| entry.is_removed) => {
                            self.open(at, line, &session, id, None);
                        }
                        Event::Named if self.entry_of(&line.host, id).is_none() => {
                            self.open(at, line, &session, id, None);
                        }
                        _ => {}
                    }
                }
                self.queued(at, line, id, events)
            }
        }
    }

    /// A line of an MTA that names a queue id.
    fn queued(&mut self, at: u64, line: &LogLine, id: &str, events: Vec<Event<'_>>) -> bool {
        let Some(key) = self.current.get(&(line.host.clone(), id.to_owned())).copied() else { return false };
        let Some(entry) = self.entries.get_mut(&key) else { return false };
        if daemon(&line.program) == "cleanup" {
            let process = (line.host.clone(), line.pid);
            for (at, line) in self.ahead.remove(&process).unwrap_or_default() {
                entry.lines.push(at);
                self.lines.insert(at, line);
            }
            self.busy.insert(process, key);
        }
        entry.lines.push(at);
        for event in events {
            self.of_message(line, key, event);
        }
        true
    }

    /// What a line says of the message of an entry.
    fn of_message(&mut self, line: &LogLine, key: u64, event: Event<'_>) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        match event {
            Event::MessageId(message_id) => {
                entry.message_id.get_or_insert_with(|| message_id.to_owned());
                if let Some(nonce) = Nonce::find(message_id).filter(|nonce| entry.nonce.as_ref() != Some(nonce)) {
                    self.by_nonce.entry(nonce.clone()).or_default().entries.push(key);
                    entry.nonce = Some(nonce);
                }
            }
            Event::Client(client) => {
                let its = &mut self.by_client.entry(client).or_default().entries;
                if !its.contains(&key) {
                    its.push(key);
                }
            }
            Event::Said(said) => entry.take(&said),
            Event::Active { from, recipients } => {
                entry.is_active = true;
                entry.from = from.map(str::to_owned).or(entry.from.take());
                entry.recipients = recipients.or(entry.recipients);
            }
            Event::Recipient(to) => entry.to.push(to.to_owned()),
            Event::Expired => entry.expire(),
            Event::Notification(id) => entry.notifications.push(id.to_owned()),
            Event::NotificationOf(of) => {
                let id = entry.id.clone();
                if let Some(of) = self.entry_of(&line.host, of) {
                    of.notifications.push(id);
                }
            }
            Event::GoneWhenDone => entry.is_removed |= entry.is_done(),
            Event::Removed => entry.is_removed = true,
            Event::Cancelled => entry.is_refused = true,
            Event::Delivery(logged) => {
                let mut delivery = Delivery::of(&logged);
                let outbound = self.outbound.get_mut(&(line.host.clone(), line.pid));
                if let Some(outbound) = outbound.and_then(|by_peer| by_peer.get_mut(logged.connection))
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
    }

    /// A line of an MTA without a queue id.
    fn unqueued(&mut self, at: u64, line: &LogLine, session: &(String, String), event: Event<'_>) -> bool {
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
            Event::Trusted { peer } => {
                let outbound = self.outbound.get_mut(&(line.host.clone(), line.pid));
                if let Some(told) = outbound.and_then(|by_peer| by_peer.get_mut(peer)) {
                    told.handshake.iter_mut().for_each(|handshake| handshake.peer = Trust::Verified);
                    told.lines.push((at, line.clone()));
                }
                return false;
            }
            _ => {}
        }
        let begins = match event {
            Event::Connect(client) => client,
            // an MTA that says nothing of connections says of some lines whose they are
            Event::Client(client) if !self.is_serving(session, client) => Some(client),
            _ => None,
        };
        if let Some(client) = begins {
            self.connections.insert(at, Connection::new(&line.host, client));
            self.by_client.entry(client).or_default().connections.push(at);
            self.serving.insert(session.clone(), at);
        }
        let Some(connection) = self.serving.get(session).and_then(|at| self.connections.get_mut(at)) else {
            return match event {
                Event::FilterTrouble { is_begun } if daemon(&line.program) == "cleanup" => {
                    self.trouble(at, line, is_begun)
                }
                _ => false,
            };
        };
        if !connection.lines.contains(&at) {
            connection.lines.push(at);
        }
        match event {
            Event::Said(said) => {
                connection.take(&said);
                let is_repeated = |(_, unplaced): &(u64, LogLine)| {
                    let words = programs::of(unplaced).and_then(|program| program.repeated(&unplaced.text));
                    unplaced.host == line.host && words.is_some_and(|words| said.text.contains(words))
                };
                if let Some(found) = self.unplaced.iter().position(is_repeated)
                    && let Some((at, unplaced)) = self.unplaced.remove(found)
                {
                    connection.lines.push(at);
                    self.lines.insert(at, unplaced);
                }
            }
            Event::Disconnect { accepted, .. } => connection.end = End::Closed { accepted },
            Event::PassedOn => connection.end = End::PassedOn,
            _ => return true,
        }
        if connection.end != End::Open {
            self.serving.remove(session);
        }
        true
    }

    fn is_serving(&self, session: &(String, String), client: IpAddr) -> bool {
        let served = self.serving.get(session).and_then(|at| self.connections.get(at));
        served.is_some_and(|connection| connection.client == client)
    }

    /// A filter is not as it should be, says a process that serves no connection: of the message that it has, or of the next one.
    fn trouble(&mut self, at: u64, line: &LogLine, is_begun: bool) -> bool {
        let process = (line.host.clone(), line.pid);
        let entry = self.busy.get(&process).filter(|_| is_begun).and_then(|at| self.entries.get_mut(at));
        match entry.filter(|entry| !entry.is_queued()) {
            Some(entry) => {
                entry.lines.push(at);
                true
            }
            None => {
                let ahead = self.ahead.entry(process).or_default();
                if ahead.len() < AHEAD {
                    ahead.push((at, line.clone()));
                }
                false
            }
        }
    }

    fn dial(&mut self, at: u64, line: &LogLine, logged: programs::Logged) {
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
    fn open(&mut self, at: u64, line: &LogLine, session: &(String, String), id: &str, client: Option<IpAddr>) {
        let served = self.serving.get(session).copied();
        let client = client.or_else(|| Some(self.connections.get(&served?)?.client));
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

    fn entry_of(&mut self, host: &str, id: &str) -> Option<&mut QueueEntry> {
        let at = self.current.get(&(host.to_owned(), id.to_owned()))?;
        self.entries.get_mut(at)
    }
}
