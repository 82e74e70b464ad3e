//! The files of Dovecot, 2.3 and 2.4, as its config parser reads them: settings, blocks, inclusions; read, set, and taken out.

use crate::Line;
use plan::{Daemon, setting_path};
use std::ops::Range;

/// What one logical line of a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Statement {
    /// `name = value`; the name has the path of its blocks before it.
    Setting { name: String, value: String },
    /// `kind name {`
    Open(String),
    /// `}`
    Close,
    /// `!include` or `!include_try`, or what Dovecot itself would not read.
    Other,
}

/// A logical line: what it is, and the lines on which it stands.
#[derive(Debug)]
struct Logical {
    statement: Statement,
    /// Its first line in the file, from 1.
    number: usize,
    /// Its octets, with the ends of its lines; comments between its parts are among them.
    octets: Range<usize>,
}

/// The settings of a file. One in braces has the path of its blocks before its name.
pub(crate) fn dovecot(text: &str) -> Vec<Line> {
    let settings = statements(text).into_iter().filter_map(|Logical { statement, number, .. }| match statement {
        Statement::Setting { name, value } => Some(Line { daemon: Daemon::Dovecot, number, name, value }),
        _ => None,
    });
    settings.collect()
}

/// A file of Dovecot without a setting, which is called by the path of its blocks and its name. What stands in other blocks, or in
/// none, has its last name in common only.
#[must_use]
pub fn without_dovecot_setting(text: &str, setting: &str) -> String {
    let mut rest = String::new();
    let mut from = 0;
    for Logical { statement, octets, .. } in statements(text) {
        if matches!(statement, Statement::Setting { name, .. } if name == setting) {
            rest.push_str(&text[from..octets.start]);
            from = octets.end;
        }
    }
    rest.push_str(&text[from..]);
    rest
}

/// A file of Dovecot with a setting at its end, in its blocks: `protocol imap/ssl` is `ssl` in `protocol imap { }`. Of a name that
/// stands twice the last line counts. A path without names of blocks is Dovecot's own way to write one.
#[must_use]
pub fn with_dovecot_setting(text: &str, setting: &str, value: &str) -> String {
    let (blocks, own) = if setting.contains(' ') { setting_path(setting) } else { (Vec::new(), setting) };
    let heads = blocks.iter().map(|block| match block.split_once(' ') {
        Some((kind, name)) if name.contains(' ') => format!("{kind} \"{name}\" {{\n"),
        _ => format!("{block} {{\n"),
    });
    format!("{text}\n{}{own} = {value}\n{}", heads.collect::<String>(), "}\n".repeat(blocks.len()))
}

/// The logical lines of a file, comments and empty lines aside.
fn statements(text: &str) -> Vec<Logical> {
    let mut found = Vec::new();
    let mut blocks: Vec<String> = Vec::new();
    let (mut number, mut start, mut end, mut joined) = (1, 0, 0, String::new());
    for (at, raw) in text.split_inclusive('\n').enumerate() {
        let begin = end;
        end += raw.len();
        let part = uncommented(raw).trim();
        if part.is_empty() {
            continue;
        }
        if joined.is_empty() {
            (number, start) = (at + 1, begin);
        }
        if let Some(part) = part.strip_suffix('\\') {
            joined.push_str(part.trim_end());
            joined.push(' ');
            continue;
        }
        joined.push_str(part);
        let statement = statement(&std::mem::take(&mut joined), &blocks);
        match &statement {
            Statement::Open(block) => blocks.push(block.clone()),
            Statement::Close => drop(blocks.pop()),
            Statement::Setting { .. } | Statement::Other => {}
        }
        found.push(Logical { statement, number, octets: start..end });
    }
    found
}

fn statement(line: &str, blocks: &[String]) -> Statement {
    if let Some((name, value)) = setting(line) {
        let path: String = blocks.iter().map(|block| format!("{block}/")).collect();
        return Statement::Setting { name: format!("{path}{name}"), value: value.to_owned() };
    }
    match line.strip_suffix('{') {
        Some(head) => Statement::Open(block(head)),
        None if line == "}" => Statement::Close,
        None => Statement::Other,
    }
}

/// A name ends at white space or at `=`: what has a `{` behind it and no `=` at once is the head of a block.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    (!name.is_empty() && !name.contains([' ', '\t'])).then(|| (name, value.trim()))
}

