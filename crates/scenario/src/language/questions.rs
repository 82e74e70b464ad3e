//! The tables of what is asked: changed settings, probes, look-ups and TLS reports.

use form::{
    Required,
    ciphers::CipherName,
    tables,
    values::{
        AtLeastOne, KeyName, Line, LintCode, Named, NotEmpty, OneOrMany, RecordKind, SettingName, SettingValue, Whole,
        Yes,
    },
    words::{
        Failure, Feature, Injected, LoginWord, OrderWord, Peer, PolicyWord, Rcode, StarttlsWord, TlsaWord, Version,
    },
};
use mail::{Domain, Service};
use plan::{Daemon, SettingChange, Spanned};

tables! {
    /// Settings of the gateway that are changed while the scenario runs, alone, and changed back.
    SettingTable "setting" [Some] {
        /// Lines of main.cf, such as `smtpd_tls_security_level = "may"`, and of services in master.cf, named as `postconf -P`
        /// does: `"submission/inet/smtpd_tls_security_level" = "may"`; `""` is an empty value.
        postfix: Option<Named<SettingName, Spanned<SettingValue>>>,
        /// Lines of dovecot.conf; in blocks behind their path: `"service imap-login/inet_listener imaps/ssl" = "no"`.
        dovecot: Option<Named<SettingName, Spanned<SettingValue>>>,
        /// Lines that are taken out, so that the compiled default holds.
        unset: Option<UnsetTable>,
        /// What the daemons must make of it.
        expect: Option<SettingExpectTable>,
    }

    /// Settings that are taken out.
    UnsetTable "unset table" [Some] {
        /// Of main.cf and master.cf.
        postfix: Option<Vec<Spanned<SettingName>>>,
        /// Of dovecot.conf, and of the files beside it.
        dovecot: Option<Vec<Spanned<SettingName>>>,
    }

    /// What daemons must make of changed settings.
    SettingExpectTable "setting expect table" [Some] {
        /// Whether they work with them.
        taken: Option<Spanned<bool>>,
        /// Text in what a daemon says of them.
        says: Option<OneOrMany<Spanned<NotEmpty>>>,
        /// That no daemon says anything.
        silent: Option<Spanned<Yes>>,
    }

    /// A question to a service of the gateway: what it takes, seen from outside.
    ProbeTable "probe" [Any] {
        /// A word for it in reports; else its service.
        label: Option<Spanned<Line>>,
        /// The service.
        service: Required<Spanned<Service>>,
        /// The name that is asked for (RFC 6066 §3); the host's own if not said.
        server_name: Option<Domain>,
        /// What must come of it.
        expect: Required<ProbeExpectTable>,
    }

    /// What a service must take, and what not.
    ProbeExpectTable "probe expect table" [Some] {
        /// What it does about STARTTLS.
        starttls: Option<Spanned<StarttlsWord>>,
        /// Exactly the versions of TLS that it takes; an empty list: there is no TLS.
        versions: Option<Spanned<Vec<Version>>>,
        /// Cipher suites (by their IANA or OpenSSL names), groups or families of suites that it takes, each of them.
        takes: Option<Spanned<AtLeastOne<Spanned<CipherName>>>>,
        /// Cipher suites, groups or families of suites that it takes none of. The families are `NULL`, `anonymous`,
        /// `export`, `DES`, `3DES`, `RC4`, `MD5`, `SHA1`, `CBC` and `static-RSA`.
        refuses: Option<Spanned<AtLeastOne<Spanned<CipherName>>>>,
        /// Whose order of suites counts before TLS 1.3.
        order: Option<Spanned<OrderWord>>,
        /// Bits that a finite-field group has at least, if it takes any.
        dh_bits: Option<Spanned<Whole<1, 65535>>>,
        /// What its certificate is worth.
        peer: Option<Spanned<Peer>>,
        /// Kind of its certificate's key, such as `EC P-256`.
        key: Option<Spanned<KeyName>>,
        /// A profile that holds.
        profile: Option<Spanned<Line>>,
        /// What becomes of a login before TLS; not for a service that speaks TLS from the first octet.
        login: Option<Spanned<LoginWord>>,
        /// What becomes of a command that is injected in cleartext behind STARTTLS; not for such a service either.
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
        name: Required<Spanned<Domain>>,
        /// The type, such as `TXT`.
        r#type: Required<RecordKind>,
        /// What must come of it.
        expect: Required<LookupExpectTable>,
    }

    /// A TLS report of the gateway (RFC 8460 §4).
    ReportTable "TLS report" [Any] {
        /// A word for it in reports; else its domain.
        label: Option<Spanned<Line>>,
        /// The policy domain that it is about: a zone of this file with `tls-rpt`, whose address a host of this file takes
        /// mail for.
        domain: Required<Spanned<Domain>>,
        /// What must come of it.
        expect: Required<ReportExpectTable>,
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
        results: Option<Spanned<Vec<Failure>>>,
    }

    /// What the DNS must answer.
    LookupExpectTable "look-up expect table" [Some] {
        /// The response code, such as `NXDOMAIN`.
        rcode: Option<Spanned<Rcode>>,
        /// Exactly the data of the records, in any order, as `dig +short` shows it; of TXT without quotes.
        records: Option<Spanned<Vec<Line>>>,
        /// Text in the data of a record, or a list of texts.
        contains: Option<OneOrMany<Spanned<NotEmpty>>>,
        /// Whether the answer is authentic (RFC 4035 §3.2.3).
        authentic: Option<Spanned<bool>>,
        /// Exactly what the lint says of it, as codes; an empty list: nothing.
        lint: Option<Spanned<Vec<LintCode>>>,
    }
}

impl SettingTable {
    /// The changes that it asks for: what is set, then what is taken out.
    pub(crate) fn changes(&self) -> Vec<SettingChange> {
        let change = |daemon, name: &Spanned<SettingName>, value: Option<&Spanned<SettingValue>>| SettingChange {
            daemon,
            name: Spanned { value: name.value.0.clone(), span: name.span.clone() },
            value: value.map(|value| value.value.0.clone()),
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
