//! Who has a mailbox, how each logs in, and where mail is kept.

use crate::{
    accounts::{Account, accounts},
    draft::{Draft, Machine, Mailbox, Notes, password},
    tables::{names, quoted},
};
use plan::setting_path;
use std::collections::BTreeSet;

/// Users that are tested: the library knows two, and each mailbox is opened before anything runs.
const MOST: usize = 4;

/// Files of users with passwords that Dovecot reads, by their path in the archive. A variable in a path stands for any name.
pub(crate) fn password_files(machine: &Machine) -> BTreeSet<String> {
    let Some(dovecot) = &machine.dovecot else { return BTreeSet::new() };
    let mut found = BTreeSet::new();
    for (head, settings) in ["passdb", "userdb"].into_iter().flat_map(|kind| dovecot.blocks(kind)) {
        let is_file =
            head.ends_with(" passwd-file") || settings.get("driver").is_some_and(|driver| driver == "passwd-file");
        let old = settings
            .get("args")
            .and_then(|args| args.split_whitespace().find(|word| word.starts_with('/')).map(str::to_owned));
        let new = ["passwd_file_path", "path"].iter().find_map(|key| settings.get(*key).cloned());
        if let Some(path) = new.or(old).filter(|_| is_file) {
            let path = path.trim_start_matches('/').to_owned();
            match path.split_once('%') {
                None => drop(found.insert(machine.tree.real(&path).unwrap_or(path))),
                Some((before, _)) => {
                    let directory = before.rsplit_once('/').map_or(before, |(directory, _)| directory);
                    let last = path.rsplit('/').next().filter(|last| !last.contains('%'));
                    let is_it = |path: &&str| last.is_none_or(|last| path.ends_with(&format!("/{last}")));
                    found.extend(machine.tree.below(directory).map(|(path, _)| path).filter(is_it).map(str::to_owned));
                }
            }
        }
    }
    found
}

/// A file of users, each with a password that everybody knows.
pub(crate) fn fresh(text: &str) -> String {
    let line = |line: &str| {
        let mut fields: Vec<&str> = line.split(':').collect();
        let fresh = format!("{{PLAIN}}{}", password(fields[0]));
        let is_user = !line.starts_with('#') && !fields[0].trim().is_empty();
        if let (true, Some(own)) = (is_user, fields.get_mut(1))
            && !own.is_empty()
        {
            *own = &fresh;
        }
        fields.join(":") + "\n"
    };
    text.lines().map(line).collect()
}

