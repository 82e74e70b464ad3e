//! Which stays, connections and lines belong to a transaction; and letting go of them.

use super::{Connection, LogBook, Stay, Track};
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

impl LogBook {
    pub(super) fn gather(&self, track: &Track) -> Gathered {
        let mut gathered = Gathered::default();
        let named = self.by_nonce.get(&track.nonce);
        let caller = track.client.and_then(|client| self.by_client.get(&client));
        let is_mine = |at: &&u64| self.stays.get(at).is_some_and(|stay| self.may_be_mine(stay, track));
        let mut first: BTreeSet<u64> = named.into_iter().flat_map(|n| since(&n.stays, track)).copied().collect();
        first.extend(caller.into_iter().flat_map(|c| since(&c.stays, track)).filter(is_mine));
        self.follow(&mut gathered, &first, track);

        if let Some(caller) = caller {
            self.add_connections(&mut gathered, since(&caller.connections, track), track);
            let asides = caller.asides.iter().filter(|aside| {
                let is_from = aside.from.as_deref().is_none_or(|from| is_from(from, track));
                let is_helo = aside.helo.as_deref().is_none_or(|helo| helo.eq_ignore_ascii_case(&track.ehlo));
                aside.at >= track.since && is_from && is_helo
            });
            gathered.lines.extend(asides.map(|aside| aside.at));
        }
        let stays: Vec<(u64, &Stay)> =
            gathered.message.iter().filter_map(|at| Some((*at, self.stays.get(at)?))).collect();
        let served: BTreeSet<u64> =
            stays.iter().filter_map(|(_, stay)| stay.connection).chain(gathered.connections.iter().copied()).collect();
        let connections = served.iter().filter_map(|at| self.connections.get(at));
        let loose = named.into_iter().flat_map(|n| since(&n.loose, track));
        let on_the_way = stays.iter().flat_map(|(at, stay)| self.asides_of(*at, stay, track));
        let lines =
            connections.flat_map(|c| &c.lines).chain(stays.iter().flat_map(|(_, s)| &s.lines)).chain(loose).copied();
        let lines: BTreeSet<u64> = lines.chain(on_the_way).collect();
        gathered.lines.extend(lines);
        gathered
    }

    /// Lines about the client from whom a later hop has the message: between the beginning of its connection and the
    /// queue id.
    fn asides_of(&self, at: u64, stay: &Stay, track: &Track) -> Vec<u64> {
        let Some((begin, connection)) = stay.connection.and_then(|at| Some((at, self.connections.get(&at)?))) else {
            return Vec::new();
        };
        let asides = self.by_client.get(&connection.client).map_or(&[][..], |caller| &caller.asides);
        let asides = &asides[asides.partition_point(|aside| aside.at < begin)..];
        let is_its = |aside: &&super::Aside| {
            let is_here = self.lines.get(&aside.at).is_some_and(|line| line.host == stay.host);
            is_here && aside.from.as_deref().is_none_or(|from| is_from(from, track))
        };
        asides.iter().take_while(|aside| aside.at < at).filter(is_its).map(|aside| aside.at).collect()
    }

    /// From the first stays along the hops, and to the notifications.
    fn follow(&self, gathered: &mut Gathered, first: &BTreeSet<u64>, track: &Track) {
        let mut seen = BTreeSet::new();
        let mut led_to = BTreeSet::new();
        let mut open: Vec<(u64, bool)> = first.iter().rev().map(|at| (*at, false)).collect();
        while let Some((at, is_notification)) = open.pop() {
            let Some(stay) = self.stays.get(&at) else { continue };
            if !seen.insert(at) {
                continue;
            }
            if is_notification { &mut gathered.notifications } else { &mut gathered.message }.push(at);
            let next = stay.deliveries.iter().filter_map(|handed| self.after(at, handed.next.as_deref()?, track));
            for next in next {
                led_to.insert(next);
                open.push((next, is_notification));
            }
            let notified = stay.notifications.iter().filter_map(|id| self.latest(id, |_, s| s.host == stay.host));
            open.extend(notified.map(|at| (at, true)));
        }
        gathered.first = gathered.message.iter().filter(|at| !led_to.contains(at)).copied().collect();
    }

