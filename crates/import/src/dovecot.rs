//! Dovecot's settings, 2.3 and 2.4: what `doveconf -n` said, or its files with what they include.

use crate::Tree;
use plan::{Daemon, setting_path};
use std::collections::BTreeMap;

const MAIN: &str = "etc/dovecot/dovecot.conf";
/// Files that include each other.
const DEEPEST: usize = 16;

/// Dovecot as configured: settings by their path, blocks included (`service imap-login/inet_listener imaps/port`).
#[derive(Debug, Clone, Default)]
pub(crate) struct Dovecot {
    settings: Vec<(String, String)>,
}

impl Dovecot {
    /// Reads the files of an archive, or what `doveconf -n` said, which hides the paths of keys. None, if there is no Dovecot.
    pub(crate) fn read(tree: &Tree, doveconf: Option<&str>) -> Option<Self> {
        let settings = |text: &str| {
            let lines = explain::lines(Daemon::Dovecot, "/etc/dovecot/dovecot.conf", text);
            lines.into_iter().map(|line| (line.name, line.value)).collect::<Vec<_>>()
        };
        let of_files = || {
            let mut all = settings(&whole(tree, MAIN, 0)?);
            if !all.iter().any(|(name, _)| name == "protocols") {
                // each package of Debian's brings its own, outside of /etc
                let is_there = |name: &&str| tree.has(&format!("etc/dovecot/conf.d/20-{name}.conf"));
                let own = ["imap", "pop3", "lmtp", "submission", "managesieve"].into_iter().filter(is_there);
                let own: Vec<&str> = own.map(|name| if name == "managesieve" { "sieve" } else { name }).collect();
                let is_known = !own.is_empty();
                all.extend(is_known.then(|| ("protocols".to_owned(), own.join(" "))));
            }
            Some(all)
        };
        let Some(said) = doveconf else { return Some(Self { settings: of_files()? }) };
        let own = of_files().unwrap_or_default();
        // the comment that says so is none to who reads it
        let is_hidden = |line: &&str| line.contains("# hidden, use -P to show it");
        let mut all = settings(said);
        let hidden = said.lines().filter(is_hidden).filter_map(|line| Some(line.split_once('=')?.0.trim()));
        for name in hidden {
            all.retain(|(path, value)| path.rsplit('/').next() != Some(name) || !value.is_empty());
            all.extend(own.iter().filter(|(path, _)| path.rsplit('/').next() == Some(name)).cloned());
        }
        Some(Self { settings: all })
    }

