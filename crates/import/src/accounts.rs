//! Accounts of the host: who is there besides those that Debian's packages make, and with which owners files lie there.

use crate::{Tree, tables::quoted, tree::is_account};

/// Groups that Debian has from the start (base-passwd), by whose members no mail is decided.
const BASE: [&str; 38] = [
    "root", "daemon", "bin", "sys", "adm", "tty", "disk", "lp", "news", "uucp", "man", "proxy", "kmem", "dialout",
    "fax", "voice", "cdrom", "floppy", "tape", "sudo", "audio", "dip", "www-data", "backup", "operator", "list", "irc",
    "src", "shadow", "utmp", "video", "sasl", "plugdev", "staff", "games", "users", "nogroup", "gnats",
];

/// Accounts that the packages of mail make.
const OF_PACKAGES: [&str; 12] = [
    "postfix",
    "dovecot",
    "dovenull",
    "opendkim",
    "opendmarc",
    "policyd-spf",
    "_rspamd",
    "redis",
    "mysql",
    "postgrey",
    "amavis",
    "_mta-sts",
];

/// An account of `passwd` (passwd(5)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) name: String,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) home: String,
    pub(crate) shell: String,
}

impl Account {
    /// Whether somebody logs in with it (UID_MIN and UID_MAX of login.defs(5)).
    pub(crate) fn is_person(&self) -> bool {
        (1000..60000).contains(&self.uid) && !self.shell.ends_with("/nologin") && !self.shell.ends_with("/false")
            // who owns the mailboxes of all is nobody's account
            && !self.home.starts_with("/var/")
    }

    /// Whether a package does not make it.
    fn is_own(&self) -> bool {
        (1000..60000).contains(&self.uid)
    }
}

/// The accounts of a host.
pub(crate) fn accounts(tree: &Tree) -> Vec<Account> {
    let account = |line: &str| {
        let [name, _, uid, gid, _, home, shell] = line.split(':').collect::<Vec<_>>().try_into().ok()?;
        let (uid, gid) = (uid.parse().ok()?, gid.parse().ok()?);
        let account = Account { name: name.to_owned(), uid, gid, home: home.to_owned(), shell: shell.to_owned() };
        is_account(name).then_some(account)
    };
    tree.text("etc/passwd").unwrap_or_default().lines().filter_map(account).collect()
}

/// Name, number and members of each group.
fn groups(tree: &Tree) -> Vec<(String, u32, Vec<String>)> {
    let group = |line: &str| {
        let [name, _, gid, members] = line.split(':').collect::<Vec<_>>().try_into().ok()?;
        let members = members.split(',').filter(|member| is_account(member)).map(str::to_owned).collect();
        is_account(name).then_some((name.to_owned(), gid.parse().ok()?, members))
    };
    tree.text("etc/group").unwrap_or_default().lines().filter_map(group).collect()
}

/// Shell commands that make the accounts, and give the groups that count their members. `referred` are accounts that
/// configuration files name.
pub(crate) fn commands(tree: &Tree, referred: &[String]) -> Vec<String> {
    let (accounts, groups) = (accounts(tree), groups(tree));
    let mut commands = Vec::new();
    for (name, gid, _) in &groups {
        if (1000..60000).contains(gid) {
            commands.push(format!("getent group {name} >/dev/null || groupadd --gid {gid} {name}"));
        }
    }
    for account in &accounts {
        let Account { name, uid, gid, home, shell } = account;
        if account.is_own() {
            let group =
                groups.iter().find(|(_, own, _)| own == gid).map_or_else(|| gid.to_string(), |(name, ..)| name.clone());
            let has_home = !["/", "/nonexistent", "/dev/null"].contains(&home.as_str());
            let kind = if has_home { "--create-home" } else { "--no-create-home" };
            commands.push(format!(
                "getent passwd {name} >/dev/null || useradd {kind} --uid {uid} --gid {group} --home-dir {} --shell {} {name}",
                quoted(home), quoted(shell),
            ));
        } else if *uid >= 100 && referred.contains(name) && !OF_PACKAGES.contains(&name.as_str()) {
            commands.push(format!("getent passwd {name} >/dev/null || useradd --system {name}"));
        }
    }
    for (group, _, members) in &groups {
        for member in members.iter().filter(|_| !BASE.contains(&group.as_str())) {
            commands.push(format!(
                "if getent group {group} >/dev/null && getent passwd {member} >/dev/null; then usermod -aG {group} {member}; fi"
            ));
        }
    }
    commands
}

/// The user and the group that these numbers or names mean, as names where the archive knows them.
pub(crate) fn named(tree: &Tree, user: &str, group: &str) -> (String, String) {
    let by_number = |word: &str, all: Vec<(String, u32)>| {
        let number: Option<u32> = word.parse().ok();
        all.into_iter().find(|(_, own)| Some(*own) == number).map_or_else(|| word.to_owned(), |(name, _)| name)
    };
    let users = accounts(tree).into_iter().map(|account| (account.name, account.uid)).chain([("root".to_owned(), 0)]);
    let groups = groups(tree).into_iter().map(|(name, gid, _)| (name, gid)).chain([("root".to_owned(), 0)]);
    (by_number(user, users.collect()), by_number(group, groups.collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_are_made_that_no_package_makes() {
        let mut tree = Tree::default();
        tree.put(
            "etc/passwd",
            "root:x:0:0::/root:/bin/bash\npostfix:x:102:103::/:/bin/false\nvmail:x:5000:5000::/var/vmail:/usr/sbin/nologin\nx:x:1002:1002::/nonexistent:/x\n\
             anna:x:1000:1000:Anna,,,:/home/anna:/bin/bash\nfilter:x:103:110::/:/bin/false\nbad;rm:x:1001:1001::/:/x\n",
        );
        tree.put("etc/group", "sudo:x:27:anna\nopendkim:x:101:postfix\nvmail:x:5000:\nanna:x:1000:\nx;y:x:1003:anna\n");
        let made = commands(&tree, &["filter".to_owned()]);
        let all = made.join("\n");
        assert!(
            all.contains("groupadd --gid 5000 vmail")
                && all.contains("--create-home --uid 5000 --gid vmail --home-dir /var/vmail")
        );
        assert!(all.contains("useradd --create-home --uid 1000 --gid anna") && all.contains("useradd --system filter"));
        assert!(all.contains("--no-create-home --uid 1002"), "{all}");
        assert!(all.contains("usermod -aG opendkim postfix"), "{all}");
        assert!(
            !all.contains("sudo") && !all.contains("useradd postfix") && !all.contains("bad") && !all.contains("x;y"),
            "{all}"
        );
        assert_eq!(named(&tree, "5000", "0"), ("vmail".to_owned(), "root".to_owned()));
    }
}
