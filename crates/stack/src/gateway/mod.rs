//! A gateway directory as data: `gateway.toml` and the configuration files beside it, as they lie in `/etc`.
//! `docs/gateway.md` is its reference.

mod error;
mod language;
mod read;

pub use error::GatewayError;
pub use language::{reference, schema};

use crate::unit::Restart;
use mail::{Address, Domain};
use plan::{KeyAlgorithm, Specification};
use serde::Serialize;
use std::{fmt, net::IpAddr, path::PathBuf};

/// A gateway, read and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Name of its directory.
    pub name: String,
    /// The directory.
    pub directory: PathBuf,
    /// Debian release of its hosts.
    pub release: String,
    /// Whose Authentication-Results are its own.
    pub authserv_id: String,
    /// Domains for which it takes mail; at least one.
    pub domains: Vec<Domain>,
    /// What it follows where specifications differ: one for each subject.
    pub follows: Vec<Specification>,
    /// Whether senders have names and hosts that no scenario declares.
    pub plausible_senders: bool,
    /// Seconds after which clients try again what it refuses for now; `None`: they do not.
    pub retry: Option<u64>,
    /// What its owner publishes in the DNS.
    pub zones: Vec<OwnZone>,
    /// Its users.
    pub mailboxes: Vec<UserMailbox>,
    /// Its hosts; at least one.
    pub hosts: Vec<Host>,
    /// Settings that its daemons refuse, and what stands for them: said in the report.
    pub refused: Vec<String>,
}

/// A zone of a gateway's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnZone {
    /// Its apex.
    pub origin: Domain,
    /// Records in zone-file syntax, relative to the apex.
    pub records: String,
}

/// A user: mailbox and login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserMailbox {
    /// The address.
    pub address: Address,
    /// The name with which the user logs in.
    pub login: String,
    /// As which user scenarios mean this one, where the order of the users does not say it.
    pub role: Option<UserRole>,
    /// Its password, for this pretend Internet alone, if it is known.
    pub password: Option<String>,
    /// Where it is read on its host, if not over IMAP.
    pub store: Option<Store>,
    /// The host on which it is, if that is said.
    pub host: Option<Domain>,
}

/// Where a mailbox lies on its host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// A Maildir at this path, with folders as Maildir++ has them.
    Maildir(String),
    /// An mbox file at this path (RFC 4155).
    Mbox(String),
}

/// As which user scenarios mean somebody (`{alice}`, `{bob}`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UserRole {
    /// The first user.
    Alice,
    /// Another user.
    Bob,
}

/// A host: one container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its name on the pretend Internet.
    pub name: Domain,
    /// Its public addresses; a host without is known by its container's.
    pub public: Vec<IpAddr>,
    /// Debian packages.
    pub packages: Vec<String>,
    /// Its configuration.
    pub etc: Vec<EtcFile>,
    /// Absolute paths of directories in which nothing else lies: what packages put there is removed.
    pub whole: Vec<String>,
    /// Where it expects a certificate.
    pub certificate: Option<CertificatePlace>,
    /// Where it expects roots that it trusts.
    pub roots: Vec<String>,
    /// Files to which its programs log, besides syslog.
    pub logs: Vec<String>,
    /// DKIM keys with which it signs.
    pub dkim: Vec<DkimPlace>,
    /// Shell commands that prepare it.
    pub setup: Vec<String>,
    /// Program and arguments that send the TLS reports that are due, today's included (RFC 8460); none: it sends none.
    pub tls_reports: Vec<String>,
    /// What runs on it; all are started at the same time.
    pub services: Vec<Service>,
}

impl Host {
    /// Ports on which its services are known to be ready, and more that they listen on.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        self.services.iter().flat_map(|s| s.ready.port().into_iter().chain(s.ports.iter().copied())).collect()
    }
}

/// A configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EtcFile {
    /// Absolute path on the host.
    pub path: String,
    /// Its octets.
    pub contents: Vec<u8>,
    /// `0o755` for scripts, else `0o644`.
    pub mode: u32,
}

/// Where a host expects its certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificatePlace {
    /// Path of the chain, PEM, its own certificate first.
    pub chain: String,
    /// Path of the private key, PEM.
    pub key: String,
    /// Names in it; the host's, if none are given.
    pub names: Vec<String>,
    /// Kind of its key.
    pub kind: pki::KeyKind,
    /// What the host's owner publishes of it for SMTP, as `_25._tcp` of the host's name: usage, selector and matching type of
    /// each TLSA record (RFC 6698 §2.1).
    pub tlsa: Vec<(u8, u8, u8)>,
}

