//! Which entries, connections and lines belong to a transaction, and to which of its mail objects; and letting go of them.

use super::{Caller, Connection, End, LogIndex, Named, QueueEntry, Track};
use crate::programs::{self, LOCAL, Session};
use mail::is_same_mailbox;
use std::collections::BTreeSet;

/// All that belongs to one transaction.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// One for each mail object, in the order in which they came; the first one stands for the transaction, and is there
    /// even if it has nothing.
    pub(super) objects: Vec<Object>,
    /// Connections of the client.
    pub(super) connections: Vec<u64>,
    /// Those of them that are the transaction's beyond doubt.
    certain: Vec<u64>,
}

/// By what a connection of the client's address is known.
enum Sign {
    /// A queue id or nonce of the transaction.
    Named,
    /// Its reverse-path.
    Alike,
    /// It is another transaction's.
    Other,
    /// It says nothing yet.
    Nothing,
}

/// All that belongs to one mail object.
#[derive(Debug, Default)]
pub(super) struct Object {
    /// Entries of the message, first hop first.
    pub(super) message: Vec<u64>,
    /// Those of them to which no other one leads.
    pub(super) first: Vec<u64>,
    /// Entries of notifications about it.
    pub(super) notifications: Vec<u64>,
    /// Lines about the message, and those before it had a queue id.
    pub(super) lines: BTreeSet<u64>,
}

impl Gathered {
    /// Entries of all messages and notifications.
    pub(super) fn entries(&self) -> impl Iterator<Item = u64> {
        self.objects.iter().flat_map(|object| object.message.iter().chain(&object.notifications)).copied()
    }
}

impl LogIndex {
    pub(super) fn gather(&self, track: &Track) -> Gathered {
        let mut gathered = Gathered::default();
        let named = self.by_nonce.get(&track.nonce);
        let caller = self.by_client.get(&track.client.unwrap_or(LOCAL));
        if let Some(caller) = caller {
            self.add_connections(&mut gathered, since(&caller.connections, track), track);
        }
        self.add_objects(&mut gathered, named, caller, track);
        let is_only = gathered.objects.len() == 1;
        let heads: Vec<u64> = gathered.objects.iter().filter_map(|object| object.first.first().copied()).collect();
        for number in 0..gathered.objects.len() {
            let mut lines = self.lines_of(&gathered.objects[number], track);
            if number == 0 {
                // what the whole connection says stands with the first message
                let connections = gathered.connections.iter().filter_map(|at| self.connections.get(at));
                lines.extend(connections.flat_map(|connection| &connection.lines));
                lines.extend(named.into_iter().flat_map(|named| since(&named.loose, track)).filter(|at| {
                    // a line that only bears the nonce is another object's if that has the delivery it is about
                    is_only || !gathered.objects[1..].iter().any(|object| self.stores(object).any(|line| line == **at))
                }));
            }
            gathered.objects[number].lines = lines;
        }
        for at in caller.into_iter().flat_map(|caller| since(&caller.unqueued, track)).copied() {
            // a filter that is asked about a recipient speaks before the message has a queue id
            let is_before = |number: &usize| is_only || heads.get(*number).is_none_or(|head| at < *head);
            let is_its = |number: &usize| self.is_about(at, &gathered.objects[*number], track);
            let number = (0..gathered.objects.len()).find(|number| is_before(number) && is_its(number));
            if let Some(number) = number {
                gathered.objects[number].lines.insert(at);
            }
        }
        gathered
    }

