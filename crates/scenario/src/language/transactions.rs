//! The tables of mail: transactions, who brings them, and what is claimed of them.

use crate::language::ChangeTable;
use form::{
    Decode, Flaw, Node, Presence, Required, Shape, tables,
    values::{AtLeastOne, FieldLine, FieldName, FromNow, Line, Named, NotEmpty, OneOrMany, Whole, Yes},
    words::{Canonicalization, Fate, Peer, ReceivedWord, TlsVersion, Version},
};
use mail::{Address, ArcResult, DkimResult, DmarcResult, Domain, EnhancedStatus, ReversePath, SpfResult};
use plan::{Command, Driver, Outcome, Spanned, Tls};
use std::net::IpAddr;
use toml::de::DeValue;

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
        /// The message is sent octet for octet, `\r\n` written out, nothing added. It needs no `{nonce}`.
        exact: Option<bool>,
        /// DKIM signatures, the first one applied first.
        sign: Option<Vec<SignTable>>,
        /// What is done to the message after it was signed, in order.
        tamper: Option<Vec<TamperTable>>,
        /// What must come of it; at least one claim.
        expect: Required<ExpectTable>,
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

    /// What must come of a transaction. Nothing is claimed of what is not named.
    ExpectTable "expect table" [Some] {
        /// A reply of the server, or a list of them.
        reply: Option<OneOrMany<Spanned<ReplyTable>>>,
        /// The SPF result.
        spf: Option<Spanned<SpfResult>>,
        /// The DKIM result: of the whole message, or by domain, as in `{ pass = "bank.example" }`.
        dkim: Option<Spanned<DkimForm>>,
        /// The DMARC result.
        dmarc: Option<Spanned<DmarcResult>>,
        /// The ARC result.
        arc: Option<Spanned<ArcResult>>,
        /// What became of the message, with the folder if that matters: `{ delivered = "INBOX" }`.
        outcome: Option<Spanned<OutcomeForm>>,
        /// How the gateway's side of the connection was protected.
        handshake: Option<Spanned<HandshakeTable>>,
        /// That the gateway's Received field says what was negotiated (RFC 3848 §1).
        received: Option<Spanned<ReceivedWord>>,
        /// A host of this file that took the message.
        arrived: Option<Spanned<Domain>>,
        /// Exactly the versions of TLS that the gateway offered, as a client, to a host of this file.
        offered: Option<Spanned<AtLeastOne<Version>>>,
        /// Whether a policy was asked of a web server of this file.
        fetched: Option<Spanned<bool>>,
        /// A header field of the delivered message, or a list of them.
        header: Option<OneOrMany<Spanned<HeaderTable>>>,
    }

    /// A claim on a reply.
    ReplyTable "reply" [Any] {
        /// The command that it answers.
        to: Required<Spanned<Command>>,
        /// The reply code (RFC 5321 §4.2.1).
        code: Required<Spanned<Whole<200, 599>>>,
        /// The enhanced status code (RFC 3463 §2).
        enhanced: Option<Spanned<EnhancedStatus>>,
        /// Text that it has in it.
        text: Option<Line>,
    }

    /// A claim on a TLS handshake.
    HandshakeTable "handshake" [Some] {
        /// The version.
        version: Option<Spanned<TlsVersion>>,
        /// The cipher suite, by its IANA or OpenSSL name.
        suite: Option<Line>,
        /// The group of the key exchange.
        group: Option<Line>,
        /// What the client made of the server's certificate.
        peer: Option<Peer>,
    }

    /// A claim on a header field.
    HeaderTable "header" [Any] {
        /// Its name.
        name: Required<FieldName>,
        /// Text that a field of that name has in it.
        contains: Required<String>,
    }

    /// An outcome and the folder in which the message lies.
    FolderTable "outcome" [One] {
        /// Delivered into this folder.
        delivered: Option<Line>,
        /// Put aside in this folder.
        quarantined: Option<Line>,
    }
}

/// A claim on DKIM, as written.
#[derive(Debug, Clone)]
pub(crate) enum DkimForm {
    Overall(DkimResult),
    Signatures(Vec<(Domain, DkimResult)>),
}

type ByResult = Named<DkimResult, OneOrMany<Domain>>;

impl Decode for DkimForm {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<DkimResult as Decode>::shape(), ByResult::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if !matches!(node.value.get_ref(), DeValue::Table(_)) {
            return DkimResult::read(node, flaws).map(Self::Overall);
        }
        let before = flaws.len();
        let named = ByResult::read(node, flaws)?;
        if named.0.is_empty() && flaws.len() == before {
            flaws.push(Flaw::new("`dkim` claims nothing").at(&node.span(), "a result and a domain are needed"));
        }
        let signatures =
            named.0.into_iter().flat_map(|(result, domains)| domains.0.into_iter().map(move |d| (d, result.value)));
        Some(Self::Signatures(signatures.collect()))
    }
}

/// An outcome, as a word or with its folder.
#[derive(Debug, Clone)]
pub(crate) struct OutcomeForm(pub(crate) Outcome);

impl Decode for OutcomeForm {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<Fate as Decode>::shape(), FolderTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if let DeValue::Table(_) = node.value.get_ref() {
            let at = FolderTable::read(node, flaws)?;
            let delivered = at.delivered.map(|folder| Outcome::Delivered(Some(folder.0)));
            return delivered.or(at.quarantined.map(|folder| Outcome::Quarantined(Some(folder.0)))).map(Self);
        }
        Some(Self(match Fate::read(node, flaws)? {
            Fate::Rejected => Outcome::Rejected,
            Fate::Deferred => Outcome::Deferred,
            Fate::Delivered => Outcome::Delivered(None),
            Fate::Bounced => Outcome::Bounced,
            Fate::Quarantined => Outcome::Quarantined(None),
            Fate::Discarded => Outcome::Discarded,
        }))
    }
}
