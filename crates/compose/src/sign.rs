//! The DKIM-Signature field (RFC 6376 §3.5, §5).

use crate::{
    ComposeContext, KeyPair, canonical,
    key::Hash,
    raw_message::{RawMessage, crlf},
    with_nonce,
};
use data_encoding::BASE64;
use plan::{KeyAlgorithm, Signature};

/// Where lines of the field are folded, if they can be.
const WIDTH: usize = 76;

/// The whole field that signs this message, folded, with its final CRLF. A lone LF counts as a line end (RFC 6376 §5.3).
pub(crate) fn field(message: &[u8], signature: &Signature, context: &ComposeContext<'_>, key: &KeyPair) -> Vec<u8> {
    let message = crlf(message);
    let raw_message = RawMessage::of(&message);
    let (algorithm, hash) = match (key.algorithm(), signature.sha1) {
        (KeyAlgorithm::Ed25519, _) => ("ed25519-sha256", Hash::Sha256),
        (_, true) => ("rsa-sha1", Hash::Sha1),
        (_, false) => ("rsa-sha256", Hash::Sha256),
    };
    let mut folded = Folded::new("DKIM-Signature: v=1;");
    folded.word(&format!("a={algorithm};"));
    folded.word(&format!("c={}/{};", word(signature.relaxed_header), word(signature.relaxed_body)));
    folded.word(&format!("d={};", signature.domain.value));
    folded.word(&format!("s={};", signature.selector.value));
    if let Some(auid) = &signature.auid {
        folded.word(&format!("i={};", quoted_printable(&with_nonce(auid, context.nonce))));
    }
    if let Some(offset) = signature.signed_at {
        folded.word(&format!("t={};", context.now.saturating_add_signed(offset)));
    }
    if let Some(offset) = signature.expires_at {
        folded.word(&format!("x={};", context.now.saturating_add_signed(offset)));
    }
    if let Some(length) = signature.body_length {
        folded.word(&format!("l={length};"));
    }
    let body_hash = hash.of(&body(&raw_message, signature));
    folded.word(&format!("bh={};", BASE64.encode(&body_hash)));
    folded.list("h=", &signature.headers);
    folded.word("b=");
    let signed = header(&raw_message, &signature.headers, signature.relaxed_header, folded.text.as_bytes());
    folded.breakable(&BASE64.encode(&key.sign(hash, &signed)));
    folded.text += "\r\n";
    folded.text.into_bytes()
}

/// What is signed: the fields of `h=`, each name taking the lowest that is not yet taken, nothing for one that is not
/// there, and then the field itself with an empty `b=` and no CRLF (RFC 6376 §3.7, §5.4.2).
fn header(raw_message: &RawMessage<'_>, names: &[String], relaxed: bool, own: &[u8]) -> Vec<u8> {
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

fn body(raw_message: &RawMessage<'_>, signature: &Signature) -> Vec<u8> {
    let mut octets = canonical::body(signature.relaxed_body, raw_message.body());
    if let Some(length) = signature.body_length {
        octets.truncate(usize::try_from(length).unwrap_or(usize::MAX));
    }
    octets
}

const fn word(relaxed: bool) -> &'static str {
    if relaxed { "relaxed" } else { "simple" }
}

/// RFC 6376 §2.11.
fn quoted_printable(text: &str) -> String {
    let safe = |b: u8| b.is_ascii_graphic() && b != b';' && b != b'=';
    text.bytes().map(|b| if safe(b) { char::from(b).to_string() } else { format!("={b:02X}") }).collect()
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
    fn word(&mut self, word: &str) {
        if self.column + 1 + word.len() > WIDTH {
            self.fold();
        } else {
            self.glue(" ");
        }
        self.glue(word);
    }

    /// A tag with a list that may be folded behind each colon.
    fn list(&mut self, tag: &str, items: &[String]) {
        self.word(tag);
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
