//! The header fields that a gateway added to a message, and those that came with it: what was delivered less what was
//! sent, wherever it stands (RFC 8601 §4.1, §5).

use crate::{AuthResult, PeerTexts, ResultSource};
use mail::{AuthenticationResults, Field, Message, authserv_id};
use std::collections::HashMap;

/// What a message is compared with: the octets that were sent, and what is known of those who wrote into it.
#[derive(Debug, Clone, Copy)]
pub struct Sent<'a> {
    /// All octets that were sent as the message, further messages hidden in them included.
    pub octets: &'a [u8],
    /// The texts that the peer chose.
    pub peer: &'a PeerTexts,
    /// Method and body of each field that the log of a filter says that it added.
    pub written: &'a [(String, String)],
}

/// The fields that the gateway added, in order.
#[must_use]
pub fn added<'a>(delivered: &'a Message, sent: &[u8]) -> Vec<&'a Field> {
    fields(delivered, sent, false)
}

/// The fields that were sent and are still there, in order.
#[must_use]
pub fn survivors<'a>(delivered: &'a Message, sent: &[u8]) -> Vec<&'a Field> {
    fields(delivered, sent, true)
}

/// Bodies of the Authentication-Results fields that bear this authserv-id, however it is spelled, although they came with
/// the message. A gateway should have removed them (RFC 8601 §5); they are no evidence of what it found.
#[must_use]
pub fn forged_results<'a>(delivered: &'a Message, sent: &[u8], authserv_id: &str) -> Vec<&'a str> {
    let survivors = survivors(delivered, sent).into_iter();
    survivors.filter(|field| is_of(field, authserv_id)).map(|field| field.value.as_str()).collect()
}

/// The results in fields of this authserv-id that the gateway itself added. What a filter copied there of a peer's text
/// is marked as injected.
#[must_use]
pub fn results_of(delivered: &Message, sent: &Sent<'_>, authserv_id: &str) -> Vec<AuthResult> {
    let own = added(delivered, sent.octets).into_iter().filter(|field| is_of(field, authserv_id));
    own.flat_map(|field| {
        let mut results = match sent.peer.without(&field.value) {
            Some(inert) => sent.peer.tell_apart(read(&field.value), read(&inert), &field.value),
            None => read(&field.value),
        };
        // a filter that does one method has nothing to say of others
        let by = sent.written.iter().find(|(_, body)| plain(body) == plain(&field.value));
        if let Some((method, _)) = by {
            for (at, result) in results.iter_mut().enumerate() {
                if at > 0 || result.method != *method {
                    result.injected.get_or_insert_with(|| field.value.clone());
                }
            }
        }
        results
    })
    .collect()
}

fn read(body: &str) -> Vec<AuthResult> {
    let results = body.parse::<AuthenticationResults>().map(|field| field.results).unwrap_or_default();
    results.into_iter().map(|result| AuthResult::from_field(result, ResultSource::Header)).collect()
}

fn is_of(field: &Field, id: &str) -> bool {
    let is_named = |named: String| named.trim_end_matches('.').eq_ignore_ascii_case(id.trim_end_matches('.'));
    field.name.eq_ignore_ascii_case("Authentication-Results") && authserv_id(&field.value).is_some_and(is_named)
}

/// A field that came with the message stands below the Received field of the host that took it, and as often as it was
/// sent: of two that are the same, the lower one was there first.
fn fields<'a>(delivered: &'a Message, sent: &[u8], came_with_it: bool) -> Vec<&'a Field> {
    let text = mail::readable(sent).replace("\r\n", "\n").replace('\r', "\n");
    let unfolded = text.replace("\n ", " ").replace("\n\t", " ");
    let mut left: HashMap<String, usize> = HashMap::new();
    for line in unfolded.lines() {
        *left.entry(plain(line)).or_default() += 1;
    }
    let mut is_sent: Vec<bool> = delivered
        .fields
        .iter()
        .rev()
        .map(|field| {
            let left = left.get_mut(&plain(&format!("{}:{}", field.name, field.value))).filter(|left| **left > 0);
            left.map(|left| *left -= 1).is_some()
        })
        .collect();
    is_sent.reverse();
    let is_received = |field: &Field| field.name.eq_ignore_ascii_case("Received");
    let own = delivered.fields.iter().zip(&is_sent).rposition(|(field, is_sent)| is_received(field) && !is_sent);
    is_sent[..own.unwrap_or(0)].fill(false);
    let fields = delivered.fields.iter().zip(is_sent);
    fields.filter(|(_, is_sent)| *is_sent == came_with_it).map(|(field, _)| field).collect()
}

