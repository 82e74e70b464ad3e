//! Which files of /etc are taken: those of mail, and what they speak of. Secrets in them are replaced, keys are left out.

use crate::{
    accounts,
    draft::{Draft, Machine, Notes},
    secrets::{Secrets, is_key},
    tables::quoted,
    tree::{Entry, Kind},
    users,
};
use regex::Regex;
use std::collections::{BTreeMap, BTreeSet};

/// Files and directories of daemons that have to do with mail.
const OF_MAIL: [&str; 45] = [
    "aliases",
    "amavis",
    "default/amavis",
    "default/opendkim",
    "default/opendmarc",
    "default/postfix",
    "default/postgrey",
    "default/postsrsd",
    "default/redis-server",
    "default/saslauthd",
    "default/spamass-milter",
    "default/spamassassin",
    "default/spamd",
    "dovecot",
    "mail/spamassassin",
    "mailname",
    "maildroprc",
    "mta-sts-daemon.yml",
    "mysql",
    "opendkim",
    "opendkim.conf",
    "opendmarc",
    "opendmarc.conf",
    "opendkim.d",
    "opendmarc.d",
    "pam.d/dovecot",
    "pam.d/imap",
    "pam.d/pop3",
    "pam.d/smtp",
    "postfix",
    "postfix-policyd-spf-python",
    "postgrey",
    "postsrsd.conf",
    "procmailrc",
    "pyspf-milter",
    "dkimpy-milter",
    "redis",
    "rspamd",
    "sasl2",
    "spamassassin",
    "sql",
    "ssl/openssl.cnf",
    "tmpfiles.d",
    "vmail",
    "milter-greylist",
];
/// What the harness or the image makes, or what has no part in mail though a file speaks of it.
const NOT: [&str; 32] = [
    "alternatives",
    "apparmor",
    "apparmor.d",
    "apt",
    "cron",
    "cron.d",
    "cron.daily",
    "debian_version",
    "dpkg",
    "fstab",
    "group",
    "gshadow",
    "hostname",
    "hosts",
    "init.d",
    "ld.so.conf",
    "letsencrypt",
    "localtime",
    "logrotate.d",
    "network",
    "nsswitch.conf",
    "os-release",
    "pam.d",
    "passwd",
    "protocols",
    "resolv.conf",
    "rsyslog.d",
    "services",
    "shadow",
    "ssl",
    "systemd",
    "timezone",
];
/// What is made again of its text, or what editors and packages leave behind.
const LEFTOVERS: [&str; 14] = [
    ".db",
    ".lmdb",
    ".cdb",
    ".pag",
    ".dir",
    ".svbin",
    "~",
    ".dpkg-old",
    ".dpkg-dist",
    ".dpkg-new",
    ".ucf-dist",
    ".ucf-old",
    ".swp",
    ".bak",
];
/// Files below a directory that is spoken of.
const MOST: usize = 500;

/// Adds the files, and the commands that give them their owners and modes.
pub(crate) fn add(machine: &Machine, draft: &mut Draft, secrets: &Secrets, notes: &mut Notes) {
    let tree = &machine.tree;
    let own = places(draft);
    let passwords = users::password_files(machine);
    let mut waiting: Vec<String> = OF_MAIL.iter().map(|name| format!("etc/{name}")).collect();
    let spoken = Regex::new(r"/(etc/[\w./@+-]+)");
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut skipped: BTreeSet<String> = BTreeSet::new();
    while let Some(root) = waiting.pop() {
        let below: Vec<(String, Entry)> =
            tree.below(&root).take(MOST).map(|(path, entry)| (path.to_owned(), entry.clone())).collect();
        for (path, entry) in below {
            if !seen.insert(path.clone()) || entry.kind == Kind::Directory {
                continue;
            }
            let name = path.strip_prefix("etc/").unwrap_or(&path).to_owned();
            if LEFTOVERS.iter().any(|ending| name.ends_with(ending)) {
                continue;
            }
            if own.contains(&format!("/{path}")) {
                continue;
            }
            let Some(octets) = tree.octets(&path) else {
                skipped.insert(path.clone());
                if let (Kind::Link(target), true) = (&entry.kind, tree.real(&path).is_none()) {
                    notes
                        .changed
                        .insert(format!("/{path} is a link to {target}, which is not in the archive: it is left out."));
                }
                continue;
            };
            if octets.contains(&0) || entry.kind == Kind::Large {
                skipped.insert(path.clone());
                notes.changed.insert(format!("/{path} is not text: it is left out."));
                continue;
            }
            // octets that are no UTF-8 stay as they are
            let utf8 = std::str::from_utf8(octets).ok().map(str::to_owned);
            let is_utf8 = utf8.is_some();
            let text = utf8.unwrap_or_else(|| octets.iter().map(|octet| char::from(*octet)).collect());
            if is_key(&text) {
                skipped.insert(path.clone());
                notes.replaced.insert(format!("the private key in /{path}, which is left out"));
                continue;
            }
            let (mut clean, is_changed) = secrets.without(&path, &text);
            if passwords.contains(&path) {
                clean = users::fresh(&clean);
                notes.replaced.insert(format!("the passwords in /{path}: NAME-secret is that of NAME"));
            } else if is_changed {
                notes.replaced.insert(format!("passwords in /{path}"));
            }
            if let Ok(spoken) = &spoken {
                for found in spoken.captures_iter(&text) {
                    let found = found[1].trim_end_matches(['.', '/']);
                    // a directory that is spoken of is one of a daemon, and not /etc with all that is in it
                    if !is_other(found) && found.len() > 4 && tree.has(found) && !seen.contains(found) {
                        waiting.push(found.to_owned());
                        waiting.extend(tree.real(found).filter(|real| real != found && !is_other(real)));
                    }
                }
            }
            let octets = if is_utf8 {
                clean.into_bytes()
            } else {
                clean.chars().map(|c| u8::try_from(c).unwrap_or(b'?')).collect()
            };
            let mode = if entry.mode & 0o111 != 0 && !matches!(entry.kind, Kind::Link(_)) { 0o755 } else { 0o644 };
            draft.files.insert(name, (octets, mode));
        }
    }
    draft.whole = whole(machine, draft, &skipped);
    owners(machine, draft);
}

