//! The tables of hosts that the harness plays, and of what changes on the stage.

use crate::language::ZoneTable;
use form::{
    Decode, Flaw, Node, Presence, Required, Shape, Text, tables,
    values::{AtLeastOne, CertificateName, Code, Line, Named, OneOrMany, ReplyLine, Whole},
    words::{HostVersion, Starttls},
};
use mail::Domain;
use plan::{
    Certificate, CertificateKey, CertificateKind, Interference, PlayedReply, Point, Spanned, StarttlsPlay, Tlsa,
};
use std::{collections::BTreeMap, net::IpAddr, ops::Range};
use toml::de::DeValue;

tables! {
    /// A host on the pretend Internet that the harness plays. Its addresses are added to the zone that it lies in, which
    /// must be declared in the file.
    HostTable "host" [Some] {
        /// Its address, or a list of them. No two hosts have the same.
        ip: Required<OneOrMany<Spanned<IpAddr>>>,
        /// TLSA records for its port 25: `3 1 1` of its certificate; `3 1 1 issue 2` of another issue of it;
        /// `3 1 1 wrong` of none (RFC 6698 §2.1). Numbers without a meaning are published all the same.
        tlsa: Option<Vec<Spanned<Tlsa>>>,
        /// An MTA on port 25.
        smtp: Presence<SmtpTable>,
        /// A web server on port 443, for an MTA-STS policy (RFC 8461 §3.3).
        https: Presence<HttpsTable>,
    }

    /// An MTA that the harness plays; it takes every message.
    SmtpTable "MTA" [Any] {
        /// What it does about STARTTLS (RFC 3207 §4); `offered` if not said.
        starttls: Option<Spanned<StarttlsForm>>,
        /// Its certificate; a good one if not said.
        certificate: Option<CertificateForm>,
        /// Versions of TLS that it takes; 1.2 and 1.3 if not said.
        versions: Option<Spanned<AtLeastOne<HostVersion>>>,
        /// What somebody on the way does to its connections.
        on_the_wire: Option<Spanned<Interference>>,
        /// Its reply to the line with a single dot, such as `451 4.3.0 later`; else it takes the message.
        end_of_data: Option<Spanned<ReplyLine>>,
        /// Its replies at other points, or its replies one after the other.
        replies: Option<RepliesTable>,
    }

    /// What a played MTA replies at a point of the dialogue, instead of what a good one would: a reply, `close` to hang up, or a
    /// list for one time after the other, of which the last one stays.
    RepliesTable "replies" [Some] {
        /// To the connection.
        greeting: Option<OneOrMany<Spanned<ReplyForm>>>,
        /// To EHLO, with all its lines: `250-mx.partner.example`, a line end and `250 STARTTLS`.
        ehlo: Option<OneOrMany<Spanned<ReplyForm>>>,
        /// To HELO.
        helo: Option<OneOrMany<Spanned<ReplyForm>>>,
        /// To STARTTLS; behind 220 comes what `starttls` says.
        starttls: Option<OneOrMany<Spanned<ReplyForm>>>,
        /// To MAIL FROM.
        mail_from: Option<OneOrMany<Spanned<ReplyForm>>>,
        /// To RCPT TO.
        rcpt_to: Option<OneOrMany<Spanned<ReplyForm>>>,
        /// To DATA; the message is read behind 354 only.
        data: Option<OneOrMany<Spanned<ReplyForm>>>,
        /// To the line with a single dot.
        end_of_data: Option<OneOrMany<Spanned<ReplyForm>>>,
        /// To RSET.
        rset: Option<OneOrMany<Spanned<ReplyForm>>>,
        /// To QUIT.
        quit: Option<OneOrMany<Spanned<ReplyForm>>>,
    }

    /// How STARTTLS is refused.
    RefusedTable "refusal" [One] {
        /// The reply code.
        refused: Option<Code>,
    }

    /// A web server that the harness plays. It has an MTA-STS policy, if it is given one, and takes TLS reports that are
    /// posted to any path (RFC 8460 §5.4).
    HttpsTable "web server" [Any] {
        /// Its certificate; a good one if not said.
        certificate: Option<CertificateForm>,
        /// The policy, at `/.well-known/mta-sts.txt`. Lines are sent with CRLF. Without one there is nothing.
        policy: Option<String>,
        /// Status of the answer to a request for the policy; 200 if not said, and 404 without a policy.
        status: Option<Whole<200, 599>>,
        /// Media type of the answer; `text/plain` if not said.
        media_type: Option<Line>,
    }

    /// A certificate.
    CertificateTable "certificate" [Some] {
        /// Whether it is good, or in what way not; `good` if not said.
        kind: Option<Spanned<CertificateKind>>,
        /// Kind of its key; `p256` if not said.
        key: Option<CertificateKey>,
        /// Which of the host's certificates, from 1; each has a key of its own.
        issue: Option<Whole<1, 200>>,
        /// Names in it, also such as `*.partner.example`; the host's own if not said.
        names: Option<Spanned<AtLeastOne<CertificateName>>>,
    }

    /// What is different from this transaction on. Zones and hosts take the place of those with the same names, whole; at the
    /// end of the scenario every service runs again.
    ChangeTable "change of the stage" [Some] {
        /// Zones of this file.
        zone: Option<Named<Domain, ZoneTable>>,
        /// Hosts of this file.
        host: Option<Named<Domain, HostTable>>,
        /// Services of the gateway, by their names in gateway.toml, that stand still from this transaction on, and no others; an
        /// empty list starts all again. The scenario runs alone.
        stopped: Option<Spanned<Vec<Line>>>,
    }
}

