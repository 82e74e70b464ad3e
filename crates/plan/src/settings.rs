//! Settings of the gateway that a scenario changes.

use crate::Spanned;
use mail::Service;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A setting of a daemon of the gateway that is changed while the scenario runs, alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SettingChange {
    /// Whose setting.
    pub daemon: Daemon,
    /// Its name, behind the service of `master.cf` or the blocks of Dovecot in which it stands ([`setting_path`]).
    pub name: Spanned<String>,
    /// Its value; `None`: its line is taken out, so that the compiled default holds.
    pub value: Option<String>,
}

/// The service and its type, or the blocks from outside, in which a setting stands by its name, and its name there:
/// `submission/inet/smtpd_tls_ciphers`, `service imap-login/inet_listener imaps/ssl`. An address may have a `/`, which is
/// none between blocks: `local 192.0.2.0/24/ssl`, and so may the name of a socket: `service auth/unix_listener /run/auth/mode`.
#[must_use]
pub fn setting_path(name: &str) -> (Vec<&str>, &str) {
    let Some((path, own)) = name.rsplit_once('/') else { return (Vec::new(), name) };
    let (mut blocks, mut from) = (Vec::new(), 0);
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    for at in ends {
        let block = &path[from..at];
        // behind a name that is a path there is only a block that has a name as well
        let is_path = block.split_once(' ').is_some_and(|(_, name)| name.is_empty() || name.starts_with('/'));
        let is_block = |next: &str| {
            let word = next.split('/').next().unwrap_or_default();
            next.starts_with(|c: char| c.is_ascii_lowercase()) && (!is_path || word.contains(' '))
        };
        if !block.contains(' ') || path.get(at + 1..).is_none_or(is_block) {
            blocks.push(block);
            from = at + 1;
        }
    }
    (blocks, own)
}

/// A daemon whose settings can be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Daemon {
    /// `main.cf` and `master.cf` of Postfix.
    Postfix,
    /// `dovecot.conf` of Dovecot.
    Dovecot,
}

impl Daemon {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Postfix, Self::Dovecot];

    /// Its word, which is the name of its program too: `postfix`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Postfix => "postfix",
            Self::Dovecot => "dovecot",
        }
    }

    /// What people call it, and it calls itself in its greeting: `Postfix`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Postfix => "Postfix",
            Self::Dovecot => "Dovecot",
        }
    }

    /// Which one offers a service.
    #[must_use]
    pub const fn of(service: Service) -> Self {
        match service {
            Service::Smtp | Service::Submission | Service::Submissions => Self::Postfix,
            Service::Imap | Service::Imaps | Service::Pop3 | Service::Pop3s | Service::Sieve => Self::Dovecot,
        }
    }

    /// Where its configuration lies on a host.
    #[must_use]
    pub const fn directory(self) -> &'static str {
        match self {
            Self::Postfix => "/etc/postfix",
            Self::Dovecot => "/etc/dovecot",
        }
    }

    /// The file in [`Daemon::directory`] to which a setting of this name is written. `postconf -P` names what stands in `master.cf`
    /// by its service.
    #[must_use]
    pub fn file_of(self, setting: &str) -> &'static str {
        match self {
            Self::Postfix if setting.contains('/') => "master.cf",
            Self::Postfix => "main.cf",
            Self::Dovecot => "dovecot.conf",
        }
    }
}

impl fmt::Display for Daemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The changed settings of a scenario.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Settings {
    /// The changes.
    pub changes: Vec<SettingChange>,
}
