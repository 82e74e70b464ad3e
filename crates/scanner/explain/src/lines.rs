//! A setting that stands in a file of a daemon, and which ones a file has.

use crate::{dovecot::dovecot, postfix};
use plan::{Daemon, setting_path};

/// A setting that stands in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Whose it is.
    pub daemon: Daemon,
    /// Its first line in the file, from 1.
    pub number: usize,
    /// Its name, behind the service of `master.cf` or the blocks of Dovecot in which it stands:
    /// `submissions/inet/smtpd_tls_wrappermode`, `service imap-login/inet_listener imaps/ssl`.
    pub name: String,
    /// Value, continuation lines joined by a space.
    pub value: String,
}

/// The settings of a file of the daemon, in its order; none of a file in which it has no settings. Of a name that stands
/// twice both are given: the last one counts.
#[must_use]
pub fn lines(daemon: Daemon, path: &str, text: &str) -> Vec<Line> {
    match (daemon, path) {
        (Daemon::Postfix, "/etc/postfix/main.cf") => postfix::main(text),
        (Daemon::Postfix, "/etc/postfix/master.cf") => postfix::master(text),
        (Daemon::Dovecot, path) if path.starts_with("/etc/dovecot/") && path.ends_with(".conf") => dovecot(text),
        _ => Vec::new(),
    }
}

impl Line {
    /// Its name without the place where it stands. Dovecot 2.4 knows `ssl_server_cert_file` as `ssl_server { cert_file }`, too.
    #[must_use]
    pub fn parameter(&self) -> String {
        let (blocks, own) = setting_path(&self.name);
        let is_prefix = |block: &&&str| block.starts_with("ssl_") && !block.contains(' ') && !own.starts_with(**block);
        let prefix = blocks.last().filter(|_| self.daemon == Daemon::Dovecot).filter(is_prefix);
        prefix.map_or_else(|| own.to_owned(), |block| format!("{block}_{own}"))
    }

    /// Whether it stands in a service or a block.
    #[must_use]
    pub fn is_nested(&self) -> bool {
        self.name.contains('/')
    }

    /// The service and its type, or the blocks from outside, in which it stands.
    #[must_use]
    pub fn blocks(&self) -> Vec<&str> {
        setting_path(&self.name).0
    }

    /// Whether its name says that it is about TLS.
    #[must_use]
    pub fn is_about_tls(&self) -> bool {
        let name = self.parameter();
        match self.daemon {
            Daemon::Postfix => ["tls_", "_tls", "tlsrpt", "tlsproxy_"].iter().any(|part| name.contains(part)),
            Daemon::Dovecot => name == "ssl" || name.starts_with("ssl_"),
        }
    }

    /// Whether this word selects it: its whole name, or its name wherever it stands.
    #[must_use]
    pub fn is_called(&self, word: &str) -> bool {
        self.name == word || self.parameter() == word
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn line(daemon: Daemon, name: &str) -> Line {
        Line { daemon, number: 1, name: name.to_owned(), value: "x".to_owned() }
    }

    #[test]
    fn a_file_is_read_as_its_daemon_reads_it() {
        let names = |daemon, path: &str| -> Vec<String> {
            let text = "smtp inet n - n - - smtpd -o a=1\nssl = yes\n";
            lines(daemon, path, text).into_iter().map(|line| line.name).collect()
        };
        assert_eq!(names(Daemon::Postfix, "/etc/postfix/main.cf"), ["ssl"]);
        assert_eq!(names(Daemon::Postfix, "/etc/postfix/master.cf"), ["smtp/inet/a"]);
        assert_eq!(names(Daemon::Dovecot, "/etc/dovecot/conf.d/10-ssl.conf"), ["ssl"]);
        assert!(names(Daemon::Dovecot, "/etc/dovecot/tls.conf.old").is_empty());
        assert!(names(Daemon::Dovecot, "/etc/postfix/main.cf").is_empty());
    }

    #[test]
    fn a_name_says_whether_it_is_about_tls() {
        for name in ["smtpd_tls_cert_file", "tls_high_cipherlist", "smtp_use_tls", "smtp/unix/smtp_tlsrpt_enable"] {
            assert!(line(Daemon::Postfix, name).is_about_tls(), "{name}");
        }
        for name in ["smtpd_banner", "ssl", "tls_proxy/unix/syslog_name"] {
            assert!(!line(Daemon::Postfix, name).is_about_tls(), "{name}");
        }
        for name in ["ssl", "ssl_curve_list", "service a/inet_listener b/ssl", "protocol imap/ssl_server/cert_file"] {
            assert!(line(Daemon::Dovecot, name).is_about_tls(), "{name}");
        }
        for name in ["mail_path", "service ssl_x/port"] {
            assert!(!line(Daemon::Dovecot, name).is_about_tls(), "{name}");
        }
    }

    #[test]
    fn a_setting_is_called_by_its_whole_name_or_wherever_it_stands() {
        let listener = line(Daemon::Dovecot, "service imap-login/inet_listener imaps/ssl");
        assert!(listener.is_called("ssl") && listener.is_called("service imap-login/inet_listener imaps/ssl"));
        assert!(!listener.is_called("inet_listener imaps/ssl"));
        let own = line(Daemon::Dovecot, "local 192.0.2.0/24/ssl_server/cert_file");
        assert!(own.is_called("ssl_server_cert_file") && !own.is_called("cert_file"));
        assert_eq!(own.blocks(), ["local 192.0.2.0/24", "ssl_server"]);
        let twice = line(Daemon::Dovecot, "ssl_server/ssl_server_cert_file");
        assert!(twice.is_called("ssl_server_cert_file"));
        assert!(line(Daemon::Dovecot, "ssl").blocks().is_empty());
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in "[ -~\n\t]{0,200}") {
            for (daemon, path) in [
                (Daemon::Postfix, "/etc/postfix/main.cf"),
                (Daemon::Postfix, "/etc/postfix/master.cf"),
                (Daemon::Dovecot, "/etc/dovecot/dovecot.conf"),
            ] {
                for line in lines(daemon, path, &text) {
                    prop_assert!(line.number <= text.lines().count() && line.is_called(&line.name));
                    prop_assert_eq!(line.is_nested(), !line.blocks().is_empty());
                }
            }
        }
    }
}
