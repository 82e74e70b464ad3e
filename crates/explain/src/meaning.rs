//! What settings are documented to mean: data, read from `docs/tls-settings.toml`.

use scenario::Daemon;
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
        Self::read(include_str!("../../../docs/tls-settings.toml")).expect("the shipped meanings are well-formed")
    }

    /// Reads meanings.
    ///
    /// # Errors
    /// It is no TOML, or has other keys than these.
    pub fn read(text: &str) -> Result<Self, MeaningError> {
        Ok(toml::from_str(text)?)
    }

    /// What a setting means, if it is one of them.
    #[must_use]
    pub fn of(&self, daemon: Daemon, name: &str) -> Option<&Meaning> {
        self.setting.iter().find(|meaning| meaning.daemon == daemon && meaning.name == name)
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
        assert!(all.of(Daemon::Postfix, "smtpd_tls_protocols").is_some());
        assert!(all.of(Daemon::Dovecot, "smtpd_tls_protocols").is_none());
        for (at, meaning) in all.setting.iter().enumerate() {
            let again = all.setting[..at].iter().any(|m| m.name == meaning.name && m.daemon == meaning.daemon);
            assert!(!again, "{} stands twice", meaning.name);
        }
        let warned: Vec<&str> = all.warned_of().map(|(meaning, _)| meaning.name.as_str()).collect();
        assert!(warned.contains(&"smtpd_tls_security_level") && warned.contains(&"smtp_tls_security_level"));
    }

    #[test]
    fn an_unknown_key_is_an_error() {
        assert!(Meanings::read("[[setting]]\nname = \"x\"\ncolour = 1\n").is_err());
    }
}
