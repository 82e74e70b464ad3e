//! From the /etc of a mail server to a gateway directory that comes up as it is.
//!
//! Archives come in as values, and files go out as values: this room reads and writes nothing. What /etc does not say becomes
//! a question, and secrets become known words.

mod accounts;
mod certificates;
mod database;
mod dkim;
mod dovecot;
mod draft;
mod error;
mod files;
mod packages;
mod postfix;
mod query;
mod release;
mod secrets;
mod services;
mod sockets;
mod tables;
#[cfg(test)]
mod tests;
mod tree;
mod users;
mod write;
mod zone;

pub use draft::Question;
pub use error::{ArchiveError, ImportError};
pub use tree::{Entry, Kind, Tree};

use crate::{
    dovecot::Dovecot,
    draft::{Draft, Machine, Mailbox, Notes},
    postfix::Postfix,
    secrets::Secrets,
    sockets::keyed,
    write::Whole,
    zone::Zone,
};
use mail::Domain;
use std::{collections::BTreeMap, net::IpAddr};

/// The directory beside etc/ in which the commands for the server put what it says of itself.
const SAID: &str = "mailproof";
/// Addresses of a host whose zone nobody gave.
const ADDRESSES: [&str; 2] = ["203.0.113.25", "2001:db8:113::25"];

/// One host: its archive, and what programs on it said.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Name of the archive, for messages.
    pub archive: String,
    /// What lies in it.
    pub tree: Tree,
    /// What `postconf -n` said.
    pub postconf: Option<String>,
    /// What `doveconf -n` said.
    pub doveconf: Option<String>,
    /// What `dpkg --get-selections` said.
    pub selections: Option<String>,
}

/// A gateway directory, and what is to be said of it.
#[derive(Debug)]
pub struct Imported {
    /// A name for it: its first domain.
    pub name: String,
    /// Files by their path in the directory, with their permission bits; `gateway.toml` among them.
    pub files: BTreeMap<String, (Vec<u8>, u32)>,
    /// What has to be asked; it stands in `gateway.toml`, too.
    pub questions: Vec<Question>,
    /// Secrets that were replaced, a phrase each.
    pub replaced: Vec<String>,
    /// What was left out or changed, a sentence each.
    pub changed: Vec<String>,
}

/// Shell commands that make one archive of everything on a server, and nothing else there. `host` is as ssh(1) takes it.
#[must_use]
pub fn commands(host: &str) -> String {
    format!(
        "ssh {host} 'd=$(mktemp -d) && mkdir \"$d/{SAID}\" && cd \"$d/{SAID}\" \\\n\
         \x20 && {{ postconf -n > postconf-n; doveconf -n > doveconf-n; dpkg --get-selections > selections; cat /etc/os-release > os-release; }} 2>/dev/null\n\
         \x20 $(command -v sudo) tar -C / -czf - --exclude=\"etc/*shadow*\" --exclude=etc/ssl/private --exclude=\"etc/ssh/*\" --exclude=\"*.key\" etc -C \"$d\" {SAID}\n\
         \x20 rm -r \"$d\"' > {}.tar.gz\n",
        host.rsplit('@').next().unwrap_or(host)
    )
}

