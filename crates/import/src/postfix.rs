//! Postfix's settings: `main.cf` with its variables, and the services of `master.cf` (postconf(5), master(5)).

use crate::{ImportError, Tree};
use plan::Daemon;
use std::collections::BTreeMap;

const MAIN: &str = "etc/postfix/main.cf";
const MASTER: &str = "etc/postfix/master.cf";

/// What is in force where main.cf says nothing, of the parameters that are looked at here.
const DEFAULTS: [(&str, &str); 17] = [
    ("alias_database", "hash:/etc/aliases"),
    ("alias_maps", "hash:/etc/aliases"),
    ("config_directory", "/etc/postfix"),
    ("command_directory", "/usr/sbin"),
    ("daemon_directory", "/usr/lib/postfix/sbin"),
    ("data_directory", "/var/lib/postfix"),
    ("home_mailbox", ""),
    ("mail_owner", "postfix"),
    ("mail_spool_directory", "/var/mail"),
    ("meta_directory", "/etc/postfix"),
    ("mydestination", "$myhostname, localhost.$mydomain, localhost"),
    ("myorigin", "$myhostname"),
    ("queue_directory", "/var/spool/postfix"),
    ("smtpd_tls_key_file", "$smtpd_tls_cert_file"),
    ("virtual_alias_maps", "$virtual_maps"),
    ("virtual_mailbox_domains", "$virtual_mailbox_maps"),
    ("virtual_alias_domains", "$virtual_alias_maps"),
];

/// A service of `master.cf`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MasterService {
    /// Its name: an address and port, or a path.
    pub(crate) name: String,
    /// `inet`, `unix`, `pass`, …
    pub(crate) kind: String,
    /// Program and arguments.
    pub(crate) command: String,
}

/// Postfix as configured.
#[derive(Debug, Clone, Default)]
pub(crate) struct Postfix {
    main: BTreeMap<String, String>,
    /// `-o` of single services: service and parameter, and its value.
    overrides: Vec<(String, String)>,
    pub(crate) services: Vec<MasterService>,
}

impl Postfix {
    /// Reads the files of an archive; what `postconf -n` said comes before `main.cf`. None, if there is no Postfix.
    ///
    /// # Errors
    /// [`ImportError::Loop`].
    pub(crate) fn read(tree: &Tree, postconf: Option<&str>) -> Result<Option<Self>, ImportError> {
        let main = tree.text(MAIN);
        if main.is_none() && postconf.is_none() {
            return Ok(None);
        }
        let lines = |text| explain::lines(Daemon::Postfix, "/etc/postfix/main.cf", text);
        let mut own = Self::default();
        for line in [main, postconf].into_iter().flatten().flat_map(lines) {
            own.main.insert(line.name, line.value);
        }
        let master = tree.text(MASTER).unwrap_or_default();
        own.services = services(master);
        let settings = explain::lines(Daemon::Postfix, "/etc/postfix/master.cf", master);
        own.overrides = settings.into_iter().map(|line| (line.name, line.value)).collect();
        for (name, value) in &own.main {
            own.expand(value, &mut vec![name.clone()])?;
        }
        Ok(Some(own))
    }

    /// The value of a parameter, variables replaced; empty, if it has none.
    pub(crate) fn get(&self, name: &str) -> String {
        // a loop was told when the file was read
        self.value(name, &mut vec![name.to_owned()]).unwrap_or_default()
    }

    /// Whether main.cf says something about it.
    pub(crate) fn says(&self, name: &str) -> bool {
        self.main.contains_key(name)
    }

    /// Every value there is, variables replaced, with the name of its parameter; those of services too.
    pub(crate) fn values(&self) -> Vec<(String, String)> {
        let services = self.overrides.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let main = self.main.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let defaults = DEFAULTS.iter().filter(|(name, _)| !self.main.contains_key(*name)).copied();
        let value = |value: &str| self.expand(value, &mut Vec::new()).unwrap_or_default();
        let all = main.chain(services).chain(defaults);
        all.map(|(name, text)| (name.to_owned(), value(text))).collect()
    }

    fn value(&self, name: &str, chain: &mut Vec<String>) -> Result<String, ImportError> {
        let default = || DEFAULTS.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
        match self.main.get(name).map(String::as_str).or_else(default) {
            Some(value) => self.expand(value, chain),
            None if name == "mydomain" => {
                let host = self.named("myhostname", chain)?;
                Ok(host.split_once('.').map_or_else(|| "localdomain".to_owned(), |(_, domain)| domain.to_owned()))
            }
            None => Ok(String::new()),
        }
    }

