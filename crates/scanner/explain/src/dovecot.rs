//! The settings of `dovecot.conf`, outside of all braces and in them, as Dovecot's config parser reads them.

use crate::Line;
use plan::Daemon;

/// The settings of a file. One in braces has the path of its blocks before its name.
pub(crate) fn dovecot(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut blocks: Vec<String> = Vec::new();
    let (mut number, mut joined) = (1, String::new());
    for (at, raw) in text.lines().enumerate() {
        let part = uncommented(raw).trim();
        if part.is_empty() {
            continue;
        }
        if joined.is_empty() {
            number = at + 1;
        }
        if let Some(part) = part.strip_suffix('\\') {
            joined.push_str(part.trim_end());
            joined.push(' ');
            continue;
        }
        joined.push_str(part);
        let line = std::mem::take(&mut joined);
        if let Some((name, value)) = setting(&line) {
            let path: String = blocks.iter().map(|block| format!("{block}/")).collect();
            found.push(Line {
                daemon: Daemon::Dovecot,
                number,
                name: format!("{path}{name}"),
                value: value.to_owned(),
            });
        } else if let Some(header) = line.strip_suffix('{') {
            blocks.push(block(header));
        } else if line == "}" {
            blocks.pop();
        }
    }
    found
}

/// A name ends at white space or at `=`: what has a `{` behind it and no `=` at once is the head of a block.
fn setting(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    (!name.is_empty() && !name.contains([' ', '\t'])).then(|| (name, value.trim()))
}

/// The head of a block, in one way of those in which it can be written: `local_name a.example`.
fn block(header: &str) -> String {
    header.replace('"', "").split_whitespace().collect::<Vec<_>>().join(" ")
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

    fn told(text: &str) -> Vec<String> {
        dovecot(text).into_iter().map(|l| format!("{}: {} = {}", l.number, l.name, l.value)).collect()
    }

    #[test]
    fn a_setting_in_braces_has_the_path_of_its_blocks() {
        let text = "ssl = required\nservice imap-login {\n  inet_listener  imaps { # why\n    ssl=yes\n  }\n  chroot =\n}\n\
                    local_name \"a.example\" {\n  ssl_server {\n    cert_file = /a.pem\n  }\n}\nssl_min_protocol = TLSv1.2 # why\n";
        assert_eq!(
            told(text),
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
    fn what_looks_like_a_brace_in_a_value_or_a_comment_is_none() {
        let text =
            "# service x {\na = {\nb = \"x # y {\" # }\nc = 'it # is'# z\nservice x { # }\n  # }\n  d = 1\n}\ne = 2\n";
        assert_eq!(
            told(text),
            ["2: a = {", "3: b = \"x # y {\"", "4: c = 'it # is'", "7: service x/d = 1", "9: e = 2"]
        );
    }

    #[test]
    fn a_line_goes_on_behind_a_backslash() {
        let text = "ssl_cipher_list = A: \\\n  !B\nservice \\\n  x {\n  ssl = no\n}\n";
        assert_eq!(told(text), ["1: ssl_cipher_list = A: !B", "5: service x/ssl = no"]);
    }
}
