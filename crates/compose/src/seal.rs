//! ARC sets: what a host that forwards a message puts on top of it (RFC 8617 §4.1, §5.1).

use crate::{
    ComposeContext, KeyPair, canonical,
    key::Hash,
    raw_message::{Field, RawMessage, crlf},
    sign::{Value, algorithm, body, canonicalization, header, signing},
};
use data_encoding::BASE64;
use mail::ArcResult;
use plan::Seal;

/// The three fields of a set, in the order in which a seal covers them (RFC 8617 §5.1.1).
const FIELDS: [&str; 3] = ["ARC-Authentication-Results", "ARC-Message-Signature", "ARC-Seal"];

/// The message with one set more on top: ARC-Seal, ARC-Message-Signature, ARC-Authentication-Results. A lone LF counts as a
/// line end.
pub(crate) fn sealed(message: &[u8], seal: &Seal, context: &ComposeContext<'_>, key: &KeyPair) -> Vec<u8> {
    let plain = crlf(message);
    let raw_message = RawMessage::of(&plain);
    let earlier = earlier(&raw_message);
    let instance = seal.instance.unwrap_or_else(|| earlier.last().map_or(1, |(last, ..)| last.saturating_add(1)));
    let usual = if earlier.is_empty() { ArcResult::None } else { ArcResult::Pass };
    let chain = seal.chain.unwrap_or(usual);
    let results = format!("{}: i={instance}; {};\r\n {}\r\n", FIELDS[0], seal.authserv_id, seal.results).into_bytes();
    let signature = message_signature(&raw_message, seal, instance, context, key);
    // a chain that has failed is not covered (RFC 8617 §5.1.2)
    let covered = earlier.iter().filter(|_| chain != ArcResult::Fail).map(|(_, _, field)| *field);
    let covered: Vec<u8> = covered
        .chain([results.as_slice(), signature.as_slice()])
        .flat_map(|field| canonical::field(true, field))
        .collect();
    let tags = [
        ("i", Value::Text(instance.to_string())),
        ("a", Value::Text(algorithm(key, Hash::Sha256).to_owned())),
        ("t", Value::Text(context.now.saturating_add_signed(seal.sealed_at).to_string())),
        ("cv", Value::Text(chain.to_string())),
        ("d", Value::Text(seal.domain.value.to_string())),
        ("s", Value::Text(seal.selector.value.clone())),
    ];
    let field = signing(FIELDS[2], &tags, &seal.seal_tags, context.nonce, |own| {
        let own = canonical::field(true, own);
        key.sign(Hash::Sha256, &[&covered, own.strip_suffix(b"\r\n").unwrap_or(&own)].concat())
    });
    [field.as_slice(), &signature, &results, message].concat()
}

/// ARC-Message-Signature: a DKIM signature with an instance in the place of a version (RFC 8617 §4.1.2).
fn message_signature(
    raw_message: &RawMessage<'_>,
    seal: &Seal,
    instance: u64,
    context: &ComposeContext<'_>,
    key: &KeyPair,
) -> Vec<u8> {
    let signed = seal.headers.clone().unwrap_or_else(|| {
        let usual = ["From", "To", "Subject", "Date", "Message-ID"].map(str::to_owned).into_iter();
        let signatures = raw_message.fields.iter().filter(|field| field.is("DKIM-Signature"));
        usual.chain(signatures.map(|_| "DKIM-Signature".to_owned())).collect()
    });
    let body = body(raw_message, seal.relaxed_body, None);
    let tags = [
        ("i", Value::Text(instance.to_string())),
        ("a", Value::Text(algorithm(key, Hash::Sha256).to_owned())),
        ("c", Value::Text(canonicalization(seal.relaxed_header, seal.relaxed_body))),
        ("d", Value::Text(seal.domain.value.to_string())),
        ("s", Value::Text(seal.selector.value.clone())),
        ("t", Value::Text(context.now.saturating_add_signed(seal.sealed_at).to_string())),
        ("bh", Value::Text(BASE64.encode(&Hash::Sha256.of(&body)))),
        ("h", Value::List(&signed)),
    ];
    signing(FIELDS[1], &tags, &seal.signature_tags, context.nonce, |own| {
        key.sign(Hash::Sha256, &header(raw_message, &signed, seal.relaxed_header, own))
    })
}

/// The fields of the sets that are there: instance, place in its set, octets; in the order in which a seal covers them.
fn earlier<'a>(raw_message: &RawMessage<'a>) -> Vec<(u64, usize, &'a [u8])> {
    let of_a_set = |field: &Field<'a>| {
        let place = FIELDS.iter().position(|name| field.is(name))?;
        Some((instance(field.octets)?, place, field.octets))
    };
    let mut found: Vec<_> = raw_message.fields.iter().filter_map(of_a_set).collect();
    found.sort_by_key(|(instance, place, _)| (*instance, *place));
    found
}

/// `i=` (RFC 8617 §4.2.1).
fn instance(field: &[u8]) -> Option<u64> {
    let text = String::from_utf8_lossy(field);
    let (_, body) = text.split_once(':')?;
    let mut tags = body.split(';').filter_map(|tag| tag.split_once('='));
    tags.find(|(name, _)| name.trim() == "i")?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests;