/// Whether a path has no part in mail.
fn is_other(path: &str) -> bool {
    let Some(inside) = path.strip_prefix("etc/") else { return true };
    NOT.iter().any(|not| inside == *not || inside.starts_with(&format!("{not}/")))
}

/// Paths that the harness fills.
fn places(draft: &Draft) -> BTreeSet<String> {
    let certificate = draft.certificate.iter().flat_map(|place| [place.chain.clone(), place.key.clone()]);
    certificate.chain(draft.dkim.iter().map(|dkim| dkim.path.clone())).chain(draft.roots.iter().cloned()).collect()
}

/// The uppermost directories below those of daemons of which everything is taken: what a package brings and is not there was
/// deleted.
fn whole(machine: &Machine, draft: &Draft, skipped: &BTreeSet<String>) -> Vec<String> {
    let directories =
        machine.tree.below("etc").filter(|(_, entry)| entry.kind == Kind::Directory).map(|(path, _)| path);
    let mut found: Vec<String> = Vec::new();
    for path in directories.filter(|path| path.matches('/').count() >= 2) {
        let name = path.trim_start_matches("etc/");
        let is_in = |outer: &String| name.starts_with(&format!("{outer}/"));
        let has_files = draft
            .files
            .range(format!("{name}/")..)
            .next()
            .is_some_and(|(file, _)| file.starts_with(&format!("{name}/")));
        let is_cut = skipped.iter().any(|skipped| skipped.starts_with(&format!("{path}/")));
        // of other directories single files are taken
        let is_taken = OF_MAIL.iter().any(|own| name.starts_with(&format!("{own}/")));
        if is_taken && has_files && !is_cut && !found.iter().any(is_in) {
            found.push(name.to_owned());
        }
    }
    found
}

/// Owners and modes other than those of root's readable files.
fn owners(machine: &Machine, draft: &mut Draft) {
    let mut alike: BTreeMap<(String, String, u32), Vec<String>> = BTreeMap::new();
    for (path, entry) in machine.tree.below("etc") {
        let name = path.trim_start_matches("etc/");
        let is_directory = entry.kind == Kind::Directory
            && draft
                .files
                .range(format!("{name}/")..)
                .next()
                .is_some_and(|(file, _)| file.starts_with(&format!("{name}/")));
        let usual: &[u32] = if is_directory { &[0o755] } else { &[0o644, 0o755] };
        if !(is_directory || draft.files.contains_key(name)) || matches!(entry.kind, Kind::Link(_)) {
            continue;
        }
        let (user, group) = accounts::named(&machine.tree, &entry.user, &entry.group);
        if user == "root" && group == "root" && usual.contains(&entry.mode) {
            continue;
        }
        alike.entry((user, group, entry.mode)).or_default().push(quoted(&format!("/{path}")));
    }
    for ((user, group, mode), paths) in alike {
        let paths = paths.join(" ");
        draft.setup.push(format!("if chown -f {user}:{group} {paths}; then chmod {mode:04o} {paths}; fi"));
    }
}
