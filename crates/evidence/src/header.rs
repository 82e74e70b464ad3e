//! Authentication-Results of a delivered message: which of them are the gateway's own (RFC 8601 §4.1, §5).

use crate::{AuthResult, ResultSource, filters::from_field};
use mail::{AuthenticationResults, Field, Message};
use std::net::IpAddr;

/// The results in fields of this authserv-id that the gateway itself added: those that stand above the Received field
/// with which it took the message over. Whatever stands below that came with the message.
#[must_use]
pub fn results_of(message: &Message, authserv_id: &str) -> Vec<AuthResult> {
    let border = border(message, authserv_id);
    let ours = message.fields.iter().take(border).filter_map(|field| read(field, authserv_id));
    ours.flat_map(|field| field.results).map(|result| from_field(result, ResultSource::Header)).collect()
}

/// Bodies of the fields that bear this authserv-id although they came with the message. A gateway should have removed
/// them (RFC 8601 §5); they are no evidence of what it found.
#[must_use]
pub fn claims_of_others<'a>(message: &'a Message, authserv_id: &str) -> Vec<&'a str> {
    let border = border(message, authserv_id);
    let below = message.fields.iter().skip(border).filter(|field| read(field, authserv_id).is_some());
    below.map(|field| field.value.as_str()).collect()
}

/// Place of the topmost Received field that names a client outside, or was written by the host that is called like the
/// authserv-id. Hops behind it, to a store or through a filter, name no client or a private one. Without any, nothing
/// is the gateway's own but what stands above all Received fields.
fn border(message: &Message, authserv_id: &str) -> usize {
    let mut received =
        message.fields.iter().enumerate().filter(|(_, field)| field.name.eq_ignore_ascii_case("Received"));
    let first = received.clone().next().map_or(0, |(at, _)| at);
    let is_border = |field: &Field| is_from_outside(&field.value) || is_by(&field.value, authserv_id);
    received.find(|(_, field)| is_border(field)).map_or(first, |(at, _)| at)
}

fn read(field: &Field, authserv_id: &str) -> Option<AuthenticationResults> {
    if !field.name.eq_ignore_ascii_case("Authentication-Results") {
        return None;
    }
    let read: AuthenticationResults = field.value.parse().ok()?;
    let id = read.authserv_id.split('/').next().unwrap_or_default();
    id.eq_ignore_ascii_case(authserv_id).then_some(read)
}

/// Whether the client's part names an address outside (RFC 5321 §4.4). What EHLO said stands there too, but the address
/// that the server saw always does: a client cannot hide it by naming another one.
fn is_from_outside(received: &str) -> bool {
    let Some(from) = received.strip_prefix("from ") else { return false };
    let from = from.split(" by ").next().unwrap_or_default();
    from.match_indices('[').filter_map(|(at, _)| crate::line::bracketed(&from[at..])).any(is_outside)
}

/// Whether `by HOST` names this host and the message came over the network: the mailbox server adds a Received
/// field too.
fn is_by(received: &str, host: &str) -> bool {
    let mut words = received.split_ascii_whitespace().skip_while(|word| *word != "by").skip(1);
    let is_host = words.next().is_some_and(|word| word.trim_end_matches(';').eq_ignore_ascii_case(host));
    let with = received.split_ascii_whitespace().skip_while(|word| *word != "with").nth(1).unwrap_or_default();
    is_host && !with.to_ascii_uppercase().starts_with("LMTP")
}

fn is_outside(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(v4) => !(v4.is_private() || v4.is_loopback() || v4.is_link_local()),
        IpAddr::V6(v6) => !(v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORGED: &str = include_str!("../tests/samples/forged.eml");
    const RELAYED: &str = include_str!("../tests/samples/relayed.eml");

    fn words(text: &str, authserv_id: &str) -> Vec<String> {
        let results = results_of(&Message::parse(text.as_bytes()), authserv_id);
        results.iter().map(|r| format!("{}={}", r.method, r.result)).collect()
    }

    fn claims(text: &str) -> usize {
        claims_of_others(&Message::parse(text.as_bytes()), "gateway.example").len()
    }

    #[test]
    fn the_gateways_own_fields_stand_above_its_received_field() {
        assert_eq!(words(RELAYED, "gateway.example"), ["dmarc=pass", "dkim=pass", "dkim-atps=neutral", "spf=pass"]);
        assert_eq!(words(RELAYED, "GATEWAY.example").len(), 4);
        assert_eq!(words(RELAYED, "sender.example"), [""; 0]);
        assert_eq!(claims(RELAYED), 0);
    }

    #[test]
    fn a_forged_field_that_survived_is_no_result_but_is_seen() {
        assert_eq!(words(FORGED, "gateway.example"), ["dmarc=fail", "spf=fail"]);
        assert_eq!(claims(FORGED), 1);
    }

    #[test]
    fn a_forged_hop_does_not_lift_a_forged_field() {
        let forged = "Authentication-Results: gateway.example; spf=pass smtp.mailfrom=x.example\r\nReceived: from \
        mx.gateway.example \
                      ([172.18.0.3]) by mx.gateway.example (Postfix) with ESMTP id 3F1A2B4C5D; x\r\n";
        let top = "Received: from mx.gateway.example ([172.18.0.3]) by store.gateway.example with LMTP id x; x\r\n";
        let real = "Authentication-Results: gateway.example; spf=fail smtp.mailfrom=x.example\r\n";
        let border = "Received: from x([10.0.0.1]) (unknown [2001:db8::66]) by mx.gateway.example (Postfix) with ESMTPS \
        id x; x\r\n";
        let text = format!("{top}{real}{border}{forged}\r\n");
        assert_eq!(words(&text, "gateway.example"), ["spf=fail"]);
        assert_eq!(claims(&text), 1);
        assert_eq!(words(&format!("{forged}\r\n"), "mx.gateway.example"), [""; 0]);
    }

    #[test]
    fn without_received_fields_nothing_is_the_gateways_own() {
        let text = "Authentication-Results: gateway.example; spf=pass smtp.mailfrom=x.example\r\n\r\n";
        assert_eq!(words(text, "gateway.example"), [""; 0]);
        assert_eq!(claims(text), 1);
    }
}
