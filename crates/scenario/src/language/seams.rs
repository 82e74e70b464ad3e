//! The tables of everything besides zones and mail: played hosts, changes, settings, probes, look-ups.

use crate::{
    CertificateKey, CertificateKind, Daemon, Interference, StarttlsClaim, StarttlsPlay, Tlsa,
    form::{Form, Maybe, Need, Node, Shape, tables},
    faults::Flaw,
    language::ZoneTable,
    values::{AtLeastOne, Code, Line, Named, NotEmpty, OneOrMany, RecordKind, ReplyLine, SettingName, Whole},
    words::{Feature, Injected, LoginWord, OrderWord, Peer, PolicyWord, StarttlsWord, TlsaWord, Version},
    Spanned,
};
use mail::{Domain, Service};
use std::net::IpAddr;
use toml::de::DeValue;

tables! {
    /// A host on the pretend Internet that the harness plays. Its addresses are added to the zone that it lies in, which must
    /// be declared in the file.
    HostTable "host" [Some] {
        /// Its address, or a list of them. No two hosts have the same.
        ip: Need<OneOrMany<Spanned<IpAddr>>>,
        /// TLSA records for its port 25: `3 1 1` of its certificate; `3 1 1 issue 2` of another issue of it; `3 1 1 wrong` of
        /// none (RFC 6698 §2.1). Numbers without a meaning are published all the same.
        tlsa: Option<Vec<Spanned<Tlsa>>>,
        /// An MTA on port 25.
        smtp: Maybe<SmtpTable>,
        /// A web server on port 443, for an MTA-STS policy (RFC 8461 §3.3).
        https: Maybe<HttpsTable>,
    }

    /// An MTA that the harness plays; it takes every message.
    SmtpTable "MTA" [Any] {
        /// What it does about STARTTLS (RFC 3207 §4); `offered` if not said.
        starttls: Option<StarttlsPlay>,
        /// Its certificate; a good one if not said.
        certificate: Option<CertificateForm>,
        /// Versions of TLS that it takes; 1.2 and 1.3 if not said.
        versions: Option<AtLeastOne<Version>>,
        /// What somebody on the way does to its connections.
        on_the_wire: Option<Interference>,
        /// Its reply to the line with a single dot, such as `451 4.3.0 later`; else it takes the message.
        end_of_data: Option<ReplyLine>,
    }

    /// How STARTTLS is refused.
    RefusedTable "refusal" [One] {
        /// The reply code.
        refused: Option<Code>,
    }

    /// A web server that the harness plays.
    HttpsTable "web server" [Any] {
        /// Its certificate; a good one if not said.
        certificate: Option<CertificateForm>,
        /// The policy, at `/.well-known/mta-sts.txt`. Lines are sent with CRLF.
        policy: Need<String>,
        /// Status of the answer; 200 if not said.
        status: Option<Whole<200, 599>>,
        /// Media type of the answer; `text/plain` if not said.
        media_type: Option<Line>,
    }

    /// A certificate.
    CertificateTable "certificate" [Some] {
        /// Whether it is good, or in what way not; `good` if not said.
        kind: Option<CertificateKind>,
        /// Kind of its key; `p256` if not said.
        key: Option<CertificateKey>,
        /// Which of the host's certificates, from 1; each has a key of its own.
        issue: Option<Whole<1, 200>>,
        /// Names in it; the host's own if not said.
        names: Option<AtLeastOne<Domain>>,
    }

    /// What is different from this transaction on. Zones and hosts take the place of those with the same names, whole.
    ChangeTable "change of the stage" [Some] {
        /// Zones of this file.
        zone: Option<Named<Domain, ZoneTable>>,
        /// Hosts of this file.
        host: Option<Named<Domain, HostTable>>,
    }

    /// Settings of the gateway that are changed while the scenario runs, alone, and changed back.
    SettingTable "setting" [Some] {
        /// Lines of main.cf, such as `smtpd_tls_security_level = "may"`.
        postfix: Option<Named<SettingName, Spanned<String>>>,
        /// Lines of dovecot.conf.
        dovecot: Option<Named<SettingName, Spanned<String>>>,
        /// Lines that are taken out, so that the compiled default holds.
        unset: Option<UnsetTable>,
        /// What the daemons must make of it.
        expect: Option<SettingExpectTable>,
    }

    /// Settings that are taken out.
    UnsetTable "unset table" [Some] {
        /// Of main.cf.
        postfix: Option<Vec<Spanned<SettingName>>>,
        /// Of dovecot.conf.
        dovecot: Option<Vec<Spanned<SettingName>>>,
    }

    /// What daemons must make of changed settings.
    SettingExpectTable "setting expect table" [Some] {
        /// Whether they work with them.
        taken: Option<Spanned<bool>>,
        /// Text in what a daemon says of them.
        says: Option<OneOrMany<Spanned<NotEmpty>>>,
        /// That no daemon says anything.
        silent: Option<Spanned<bool>>,
    }

    /// A question to a service of the gateway: what it takes, seen from outside.
    ProbeTable "probe" [Any] {
        /// A word for it in reports; else its service.
        label: Option<Spanned<Line>>,
        /// The service.
        service: Need<Spanned<Service>>,
        /// The name that is asked for (RFC 6066 §3); the host's own if not said.
        server_name: Option<Domain>,
        /// What must come of it.
        expect: Need<ProbeExpectTable>,
    }

    /// What a service must take, and what not.
    ProbeExpectTable "probe expect table" [Some] {
        /// What it does about STARTTLS.
        starttls: Option<Spanned<StarttlsWord>>,
        /// Exactly the versions of TLS that it takes; none: there is no TLS.
        versions: Option<Spanned<Vec<Version>>>,
        /// Cipher suites, groups or families of suites that it takes, each of them.
        takes: Option<Spanned<AtLeastOne<Line>>>,
        /// Cipher suites, groups or families of suites that it takes none of: `NULL`, `anonymous`, `export`, `DES`, `3DES`,
        /// `RC4`, `MD5`, `CBC`, `static-RSA`, or a name.
        refuses: Option<Spanned<AtLeastOne<Line>>>,
        /// Whose order of suites counts before TLS 1.3.
        order: Option<Spanned<OrderWord>>,
        /// Bits that a finite-field group has at least, if it takes any.
        dh_bits: Option<Spanned<Whole<1, 65535>>>,
        /// What its certificate is worth.
        peer: Option<Spanned<Peer>>,
        /// Kind of its certificate's key, such as `EC P-256`.
        key: Option<Spanned<Line>>,
        /// A profile that holds.
        profile: Option<Spanned<Line>>,
        /// What becomes of a login before TLS.
        login: Option<Spanned<LoginWord>>,
        /// What becomes of a command that is injected in cleartext behind STARTTLS.
        injection: Option<Spanned<Injected>>,
        /// What it does, all of these.
        has: Option<Spanned<AtLeastOne<Feature>>>,
        /// What it does not, none of these.
        has_not: Option<Spanned<AtLeastOne<Feature>>>,
        /// How the TLSA records for it compare to its certificate (RFC 7672 §3.1).
        tlsa: Option<Spanned<TlsaWord>>,
    }

    /// A question to the DNS, by a resolver that validates.
    LookupTable "look-up" [Any] {
        /// A word for it in reports; else name and type.
        label: Option<Spanned<Line>>,
        /// The name.
        name: Need<Spanned<Domain>>,
        /// The type, such as `TXT`.
        r#type: Need<RecordKind>,
        /// What must come of it.
        expect: Need<LookupExpectTable>,
    }

    /// A TLS report of the gateway (RFC 8460 §4).
    ReportTable "TLS report" [Any] {
        /// A word for it in reports; else its domain.
        label: Option<Spanned<Line>>,
        /// The policy domain that it is about: a zone of this file with `tls-rpt`, whose address a host of this file takes mail for.
        domain: Need<Spanned<Domain>>,
        /// What must come of it.
        expect: Need<ReportExpectTable>,
    }

    /// What a TLS report must say.
    ReportExpectTable "report expect table" [Some] {
        /// The type of its policy (RFC 8460 §4.4).
        policy: Option<Spanned<PolicyWord>>,
        /// So many connections succeeded.
        successful: Option<Spanned<Whole<0, 1_000_000>>>,
        /// So many failed.
        failed: Option<Spanned<Whole<0, 1_000_000>>>,
        /// Exactly the result types, in any order (RFC 8460 §4.3); an empty list: nothing failed.
        results: Option<Spanned<Vec<Line>>>,
    }

    /// What the DNS must answer.
    LookupExpectTable "look-up expect table" [Some] {
        /// The response code, such as `NXDOMAIN`.
        rcode: Option<Spanned<Line>>,
        /// Exactly the data of the records, in any order, as `dig +short` shows it; of TXT without quotes.
        records: Option<Spanned<Vec<Line>>>,
        /// Text in the data of a record, or a list of texts.
        contains: Option<OneOrMany<Spanned<NotEmpty>>>,
        /// Whether the answer is authentic (RFC 4035 §3.2.3).
        authentic: Option<Spanned<bool>>,
        /// Exactly what the lint says of it, as codes; an empty list: nothing.
        lint: Option<Spanned<Vec<Line>>>,
    }
}

