//! How a message is made: its text, its signatures, and what is done to it after signing.

use crate::{KeyAlgorithm, Spanned};
use mail::Domain;
use serde::Serialize;

/// How a message is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recipe {
    /// Header and body as written, lines ended by LF. `{nonce}` stands for the nonce. Without a Message-ID
    /// field, `Message-ID: <{nonce}@mailproof.example>` is added; likewise Date.
    pub text: Spanned<String>,
    /// The text is sent octet for octet (TOML escapes such as `\r` work); nothing is added.
    pub exact: bool,
    /// Signatures, the first one applied first (and so lowest in the header).
    pub sign: Vec<Signature>,
    /// What is done to the message after signing, in order.
    pub tamper: Vec<Tamper>,
}

/// One DKIM signature (RFC 6376 §3.5).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Signature {
    /// `d=`: the SDID.
    pub domain: Spanned<Domain>,
    /// `s=`; a key of that zone's `dkim`.
    pub selector: Spanned<String>,
    /// The key that signs: algorithm as declared in the zone.
    pub key: KeyAlgorithm,
    /// `rsa-sha1` instead of `rsa-sha256` (RFC 8301 forbids it).
    pub sha1: bool,
    /// `c=`, header part: relaxed, else simple.
    pub relaxed_header: bool,
    /// `c=`, body part: relaxed, else simple.
    pub relaxed_body: bool,
    /// `h=`, in order; a name may stand several times (oversigning).
    pub headers: Vec<String>,
    /// `l=`: this many octets of the canonicalized body.
    pub body_length: Option<u64>,
    /// `t=`, seconds from the run's clock, negative for the past.
    pub signed_at: Option<i64>,
    /// `x=`, seconds from the run's clock, negative for the past.
    pub expires_at: Option<i64>,
    /// `i=`: the AUID.
    pub auid: Option<String>,
}

/// A change to a message after it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tamper {
    /// Text at the end of the body.
    AppendBody(String),
    /// A field on top of the header, `Name: value`.
    PrependHeader(String),
    /// The first field of this name gets this value.
    SetHeader {
        /// Name of the field.
        name: String,
        /// Its new value.
        value: String,
    },
    /// The first field of this name goes.
    RemoveHeader(String),
    /// The first occurrence of a text in the whole message is replaced.
    Replace {
        /// Text that must occur.
        find: String,
        /// What takes its place.
        with: String,
    },
}
