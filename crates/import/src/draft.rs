//! A gateway while it is put together: what is known of each host, what was replaced, and what has to be asked.

use crate::{Tree, dovecot::Dovecot, postfix::Postfix};
use std::collections::{BTreeMap, BTreeSet};

/// A host as its archive shows it.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) tree: Tree,
    pub(crate) postfix: Option<Postfix>,
    pub(crate) dovecot: Option<Dovecot>,
    /// Packages that are installed; none, if nobody said it.
    pub(crate) selections: Option<BTreeSet<String>>,
    /// Its name in the DNS, lower case.
    pub(crate) name: String,
    /// Name of its archive, for messages.
    pub(crate) archive: String,
}

impl Machine {
    /// Whether a package is installed, as far as is known: what its configuration leaves behind may be an orphan.
    pub(crate) fn may_have(&self, packages: &[&str]) -> bool {
        self.selections.as_ref().is_none_or(|installed| packages.iter().any(|name| installed.contains(*name)))
    }

    /// Where Postfix keeps its queue, which is where its chroot lies.
    pub(crate) fn queue(&self) -> String {
        self.postfix.as_ref().map_or_else(|| "/var/spool/postfix".to_owned(), |postfix| postfix.get("queue_directory"))
    }
}

/// What is known of a host in the words of `gateway.toml`.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) packages: BTreeSet<String>,
    /// Files by their path in /etc, with their permission bits.
    pub(crate) files: BTreeMap<String, (Vec<u8>, u32)>,
    /// Directories in /etc in which nothing else lies.
    pub(crate) whole: Vec<String>,
    pub(crate) certificate: Option<Certificate>,
    pub(crate) roots: BTreeSet<String>,
    pub(crate) dkim: Vec<Dkim>,
    pub(crate) setup: Vec<String>,
    pub(crate) services: Vec<Service>,
}

/// Where a host expects its certificate, and of which kind it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) chain: String,
    pub(crate) key: String,
    pub(crate) names: Vec<String>,
    pub(crate) kind: Option<&'static str>,
    pub(crate) tlsa: Vec<String>,
}

/// Where a host expects a DKIM key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dkim {
    pub(crate) domain: String,
    pub(crate) selector: String,
    pub(crate) algorithm: Option<&'static str>,
    pub(crate) path: String,
    pub(crate) owner: String,
}

/// What runs on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) command: Vec<String>,
    pub(crate) ready: Ready,
    pub(crate) ports: Vec<u16>,
}

/// When a service is ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ready {
    Socket(String),
    Listening(u16),
    Smtp(u16),
}

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Mailbox {
    pub(crate) address: String,
    pub(crate) login: String,
    pub(crate) password: String,
    /// Where it is read on the host, if not by IMAP: `maildir` or `mbox`, and its path.
    pub(crate) store: Option<(&'static str, String)>,
}

/// Something that /etc does not say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is not known, why it matters, and what stands for it; sentences.
    pub reason: String,
    /// Lines of `gateway.toml` or of a file that would answer it.
    pub lines: Vec<String>,
}

/// What is said about the import.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    pub(crate) questions: Vec<Question>,
    /// Secrets that were replaced, a phrase each.
    pub(crate) replaced: BTreeSet<String>,
    /// What was left out or changed, a sentence each.
    pub(crate) changed: BTreeSet<String>,
}

impl Notes {
    /// Asks something; once.
    pub(crate) fn ask(&mut self, reason: impl Into<String>, lines: &[String]) {
        let question = Question { reason: reason.into(), lines: lines.to_vec() };
        if !self.questions.contains(&question) {
            self.questions.push(question);
        }
    }
}

/// The password of a user, for the pretend Internet alone.
pub(crate) fn password(user: &str) -> String {
    format!("{}-secret", user.split('@').next().unwrap_or(user))
}
