//! What the gateway under test has, found out on its hosts: by that it is told which scenarios do not apply to it.

use crate::{Stack, StackError};
use futures_util::future::try_join_all;
use plan::{Need, Relation, Version};
use std::collections::{BTreeMap, BTreeSet};

/// What the hosts of the gateway have.
#[derive(Debug, Default)]
pub struct Inventory {
    /// TCP ports on which somebody listens for others.
    ports: BTreeSet<u16>,
    /// Programs that run, or are started when they are asked for.
    programs: BTreeSet<String>,
    /// Methods that its mail server evaluates itself.
    methods: BTreeSet<String>,
    /// What its mail server looks at before it sends: `dane`, `mta-sts`.
    looks_at: BTreeSet<String>,
    /// Of each daemon its version, as far as it says one.
    versions: BTreeMap<plan::Daemon, Version>,
    /// Whether the password of a user is known.
    has_login: bool,
    /// Whether a host sends TLS reports.
    reports_tls: bool,
}

impl Stack {
    /// Looks what the gateway has, as far as these needs ask for it: a version only where one is named.
    ///
    /// # Errors
    /// The engine's word, or a host's that it cannot tell.
    pub async fn inventory(&self, needs: impl Iterator<Item = &Need>) -> Result<Inventory, StackError> {
        let versioned: BTreeSet<plan::Daemon> = needs
            .filter_map(|need| if let Need::Daemon(daemon, Some(_)) = need { Some(*daemon) } else { None })
            .collect();
        let hosts = &self.admds[0].hosts;
        let told = try_join_all(hosts.iter().map(|host| host.container.exec(&["inventory"]))).await?;
        let has_login = self.gateway().mailboxes.iter().any(|mailbox| mailbox.password.is_some());
        let mut inventory = Inventory { has_login, ..Inventory::default() };
        for (host, told) in hosts.iter().zip(told) {
            if told.code != 0 {
                return Err(StackError::Setup { host: host.name().to_owned(), code: told.code, output: told.stderr });
            }
            told.stdout.lines().for_each(|line| inventory.note(line));
            inventory.ports.extend(host.plan.ports());
            inventory.reports_tls |= !host.plan.tls_reports.is_empty();
        }
        for daemon in versioned {
            if inventory.runs(daemon)
                && let Some(version) = self.version_of(daemon).await?.and_then(|said| Version::of(&said))
            {
                inventory.versions.insert(daemon, version);
            }
        }
        Ok(inventory)
    }
}

impl Inventory {
    fn note(&mut self, line: &str) {
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some("port"), Some(port), None) => self.ports.extend(port.parse::<u16>().ok()),
            (Some("program"), Some(name), None) => drop(self.programs.insert(name.to_owned())),
            (Some("method"), Some(name), None) => drop(self.methods.insert(name.to_owned())),
            (Some(what @ ("dane" | "mta-sts")), None, None) => drop(self.looks_at.insert(what.to_owned())),
            _ => {}
        }
    }

    /// Which of these the gateway lacks, a sentence each.
    #[must_use]
    pub fn lacks(&self, needs: &[Need]) -> Vec<String> {
        needs.iter().filter_map(|need| self.lack(need)).collect()
    }

    fn lack(&self, need: &Need) -> Option<String> {
        match need {
            Need::Service(service) => {
                let port = service.port();
                (!self.ports.contains(&port)).then(|| format!("it has no {service}: nobody listens on port {port}"))
            }
            Need::Daemon(daemon, _) if !self.runs(*daemon) => Some(format!("{} does not run on it", daemon.name())),
            Need::Daemon(_, None) => None,
            Need::Daemon(daemon, Some((relation, wanted))) => {
                let own = self.versions.get(daemon);
                if own.is_some_and(|own| own.is(*relation, wanted)) {
                    return None;
                }
                let own = own.map_or_else(|| "of an unknown version".to_owned(), ToString::to_string);
                let wanted = match relation {
                    Relation::AtLeast => format!("{wanted} or later"),
                    Relation::Before => format!("a version before {wanted}"),
                };
                Some(format!("its {} is {own}; this is about {wanted}", daemon.name()))
            }
            Need::Method(method) => {
                let method = method.as_str();
                let is_evaluated =
                    self.methods.contains(method) || self.programs.iter().any(|name| maillog::evaluates(name, method));
                (!is_evaluated).then(|| format!("nothing on it evaluates {}", method.to_ascii_uppercase()))
            }
            Need::Login => (!self.has_login).then(|| "gateway.toml knows no password of its users".to_owned()),
            Need::Dane => {
                (!self.looks_at.contains("dane")).then(|| "it does not look at TLSA records before it sends".to_owned())
            }
            Need::MtaSts => (!self.looks_at.contains("mta-sts"))
                .then(|| "nothing on it looks at the MTA-STS policies of others".to_owned()),
            Need::TlsReports => (!self.reports_tls).then(|| "it sends no TLS reports".to_owned()),
        }
    }

    fn runs(&self, daemon: plan::Daemon) -> bool {
        let word = daemon.as_str();
        let is_its = |name: &String| name == word || (daemon == plan::Daemon::Postfix && name == "master");
        self.programs.iter().any(is_its)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(lines: &str) -> Inventory {
        let mut inventory = Inventory::default();
        lines.lines().for_each(|line| inventory.note(line));
        inventory.versions.insert(plan::Daemon::Dovecot, Version::of("2.3.19.1").unwrap());
        inventory
    }

    fn lacks(inventory: &Inventory, needs: &[&str]) -> Vec<String> {
        inventory.lacks(&needs.iter().map(|need| need.parse().unwrap()).collect::<Vec<_>>())
    }

    #[test]
    fn what_is_there_is_not_lacking() {
        let full = inventory(
            "port 25\nport 587\nprogram dovecot\nprogram master\nprogram opendkim\nprogram opendmarc\n\
             method spf\ndane\nmta-sts",
        );
        let needs = ["smtp", "submission", "postfix", "dovecot < 2.4", "spf", "dkim", "dmarc", "dane", "mta-sts"];
        assert_eq!(lacks(&full, &needs), Vec::<String>::new());
    }

    #[test]
    fn what_is_not_there_is_told() {
        let bare = inventory("port 25\nprogram dovecot\nmethod spf");
        let needs = ["login", "pop3s", "postfix", "dovecot >= 2.4", "dmarc", "dane", "mta-sts", "tls-reports"];
        assert_eq!(
            lacks(&bare, &needs),
            [
                "gateway.toml knows no password of its users",
                "it has no pop3s: nobody listens on port 995",
                "Postfix does not run on it",
                "its Dovecot is 2.3.19.1; this is about 2.4 or later",
                "nothing on it evaluates DMARC",
                "it does not look at TLSA records before it sends",
                "nothing on it looks at the MTA-STS policies of others",
                "it sends no TLS reports",
            ]
        );
    }
}