    /// All that came in by the client's connections is the transaction's. What bears its nonce and came in otherwise, as
    /// what a mailbox server sends on, is the first object's.
    fn add_objects(&self, gathered: &mut Gathered, named: Option<&Named>, caller: Option<&Caller>, track: &Track) {
        let entry = |at: u64| self.entries.get(&at);
        let is_certain =
            |at: u64| entry(at).and_then(|entry| entry.connection).is_some_and(|c| gathered.certain.contains(&c));
        let named: BTreeSet<u64> = named.into_iter().flat_map(|n| since(&n.entries, track)).copied().collect();
        let of_client = caller.into_iter().flat_map(|caller| since(&caller.entries, track)).copied();
        let of_client: BTreeSet<u64> = of_client
            .filter(|at| {
                is_certain(*at)
                    || entry(*at).is_some_and(|entry| {
                        let is_elsewhere = !gathered.certain.is_empty() && entry.connection.is_some();
                        !is_elsewhere && self.may_be_mine(entry, track)
                    })
            })
            .collect();
        let mut seen = BTreeSet::new();
        for at in &of_client {
            let object = self.follow(&BTreeSet::from([*at]), &mut seen, track);
            gathered.objects.extend((!object.message.is_empty()).then_some(object));
        }
        // RSET, or a client that went away: no message was ever there
        let is_begun = |object: &Object| {
            object.first.iter().filter_map(|at| entry(*at)).any(|entry| {
                entry.message_id.is_none() && !entry.is_queued() && !entry.is_refused && entry.aside.is_none()
            })
        };
        if !gathered.objects.iter().all(is_begun) {
            gathered.objects.retain(|object| !is_begun(object));
        }
        let rest = self.follow(&named, &mut seen, track);
        match gathered.objects.first_mut() {
            Some(first) => {
                first.message.extend(rest.message);
                first.first.extend(rest.first);
                first.notifications.extend(rest.notifications);
            }
            None => gathered.objects.push(rest),
        }
    }

    /// The lines that name a queue id of the object, or a delivery of it; and those of the connections of later hops.
    fn lines_of(&self, object: &Object, track: &Track) -> BTreeSet<u64> {
        let entries: Vec<(u64, &QueueEntry)> =
            object.message.iter().filter_map(|at| Some((*at, self.entries.get(at)?))).collect();
        let heads = |at: &u64| object.first.contains(at);
        let served = entries.iter().filter(|(at, _)| !heads(at)).filter_map(|(_, entry)| entry.connection);
        let served: BTreeSet<u64> = served.collect();
        let connections = served.iter().filter_map(|at| self.connections.get(at));
        let before = entries.iter().flat_map(|(at, entry)| self.unqueued_before(*at, entry, track));
        let own = connections.flat_map(|c| &c.lines).chain(entries.iter().flat_map(|(_, entry)| &entry.lines)).copied();
        own.chain(self.stores(object)).chain(before).collect()
    }

    /// Lines of mailbox servers about deliveries of the object.
    pub(super) fn stores(&self, object: &Object) -> impl Iterator<Item = u64> {
        let deliveries =
            object.message.iter().filter_map(|at| self.entries.get(at)).flat_map(|entry| &entry.deliveries);
        let ids = deliveries.filter_map(|delivery| delivery.id_at_store());
        ids.filter_map(|id| self.by_delivery.get(id)).flatten().copied()
    }

    /// Whether a line of a filter without a queue id is about the client's session in which this object came.
    fn is_about(&self, at: u64, object: &Object, track: &Track) -> bool {
        let Some((line, client)) = self.lines.get(&at).zip(track.client) else { return false };
        let logged = object.first.first().and_then(|at| self.entries.get(at)?.from.as_deref());
        // what the client said is more than what the queue made of it
        let is_as_said = logged.is_none_or(|from| is_same_mailbox(from, &track.mail_from));
        let mail_from = logged.filter(|_| !is_as_said).unwrap_or(&track.mail_from);
        let session = Session { client, helo: Some(&track.ehlo), mail_from };
        programs::of(line).is_some_and(|program| program.is_about(&line.text, &session))
    }

