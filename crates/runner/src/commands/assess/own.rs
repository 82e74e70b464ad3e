//! A server and zone of the user's own: what is seen of them from here.

use super::{NOBODY, STRANGERS, fetched, now, probe, questions, verified};
use crate::{bring_up::interrupt, cli::AssessArgs, commands::lookup::Served, exit::CommandError};
use ::assess::{DomainFacts, Facts, RelayAttempt, RelayFacts, ServiceFacts, Software};
use dns::Inquiry;
use evidence::Observed;
use futures_util::future::join_all;
use mail::{Domain, Service};
use pki::Anchor;
use std::{io, net::IpAddr, slice, time::Duration};
use tokio::{
    net::{TcpStream, lookup_host},
    time::timeout,
};
use wire::{BoxStream, Fetched};

/// How long a dialogue or a fetch may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// What is said in EHLO.
const EHLO: &str = "assess.mailproof.example";
/// The port of a policy host (RFC 8461 §3.3).
const HTTPS: u16 = 443;

/// Everything that can be seen of them.
pub(super) async fn facts(host: &str, args: &AssessArgs) -> Result<Facts, CommandError> {
    let anchor = probe::anchor(args.ca.as_deref())?;
    let zone = match (&args.zone, &args.domain) {
        (Some(file), Some(domain)) => Some(Served::start(slice::from_ref(file), domain).await?),
        _ => None,
    };
    let seen = async {
        let inquiry = zone.as_ref().map(|served| &served.inquiry);
        let (mut facts, domain) =
            tokio::join!(server(host, args, &anchor, inquiry), domain(args, zone.as_ref(), &anchor));
        facts.domains.extend(domain);
        facts
    };
    tokio::select! {
        facts = seen => Ok(facts),
        () = interrupt() => Err(CommandError::interrupted()),
    }
}

/// The services of a host, and its manners.
async fn server(host: &str, args: &AssessArgs, anchor: &Anchor, inquiry: Option<&Inquiry>) -> Facts {
    let (name, port) = host_and_port(host);
    let mut facts = Facts::new(name, &now());
    let address = place(name, inquiry).await;
    let services: Vec<(Service, u16)> = match port {
        Some(port) => vec![(Service::at_port(port).unwrap_or(Service::Smtp), port)],
        None => Service::ALL.map(|service| (service, service.port())).to_vec(),
    };
    let surveys = services.iter().map(async |(service, port)| {
        let target = probe::target(&address, *port, *service, &[name.to_owned()], anchor.clone());
        let mut probed = match ::probe::survey(&target).await {
            Ok(probed) => probed,
            Err(error) => return Observed::Unobserved(error.to_string()),
        };
        probed.tlsa = tlsa(name, *port, inquiry).await;
        Observed::Seen(probed)
    });
    for ((service, port), probed) in services.iter().zip(join_all(surveys).await) {
        let greeting = probed.seen().and_then(|seen| seen.cleartext.seen()).map(|seen| seen.greeting.clone());
        let software = greeting.as_deref().and_then(Software::of_greeting);
        facts.services.push(ServiceFacts { service: *service, server: format!("{name}:{port}"), software, probed });
    }
    facts.relay = match services.iter().find(|(service, _)| *service == Service::Smtp) {
        Some((_, port)) => manners(&address, *port, args.domain.as_ref()).await,
        None => untried("port 25 was not asked"),
    };
    facts
}

/// The host of `HOST[:PORT]`, and the port if there is one; an IPv6 address with a port is in brackets.
fn host_and_port(text: &str) -> (&str, Option<u16>) {
    let is_bare = text.parse::<IpAddr>().is_ok();
    let (host, port) = match text.rsplit_once(':').filter(|_| !is_bare) {
        Some((host, port)) => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        None => (text, None),
    };
    (host.trim_start_matches('[').trim_end_matches(']'), port)
}

/// Where a host is: where the system finds it; if it does not know the name, where the zone has it.
async fn place(name: &str, inquiry: Option<&Inquiry>) -> String {
    if let (Some(inquiry), Ok(domain), Err(_)) = (inquiry, name.parse::<Domain>(), lookup_host((name, 0)).await)
        && let Ok(address) = address(inquiry, &domain).await
    {
        return address.to_string();
    }
    name.to_owned()
}

/// An address that the zone has for a name; else why there is none.
async fn address(inquiry: &Inquiry, name: &Domain) -> Result<IpAddr, String> {
    for record_type in ["A", "AAAA"] {
        let found = inquiry.record(name, record_type).await.map_err(|error| error.to_string())?;
        if let Some(address) = found.records.iter().find_map(|record| record.parse().ok()) {
            return Ok(address);
        }
    }
    Err(format!("the zone has no address for {name}"))
}

