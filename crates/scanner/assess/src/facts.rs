//! What an assessment is made of. Everything that may not have been seen is [`Observed`].

use evidence::{Exchange, LookedUp, Observed, Probed, Trust};
use lint::Entry;
use mail::{Domain, Reply, Service};
use plan::Daemon;
use serde::{Deserialize, Serialize};

/// Everything that was seen of a mail server and its domains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// What is assessed: the name of a gateway, or of a host.
    pub subject: String,
    /// The moment of it, RFC 3339: certificates expire.
    pub now: String,
    /// Services that were asked, in the order in which they are to be shown.
    pub services: Vec<ServiceFacts>,
    /// Domains for which mail is received or sent.
    pub domains: Vec<DomainFacts>,
    /// Whether what was looked up comes from a resolver that validates: from another source, an answer that is not authentic says
    /// nothing.
    pub is_validated: bool,
    /// What it does with mail that is none of its business.
    pub relay: RelayFacts,
}

impl Facts {
    /// Facts of a server of which nothing was seen yet.
    #[must_use]
    pub fn new(subject: &str, now: &str) -> Self {
        Self {
            subject: subject.to_owned(),
            now: now.to_owned(),
            services: Vec::new(),
            domains: Vec::new(),
            is_validated: false,
            relay: RelayFacts::default(),
        }
    }
}

/// One service, and what a probe saw of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceFacts {
    /// Which service.
    pub service: Service,
    /// Name and port that were asked, as `mx.gateway.example:25`.
    pub server: String,
    /// Which program it is, if that is known: then the line to change can be told.
    pub software: Option<Software>,
    /// What was seen; unobserved: nothing, and why.
    pub probed: Observed<Probed>,
}

impl ServiceFacts {
    /// The name that was asked, without the port and the brackets of an IPv6 address.
    #[must_use]
    pub fn host(&self) -> &str {
        let server = self.server.rsplit_once(':').map_or(self.server.as_str(), |(host, _)| host);
        server.trim_start_matches('[').trim_end_matches(']')
    }
}

/// A program, and its version if that is known: settings have changed their names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Software {
    /// Which daemon.
    pub daemon: Daemon,
    /// Major and minor number.
    pub version: Option<(u16, u16)>,
}

impl Software {
    /// A daemon and its version as it says it, as `3.10.13` or `2.4.1-4 (7d8c0e5759)`; what does not begin with two numbers is
    /// no version.
    #[must_use]
    pub fn new(daemon: Daemon, version: &str) -> Self {
        let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(str::parse::<u16>);
        let version = match (numbers.next(), numbers.next()) {
            (Some(Ok(major)), Some(Ok(minor))) => Some((major, minor)),
            _ => None,
        };
        Self { daemon, version }
    }

    /// The program that a greeting tells of, as `220 mx.gateway.example ESMTP Postfix (Debian)`.
    #[must_use]
    pub fn of_greeting(greeting: &str) -> Option<Self> {
        let is_word = |word: &str| greeting.split(|c: char| !c.is_alphanumeric()).any(|w| w.eq_ignore_ascii_case(word));
        let found = Daemon::ALL.into_iter().find(|daemon| is_word(daemon.name()));
        found.map(|daemon| Self { daemon, version: None })
    }

    /// Whether it is this version or a later one; a version that is not known is taken for a late one.
    #[must_use]
    pub fn is_since(self, major: u16, minor: u16) -> bool {
        self.version.is_none_or(|version| version >= (major, minor))
    }
}

/// One domain, and what its zone says. The remarks of each look-up are those of the lint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DomainFacts {
    /// Its name.
    pub domain: String,
    /// MX.
    pub mx: Observed<LookedUp>,
    /// Addresses of its hosts, and PTR of each.
    pub ptr: Vec<(String, Observed<LookedUp>)>,
    /// TXT at the domain itself, where the SPF record is (RFC 7208 §3.1).
    pub spf: Observed<LookedUp>,
    /// Selector, and TXT at `SELECTOR._domainkey` (RFC 6376 §3.6.2.1).
    pub dkim: Vec<(String, Observed<LookedUp>)>,
    /// TXT at `_dmarc` (RFC 9989 §4.5).
    pub dmarc: Observed<LookedUp>,
    /// TXT at `_mta-sts` (RFC 8461 §3.1).
    pub mta_sts: Observed<LookedUp>,
    /// What `https://mta-sts.DOMAIN/.well-known/mta-sts.txt` answered (RFC 8461 §3.3).
    pub policy: Observed<PolicyFetch>,
    /// TXT at `_smtp._tls` (RFC 8460 §3).
    pub tls_rpt: Observed<LookedUp>,
}

