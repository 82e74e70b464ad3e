//! `gateway.toml` and the files beside it, read and checked.

use super::{
    CertificatePlace, DkimPlace, EtcFile, Gateway, GatewayError, Host, OwnZone, Ready, Service, Store, UserMailbox,
    language::{
        AbsolutePath, CertificateTable, DkimTable, GatewayTable, HostTable, MailboxTable, Port, ReadyTable,
        ServiceTable, StoreTable,
    },
};
use form::{
    Flaw,
    values::{AtLeastOne, Line},
};
use mail::Domain;
use plan::{KeyAlgorithm, Source, Spanned, Specification};
use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::PermissionsExt,
    path::{Component, Path},
};

impl Gateway {
    /// Reads a gateway directory.
    ///
    /// # Errors
    /// All faults of the file, and of the files that it names.
    pub fn load(directory: &Path) -> Result<Self, GatewayError> {
        let path = directory.join("gateway.toml");
        let shown = path.display().to_string();
        let text =
            fs::read_to_string(&path).map_err(|cause| GatewayError::Unreadable { path: shown.clone(), cause })?;
        let source = Source { name: shown.clone(), path: shown, text };
        Ok(form::read(source, "mailproof::gateway", |table, _, flaws| Reader { directory, flaws }.gateway(table))?)
    }
}

/// Makes values of tables. What lacks a value that is needed is left out: its flaw is known already.
struct Reader<'a> {
    directory: &'a Path,
    flaws: &'a mut Vec<Flaw>,
}