/// Makes a gateway of the archives of its hosts.
///
/// # Errors
/// See [`ImportError`].
pub fn import(sources: Vec<Source>, zone: Option<&str>) -> Result<Imported, ImportError> {
    let mut notes = Notes::default();
    let mut machines = Vec::new();
    let mut releases = Vec::new();
    for source in sources {
        releases.push(release::release(&source.tree)?);
        machines.push(machine(source)?);
    }
    let Some(border) = machines.iter().position(|machine| machine.postfix.is_some()) else {
        let names: Vec<&str> = machines.iter().map(|machine| machine.archive.as_str()).collect();
        return Err(ImportError::NoPostfix(names.join(", ")));
    };
    if releases.iter().any(|release| *release != releases[border]) {
        notes.ask(
            format!("The hosts are of different releases ({}): all are brought up as the first.", releases.join(", ")),
            &[],
        );
    }
    let own = machines[border].name.split_once('.').and_then(|(_, domain)| domain.parse::<Domain>().ok());
    let zone = zone.map(|text| Zone::read(text, own.as_ref()).map(|zone| (zone, text))).transpose()?;
    let domains = domains(&machines[border], zone.as_ref().map(|(zone, _)| zone), &mut notes)?;
    let mut drafts = Vec::new();
    // who has the mailboxes knows the users
    let has_store = machines.iter().any(|machine| machine.dovecot.is_some());
    let mut mailboxes: Vec<Mailbox> = Vec::new();
    for machine in &machines {
        let mut draft = Draft { name: host_name(machine, &domains), ..Draft::default() };
        let users = fill(machine, &mut draft, &domains, zone.as_ref().map(|(_, text)| *text), &mut notes);
        mailboxes.extend(users.into_iter().filter(|_| !has_store || machine.dovecot.is_some()));
        drafts.push(draft);
    }
    let mut addresses = std::collections::BTreeSet::new();
    mailboxes.retain(|mailbox| addresses.insert(mailbox.address.to_ascii_lowercase()));
    for (machine, draft) in machines.iter().zip(&mut drafts) {
        if let Some((zone, _)) = &zone {
            let tlsa = zone.tlsa(&draft.name);
            draft.certificate.iter_mut().for_each(|place| place.tlsa.clone_from(&tlsa));
        }
        let secrets = Secrets::of(&machine.tree);
        files::add(machine, draft, &secrets, &mut notes);
        made(machine, draft, &mut notes);
    }
    let public = public(&machines[border], &drafts[border].name, zone.as_ref().map(|(zone, _)| zone));
    let whole = Whole {
        release: releases[border].clone(),
        authserv_id: authserv_id(&machines[border], &drafts[border].name),
        follows: drafts
            .iter()
            .flat_map(|draft| &draft.services)
            .any(|service| matches!(service.name.as_str(), "opendmarc" | "rspamd")),
        is_choosy: machines.iter().zip(&drafts).any(|(machine, draft)| is_choosy(machine, draft)),
        zones: zones(&domains, &drafts, border, zone.as_ref().map(|(zone, _)| zone), &mut notes),
        border: (drafts[border].name.clone(), public),
        mailboxes,
        domains,
    };
    if whole.mailboxes.is_empty() {
        notes.ask(
            "No user is known: what becomes of delivered mail is not seen, and most scenarios do not apply.",
            &[
                "[[mailbox]]".to_owned(),
                format!("address  = \"…@{}\"", whole.domains[0]),
                "password = \"…\"".to_owned(),
            ],
        );
    }
    Ok(together(&whole, drafts, notes))
}

fn machine(source: Source) -> Result<Machine, ImportError> {
    let Source { archive, mut tree, postconf, doveconf, selections } = source;
    let said = |given: Option<String>, name: &str, tree: &Tree| {
        given.or_else(|| tree.text(&format!("{SAID}/{name}")).map(str::to_owned)).filter(|text| !text.trim().is_empty())
    };
    let postconf = said(postconf, "postconf-n", &tree);
    let doveconf = said(doveconf, "doveconf-n", &tree);
    let selections = said(selections, "selections", &tree).map(|text| packages::installed(&text).collect());
    let postfix = if tree.has("etc/postfix/main.cf") { Postfix::read(&tree, postconf.as_deref())? } else { None };
    let dovecot = Dovecot::read(&tree, doveconf.as_deref());
    if let Some(name) = postfix.as_ref().map(|postfix| postfix.get("mailname")).filter(|name| !name.is_empty()) {
        tree.put("etc/mailname", &name);
    }
    let own = postfix.as_ref().map(|postfix| postfix.get("myhostname")).filter(|name| name.contains('.'));
    let name = own.or_else(|| full_name(&tree)).unwrap_or_default().to_ascii_lowercase();
    Ok(Machine { tree, postfix, dovecot, selections, name, archive })
}

/// The name of the system, with its domain where etc/hosts knows it.
fn full_name(tree: &Tree) -> Option<String> {
    let short = tree.text("etc/hostname")?.trim();
    if short.contains('.') {
        return Some(short.to_owned());
    }
    let words = tree.text("etc/hosts")?.lines().flat_map(str::split_whitespace);
    let is_its = |word: &&str| word.strip_prefix(short).is_some_and(|rest| rest.starts_with('.') && rest.len() > 1);
    words.into_iter().find(is_its).map(str::to_owned)
}

