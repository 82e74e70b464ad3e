//! `assess`: a gateway, or a server and zone of the user's own, as a hosted scanner would show them. Nothing is graded that was not
//! observed.

use super::{Pair, Setting, probe};
use crate::{
    cli::AssessArgs,
    exit::{Exit, Trouble},
    raise::{Raised, interrupt, raise},
    start::Ended,
};
use ::assess::{
    Assessment, DomainFacts, Facts, PolicyFetch, RelayAttempt, RelayFacts, ServiceFacts, Software, UnknownRecipient,
};
use evidence::{LookedUp, Observed};
use futures_util::future::join_all;
use mail::{Domain, ReversePath, Service};
use scenario::Daemon;
use std::{fs, net::SocketAddr, path::Path};
use wire::Fetched;

/// Ports of a user's server that are asked where none is named.
const SERVICES: [Service; 8] = Service::ALL;

/// Assesses, and prints one line a check.
pub(crate) async fn assess(setting: &Setting, args: AssessArgs) -> Ended {
    let profile = probe::find_profile(&args.profile)?;
    let facts = match (&args.host, &args.gateway) {
        (Some(host), _) => own(host, &args).await?,
        (None, Some(gateway)) => of_gateway(setting, gateway).await?,
        (None, None) => {
            let help =
                "`assess hardened`, or `assess --host mail.example.org --zone example.org.zone --domain example.org`";
            return Err(Trouble {
                exit: Exit::Usage,
                reports: vec![miette::miette!(help = help, "what is to be assessed?")],
            });
        }
    };
    let assessment = ::assess::assess(&facts, &profile);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&assessment).expect("an assessment is data"));
    } else {
        print!("{}", report::assess_text(&assessment, &setting.style()));
    }
    Ok(exit(&facts, &assessment))
}

fn exit(facts: &Facts, assessment: &Assessment) -> Exit {
    if assessment.is_failure() {
        Exit::Failure
    } else if facts.services.iter().all(|service| service.probed.seen().is_none()) {
        Exit::Error
    } else {
        Exit::AsExpected
    }
}

/// A gateway on the pretend Internet, on its real daemons.
async fn of_gateway(setting: &Setting, gateway: &str) -> Result<Facts, Trouble> {
    let pair = Pair::load(&setting.place, gateway)?;
    let raised = raise(setting, pair, false, false).await?;
    setting.progress.say("assessing");
    let facts = tokio::select! {
        facts = gather(&raised) => facts,
        () = interrupt() => Err(Trouble::interrupted()),
    };
    setting.progress.say("cleaning up");
    raised.down().await?;
    facts
}

async fn gather(raised: &Raised) -> Result<Facts, Trouble> {
    let stack = &raised.stack;
    let gateway = stack.gateway();
    let mut facts = Facts::new(&gateway.name, &now());
    let (postfix, dovecot) = tokio::try_join!(stack.version_of(Daemon::Postfix), stack.version_of(Daemon::Dovecot))?;
    let software = |service: Service| {
        let (daemon, version) = match service {
            Service::Smtp | Service::Submission | Service::Submissions => (Daemon::Postfix, &postfix),
            _ => (Daemon::Dovecot, &dovecot),
        };
        version.as_ref().map(|version| Software::new(daemon, version))
    };
    let services = probe::services(gateway);
    let probed = join_all(services.iter().map(|service| stack.probe(*service, None))).await;
    for (service, probed) in services.into_iter().zip(probed) {
        let probed = probed?;
        let server = probed.seen().map_or_else(|| format!("port {}", service.port()), |seen| seen.server.clone());
        facts.services.push(ServiceFacts { service, server, software: software(service), probed });
    }
    for domain in &gateway.domains {
        let keys = gateway.hosts.iter().flat_map(|host| &host.dkim).filter(|key| key.domain == *domain);
        let selectors: Vec<String> = keys.map(|key| key.selector.clone()).collect();
        let policy = stack.policy(domain).await?;
        let ask = async |name: String, kind: &str| match name.parse::<Domain>() {
            Ok(name) => {
                stack.look_up(&name, kind).await.map_or_else(|e| Observed::Unobserved(e.to_string()), Observed::Seen)
            }
            Err(error) => Observed::Unobserved(error.to_string()),
        };
        facts.domains.push(of_domain(domain, &selectors, fetched(policy), ask).await);
    }
    facts.relay = manners(raised).await?;
    Ok(facts)
}