impl Reader<'_> {
    fn gateway(&mut self, table: GatewayTable) -> Option<Gateway> {
        let domains = table.domains.0.map(|list| list.0);
        let mut names = BTreeSet::new();
        let mut hosts = Vec::new();
        for host in table.host.0.map(|list| list.0).unwrap_or_default() {
            if let Some(name) = &host.name.0 {
                self.once(&mut names, name.value.to_string(), name, "host");
            }
            hosts.extend(self.host(host));
        }
        let mailboxes = self.mailboxes(table.mailbox.unwrap_or_default(), domains.as_deref(), &hosts);
        let zones = table.zone.map(|zones| zones.0).unwrap_or_default();
        Some(Gateway {
            name: fs::canonicalize(self.directory)
                .ok()
                .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
                .unwrap_or_default(),
            directory: self.directory.to_owned(),
            release: table.release.map_or_else(|| "trixie".to_owned(), |release| release.0),
            authserv_id: table.authserv_id.0?.0,
            domains: domains?,
            follows: self.follows(table.follows),
            retry: table.retry.map(|retry| retry.0.unsigned_abs()),
            zones: zones.into_iter().map(|(origin, records)| OwnZone { origin: origin.value, records }).collect(),
            mailboxes,
            hosts,
            refused: lines(table.refused),
        })
    }

    /// What it follows: of a subject of which nothing is said the newest.
    fn follows(&mut self, listed: Option<AtLeastOne<Spanned<Specification>>>) -> Vec<Specification> {
        let mut follows: Vec<Specification> = Vec::new();
        for Spanned { value, span } in listed.into_iter().flat_map(|list| list.0) {
            let subject = value.subject();
            if follows.iter().any(|other| other.subject() == subject) {
                let flaw = Flaw::new(format!("this gateway follows two specifications of {subject}"));
                self.flaws.push(flaw.at(&span, "another one").help("name the one by which it is to be judged"));
            } else {
                follows.push(value);
            }
        }
        for newest in Specification::ALL.into_iter().rev() {
            if !follows.iter().any(|other| other.subject() == newest.subject()) {
                follows.push(newest);
            }
        }
        follows
    }

    fn mailboxes(&mut self, tables: Vec<MailboxTable>, domains: Option<&[Domain]>, hosts: &[Host]) -> Vec<UserMailbox> {
        let (mut addresses, mut roles) = (BTreeSet::new(), BTreeSet::new());
        let mut mailboxes = Vec::new();
        for MailboxTable { address, login, role, password, store, host } in tables {
            let Some(address) = address.0 else { continue };
            self.once(&mut addresses, address.value.to_string(), &address, "mailbox");
            if domains.is_some_and(|domains| !domains.contains(address.value.domain())) {
                let flaw = Flaw::new(format!("{} is in none of `domains`", address.value));
                self.flaws.push(flaw.at(&address.span, "here").help("a mailbox lies in a domain of the gateway"));
            }
            if let Some(role) = &role {
                self.once(&mut roles, format!("{:?}", role.value).to_ascii_lowercase(), role, "role");
            }
            if let Some(unknown) = host.as_ref().filter(|host| !hosts.iter().any(|known| known.name == host.value)) {
                let flaw = Flaw::new(format!("there is no host {}", unknown.value)).at(&unknown.span, "here");
                self.flaws.push(flaw.help("a mailbox lies on one of `[[host]]`, by its `name`"));
            }
            let store = store.and_then(|StoreTable { maildir, mbox }| match (maildir, mbox) {
                (Some(path), _) => Some(Store::Maildir(path.0)),
                (_, path) => path.map(|path| Store::Mbox(path.0)),
            });
            mailboxes.push(UserMailbox {
                login: login.map_or_else(|| address.value.to_string(), |login| login.0),
                role: role.map(|role| role.value),
                address: address.value,
                password: password.map(|password| password.0),
                store,
                host: host.map(|host| host.value),
            });
        }
        mailboxes
    }

    fn host(&mut self, table: HostTable) -> Option<Host> {
        let mut etc = Vec::new();
        for entry in table.etc.into_iter().flatten() {
            if let Err(why) = collect(self.directory, Path::new(&entry.value.0), &mut etc) {
                let flaw = Flaw::new(format!("`{}` cannot be read: {why}", entry.value.0));
                let help = "`etc` names files and directories beside gateway.toml, as they lie in /etc";
                self.flaws.push(flaw.at(&entry.span, "here").help(help));
            }
        }
        let mut whole = Vec::new();
        for entry in table.whole.into_iter().flatten() {
            let path = format!("/etc/{}", entry.value.0.trim_end_matches('/'));
            if !etc.iter().any(|file| file.path.starts_with(&format!("{path}/"))) {
                let flaw = Flaw::new(format!("nothing of `etc` lies in `{}`", entry.value.0)).at(&entry.span, "here");
                self.flaws
                    .push(flaw.help("`whole` names directories as they lie in /etc, with files that `etc` brings"));
            }
            whole.push(path);
        }
        let services = self.services(table.service.unwrap_or_default());
        let name = table.name.0?.value;
        let certificate = table.certificate.map(|place| certificate(place, &name));
        Some(Host {
            public: table.public.unwrap_or_default(),
            packages: lines(table.packages.0),
            etc,
            whole,
            // it has a flaw, if it is none
            certificate: certificate.flatten(),
            roots: table.roots.into_iter().flatten().map(|AbsolutePath(path)| path).collect(),
            dkim: table.dkim.into_iter().flatten().filter_map(dkim).collect(),
            setup: table.setup.into_iter().flatten().map(|command| command.0).collect(),
            tls_reports: table.tls_reports.map(|command| command.0).unwrap_or_default(),
            services,
            name,
        })
    }

    fn services(&mut self, tables: Vec<Spanned<ServiceTable>>) -> Vec<Service> {
        let mut names = BTreeSet::new();
        let mut services = Vec::new();
        for table in tables {
            if let Some(name) = &table.value.name.0 {
                self.once(&mut names, name.0.clone(), &table, "service");
            }
            services.extend(service(table.value));
        }
        services
    }

    /// Complains of a name that was there already.
    fn once<T>(&mut self, names: &mut BTreeSet<String>, name: String, at: &Spanned<T>, what: &str) {
        if !names.insert(name.clone()) {
            let flaw = Flaw::new(format!("the {what} `{name}` is there twice")).at(&at.span, "here again");
            self.flaws.push(flaw.help("join them, or give one another name"));
        }
    }
}

