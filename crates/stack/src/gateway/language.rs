//! What may stand in `gateway.toml`: the declaration from which it is read, and its JSON Schema and reference are made.

use super::UserRole;
use crate::unit::Restart;
use form::{
    Decode, Flaw, Keyword, Required, Shape, Text, tables,
    values::{AtLeastOne, Line, Named, NotEmpty, Selector, Whole},
};
use mail::{Address, Domain};
use plan::{KeyAlgorithm, Spanned, Specification};
use std::{net::IpAddr, path::Path};

/// A TCP port.
pub(super) type Port = Whole<1, 65535>;

tables! {
    /// A gateway under test: what its hosts are, what its owner publishes, who its users are. The configuration of its daemons
    /// lies beside this file, as it lies in `/etc`.
    GatewayTable "gateway" [Any] {
        /// Debian release of its hosts, as `bookworm`; `trixie`, if nothing is said.
        release: Option<Line>,
        /// By what it signs its Authentication-Results (RFC 8601 §2.5).
        authserv_id: Required<Line>,
        /// Domains for which it takes mail.
        domains: Required<AtLeastOne<Domain>>,
        /// What it follows where specifications differ, one for each subject; RFC 9989 for DMARC, if nothing is said. Claims under
        /// `by` in scenarios go by it.
        follows: Option<AtLeastOne<Spanned<Specification>>>,
        /// Seconds after which clients of scenarios try again what it refuses for now, twice at most: for a gateway with greylisting, a
        /// little more than its own delay. If nothing is said they do not, but for those that say so themselves.
        retry: Option<Whole<1, 600>>,
        /// What its owner publishes, by apex, in zone-file syntax; addresses of hosts and keys of the run are added.
        zone: Option<Named<Domain, String>>,
        /// Its users.
        mailbox: Option<Vec<MailboxTable>>,
        /// Its hosts: a container each.
        host: Required<AtLeastOne<HostTable>>,
        /// Settings that its daemons refuse, and what stands for them, a sentence each; they are shown with what the harness adapts.
        refused: Option<Vec<Line>>,
    }
    /// A user: mailbox and login.
    MailboxTable "mailbox" [Any] {
        /// The address, in one of `domains`.
        address: Required<Spanned<Address>>,
        /// The name with which the user logs in; the address, if nothing is said.
        login: Option<Line>,
        /// As which user scenarios mean this one. If nothing is said, the first user is alice, and the next one of the same domain
        /// bob.
        role: Option<Spanned<UserRole>>,
        /// The password, for this pretend Internet alone. Without it the user cannot submit mail, and the mailbox is read on the host.
        password: Option<NotEmpty>,
        /// Where the mailbox is read on the host; by Dovecot's own `imap`, whatever the storage, if nothing is said and IMAP with TLS
        /// on port 993 cannot be used. Read so it may be without the user's password, and without IMAP.
        store: Option<StoreTable>,
        /// The host on which it is; if nothing is said, the one that has IMAP, or else the first.
        host: Option<Spanned<Domain>>,
    }
    /// Where a mailbox lies on its host.
    StoreTable "store" [One] {
        /// The path of a Maildir; its folders are subdirectories whose names begin with a dot.
        maildir: Option<AbsolutePath>,
        /// The path of an mbox file, INBOX alone (RFC 4155).
        mbox: Option<AbsolutePath>,
    }
    /// A host of the gateway.
    HostTable "host" [Any] {
        /// Its name on the pretend Internet.
        name: Required<Spanned<Domain>>,
        /// Its public addresses; one that has none is reached by the gateway's own hosts only.
        public: Option<Vec<IpAddr>>,
        /// Debian packages that are installed on it.
        packages: Required<Vec<Line>>,
        /// Files and directories beside this file that lie in its `/etc`, under the same names.
        etc: Option<Vec<Spanned<Line>>>,
        /// Directories of `/etc`, as `dovecot/conf.d`, in which nothing lies but what `etc` brings: what a package puts there besides is removed.
        whole: Option<Vec<Spanned<Line>>>,
        /// Where it expects a certificate; it is made for the run.
        certificate: Option<CertificateTable>,
        /// Paths of files in which it expects the roots that it trusts: the run's root takes their places.
        roots: Option<Vec<AbsolutePath>>,
        /// DKIM keys with which it signs; they are made for the run, and published.
        dkim: Option<Vec<DkimTable>>,
        /// Shell commands that prepare it, run as root before its services; the first that fails ends the run.
        setup: Option<Vec<NotEmpty>>,
        /// Program and arguments that send the TLS reports that are due, today's included (RFC 8460 §4.2); without it the host sends none.
        tls_reports: Option<AtLeastOne<String>>,
        /// What runs on it; all are started at the same time.
        service: Option<Vec<Spanned<ServiceTable>>>,
    }
    /// A certificate of a host.
    CertificateTable "certificate" [Any] {
        /// Path of the chain, PEM, its own certificate first.
        chain: Required<AbsolutePath>,
        /// Path of the private key, PEM.
        key: Required<AbsolutePath>,
        /// Names in it; the host's, if nothing is said.
        names: Option<AtLeastOne<Line>>,
        /// Kind of its key; `p256`, if nothing is said.
        kind: Option<CertificateKey>,
        /// What is published of it at `_25._tcp` of the host's name: a TLSA record each, its digest is added.
        tlsa: Option<Vec<TlsaNumbers>>,
    }
    /// A DKIM key of a host.
    DkimTable "DKIM key" [Any] {
        /// The SDID (RFC 6376 §3.5).
        domain: Required<Domain>,
        /// The selector (RFC 6376 §3.1).
        selector: Required<Selector>,
        /// Kind of key; `rsa-2048`, if nothing is said.
        algorithm: Option<DkimAlgorithm>,
        /// Path of the private key, PEM.
        path: Required<AbsolutePath>,
        /// The user who reads it; `root`, if nothing is said.
        owner: Option<User>,
    }
    /// A service of a host.
    ServiceTable "service" [Any] {
        /// What it is called in messages.
        name: Required<Line>,
        /// Program and arguments; it stays in the foreground.
        command: Required<AtLeastOne<String>>,
        /// When it is ready.
        ready: Required<ReadyTable>,
        /// When it is started again after it ended (systemd.service(5)). If nothing is said: as the distribution's unit of that program
        /// does, after the unit's own back-off, at most a second.
        restart: Option<Restart>,
        /// Further ports on which it listens.
        ports: Option<Vec<Port>>,
    }
    /// How a service is known to be ready.
    ReadyTable "condition" [One] {
        /// Somebody listens on the unix socket at this path.
        socket: Option<AbsolutePath>,
        /// Somebody listens on this TCP port.
        listening: Option<Port>,
        /// SMTP on this port greets, and answers MAIL FROM.
        smtp: Option<Port>,
    }
}

