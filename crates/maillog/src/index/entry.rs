//! What the index notes down of a message in a queue, of a client's connection, and of a handshake with a server.

use crate::programs::{Action, DeliveryLine, Said};
use evidence::{FateStatus, Handshake, LogLine};
use mail::Nonce;
use std::net::IpAddr;

/// A message under one queue id at one host.
#[derive(Debug)]
pub(super) struct QueueEntry {
    pub(super) host: String,
    pub(super) id: String,
    /// The connection in which it came.
    pub(super) connection: Option<u64>,
    pub(super) nonce: Option<Nonce>,
    pub(super) message_id: Option<String>,
    /// The reverse-path, empty for the null one, once it is known.
    pub(super) from: Option<String>,
    /// For so many recipients the queue manager took it up.
    pub(super) recipients: Option<usize>,
    /// Recipients as the client named them, as far as the log says so.
    pub(super) to: Vec<String>,
    /// It was said to be in the queue.
    pub(super) is_active: bool,
    pub(super) deliveries: Vec<Delivery>,
    /// Queue ids of notifications to its sender.
    pub(super) notifications: Vec<String>,
    pub(super) is_refused: bool,
    /// Put on hold or thrown away before it came to the queue manager, with what was said.
    pub(super) aside: Option<(FateStatus, String)>,
    pub(super) is_removed: bool,
    pub(super) lines: Vec<u64>,
}

/// What became of a message for one recipient.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) to: String,
    pub(super) orig_to: Option<String>,
    pub(super) relay: String,
    pub(super) status: FateStatus,
    pub(super) said: String,
    /// The queue id under which it goes on.
    pub(super) next: Option<String>,
    /// Whether it went by SMTP, to another MTA.
    pub(super) is_relayed: bool,
    pub(super) handshake: Option<Handshake>,
}

/// A client's connection to a server of a host.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) host: String,
    pub(super) client: IpAddr,
    pub(super) end: End,
    pub(super) entries: Vec<u64>,
    /// Reverse-paths that lines without a queue id name.
    pub(super) from: Vec<String>,
    /// That a message was to be put on hold or thrown away.
    pub(super) aside: Option<(FateStatus, String)>,
    pub(super) lines: Vec<u64>,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Open,
    /// With so many messages accepted, if that is known.
    Closed {
        accepted: Option<u32>,
    },
    /// Another process has it now.
    PassedOn,
}

/// The last handshake with a server.
#[derive(Debug)]
pub(super) struct OutboundTls {
    /// None until it is complete.
    pub(super) handshake: Option<Handshake>,
    pub(super) distrust: Option<String>,
    /// The entry whose message went over the connection first: later ones only if the connection is used again.
    pub(super) used_by: Option<u64>,
    pub(super) lines: Vec<(u64, LogLine)>,
}

impl QueueEntry {
    pub(super) fn new(host: &str, id: &str, connection: Option<u64>) -> Self {
        Self {
            host: host.to_owned(),
            id: id.to_owned(),
            connection,
            nonce: None,
            message_id: None,
            from: None,
            recipients: None,
            to: Vec::new(),
            is_active: false,
            deliveries: Vec::new(),
            notifications: Vec::new(),
            is_refused: false,
            aside: None,
            is_removed: false,
            lines: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, said: &Said<'_>) {
        if let [from] = said.from.as_slice() {
            self.from.get_or_insert_with(|| (*from).to_owned());
        }
        match said.action {
            // A refused recipient leaves the message alive.
            Action::Reject => self.is_refused |= !said.text.starts_with("RCPT from "),
            _ => self.aside = aside(said).or(self.aside.take()),
        }
    }

    /// A later try replaces an earlier one.
    pub(super) fn deliver(&mut self, delivery: Delivery) {
        let is_same = |old: &Delivery| old.to == delivery.to && old.orig_to == delivery.orig_to;
        match self.deliveries.iter_mut().find(|old| is_same(old)) {
            Some(old) => *old = delivery,
            None => self.deliveries.push(delivery),
        }
    }

    /// What was deferred is now given up.
    pub(super) fn expire(&mut self) {
        for delivery in self.deliveries.iter_mut().filter(|delivery| delivery.status == FateStatus::Deferred) {
            delivery.status = FateStatus::Bounced;
        }
    }

    /// Whether each of its recipients has had the last word, none of which is that it is tried again.
    pub(super) fn is_done(&self) -> bool {
        let is_known = self.recipients.is_some_and(|expected| self.deliveries.len() >= expected);
        is_known && self.deliveries.iter().all(|delivery| delivery.status != FateStatus::Deferred)
    }

    /// Whether it came to the queue manager.
    pub(super) const fn is_queued(&self) -> bool {
        self.is_active || !self.deliveries.is_empty() || self.is_removed
    }
}

impl Delivery {
    pub(super) fn of(delivery: &DeliveryLine<'_>) -> Self {
        Self {
            to: delivery.to.to_owned(),
            orig_to: delivery.orig_to.map(str::to_owned),
            relay: delivery.relay.clone().into_owned(),
            status: delivery.status,
            said: delivery.said.clone().into_owned(),
            next: delivery.next().map(str::to_owned),
            is_relayed: delivery.is_relayed,
            handshake: delivery.handshake.clone(),
        }
    }

    /// The id under which a mailbox server logs it, as in `250 2.0.0 <alice@x.example> Xz60JXpcBWtIAAAATIdV2Q Saved`.
    pub(super) fn id_at_store(&self) -> Option<&str> {
        Some(self.said.strip_suffix(" Saved")?.rsplit_once(' ')?.1)
    }

    /// The recipient as the message came with it.
    pub(super) fn recipient(&self) -> &str {
        self.orig_to.as_deref().unwrap_or(&self.to)
    }
}

impl Connection {
    pub(super) fn new(host: &str, client: IpAddr) -> Self {
        Self {
            host: host.to_owned(),
            client,
            end: End::Open,
            entries: Vec::new(),
            from: Vec::new(),
            aside: None,
            lines: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, said: &Said<'_>) {
        self.from.extend(said.from.iter().map(|from| (*from).to_owned()));
        self.aside = aside(said).or(self.aside.take());
    }
}

impl OutboundTls {
    pub(super) fn distrusted(at: u64, line: LogLine, reason: &str) -> Self {
        Self { handshake: None, distrust: Some(reason.to_owned()), used_by: None, lines: vec![(at, line)] }
    }
}

fn aside(said: &Said<'_>) -> Option<(FateStatus, String)> {
    let status = match said.action {
        Action::Hold => FateStatus::Held,
        Action::Discard => FateStatus::Discarded,
        Action::Reject | Action::Other => return None,
    };
    let text = said.text.rfind("; from=<").map_or(said.text, |at| &said.text[..at]);
    Some((status, text.to_owned()))
}
