//! `gateway.toml` and the files beside it, read and checked.

use super::{
    CertificatePlace, DkimPlace, EtcFile, Gateway, GatewayError, GatewayFault, Host, OwnZone, Service, UserMailbox,
};
use mail::Domain;
use miette::NamedSource;
use plan::KeyAlgorithm;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    net::IpAddr,
    ops::Range,
    os::unix::fs::PermissionsExt,
    path::Path,
};
use toml::Spanned;

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    #[serde(default = "trixie")]
    release: String,
    authserv_id: String,
    domains: Spanned<Vec<Domain>>,
    #[serde(default)]
    zone: BTreeMap<Domain, String>,
    #[serde(default)]
    mailbox: Vec<Spanned<UserMailbox>>,
    host: Spanned<Vec<HostTable>>,
    #[serde(default)]
    refused: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct HostTable {
    name: Spanned<Domain>,
    #[serde(default)]
    public: Vec<IpAddr>,
    packages: Vec<String>,
    #[serde(default)]
    etc: Vec<Spanned<String>>,
    certificate: Option<Spanned<CertificatePlace>>,
    #[serde(default)]
    roots: Vec<String>,
    #[serde(default)]
    dkim: Vec<DkimPlace>,
    #[serde(default)]
    setup: Vec<String>,
    #[serde(default)]
    tls_reports: Vec<String>,
    #[serde(default)]
    service: Vec<Spanned<Service>>,
}

impl Gateway {
    /// Reads a gateway directory.
    ///
    /// # Errors
    /// The first fault of its form; or all faults of what it says and of the files that it names.
    pub fn load(directory: &Path) -> Result<Self, GatewayError> {
        let path = directory.join("gateway.toml");
        let shown = path.display().to_string();
        let text =
            fs::read_to_string(&path).map_err(|cause| GatewayError::Unreadable { path: shown.clone(), cause })?;
        let mut reader = Reader { directory, path: &shown, text: &text, faults: Vec::new() };
        let file: File = match toml::from_str(&text) {
            Ok(file) => file,
            Err(error) => {
                reader.fault(error.message().to_owned(), error.span().unwrap_or(0..0), None);
                return Err(reader.wrong());
            }
        };
        let gateway = reader.gateway(file);
        if reader.faults.is_empty() { Ok(gateway) } else { Err(reader.wrong()) }
    }
}

struct Reader<'a> {
    directory: &'a Path,
    path: &'a str,
    text: &'a str,
    faults: Vec<GatewayFault>,
}

impl Reader<'_> {
    fn fault(&mut self, message: String, span: Range<usize>, help: Option<&str>) {
        let source = NamedSource::new(self.path, self.text.to_owned()).with_language("TOML");
        self.faults.push(GatewayFault { message, span, help: help.map(str::to_owned), source });
    }

    fn wrong(self) -> GatewayError {
        GatewayError::Wrong { path: self.path.to_owned(), faults: self.faults }
    }

    fn gateway(&mut self, file: File) -> Gateway {
        if file.domains.get_ref().is_empty() {
            self.fault("a gateway takes mail for at least one domain".to_owned(), file.domains.span(), None);
        }
        let domains = file.domains.into_inner();
        let mut mailboxes = Vec::new();
        for mailbox in file.mailbox {
            let span = mailbox.span();
            let mailbox = mailbox.into_inner();
            if !domains.contains(mailbox.address.domain()) {
                let message = format!("{} is in none of `domains`", mailbox.address);
                self.fault(message, span, Some("a mailbox lies in a domain of the gateway"));
            }
            mailboxes.push(mailbox);
        }
        let hosts_span = file.host.span();
        let hosts = file.host.into_inner();
        if hosts.is_empty() {
            self.fault("a gateway has at least one host".to_owned(), hosts_span, None);
        }
        let mut names = HashSet::new();
        let mut read = Vec::new();
        for host in hosts {
            if !names.insert(host.name.get_ref().clone()) {
                self.fault(format!("the host {} is there twice", host.name.get_ref()), host.name.span(), None);
            }
            read.push(self.host(host));
        }
        Gateway {
            name: fs::canonicalize(self.directory)
                .ok()
                .and_then(|p| Some(p.file_name()?.to_string_lossy().into_owned()))
                .unwrap_or_default(),
            directory: self.directory.to_owned(),
            release: file.release,
            authserv_id: file.authserv_id,
            zones: file.zone.into_iter().map(|(origin, records)| OwnZone { origin, records }).collect(),
            domains,
            mailboxes,
            hosts: read,
            refused: file.refused,
        }
    }

    fn host(&mut self, host: HostTable) -> Host {
        let HostTable { name, public, packages, roots, dkim, setup, tls_reports, .. } = host;
        let name = name.into_inner();
        let mut etc = Vec::new();
        for entry in host.etc {
            let span = entry.span();
            if let Err(cause) = collect(self.directory, Path::new(entry.get_ref()), &mut etc) {
                let message = format!("`{}` cannot be read: {cause}", entry.get_ref());
                self.fault(
                    message,
                    span,
                    Some("`etc` names files and directories beside gateway.toml, as they lie in /etc"),
                );
            }
        }
        let mut services = Vec::new();
        for service in host.service {
            if service.get_ref().command.is_empty() {
                self.fault(format!("the service {} has no command", service.get_ref().name), service.span(), None);
            }
            services.push(service.into_inner());
        }
        let certificate = host.certificate.map(|place| {
            let span = place.span();
            let mut place = place.into_inner();
            for text in place.tlsa.iter().filter(|text| tlsa(text).is_none()) {
                let help = "usage 0 to 3, selector 0 or 1, matching type 0 to 2, as \"3 1 1\"";
                self.fault(format!("`{text}` is no TLSA record of a certificate"), span.clone(), Some(help));
            }
            if place.names.is_empty() {
                place.names.push(name.to_string());
            }
            place
        });
        Host { name, public, packages, etc, certificate, roots, dkim, setup, tls_reports, services }
    }
}

