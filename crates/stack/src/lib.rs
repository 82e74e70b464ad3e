//! This gateway on that Internet: a gateway directory as data, bring-up, readiness, collection of evidence.

pub mod gateway;
pub mod internet;

mod agents;
mod assessing;
mod bring_up;
mod configured;
mod error;
mod host;
mod images;
mod inventory;
mod logs;
mod mailboxes;
mod objects;
mod opinions;
mod probing;
mod provision;
mod router;
mod senders;
mod sendmail;
mod services;
mod settings;
mod stage;
mod stopping;
mod taking_over;
mod transact;
mod unit;
pub mod users;
mod ways_in;
mod zones;

pub use bring_up::StackSpec;
pub use error::StackError;
pub use host::Host;
pub use images::build_images;
pub use inventory::Inventory;
pub use logs::Logs;
pub use services::{Afterwards, Died};
pub use settings::Changed;
pub use stage::Stage;
pub use taking_over::TakenOver;
pub use transact::OutgoingMail;
pub use unit::Restart;
pub use ways_in::syslog;

use container::{Container, Run};
use futures_util::future::try_join_all;
use gateway::Gateway;
use mail::{Address, Domain};
use mailboxes::Mailboxes;
use probing::Surveys;
use router::Router;
use services::Services;
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};
use wire::{Login, Route};

/// A running stack: both ADMDs on the pretend Internet. It lives in this process: names are answered and
/// connections relayed by it.
#[derive(Debug)]
pub struct Stack {
    run: Run,
    internet: Internet,
    entrance: SocketAddr,
    admds: Vec<Admd>,
    dns: dns::Server,
    judge: opinion::Judge,
    authority: pki::Authority,
    anchor: pki::Anchor,
    router: Arc<Router>,
    probed: Surveys,
    logs: Logs,
    mailboxes: Mailboxes,
    names: senders::Names,
    mending: tokio::sync::Mutex<()>,
    /// What the gateways publish.
    published: Vec<dns::ZoneData>,
    lease: Option<dns::Lease>,
    _world: wire::World,
}

/// Name of the container that is the pretend Internet.
const INTERNET: &str = "internet";

/// The pretend Internet, running.
#[derive(Debug)]
pub(crate) struct Internet {
    pub(crate) container: Container,
    pub(crate) services: Services,
}

impl Internet {
    /// Whether its services run.
    ///
    /// # Errors
    /// The first that ended, or the engine's word.
    pub(crate) async fn check(&self, logs: &Logs) -> Result<(), StackError> {
        let Some((service, code)) = self.services.ended(None).await? else { return Ok(()) };
        let log = logs.tail(INTERNET, 25).join("\n");
        Err(StackError::Ended { host: INTERNET.to_owned(), service, code, log })
    }
}

/// A gateway whose hosts run.
#[derive(Debug)]
pub(crate) struct Admd {
    pub(crate) gateway: Gateway,
    pub(crate) hosts: Vec<Host>,
}

/// A host as a client finds it: its name, and its address behind the pretend Internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    pub(crate) name: Domain,
    pub(crate) address: SocketAddr,
}

impl Stack {
    /// The gateway under test.
    #[must_use]
    pub fn gateway(&self) -> &Gateway {
        &self.admds[0].gateway
    }