fn certificate(table: CertificateTable, host: &Domain) -> Option<CertificatePlace> {
    let names = lines(table.names.map(|names| names.0));
    Some(CertificatePlace {
        chain: table.chain.0?.0,
        key: table.key.0?.0,
        names: if names.is_empty() { vec![host.to_string()] } else { names },
        kind: table.kind.map(|kind| kind.0).unwrap_or_default(),
        tlsa: table.tlsa.into_iter().flatten().map(|record| record.0).collect(),
    })
}

fn dkim(table: DkimTable) -> Option<DkimPlace> {
    Some(DkimPlace {
        domain: table.domain.0?,
        selector: table.selector.0?.as_written,
        algorithm: table.algorithm.map_or(KeyAlgorithm::Rsa2048, |algorithm| algorithm.0),
        path: table.path.0?.0,
        owner: table.owner.map_or_else(|| "root".to_owned(), |owner| owner.0),
    })
}

fn service(table: ServiceTable) -> Option<Service> {
    Some(Service {
        name: table.name.0?.0,
        command: table.command.0?.0,
        ready: ready(table.ready.0?)?,
        restart: table.restart,
        ports: table.ports.into_iter().flatten().filter_map(port).collect(),
    })
}

fn ready(table: ReadyTable) -> Option<Ready> {
    let socket = table.socket.map(|path| Ready::Socket(path.0));
    let listening = || table.listening.and_then(port).map(Ready::Listening);
    socket.or_else(listening).or_else(|| table.smtp.and_then(port).map(Ready::Smtp))
}

fn port(port: Port) -> Option<u16> {
    u16::try_from(port.0).ok()
}

fn lines(lines: Option<Vec<Line>>) -> Vec<String> {
    lines.into_iter().flatten().map(|line| line.0).collect()
}

