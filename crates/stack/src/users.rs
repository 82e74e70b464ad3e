//! Who has a mailbox on the gateway under test, as its own daemons tell it: what lies in a database is known to them alone.

use crate::{Admd, Stack, StackError, gateway::Store};
use futures_util::future::try_join_all;
use mail::{Address, Domain};
use serde::Serialize;
use std::collections::BTreeMap;

/// What a gateway's daemons say of its users.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Users {
    /// Mailboxes in the domains of the gateway, in the order in which they were told.
    pub mailboxes: Vec<ToldMailbox>,
    /// Users who have no address in them, by their names.
    pub elsewhere: Vec<String>,
    /// What a daemon could not tell, in its words.
    pub faults: Vec<String>,
}

/// A mailbox that a daemon told of.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct ToldMailbox {
    /// Its address.
    pub address: String,
    /// The name with which its user logs in, where that is another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// Where its host keeps it, where no Dovecot reads it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<Store>,
    /// Its host, where the gateway has several and somebody must know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<Domain>,
    /// Who told of it, such as `doveadm user`, or `virtual_mailbox_maps in mysql`.
    pub told_by: Vec<String>,
}

impl Stack {
    /// Each host of the gateway under test, and a tar of its /etc.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn etc(&self) -> Result<Vec<(&str, Vec<u8>)>, StackError> {
        let hosts = &self.admds[0].hosts;
        let archives = hosts.iter().map(async |host| Ok((host.name(), host.container.archive_of("/etc").await?)));
        try_join_all(archives).await
    }

    /// Asks the daemons of the gateway under test who has a mailbox. Of tables that answer and cannot be listed it is asked whether
    /// they know whom others name.
    ///
    /// # Errors
    /// The engine's word, or a host's that cannot ask.
    pub async fn users(&self) -> Result<Users, StackError> {
        let Admd { gateway, hosts } = &self.admds[0];
        let declared: Vec<String> = gateway.mailboxes.iter().map(|mailbox| mailbox.address.to_string()).collect();
        let command: Vec<&str> = ["users"].into_iter().chain(declared.iter().map(String::as_str)).collect();
        let told = try_join_all(hosts.iter().map(|host| host.container.exec(&command))).await?;
        let mut users = Users::default();
        for (host, told) in hosts.iter().zip(told) {
            if told.code != 0 {
                return Err(StackError::Setup { host: host.name().to_owned(), code: told.code, output: told.stderr });
            }
            let name = (hosts.len() > 1).then(|| host.plan.name.clone());
            users.add(Told::read(&told.stdout), &gateway.domains, name);
        }
        Ok(users)
    }
}

/// What one host told.
#[derive(Debug, Default)]
struct Told<'a> {
    logins: Vec<(&'a str, &'a str)>,
    addresses: Vec<(&'a str, &'a str, &'a str)>,
    system: Vec<(&'a str, &'a str)>,
    known: Vec<(&'a str, &'a str)>,
    /// Where Postfix puts mail, by `base`, `home` and `spool`.
    places: BTreeMap<&'a str, &'a str>,
    faults: Vec<String>,
    /// Whether Dovecot was asked, whatever it said.
    has_dovecot: bool,
}

impl<'a> Told<'a> {
    fn read(text: &'a str) -> Self {
        let mut told = Self::default();
        for line in text.lines() {
            told.has_dovecot |= line.starts_with("doveadm ");
            match line.split('\t').collect::<Vec<_>>()[..] {
                [by, "login", name] => told.logins.push((by, name)),
                [by, "address", address, value] => told.addresses.push((by, address, value)),
                [by, "known", address] => told.known.push((by, address)),
                [_, "system", name, home] => told.system.push((name, home)),
                [_, place @ ("base" | "home" | "spool"), path] => drop(told.places.insert(place, path)),
                [by, "fault", words] => told.faults.push(format!("{by}: {words}")),
                _ => {}
            }
        }
        told
    }

    /// Where a user of the system has mail, if Postfix's own `local` delivers it.
    fn local_store(&self, user: &str, home: &str) -> Store {
        match self.places.get("home") {
            Some(path) if path.ends_with('/') => Store::Maildir(format!("{home}/{}", path.trim_end_matches('/'))),
            Some(path) => Store::Mbox(format!("{home}/{path}")),
            None => Store::Mbox(format!("{}/{user}", self.places.get("spool").unwrap_or(&"/var/mail"))),
        }
    }

    /// Where a key of `virtual_mailbox_maps` has mail, if Postfix's own `virtual` delivers it (virtual(8)).
    fn virtual_store(&self, value: &str) -> Option<Store> {
        let path = format!("{}/{}", self.places.get("base")?, value.trim_end_matches('/'));
        Some(if value.ends_with('/') { Store::Maildir(path) } else { Store::Mbox(path) })
    }
}

