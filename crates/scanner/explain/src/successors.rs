//! Settings of Dovecot 2.3 that Dovecot 2.4 refuses to start with, and what stands for them there.

use crate::Line;
use plan::{Daemon, setting_path};

/// What becomes of a value.
#[derive(Clone, Copy)]
enum Value {
    /// It stays.
    Same,
    /// The file is named, and no longer read in with `<`.
    File,
    /// yes is no, and no is yes.
    Opposite,
}

/// Settings that have another name. Each was seen refused under the old name and taken under the new one by 2.4.1.
const RENAMED: [(&str, &str, Value); 9] = [
    ("ssl_cert", "ssl_server_cert_file", Value::File),
    ("ssl_key", "ssl_server_key_file", Value::File),
    ("ssl_alt_cert", "ssl_server_alt_cert_file", Value::File),
    ("ssl_alt_key", "ssl_server_alt_key_file", Value::File),
    ("ssl_key_password", "ssl_server_key_password", Value::Same),
    ("ssl_dh", "ssl_server_dh_file", Value::File),
    ("ssl_ca", "ssl_server_ca_file", Value::File),
    ("ssl_verify_client_cert", "ssl_server_request_client_cert", Value::Same),
    ("disable_plaintext_auth", "auth_allow_cleartext", Value::Opposite),
];

/// What stands in Dovecot 2.4 for a setting of 2.3 with which it does not start, line by line; nothing stands for one that it just
/// does without. `None`: it is no such setting, as far as is known.
#[must_use]
pub fn successor(line: &Line) -> Option<Vec<String>> {
    if line.daemon != Daemon::Dovecot {
        return None;
    }
    let (blocks, own) = setting_path(&line.name);
    let value = line.value.as_str();
    if let ["passdb" | "userdb"] = blocks.as_slice() {
        let database = blocks[0];
        return match own {
            "driver" => Some(vec![format!("{database} {value} {{ … }}")]),
            _ => None,
        };
    }
    if let Some((_, name, becomes)) = RENAMED.iter().find(|(old, ..)| *old == own) {
        let value = match becomes {
            Value::Same => value,
            Value::File => value.trim_start_matches('<').trim_start(),
            Value::Opposite if value == "yes" => "no",
            Value::Opposite => "yes",
        };
        return Some(vec![format!("{name} = {value}")]);
    }
    match own {
        "ssl_prefer_server_ciphers" => {
            let whose = if value == "yes" { "server" } else { "client" };
            Some(vec![format!("ssl_server_prefer_ciphers = {whose}")])
        }
        "ssl_dh_parameters_length" => Some(Vec::new()),
        "ssl_protocols" => Some(vec![format!("ssl_min_protocol = {}", oldest(value))]),
        "mail_location" => Some(location(value)),
        _ => None,
    }
}

/// The oldest version that a list of versions, or of those that are excluded, leaves.
fn oldest(list: &str) -> &'static str {
    const VERSIONS: [&str; 4] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];
    let words: Vec<&str> = list.split([' ', ',']).filter(|word| !word.is_empty()).collect();
    let names_any = words.iter().any(|word| !word.starts_with('!'));
    let is_left = |version: &&str| match names_any {
        true => words.contains(version),
        false => !words.iter().any(|word| word.strip_prefix('!') == Some(*version)),
    };
    VERSIONS.into_iter().find(is_left).unwrap_or("TLSv1.2")
}

/// `mbox:~/mail:INBOX=/var/mail/%u`, in settings of its parts.
fn location(value: &str) -> Vec<String> {
    let mut parts = value.split(':');
    let driver = parts.next().unwrap_or_default();
    let mut lines = vec![format!("mail_driver = {driver}")];
    lines.extend(parts.next().map(|path| format!("mail_path = {}", variables(path))));
    for part in parts {
        let (key, path) = part.split_once('=').unwrap_or((part, ""));
        let name = match key {
            "INBOX" => "mail_inbox_path",
            "INDEX" => "mail_index_path",
            "CONTROL" => "mail_control_path",
            "LAYOUT" => "mailbox_list_layout",
            _ => continue,
        };
        lines.push(format!("{name} = {}", variables(path)));
    }
    lines
}

/// Variables as 2.4 writes them.
fn variables(text: &str) -> String {
    [("%u", "%{user}"), ("%n", "%{user | username}"), ("%d", "%{user | domain}"), ("%h", "%{home}")]
        .iter()
        .fold(text.to_owned(), |text, (old, new)| text.replace(old, new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, value: &str) -> Option<Vec<String>> {
        let (name, value) = (name.to_owned(), value.to_owned());
        successor(&Line { daemon: Daemon::Dovecot, number: 1, name, value })
    }

    fn one(name: &str, value: &str) -> String {
        of(name, value).unwrap().join("; ")
    }

    #[test]
    fn what_2_4_refuses_has_a_successor() {
        assert_eq!(one("ssl_cert", "</etc/ssl/a.pem"), "ssl_server_cert_file = /etc/ssl/a.pem");
        assert_eq!(one("ssl_key", "< /a.key"), "ssl_server_key_file = /a.key");
        assert_eq!(one("disable_plaintext_auth", "yes"), "auth_allow_cleartext = no");
        assert_eq!(one("ssl_prefer_server_ciphers", "yes"), "ssl_server_prefer_ciphers = server");
        assert_eq!(one("ssl_protocols", "!SSLv2 !SSLv3"), "ssl_min_protocol = TLSv1");
        assert_eq!(one("ssl_protocols", "TLSv1.2 TLSv1.1"), "ssl_min_protocol = TLSv1.1");
        assert_eq!(one("passdb/driver", "pam"), "passdb pam { … }");
        assert_eq!(of("ssl_dh_parameters_length", "4096"), Some(Vec::new()));
        assert_eq!(
            one("mail_location", "mbox:~/mail:INBOX=/var/mail/%u"),
            "mail_driver = mbox; mail_path = ~/mail; mail_inbox_path = /var/mail/%{user}"
        );
    }

    #[test]
    fn what_2_4_takes_has_none() {
        for (name, value) in
            [("ssl", "required"), ("ssl_min_protocol", "TLSv1.2"), ("service auth/unix_listener a/mode", "0660")]
        {
            assert_eq!(of(name, value), None, "{name}");
        }
    }
}