impl DomainFacts {
    /// A domain as it was looked up, and what came of fetching its policy.
    #[must_use]
    pub fn new(domain: &Domain, entries: Vec<Entry>, policy: Observed<PolicyFetch>) -> Self {
        let mut facts = Self { policy, ..Self::unobserved(domain.as_str(), "it was not looked up") };
        for Entry { what, name, answer, .. } in entries {
            match what.as_str() {
                "MX" => facts.mx = answer,
                "PTR" => {
                    let address = lint::address(&name).map_or_else(|| name.to_string(), |address| address.to_string());
                    facts.ptr.push((address, answer));
                }
                "SPF" => facts.spf = answer,
                "DKIM" => {
                    let selector = name.as_str().split("._domainkey.").next().unwrap_or_default();
                    facts.dkim.push((selector.to_owned(), answer));
                }
                "DMARC" => facts.dmarc = answer,
                "MTA-STS" => facts.mta_sts = answer,
                "TLS-RPT" => facts.tls_rpt = answer,
                _ => {} // TLSA records are looked at beside the certificates
            }
        }
        facts
    }

    /// A domain of which nothing was looked up, and why.
    #[must_use]
    pub fn unobserved(domain: &str, why: &str) -> Self {
        let nothing = || Observed::Unobserved(why.to_owned());
        Self {
            domain: domain.to_owned(),
            mx: nothing(),
            ptr: Vec::new(),
            spf: nothing(),
            dkim: Vec::new(),
            dmarc: nothing(),
            mta_sts: nothing(),
            policy: Observed::Unobserved(why.to_owned()),
            tls_rpt: nothing(),
        }
    }
}

/// What came of fetching a policy over HTTPS. That the host cannot be reached, or that there is no TLS, is unobserved as a whole
/// only if it says nothing of the host; else it is `answer` that is unobserved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyFetch {
    /// What a client makes of the host's certificate: it must be `Verified`.
    pub peer: Observed<Trust>,
    /// Status, media type and body of the answer, or why there is none. Redirections are not followed (RFC 8461 §3.3).
    pub answer: Observed<(u16, String, String)>,
}

/// What a server does with mail that is none of its business.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayFacts {
    /// Attempts of a stranger to send mail to a stranger through it.
    pub attempts: Vec<RelayAttempt>,
    /// Mail for a mailbox that does not exist.
    pub unknown_recipient: Observed<UnknownRecipient>,
    /// What VRFY tells.
    pub vrfy: Observed<Verification>,
    /// What EXPN tells.
    pub expn: Observed<Verification>,
}

impl Default for RelayFacts {
    fn default() -> Self {
        Self {
            attempts: Vec::new(),
            unknown_recipient: Observed::Unobserved("it was not tried".to_owned()),
            vrfy: Observed::Unobserved("it was not asked".to_owned()),
            expn: Observed::Unobserved("it was not asked".to_owned()),
        }
    }
}

/// An attempt to relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RelayAttempt {
    /// How, in few words, as `a stranger to a stranger` or `the percent hack`.
    pub how: String,
    /// The dialogue, with at least the exchange of `rcpt-to`.
    pub dialogue: Observed<Vec<Exchange>>,
}

/// Replies to a command that asks for users (RFC 5321 §3.5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// When it was asked for a mailbox that exists.
    pub known: Reply,
    /// When it was asked for one that does not.
    pub unknown: Reply,
}

/// What became of mail for a mailbox that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownRecipient {
    /// The dialogue.
    pub dialogue: Vec<Exchange>,
    /// Whether a notification went to the reverse-path, which anybody can forge.
    pub is_bounced: Observed<bool>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_daemons_say_them() {
        assert_eq!(Software::new(Daemon::Postfix, "3.10.13").version, Some((3, 10)));
        assert_eq!(Software::new(Daemon::Dovecot, "2.4.1-4 (7d8c0e5759)").version, Some((2, 4)));
        assert_eq!(Software::new(Daemon::Dovecot, "unknown").version, None);
        assert!(Software::new(Daemon::Postfix, "3.10.1").is_since(3, 6));
        assert!(!Software::new(Daemon::Postfix, "3.5.25").is_since(3, 6));
    }

    #[test]
    fn a_greeting_may_tell_the_program() {
        let daemon = |greeting| Software::of_greeting(greeting).map(|software| software.daemon);
        assert_eq!(daemon("220 mx.gateway.example ESMTP Postfix (Debian)"), Some(Daemon::Postfix));
        assert_eq!(daemon("* OK [CAPABILITY IMAP4rev1] Dovecot (Debian) ready."), Some(Daemon::Dovecot));
        assert_eq!(daemon("220 mx.gateway.example ESMTP"), None);
    }

    #[test]
    fn a_host_is_without_its_port() {
        let at = |server: &str| ServiceFacts {
            service: Service::Smtp,
            server: server.to_owned(),
            software: None,
            probed: Observed::Unobserved("not asked".to_owned()),
        };
        assert_eq!(at("mx.gateway.example:25").host(), "mx.gateway.example");
        assert_eq!(at("[2001:db8::25]:25").host(), "2001:db8::25");
    }
}
