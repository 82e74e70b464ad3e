//! A recipe becomes octets: the message, its DKIM signatures, what is done to it after signing, and the ARC sets of those who
//! forward it.
//!
//! Everything is made of the arguments: keys, time and nonce come in with [`ComposeContext`]. The signer is our own, because it
//! must also sign what a good signer refuses: weak keys, SHA-1, `l=`, expired signatures.

mod canonical;
mod key;
mod raw_message;
mod seal;
mod sign;
mod tamper;

pub use key::{KeyError, KeyPair, revoked_record};

use mail::{Domain, Nonce};
use plan::{Octets, Recipe, Signature, Tamper};
use raw_message::{RawMessage, crlf};
use std::sync::Arc;
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

/// What a recipe needs besides itself.
#[derive(Clone, Copy)]
pub struct ComposeContext<'a> {
    /// Stands wherever the recipe says `{nonce}`.
    pub nonce: &'a Nonce,
    /// The run's clock: seconds since 1970 (UTC), before the year 10000. Date, `t=` and `x=` are reckoned from it.
    pub now: u64,
    /// Whether a message has a last line of its own, so that filters which remember bodies have not seen it.
    pub is_new_to_filters: bool,
    /// The key pair of an SDID and selector.
    pub key: &'a dyn Fn(&Domain, &str) -> Option<Arc<KeyPair>>,
}

/// Why a recipe gives no message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComposeError {
    /// A signature names a key that there is not.
    #[error("no key to sign with: {domain} has none with the selector `{selector}`; declare it as dkim.{selector}")]
    NoKey {
        /// `d=`.
        domain: Domain,
        /// `s=`.
        selector: String,
    },
    /// A text that tampering should replace does not occur in the message as it is then.
    #[error("`{find}` does not occur in the message as it is then, so there is nothing to replace")]
    NothingToReplace {
        /// The text.
        find: String,
    },
    /// A field that tampering should change or remove is not in the header.
    #[error("the header has no field `{name}` to tamper with")]
    NoField {
        /// Its name.
        name: String,
    },
}

/// Makes the message of a recipe: octets ready for DATA, not dot-stuffed (RFC 5321 §4.5.2).
///
/// Unless the recipe is exact, lines end in CRLF, and Message-ID and Date are added at the end of the header where they
/// are missing (RFC 5322 §3.6); plain text gets a last line of its own where the context says so. Then it is signed, each signature on top of the header, and tampered with; and each hop
/// changes, signs and seals what the one before it made.
///
/// # Errors
/// A signature or seal without its key; tampering that finds nothing to change.
pub fn compose(recipe: &Recipe, context: &ComposeContext<'_>) -> Result<Vec<u8>, ComposeError> {
    let text = with_nonce(&recipe.text.value, context.nonce);
    let mut message = if recipe.exact { text } else { completed(lines(&text), context) };
    message = signed(message, &recipe.sign, context)?;
    message = changed(message, &recipe.tamper, recipe.exact, context)?;
    for hop in &recipe.hops {
        message = changed(message, &hop.tamper, recipe.exact, context)?;
        message = signed(message, &hop.sign, context)?;
        if let Some(seal) = &hop.seal {
            message = seal::sealed(&message, seal, context, &*key(&seal.domain.value, &seal.selector.value, context)?);
        }
    }
    Ok(message)
}

fn signed(
    mut message: Vec<u8>,
    signatures: &[Signature],
    context: &ComposeContext<'_>,
) -> Result<Vec<u8>, ComposeError> {
    for signature in signatures {
        let key = key(&signature.domain.value, &signature.selector.value, context)?;
        let field = sign::field(&message, signature, context, &key);
        message.splice(..0, field);
    }
    Ok(message)
}

fn changed(
    message: Vec<u8>,
    changes: &[Tamper],
    exact: bool,
    context: &ComposeContext<'_>,
) -> Result<Vec<u8>, ComposeError> {
    changes.iter().try_fold(message, |message, change| tamper::apply(message, change, exact, context.nonce))
}

fn key(domain: &Domain, selector: &str, context: &ComposeContext<'_>) -> Result<Arc<KeyPair>, ComposeError> {
    let missing = || ComposeError::NoKey { domain: domain.clone(), selector: selector.to_owned() };
    (context.key)(domain, selector).ok_or_else(missing)
}

fn with_nonce(octets: &Octets, nonce: &Nonce) -> Vec<u8> {
    octets.replace("{nonce}", nonce.as_str())
}

/// The text in whole lines, each ended by CRLF.
fn lines(text: &[u8]) -> Vec<u8> {
    let mut lines = crlf(text);
    if !lines.is_empty() && !lines.ends_with(b"\n") {
        lines.extend(b"\r\n");
    }
    lines
}

fn completed(mut message: Vec<u8>, context: &ComposeContext<'_>) -> Vec<u8> {
    let raw_message = RawMessage::of(&message);
    let mut missing = String::new();
    if !raw_message.has("message-id") {
        missing += &format!("Message-ID: <{}@mailproof.example>\r\n", context.nonce);
    }
    if !raw_message.has("date") {
        missing += &format!("Date: {}\r\n", date(context.now));
    }
    let (end, body) = (raw_message.header_len(), raw_message.body());
    let is_text = !raw_message.has("content-type") && !body.is_empty() && body.is_ascii();
    message.splice(end..end, missing.into_bytes());
    if context.is_new_to_filters && is_text {
        message.extend(format!("{}\r\n", context.nonce).into_bytes());
    }
    message
}

/// RFC 5322 §3.3, in UTC.
fn date(now: u64) -> String {
    let moment = i64::try_from(now).ok().and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok());
    let text = moment.and_then(|moment| moment.format(&Rfc2822).ok());
    text.expect("the run's clock is between the years 1970 and 9999")
}

#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;
