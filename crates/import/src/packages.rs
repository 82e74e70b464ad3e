//! Which Debian packages a host needs for its mail.

use crate::{
    draft::{Draft, Machine, Notes},
    tables::tables,
};
use regex::Regex;

/// Packages of mail, of its filters, and of the libraries that its tables need.
const OF_MAIL: &str = concat!(
    r"^(?:postfix|dovecot|opendkim|opendmarc|rspamd|redis-server|spamassassin|spamd|spamc|spamass-milter|amavisd|postgrey|postsrsd|policyd|",
    r"milter-|dkimpy|pyspf|python3-dnspython|sasl2-bin|libsasl2-modules(?:-sql|-ldap)?$|ca-certificates|openssl|ssl-cert|procmail|maildrop|bogofilter|",
    r"unbound-host|publicsuffix|mariadb-server(?:-[0-9.]+)?$|mariadb-plugin-provider-|default-mysql-server$|libmail-dkim|libmail-spf|libopendbx1-|sqlgrey)"
);
/// What has no part in it, though its name begins so.
const NOT: &str =
    r"(?:-doc|-dev|-dbg|-dbgsym|-gssapi-heimdal)$|^postfixadmin|^dovecot-antispam|^redis-sentinel|^openssl-";
/// Whose packages are not Debian's.
const FOREIGN: [&str; 4] = ["repo.dovecot.org", "rspamd.com", "packages.redis.io", "mirror.mariadb.org"];

/// Names of installed packages, as `dpkg --get-selections` writes them.
pub(crate) fn installed(selections: &str) -> impl Iterator<Item = String> {
    selections.lines().filter_map(|line| {
        let (name, state) = line.split_once(char::is_whitespace)?;
        matches!(state.trim(), "install" | "hold").then(|| name.split(':').next().unwrap_or(name).to_owned())
    })
}

/// Adds the packages: those of mail that are installed; else those that the configuration needs.
pub(crate) fn add(machine: &Machine, draft: &mut Draft, notes: &mut Notes) {
    draft.packages.insert("openssl".to_owned());
    match (&machine.selections, Regex::new(OF_MAIL), Regex::new(NOT)) {
        (Some(installed), Ok(of_mail), Ok(not)) => {
            let own = installed.iter().filter(|name| of_mail.is_match(name) && !not.is_match(name));
            draft.packages.extend(own.cloned());
            let is_kept = |name: &&str| installed.contains(*name) && !draft.packages.contains(*name);
            let away: Vec<&str> = ["clamav-daemon", "clamav-milter", "mailman3", "sympa", "slapd", "postgresql"]
                .into_iter()
                .filter(is_kept)
                .collect();
            if !away.is_empty() {
                notes.ask(
                    format!(
                        "{} is installed on the server and not brought up here: it needs data that is not in /etc.",
                        away.join(", ")
                    ),
                    &[],
                );
            }
        }
        _ => {
            needed(machine, draft);
            notes.ask(
                "Nobody said which packages are installed (`dpkg --get-selections`): they are concluded from the configuration.",
                &[],
            );
        }
    }
    let sources: String = machine.tree.below("etc/apt").filter_map(|(path, _)| machine.tree.text(path)).collect();
    let foreign: Vec<&str> = FOREIGN.into_iter().filter(|host| sources.contains(host)).collect();
    if !foreign.is_empty() {
        notes.ask(
            format!("Packages come from {} as well; Debian's own versions are installed here.", foreign.join(", ")),
            &[],
        );
    }
}

/// Packages that the configuration speaks of.
fn needed(machine: &Machine, draft: &mut Draft) {
    let mut add = |name: &str| {
        draft.packages.insert(name.to_owned());
    };
    // without what such a file loads the server does not start
    for (path, _) in machine.tree.below("etc/mysql/mariadb.conf.d") {
        if let Some(name) = path.strip_prefix("etc/mysql/mariadb.conf.d/provider_").and_then(|p| p.strip_suffix(".cnf"))
        {
            add(&format!("mariadb-plugin-provider-{name}"));
        }
    }
    if let Some(postfix) = &machine.postfix {
        add("postfix");
        let listed = |path: &str| machine.tree.text(path).unwrap_or_default().to_owned();
        let dynamic = listed("etc/postfix/dynamicmaps.cf")
            + &machine
                .tree
                .below("etc/postfix/dynamicmaps.cf.d")
                .filter_map(|(path, _)| machine.tree.text(path))
                .collect::<String>();
        let named = dynamic
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .filter(|word| !word.starts_with('#'))
            .map(str::to_owned);
        let used = postfix.values().into_iter().flat_map(|(_, value)| tables(&value)).map(|table| table.kind);
        for kind in named.chain(used) {
            if matches!(kind.as_str(), "mysql" | "pgsql" | "ldap" | "pcre" | "lmdb" | "cdb" | "sqlite") {
                add(&format!("postfix-{kind}"));
            }
        }
        if postfix.services.iter().any(|service| service.command.contains("policyd-spf")) {
            add("postfix-policyd-spf-python");
        }
    }
    if let Some(dovecot) = &machine.dovecot {
        add("dovecot-core");
        let all: Vec<(&str, &str)> = dovecot.all().collect();
        let protocols = dovecot.protocols();
        for (protocol, package) in [
            ("imap", "dovecot-imapd"),
            ("pop3", "dovecot-pop3d"),
            ("lmtp", "dovecot-lmtpd"),
            ("sieve", "dovecot-managesieved"),
            ("submission", "dovecot-submissiond"),
        ] {
            let conf =
                format!("etc/dovecot/conf.d/20-{}.conf", if protocol == "sieve" { "managesieve" } else { protocol });
            if protocols.contains(&protocol) || machine.tree.has(&conf) {
                add(package);
            }
        }
        let is_plugin =
            |name: &str| all.iter().any(|(path, value)| path.contains("mail_plugins") && value.contains(name));
        if is_plugin("sieve") || protocols.contains(&"sieve") || machine.tree.has("etc/dovecot/conf.d/90-sieve.conf") {
            add("dovecot-sieve");
        }
        for kind in ["mysql", "pgsql", "ldap", "sqlite"] {
            let is_asked = all.iter().any(|(path, value)| {
                (path.ends_with("driver") && *value == kind)
                    || path.split('/').any(|block| block.starts_with(&format!("{kind} ")))
            });
            let files = machine.tree.below("etc/dovecot").filter_map(|(path, _)| machine.tree.text(path));
            if is_asked || files.flat_map(str::lines).any(|line| line.replace(' ', "") == format!("driver={kind}")) {
                add(&format!("dovecot-{kind}"));
            }
        }
    }
}
