//! Where certificates, and the roots that are trusted, are expected. Certificates are made for the run; of those on the server only
//! names and kind of key are looked at.

use crate::{
    Tree,
    draft::{Certificate, Draft, Machine, Notes},
    tables::quoted,
};
use std::collections::BTreeSet;
use x509_parser::{extensions::GeneralName, pem::Pem, public_key::PublicKey};

/// Where chain and key of a host with a single file for both are put first.
const CHAIN: &str = "/etc/ssl/certs/mailproof-chain.pem";
const KEY: &str = "/etc/ssl/private/mailproof-key.pem";
/// Where the root lies that Postfix finds by a hash of its name.
const ROOT: &str = "/etc/ssl/certs/mailproof-root.pem";

/// Adds the host's certificate, its further places, and its roots.
pub(crate) fn add(machine: &Machine, draft: &mut Draft, notes: &mut Notes) {
    let pairs = pairs(machine);
    if let Some((chain, key)) = pairs.first() {
        let is_one_file = chain == key;
        let (names, kind) = look(&machine.tree, chain);
        let (first_chain, first_key) =
            if is_one_file { (CHAIN.into(), KEY.into()) } else { (chain.clone(), key.clone()) };
        if names.iter().any(|name| *name != draft.name) {
            notes
                .changed
                .insert(format!("The certificate at {chain} is of {}: so is the one of the run.", names.join(", ")));
        }
        draft.certificate = Some(Certificate { chain: first_chain, key: first_key, names, kind, tlsa: Vec::new() });
    }
    if let Some(Certificate { chain: own, key: own_key, .. }) = draft.certificate.clone() {
        let mut made = BTreeSet::from([own.clone(), own_key.clone()]);
        for (chain, key) in &pairs {
            let places = if chain == key {
                vec![(chain, format!("cat {own_key} {own} >"))]
            } else {
                vec![(chain, format!("ln -sfn {own}")), (key, format!("ln -sfn {own_key}"))]
            };
            for (place, command) in places {
                if made.insert(place.clone()) {
                    let directory = quoted(place.rsplit_once('/').map_or("/", |(directory, _)| directory));
                    draft.setup.push(format!("mkdir -p {directory}; {command} {}", quoted(place)));
                }
            }
        }
    }
    let Some(postfix) = &machine.postfix else { return };
    for parameter in ["smtp_tls_CAfile", "smtpd_tls_CAfile"] {
        let path = postfix.get(parameter);
        if path.starts_with('/') && !pairs.iter().any(|(chain, _)| *chain == path) {
            draft.roots.insert(path);
        }
    }
    for parameter in ["smtp_tls_CApath", "smtpd_tls_CApath"] {
        let path = postfix.get(parameter);
        if path.starts_with('/') && path.trim_end_matches('/') == "/etc/ssl/certs" {
            draft.roots.insert(ROOT.to_owned());
            draft.packages.insert("openssl".to_owned());
            draft.setup.push("openssl rehash /etc/ssl/certs".to_owned());
            break;
        }
    }
}

/// Chains with their keys: Postfix's first, each once.
fn pairs(machine: &Machine) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    if let Some(postfix) = &machine.postfix {
        let values = postfix.values();
        let named = |wanted: &str| {
            let is_it = move |(name, _): &&(String, String)| name.rsplit('/').next() == Some(wanted);
            values.iter().filter(is_it).map(|(_, value)| value.clone()).collect::<Vec<_>>()
        };
        for value in named("smtpd_tls_chain_files") {
            let files: Vec<String> =
                value.split([' ', ',', '\t']).filter(|word| word.starts_with('/')).map(str::to_owned).collect();
            // a key stands before its chain; a file with both stands alone
            match files.as_slice() {
                [one] => found.push((one.clone(), one.clone())),
                [key, chain, ..] => found.push((chain.clone(), key.clone())),
                [] => {}
            }
        }
        for (chain, key) in
            [("smtpd_tls_cert_file", "smtpd_tls_key_file"), ("smtpd_tls_eccert_file", "smtpd_tls_eckey_file")]
        {
            for value in named(chain).into_iter().filter(|value| value.starts_with('/')) {
                let own = named(key).into_iter().find(|key| key.starts_with('/'));
                found.push((value.clone(), own.unwrap_or(value)));
            }
        }
    }
    found.extend(machine.dovecot.iter().flat_map(|dovecot| dovecot.certificates()));
    let mut seen = BTreeSet::new();
    found.retain(|pair| seen.insert(pair.clone()));
    found
}

/// DNS names and kind of key of the first certificate in a file.
fn look(tree: &Tree, path: &str) -> (Vec<String>, Option<&'static str>) {
    let look = || {
        let pem =
            Pem::iter_from_buffer(tree.octets(path)?).filter_map(Result::ok).find(|pem| pem.label == "CERTIFICATE")?;
        let certificate = pem.parse_x509().ok()?;
        let alternative = certificate.subject_alternative_name().ok().flatten();
        let names = alternative.iter().flat_map(|names| &names.value.general_names).filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        });
        let kind = match certificate.public_key().parsed() {
            Ok(PublicKey::RSA(key)) if key.key_size() > 3072 => Some("rsa4096"),
            Ok(PublicKey::RSA(_)) => Some("rsa2048"),
            Ok(PublicKey::EC(point)) => Some(if point.key_size() > 256 { "p384" } else { "p256" }),
            _ if certificate.public_key().algorithm.algorithm.to_id_string() == "1.3.101.112" => Some("ed25519"),
            _ => None,
        };
        Some((names.collect::<Vec<_>>(), kind))
    };
    look().unwrap_or_default()
}