fn host_name(machine: &Machine, domains: &[String]) -> String {
    let is_name =
        machine.name.contains('.') && machine.name.parse::<Domain>().is_ok() && !machine.name.ends_with(".localdomain");
    if is_name { machine.name.clone() } else { format!("mx.{}", domains[0]) }
}

/// The domains for which it takes mail: those that it hosts, then its own.
fn domains(machine: &Machine, zone: Option<&Zone>, notes: &mut Notes) -> Result<Vec<String>, ImportError> {
    let Some(postfix) = &machine.postfix else { return Err(ImportError::NoDomain) };
    let mut found: Vec<String> = Vec::new();
    let mut asked = Vec::new();
    for parameter in ["virtual_mailbox_domains", "mydestination", "relay_domains", "virtual_alias_domains"] {
        if parameter == "virtual_alias_domains" && !postfix.says(parameter) {
            continue;
        }
        let names = tables::names(&machine.tree, postfix, parameter);
        asked.extend(names.asked.iter().map(|table| table.path.clone()));
        found.extend(names.known);
    }
    let mydomain = postfix.get("mydomain").to_ascii_lowercase();
    let is_domain = |name: &String| {
        let is_local = name.starts_with("localhost") || name.ends_with("localdomain");
        name.contains('.') && name.parse::<Domain>().is_ok() && !is_local
    };
    found.retain(is_domain);
    let mut seen = std::collections::BTreeSet::new();
    found.retain(|name| seen.insert(name.clone()));
    // its own name is a domain of mail only where nothing else is
    let others: Vec<String> = found.iter().filter(|name| **name != machine.name).cloned().collect();
    let origin = zone.map(|zone| zone.origin.to_string());
    let mut all = if others.is_empty() && asked.is_empty() { found } else { others };
    if all.is_empty() {
        all.extend(origin.clone().or(Some(mydomain)).filter(is_domain));
    }
    if let Some(origin) = origin {
        // the domain whose zone is given is the one that is meant
        match all.iter().position(|name| *name == origin) {
            Some(at) => all.swap(0, at),
            None if !asked.is_empty() => all.insert(0, origin),
            None => notes.ask(format!("The zone is that of {origin}, for which main.cf takes no mail."), &[]),
        }
    }
    if all.is_empty() {
        return Err(ImportError::NoDomain);
    }
    if !asked.is_empty() {
        asked.dedup();
        notes.ask(
            format!(
                "Which domains it hosts stands in a database ({}); {} is taken for one of them.",
                asked.join(", "),
                all[0]
            ),
            &["domains = [\"…\"]".to_owned()],
        );
    }
    Ok(all)
}

/// Everything of a host but its files; its users are returned.
fn fill(
    machine: &Machine,
    draft: &mut Draft,
    domains: &[String],
    zone: Option<&str>,
    notes: &mut Notes,
) -> Vec<Mailbox> {
    let referred = referred(machine);
    draft.setup.extend(accounts::commands(&machine.tree, &referred));
    draft.setup.extend(users::directories(machine));
    draft.setup.extend(tmpfiles(machine));
    services::add(machine, draft, notes);
    logs(machine, draft);
    packages::add(machine, draft, notes);
    certificates::add(machine, draft, notes);
    dkim::add(machine, draft, domains, zone, notes);
    let mut mailboxes = users::find(machine, domains, draft, notes);
    if let Some(seed) = database::seed(machine, domains, notes) {
        draft.files.insert(database::SEED.to_owned(), (seed.statements.into_bytes(), 0o644));
        services::mariadb(draft);
        draft.setup.push(format!("mariadbd --user=mysql --bootstrap < /etc/{}", database::SEED));
        mailboxes.extend(seed.mailboxes);
    } else {
        let kinds: Vec<String> = database::asked_tables(machine).into_iter().map(|(_, table)| table.path).collect();
        if let Some(first) = kinds.first() {
            notes.ask(format!("Tables lie in a database that is not brought up here ({first}): mail is put off where Postfix asks it."), &[]);
        }
    }
    if mailboxes.is_empty() {
        users::ask(machine, notes);
    }
    mailboxes
}

