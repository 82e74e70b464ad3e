//! The settings of a daemon's main file: `main.cf` (postconf(5)) and `dovecot.conf`.

use scenario::Daemon;

/// A setting that stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose it is.
    pub daemon: Daemon,
    /// Its first line in the file, from 1.
    pub number: usize,
    /// Name.
    pub name: String,
    /// Value, continuation lines joined by a space.
    pub value: String,
}

/// The settings of a file, in its order. Of a name that stands twice both are given: the last one counts. Of Dovecot only
/// what stands outside of all braces.
#[must_use]
pub fn lines(daemon: Daemon, text: &str) -> Vec<Line> {
    match daemon {
        Daemon::Postfix => postfix(text),
        Daemon::Dovecot => dovecot(text),
    }
}

impl Line {
    /// Whether its name says that it is about TLS.
    #[must_use]
    pub fn is_about_tls(&self) -> bool {
        match self.daemon {
            Daemon::Postfix => ["tls_", "_tls", "tlsrpt", "tlsproxy_"].iter().any(|part| self.name.contains(part)),
            Daemon::Dovecot => self.name == "ssl" || self.name.starts_with("ssl_"),
        }
    }
}

/// A line that begins with white space continues the one before, comments and empty lines between them aside.
fn postfix(text: &str) -> Vec<Line> {
    let mut found: Vec<Line> = Vec::new();
    let mut is_open = false;
    for (at, raw) in text.lines().enumerate() {
        let line = raw.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if raw.starts_with([' ', '\t']) {
            if let Some(last) = found.last_mut().filter(|_| is_open) {
                let glue = if last.value.is_empty() { "" } else { " " };
                last.value.push_str(glue);
                last.value.push_str(line);
            }
            continue;
        }
        is_open = setting(Daemon::Postfix, at, line).map(|line| found.push(line)).is_some();
    }
    found
}

fn dovecot(text: &str) -> Vec<Line> {
    let mut found = Vec::new();
    let mut depth = 0_usize;
    for (at, raw) in text.lines().enumerate() {
        let line = raw.split(" #").next().unwrap_or_default().trim();
        if line.starts_with('#') {
            continue;
        }
        if line.ends_with('{') {
            depth += 1;
        } else if line == "}" {
            depth = depth.saturating_sub(1);
        } else if depth == 0 {
            found.extend(setting(Daemon::Dovecot, at, line));
        }
    }
    found
}

fn setting(daemon: Daemon, at: usize, line: &str) -> Option<Line> {
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-/.".contains(&b));
    is_name.then(|| Line { daemon, number: at + 1, name: name.to_owned(), value: value.trim().to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(daemon: Daemon, text: &str) -> Vec<(usize, String, String)> {
        lines(daemon, text).into_iter().map(|l| (l.number, l.name, l.value)).collect()
    }

    #[test]
    fn a_line_of_postfix_goes_on_behind_white_space() {
        let text =
            "# a comment\nsmtpd_tls_protocols = !SSLv2,\n# between\n   !SSLv3\n\nempty =\nlist =\n  one\n  two\n";
        let line = |n, name: &str, value: &str| (n, name.to_owned(), value.to_owned());
        assert_eq!(
            told(Daemon::Postfix, text),
            [line(2, "smtpd_tls_protocols", "!SSLv2, !SSLv3"), line(6, "empty", ""), line(7, "list", "one two")]
        );
    }

    #[test]
    fn of_dovecot_only_what_is_outside_of_braces() {
        let text = "ssl = required\nservice imap-login {\n  inet_listener imaps {\n    ssl = yes\n  }\n}\nssl_min_protocol = TLSv1.2 # why\n";
        let names: Vec<String> =
            lines(Daemon::Dovecot, text).into_iter().map(|l| format!("{}={}", l.name, l.value)).collect();
        assert_eq!(names, ["ssl=required", "ssl_min_protocol=TLSv1.2"]);
    }

    #[test]
    fn a_name_says_whether_it_is_about_tls() {
        let about = |daemon, name: &str| lines(daemon, &format!("{name} = x"))[0].is_about_tls();
        for name in ["smtpd_tls_cert_file", "tls_high_cipherlist", "smtp_use_tls", "smtp_tlsrpt_enable"] {
            assert!(about(Daemon::Postfix, name), "{name}");
        }
        assert!(!about(Daemon::Postfix, "smtpd_banner") && !about(Daemon::Postfix, "ssl"));
        assert!(about(Daemon::Dovecot, "ssl") && about(Daemon::Dovecot, "ssl_curve_list"));
        assert!(!about(Daemon::Dovecot, "mail_path"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[ -~\n\t]{0,200}") {
            for daemon in [Daemon::Postfix, Daemon::Dovecot] {
                prop_assert!(lines(daemon, &text).iter().all(|line| line.number <= text.lines().count()));
            }
        }
    }
}