    /// Lines about the client from whom a later hop has the message: between the beginning of its connection and the
    /// queue id.
    fn unqueued_before(&self, at: u64, entry: &QueueEntry, track: &Track) -> Vec<u64> {
        let Some((begin, connection)) = entry.connection.and_then(|at| Some((at, self.connections.get(&at)?))) else {
            return Vec::new();
        };
        if Some(connection.client) == track.client {
            return Vec::new();
        }
        let unqueued = self.by_client.get(&connection.client).map_or(&[][..], |caller| &caller.unqueued);
        let unqueued = &unqueued[unqueued.partition_point(|at| *at < begin)..];
        let mail_from = entry.from.as_deref().unwrap_or(&track.mail_from);
        let session = Session { client: connection.client, helo: None, mail_from };
        let is_its = |at: &&u64| {
            let line = self.lines.get(at).filter(|line| line.host == entry.host);
            line.is_some_and(|line| programs::of(line).is_some_and(|program| program.is_about(&line.text, &session)))
        };
        unqueued.iter().take_while(|before| **before < at).filter(is_its).copied().collect()
    }

    /// From the first entries along the hops, and to the notifications.
    fn follow(&self, first: &BTreeSet<u64>, seen: &mut BTreeSet<u64>, track: &Track) -> Object {
        let mut object = Object::default();
        let mut led_to = BTreeSet::new();
        let mut open: Vec<(u64, bool)> = first.iter().rev().map(|at| (*at, false)).collect();
        while let Some((at, is_notification)) = open.pop() {
            let Some(entry) = self.entries.get(&at) else { continue };
            if !seen.insert(at) {
                continue;
            }
            if is_notification { &mut object.notifications } else { &mut object.message }.push(at);
            let next = entry.deliveries.iter().filter_map(|delivery| self.after(at, delivery.next.as_deref()?, track));
            for next in next {
                led_to.insert(next);
                open.push((next, is_notification));
            }
            let notified = entry.notifications.iter().filter_map(|id| self.latest(id, |_, s| s.host == entry.host));
            open.extend(notified.map(|at| (at, true)));
        }
        object.first = object.message.iter().filter(|at| !led_to.contains(at)).copied().collect();
        object
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

    /// An entry from the client's address: a reply named it, or it has the nonce, or its envelope does not speak against it.
    fn may_be_mine(&self, entry: &QueueEntry, track: &Track) -> bool {
        if track.queued.contains(&entry.id) {
            return true;
        }
        match &entry.nonce {
            Some(nonce) => *nonce == track.nonce,
            None => {
                entry.from.as_deref().is_none_or(|from| is_same_mailbox(from, &track.mail_from)) && is_to(entry, track)
            }
        }
    }

    /// The client's connections. One that says nothing of its envelope is taken for the transaction's own as long as none is
    /// certain. Beside a certain one it is another transaction's, which may last for long; unless it was only passed on, and the
    /// address serves nobody else.
    fn add_connections(&self, gathered: &mut Gathered, of_client: &[u64], track: &Track) {
        let (mut named, mut alike, mut unsure, mut is_shared) = (Vec::new(), Vec::new(), Vec::new(), false);
        for (at, connection) in of_client.iter().filter_map(|at| Some((*at, self.connections.get(at)?))) {
            match self.sign_of(connection, track) {
                Sign::Named => named.push(at),
                Sign::Alike => alike.push(at),
                Sign::Other => is_shared = true,
                Sign::Nothing => unsure.push(at),
            }
        }
        // another transaction may have the same envelope, but not the same queue id
        is_shared |= !named.is_empty() && !alike.is_empty();
        gathered.certain = if named.is_empty() { alike } else { named };
        gathered.connections.clone_from(&gathered.certain);
        let is_passed_on = |at: &u64| self.connections.get(at).is_some_and(|it| it.end == End::PassedOn);
        if !gathered.certain.is_empty() {
            unsure.retain(|at| !is_shared && is_passed_on(at));
        }
        gathered.connections.append(&mut unsure);
        gathered.connections.sort_unstable();
    }

    /// What the queue ids and nonces of its messages say, or its envelope where they say nothing.
    fn sign_of(&self, connection: &Connection, track: &Track) -> Sign {
        let entries = || connection.entries.iter().filter_map(|at| self.entries.get(at));
        if !entries().all(|entry| is_to(entry, track)) {
            return Sign::Other;
        }
        let logged = entries().filter_map(|entry| entry.from.as_deref());
        let mut from = logged.chain(connection.from.iter().map(String::as_str)).peekable();
        let is_named =
            |entry: &QueueEntry| track.queued.contains(&entry.id) || entry.nonce.as_ref() == Some(&track.nonce);
        // a nonce that is not the transaction's own may be one that the peer made up
        if entries().any(is_named) {
            Sign::Named
        } else if from.peek().is_none() {
            if entries().any(|entry| entry.nonce.is_some()) { Sign::Other } else { Sign::Nothing }
        } else if from.any(|from| is_same_mailbox(from, &track.mail_from)) {
            Sign::Alike
        } else {
            Sign::Other
        }
    }

    /// Lets go of all that belongs to a transaction. What might be another one's that has only begun stays for a while.
    pub fn forget(&mut self, track: &Track) {
        let gathered = self.gather(track);
        let heads: Vec<u64> = gathered.objects.iter().flat_map(|object| &object.first).copied().collect();
        let is_certain = |at: &u64| {
            let entry = self.entries.get(at);
            entry.is_some_and(|entry| entry.nonce.is_some() || entry.from.is_some()) || !heads.contains(at)
        };
        let lines: BTreeSet<u64> = gathered.objects.iter().flat_map(|object| &object.lines).copied().collect();
        let stores: Vec<u64> = gathered.objects.iter().flat_map(|object| self.stores(object)).collect();
        for at in stores {
            self.lines.remove(&at);
        }
        let deliveries = gathered.entries().filter_map(|at| self.entries.get(&at)).flat_map(|entry| &entry.deliveries);
        let ids: Vec<String> = deliveries.filter_map(|delivery| delivery.id_at_store().map(str::to_owned)).collect();
        for id in ids {
            self.by_delivery.remove(&id);
        }
        let entries: Vec<u64> = gathered.entries().filter(is_certain).collect();
        for at in entries {
            self.drop_entry(at);
        }
        for at in &gathered.certain {
            self.drop_connection(*at);
        }
        for at in self.by_nonce.remove(&track.nonce).into_iter().flat_map(|named| named.loose) {
            self.lines.remove(&at);
        }
        let client = track.client.unwrap_or(LOCAL);
        if let Some(caller) = self.by_client.get_mut(&client) {
            caller.unqueued.retain(|at| !lines.contains(at) || self.lines.remove(at).is_none());
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
        self.busy.retain(|_, at| *at >= before);
        self.ahead.retain(|_, lines| lines.iter().all(|(at, _)| *at >= before));
        self.lines = self.lines.split_off(&before);
        self.by_nonce.retain(|_, named| {
            named.loose.retain(|at| *at >= before);
            !named.loose.is_empty() || !named.entries.is_empty()
        });
        self.by_delivery.retain(|_, lines| {
            lines.retain(|at| *at >= before);
            !lines.is_empty()
        });
        self.by_client.retain(|_, caller| {
            caller.unqueued.retain(|at| *at >= before);
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

/// Whether an entry may be for the recipients of the transaction. Programs on a host share everything else: they are told apart by
/// whom they write to.
fn is_to(entry: &QueueEntry, track: &Track) -> bool {
    let is_its = |to: &String| track.rcpt_to.iter().any(|own| is_same_mailbox(&own.to_string(), to));
    track.client.is_some() || entry.to.is_empty() || entry.to.iter().any(is_its)
}

/// The positions, ascending, that are not before the transaction.
fn since<'a>(positions: &'a [u64], track: &Track) -> &'a [u64] {
    &positions[positions.partition_point(|at| *at < track.since)..]
}