/// The users of a host in these domains.
pub(crate) fn find(machine: &Machine, domains: &[String], draft: &mut Draft, notes: &mut Notes) -> Vec<Mailbox> {
    let mut found: Vec<Mailbox> = Vec::new();
    let mut note = |address: String, login: String, store: Option<(&'static str, String)>| {
        let domain = address.rsplit('@').next().unwrap_or_default();
        let is_own = domains.iter().any(|own| own.eq_ignore_ascii_case(domain));
        if is_own && !found.iter().any(|other| other.address.eq_ignore_ascii_case(&address)) && is_plain(&address) {
            found.push(Mailbox { password: password(&login), address, login, store });
        }
    };
    let files = password_files(machine);
    for path in &files {
        let Some(text) = machine.tree.text(path) else {
            notes.ask(
                format!("Dovecot's users lie in /{path}, which is not in the archive."),
                &["[[mailbox]]".to_owned()],
            );
            continue;
        };
        let near = domains.iter().find(|domain| path.contains(domain.as_str())).unwrap_or(&domains[0]);
        let are_homes_own = homes_name_users(text);
        let mut homes: BTreeSet<&str> = BTreeSet::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut fields = line.split(':');
            let user = fields.next().unwrap_or_default().trim();
            if user.is_empty() || fields.next().is_none_or(str::is_empty) {
                continue;
            }
            // a second name of somebody else's mailbox, not one more: the home is named for another
            let home = fields.nth(3).unwrap_or_default();
            let is_named = home.split('/').any(|part| part == user || Some(part) == user.split('@').next());
            if !home.is_empty() && !homes.insert(home) && !is_named && are_homes_own {
                continue;
            }
            let address = if user.contains('@') { user.to_owned() } else { format!("{user}@{near}") };
            note(address, user.to_owned(), None);
        }
    }
    let people: Vec<Account> = accounts(&machine.tree).into_iter().filter(Account::is_person).collect();
    let is_by_system = machine.dovecot.as_ref().is_none_or(|dovecot| {
        let all = dovecot.blocks("passdb");
        let of_system = |driver: &str| matches!(driver, "pam" | "shadow" | "passwd" | "bsdauth");
        all.iter().any(|(head, settings)| {
            settings.get("driver").is_some_and(|driver| of_system(driver))
                || head.rsplit(' ').next().is_some_and(of_system)
        })
    });
    if is_by_system && !people.is_empty() {
        let local = local_domain(machine, domains);
        for person in &people {
            note(format!("{}@{local}", person.name), person.name.clone(), store(machine, person));
        }
        if machine.dovecot.is_some() {
            let lines: Vec<String> =
                people.iter().map(|person| format!("{}:{}", person.name, password(&person.name))).collect();
            draft.setup.push(format!(
                "printf '%s\\n' {} | chpasswd",
                lines.iter().map(|line| quoted(line)).collect::<Vec<_>>().join(" ")
            ));
            notes.replaced.insert("the passwords of the system's users: NAME-secret is that of NAME".to_owned());
        }
    }
    if found.len() > MOST {
        let left = found.split_off(MOST).len();
        notes.changed.insert(format!("{left} more users are not listed as mailboxes: scenarios need two."));
    }
    found
}

/// Whether the homes in a file of users are each one's own: some are named for their user, instead of all being the same.
fn homes_name_users(text: &str) -> bool {
    text.lines().filter(|line| !line.starts_with('#')).any(|line| {
        let mut fields = line.split(':');
        let user = fields.next().and_then(|user| user.split('@').next()).unwrap_or_default();
        let home = fields.nth(4).unwrap_or_default();
        !user.is_empty() && home.split('/').any(|part| part.split('@').next() == Some(user))
    })
}

/// Where Postfix itself puts the mail of an account (`home_mailbox`, `mail_spool_directory`), which is there also while Dovecot stands
/// still. Where it leaves that to another program, and without `home_mailbox` beside Dovecot, nothing is said.
fn store(machine: &Machine, person: &Account) -> Option<(&'static str, String)> {
    let postfix = machine.postfix.as_ref()?;
    let is_left = ["mailbox_command", "mailbox_transport", "mailbox_transport_maps", "mailbox_command_maps"];
    if machine.dovecot.is_some()
        && (is_left.iter().any(|name| !postfix.get(name).is_empty()) || postfix.get("home_mailbox").is_empty())
    {
        return None;
    }
    let home = postfix.get("home_mailbox");
    let spool = postfix.get("mail_spool_directory");
    Some(match (home.strip_suffix('/'), home.is_empty()) {
        (Some(maildir), _) => ("maildir", format!("{}/{maildir}", person.home)),
        (None, false) => ("mbox", format!("{}/{home}", person.home)),
        (None, true) if spool.ends_with('/') => ("maildir", format!("{spool}{}", person.name)),
        (None, true) => ("mbox", format!("{spool}/{}", person.name)),
    })
}

/// The domain of users who have an account on the host: one of `mydestination`.
fn local_domain(machine: &Machine, domains: &[String]) -> String {
    let own = machine
        .postfix
        .as_ref()
        .map(|postfix| names(&machine.tree, postfix, "mydestination").known)
        .unwrap_or_default();
    domains.iter().find(|domain| own.contains(domain)).unwrap_or(&domains[0]).clone()
}