/// Every file at or below an entry, with its path in /etc; sorted.
fn collect(directory: &Path, entry: &Path, files: &mut Vec<EtcFile>) -> io::Result<()> {
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

/// Usage, selector and matching type that have a meaning (RFC 6698 §2.1).
pub(super) fn tlsa(text: &str) -> Option<(u8, u8, u8)> {
    let numbers: Vec<u8> = text.split(' ').map(str::parse).collect::<Result<_, _>>().ok()?;
    match numbers[..] {
        [usage @ 0..=3, selector @ 0..=1, matching @ 0..=2] => Some((usage, selector, matching)),
        _ => None,
    }
}

/// `rsa-1024`, `rsa-2048`, `rsa-4096` or `ed25519`.
pub(super) fn algorithm<'de, D: Deserializer<'de>>(deserializer: D) -> Result<KeyAlgorithm, D::Error> {
    let word = String::deserialize(deserializer)?;
    Ok(match word.as_str() {
        "rsa-1024" => KeyAlgorithm::Rsa1024,
        "rsa-2048" => KeyAlgorithm::Rsa2048,
        "rsa-4096" => KeyAlgorithm::Rsa4096,
        "ed25519" => KeyAlgorithm::Ed25519,
        _ => return Err(D::Error::unknown_variant(&word, &["rsa-1024", "rsa-2048", "rsa-4096", "ed25519"])),
    })
}

fn trixie() -> String {
    "trixie".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn faults(text: &str) -> Vec<String> {
        match load(text) {
            Err(GatewayError::Wrong { faults, .. }) => faults.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_directory_is_read_with_its_files() {
        let gateway = load(GOOD).unwrap();
        let host = &gateway.hosts[0];
        let paths: Vec<&str> = host.etc.iter().map(|f| f.path.as_str()).collect();
        assert_eq!(paths, ["/etc/postfix/main.cf", "/etc/postfix/sub/z"]);
        assert_eq!(host.certificate.as_ref().unwrap().names, ["mx.x.example"]);
        assert_eq!(
            (host.dkim[0].algorithm, host.services[0].ready.clone()),
            (KeyAlgorithm::Ed25519, super::super::Ready::Smtp(25))
        );
        assert!(gateway.adaptations().iter().any(|a| a.contains("DKIM key of the run for x.example lies at /d")));
    }

    #[test]
    fn faults_of_content_are_told_all_at_once() {
        let bad = GOOD.replace("etc = [\"postfix\"]", "etc = [\"postfixx\"]").replace("a@x.example", "a@y.example");
        let said = faults(&bad.replace("command = [\"postfix\", \"start-fg\"]", "command = []"));
        assert!(said.len() == 3 && said[0].contains("a@y.example") && said[1].contains("postfixx"), "{said:?}");
    }

    #[test]
    fn tlsa_records_are_three_numbers_with_a_meaning() {
        let with = |list: &str| GOOD.replace("key = \"/k\" }", &format!("key = \"/k\", tlsa = [{list}] }}"));
        let gateway = load(&with(r#""3 1 1", "2 0 2""#)).unwrap();
        let records: Vec<_> = gateway.hosts[0].certificate.as_ref().unwrap().tlsa().collect();
        assert_eq!(records, [(3, 1, 1), (2, 0, 2)]);
        let said = faults(&with(r#""3 1 1", "4 1 1", "3 1", "3 1 x", "3 1 1 ab""#));
        assert!(said.len() == 4 && said[0].contains("`4 1 1`"), "{said:?}");
    }

    #[test]
    fn a_fault_of_form_names_what_was_expected() {
        let said = faults(&GOOD.replace("domains =", "domain ="));
        assert!(said[0].contains("unknown field `domain`, expected one of"), "{said:?}");
        assert!(faults(&GOOD.replace("smtp = 25", "smpt = 25"))[0].contains("`smpt`"));
        assert!(faults(&GOOD.replace("ed25519", "dsa"))[0].contains("rsa-2048"));
    }

    #[test]
    fn a_directory_without_the_file_is_told() {
        let error = Gateway::load(Path::new("no/such/directory")).unwrap_err();
        assert!(error.to_string().contains("gateway.toml"));
    }
}
