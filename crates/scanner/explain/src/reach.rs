//! Which services show what a line does, and what is not known to meet it.

use crate::Line;
use mail::{Domain, Service};
use plan::Daemon;

impl Line {
    /// Whether this service of the gateway has the setting, as far as its name tells.
    #[must_use]
    pub fn is_of(&self, service: Service) -> bool {
        match self.daemon {
            Daemon::Postfix => self.is_of_smtp(service),
            Daemon::Dovecot => self.blocks().iter().all(|block| is_in(block, service)),
        }
    }

    /// The name that a client must ask for (RFC 6066 §3) to meet the setting.
    #[must_use]
    pub fn server_name(&self) -> Option<Domain> {
        self.blocks().iter().find_map(|block| name_for(block.strip_prefix("local_name ")?))
    }

    /// Why what these services and mail show does not tell that the line does nothing, if it does not.
    #[must_use]
    pub fn unasked(&self, asked: &[Service]) -> Option<&'static str> {
        let sends = self.daemon == Daemon::Postfix && self.blocks() == ["smtp", "unix"];
        if self.is_nested() && !sends && !asked.iter().any(|service| self.is_of(*service)) {
            return Some("no question is known to meet it");
        }
        self.parameter().contains("tlsrpt").then_some("no question reads the TLS reports that the gateway sends")
    }

    /// A service of `master.cf` is named after its port, or has the port for a name.
    fn is_of_smtp(&self, service: Service) -> bool {
        let Some((path, _)) = self.name.rsplit_once('/') else { return true };
        match path.strip_suffix("/inet") {
            Some("smtp" | "25") => service == Service::Smtp,
            Some("submission" | "587") => service == Service::Submission,
            Some("submissions" | "smtps" | "465") => service == Service::Submissions,
            _ => false,
        }
    }
}

/// A name that is one of these; `*` stands for a label.
fn name_for(names: &str) -> Option<Domain> {
    names.split(' ').next().unwrap_or(names).replace('*', "any").parse().ok()
}

/// Whether a client of this service meets what stands in a block. For addresses this is not known.
fn is_in(block: &str, service: Service) -> bool {
    let (protocol, login) = match service {
        Service::Smtp | Service::Submission | Service::Submissions => return false,
        Service::Imap | Service::Imaps => ("imap", "imap-login"),
        Service::Pop3 | Service::Pop3s => ("pop3", "pop3-login"),
        Service::Sieve => ("sieve", "managesieve-login"),
    };
    match block.split_once(' ') {
        Some(("service", name)) => name == login,
        Some(("protocol", name)) => name == protocol,
        Some(("inet_listener", name)) => name == service.as_str(),
        Some(("local_name", names)) => name_for(names).is_some(),
        Some(_) => false,
        None => block.starts_with("ssl_"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(daemon: Daemon, name: &str) -> Vec<Service> {
        let line = Line { daemon, number: 1, name: name.to_owned(), value: String::new() };
        Service::ALL.into_iter().filter(|service| line.is_of(*service)).collect()
    }

    #[test]
    fn a_setting_is_of_the_services_that_its_place_names() {
        assert_eq!(of(Daemon::Postfix, "submissions/inet/smtpd_tls_wrappermode"), [Service::Submissions]);
        assert!(of(Daemon::Postfix, "relay/unix/smtp_tls_loglevel").is_empty());
        assert!(of(Daemon::Postfix, "127.0.0.1:465/inet/smtpd_tls_wrappermode").is_empty());
        assert_eq!(of(Daemon::Dovecot, "service imap-login/inet_listener imaps/ssl"), [Service::Imaps]);
        assert_eq!(of(Daemon::Dovecot, "protocol pop3/ssl_server/cert_file"), [Service::Pop3, Service::Pop3s]);
        assert_eq!(of(Daemon::Dovecot, "service managesieve-login/ssl"), [Service::Sieve]);
        assert!(of(Daemon::Dovecot, "service lmtp/inet_listener lmtp/ssl").is_empty());
        assert!(of(Daemon::Dovecot, "local 192.0.2.0/24/ssl_server_cert_file").is_empty());
        assert_eq!(of(Daemon::Dovecot, "local_name a.example/ssl_server_cert_file").len(), 5);
    }

    #[test]
    fn a_line_that_nothing_meets_is_told_to_be_unasked() {
        let is_unasked = |daemon, name: &str| {
            let line = Line { daemon, number: 1, name: name.to_owned(), value: String::new() };
            line.unasked(&[Service::Smtp, Service::Imap]).is_some()
        };
        assert!(is_unasked(Daemon::Postfix, "submission/inet/smtpd_tls_ciphers"));
        assert!(is_unasked(Daemon::Postfix, "relay/unix/smtp_tls_ciphers"));
        assert!(is_unasked(Daemon::Postfix, "smtp_tlsrpt_enable"));
        assert!(is_unasked(Daemon::Dovecot, "service imap-login/inet_listener imaps/ssl"));
        for name in ["smtp_tls_ciphers", "smtp/unix/smtp_tls_ciphers", "smtp/inet/smtpd_tls_ciphers"] {
            assert!(!is_unasked(Daemon::Postfix, name), "{name}");
        }
        for name in ["ssl", "protocol imap/ssl_min_protocol", "local_name a.example/ssl_server_key_file"] {
            assert!(!is_unasked(Daemon::Dovecot, name), "{name}");
        }
    }

    #[test]
    fn a_block_for_a_name_is_met_by_who_asks_for_it() {
        let name = |name: &str| {
            Line { daemon: Daemon::Dovecot, number: 1, name: name.to_owned(), value: String::new() }
                .server_name()
                .map(|name| name.to_string())
        };
        assert_eq!(name("local_name *.a.example/ssl_server_cert_file").as_deref(), Some("any.a.example"));
        assert_eq!(name("local_name a.example b.example/protocol imap/ssl").as_deref(), Some("a.example"));
        assert_eq!(name("ssl_server_cert_file"), None);
    }
}