/// Every file at or below an entry, with its path in /etc; sorted.
fn collect(directory: &Path, entry: &Path, files: &mut Vec<EtcFile>) -> io::Result<()> {
    if !entry.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(io::Error::other("it is not beside gateway.toml"));
    }
    let source = directory.join(entry);
    if source.is_dir() {
        let mut names = fs::read_dir(&source)?.map(|e| Ok(e?.file_name())).collect::<io::Result<Vec<_>>>()?;
        names.sort();
        return names.iter().try_for_each(|name| collect(directory, &entry.join(name), files));
    }
    let is_script = fs::metadata(&source)?.permissions().mode() & 0o111 != 0;
    files.push(EtcFile {
        path: Path::new("/etc").join(entry).display().to_string(),
        contents: fs::read(&source)?,
        mode: if is_script { 0o755 } else { 0o644 },
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{super::UserRole, *};

    const GOOD: &str = r#"
authserv-id = "x.example"
domains = ["x.example"]
[zone]
"x.example" = "@ IN MX 10 mx.x.example."
[[mailbox]]
address = "a@x.example"
password = "p"
[[host]]
name = "mx.x.example"
packages = ["postfix"]
etc = ["postfix"]
certificate = { chain = "/c", key = "/k" }
dkim = [{ domain = "x.example", selector = "s1", path = "/d", algorithm = "ed25519" }]
[[host.service]]
name = "postfix"
command = ["postfix", "start-fg"]
ready = { smtp = 25 }
"#;

    fn load(text: &str) -> Result<Gateway, GatewayError> {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("postfix/sub")).unwrap();
        fs::write(dir.path().join("postfix/main.cf"), "x = y").unwrap();
        fs::write(dir.path().join("postfix/sub/z"), "z").unwrap();
        fs::write(dir.path().join("gateway.toml"), text).unwrap();
        Gateway::load(dir.path())
    }

    /// Each fault with its help.
    fn faults(text: &str) -> Vec<String> {
        let Err(GatewayError::Wrong(faults)) = load(text) else { panic!("it has no fault: {text}") };
        let whole = |flaw: &Flaw| format!("{}; {}", flaw.message, flaw.help.as_deref().unwrap_or_default());
        faults.flaws().iter().map(whole).collect()
    }

    #[test]
    fn a_directory_is_read_with_its_files() {
        let gateway = load(GOOD).unwrap();
        let host = &gateway.hosts[0];
        let paths: Vec<&str> = host.etc.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["/etc/postfix/main.cf", "/etc/postfix/sub/z"]);
        assert_eq!(host.certificate.as_ref().unwrap().names, ["mx.x.example"]);
        assert_eq!((host.dkim[0].algorithm, host.services[0].ready.clone()), (KeyAlgorithm::Ed25519, Ready::Smtp(25)));
        assert!(gateway.adaptations().iter().any(|a| a.contains("DKIM key of the run for x.example lies at /d")));
    }

    #[test]
    fn faults_of_form_and_content_are_told_all_at_once() {
        let mut bad = GOOD.to_owned();
        for (good, wrong) in [
            ("etc = [\"postfix\"]", "etc = [\"postfixx\", \"../etc\"]"),
            ("a@x.example", "a@y.example"),
            ("[\"postfix\", \"start-fg\"]", "[]"),
            ("authserv-id", "authserv"),
            ("smtp = 25", "smpt = 25"),
            ("\"ed25519\"", "\"dsa\""),
            ("\"/k\"", "\"k\""),
        ] {
            bad = bad.replace(good, wrong);
        }
        let told = faults(&bad);
        for part in [
            "a@y.example is in none of `domains`",
            "`postfixx` cannot be read",
            "`../etc` cannot be read: it is not beside",
            "`command` is empty",
            "unknown key `authserv`; did you mean `authserv-id`?",
            "needs `authserv-id`",
            "unknown key `smpt`; did you mean `smtp`?",
            "`dsa` is not a kind of DKIM key",
            "`k` is not an absolute path",
        ] {
            assert!(told.iter().any(|fault| fault.contains(part)), "{part}: {told:#?}");
        }
    }

    #[test]
    fn a_directory_that_is_whole_has_files_in_it() {
        let with = |list: &str| GOOD.replace("etc = [\"postfix\"]", &format!("etc = [\"postfix\"]\nwhole = [{list}]"));
        assert_eq!(load(&with(r#""postfix/sub""#)).unwrap().hosts[0].whole, ["/etc/postfix/sub"]);
        assert!(faults(&with(r#""postfix/no""#))[0].contains("nothing of `etc` lies in `postfix/no`"));
    }

    #[test]
    fn of_a_subject_one_specification_is_followed() {
        let with = |list: &str| GOOD.replace("domains =", &format!("follows = [{list}]\ndomains ="));
        assert_eq!(load(GOOD).unwrap().follows, [Specification::Rfc9989]);
        assert_eq!(load(&with(r#""RFC 7489""#)).unwrap().follows, [Specification::Rfc7489]);
        assert!(faults(&with(r#""RFC 7489", "RFC 9989""#))[0].contains("follows two specifications of DMARC"));
        assert!(faults(&with(r#""RFC 9990""#))[0].contains("did you mean `RFC 9989`?"));
    }

    #[test]
    fn a_name_is_there_once() {
        let service = &GOOD[GOOD.find("[[host.service]]").unwrap()..];
        let mailbox = &GOOD[GOOD.find("[[mailbox]]").unwrap()..GOOD.find("[[host]]").unwrap()];
        let host = "[[host]]\nname = \"mx.x.example\"\npackages = []\n";
        let told = faults(&format!("{GOOD}{service}{host}{mailbox}"));
        assert!(told.len() == 3 && told.iter().all(|fault| fault.contains("is there twice")), "{told:#?}");
    }

    #[test]
    fn who_is_alice_and_who_is_bob_is_said_or_follows_from_the_order() {
        let user =
            |address: &str, more: &str| format!("[[mailbox]]\naddress = \"{address}\"\npassword = \"p\"\n{more}\n");
        let with = |users: &str| {
            let text = GOOD.replace("domains = [\"x.example\"]", "domains = [\"x.example\", \"y.example\"]");
            load(&text.replace("[[mailbox]]\naddress = \"a@x.example\"\npassword = \"p\"\n", users)).unwrap()
        };
        let who = |gateway: &Gateway| {
            [UserRole::Alice, UserRole::Bob].map(|role| gateway.user(role).map(|user| user.address.to_string()))
        };
        let some = |address: &str| Some(address.to_owned());
        let (a, b, c) = (user("a@x.example", ""), user("b@y.example", "login = \"bee\""), user("c@x.example", ""));
        let gateway = with(&format!("{a}{b}{c}"));
        assert_eq!(who(&gateway), [some("a@x.example"), some("c@x.example")], "bob is of alice's domain");
        let logins: Vec<&str> = gateway.mailboxes.iter().map(|mailbox| mailbox.login.as_str()).collect();
        assert_eq!(logins, ["a@x.example", "bee", "c@x.example"]);
        assert_eq!(who(&with(&format!("{a}{b}"))), [some("a@x.example"), some("b@y.example")]);
        assert_eq!(who(&with(&a)), [some("a@x.example"), None]);
        assert_eq!(who(&with("")), [None, None]);
        let (second, first) = (user("a@x.example", "role = \"bob\""), user("b@y.example", "role = \"alice\""));
        assert_eq!(who(&with(&format!("{second}{first}{c}"))), [some("b@y.example"), some("a@x.example")]);
        let twice = user("b@x.example", "role = \"bob\"").repeat(2).replacen("b@x", "c@x", 1);
        assert!(faults(&format!("{GOOD}{twice}"))[0].contains("the role `bob` is there twice"));
    }

    #[test]
    fn a_service_says_when_it_is_started_again() {
        let with = |word: &str| format!("{GOOD}restart = \"{word}\"\n");
        let restart = load(&with("on-failure")).unwrap().hosts[0].services[0].restart;
        assert_eq!(restart, Some(crate::Restart::OnFailure));
        assert!(faults(&with("on-failur"))[0].contains("did you mean `on-failure`?"));
    }

    #[test]
    fn tlsa_records_are_three_numbers_with_a_meaning() {
        let with = |list: &str| GOOD.replace("key = \"/k\" }", &format!("key = \"/k\", tlsa = [{list}] }}"));
        let gateway = load(&with(r#""3 1 1", "2 0 2""#)).unwrap();
        assert_eq!(gateway.hosts[0].certificate.as_ref().unwrap().tlsa, [(3, 1, 1), (2, 0, 2)]);
        let told = faults(&with(r#""3 1 1", "4 1 1", "3 1", "3 1 x", "3 1 1 ab""#));
        assert!(told.len() == 4 && told[0].contains("`4 1 1`"), "{told:?}");
    }

    #[test]
    fn a_directory_without_the_file_is_told() {
        let error = Gateway::load(Path::new("no/such/directory")).unwrap_err();
        assert!(error.to_string().contains("gateway.toml"));
    }

    #[test]
    fn schema_and_reference_lie_in_the_tree() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let schema = format!("{}\n", serde_json::to_string_pretty(&super::super::schema()).unwrap());
        for (file, made) in [("gateways/schema.json", schema), ("docs/gateway.md", super::super::reference())] {
            let there = fs::read_to_string(root.join(file)).unwrap_or_default();
            assert!(there == made, "{file} is not what `cargo xtask schema --write` writes");
        }
    }
}