/// The head of a block, in one way of those in which it can be written: `local_name a.example`.
fn block(head: &str) -> String {
    head.replace('"', "").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A line without its comment: `#` that is not in quotes begins one, with white space before it or without.
fn uncommented(line: &str) -> &str {
    let mut quote = None;
    let mut is_escaped = false;
    for (at, c) in line.char_indices() {
        match quote {
            Some(_) if is_escaped => is_escaped = false,
            Some(_) if c == '\\' => is_escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if c == '#' => return &line[..at],
            None if c == '"' || c == '\'' => quote = Some(c),
            None => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn settings(text: &str) -> Vec<String> {
        dovecot(text).into_iter().map(|l| format!("{}: {} = {}", l.number, l.name, l.value)).collect()
    }

    #[test]
    fn a_setting_in_braces_has_the_path_of_its_blocks() {
        let text = "ssl = required\nservice imap-login {\n  inet_listener  imaps { # why\n    ssl=yes\n  }\n  chroot =\n}\n\
                    local_name \"a.example\" {\n  ssl_server {\n    cert_file = /a.pem\n  }\n}\nssl_min_protocol = TLSv1.2 # why\n";
        assert_eq!(
            settings(text),
            [
                "1: ssl = required",
                "4: service imap-login/inet_listener imaps/ssl = yes",
                "6: service imap-login/chroot = ",
                "10: local_name a.example/ssl_server/cert_file = /a.pem",
                "13: ssl_min_protocol = TLSv1.2",
            ]
        );
    }

    #[test]
    fn files_of_2_3_and_2_4_are_read() {
        let old = "!include_try /usr/share/dovecot/protocols.d/*.protocol\nssl_cert = </etc/ssl/a.pem\nuserdb {\n  driver = static\n}\n\
                   !include conf.d/*.conf\n";
        assert_eq!(settings(old), ["2: ssl_cert = </etc/ssl/a.pem", "4: userdb/driver = static"]);
        let new = "dovecot_config_version = 2.4.1\npassdb passwd-file {\n  passwd_file_path = /etc/dovecot/users\n}\n\
                   service lmtp {\n  unix_listener /var/spool/postfix/private/lmtp {\n    mode = 0600\n  }\n}\nssl_server {\n  prefer_ciphers = server\n}\n";
        assert_eq!(
            settings(new),
            [
                "1: dovecot_config_version = 2.4.1",
                "3: passdb passwd-file/passwd_file_path = /etc/dovecot/users",
                "7: service lmtp/unix_listener /var/spool/postfix/private/lmtp/mode = 0600",
                "11: ssl_server/prefer_ciphers = server",
            ]
        );
    }

    #[test]
    fn what_looks_like_a_brace_in_a_value_or_a_comment_is_none() {
        let text =
            "# service x {\na = {\nb = \"x # y {\" # }\nc = 'it # is'# z\nservice x { # }\n  # }\n  d = 1\n}\ne = 2\n";
        assert_eq!(
            settings(text),
            ["2: a = {", "3: b = \"x # y {\"", "4: c = 'it # is'", "7: service x/d = 1", "9: e = 2"]
        );
    }

    #[test]
    fn a_line_goes_on_behind_a_backslash() {
        let text = "ssl_cipher_list = A: \\\n  !B\nservice \\\n  x {\n  ssl = no\n}\n";
        assert_eq!(settings(text), ["1: ssl_cipher_list = A: !B", "5: service x/ssl = no"]);
    }

    #[test]
    fn exactly_one_setting_is_taken_out() {
        const FILE: &str = "# ssl = x {\nssl = yes # why\nservice imap-login {\n  inet_listener \"imaps\" { # a {\n    ssl = yes\n  }\n\n\
                            \tinet_listener  pop3s {\n    ssl=yes\n  }\n}\na = {\nb = 'x # {' # }\nc = A: \\\n  !B\nlocal 192.0.2.0/24 {\n  \
                            ssl = no\n}\nend = 1\n";
        for (name, gone) in [
            ("ssl", "ssl = yes # why\n"),
            ("service imap-login/inet_listener imaps/ssl", "    ssl = yes\n"),
            ("service imap-login/inet_listener pop3s/ssl", "    ssl=yes\n"),
            ("local 192.0.2.0/24/ssl", "  ssl = no\n"),
            ("a", "a = {\n"),
            ("b", "b = 'x # {' # }\n"),
            ("c", "c = A: \\\n  !B\n"),
            ("end", "end = 1\n"),
            ("imaps/ssl", ""),
            ("service imap-login/ssl", ""),
        ] {
            assert_eq!(without_dovecot_setting(FILE, name), FILE.replacen(gone, "", 1), "{name}");
        }
    }

    #[test]
    fn a_setting_is_set_in_its_blocks() {
        for (name, lines) in [
            ("ssl", "ssl = no\n"),
            (
                "service imap-login/inet_listener imaps/ssl",
                "service imap-login {\ninet_listener imaps {\nssl = no\n}\n}\n",
            ),
            ("local 192.0.2.0/24/ssl", "local 192.0.2.0/24 {\nssl = no\n}\n"),
            ("mailbox Sent Mail/ssl", "mailbox \"Sent Mail\" {\nssl = no\n}\n"),
            ("protocol/imap/ssl", "protocol/imap/ssl = no\n"),
        ] {
            assert_eq!(with_dovecot_setting("a = 1", name, "no"), format!("a = 1\n{lines}"));
        }
    }

    proptest! {
        #[test]
        fn what_is_set_is_read_and_can_be_taken_out(text in "([a-c] = [a-z{}#]{0,5}\n|[a-c]( b)? \\{\n|\\}\n|# x\n){0,8}") {
            let open = statements(&text).iter().fold(0_usize, |depth, logical| match logical.statement {
                Statement::Open(_) => depth + 1,
                Statement::Close => depth.saturating_sub(1),
                _ => depth,
            });
            let text = format!("{text}{}", "}\n".repeat(open));
            let with = with_dovecot_setting(&text, "protocol imap/x", "1");
            prop_assert_eq!(dovecot(&with).pop().unwrap().name, "protocol imap/x");
            let without = without_dovecot_setting(&with, "protocol imap/x");
            prop_assert_eq!(dovecot(&without), dovecot(&text));
        }
    }
}
