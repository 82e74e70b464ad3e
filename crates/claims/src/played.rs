//! What a gateway did as a client of hosts that the harness plays.

use crate::{
    links::{Link, Protection, parameters},
    outcomes::reply_text,
};
use evidence::{Connection, Observed, Relay, Transaction};
use mail::Reply;

/// The connection to a played MTA that counts: the last one over which a message was taken, else the last.
pub(crate) fn connection(seen: &Transaction) -> Option<&Connection> {
    let took = |connection: &&Connection| {
        has_taken(connection) && seen.arrived.iter().any(|arrived| arrived.host == connection.host)
    };
    let to_mtas = || seen.connections.iter().filter(|connection| connection.service == "smtp");
    to_mtas().rfind(took).or_else(|| to_mtas().next_back())
}

/// How such a connection was protected. What the gateway makes of the certificate is its own log's to say.
pub(crate) fn link<'a>(connection: &'a Connection, seen: &'a Transaction) -> Link<'a> {
    let Connection { host, ended, .. } = connection;
    match &connection.handshake {
        Observed::Seen(handshake) => Link::Protected(Protection {
            handshake,
            peer: relay(host, seen)
                .and_then(|relay| relay.handshake.as_ref())
                .map(|logged| &logged.peer)
                .ok_or_else(|| format!("no log says what the certificate of {host} was worth")),
        }),
        Observed::Unobserved(why) if has_begun_data(connection) => {
            Link::Cleartext(format!("the message was sent to {host} in cleartext: {why}"))
        }
        Observed::Unobserved(why) => Link::Unseen(format!("{host} saw no message and no TLS: {why}; {ended}")),
    }
}

/// The hop to this host as the sending MTA logged it. One that logs an address alone means the only host that there was.
fn relay<'a>(host: &str, seen: &'a Transaction) -> Option<&'a Relay> {
    let relays = &seen.object.relays;
    let is_nameless = |relay: &&Relay| {
        let (name, rest) = relay.to.split_once('[').unwrap_or((&relay.to, ""));
        rest.split(']').next() == Some(name)
    };
    let is_only = || relays.len() == 1 && seen.connections.iter().all(|c| c.service != "smtp" || c.host == host);
    relays
        .iter()
        .rfind(|relay| is_at(host, &relay.to))
        .or_else(|| relays.first().filter(|_| is_only()).filter(is_nameless))
}

/// Whether `name[address]:port` is this host.
fn is_at(host: &str, relay: &str) -> bool {
    relay.split('[').next().is_some_and(|name| name.eq_ignore_ascii_case(host))
}

fn has_taken(connection: &Connection) -> bool {
    is_replied(connection, "end-of-data")
}

fn has_begun_data(connection: &Connection) -> bool {
    is_replied(connection, "data") || has_taken(connection)
}

fn is_replied(connection: &Connection, to: &str) -> bool {
    connection.dialogue.iter().any(|e| e.to == to && e.reply.seen().is_some_and(Reply::is_positive))
}

/// A connection in one line: how it was protected, the last thing said, and how it ended.
pub(crate) fn render(connection: &Connection) -> String {
    let how = match &connection.handshake {
        Observed::Seen(handshake) => parameters(handshake),
        Observed::Unobserved(why) => format!("no TLS ({why})"),
    };
    let last = connection.dialogue.iter().rfind(|e| e.to != "quit").map(|e| match &e.reply {
        Observed::Seen(reply) => format!(", {} answered {}", e.to, reply_text(reply)),
        Observed::Unobserved(why) => format!(", {} not answered ({why})", e.to),
    });
    format!(
        "connected to {} ({}): {how}{}; {}",
        connection.host,
        connection.service,
        last.unwrap_or_default(),
        connection.ended
    )
}