    /// The last value of a setting outside of all blocks; of 2.4's short and long names the one that stands.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.settings.iter().rfind(|(own, _)| own == name).map(|(_, value)| unquoted(value))
    }

    /// All settings, with the path of their blocks.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings.iter().map(|(name, value)| (name.as_str(), unquoted(value)))
    }

    /// The settings of each block whose head begins with this word, with the path of the block. A setting that stands there again
    /// begins another block of the same head.
    pub(crate) fn blocks(&self, word: &str) -> Vec<(String, BTreeMap<String, String>)> {
        let mut found: Vec<(String, BTreeMap<String, String>)> = Vec::new();
        for (path, value) in self.all() {
            let (blocks, _) = setting_path(path);
            let Some(at) = blocks.iter().position(|block| block.split(' ').next() == Some(word)) else { continue };
            let head = blocks[..=at].join("/");
            let own = path[head.len() + 1..].to_owned();
            match found.last_mut() {
                Some((last, settings)) if *last == head && !settings.contains_key(&own) => {
                    settings.insert(own, value.to_owned());
                }
                _ => found.push((head, BTreeMap::from([(own, value.to_owned())]))),
            }
        }
        found
    }

    /// Scripts and programs that it runs, that lie neither in /etc nor where its packages put their own.
    pub(crate) fn outside(&self) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for (path, value) in self.all() {
            let (blocks, own) = setting_path(path);
            let is_script =
                ["sieve_before", "sieve_after", "sieve_default", "imapsieve_"].iter().any(|kind| own.starts_with(kind))
                    || blocks.last().is_some_and(|block| block.starts_with("sieve_script ")) && own.ends_with("path");
            let named = match own {
                "executable" => value.split_whitespace().find(|word| word.starts_with('/')),
                _ if is_script => value.strip_prefix("file:").unwrap_or(value).split(';').next(),
                _ => None,
            };
            let is_own = |path: &&str| {
                let is_of_package = own == "executable"
                    && ["/usr/lib/dovecot/", "/usr/libexec/dovecot/"].iter().any(|d| path.starts_with(d));
                path.starts_with('/')
                    && !path.starts_with("/etc/")
                    && !path.contains(['%', '"', '\'', ' '])
                    && !is_of_package
            };
            found.extend(named.filter(is_own).map(str::to_owned));
        }
        found.sort();
        found.dedup();
        found
    }

    /// The protocols that it serves.
    pub(crate) fn protocols(&self) -> Vec<&str> {
        self.get("protocols").unwrap_or("imap").split_whitespace().collect()
    }

    /// TCP ports on which it listens for others than the host itself, in order.
    pub(crate) fn ports(&self) -> Vec<u16> {
        let mut ports: BTreeMap<String, u16> = BTreeMap::new();
        let protocols = self.protocols();
        for (protocol, service, listener, port) in [
            ("imap", "imap-login", "imap", 143),
            ("imap", "imap-login", "imaps", 993),
            ("pop3", "pop3-login", "pop3", 110),
            ("pop3", "pop3-login", "pop3s", 995),
            ("sieve", "managesieve-login", "sieve", 4190),
            ("submission", "submission-login", "submission", 587),
            ("submission", "submission-login", "submissions", 465),
        ] {
            if protocols.contains(&protocol) {
                ports.insert(format!("service {service}/inet_listener {listener}"), port);
            }
        }
        for (head, settings) in self.blocks("inet_listener") {
            let is_own = |service: &str, protocol: &str| {
                !head.starts_with(&format!("service {service}/")) || protocols.contains(&protocol)
            };
            let is_served = is_own("imap-login", "imap")
                && is_own("pop3-login", "pop3")
                && is_own("managesieve-login", "sieve")
                && is_own("submission-login", "submission")
                && is_own("lmtp", "lmtp");
            let is_local = ["address", "listen"].iter().filter_map(|key| settings.get(*key)).any(|address| {
                address.split([' ', ',']).all(|a| a.starts_with("127.") || matches!(a, "::1" | "localhost" | ""))
            });
            match settings.get("port").and_then(|port| port.parse().ok()) {
                Some(0) => drop(ports.remove(&head)),
                Some(_) if is_local || !is_served => drop(ports.remove(&head)),
                Some(port) => drop(ports.insert(head, port)),
                None if is_local => drop(ports.remove(&head)),
                None => {}
            }
        }
        let mut ports: Vec<u16> = ports.into_values().collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Certificates with their keys: `ssl_cert = </path` of 2.3, `ssl_server_cert_file` of 2.4; also those of single names.
    pub(crate) fn certificates(&self) -> Vec<(String, String)> {
        if self.get("ssl") == Some("no") {
            return Vec::new();
        }
        let mut found: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
        for (path, value) in self.all() {
            let (blocks, own) = setting_path(path);
            let own = if blocks.last() == Some(&"ssl_server") { format!("ssl_server_{own}") } else { own.to_owned() };
            let head = blocks.into_iter().filter(|block| *block != "ssl_server").collect::<Vec<_>>().join("/");
            let file = value.trim_start_matches('<').trim().to_owned();
            match own.as_str() {
                "ssl_cert" | "ssl_server_cert_file" | "ssl_cert_file" => found.entry(head).or_default().0 = Some(file),
                "ssl_key" | "ssl_server_key_file" | "ssl_key_file" => found.entry(head).or_default().1 = Some(file),
                _ => {}
            }
        }
        found
            .into_values()
            .filter_map(|(chain, key)| Some((chain?, key?)))
            .filter(|(c, k)| is_path(c) && is_path(k))
            .collect()
    }
}

fn is_path(text: &str) -> bool {
    text.starts_with('/') && text.len() > 1
}

fn unquoted(value: &str) -> &str {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.or_else(|| value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''))).unwrap_or(value)
}

/// A file with the files that it includes, in their places.
fn whole(tree: &Tree, path: &str, depth: usize) -> Option<String> {
    let text = tree.text(path)?;
    let mut out = String::new();
    for line in text.lines() {
        let word = line.trim();
        let included = ["!include_try ", "!include "].iter().find_map(|word_| word.strip_prefix(word_));
        match included.filter(|_| depth < DEEPEST) {
            Some(pattern) => {
                for file in matches(tree, path, pattern.trim()) {
                    out.push_str(&whole(tree, &file, depth + 1).unwrap_or_default());
                }
            }
            None => {
                out.push_str(line);
                out.push('\n');
            }
        }
    }
    Some(out)
}

