//! The stage of one scenario: its zones, and the hosts on the pretend Internet that the harness plays in it.

use crate::{Stack, StackError, router::Registration, senders};
use evidence::{Arrived, Connection, Observed, Question, TlsReport};
use mail::{Domain, Nonce};
use pki::Issued;
use plan::{Certificate, CertificateKey, CertificateKind, Host, Interference, Plan, Tlsa, TlsaOf};
use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, interval};
use wire::{Handler, HostKey, MxHost, MxPlay, WebHost, WebPlay};

/// How long a connection to a played host may stay open after the message's fate is known.
const LINGERING: Duration = Duration::from_secs(3);
/// How long a TLS report may take to arrive.
const REPORTING: Duration = Duration::from_secs(10);
const SMTP: u16 = 25;
const HTTPS: u16 = 443;

/// Zones and hosts of a scenario; they leave the pretend Internet when it is dropped.
#[derive(Debug)]
pub struct Stage {
    /// As declared, without the digests of certificates.
    zones: Vec<dns::ZoneData>,
    ptr: Vec<(IpAddr, Domain)>,
    /// Records of the hosts from which its domains send, by zone.
    senders: Vec<(Domain, String)>,
    hosts: Vec<Played>,
    certificates: Certificates,
    lease: Option<dns::Lease>,
}

/// A host that the harness plays.
#[derive(Debug)]
struct Played {
    host: Host,
    mx: Option<Arc<MxHost>>,
    web: Option<Arc<WebHost>>,
    _registrations: Vec<Registration>,
}

/// What played hosts saw.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) connections: Vec<Connection>,
    pub(crate) arrived: Vec<Arrived>,
}

impl Stack {
    /// Sets the stage for a scenario: `zones` are its zones with all keys in them.
    ///
    /// # Errors
    /// A zone cannot be served, or a certificate cannot be made.
    pub fn stage(&self, plan: &Plan, zones: Vec<dns::ZoneData>) -> Result<Stage, StackError> {
        let mut senders = Vec::new();
        if self.gateway().plausible_senders {
            self.names.publish(self, plan)?;
            senders = senders::hosts(plan, &zones);
        }
        let mut stage = Stage {
            zones,
            ptr: plan.ptr.clone(),
            senders,
            hosts: Vec::new(),
            certificates: Certificates::default(),
            lease: None,
        };
        stage.set(self, &plan.hosts)?;
        Ok(stage)
    }
}

