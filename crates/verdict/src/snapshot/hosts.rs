//! What hosts that the harness plays saw of a transaction.

use super::{Section, arrived as message, transaction};
use claims::{families_of, links};
use evidence::{Connection, Observed, Offer, Transaction, Trust};
use std::collections::BTreeSet;

/// Whether a gateway may connect to several hosts at once: it has recipients of several domains. What it does then has no
/// order, and is sorted.
pub(super) fn may_overlap(planned: &plan::Transaction) -> bool {
    let domains: BTreeSet<_> = planned.rcpt_to.iter().map(|recipient| recipient.value.domain()).collect();
    domains.len() > 1
}

/// A section a connection.
pub(super) fn connections(planned: &plan::Transaction, seen: &Transaction) -> Vec<Section> {
    let mut connections: Vec<&Connection> = seen.connections.iter().collect();
    let order = if may_overlap(planned) {
        connections.sort_by_key(|connection| (&connection.host, &connection.service));
        ", in no order"
    } else {
        ""
    };
    let section = |c: &Connection| (format!("Host {} ({}){order}", c.host, c.service), connection(c));
    connections.into_iter().map(section).collect()
}

fn connection(seen: &Connection) -> Vec<String> {
    let mut lines: Vec<String> = seen.offer.iter().map(offer).collect();
    match &seen.handshake {
        Observed::Seen(handshake) => {
            let client = match &handshake.peer {
                Trust::Anonymous => String::new(),
                other => format!(", client certificate {}", links::trust(other)),
            };
            lines.push(format!("TLS: {}{client}", links::parameters(handshake)));
            lines.extend(transaction::chain(&handshake.chain));
        }
        Observed::Unobserved(why) => lines.push(format!("TLS: none: {why}")),
    }
    lines.extend(transaction::exchanges(&seen.dialogue, &seen.handshake, seen.service == "https"));
    lines.push(format!("-- {} --", seen.ended));
    lines
}

/// Suites by their number and the families that are talked about; the rest as it is.
fn offer(offer: &Offer) -> String {
    let families = families_of(&offer.suites);
    let families = if families.is_empty() { String::new() } else { format!(" ({})", families.join(", ")) };
    let name = offer.server_name.as_ref().map_or_else(|| "no name".to_owned(), |name| format!("name {name}"));
    format!(
        "offer: {}; {} suites{families}; groups {}; {} signature schemes; {name}",
        offer.versions.join(", "),
        offer.suites.len(),
        offer.groups.join(", "),
        offer.signatures.len(),
    )
}

/// A section a message that was taken.
pub(super) fn arrived(planned: &plan::Transaction, seen: &Transaction) -> Vec<Section> {
    let section = |arrived: &evidence::Arrived| {
        let mut lines = vec![if arrived.is_protected { "over TLS" } else { "in cleartext" }.to_owned()];
        lines.push(format!("MAIL FROM:<{}>", arrived.mail_from));
        lines.extend(arrived.rcpt_to.iter().map(|to| format!("RCPT TO:<{to}>")));
        lines.extend(message::changes(planned, seen, &arrived.message));
        (format!("Arrived at {}", arrived.host), lines)
    };
    let mut sections: Vec<Section> = seen.arrived.iter().map(section).collect();
    if may_overlap(planned) {
        sections.sort();
    }
    sections
}