/// A field as it is whatever became of its folding, its case and octets that no mail may have.
fn plain(field: &str) -> String {
    field.chars().filter(char::is_ascii_graphic).map(|c| c.to_ascii_lowercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FORGED: &str = include_str!("../tests/samples/forged.eml");
    const RELAYED: &str = include_str!("../tests/samples/relayed.eml");
    const ID: &str = "gateway.example";

    /// What was sent, from its From field on.
    fn sent_of(delivered: &str) -> String {
        delivered[delivered.find("\nFrom: ").unwrap() + 1..].replace('\n', "\r\n")
    }

    fn words(delivered: &str, sent: &str, id: &str) -> Vec<String> {
        let sent = Sent { octets: sent.as_bytes(), peer: &PeerTexts::default(), written: &[] };
        let results = results_of(&Message::parse(delivered.as_bytes()), &sent, id);
        results.iter().map(|r| format!("{}={}", r.method, r.result)).collect()
    }

    fn forged(delivered: &str, sent: &str) -> usize {
        forged_results(&Message::parse(delivered.as_bytes()), sent.as_bytes(), ID).len()
    }

    #[test]
    fn what_was_not_sent_is_the_gateways_own() {
        let sent = sent_of(RELAYED);
        assert_eq!(words(RELAYED, &sent, ID), ["dmarc=pass", "dkim=pass", "dkim-atps=neutral", "spf=pass"]);
        assert_eq!(words(RELAYED, &sent, "GATEWAY.example.").len(), 4);
        assert_eq!(words(RELAYED, &sent, "sender.example"), [""; 0]);
        assert_eq!(forged(RELAYED, &sent), 0);
    }

    #[test]
    fn a_forged_field_that_survived_is_no_result_but_is_seen() {
        let sent = sent_of(FORGED);
        assert_eq!(words(FORGED, &sent, ID), ["dmarc=fail", "spf=fail"]);
        assert_eq!(forged(FORGED, &sent), 1);
    }

    #[test]
    fn a_filter_may_write_below_the_received_field() {
        let sent = "Authentication-Results: gateway.example;\r\n spf=pass\r\nFrom: a@x.example\r\n\r\n";
        let head = "Received: from x by mx.gateway.example id 1; x\r\n";
        let own = "Authentication-Results: gateway.example; spf=fail\r\n";
        assert_eq!(words(&format!("{head}{own}{sent}"), sent, ID), ["spf=fail"]);
        assert_eq!(words(&format!("{head}{own}From: a@x.example\r\n\r\n"), sent, ID), ["spf=fail"]);
    }

    #[test]
    fn what_the_gateway_says_as_well_is_its_own_above_the_received_field() {
        let sent = "Authentication-Results: gateway.example; dmarc=pass\r\nFrom: a@x.example\r\n\r\n";
        let own = "Authentication-Results: gateway.example; dmarc=pass\r\nReceived: from x by mx; x\r\n";
        let removed = format!("{own}From: a@x.example\r\n\r\n");
        assert_eq!((words(&removed, sent, ID), forged(&removed, sent)), (vec!["dmarc=pass".to_owned()], 0));
        let kept = format!("{own}{sent}");
        assert_eq!((words(&kept, sent, ID), forged(&kept, sent)), (vec!["dmarc=pass".to_owned()], 1));
    }

    #[test]
    fn a_forged_hop_does_not_lift_a_forged_field() {
        let sent = "Authentication-Results: gateway.example; spf=pass smtp.mailfrom=x.example\r\nReceived: from \
                    mx.gateway.example ([172.18.0.3]) by mx.gateway.example (Postfix) with ESMTP id 3F1A2B4C5D; x\r\n\r\n";
        let own = "Authentication-Results: gateway.example; spf=fail smtp.mailfrom=x.example\r\nReceived: from \
                   x([10.0.0.1]) (unknown [10.1.2.3]) by mx.gateway.example (Postfix) with ESMTPS id x; x\r\n";
        assert_eq!(words(&format!("{own}{sent}"), sent, ID), ["spf=fail"]);
        assert_eq!(forged(&format!("{own}{sent}"), sent), 1);
    }

    #[test]
    fn survivors_are_known_in_any_spelling() {
        for body in [
            "gateway.example; none",
            "gateway.example.; spf=pass",
            "GATEWAY.example 1; spf=pass",
            "\"gateway.example\"; spf=pass",
            "(hi) gateway.example (there); spf=pass",
            "gateway.example;",
            "gateway.example",
            "\r\n gateway.example;\r\n\tno grammar at all",
        ] {
            let sent = format!("Authentication-Results: {body}\r\nFrom: a@x.example\r\n\r\n");
            assert_eq!(forged(&format!("Received: by mx\r\n{sent}"), &sent), 1, "{body}");
        }
        let sent = "Authentication-Results: other.example; spf=pass\r\n\r\n";
        assert_eq!(forged(sent, sent), 0);
    }

    #[test]
    fn a_filter_of_one_method_says_nothing_of_others() {
        let body = "gateway.example; spf=permerror (SPF Permanent Error: x);dkim=pass()header.d=v.example(y)";
        let delivered = Message::parse(format!("Authentication-Results: {body}\r\n\r\n").as_bytes());
        let written = [("spf".to_owned(), body.to_owned())];
        let sent = Sent { octets: b"", peer: &PeerTexts::default(), written: &written };
        let results = results_of(&delivered, &sent, ID);
        let injected: Vec<bool> = results.iter().map(|result| result.injected.is_some()).collect();
        assert_eq!(injected, [false, true], "{results:?}");
    }

    proptest! {
        /// Whatever is sent, nothing of it becomes a result of the gateway's.
        #[test]
        fn nothing_that_is_sent_is_a_result(
            header in "((Authentication-Results|Received|From|X)( )?: (gateway\\.example)?[a-z;=. ()\"]{0,20}(\r\n)){0,6}",
            body in "\\PC{0,20}",
        ) {
            let sent = format!("{header}\r\n{body}");
            let own = "Authentication-Results: gateway.example; spf=fail\r\nReceived: from x by mx id 1; y\r\n";
            prop_assert_eq!(words(&format!("{own}{sent}"), &sent, ID), ["spf=fail"]);
        }
    }
}