/// Where a host expects a DKIM key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DkimPlace {
    /// The SDID that it signs for.
    pub domain: Domain,
    /// The selector.
    pub selector: String,
    /// Kind of key.
    pub algorithm: KeyAlgorithm,
    /// Path of the private key, PEM.
    pub path: String,
    /// User who reads it.
    pub owner: String,
}

/// A service of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// What it is called in messages.
    pub name: String,
    /// Program and arguments; it stays in the foreground.
    pub command: Vec<String>,
    /// When it is ready.
    pub ready: Ready,
    /// When it is started again after it ended; if this says nothing, as the unit of its program does in the distribution.
    pub restart: Option<Restart>,
    /// Further ports that it listens on.
    pub ports: Vec<u16>,
}

/// How a service is known to be ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ready {
    /// A unix socket is there.
    Socket(String),
    /// Something listens on this TCP port.
    Listening(u16),
    /// SMTP on this port greets, and answers MAIL FROM.
    Smtp(u16),
}

impl Ready {
    /// The port, if it is one.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        match self {
            Self::Socket(_) => None,
            Self::Listening(port) | Self::Smtp(port) => Some(*port),
        }
    }
}

impl fmt::Display for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "a socket at {path}"),
            Self::Listening(port) => write!(f, "something that listens on port {port}"),
            Self::Smtp(port) => write!(f, "a greeting on port {port} and a reply to MAIL FROM"),
        }
    }
}

impl Gateway {
    /// The user whom scenarios mean by this role: the one of whom the file says so; else the first of whom it says nothing, for bob
    /// preferably in alice's domain.
    #[must_use]
    pub fn user(&self, role: UserRole) -> Option<&UserMailbox> {
        if let Some(named) = self.mailboxes.iter().find(|mailbox| mailbox.role == Some(role)) {
            return Some(named);
        }
        let free = || self.mailboxes.iter().filter(|mailbox| mailbox.role.is_none());
        if role == UserRole::Alice {
            return free().next();
        }
        let alice = self.user(UserRole::Alice)?;
        let mut others = free().filter(|mailbox| mailbox.address != alice.address);
        let near = others.clone().find(|mailbox| mailbox.address.domain() == alice.address.domain());
        near.or_else(|| others.next())
    }

    /// The host that takes mail from anywhere, and its first public address.
    #[must_use]
    pub fn border(&self) -> Option<(&Host, IpAddr)> {
        let takes_mail = |host: &&Host| host.ports().contains(&25);
        self.hosts.iter().filter(takes_mail).find_map(|host| Some((host, *host.public.first()?)))
    }

    /// The host on which a mailbox is: the one that is named; else the one that has IMAP, with TLS if there is such a one; else the
    /// first.
    #[must_use]
    pub fn home(&self, mailbox: &UserMailbox) -> Option<&Host> {
        let has = |port: u16| self.hosts.iter().find(move |host| host.ports().contains(&port));
        match &mailbox.host {
            Some(name) => self.hosts.iter().find(|host| host.name == *name),
            None => has(993).or_else(|| has(143)).or_else(|| self.hosts.first()),
        }
    }

    /// What the harness adds to the gateway or changes in it, one sentence each, for the report.
    #[must_use]
    pub fn adaptations(&self) -> Vec<String> {
        let mut said = vec![
            "/etc/resolv.conf names the pretend Internet's resolver, and the default route leads there".to_owned(),
            "lists of public suffixes, where there are any, have `example` in them, below which everybody lives"
                .to_owned(),
        ];
        for host in &self.hosts {
            let name = &host.name;
            said.extend(
                host.certificate.as_ref().map(|c| format!("{name}: a certificate of the run lies at {}", c.chain)),
            );
            said.extend(host.whole.iter().map(|path| {
                format!("{name}: {path} has in it what lies in the directory, and nothing that packages bring")
            }));
            said.extend(host.roots.iter().map(|path| {
                format!("{name}: {path} holds the run's root certificate, and a hashed link beside it to a copy")
            }));
            said.extend(
                host.dkim.iter().map(|d| format!("{name}: a DKIM key of the run for {} lies at {}", d.domain, d.path)),
            );
            said.extend(
                host.setup.iter().map(|command| format!("{name}: `{}` runs before its services", command.trim())),
            );
        }
        said.extend(self.refused.iter().map(|what| format!("not literally: {what}")));
        said
    }
}