/// An absolute path on a host.
#[derive(Debug, Clone)]
pub(super) struct AbsolutePath(pub(super) String);

impl Text for AbsolutePath {
    fn shape() -> Shape {
        Shape::Text { what: "an absolute path on the host", pattern: Some("^/") }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        let is_plain = text.starts_with('/') && text.len() > 1 && !text.contains(char::is_control);
        if is_plain && !Path::new(text).components().any(|part| part == std::path::Component::ParentDir) {
            return Ok(Self(text.to_owned()));
        }
        Err(Flaw::new(format!("`{text}` is not an absolute path")).help("it begins with `/` and has no `..` in it"))
    }
}

/// Name of a user of a host, as useradd(8) takes it.
#[derive(Debug, Clone)]
pub(super) struct User(pub(super) String);

impl Text for User {
    fn shape() -> Shape {
        Shape::Text { what: "a user of the host", pattern: Some("^[A-Za-z_][A-Za-z0-9_-]*$") }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        let is_first = |first: char| first.is_ascii_alphabetic() || first == '_';
        let is_other = |b: u8| b.is_ascii_alphanumeric() || b"_-".contains(&b);
        if text.starts_with(is_first) && text.bytes().all(is_other) {
            return Ok(Self(text.to_owned()));
        }
        Err(Flaw::new(format!("`{text}` is not the name of a user"))
            .help("letters, digits, `-` and `_`, as `opendkim`"))
    }
}