/// Accounts that configuration files name.
fn referred(machine: &Machine) -> Vec<String> {
    let commands = machine.postfix.iter().flat_map(|postfix| &postfix.services).map(|service| service.command.as_str());
    let users = commands.flat_map(str::split_whitespace).filter_map(|word| word.strip_prefix("user="));
    let mut found: Vec<String> = users.filter_map(|user| user.split(':').next()).map(str::to_owned).collect();
    if let Some(dovecot) = &machine.dovecot {
        let own = dovecot
            .all()
            .filter(|(path, _)| matches!(path.rsplit('/').next(), Some("user" | "mail_uid" | "mail_gid" | "group")));
        found.extend(own.map(|(_, value)| value.to_owned()));
    }
    found
}

/// Directories that tmpfiles.d(5) of the server makes.
fn tmpfiles(machine: &Machine) -> Vec<String> {
    let files = machine.tree.below("etc/tmpfiles.d").filter_map(|(path, _)| machine.tree.text(path));
    let command = |line: &str| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [kind, path, rest @ ..] = words.as_slice() else { return None };
        let word = |at: usize| rest.get(at).copied().filter(|word| *word != "-");
        let is_word = |word: &&str| tree::is_account(word) || word.bytes().all(|b| b.is_ascii_digit());
        let (user, group) = (word(1).filter(is_word).unwrap_or("root"), word(2).filter(is_word).unwrap_or("root"));
        let mode = word(0)
            .map(|mode| mode.trim_start_matches(['~', ':']))
            .filter(|mode| mode.bytes().all(|b| b.is_ascii_digit()));
        let is_directory = kind.starts_with(['d', 'D']) && path.starts_with('/') && !path.contains(['%', '*']);
        is_directory
            .then(|| format!("install -d -o {user} -g {group} -m {} {}", mode.unwrap_or("0755"), tables::quoted(path)))
    };
    files.flat_map(str::lines).filter_map(command).collect()
}

/// What is made of files that are taken: tables, aliases, compiled filters.
fn made(machine: &Machine, draft: &mut Draft, notes: &mut Notes) {
    if let Some(postfix) = &machine.postfix {
        let (commands, missing) = tables::commands(&machine.tree, postfix);
        draft.setup.extend(commands);
        for table in missing {
            let path = tables::quoted(&table.path);
            let directory = tables::quoted(table.path.rsplit_once('/').map_or("/", |(directory, _)| directory));
            let made = if table.is_made() { format!("; postmap {}:{path}", table.kind) } else { String::new() };
            if table.is_list() || matches!(table.kind.as_str(), "pcre" | "regexp" | "cidr") {
                draft.setup.push(format!("mkdir -p {directory}; touch {path}{made}"));
                notes.ask(
                    format!(
                        "main.cf names {}:{}, which is not in the archive; an empty one stands for it.",
                        table.kind, table.path
                    ),
                    &[],
                );
            }
        }
    }
    let scripts: Vec<String> = draft
        .files
        .keys()
        .filter(|path| path.ends_with(".sieve"))
        .map(|path| tables::quoted(&format!("/etc/{path}")))
        .collect();
    if !scripts.is_empty() && machine.dovecot.is_some() {
        draft.setup.push(format!("for script in {}; do sievec \"$script\" || :; done", scripts.join(" ")));
    }
}

/// Whether senders of whom nothing is known are refused, or counted against.
fn is_choosy(machine: &Machine, draft: &Draft) -> bool {
    let scores = |name: &str| matches!(name, "rspamd" | "spamd" | "amavis" | "postgrey");
    let values = machine.postfix.iter().flat_map(|postfix| postfix.values());
    let refuses = |value: &str| value.split([' ', ',', '\t']).any(|word| word.starts_with("reject_unknown_"));
    draft.services.iter().any(|service| scores(&service.name)) || values.into_iter().any(|(_, value)| refuses(&value))
}