/// Files that a pattern means, `*` in its last part; sorted.
fn matches(tree: &Tree, from: &str, pattern: &str) -> Vec<String> {
    let directory = from.rsplit_once('/').map_or("", |(directory, _)| directory);
    let whole = match pattern.strip_prefix('/') {
        Some(path) => path.to_owned(),
        None => format!("{directory}/{pattern}"),
    };
    let Some((directory, name)) = whole.rsplit_once('/') else { return Vec::new() };
    let Some((before, behind)) = name.split_once('*') else { return vec![whole] };
    let is_it = |path: &str| {
        let own = path.strip_prefix(directory).and_then(|own| own.strip_prefix('/'));
        own.is_some_and(|own| !own.contains('/') && own.starts_with(before) && own.ends_with(behind))
    };
    tree.below(directory).map(|(path, _)| path.to_owned()).filter(|path| is_it(path)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dovecot(files: &[(&str, &str)]) -> Dovecot {
        let mut tree = Tree::default();
        files.iter().for_each(|(path, text)| tree.put(&format!("etc/dovecot/{path}"), text));
        Dovecot::read(&tree, None).unwrap()
    }

    #[test]
    fn files_are_included_in_their_places_and_what_is_gone_is_gone() {
        let own = dovecot(&[
            ("dovecot.conf", "!include conf.d/*.conf\n!include_try local.conf\n!include_try gone.conf\nz = last\n"),
            ("conf.d/10-a.conf", "a = 1\nz = first\n"),
            ("conf.d/20-b.conf", "b = \"2 3\"\n"),
            ("conf.d/20-b.conf.ext", "b = 4\n"),
            ("local.conf", "a = 5\n"),
        ]);
        assert_eq!((own.get("a"), own.get("b"), own.get("z")), (Some("5"), Some("2 3"), Some("last")));
        let round = dovecot(&[("dovecot.conf", "a = 1\n!include dovecot.conf\n")]);
        assert_eq!(round.get("a"), Some("1"));
    }

    #[test]
    fn protocols_are_those_of_the_packages_if_nothing_is_said() {
        let own = dovecot(&[("dovecot.conf", ""), ("conf.d/20-pop3.conf", ""), ("conf.d/20-managesieve.conf", "")]);
        assert_eq!(own.ports(), [110, 995, 4190]);
    }

    #[test]
    fn ports_are_those_of_its_protocols_and_listeners() {
        let own = "protocols = imap lmtp\nservice imap-login {\n inet_listener imap {\n port = 0\n}\n}\n\
            service auth {\n inet_listener sasl {\n port = 12345\n}\n}\nservice lmtp {\n inet_listener l {\n address = 127.0.0.1\n port = 24\n}\n}\n\
            service pop3-login {\n inet_listener pop3 {\n port = 110\n}\n}\n";
        assert_eq!(dovecot(&[("dovecot.conf", own)]).ports(), [993, 12345]);
        assert_eq!(dovecot(&[("dovecot.conf", "")]).ports(), [143, 993]);
    }

    #[test]
    fn what_doveconf_hides_is_read_in_the_files() {
        let mut tree = Tree::default();
        tree.put(MAIN, "ssl_key = </k.pem\nprotocols = pop3\n");
        let said = "protocols = imap\nssl_cert = </c.pem\nssl_key = # hidden, use -P to show it\npassdb {\n driver = pam\n}\npassdb {\n driver = sql\n args = /x\n}\n";
        let own = Dovecot::read(&tree, Some(said)).unwrap();
        assert_eq!(own.certificates(), [("/c.pem".to_owned(), "/k.pem".to_owned())]);
        assert_eq!(own.protocols(), ["imap"]);
        let drivers: Vec<String> = own.blocks("passdb").into_iter().map(|(_, block)| block["driver"].clone()).collect();
        assert_eq!(drivers, ["pam", "sql"]);
    }

    #[test]
    fn certificates_of_both_versions() {
        let old = dovecot(&[("dovecot.conf", "ssl_cert = </c.pem\nssl_key = </k.pem\n")]);
        let new = dovecot(&[("dovecot.conf", "ssl_server {\n cert_file = /c.pem\n key_file = /k.pem\n}\n")]);
        let both = [("/c.pem".to_owned(), "/k.pem".to_owned())];
        assert_eq!((old.certificates(), new.certificates()), (both.to_vec(), both.to_vec()));
        assert!(dovecot(&[("dovecot.conf", "ssl = no\nssl_cert = </c\nssl_key = </k\n")]).certificates().is_empty());
    }
}