impl Stage {
    /// Questions to the DNS since a mark for names of this stage, asked while they were its: each once, in order.
    pub(crate) fn asked(&self, mark: u64) -> Vec<Question> {
        let entries = self.lease.iter().flat_map(|lease| lease.since(mark));
        entries.map(|entry| entry.question).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Clears the stage, and waits until the resolver has done with what it asked about its names: whoever has them next
    /// would wait for it, or be told what was true before.
    ///
    /// # Errors
    /// The resolver is busy for too long.
    pub async fn clear(&mut self, stack: &Stack) -> Result<(), StackError> {
        match self.lease.take() {
            Some(lease) => Ok(lease.settle(stack.resolver()).await?),
            None => Ok(()),
        }
    }

    /// Zones and hosts take the places of those with the same names.
    ///
    /// # Errors
    /// As [`Stack::stage`].
    pub async fn change(&mut self, stack: &Stack, zones: Vec<dns::ZoneData>, hosts: &[Host]) -> Result<(), StackError> {
        let is_other = |zone: &dns::ZoneData| !zones.iter().any(|new| new.origin == zone.origin);
        self.zones.retain(is_other);
        self.zones.extend(zones);
        self.hosts.retain(|played| !hosts.iter().any(|new| new.name == played.host.name));
        // a zone has one owner at a time
        self.clear(stack).await?;
        self.set(stack, hosts)
    }

    /// Seats these hosts, and publishes the zones anew.
    fn set(&mut self, stack: &Stack, hosts: &[Host]) -> Result<(), StackError> {
        for host in hosts {
            self.hosts.push(play(host.clone(), &mut self.certificates, stack)?);
        }
        let mut zones = self.zones.clone();
        senders::settle(&mut zones, &self.senders);
        for Played { host, .. } in &self.hosts {
            for tlsa in &host.tlsa {
                let data = self.certificates.tlsa(host, tlsa, &stack.authority)?;
                add(&mut zones, &format!("_{SMTP}._tcp.{}", host.name), &data);
            }
        }
        self.lease = Some(stack.publish(zones, &self.ptr)?);
        Ok(())
    }

    /// What the hosts saw since the last time, of this message; waits until nobody is connected to them.
    pub(crate) async fn seen(&self, nonce: &Nonce) -> Seen {
        let deadline = Instant::now() + LINGERING;
        let mut seen = Seen::default();
        for played in &self.hosts {
            if let Some(web) = &played.web {
                web.quiet(deadline).await;
                seen.connections.extend(web.take());
            }
            if let Some(mx) = &played.mx {
                mx.quiet(deadline).await;
                let (connections, arrived) = mx.take();
                seen.connections.extend(connections);
                seen.arrived.extend(arrived.into_iter().filter(|a| wire::nonce_of(&a.message).as_ref() == Some(nonce)));
            }
        }
        seen
    }
}

impl Stack {
    /// Has the gateway send the TLS reports that are due, and waits for those about these domains at played hosts.
    ///
    /// # Errors
    /// The way to the gateway is broken.
    pub async fn tls_reports(&self, stage: &Stage, about: &[Domain]) -> Result<Vec<Observed<TlsReport>>, StackError> {
        let none = |why: String| Ok(about.iter().map(|_| Observed::Unobserved(why.clone())).collect());
        let Some(host) = self.admds[0].hosts.iter().find(|host| !host.plan.tls_reports.is_empty()) else {
            return none(format!("no host of {} has `tls-reports`: it sends no TLS reports", self.gateway().name));
        };
        let command: Vec<&str> = host.plan.tls_reports.iter().map(String::as_str).collect();
        let done = host.container.exec(&command).await?;
        if done.code != 0 {
            return none(format!("{} ended with exit {}: {}", command.join(" "), done.code, done.stderr.trim_end()));
        }
        let mut arrived: Vec<TlsReport> = Vec::new();
        let mut unread: Vec<String> = Vec::new();
        let deadline = Instant::now() + REPORTING;
        let mut tick = interval(Duration::from_millis(50));
        while Instant::now() < deadline
            && !about.iter().all(|domain| arrived.iter().any(|report| report.is_about(domain)))
        {
            tick.tick().await;
            for report in stage.hosts.iter().flat_map(Played::reports) {
                match report {
                    Ok(report) => arrived.push(report),
                    Err(why) => unread.push(why),
                }
            }
        }
        let report = |domain: &Domain| match arrived.iter().find(|report| report.is_about(domain)) {
            Some(report) => Observed::Seen(report.clone()),
            None => {
                let unread = unread.iter().map(|why| format!("; one arrived, but {why}")).collect::<String>();
                let seconds = REPORTING.as_secs();
                Observed::Unobserved(format!("no TLS report about {domain} arrived within {seconds} s{unread}"))
            }
        };
        Ok(about.iter().map(report).collect())
    }
}

impl Played {
    /// TLS reports that arrived since the last time, or why one cannot be read.
    fn reports(&self) -> Vec<Result<TlsReport, String>> {
        let mailed = self.mx.iter().flat_map(|mx| mx.take().1).filter_map(|arrived| TlsReport::of(&arrived.message));
        let posted = self.web.iter().flat_map(|web| web.take_reports());
        mailed.chain(posted.filter_map(|(media_type, octets)| TlsReport::posted(&media_type, &octets))).collect()
    }
}

fn play(host: Host, certificates: &mut Certificates, stack: &Stack) -> Result<Played, StackError> {
    let mut registrations = Vec::new();
    let mut seat = |port: u16, handler: Arc<dyn Handler>| {
        registrations
            .extend(host.ips.iter().map(|ip| stack.router.seat(SocketAddr::new(*ip, port), Arc::clone(&handler))));
    };
    let mx = match &host.smtp {
        None => None,
        Some(smtp) => {
            let mut key = certificates.key(&host.name, &smtp.certificate, &stack.authority)?;
            key.versions.clone_from(&smtp.versions);
            let swapped = match smtp.wire {
                Interference::SwapCertificate => {
                    let other = Certificate { kind: CertificateKind::Untrusted, issue: 0, ..Certificate::default() };
                    Some(certificates.key(&host.name, &other, &stack.authority)?)
                }
                _ => None,
            };
            let mx = Arc::new(MxHost::new(MxPlay {
                name: host.name.to_string(),
                starttls: smtp.starttls,
                wire: smtp.wire,
                key,
                swapped,
                replies: smtp.replies.clone(),
            })?);
            seat(SMTP, Arc::clone(&mx) as Arc<dyn Handler>);
            Some(mx)
        }
    };
    let web = match &host.https {
        None => None,
        Some(https) => {
            let web = Arc::new(WebHost::new(WebPlay {
                name: host.name.to_string(),
                key: certificates.key(&host.name, &https.certificate, &stack.authority)?,
                status: https.status,
                policy: https.policy.clone(),
                media_type: https.media_type.clone(),
            })?);
            seat(HTTPS, Arc::clone(&web) as Arc<dyn Handler>);
            Some(web)
        }
    };
    Ok(Played { host, mx, web, _registrations: registrations })
}

/// The certificates of played hosts: one that is asked for again is the same.
#[derive(Debug, Default)]
struct Certificates {
    issued: HashMap<(Domain, Certificate), Arc<Issued>>,
}

impl Certificates {
    fn get(
        &mut self,
        name: &Domain,
        wanted: &Certificate,
        authority: &pki::Authority,
    ) -> Result<Arc<Issued>, StackError> {
        let place = (name.clone(), wanted.clone());
        if let Some(issued) = self.issued.get(&place) {
            return Ok(Arc::clone(issued));
        }
        let names = if wanted.names.is_empty() { vec![name.to_string()] } else { wanted.names.clone() };
        let request = pki::Request { names, kind: wanted.kind, key: key_kind(wanted.key) };
        let issued = Arc::new(authority.issue(&request)?);
        self.issued.insert(place, Arc::clone(&issued));
        Ok(issued)
    }