/// Asks about what Dovecot asks somebody else.
pub(crate) fn ask(machine: &Machine, notes: &mut Notes) {
    let Some(dovecot) = &machine.dovecot else { return };
    let outside = dovecot.outside();
    if !outside.is_empty() {
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let lines = outside.iter().map(|path| {
            let mode = if path.ends_with(".sieve") { "0644" } else { "0755" };
            format!("\"install -D -m {mode} /etc/dovecot/{} {path}\",", name(path))
        });
        notes.ask(
            "Dovecot runs what is not in /etc; mail is treated without it. Put the files into dovecot/, and these lines into `setup`.",
            &lines.collect::<Vec<_>>(),
        );
    }
    for (head, settings) in dovecot.blocks("passdb") {
        let driver = settings
            .get("driver")
            .map(String::as_str)
            .or_else(|| head.rsplit_once(' ').map(|(_, name)| name))
            .unwrap_or_default();
        if matches!(driver, "ldap" | "checkpassword" | "imap" | "static" | "lua" | "oauth2" | "dict") {
            notes.ask(
                format!("Dovecot asks `{driver}` who may log in; the answer is not in /etc. Without a mailbox most scenarios do not apply."),
                &["[[mailbox]]".to_owned(), "address  = \"…\"".to_owned(), "password = \"…\"".to_owned()],
            );
        }
    }
}

/// The commands that make the directories in which mail is kept.
pub(crate) fn directories(machine: &Machine) -> Vec<String> {
    let mut places: BTreeSet<String> = BTreeSet::new();
    let (mut user, mut group) = (None, None);
    let mut add = |value: &str| {
        let path = value.split_once(':').map_or(value, |(_, path)| path).split(':').next().unwrap_or_default();
        let fixed = path.split('%').next().unwrap_or_default();
        let fixed = if fixed == path { path } else { fixed.rsplit_once('/').map_or("", |(directory, _)| directory) };
        let is_own =
            fixed.starts_with('/') && !fixed.starts_with("/home") && !fixed.starts_with("/root") && fixed.len() > 1;
        if is_own && fixed != "/var/mail" && fixed != "/var" {
            places.insert(fixed.to_owned());
        }
        // mail of all domains below the directory of mailboxes
        if fixed == "/var/mail" && path.contains("%d") {
            places.insert(fixed.to_owned());
        }
    };
    if let Some(dovecot) = &machine.dovecot {
        for (path, value) in dovecot.all() {
            match setting_path(path).1 {
                "mail_location" | "mail_path" | "mail_home" | "home" => add(value),
                "mail_uid" | "uid" => user = Some(value.to_owned()),
                "mail_gid" | "gid" => group = Some(value.to_owned()),
                "args" | "default_fields" | "override_fields" => {
                    for (key, value) in value.split_whitespace().filter_map(|word| word.split_once('=')) {
                        match key {
                            "home" | "mail" => add(value),
                            "uid" => user = Some(value.to_owned()),
                            "gid" => group = Some(value.to_owned()),
                            _ => {}
                        }
                    }
                }
                _ => {}
            }
        }
    }
    if let Some(postfix) = machine.postfix.as_ref().filter(|postfix| postfix.says("virtual_mailbox_base")) {
        add(&postfix.get("virtual_mailbox_base"));
        let fixed = |parameter: &str| postfix.get(parameter).strip_prefix("static:").map(str::to_owned);
        user = user.or_else(|| fixed("virtual_uid_maps"));
        group = group.or_else(|| fixed("virtual_gid_maps"));
    }
    // a file of users names their homes
    for text in password_files(machine).iter().filter_map(|path| machine.tree.text(path)) {
        let fields = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .map(|line| line.split(':').collect::<Vec<_>>())
            .find(|fields| fields.len() > 5);
        if let Some(fields) = fields {
            let home = fields[5];
            if let Some((base, _)) = home.split_once(fields[0].rsplit('@').next().unwrap_or_default()) {
                add(&format!("{}/%d", base.trim_end_matches('/')));
            }
            user = user.or_else(|| Some(fields[2].to_owned()).filter(|uid| !uid.is_empty()));
            group = group.or_else(|| Some(fields[3].to_owned()).filter(|gid| !gid.is_empty()));
        }
    }
    let is_word =
        |word: &String| word.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b)) && !word.is_empty();
    let known = accounts(&machine.tree);
    let user = user
        .filter(is_word)
        .or_else(|| known.iter().find(|account| account.name == "vmail").map(|account| account.name.clone()));
    let Some(user) = user else { return Vec::new() };
    let group = group.filter(is_word).unwrap_or_else(|| user.clone());
    let install = |place: String| format!("install -d -o {user} -g {group} -m 0770 {}", quoted(&place));
    places.into_iter().map(install).collect()
}

