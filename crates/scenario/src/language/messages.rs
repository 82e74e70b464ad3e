//! The tables of messages: their bodies, signatures, changes, and those who forward them.

use form::{
    Required,
    octets::Content,
    tables,
    values::{AtLeastOne, FieldLine, FieldName, FromNow, Line, NotEmpty, Whole},
    words::Canonicalization,
};
use mail::{ArcResult, Domain};
use plan::Spanned;

tables! {
    /// A body that is made, the same each time; a line has 78 octets with its CRLF.
    BodyTable "body" [One] {
        /// Its octets, with CRLF at the ends of lines.
        octets: Option<Whole<2, 33_554_432>>,
        /// Its lines.
        lines: Option<Whole<1, 400_000>>,
    }

    /// A DKIM signature (RFC 6376 §3.5).
    SignTable "signature" [Any] {
        /// `d=`: a zone of this file that has the key.
        domain: Required<Spanned<Domain>>,
        /// `s=`: a selector of that zone's `dkim`.
        selector: Required<Spanned<Line>>,
        /// `c=`, header and body.
        canonicalization: Option<Canonicalization>,
        /// `h=`, in order; a name may stand several times, and need not be in the header. From, To, Subject, Date and Message-ID
        /// if not said.
        headers: Option<AtLeastOne<FieldName>>,
        /// `l=`: octets of the canonicalized body that are signed.
        body_length: Option<Whole<0, { i64::MAX }>>,
        /// `t=`, from now.
        signed_at: Option<FromNow>,
        /// `x=`, from now.
        expires_at: Option<FromNow>,
        /// `i=`.
        auid: Option<Line>,
        /// Signs with rsa-sha1, which RFC 8301 §3.1 forbids.
        sha1: Option<Spanned<bool>>,
        /// More tags, as in `q=dns/txt; foo=bar`, written as they are. The first one of a name that the signature has anyway
        /// stands in its place, so `d=a.example; d=b.example` gives it twice; what is signed is not changed by that.
        tags: Option<Spanned<Line>>,
    }

    /// A host that forwards the message: what it changes, its signatures and its ARC set, in that order.
    HopTable "hop" [Some] {
        /// What it changes, in order.
        tamper: Option<Vec<TamperTable>>,
        /// Its DKIM signatures, the first one applied first.
        sign: Option<Vec<SignTable>>,
        /// The ARC set that it puts on top.
        seal: Option<SealTable>,
    }

    /// An ARC set: ARC-Authentication-Results, ARC-Message-Signature and ARC-Seal (RFC 8617 §4.1). A right one, as far as nothing
    /// else is said.
    SealTable "seal" [Any] {
        /// `d=` of both signatures: a zone of this file that has the key.
        domain: Required<Spanned<Domain>>,
        /// `s=` of both: a selector of that zone's `dkim`.
        selector: Required<Spanned<Line>>,
        /// The authserv-id of the results; the domain if not said.
        authserv_id: Option<Line>,
        /// The results that it claims to have found, as in `spf=pass smtp.mailfrom=bank.example`; `none` if not said.
        results: Option<Line>,
        /// `i=` of the set; one more than the highest that is there if not said.
        instance: Option<Whole<0, 1_000_000>>,
        /// `cv=`; `none` of the first set and `pass` of every other if not said. With `fail` the seal covers its own set alone
        /// (RFC 8617 §5.1.2).
        cv: Option<ArcResult>,
        /// `c=` of ARC-Message-Signature, header and body.
        canonicalization: Option<Canonicalization>,
        /// `h=` of ARC-Message-Signature, in order. From, To, Subject, Date, Message-ID and each DKIM-Signature if not said.
        headers: Option<AtLeastOne<FieldName>>,
        /// `t=` of both signatures, from now; now if not said.
        sealed_at: Option<FromNow>,
        /// More tags for ARC-Message-Signature, as for a signature.
        signature_tags: Option<Spanned<Line>>,
        /// More tags for ARC-Seal, as for a signature.
        seal_tags: Option<Spanned<Line>>,
    }

    /// A change to a message after it was signed.
    TamperTable "change" [One] {
        /// Text at the end of the body.
        append_body: Option<Content<String>>,
        /// A field on top of the header, `Name: value`.
        prepend_header: Option<Content<FieldLine>>,
        /// The first field of a name gets another value.
        set_header: Option<SetHeaderTable>,
        /// The first field of this name goes.
        remove_header: Option<Spanned<FieldName>>,
        /// The first occurrence of a text in the whole message is replaced.
        replace: Option<ReplaceTable>,
    }

    /// A field that gets another value.
    SetHeaderTable "field change" [Any] {
        /// Its name.
        name: Required<Spanned<FieldName>>,
        /// Its new value.
        value: Required<Content<String>>,
    }

    /// A replacement of text.
    ReplaceTable "replacement" [Any] {
        /// Text that must occur.
        find: Required<Content<NotEmpty>>,
        /// What takes its place.
        with: Required<Content<String>>,
    }
}