impl Users {
    /// Adds what a host told. Who reads mailboxes knows best who has one; then the tables; users of the system have mail
    /// where there is neither.
    fn add(&mut self, told: Told<'_>, domains: &[Domain], host: Option<Domain>) {
        for (by, name) in &told.logins {
            self.mailbox(name, domains, by, None, None);
        }
        for (by, address, value) in told.addresses.iter().filter(|(_, address, _)| !address.starts_with('@')) {
            let store = told.virtual_store(value).filter(|_| !told.has_dovecot);
            self.mailbox(address, domains, by, store, host.as_ref());
        }
        if !told.has_dovecot && told.addresses.is_empty() {
            for (name, home) in &told.system {
                self.mailbox(name, domains, "passwd", Some(told.local_store(name, home)), host.as_ref());
            }
        }
        for (by, address) in &told.known {
            let known = self.mailboxes.iter_mut().find(|mailbox| mailbox.address.eq_ignore_ascii_case(address));
            known.into_iter().for_each(|mailbox| mailbox.told_by.push((*by).to_owned()));
        }
        self.faults.extend(told.faults.into_iter().map(|fault| match &host {
            Some(host) => format!("{host}: {fault}"),
            None => fault,
        }));
    }

    /// Adds a mailbox, or one more who told of it.
    fn mailbox(&mut self, name: &str, domains: &[Domain], by: &str, store: Option<Store>, host: Option<&Domain>) {
        let whole = if name.contains('@') { name.to_owned() } else { format!("{name}@{}", domains[0]) };
        let Some(address) = whole.parse::<Address>().ok().filter(|address| domains.contains(address.domain())) else {
            self.elsewhere.push(name.to_owned());
            return;
        };
        let address = address.to_string();
        if let Some(known) = self.mailboxes.iter_mut().find(|known| known.address.eq_ignore_ascii_case(&address)) {
            known.told_by.push(by.to_owned());
            return;
        }
        let host = store.as_ref().and(host).cloned();
        let login = (name != address).then(|| name.to_owned());
        self.mailboxes.push(ToldMailbox { address, login, store, host, told_by: vec![by.to_owned()] });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(texts: &[&str]) -> Users {
        let domains: Vec<Domain> = ["club.example", "other.example"].map(|name| name.parse().unwrap()).to_vec();
        let mut users = Users::default();
        for (number, text) in texts.iter().enumerate() {
            let host = (texts.len() > 1).then(|| format!("h{number}.club.example").parse().unwrap());
            users.add(Told::read(text), &domains, host);
        }
        users
    }

    #[test]
    fn who_reads_mailboxes_goes_before_tables_and_the_system() {
        let users = users(&[
            "doveadm user\tlogin\tanna@club.example\ndoveadm user\tlogin\tbert\ndoveadm user\tlogin\tx@else.example\n\
             virtual_mailbox_maps\taddress\tANNA@club.example\tanna/\nvirtual_mailbox_maps\taddress\tcarl@other.example\tcarl/\n\
             virtual_mailbox_maps\taddress\t@other.example\tall/\nvirtual_alias_maps in mysql\tknown\tbert@club.example\n\
             passwd\tsystem\tvmail\t/var/vmail\npostconf\tbase\t/var/vmail\nwhatever\n",
        ]);
        let told: Vec<(&str, Option<&str>)> =
            users.mailboxes.iter().map(|mailbox| (mailbox.address.as_str(), mailbox.login.as_deref())).collect();
        let expected = [("anna@club.example", None), ("bert@club.example", Some("bert")), ("carl@other.example", None)];
        assert_eq!(told, expected);
        assert_eq!(users.mailboxes[0].told_by, ["doveadm user", "virtual_mailbox_maps"]);
        assert_eq!(users.mailboxes[1].told_by, ["doveadm user", "virtual_alias_maps in mysql"]);
        assert!(users.mailboxes.iter().all(|mailbox| mailbox.store.is_none()));
        assert_eq!(users.elsewhere, ["x@else.example"]);
    }

    #[test]
    fn where_no_dovecot_is_postfix_says_where_mail_lies() {
        let users = users(&[
            "virtual_mailbox_maps\taddress\tanna@club.example\tclub/anna/\nvirtual_mailbox_maps\taddress\tbert@club.example\tbert\n\
             postconf\tbase\t/var/mail/v\n",
            "passwd\tsystem\tcarl\t/srv/carl\npostconf\thome\tMaildir/\n",
            "passwd\tsystem\tdora\t/srv/dora\n",
            "passwd\tsystem\tvmail\t/var/vmail\ndoveadm user\tfault\tFatal: no\n",
        ]);
        let stores: Vec<&Store> = users.mailboxes.iter().filter_map(|mailbox| mailbox.store.as_ref()).collect();
        let expected = [
            &Store::Maildir("/var/mail/v/club/anna".to_owned()),
            &Store::Mbox("/var/mail/v/bert".to_owned()),
            &Store::Maildir("/srv/carl/Maildir".to_owned()),
            &Store::Mbox("/var/mail/dora".to_owned()),
        ];
        assert_eq!(stores, expected);
        assert_eq!(users.mailboxes[2].host.as_ref().map(Domain::as_str), Some("h1.club.example"));
        assert_eq!(users.faults, ["h3.club.example: doveadm user: Fatal: no"]);
    }
}
