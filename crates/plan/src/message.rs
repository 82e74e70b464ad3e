//! How a message is made: its text, its signatures, what is done to it after signing, and by whom it was forwarded.

use crate::{KeyAlgorithm, Octets, Spanned};
use mail::{ArcResult, Domain};
use serde::Serialize;

/// How a message is made.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Recipe {
    /// Header and body as written, lines ended by LF. `{nonce}` stands for the nonce. Without a Message-ID
    /// field, `Message-ID: <{nonce}@mailproof.example>` is added; likewise Date.
    pub text: Spanned<Octets>,
    /// The text is sent octet for octet (TOML escapes such as `\r` work); nothing is added.
    pub exact: bool,
    /// Signatures, the first one applied first (and so lowest in the header).
    pub sign: Vec<Signature>,
    /// What is done to the message after signing, in order.
    pub tamper: Vec<Tamper>,
    /// Who forwarded it after that, in order.
    pub hops: Vec<Hop>,
}

impl Recipe {
    /// Every signature that is made, in order: the author's, then those of the hops.
    pub fn signatures(&self) -> impl Iterator<Item = &Signature> {
        self.sign.iter().chain(self.hops.iter().flat_map(|hop| &hop.sign))
    }

    /// Every change, in order.
    pub fn changes(&self) -> impl Iterator<Item = &Tamper> {
        self.tamper.iter().chain(self.hops.iter().flat_map(|hop| &hop.tamper))
    }

    /// Every ARC set that is made, in order.
    pub fn seals(&self) -> impl Iterator<Item = &Seal> {
        self.hops.iter().filter_map(|hop| hop.seal.as_ref())
    }
}

/// A host that forwards the message: it changes it, signs it, and seals it, as far as it does.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Hop {
    /// What it changes, in order.
    pub tamper: Vec<Tamper>,
    /// Its signatures, the first one applied first.
    pub sign: Vec<Signature>,
    /// The ARC set that it adds in the end.
    pub seal: Option<Seal>,
}

/// An ARC set (RFC 8617 §4.1): ARC-Authentication-Results, ARC-Message-Signature, ARC-Seal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Seal {
    /// `d=` of both signatures: who seals.
    pub domain: Spanned<Domain>,
    /// `s=` of both; a key of that zone's `dkim`.
    pub selector: Spanned<String>,
    /// The key that seals: algorithm as declared in the zone.
    pub key: KeyAlgorithm,
    /// The authserv-id of the results (RFC 8601 §2.5).
    pub authserv_id: String,
    /// The results that it found, as they stand behind the authserv-id.
    pub results: String,
    /// `i=` of all three fields; one more than the highest that is there if not said.
    pub instance: Option<u64>,
    /// `cv=`; `none` in the first set and `pass` in every other if not said.
    pub chain: Option<ArcResult>,
    /// `c=` of ARC-Message-Signature, header part: relaxed, else simple.
    pub relaxed_header: bool,
    /// Its body part: relaxed, else simple.
    pub relaxed_body: bool,
    /// `h=` of ARC-Message-Signature, in order. From, To, Subject, Date, Message-ID and each DKIM-Signature if not said.
    pub headers: Option<Vec<String>>,
    /// `t=` of both signatures, seconds from the run's clock, negative for the past.
    pub sealed_at: i64,
    /// More tags for ARC-Message-Signature.
    pub signature_tags: Vec<Tag>,
    /// More tags for ARC-Seal.
    pub seal_tags: Vec<Tag>,
}

/// A tag of a signature, written as it is (RFC 6376 §3.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// Its name.
    pub name: String,
    /// Name and value, `name=value`, as written.
    pub text: String,
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
    /// More tags. The first one of a name that the signature has anyway stands in that one's place.
    pub tags: Vec<Tag>,
}

/// A change to a message after it was signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tamper {
    /// Text at the end of the body.
    AppendBody(Octets),
    /// A field on top of the header, `Name: value`.
    PrependHeader(Octets),
    /// The first field of this name gets this value.
    SetHeader {
        /// Name of the field.
        name: String,
        /// Its new value.
        value: Octets,
    },
    /// The first field of this name goes.
    RemoveHeader(String),
    /// The first occurrence of a text in the whole message is replaced.
    Replace {
        /// Text that must occur.
        find: Octets,
        /// What takes its place.
        with: Octets,
    },
}