/// An address that needs no quoting.
fn is_plain(address: &str) -> bool {
    address.parse::<mail::Address>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Tree, dovecot::Dovecot};

    fn machine(files: &[(&str, &str)]) -> Machine {
        let mut tree = Tree::default();
        files.iter().for_each(|(path, text)| tree.put(path, text));
        let dovecot = Dovecot::read(&tree, None);
        Machine {
            tree,
            postfix: None,
            dovecot,
            selections: None,
            name: "mx.club.example".into(),
            archive: "a.tar".into(),
        }
    }

    #[test]
    fn users_of_a_file_get_passwords_that_everybody_knows() {
        let own = machine(&[
            (
                "etc/dovecot/dovecot.conf",
                "passdb {\n driver = passwd-file\n args = scheme=SHA512-CRYPT username_format=%u /etc/dovecot/users\n}\n",
            ),
            (
                "etc/dovecot/users",
                "# people\nanna@club.example:{SHA512-CRYPT}$6$x$y:5000:5000::/var/mail/club.example/anna::\nben@other.example:x\nempty@club.example:\n",
            ),
        ]);
        assert_eq!(password_files(&own).into_iter().collect::<Vec<_>>(), ["etc/dovecot/users"]);
        let found = find(&own, &["club.example".into()], &mut Draft::default(), &mut Notes::default());
        assert_eq!(
            found,
            [Mailbox {
                address: "anna@club.example".into(),
                login: "anna@club.example".into(),
                password: "anna-secret".into(),
                store: None
            }]
        );
        let text = fresh(own.tree.text("etc/dovecot/users").unwrap());
        assert!(
            text.contains("anna@club.example:{PLAIN}anna-secret:5000:5000::/var/mail/club.example/anna::\n"),
            "{text}"
        );
        assert!(
            text.contains("ben@other.example:{PLAIN}ben-secret\nempty@club.example:\n")
                && text.starts_with("# people\n")
        );
        assert_eq!(directories(&own), ["install -d -o 5000 -g 5000 -m 0770 /var/mail"]);
    }

    #[test]
    fn users_of_the_system_log_in_by_their_name() {
        let own = machine(&[
            ("etc/dovecot/dovecot.conf", "passdb {\n driver = pam\n}\nmail_location = maildir:~/Maildir\n"),
            ("etc/passwd", "anna:x:1000:1000::/home/anna:/bin/bash\nvmail:x:5000:5000::/var/vmail:/usr/sbin/nologin\n"),
        ]);
        let mut draft = Draft::default();
        let found = find(&own, &["club.example".into()], &mut draft, &mut Notes::default());
        assert_eq!((found[0].address.as_str(), found[0].login.as_str()), ("anna@club.example", "anna"));
        assert_eq!(draft.setup, ["printf '%s\\n' anna:anna-secret | chpasswd"]);
        assert_eq!(directories(&own), Vec::<String>::new());
    }

    #[test]
    fn directories_of_mail_are_made() {
        let own = machine(&[(
            "etc/dovecot/dovecot.conf",
            "mail_location = maildir:/var/vmail/%d/%n/Maildir\nmail_uid = vmail\nmail_gid = vmail\n",
        )]);
        assert_eq!(directories(&own), ["install -d -o vmail -g vmail -m 0770 /var/vmail"]);
    }
}