    /// The stay under the queue id with which the next hop took the message of this one.
    pub(super) fn after(&self, at: u64, id: &str, track: &Track) -> Option<u64> {
        let is_other = |next: u64, stay: &Stay| {
            next != at && next >= track.since && stay.nonce.as_ref().is_none_or(|nonce| *nonce == track.nonce)
        };
        self.latest(id, is_other)
    }

    pub(super) fn latest(&self, id: &str, wanted: impl Fn(u64, &Stay) -> bool) -> Option<u64> {
        let stays = self.named.get(id)?.iter().rev().copied();
        stays.into_iter().find(|at| self.stays.get(at).is_some_and(|stay| wanted(*at, stay)))
    }

    /// A stay without a nonce from the client's address: the envelope must not speak against it.
    fn may_be_mine(&self, stay: &Stay, track: &Track) -> bool {
        match &stay.nonce {
            Some(nonce) => *nonce == track.nonce,
            None => stay.from.as_deref().is_none_or(|from| is_from(from, track)),
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
        let nonces = || connection.stays.iter().filter_map(|at| self.stays.get(at)?.nonce.as_ref());
        let of_stays = connection.stays.iter().filter_map(|at| self.stays.get(at)?.from.as_deref());
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
            let stay = self.stays.get(at);
            stay.is_some_and(|stay| stay.nonce.is_some() || stay.from.is_some()) || !gathered.first.contains(at)
        };
        let stays: Vec<u64> =
            gathered.message.iter().chain(&gathered.notifications).filter(is_certain).copied().collect();
        for at in stays {
            self.drop_stay(at);
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
            caller.asides.retain(|aside| !gathered.lines.contains(&aside.at) || self.lines.remove(&aside.at).is_none());
            if caller.stays.is_empty() && caller.connections.is_empty() && caller.asides.is_empty() {
                self.by_client.remove(&client);
            }
        }
    }

    /// Lets go of what was logged before this position.
    pub(super) fn expire(&mut self, before: u64) {
        for at in self.stays.range(..before).map(|(at, _)| *at).collect::<Vec<_>>() {
            self.drop_stay(at);
        }
        for at in self.connections.range(..before).map(|(at, _)| *at).collect::<Vec<_>>() {
            self.drop_connection(at);
        }
        self.lines = self.lines.split_off(&before);
        self.by_nonce.retain(|_, named| {
            named.loose.retain(|at| *at >= before);
            !named.loose.is_empty() || !named.stays.is_empty()
        });
        self.by_client.retain(|_, caller| {
            caller.asides.retain(|aside| aside.at >= before);
            !(caller.stays.is_empty() && caller.connections.is_empty() && caller.asides.is_empty())
        });
    }

    fn drop_stay(&mut self, at: u64) {
        let Some(stay) = self.stays.remove(&at) else { return };
        for line in &stay.lines {
            self.lines.remove(line);
        }
        let key = (stay.host, stay.id);
        if self.current.get(&key) == Some(&at) {
            self.current.remove(&key);
        }
        if let Some(named) = self.named.get_mut(&key.1) {
            named.retain(|other| *other != at);
            if named.is_empty() {
                self.named.remove(&key.1);
            }
        }
        if let Some(named) = stay.nonce.and_then(|nonce| self.by_nonce.get_mut(&nonce)) {
            named.stays.retain(|other| *other != at);
        }
        let Some(served) = stay.connection else { return };
        let Some(connection) = self.connections.get_mut(&served) else { return };
        connection.stays.retain(|other| *other != at);
        let client = connection.client;
        let is_over = connection.stays.is_empty() && connection.end != super::End::Open;
        if let Some(caller) = self.by_client.get_mut(&client) {
            caller.stays.retain(|other| *other != at);
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
            if caller.stays.is_empty() && caller.connections.is_empty() && caller.asides.is_empty() {
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
