//! The tables of what is asked: changed settings, probes, look-ups and TLS reports.

use claims::ClaimList;
use form::{
    Required, tables,
    values::{Line, Named, RecordKind, SettingName, SettingValue},
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
        expect: Option<ClaimList<claims::setting::Changed>>,
    }

    /// Settings that are taken out.
    UnsetTable "unset table" [Some] {
        /// Of main.cf and master.cf.
        postfix: Option<Vec<Spanned<SettingName>>>,
        /// Of dovecot.conf, and of the files beside it.
        dovecot: Option<Vec<Spanned<SettingName>>>,
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
        expect: Required<ClaimList<claims::probe::Probe>>,
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
        expect: Required<ClaimList<claims::lookup::Lookup>>,
    }

    /// A TLS report of the gateway (RFC 8460 §4).
    ReportTable "TLS report" [Any] {
        /// A word for it in reports; else its domain.
        label: Option<Spanned<Line>>,
        /// The policy domain that it is about: a zone of this file with `tls-rpt`, whose address a host of this file takes
        /// mail for.
        domain: Required<Spanned<Domain>>,
        /// What must come of it.
        expect: Required<ClaimList<claims::report::Report>>,
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
