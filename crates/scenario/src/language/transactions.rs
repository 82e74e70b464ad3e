//! The tables of mail: transactions, who brings them.

use crate::language::ChangeTable;
use claims::ClaimList;
use form::{
    Presence, Required, tables,
    values::{AtLeastOne, FieldLine, FieldName, FromNow, Line, NotEmpty, Whole, Yes},
    words::Canonicalization,
};
use mail::{Address, Domain, ReversePath};
use plan::{Driver, Spanned, Tls};
use std::net::IpAddr;

tables! {
    /// One mail transaction (RFC 5321 §3.3): who brings it (`client` or `via`), the envelope, the message, the claims.
    TransactionTable "transaction" [Any] {
        /// A word for it in reports; else its number.
        label: Option<Spanned<Line>>,
        /// What is different from this transaction on: whole zones and hosts.
        change: Option<Spanned<ChangeTable>>,
        /// Anyone, at any address, who connects to port 25 of the gateway.
        client: Presence<Spanned<ClientTable>>,
        /// Through a server, as a user of it.
        via: Presence<Spanned<ViaTable>>,
        /// MAIL FROM; `<>` for the null reverse-path.
        mail_from: Required<Spanned<ReversePath>>,
        /// RCPT TO, in order.
        rcpt_to: Required<AtLeastOne<Spanned<Address>>>,
        /// Header and body. `{nonce}` stands for the mark by which the message is found again; `Date` and a `Message-ID`
        /// with the mark are added where they are missing; a `Message-ID` of your own needs the mark. Lines are sent with
        /// CRLF.
        message: Required<Spanned<String>>,
        /// The message is sent octet for octet, `\r\n` written out, nothing added. It must hold `{nonce}`.
        exact: Option<bool>,
        /// DKIM signatures, the first one applied first.
        sign: Option<Vec<SignTable>>,
        /// What is done to the message after it was signed, in order.
        tamper: Option<Vec<TamperTable>>,
        /// What must come of it; at least one claim.
        expect: Required<ClaimList<claims::transaction::Transaction>>,
    }

    /// A client on the pretend Internet.
    ClientTable "client" [Any] {
        /// Its address, IPv4 or IPv6.
        ip: Required<Spanned<IpAddr>>,
        /// What it says in EHLO.
        ehlo: Required<Spanned<Line>>,
        /// Whether it asks for TLS; `none` if not said.
        tls: Option<Spanned<Tls>>,
        /// How it speaks.
        driver: Option<Driver>,
    }

    /// Whose server takes the message first.
    ViaTable "via" [One] {
        /// The submission service (RFC 6409 §3.1) of the login's domain.
        submission: Option<SubmissionTable>,
        /// The gateway's own: a program on it hands the message to sendmail(1), as cron and web applications do.
        sendmail: Option<Yes>,
    }

    /// A user at a submission service.
    SubmissionTable "submission" [Any] {
        /// A login of one of the gateways.
        login: Required<Spanned<Address>>,
        /// STARTTLS on port 587, implicit TLS on port 465 (RFC 8314 §3.3), or none on port 587.
        tls: Required<Spanned<Tls>>,
    }

    /// A DKIM signature (RFC 6376 §3.5).
    SignTable "signature" [Any] {
        /// `d=`: a zone of this file that has the key.
        domain: Required<Spanned<Domain>>,
        /// `s=`: a selector of that zone's `dkim`.
        selector: Required<Spanned<Line>>,
        /// `c=`, header and body.
        canonicalization: Option<Canonicalization>,
        /// `h=`, in order; a name may stand several times. From, To, Subject, Date and Message-ID if not said.
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
    }

    /// A change to a message after it was signed.
    TamperTable "change" [One] {
        /// Text at the end of the body.
        append_body: Option<String>,
        /// A field on top of the header, `Name: value`.
        prepend_header: Option<FieldLine>,
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
        value: Required<String>,
    }

    /// A replacement of text.
    ReplaceTable "replacement" [Any] {
        /// Text that must occur.
        find: Required<NotEmpty>,
        /// What takes its place.
        with: Required<String>,
    }
}
