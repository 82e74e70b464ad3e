//! What MTAs log, whichever they are: connections, messages that come into a queue, and what becomes of them.

use evidence::{FateStatus, Handshake};
use std::{
    borrow::Cow,
    net::{IpAddr, Ipv4Addr},
};

/// What stands for the address of a client that is a program on the host itself.
pub(crate) const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// One line, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event<'a> {
    /// A client connected; a program on the host itself is [`LOCAL`].
    Connect(Option<IpAddr>),
    /// Its connection ended.
    Disconnect {
        client: Option<IpAddr>,
        /// How many messages were accepted in it, if the line counts them.
        accepted: Option<u32>,
    },
    /// Another process has it now.
    PassedOn,
    /// A TLS handshake with a client or a server.
    Tls(Logged),
    /// Why the certificate of a peer is not trusted; the handshake comes later.
    Distrust { peer: &'a str, reason: &'a str },
    /// The certificate of a server is trusted, whose handshake was told before.
    Trusted { peer: &'a str },
    /// A client was told something about a command, before or after the message had a queue id.
    Said(Said<'a>),
    /// A message came into the queue.
    Arrived(Option<IpAddr>),
    /// Its Message-ID.
    MessageId(&'a str),
    /// The line names a queue id that is never used for another message.
    Named,
    /// From whom a message came that is known already.
    Client(IpAddr),
    /// It is in the queue, as far as it is said from this reverse-path, for so many recipients.
    Active { from: Option<&'a str>, recipients: Option<usize> },
    /// It is for this recipient, as the client named it.
    Recipient(&'a str),
    /// It was given up after many tries.
    Expired,
    /// What became of it for one recipient.
    Delivery(DeliveryLine<'a>),
    /// A notification to the sender was made, with this queue id.
    Notification(&'a str),
    /// This message is a notification to the sender of the one with this queue id.
    NotificationOf(&'a str),
    /// It leaves the queue without a word when each of its recipients has had the last one.
    GoneWhenDone,
    /// It left the queue.
    Removed,
    /// It never came into the queue: it was refused, or the client went away.
    Cancelled,
    /// A filter is not as it should be, says a process that does not name the message: the one that it has begun with, or the
    /// one that it is about to begin with.
    FilterTrouble { is_begun: bool },
    /// Anything else.
    Other,
}

/// A reply to a client, as `NOQUEUE: reject: RCPT from x[192.0.2.1]: 550 …; from=<> to=<> proto=ESMTP helo=<x>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    pub(crate) action: Action,
    /// The reverse-paths that it may name. There are several where a peer's text looks like the end of the line.
    pub(crate) from: Vec<&'a str>,
    pub(crate) text: &'a str,
}

/// What was done with a message, a recipient or a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    Reject,
    Hold,
    Discard,
    /// A warning, a filter and the like.
    Other,
}

/// What became of a message for one recipient, as `to=<…>, orig_to=<…>, relay=…, conn_use=…, dsn=…, status=… (…)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeliveryLine<'a> {
    pub(crate) to: &'a str,
    pub(crate) orig_to: Option<&'a str>,
    /// The next hop as `name[address]:port`; `none`, if there is none.
    pub(crate) relay: Cow<'a, str>,
    /// By what a handshake that was logged before names the connection.
    pub(crate) connection: &'a str,
    /// Whether it went by SMTP, to another MTA.
    pub(crate) is_relayed: bool,
    /// Whether the connection had served before.
    pub(crate) is_reused: bool,
    pub(crate) status: FateStatus,
    pub(crate) said: Cow<'a, str>,
    /// The handshake, where it is told with the delivery.
    pub(crate) handshake: Option<Handshake>,
}

impl DeliveryLine<'_> {
    /// The queue id under which the next hop, or this one, goes on with the message.
    pub(crate) fn next(&self) -> Option<&str> {
        (self.status == FateStatus::Sent).then(|| super::queued_as(&self.said)).flatten()
    }
}

/// A handshake that was logged, and with whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Logged {
    /// By what later lines name the connection: `name[address]:port` of a server, `name[address]` of a client.
    pub(crate) peer: String,
    /// Whether the other end is the server.
    pub(crate) is_outgoing: bool,
    pub(crate) handshake: Handshake,
}