/// Usage, selector and matching type of a TLSA record that have a meaning (RFC 6698 §2.1).
#[derive(Debug, Clone)]
pub(super) struct TlsaNumbers(pub(super) (u8, u8, u8));

impl Text for TlsaNumbers {
    fn shape() -> Shape {
        Shape::Text {
            what: "usage, selector and matching type of a TLSA record (RFC 6698 §2.1), such as `3 1 1`",
            pattern: Some("^[0-3] [01] [012]$"),
        }
    }

    fn parse(text: &str) -> Result<Self, Flaw> {
        let numbers: Option<Vec<u8>> = text.split(' ').map(|number| number.parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[usage @ 0..=3, selector @ 0..=1, matching @ 0..=2]) => Ok(Self((usage, selector, matching))),
            _ => Err(Flaw::new(format!("`{text}` is no TLSA record of a certificate"))
                .help("usage 0 to 3, selector 0 or 1, matching type 0 to 2, as `3 1 1`")),
        }
    }
}

/// Kind of the key of a certificate.
#[derive(Debug, Clone, Copy)]
pub(super) struct CertificateKey(pub(super) pki::KeyKind);

impl Keyword for CertificateKey {
    const WHAT: &'static str = "a kind of key";

    fn words() -> Vec<(&'static str, Self, &'static str)> {
        vec![
            ("p256", Self(pki::KeyKind::P256), "ECDSA on P-256"),
            ("p384", Self(pki::KeyKind::P384), "ECDSA on P-384"),
            ("rsa2048", Self(pki::KeyKind::Rsa2048), "RSA of 2048 bits"),
            ("rsa4096", Self(pki::KeyKind::Rsa4096), "RSA of 4096 bits"),
            ("ed25519", Self(pki::KeyKind::Ed25519), "Ed25519 (RFC 8410 §3)"),
        ]
    }
}

/// Kind of a DKIM key.
#[derive(Debug, Clone, Copy)]
pub(super) struct DkimAlgorithm(pub(super) KeyAlgorithm);

impl Keyword for DkimAlgorithm {
    const WHAT: &'static str = "a kind of DKIM key";

    fn words() -> Vec<(&'static str, Self, &'static str)> {
        vec![
            ("rsa-1024", Self(KeyAlgorithm::Rsa1024), "RSA of 1024 bits"),
            ("rsa-2048", Self(KeyAlgorithm::Rsa2048), "RSA of 2048 bits"),
            ("rsa-4096", Self(KeyAlgorithm::Rsa4096), "RSA of 4096 bits"),
            ("ed25519", Self(KeyAlgorithm::Ed25519), "Ed25519 (RFC 8463 §3)"),
        ]
    }
}

impl Keyword for UserRole {
    const WHAT: &'static str = "a role";

    fn words() -> Vec<(&'static str, Self, &'static str)> {
        vec![("alice", Self::Alice, "`{alice}` in scenarios"), ("bob", Self::Bob, "`{bob}` in scenarios")]
    }
}

impl Keyword for Restart {
    const WHAT: &'static str = "a way to restart a service";

    fn words() -> Vec<(&'static str, Self, &'static str)> {
        vec![
            ("no", Self::No, "never"),
            ("always", Self::Always, "however it ended"),
            ("on-success", Self::OnSuccess, "after exit 0, or SIGHUP, SIGINT, SIGPIPE or SIGTERM"),
            ("on-failure", Self::OnFailure, "after any other exit code or signal"),
            ("on-abnormal", Self::OnAbnormal, "after any other signal"),
        ]
    }
}

/// JSON Schema of `gateway.toml`.
#[must_use]
pub fn schema() -> serde_json::Value {
    form::schema("A gateway under test", &GatewayTable::shape(), None)
}

/// Its reference, in Markdown.
#[must_use]
pub fn reference() -> String {
    form::reference(include_str!("reference.md"), GatewayTable::shape())
}