/// A certificate, as a word or a table.
#[derive(Debug, Clone)]
pub(crate) struct CertificateForm(pub(crate) crate::Certificate);

impl Form for CertificateForm {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<CertificateKind as Form>::shape(), CertificateTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        let usual = crate::Certificate::default();
        if !matches!(node.value.get_ref(), DeValue::Table(_)) {
            let kind = CertificateKind::read(node, flaws)?;
            return Some(Self(crate::Certificate { kind, ..usual }));
        }
        let table = CertificateTable::read(node, flaws)?;
        Some(Self(crate::Certificate {
            kind: table.kind.unwrap_or_default(),
            key: table.key.unwrap_or_default(),
            issue: table.issue.map_or(usual.issue, |issue| u8::try_from(issue.0).unwrap_or(usual.issue)),
            names: table.names.map_or_else(Vec::new, |names| names.0.iter().map(ToString::to_string).collect()),
        }))
    }
}

impl Form for StarttlsPlay {
    fn shape() -> Shape {
        Shape::AnyOf(vec![<crate::words::Starttls as Form>::shape(), RefusedTable::shape()])
    }

    fn read(node: Node<'_>, flaws: &mut Vec<Flaw>) -> Option<Self> {
        if matches!(node.value.get_ref(), DeValue::Table(_)) {
            return RefusedTable::read(node, flaws)?.refused.map(|code| Self::Refused(code.0));
        }
        crate::words::Starttls::read(node, flaws).map(|word| word.0)
    }
}

impl From<StarttlsWord> for StarttlsClaim {
    fn from(word: StarttlsWord) -> Self {
        word.0
    }
}

/// The changes that a table of settings asks for.
impl SettingTable {
    pub(crate) fn changes(&self) -> Vec<crate::SettingChange> {
        let change = |daemon, name: &Spanned<SettingName>, value: Option<&Spanned<String>>| crate::SettingChange {
            daemon,
            name: Spanned { value: name.value.0.clone(), span: name.span.clone() },
            value: value.map(|value| value.value.clone()),
        };
        let mut changes = Vec::new();
        for (daemon, set) in [(Daemon::Postfix, &self.postfix), (Daemon::Dovecot, &self.dovecot)] {
            let set = set.iter().flat_map(|named| &named.0);
            changes.extend(set.map(|(name, value)| change(daemon, name, Some(value))));
        }
        let Some(unset) = &self.unset else { return changes };
        for (daemon, names) in [(Daemon::Postfix, &unset.postfix), (Daemon::Dovecot, &unset.dovecot)] {
            changes.extend(names.iter().flatten().map(|name| change(daemon, name, None)));
        }
        changes
    }
}