    fn key(&mut self, name: &Domain, wanted: &Certificate, authority: &pki::Authority) -> Result<HostKey, StackError> {
        let issued = self.get(name, wanted, authority)?;
        Ok(HostKey { chain_pem: issued.chain_pem.clone(), key_pem: issued.key_pem.clone(), versions: Vec::new() })
    }

    /// The data of a TLSA record. Numbers without a meaning get the data of the nearest that has one.
    fn tlsa(&mut self, host: &Host, tlsa: &Tlsa, authority: &pki::Authority) -> Result<String, StackError> {
        let base = host.smtp.as_ref().map(|smtp| smtp.certificate.clone()).unwrap_or_default();
        let issue = match tlsa.of {
            TlsaOf::Issue(issue) => issue,
            // a certificate that no host ever shows
            TlsaOf::Wrong => u8::MAX,
        };
        let kind = if tlsa.of == TlsaOf::Wrong { CertificateKind::SelfSigned } else { base.kind };
        let issued = self.get(&host.name, &Certificate { issue, kind, ..base }, authority)?;
        let usable = |number: u8, most: u8, instead: u8| if number > most { instead } else { number };
        let (usage, selector, matching) =
            (usable(tlsa.usage, 3, 3), usable(tlsa.selector, 1, 1), usable(tlsa.matching, 2, 1));
        let data = pki::tlsa(usage, selector, matching, &issued.chain)?;
        let digest = data.rsplit(' ').next().unwrap_or_default();
        Ok(format!("{} {} {} {digest}", tlsa.usage, tlsa.selector, tlsa.matching))
    }
}

/// Adds a TLSA record to the deepest zone that its name lies in.
fn add(zones: &mut [dns::ZoneData], name: &str, data: &str) {
    let Ok(owner) = name.parse::<Domain>() else { return };
    let within = zones.iter_mut().filter(|zone| owner.is_within(&zone.origin));
    if let Some(zone) = within.max_by_key(|zone| zone.origin.as_str().len()) {
        writeln!(zone.records, "\n{name}. 0 IN TLSA {data}").expect("writing to a string");
    }
}

const fn key_kind(kind: CertificateKey) -> pki::KeyKind {
    match kind {
        CertificateKey::P256 => pki::KeyKind::P256,
        CertificateKey::P384 => pki::KeyKind::P384,
        CertificateKey::Rsa2048 => pki::KeyKind::Rsa2048,
        CertificateKey::Ed25519 => pki::KeyKind::Ed25519,
    }
}
