//! Which entries, connections and lines belong to a transaction; and letting go of them.

use super::{Connection, LogIndex, QueueEntry, Track};
use std::collections::BTreeSet;

/// All that belongs to one transaction.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// Stays of the message, first hop first.
    pub(super) message: Vec<u64>,
    /// Those of them to which no other one leads.
    pub(super) first: Vec<u64>,
    /// Stays of notifications about it.
    pub(super) notifications: Vec<u64>,
    /// Connections of the client.
    pub(super) connections: Vec<u64>,
    /// Those of them that are the transaction's beyond doubt.
    certain: Vec<u64>,
    /// Lines about the message, and those before it had a queue id.
    pub(super) lines: BTreeSet<u64>,
}

impl LogIndex {
    pub(super) fn gather(&self, track: &Track) -> Gathered {
        let mut gathered = Gathered::default();
        let named = self.by_nonce.get(&track.nonce);
        let caller = track.client.and_then(|client| self.by_client.get(&client));
        let is_mine = |at: &&u64| self.entries.get(at).is_some_and(|entry| self.may_be_mine(entry, track));
        let mut first: BTreeSet<u64> = named.into_iter().flat_map(|n| since(&n.entries, track)).copied().collect();
        first.extend(caller.into_iter().flat_map(|c| since(&c.entries, track)).filter(is_mine));
        self.follow(&mut gathered, &first, track);

        if let Some(caller) = caller {
            self.add_connections(&mut gathered, since(&caller.connections, track), track);
            let unqueued = caller.unqueued.iter().filter(|aside| {
                let is_from = aside.from.as_deref().is_none_or(|from| is_from(from, track));
                let is_helo = aside.helo.as_deref().is_none_or(|helo| helo.eq_ignore_ascii_case(&track.ehlo));
                aside.at >= track.since && is_from && is_helo
            });
            gathered.lines.extend(unqueued.map(|aside| aside.at));
        }
        let entries: Vec<(u64, &QueueEntry)> =
            gathered.message.iter().filter_map(|at| Some((*at, self.entries.get(at)?))).collect();
        let served: BTreeSet<u64> = entries
            .iter()
            .filter_map(|(_, entry)| entry.connection)
            .chain(gathered.connections.iter().copied())
            .collect();
        let connections = served.iter().filter_map(|at| self.connections.get(at));
        let loose = named.into_iter().flat_map(|n| since(&n.loose, track));
        let on_the_way = entries.iter().flat_map(|(at, entry)| self.asides_of(*at, entry, track));
        let lines =
            connections.flat_map(|c| &c.lines).chain(entries.iter().flat_map(|(_, s)| &s.lines)).chain(loose).copied();
        let lines: BTreeSet<u64> = lines.chain(on_the_way).collect();
        gathered.lines.extend(lines);
        gathered
    }

    /// Lines about the client from whom a later hop has the message: between the beginning of its connection and the
    /// queue id.
    fn asides_of(&self, at: u64, entry: &QueueEntry, track: &Track) -> Vec<u64> {
        let Some((begin, connection)) = entry.connection.and_then(|at| Some((at, self.connections.get(&at)?))) else {
            return Vec::new();
        };
        let unqueued = self.by_client.get(&connection.client).map_or(&[][..], |caller| &caller.unqueued);
        let unqueued = &unqueued[unqueued.partition_point(|aside| aside.at < begin)..];
        let is_its = |aside: &&super::UnqueuedLine| {
            let is_here = self.lines.get(&aside.at).is_some_and(|line| line.host == entry.host);
            is_here && aside.from.as_deref().is_none_or(|from| is_from(from, track))
        };
        unqueued.iter().take_while(|aside| aside.at < at).filter(is_its).map(|aside| aside.at).collect()
    }

    /// From the first entries along the hops, and to the notifications.
    fn follow(&self, gathered: &mut Gathered, first: &BTreeSet<u64>, track: &Track) {
        let mut seen = BTreeSet::new();
        let mut led_to = BTreeSet::new();
        let mut open: Vec<(u64, bool)> = first.iter().rev().map(|at| (*at, false)).collect();
        while let Some((at, is_notification)) = open.pop() {
            let Some(entry) = self.entries.get(&at) else { continue };
            if !seen.insert(at) {
                continue;
            }
            if is_notification { &mut gathered.notifications } else { &mut gathered.message }.push(at);
            let next = entry.deliveries.iter().filter_map(|delivery| self.after(at, delivery.next.as_deref()?, track));
            for next in next {
                led_to.insert(next);
                open.push((next, is_notification));
            }
            let notified = entry.notifications.iter().filter_map(|id| self.latest(id, |_, s| s.host == entry.host));
            open.extend(notified.map(|at| (at, true)));
        }
        gathered.first = gathered.message.iter().filter(|at| !led_to.contains(at)).copied().collect();
    }

    /// The entry under the queue id with which the next hop took the message of this one.
    pub(super) fn after(&self, at: u64, id: &str, track: &Track) -> Option<u64> {
        let is_other = |next: u64, entry: &QueueEntry| {
            next != at && next >= track.since && entry.nonce.as_ref().is_none_or(|nonce| *nonce == track.nonce)
        };
        self.latest(id, is_other)
    }

    pub(super) fn latest(&self, id: &str, wanted: impl Fn(u64, &QueueEntry) -> bool) -> Option<u64> {
        let entries = self.named.get(id)?.iter().rev().copied();
        entries.into_iter().find(|at| self.entries.get(at).is_some_and(|entry| wanted(*at, entry)))
    }

    /// An entry without a nonce from the client's address: the envelope must not speak against it.
    fn may_be_mine(&self, entry: &QueueEntry, track: &Track) -> bool {
        match &entry.nonce {
            Some(nonce) => *nonce == track.nonce,
            None => entry.from.as_deref().is_none_or(|from| is_from(from, track)),
        }
    }

