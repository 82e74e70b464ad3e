//! What a host needs besides its own configuration: certificate, keys, roots, resolver, way out. Each of these is one
//! of the gateway's adaptations, and in its report.

use crate::{
    StackError,
    gateway::{self, DkimPlace, Gateway},
};
use compose::KeyPair;
use container::{Addresses, File};
use std::fmt::Write;

/// The DKIM keys of the ADMDs' own filters.
#[derive(Debug)]
pub(crate) struct Keys {
    made: Vec<Key>,
}

#[derive(Debug)]
struct Key {
    place: DkimPlace,
    pem: String,
    record: String,
}

impl Keys {
    /// Makes all keys that the gateways' hosts sign with.
    pub(crate) async fn make(gateways: &[Gateway]) -> Result<Self, StackError> {
        let places: Vec<DkimPlace> = gateways.iter().flat_map(|g| &g.hosts).flat_map(|h| &h.dkim).cloned().collect();
        let make = |place: DkimPlace| {
            let der = pki::dkim_key(place.algorithm)?;
            let record = KeyPair::from_pkcs8(place.algorithm, &der)?.record(None);
            Ok(Key { place, pem: pki::pkcs8_pem(&der), record })
        };
        let made = tokio::task::spawn_blocking(move || places.into_iter().map(make).collect::<Result<_, StackError>>());
        Ok(Self { made: made.await.expect("making keys does not panic")? })
    }

    /// Places and records of the keys of one gateway.
    pub(crate) fn of<'a>(&'a self, gateway: &'a Gateway) -> impl Iterator<Item = (&'a DkimPlace, &'a str)> {
        let is_own = |key: &&Key| gateway.hosts.iter().any(|h| h.dkim.contains(&key.place));
        self.made.iter().filter(is_own).map(|key| (&key.place, key.record.as_str()))
    }
}

/// What a host is equipped with before it starts.
#[derive(Debug)]
pub(crate) struct Equipment {
    /// Everything that is uploaded.
    pub(crate) files: Vec<File>,
    /// Data of the TLSA records for its port 25, of its certificate.
    pub(crate) tlsa: Vec<String>,
}

/// Equips a host: its configuration, and what the run makes for it.
pub(crate) fn equip(host: &gateway::Host, authority: &pki::Authority, keys: &Keys) -> Result<Equipment, StackError> {
    let mut tlsa = Vec::new();
    let mut files: Vec<File> =
        host.etc.iter().map(|f| File { mode: f.mode, ..File::new(&f.path, f.contents.clone()) }).collect();
    let secret = |path: &str, text: String| File { mode: 0o600, ..File::new(path, text) };
    if let Some(place) = &host.certificate {
        let request = pki::Request { names: place.names.clone(), kind: pki::CertificateKind::Good, key: place.kind };
        let issued = authority.issue(&request)?;
        for (usage, selector, matching) in &place.tlsa {
            tlsa.push(pki::tlsa(*usage, *selector, *matching, &issued.chain)?);
        }
        files.push(File::new(&place.chain, issued.chain_pem));
        files.push(secret(&place.key, issued.key_pem));
    }
    files.extend(host.roots.iter().map(|path| File::new(path, authority.root_pem())));
    for key in keys.made.iter().filter(|key| host.dkim.contains(&key.place)) {
        files.push(secret(&key.place.path, key.pem.clone()));
    }
    Ok(Equipment { files, tlsa })
}

/// Shell commands that every host runs as root before anything else: names are asked at the pretend Internet
/// (`trust-ad` lets Postfix see that an answer was validated, RFC 4035 §3.2.3).
pub(crate) fn preparations(internet: &Addresses) -> String {
    format!("printf 'nameserver {}\\noptions edns0 trust-ad\\n' > /etc/resolv.conf\n", internet.v4)
}

/// Shell commands that remove from the directories which are whole what is not of the gateway's directory.
pub(crate) fn emptied(host: &gateway::Host) -> String {
    let certificate = host.certificate.iter().flat_map(|place| [&place.chain, &place.key]);
    let own = host
        .etc
        .iter()
        .map(|file| &file.path)
        .chain(certificate)
        .chain(&host.roots)
        .chain(host.dkim.iter().map(|key| &key.path));
    let own: Vec<&String> = own.collect();
    let quoted = |path: &str| format!("'{}'", path.replace('\'', r"'\''"));
    let mut commands = String::new();
    for directory in &host.whole {
        write!(commands, "find {} ! -type d", quoted(directory)).expect("writing to a string");
        let kept = own.iter().filter(|path| path.starts_with(&format!("{directory}/")));
        kept.for_each(|path| write!(commands, " ! -path {}", quoted(&escaped(path))).expect("writing to a string"));
        commands.push_str(" -delete\n");
    }
    commands
}

/// A path that `find -path` takes for itself alone.
fn escaped(path: &str) -> String {
    path.chars().flat_map(|c| "*?[]\\".contains(c).then_some('\\').into_iter().chain([c])).collect()
}

/// Shell commands that give keys to those who read them.
pub(crate) fn ownership(host: &gateway::Host) -> String {
    let mut commands = String::new();
    for key in host.dkim.iter().filter(|key| key.owner != "root") {
        writeln!(commands, "chown {} {}", key.owner, key.path).expect("writing to a string");
    }
    commands
}