/// A reply of a played host, or `close`.
#[derive(Debug, Clone)]
pub(crate) struct ReplyForm(pub(crate) PlayedReply);

impl Text for ReplyForm {
    fn shape() -> Shape {
        Shape::Text {
            what: "a reply, such as `450 4.2.1 later`, or `close`",
            pattern: Some(r"^(close|[2-5]\d\d[ -][\s\S]*)$"),
        }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        if text == "close" {
            return Ok(Self(PlayedReply::Closes));
        }
        let text = text.trim_end().replace("\r\n", "\n");
        let has_control = text.contains(|c: char| c.is_control() && c != '\n');
        match text.parse::<mail::Reply>() {
            Ok(_) if !has_control => Ok(Self(PlayedReply::Says(text))),
            read => {
                let why =
                    read.err().map_or_else(|| "control characters stand in it".to_owned(), |error| error.to_string());
                let help = format!(
                    "{why}; write `450 4.2.1 later`, a reply of several lines as `250-one`, a line end and `250 two`, or `close`"
                );
                Err(Flaw::new(format!("`{}` is no reply (RFC 5321 §4.2)", text.escape_debug())).help(help))
            }
        }
    }
}

impl RepliesTable {
    /// By the points at which they come; those of the line with a single dot with their place.
    pub(crate) fn by_point(self) -> (BTreeMap<Point, Vec<PlayedReply>>, Option<Range<usize>>) {
        let end = self.end_of_data.as_ref().and_then(|replies| replies.0.first()).map(|reply| reply.span.clone());
        let points = [
            (Point::Greeting, self.greeting),
            (Point::Ehlo, self.ehlo),
            (Point::Helo, self.helo),
            (Point::Starttls, self.starttls),
            (Point::MailFrom, self.mail_from),
            (Point::RcptTo, self.rcpt_to),
            (Point::Data, self.data),
            (Point::EndOfData, self.end_of_data),
            (Point::Rset, self.rset),
            (Point::Quit, self.quit),
        ];
        let given = points.into_iter().filter_map(|(point, replies)| Some((point, replies?.0)));
        (given.map(|(point, replies)| (point, replies.into_iter().map(|reply| reply.value.0).collect())).collect(), end)
    }
}

/// A certificate, as a word or a table.
#[derive(Debug, Clone)]
pub(crate) struct CertificateForm(pub(crate) Certificate);

impl Decode for CertificateForm {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<CertificateKind as Decode>::shape(), CertificateTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let usual = Certificate::default();
        if !matches!(node.value.get_ref(), DeValue::Table(_)) {
            let kind = CertificateKind::read(node, flaws)?;
            return Some(Self(Certificate { kind, ..usual }));
        }
        let table = CertificateTable::read(node, flaws)?;
        let kind = table.kind.as_ref().map(|kind| kind.value).unwrap_or_default();
        if let (CertificateKind::WrongName, Some(names), Some(kind)) = (kind, &table.names, &table.kind) {
            let flaw = Flaw::new("a certificate for a wrong name has no other names").at(&names.span, "these names");
            flaws.push(flaw.at(&kind.span, "the kind").help("take one of them away"));
        }
        Some(Self(Certificate {
            kind,
            key: table.key.unwrap_or_default(),
            issue: table.issue.map_or(usual.issue, |issue| u8::try_from(issue.0).unwrap_or(usual.issue)),
            names: table.names.map_or_else(Vec::new, |names| names.value.0.into_iter().map(|name| name.0).collect()),
        }))
    }
}

/// What a host does about STARTTLS, as a word or with a code.
#[derive(Debug, Clone)]
pub(crate) struct StarttlsForm(pub(crate) StarttlsPlay);

impl Decode for StarttlsForm {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<Starttls as Decode>::shape(), RefusedTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if matches!(node.value.get_ref(), DeValue::Table(_)) {
            return RefusedTable::read(node, flaws)?.refused.map(|code| Self(StarttlsPlay::Refused(code.0)));
        }
        Starttls::read(node, flaws).map(|word| Self(word.0))
    }
}