    /// All hosts, those of the gateway under test first.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.admds.iter().flat_map(|admd| &admd.hosts)
    }

    /// What all hosts log.
    #[must_use]
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// Adds zones and PTR records to the pretend Internet until the lease is dropped.
    ///
    /// # Errors
    /// A zone is there already, or cannot be served.
    pub fn publish(&self, mut zones: Vec<dns::ZoneData>, ptr: &[(IpAddr, Domain)]) -> Result<dns::Lease, StackError> {
        zones.extend(ptr.iter().map(|(ip, name)| zones::pointer(*ip, name)));
        Ok(self.dns.publish(zones)?)
    }

    /// Which services of the gateways ended since the last call. They are ready again when this returns, those that their units
    /// do not start again too; for one that does not come back [`Stack::check`] is an error from then on.
    ///
    /// # Errors
    /// A service that its unit started again does not come back, the pretend Internet is broken, or the engine's word.
    pub async fn mend(&self) -> Result<Vec<Died>, StackError> {
        let _one_at_a_time = self.mending.lock().await;
        self.internet.check(&self.logs).await?;
        let mending = self.hosts().map(|host| host.mend(move |port| self.greets(host, port)));
        let died: Vec<Died> = try_join_all(mending).await?.into_iter().flatten().collect();
        if !died.is_empty() {
            self.probed.forget();
        }
        Ok(died)
    }

    /// Whether all services run, or were brought back by [`Stack::mend`]: asked behind it, before a verdict is believed that says
    /// otherwise. The world is not asked again.
    ///
    /// # Errors
    /// The first service that [`Stack::mend`] could not bring back.
    pub fn check(&self) -> Result<(), StackError> {
        self.hosts().try_for_each(Host::check)
    }

    /// Opens every mailbox, so that one which cannot be read is told before anything runs.
    ///
    /// # Errors
    /// The first that cannot be opened: its server cannot be reached, or refuses the login.
    pub async fn open_mailboxes(&self) -> Result<(), StackError> {
        self.mailboxes.open_all().await.map_err(|(address, error)| self.unreadable(&address, error))
    }

    /// From any address to a host behind the pretend Internet.
    pub(crate) fn route(&self, source: IpAddr, destination: SocketAddr) -> Route {
        Route { entrance: self.entrance, source: SocketAddr::new(source, 0), destination }
    }

    /// Where a gateway takes connections to this port, in the address family of `from`.
    pub(crate) fn endpoint(&self, gateway: &Gateway, port: u16, from: IpAddr) -> Result<Endpoint, StackError> {
        let admd = self.admds.iter().find(|admd| admd.gateway.name == gateway.name);
        let host = admd.and_then(|a| a.hosts.iter().find(|h| h.plan.ports().contains(&port)));
        let host = host.ok_or_else(|| StackError::Unfit {
            gateway: gateway.name.clone(),
            what: format!("no host has a service with `ready` on port {port}"),
        })?;
        let addresses = host.container.addresses();
        let address = if from.is_ipv4() { Some(IpAddr::V4(addresses.v4)) } else { addresses.v6.map(IpAddr::V6) };
        let address = address.ok_or_else(|| StackError::Unfit {
            gateway: gateway.name.clone(),
            what: format!("{} has no IPv6 address on the engine's network", host.name()),
        })?;
        Ok(Endpoint { name: host.plan.name.clone(), address: SocketAddr::new(address, port) })
    }

    /// The gateway whose user this is.
    pub(crate) fn home_of(&self, user: &Address) -> Result<&Gateway, StackError> {
        let admd = self.admds.iter().find(|admd| admd.gateway.domains.contains(user.domain()));
        admd.map(|a| &a.gateway).ok_or_else(|| StackError::Unfit {
            gateway: user.domain().to_string(),
            what: format!("the stack was brought up without the home of {user}"),
        })
    }

    /// With what a user logs in.
    pub(crate) fn login(&self, user: &Address) -> Result<Login, StackError> {
        let home = self.home_of(user)?;
        let unfit = |what: String| StackError::Unfit { gateway: home.name.clone(), what };
        let entry = home.mailboxes.iter().find(|m| m.address == *user);
        let entry = entry.ok_or_else(|| unfit(format!("{user} is not among its mailboxes")))?;
        let password = entry.password.clone();
        let password = password.ok_or_else(|| unfit(format!("the password of {user} is not known to gateway.toml")))?;
        Ok(Login { user: entry.login.clone(), password })
    }

    /// As much of a dialogue as shows that a service greets and takes a MAIL FROM.
    pub(crate) fn greeting_job(&self, source: IpAddr, address: SocketAddr, name: &str) -> wire::Job {
        wire::Job {
            route: self.route(source, address),
            driver: plan::Driver::ByteExact,
            tls: if address.port() == 465 { plan::Tls::Implicit } else { plan::Tls::None },
            ehlo: "ready.example".to_owned(),
            login: None,
            server_name: name.to_owned(),
            says_helo: false,
            mail_from: b"<>".to_vec(),
            rcpt_to: Vec::new(),
            message: Vec::new(),
            script: None,
            anchor: self.anchor.clone(),
            // postscreen(8) greets after 6 s
            limit: Duration::from_secs(10),
        }
    }

    /// Whether an SMTP service greets and takes a MAIL FROM (FACTS: a bad configuration accepts connections all the same).
    pub(crate) async fn greets(&self, host: &Host, port: u16) -> Result<(), String> {
        let address = SocketAddr::new(IpAddr::V4(host.container.addresses().v4), port);
        let job = self.greeting_job(transact::USER, address, host.name());
        let begun = Instant::now();
        let dialogue = wire::converse(job).await.map_err(|e| e.to_string())?;
        self.probed.greeted(begun.elapsed());
        let last = dialogue.exchanges.iter().rev().find(|e| e.to != "quit");
        match last.map(|e| (&e.to, &e.reply)) {
            Some((to, evidence::Observed::Seen(reply))) if to == "mail-from" && reply.code != 421 => Ok(()),
            Some((to, evidence::Observed::Seen(reply))) => Err(format!("{reply} to {to}")),
            Some((to, evidence::Observed::Unobserved(why))) => Err(format!("no reply to {to}: {why}")),
            None => Err("nothing".to_owned()),
        }
    }
}
