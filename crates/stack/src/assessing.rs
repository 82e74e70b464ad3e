//! What an assessment asks of a stack besides probes: its names, its policy host, its manners, its programs.

use crate::{Stack, StackError, transact::USER};
use evidence::{Exchange, Observed};
use mail::{Address, Domain, ReversePath};
use plan::{Daemon, Driver, Tls};
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use wire::{BoxStream, Dialogue, Fetched, Job, WireError};

/// How long a dialogue or a fetch may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// A stranger, whom nothing of the gateway concerns.
const STRANGER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(198, 51, 100, 66));

impl Stack {
    /// The MTA-STS policy of a domain, fetched as a sender would (RFC 8461 §3.3); unobserved: nobody is there.
    ///
    /// # Errors
    /// The way to the gateway is broken.
    pub async fn policy(&self, domain: &Domain) -> Result<Observed<Fetched>, StackError> {
        let host = format!("mta-sts.{domain}");
        let endpoint = match self.endpoint(self.gateway(), 443, USER) {
            Ok(endpoint) => endpoint,
            Err(nobody) => return Ok(Observed::Unobserved(format!("{host}: {nobody}"))),
        };
        let stream = self.open(USER, endpoint.address).await?;
        Ok(Observed::Seen(wire::fetch(stream, &host, wire::POLICY_PATH, &self.anchor, PATIENCE).await))
    }

    /// A stranger's questions to port 25, in cleartext.
    ///
    /// # Errors
    /// The way to the gateway is broken.
    pub async fn ask(&self, commands: &[String]) -> Result<Vec<Exchange>, StackError> {
        let endpoint = self.endpoint(self.gateway(), 25, STRANGER)?;
        let stream = self.open(STRANGER, endpoint.address).await?;
        Ok(wire::ask(stream, "stranger.example", commands, PATIENCE).await)
    }

    /// Look-ups at the pretend Internet's validating resolver.
    #[must_use]
    pub fn inquiry(&self) -> dns::Inquiry {
        let server = SocketAddr::new(IpAddr::V4(self.internet.container.addresses().v4), 53);
        dns::Inquiry { server, zones: None }
    }

    /// A stranger's attempt to bring mail to port 25. Should it be taken, the message says what it is.
    ///
    /// # Errors
    /// The way to the gateway is broken.
    pub async fn attempt(&self, mail_from: ReversePath, rcpt_to: Address) -> Result<Dialogue, StackError> {
        let endpoint = self.endpoint(self.gateway(), 25, STRANGER)?;
        let job = Job {
            route: self.route(STRANGER, endpoint.address),
            driver: Driver::WellBehaved,
            tls: Tls::None,
            ehlo: "stranger.example".to_owned(),
            login: None,
            server_name: endpoint.name.to_string(),
            says_helo: false,
            mail_from: format!("<{mail_from}>").into_bytes(),
            rcpt_to: vec![format!("<{rcpt_to}>").into_bytes()],
            script: None,
            message: b"Subject: an attempt of an assessment\r\n\r\nThis should have been refused.\r\n".to_vec(),
            anchor: self.anchor.clone(),
            limit: PATIENCE,
        };
        Ok(wire::converse(job).await?)
    }

    /// The version that a daemon says of itself, if it runs on the gateway and says one.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn version_of(&self, daemon: Daemon) -> Result<Option<String>, StackError> {
        let Ok(host) = self.host_of(daemon) else { return Ok(None) };
        let command: &[&str] = match daemon {
            Daemon::Postfix => &["postconf", "-hd", "mail_version"],
            Daemon::Dovecot => &["dovecot", "--version"],
        };
        let said = host.container.exec(command).await?;
        Ok((said.code == 0).then(|| said.stdout.trim().to_owned()))
    }

    async fn open(&self, from: IpAddr, to: SocketAddr) -> Result<BoxStream, StackError> {
        let stream = self.route(from, to).connect(PATIENCE).await.map_err(|source| WireError::Connect {
            entrance: self.entrance,
            destination: to,
            source: Arc::new(source),
        })?;
        Ok(Box::new(stream))
    }
}