    /// The client's connections. One that says nothing of its envelope is taken for the transaction's own, unless the
    /// address serves others as well and another connection is certain.
    fn add_connections(&self, gathered: &mut Gathered, of_client: &[u64], track: &Track) {
        let mut is_shared = false;
        let mut unsure = Vec::new();
        for (at, connection) in of_client.iter().filter_map(|at| Some((*at, self.connections.get(at)?))) {
            match self.is_connection_mine(connection, track) {
                Some(true) => gathered.connections.push(at),
                Some(false) => is_shared = true,
                None => unsure.push(at),
            }
        }
        gathered.certain.clone_from(&gathered.connections);
        if !is_shared || gathered.connections.is_empty() {
            gathered.connections.append(&mut unsure);
            gathered.connections.sort_unstable();
        }
    }

    /// As its messages say, or its envelope where they do not; nothing, if neither does.
    fn is_connection_mine(&self, connection: &Connection, track: &Track) -> Option<bool> {
        let nonces = || connection.entries.iter().filter_map(|at| self.entries.get(at)?.nonce.as_ref());
        let of_stays = connection.entries.iter().filter_map(|at| self.entries.get(at)?.from.as_deref());
        let mut from = connection.from.iter().map(String::as_str).chain(of_stays).peekable();
        if nonces().any(|nonce| *nonce == track.nonce) {
            Some(true)
        } else if nonces().next().is_some() {
            Some(false)
        } else {
            from.peek()?;
            Some(from.any(|from| is_from(from, track)))
        }
    }

    /// Lets go of all that belongs to a transaction. What might be another one's that has only begun stays for a while.
    pub fn forget(&mut self, track: &Track) {
        let gathered = self.gather(track);
        let is_certain = |at: &&u64| {
            let entry = self.entries.get(at);
            entry.is_some_and(|entry| entry.nonce.is_some() || entry.from.is_some()) || !gathered.first.contains(at)
        };
        let entries: Vec<u64> =
            gathered.message.iter().chain(&gathered.notifications).filter(is_certain).copied().collect();
        for at in entries {
            self.drop_entry(at);
        }
        for at in &gathered.certain {
            self.drop_connection(*at);
        }
        for at in self.by_nonce.remove(&track.nonce).into_iter().flat_map(|named| named.loose) {
            self.lines.remove(&at);
        }
        if let Some(client) = track.client
            && let Some(caller) = self.by_client.get_mut(&client)
        {
            caller
                .unqueued
                .retain(|aside| !gathered.lines.contains(&aside.at) || self.lines.remove(&aside.at).is_none());
            if caller.entries.is_empty() && caller.connections.is_empty() && caller.unqueued.is_empty() {
                self.by_client.remove(&client);
            }
        }
    }

    /// Lets go of what was logged before this position.
    pub(super) fn expire(&mut self, before: u64) {
        for at in self.entries.range(..before).map(|(at, _)| *at).collect::<Vec<_>>() {
            self.drop_entry(at);
        }
        for at in self.connections.range(..before).map(|(at, _)| *at).collect::<Vec<_>>() {
            self.drop_connection(at);
        }
        self.lines = self.lines.split_off(&before);
        self.by_nonce.retain(|_, named| {
            named.loose.retain(|at| *at >= before);
            !named.loose.is_empty() || !named.entries.is_empty()
        });
        self.by_client.retain(|_, caller| {
            caller.unqueued.retain(|aside| aside.at >= before);
            !(caller.entries.is_empty() && caller.connections.is_empty() && caller.unqueued.is_empty())
        });
    }

    fn drop_entry(&mut self, at: u64) {
        let Some(entry) = self.entries.remove(&at) else { return };
        for line in &entry.lines {
            self.lines.remove(line);
        }
        let key = (entry.host, entry.id);
        if self.current.get(&key) == Some(&at) {
            self.current.remove(&key);
        }
        if let Some(named) = self.named.get_mut(&key.1) {
            named.retain(|other| *other != at);
            if named.is_empty() {
                self.named.remove(&key.1);
            }
        }
        if let Some(named) = entry.nonce.and_then(|nonce| self.by_nonce.get_mut(&nonce)) {
            named.entries.retain(|other| *other != at);
        }
        let Some(served) = entry.connection else { return };
        let Some(connection) = self.connections.get_mut(&served) else { return };
        connection.entries.retain(|other| *other != at);
        let client = connection.client;
        let is_over = connection.entries.is_empty() && connection.end != super::End::Open;
        if let Some(caller) = self.by_client.get_mut(&client) {
            caller.entries.retain(|other| *other != at);
        }
        if is_over {
            self.drop_connection(served);
        }
    }

    fn drop_connection(&mut self, at: u64) {
        let Some(connection) = self.connections.remove(&at) else { return };
        for line in &connection.lines {
            self.lines.remove(line);
        }
        if connection.end == super::End::Open {
            self.serving.retain(|_, served| *served != at);
        }
        if let Some(caller) = self.by_client.get_mut(&connection.client) {
            caller.connections.retain(|other| *other != at);
            if caller.entries.is_empty() && caller.connections.is_empty() && caller.unqueued.is_empty() {
                self.by_client.remove(&connection.client);
            }
        }
    }
}

/// The positions, ascending, that are not before the transaction.
fn since<'a>(positions: &'a [u64], track: &Track) -> &'a [u64] {
    &positions[positions.partition_point(|at| *at < track.since)..]
}

fn is_from(from: &str, track: &Track) -> bool {
    from.eq_ignore_ascii_case(&track.mail_from.to_string())
}