/// Files to which programs log instead of syslog.
fn logs(machine: &Machine, draft: &mut Draft) {
    if draft.services.iter().any(|service| service.name == "rspamd") {
        let text: String = ["etc/rspamd/local.d/logging.inc", "etc/rspamd/override.d/logging.inc"]
            .iter()
            .filter_map(|path| machine.tree.text(path))
            .collect();
        if !text.contains("syslog") {
            draft.logs.insert("/var/log/rspamd/rspamd.log".to_owned());
        }
    }
    let postfix = machine.postfix.as_ref().map(|postfix| postfix.get("maillog_file"));
    let dovecot = machine.dovecot.as_ref().and_then(|dovecot| dovecot.get("log_path")).map(str::to_owned);
    draft.logs.extend([postfix, dovecot].into_iter().flatten().filter(|path| path.starts_with("/var/")));
}

/// Its public addresses: those of its zone; else ones that nobody has.
fn public(machine: &Machine, name: &str, zone: Option<&Zone>) -> Vec<IpAddr> {
    let protocols = machine.postfix.as_ref().map(|postfix| postfix.get("inet_protocols")).unwrap_or_default();
    let known = zone.map(|zone| zone.addresses(name)).unwrap_or_default();
    let all = if known.is_empty() { ADDRESSES.iter().filter_map(|text| text.parse().ok()).collect() } else { known };
    let is_served = |ip: &IpAddr| match protocols.as_str() {
        "ipv4" => ip.is_ipv4(),
        "ipv6" => ip.is_ipv6(),
        _ => true,
    };
    all.into_iter().filter(is_served).collect()
}

/// By what it signs its Authentication-Results.
fn authserv_id(machine: &Machine, name: &str) -> String {
    let files = ["etc/opendmarc.conf", "etc/opendkim.conf", "etc/postfix-policyd-spf-python/policyd-spf.conf"];
    let own = files.iter().filter_map(|path| machine.tree.text(path)).find_map(|text| {
        let id = keyed(text, "AuthservID").or_else(|| keyed(text, "Authserv_Id"))?;
        (id != "HOSTNAME").then_some(id)
    });
    own.unwrap_or_else(|| name.to_owned())
}

fn zones(
    domains: &[String],
    drafts: &[Draft],
    border: usize,
    zone: Option<&Zone>,
    notes: &mut Notes,
) -> Vec<(String, String)> {
    let host = &drafts[border].name;
    let keys: Vec<String> = drafts
        .iter()
        .flat_map(|draft| &draft.dkim)
        .map(|key| format!("{}._domainkey.{}", key.selector, key.domain))
        .collect();
    let hosts: Vec<String> = drafts.iter().map(|draft| draft.name.clone()).collect();
    let mut found = Vec::new();
    for domain in domains {
        match zone.filter(|zone| zone.origin.as_str() == domain) {
            Some(zone) => {
                if !zone.leads_to(host) {
                    notes.ask(format!("The MX of {domain} does not lead to {host}."), &[format!("@ IN MX 10 {host}.")]);
                }
                found.push((domain.clone(), zone.text(&hosts, &keys)));
            }
            None => found.push((domain.clone(), format!("@ IN MX 10 {host}.\n@ IN TXT \"v=spf1 mx -all\"\n"))),
        }
    }
    if zone.is_none() {
        notes.ask(
            format!(
                "The zone of {} was not given (--zone): its mail is led to {host}, which alone may send for it. What is published besides, \
                 such as DMARC, stands below [zone].",
                domains.join(", ")
            ),
            &["_dmarc IN TXT \"v=DMARC1; p=…\"".to_owned()],
        );
    }
    found
}

fn together(whole: &Whole, drafts: Vec<Draft>, mut notes: Notes) -> Imported {
    let mut files: BTreeMap<String, (Vec<u8>, u32)> = BTreeMap::new();
    for draft in &drafts {
        for (path, file) in &draft.files {
            if files.get(path).is_some_and(|other| other.0 != file.0) {
                notes.ask(
                    format!("/etc/{path} is another one on {}: that of the first host is taken for both.", draft.name),
                    &[],
                );
            }
            files.entry(path.clone()).or_insert_with(|| file.clone());
        }
    }
    let text = write::text(whole, &drafts, &notes);
    files.insert("gateway.toml".to_owned(), (text.into_bytes(), 0o644));
    Imported {
        name: whole.domains[0].clone(),
        files,
        questions: notes.questions,
        replaced: notes.replaced.into_iter().collect(),
        changed: notes.changed.into_iter().collect(),
    }
}