/// What a domain's zone says, by whoever can ask.
async fn of_domain<F>(
    domain: &Domain,
    selectors: &[String],
    policy: Observed<PolicyFetch>,
    ask: impl Fn(String, &'static str) -> F,
) -> DomainFacts
where
    F: Future<Output = Observed<LookedUp>>,
{
    let txt = |label: &str| ask(format!("{label}.{domain}"), "TXT");
    let (mx, spf, dmarc, mta_sts, tls_rpt) = tokio::join!(
        ask(domain.to_string(), "MX"),
        ask(domain.to_string(), "TXT"),
        txt("_dmarc"),
        txt("_mta-sts"),
        txt("_smtp._tls")
    );
    let mut dkim = Vec::new();
    for selector in selectors {
        dkim.push((selector.clone(), txt(&format!("{selector}._domainkey")).await));
    }
    DomainFacts { domain: domain.to_string(), mx, spf, dkim, dmarc, mta_sts, policy, tls_rpt }
}

fn fetched(policy: Observed<Fetched>) -> Observed<PolicyFetch> {
    match policy {
        Observed::Seen(Fetched { peer, answer }) => Observed::Seen(PolicyFetch { peer, answer }),
        Observed::Unobserved(why) => Observed::Unobserved(why),
    }
}

/// What the gateway does with mail that is none of its business.
async fn manners(raised: &Raised) -> Result<RelayFacts, Trouble> {
    let stack = &raised.stack;
    let stranger: ReversePath = "somebody@stranger.example".parse().expect("an address");
    let third = "victim@third.example".parse().expect("an address");
    let relayed = stack.attempt(stranger.clone(), third).await?;
    let mut facts = RelayFacts {
        attempts: vec![RelayAttempt {
            how: "a stranger to a stranger".to_owned(),
            dialogue: Observed::Seen(relayed.exchanges),
        }],
        ..RelayFacts::default()
    };
    if let Some(domain) = stack.gateway().domains.first()
        && let Ok(nobody) = format!("nobody-at-all@{domain}").parse()
    {
        let dialogue = stack.attempt(stranger, nobody).await?.exchanges;
        let is_refused =
            dialogue.iter().any(|e| e.to == "rcpt-to" && e.reply.seen().is_some_and(mail::Reply::is_permanent));
        let is_bounced = if is_refused {
            Observed::Seen(false)
        } else {
            Observed::Unobserved("whether a notification went out was not waited for".to_owned())
        };
        facts.unknown_recipient = Observed::Seen(UnknownRecipient { dialogue, is_bounced });
    }
    Ok(facts)
}

/// A server and zone of the user's own.
async fn own(host: &str, args: &AssessArgs) -> Result<Facts, Trouble> {
    let (name, port) = match host.rsplit_once(':').and_then(|(name, port)| Some((name, port.parse::<u16>().ok()?))) {
        Some((name, port)) => (name, Some(port)),
        None => (host, None),
    };
    let mut facts = Facts::new(name, &now());
    let anchor = probe::anchor(args.ca.as_deref())?;
    let services: Vec<(Service, u16)> = match port {
        Some(port) => vec![(Service::at_port(port).unwrap_or(Service::Smtp), port)],
        None => SERVICES.map(|service| (service, service.port())).to_vec(),
    };
    let surveys = services.iter().map(async |(service, port)| {
        let target = probe::target(name, *port, *service, &[], anchor.clone());
        ::probe::survey(&target).await
    });
    let surveyed = tokio::select! {
        surveyed = join_all(surveys) => surveyed,
        () = interrupt() => return Err(Trouble::interrupted()),
    };
    for ((service, port), probed) in services.into_iter().zip(surveyed) {
        let probed = probed.map_or_else(|e| Observed::Unobserved(e.to_string()), Observed::Seen);
        let greeting = probed.seen().and_then(|seen| seen.cleartext.seen()).map(|seen| seen.greeting.clone());
        let software = greeting.as_deref().and_then(Software::of_greeting);
        facts.services.push(ServiceFacts { service, server: format!("{name}:{port}"), software, probed });
    }
    if let Some(domain) = &args.domain {
        facts.domains.push(match &args.zone {
            Some(path) => in_zone(path, domain, &args.selector).await?,
            None => DomainFacts::unobserved(domain.as_str(), "no zone was given: --zone FILE"),
        });
    }
    Ok(facts)
}

/// A domain as a zone file has it, served by our own server on loopback.
async fn in_zone(path: &Path, domain: &Domain, selectors: &[String]) -> Result<DomainFacts, Trouble> {
    let shown = path.display();
    let text = fs::read_to_string(path).map_err(|e| Trouble::wrong(miette::miette!("{shown}: {e}")))?;
    let zone = dns::read_zone_file(&text, domain).map_err(|e| Trouble::wrong(miette::miette!("{shown}: {e}")))?;
    let failed = |e: dns::DnsError| Trouble::from(stack::StackError::from(e));
    let server = dns::Server::start(std::net::Ipv4Addr::LOCALHOST.into()).await.map_err(failed)?;
    let _lease = server.publish(vec![zone]).map_err(|e| Trouble::wrong(miette::miette!("{shown}: {e}")))?;
    let address: SocketAddr = server.address();
    let ask = async |name: String, kind: &str| match name.parse::<Domain>() {
        Ok(name) => dns::lookup_and_lint(address, &name, kind)
            .await
            .map_or_else(|e| Observed::Unobserved(e.to_string()), Observed::Seen),
        Err(error) => Observed::Unobserved(error.to_string()),
    };
    let policy =
        Observed::Unobserved("a policy host on the Internet is not asked: only the zone file is read".to_owned());
    Ok(of_domain(domain, selectors, policy, ask).await)
}

/// The moment, RFC 3339.
fn now() -> String {
    let now = time::OffsetDateTime::now_utc();
    now.format(&time::format_description::well_known::Rfc3339).expect("a moment has a form")
}
