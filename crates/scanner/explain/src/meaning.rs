//! What settings are documented to mean: data, read from `docs/tls-settings.toml`.

use crate::Line;
use plan::Daemon;
use serde::Deserialize;

/// Meanings by daemon and name.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Meanings {
    setting: Vec<Meaning>,
}

/// What a setting is documented to mean.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Meaning {
    /// Name of the setting.
    pub name: String,
    /// Whose it is.
    pub daemon: Daemon,
    /// The kind of block in which it means this; elsewhere it means something else.
    pub within: Option<String>,
    /// Which way the mail goes that it is about.
    pub direction: Direction,
    /// One sentence.
    pub means: String,
    /// Since when it means nothing any more, or what stands for it.
    pub obsolete: Option<String>,
    /// Guides warn of what holds where it is not set; this value is compared with that.
    pub compare: Option<String>,
}

/// Which way mail goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// The daemon is the server.
    Inbound,
    /// It is the client.
    Outbound,
    /// Either.
    Both,
}

/// The file of meanings is wrong.
#[derive(Debug, thiserror::Error)]
#[error("the meanings of settings cannot be read: {0}")]
pub struct MeaningError(#[from] toml::de::Error);

impl Meanings {
    /// The meanings that are shipped.
    ///
    /// # Panics
    /// If the shipped file is wrong; a test reads it.
    #[must_use]
    pub fn shipped() -> Self {
        Self::read(include_str!("../../../../docs/tls-settings.toml")).expect("the shipped meanings are well-formed")
    }

    /// Reads meanings.
    ///
    /// # Errors
    /// It is no TOML, or has other keys than these.
    pub fn read(text: &str) -> Result<Self, MeaningError> {
        Ok(toml::from_str(text)?)
    }

    /// What a line means, if it is known: what it means in its own block before what it means anywhere.
    #[must_use]
    pub fn of(&self, line: &Line) -> Option<&Meaning> {
        let (name, blocks) = (line.parameter(), line.blocks());
        let kinds = || blocks.iter().rev().filter_map(|block| block.split(' ').next());
        let meant = |within: Option<&str>| {
            let is_meant = |m: &&Meaning| m.daemon == line.daemon && m.name == name && m.within.as_deref() == within;
            self.setting.iter().find(is_meant)
        };
        kinds().find_map(|kind| meant(Some(kind))).or_else(|| meant(None))
    }

    /// All settings of which guides warn when they are not set.
    pub fn warned_of(&self) -> impl Iterator<Item = (&Meaning, &str)> {
        self.setting.iter().filter_map(|meaning| Some((meaning, meaning.compare.as_deref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_meanings_are_read_and_each_stands_once() {
        let all = Meanings::shipped();
        let key = |m: &Meaning| (m.name.clone(), m.daemon, m.within.clone());
        for (at, meaning) in all.setting.iter().enumerate() {
            let again = all.setting[..at].iter().any(|m| key(m) == key(meaning));
            assert!(!again, "{} stands twice", meaning.name);
        }
        let warned: Vec<&str> = all.warned_of().map(|(meaning, _)| meaning.name.as_str()).collect();
        assert!(warned.contains(&"smtpd_tls_security_level") && warned.contains(&"smtp_tls_security_level"));
    }

    #[test]
    fn a_line_means_what_its_parameter_means_there() {
        let all = Meanings::shipped();
        let means = |daemon, name: &str| {
            all.of(&Line { daemon, number: 1, name: name.to_owned(), value: String::new() }).map(|m| m.means.as_str())
        };
        let protocols = means(Daemon::Postfix, "smtpd_tls_protocols");
        assert!(protocols.is_some() && means(Daemon::Dovecot, "smtpd_tls_protocols").is_none());
        assert_eq!(means(Daemon::Postfix, "submission/inet/smtpd_tls_protocols"), protocols);
        let certificate = means(Daemon::Dovecot, "ssl_server_cert_file");
        assert!(certificate.is_some());
        assert_eq!(means(Daemon::Dovecot, "local_name a.example/ssl_server/cert_file"), certificate);
        let (everywhere, listener) =
            (means(Daemon::Dovecot, "ssl"), means(Daemon::Dovecot, "service imap-login/inet_listener imaps/ssl"));
        assert!(everywhere.is_some() && listener.is_some() && everywhere != listener);
        assert_eq!(means(Daemon::Dovecot, "protocol imap/ssl"), everywhere);
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(Meanings::read("[[setting]]\nname = \"x\"\ncolour = 1\n").is_err());
    }
}
