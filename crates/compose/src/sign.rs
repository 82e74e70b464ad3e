//! The DKIM-Signature field (RFC 6376 §3.5, §5), and what all fields that sign have in common.

use crate::{
    ComposeContext, KeyPair, canonical,
    key::Hash,
    raw_message::{RawMessage, crlf},
    with_nonce,
};
use data_encoding::BASE64;
use mail::Nonce;
use plan::{KeyAlgorithm, Signature, Tag};

/// Where lines of the field are folded, if they can be.
const WIDTH: usize = 76;

/// The whole field that signs this message, folded, with its final CRLF. A lone LF counts as a line end (RFC 6376 §5.3).
pub(crate) fn field(message: &[u8], signature: &Signature, context: &ComposeContext<'_>, key: &KeyPair) -> Vec<u8> {
    let message = crlf(message);
    let raw_message = RawMessage::of(&message);
    let hash = if signature.sha1 && key.algorithm() != KeyAlgorithm::Ed25519 { Hash::Sha1 } else { Hash::Sha256 };
    let mut tags = vec![
        ("v", Value::Text("1".to_owned())),
        ("a", Value::Text(algorithm(key, hash).to_owned())),
        ("c", Value::Text(canonicalization(signature.relaxed_header, signature.relaxed_body))),
        ("d", Value::Text(signature.domain.value.to_string())),
        ("s", Value::Text(signature.selector.value.clone())),
    ];
    let auid = signature.auid.as_ref().map(|auid| quoted_printable(&with_nonce(&auid.as_str().into(), context.nonce)));
    tags.extend(auid.map(|auid| ("i", Value::Text(auid))));
    let moment = |offset: i64| Value::Text(context.now.saturating_add_signed(offset).to_string());
    tags.extend(signature.signed_at.map(|offset| ("t", moment(offset))));
    tags.extend(signature.expires_at.map(|offset| ("x", moment(offset))));
    tags.extend(signature.body_length.map(|length| ("l", Value::Text(length.to_string()))));
    let body = body(&raw_message, signature.relaxed_body, signature.body_length);
    tags.push(("bh", Value::Text(BASE64.encode(&hash.of(&body)))));
    tags.push(("h", Value::List(&signature.headers)));
    signing("DKIM-Signature", &tags, &signature.tags, context.nonce, |own| {
        key.sign(hash, &header(&raw_message, &signature.headers, signature.relaxed_header, own))
    })
}

/// The value of a tag of a field that signs.
pub(crate) enum Value<'a> {
    Text(String),
    /// Names with colons between them.
    List(&'a [String]),
}

/// A field that signs: its tags in order, then further ones, then `b=`, made of the field with an empty one (RFC 6376 §3.7).
/// The first of the further tags that has the name of another one stands in its place.
pub(crate) fn signing(
    name: &str,
    tags: &[(&str, Value<'_>)],
    further: &[Tag],
    nonce: &Nonce,
    sign: impl FnOnce(&[u8]) -> Vec<u8>,
) -> Vec<u8> {
    let mut left: Vec<&Tag> = further.iter().collect();
    let mut instead = |name: &str| left.iter().position(|tag| tag.name == name).map(|at| left.remove(at));
    let text = |tag: &Tag| String::from_utf8_lossy(&with_nonce(&tag.text.as_str().into(), nonce)).into_owned();
    let mut folded = Folded::new(&format!("{name}:"));
    for (name, value) in tags {
        match (instead(name), value) {
            (Some(tag), _) => folded.tag(&format!("{};", text(tag))),
            (None, Value::Text(value)) => folded.tag(&format!("{name}={value};")),
            (None, Value::List(items)) => folded.list(&format!("{name}="), items),
        }
    }
    let own = instead("b");
    for tag in left {
        folded.tag(&format!("{};", text(tag)));
    }
    match own {
        Some(tag) => folded.tag(&text(tag)),
        None => {
            folded.tag("b=");
            let signature = BASE64.encode(&sign(folded.text.as_bytes()));
            folded.breakable(&signature);
        }
    }
    folded.text += "\r\n";
    folded.text.into_bytes()
}

/// `a=` (RFC 6376 §3.3, RFC 8463 §3).
pub(crate) const fn algorithm(key: &KeyPair, hash: Hash) -> &'static str {
    match (key.algorithm(), hash) {
        (KeyAlgorithm::Ed25519, _) => "ed25519-sha256",
        (_, Hash::Sha1) => "rsa-sha1",
        (_, Hash::Sha256) => "rsa-sha256",
    }
}

/// `c=` (RFC 6376 §3.4).
pub(crate) fn canonicalization(header: bool, body: bool) -> String {
    let word = |relaxed| if relaxed { "relaxed" } else { "simple" };
    format!("{}/{}", word(header), word(body))
}

/// What is signed: the fields of `h=`, each name taking the lowest that is not yet taken, nothing for one that is not
/// there, and then the field itself with an empty `b=` and no CRLF (RFC 6376 §3.7, §5.4.2).
pub(crate) fn header(raw_message: &RawMessage<'_>, names: &[String], relaxed: bool, own: &[u8]) -> Vec<u8> {
    let mut left: Vec<_> = raw_message.fields.iter().rev().map(Some).collect();
    let mut out = Vec::new();
    for name in names {
        let taken = left.iter_mut().find(|slot| slot.is_some_and(|field| field.is(name))).and_then(Option::take);
        out.extend(taken.map(|field| canonical::field(relaxed, field.octets)).unwrap_or_default());
    }
    let own = canonical::field(relaxed, own);
    out.extend(own.strip_suffix(b"\r\n").unwrap_or(&own));
    out
}

/// The canonicalized body, or so many octets of it.
pub(crate) fn body(raw_message: &RawMessage<'_>, relaxed: bool, length: Option<u64>) -> Vec<u8> {
    let mut octets = canonical::body(relaxed, raw_message.body());
    if let Some(length) = length {
        octets.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    }
    octets
}

/// RFC 6376 §2.11.
fn quoted_printable(octets: &[u8]) -> String {
    let safe = |b: u8| b.is_ascii_graphic() && b != b';' && b != b'=';
    octets.iter().map(|b| if safe(*b) { char::from(*b).to_string() } else { format!("={b:02X}") }).collect()
}

/// A field that grows and is folded where white space may stand.
struct Folded {
    text: String,
    column: usize,
}

impl Folded {
    fn new(start: &str) -> Self {
        Self { text: start.to_owned(), column: start.len() }
    }

    /// A tag, behind a space or a fold.
    fn tag(&mut self, word: &str) {
        if self.column + 1 + word.len() > WIDTH {
            self.fold();
        } else {
            self.glue(" ");
        }
        self.glue(word);
    }

    /// A tag with a list that may be folded behind each colon.
    fn list(&mut self, tag: &str, items: &[String]) {
        self.tag(tag);
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.glue(":");
            }
            if self.column + item.len() + 1 > WIDTH {
                self.fold();
            }
            self.glue(item);
        }
        self.glue(";");
    }

    /// Text that may be folded anywhere.
    fn breakable(&mut self, mut text: &str) {
        while !text.is_empty() {
            if self.column >= WIDTH {
                self.fold();
            }
            let (now, later) = text.split_at(text.len().min(WIDTH - self.column));
            self.glue(now);
            text = later;
        }
    }

    fn glue(&mut self, text: &str) {
        self.text += text;
        self.column += text.len();
    }

    fn fold(&mut self) {
        self.text += "\r\n ";
        self.column = 1;
    }
}

#[cfg(test)]
mod tests;