    /// `$name`, `${name}`, `$(name)`, and `${name?text}` and `${name:text}` by whether it has a value; `$$` is one dollar.
    fn expand(&self, text: &str, chain: &mut Vec<String>) -> Result<String, ImportError> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            let (inner, behind) = match rest.chars().next() {
                Some('$') => {
                    out.push('$');
                    rest = &rest[1..];
                    continue;
                }
                Some(open @ ('{' | '(')) => {
                    let Some(end) = matching(rest, open) else { break };
                    (&rest[1..end], &rest[end + 1..])
                }
                _ => {
                    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
                    (&rest[..end], &rest[end..])
                }
            };
            rest = behind;
            let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(inner.len());
            let (name, what) = inner.split_at(end);
            if name.is_empty() {
                continue;
            }
            let value = self.named(name, chain)?;
            match what.chars().next() {
                None => out.push_str(&value),
                Some('?') => {
                    let (yes, no) = branches(&what[1..]);
                    out.push_str(&self.expand(if value.is_empty() { no } else { yes }, chain)?);
                }
                Some(':') if value.is_empty() => out.push_str(&self.expand(braceless(&what[1..]), chain)?),
                Some(':') => out.push_str(&value),
                // a comparison: nothing that is looked at here has one
                Some(_) => {}
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn named(&self, name: &str, chain: &mut Vec<String>) -> Result<String, ImportError> {
        if let Some(from) = chain.iter().position(|own| own == name) {
            let mut round: Vec<String> = chain[from..].iter().map(|name| format!("${name}")).collect();
            round.push(format!("${name}"));
            return Err(ImportError::Loop { chain: round });
        }
        chain.push(name.to_owned());
        let value = self.value(name, chain);
        chain.pop();
        value
    }
}

/// Where the bracket at the beginning of the text closes.
fn matching(text: &str, open: char) -> Option<usize> {
    let close = if open == '{' { '}' } else { ')' };
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        depth += i32::from(c == open) - i32::from(c == close);
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// What stands behind `?`: a text, or two in braces with a colon between them.
fn branches(text: &str) -> (&str, &str) {
    match text.starts_with('{').then(|| matching(text, '{')).flatten() {
        Some(end) => (&text[1..end], braceless(text[end + 1..].trim_start_matches(':'))),
        None => (text, ""),
    }
}

fn braceless(text: &str) -> &str {
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text)
}

fn services(text: &str) -> Vec<MasterService> {
    let mut lines: Vec<String> = Vec::new();
    for raw in text.lines() {
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match lines.last_mut() {
            Some(last) if raw.starts_with([' ', '\t']) => last.push_str(&format!(" {line}")),
            _ => lines.push(line.to_owned()),
        }
    }
    let service = |line: String| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [name, kind, _, _, _, _, _, command @ ..] = words.as_slice() else { return None };
        Some(MasterService { name: (*name).to_owned(), kind: (*kind).to_owned(), command: command.join(" ") })
    };
    lines.into_iter().filter_map(service).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postfix(main: &str) -> Result<Postfix, ImportError> {
        let mut tree = Tree::default();
        tree.put(MAIN, main);
        Ok(Postfix::read(&tree, None)?.unwrap())
    }

    #[test]
    fn variables_have_their_values() {
        let own = postfix(
            "myhostname = mx.club.example\nd = $mydomain\nx = ${d}/$(d) $$5\ny = ${d?yes}${no:{none}} ${no?{a}:{b}}\n",
        )
        .unwrap();
        assert_eq!(own.get("d"), "club.example");
        assert_eq!(own.get("x"), "club.example/club.example $5");
        assert_eq!(own.get("y"), "yesnone b");
        assert_eq!(own.get("mydestination"), "mx.club.example, localhost.club.example, localhost");
    }

    #[test]
    fn a_loop_is_told_with_the_way_round() {
        let error = postfix("a = $b\nb = ${c}\nc = x$a\n").unwrap_err();
        assert_eq!(error.to_string(), "main.cf has a loop: $a -> $b -> $c -> $a");
        assert!(postfix("myhostname = mx.$mydomain\n").unwrap_err().to_string().contains("$mydomain -> $myhostname"));
    }

    #[test]
    fn what_postconf_says_is_in_force() {
        let mut tree = Tree::default();
        tree.put(MAIN, "myhostname = old.example\nbiff = no\n");
        let own = Postfix::read(&tree, Some("myhostname = new.example\n")).unwrap().unwrap();
        assert_eq!((own.get("myhostname"), own.get("biff")), ("new.example".to_owned(), "no".to_owned()));
        assert!(Postfix::read(&Tree::default(), None).unwrap().is_none());
    }

    #[test]
    fn services_are_read_with_their_arguments() {
        let found =
            services("# smtp\nsmtp inet n - y - - smtpd\n  -o a=b\npolicy unix - n n - 0 spawn\n  user=x argv=/y\n");
        assert_eq!(found[0].command, "smtpd -o a=b");
        assert_eq!((found[1].name.as_str(), found[1].command.as_str()), ("policy", "spawn user=x argv=/y"));
    }
}