async fn tlsa(name: &str, port: u16, inquiry: Option<&Inquiry>) -> Observed<evidence::LookedUp> {
    let Some(inquiry) = inquiry else { return Observed::Unobserved("no zone was given: --zone FILE".to_owned()) };
    let Ok(owner) = format!("_{port}._tcp.{name}").parse::<Domain>() else {
        return Observed::Unobserved(format!("{name} has no TLSA records"));
    };
    inquiry.record(&owner, "TLSA").await.map_or_else(|error| Observed::Unobserved(error.to_string()), Observed::Seen)
}

/// What VRFY and EXPN tell. Relaying is not tried: a server often takes whoever is near it for one of its own.
async fn manners(host: &str, port: u16, domain: Option<&Domain>) -> RelayFacts {
    // of every domain there is a postmaster, also without its name (RFC 5321 §4.5.1)
    let at = domain.map(|domain| format!("@{domain}")).unwrap_or_default();
    let commands = questions(&format!("postmaster{at}"), &format!("{NOBODY}{at}"));
    let stream = match connect(host, port).await {
        Ok(stream) => stream,
        Err(error) => return untried(&format!("no connection to {host}:{port}: {error}")),
    };
    let (vrfy, expn) = verified(&wire::ask(stream, EHLO, &commands, PATIENCE).await);
    let untried = untried("from here it was not tried: the server may take us for one of its own");
    RelayFacts { vrfy, expn, ..untried }
}

fn untried(why: &str) -> RelayFacts {
    fn nothing<T>(why: &str) -> Observed<T> {
        Observed::Unobserved(why.to_owned())
    }
    RelayFacts {
        attempts: vec![RelayAttempt { how: STRANGERS.to_owned(), dialogue: nothing(why) }],
        unknown_recipient: nothing(why),
        vrfy: nothing(why),
        expn: nothing(why),
    }
}

/// The user's domain, if one is named: as its zone file has it.
async fn domain(args: &AssessArgs, zone: Option<&Served>, anchor: &Anchor) -> Option<DomainFacts> {
    let domain = args.domain.as_ref()?;
    let Some(served) = zone else {
        return Some(DomainFacts::unobserved(domain.as_str(), "no zone was given: --zone FILE"));
    };
    let mut selectors = args.selector.clone();
    selectors.extend(served.selectors.iter().filter(|selector| !args.selector.contains(selector)).cloned());
    let policy = policy(domain, args.policy_host.as_deref(), &served.inquiry, anchor);
    let (entries, policy) = tokio::join!(served.inquiry.domain(domain, &selectors), policy);
    Some(DomainFacts::new(domain, entries, fetched(policy)))
}

/// The MTA-STS policy of a domain, as a sender would fetch it (RFC 8461 §3.3).
async fn policy(domain: &Domain, at: Option<&str>, inquiry: &Inquiry, anchor: &Anchor) -> Observed<Fetched> {
    let host = format!("mta-sts.{domain}");
    let (place, port) = match (at.map(host_and_port), host.parse()) {
        (Some((place, port)), _) => (place.to_owned(), port.unwrap_or(HTTPS)),
        (None, Ok(name)) => match address(inquiry, &name).await {
            Ok(address) => (address.to_string(), HTTPS),
            Err(why) => return Observed::Unobserved(why),
        },
        (None, Err(_)) => return Observed::Unobserved(format!("{host} is too long for a name")),
    };
    match connect(&place, port).await {
        Ok(stream) => Observed::Seen(wire::fetch(stream, &host, wire::POLICY_PATH, anchor, PATIENCE).await),
        Err(error) => Observed::Unobserved(format!("{host} cannot be reached at {place}:{port}: {error}")),
    }
}

async fn connect(host: &str, port: u16) -> io::Result<BoxStream> {
    let late = || io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", PATIENCE.as_secs()));
    let stream = timeout(PATIENCE, TcpStream::connect((host, port))).await.unwrap_or_else(|_| Err(late()))?;
    stream.set_nodelay(true)?;
    Ok(Box::new(stream))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_stands_behind_the_last_colon() {
        for (text, host, port) in [
            ("mx.gateway.example", "mx.gateway.example", None),
            ("mx.gateway.example:2525", "mx.gateway.example", Some(2525)),
            ("2001:db8::25", "2001:db8::25", None),
            ("[2001:db8::25]:25", "2001:db8::25", Some(25)),
            ("[2001:db8::25]", "2001:db8::25", None),
        ] {
            assert_eq!(host_and_port(text), (host, port), "{text}");
        }
    }
}
