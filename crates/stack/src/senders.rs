//! Senders as filters that score wish them, for a gateway that says so: the address of a client has a name that leads back to it, and a
//! domain of the scenario's takes mail, on the host from which it sends if that is its own. What the scenario declares stays.

use crate::{Stack, StackError, router::Registration, zones::pointer};
use futures_util::future::BoxFuture;
use mail::Domain;
use plan::{CertificateKind, Interference, Origin, Plan, StarttlsPlay};
use std::{
    collections::{BTreeMap, HashMap, hash_map::Entry},
    fmt::Write,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
};
use wire::{BoxStream, Handler, HostKey, MxHost, MxPlay};

/// Below this are the names of clients' addresses.
const NAMED: &str = "senders.example";

/// Names of clients' addresses that are published, and the MTAs at them. Many scenarios share one address, and none of them
/// declares a name for it.
#[derive(Debug, Default)]
pub(crate) struct Names(Mutex<HashMap<IpAddr, (dns::Lease, Option<Registration>)>>);

/// The MTA of a sender: it takes mail for everybody, so that a gateway may call back (Postfix: `reject_unverified_sender`), and
/// keeps none.
#[derive(Debug)]
struct SenderMx(Arc<MxHost>);

impl SenderMx {
    fn at(ip: IpAddr, stack: &Stack) -> Result<Option<Self>, StackError> {
        let Some(name) = name_of(ip) else { return Ok(None) };
        let names = vec![name.to_string()];
        let request = pki::Request { names, kind: CertificateKind::Good, key: pki::KeyKind::P256 };
        let issued = stack.authority.issue(&request)?;
        let mx = MxHost::new(MxPlay {
            name: name.to_string(),
            starttls: StarttlsPlay::Offered,
            wire: Interference::None,
            key: HostKey { chain_pem: issued.chain_pem, key_pem: issued.key_pem, versions: Vec::new() },
            swapped: None,
            replies: BTreeMap::new(),
        })?;
        Ok(Some(Self(Arc::new(mx))))
    }
}

impl Handler for SenderMx {
    fn serve(self: Arc<Self>, stream: BoxStream, from: SocketAddr, to: SocketAddr) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            Arc::clone(&self.0).serve(stream, from, to).await;
            self.0.take();
        })
    }
}

impl Names {
    /// Gives each client of a scenario a name and an MTA, and takes those back of which the scenario has its own.
    pub(crate) fn publish(&self, stack: &Stack, plan: &Plan) -> Result<(), StackError> {
        let mut published = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let later = plan.transactions.iter().filter_map(|t| t.change.as_ref()).flat_map(|change| &change.hosts);
        let played = plan.hosts.iter().chain(later).flat_map(|host| host.ips.iter().copied());
        let own: Vec<IpAddr> = plan.ptr.iter().map(|(ip, _)| *ip).chain(played).collect();
        published.retain(|ip, _| !own.contains(ip));
        for sender in senders(plan).filter(|sender| !own.contains(&sender.ip)) {
            if let Entry::Vacant(vacant) = published.entry(sender.ip) {
                let mx = SenderMx::at(sender.ip, stack)?.map(|mx| {
                    let mx = Arc::new(mx) as Arc<dyn Handler>;
                    stack.router.seat(SocketAddr::new(sender.ip, mail::Service::Smtp.port()), mx)
                });
                vacant.insert((stack.dns.publish(named(sender.ip))?, mx));
            }
        }
        Ok(())
    }
}

/// A client of a scenario, and what it says.
struct Sender<'a> {
    ip: IpAddr,
    ehlo: Option<Domain>,
    mail_from: Option<&'a Domain>,
    message: &'a [u8],
}

fn senders(plan: &Plan) -> impl Iterator<Item = Sender<'_>> {
    plan.transactions.iter().filter_map(|transaction| match &transaction.origin {
        Origin::Client(client) => Some(Sender {
            ip: client.ip.value,
            ehlo: client.ehlo.value.parse().ok(),
            mail_from: transaction.mail_from.value.address().map(mail::Address::domain),
            message: &transaction.message.text.value.0,
        }),
        Origin::Submission(_) | Origin::Sendmail => None,
    })
}

/// The records of the hosts from which a scenario's domains send: its zones, and lines for each.
pub(crate) fn hosts(plan: &Plan, zones: &[dns::ZoneData]) -> Vec<(Domain, String)> {
    let played: Vec<&Domain> = plan.hosts.iter().map(|host| &host.name).collect();
    hosts_of(senders(plan), &played, zones)
}

fn hosts_of<'a>(
    senders: impl Iterator<Item = Sender<'a>>,
    played: &[&Domain],
    zones: &[dns::ZoneData],
) -> Vec<(Domain, String)> {
    let zone_of = |name: &Domain| {
        zones.iter().filter(|zone| name.is_within(&zone.origin)).max_by_key(|zone| zone.origin.as_str().len())
    };
    let mut lines: Vec<(Domain, String)> = Vec::new();
    let mut add = |zone: &dns::ZoneData, line: String| {
        let line = (zone.origin.clone(), line);
        if !lines.contains(&line) {
            lines.push(line);
        }
    };
    let mut from_elsewhere = Vec::new();
    for Sender { ip, ehlo, mail_from, message } in senders {
        // a record that names hosts by their addresses, or a name that is to be nobody's, says otherwise
        let own = ehlo.and_then(|host| Some((zone_of(&host)?, host))).filter(|(zone, host)| {
            let is_author = String::from_utf8_lossy(message).contains(&format!("@{host}"));
            let is_spoken_of = zone.has_name(host) || is_author || mail_from == Some(host);
            !(zone.names_are_used() || is_spoken_of || played.contains(&host))
        });
        if let Some((zone, host)) = &own {
            let kind = if ip.is_ipv4() { "A" } else { "AAAA" };
            add(zone, format!("{host}. 0 IN {kind} {ip}"));
        }
        let Some((domain, zone)) = mail_from.and_then(|domain| Some((domain, zone_of(domain)?))) else { continue };
        // a name below a zone that has no record at all is not there; the zone itself is
        let is_there = zone.has_name(domain) || *domain == zone.origin;
        if !is_there || zone.takes_mail(domain) || zone.names_are_used() || played.contains(&domain) {
            continue;
        }
        match own.filter(|(other, _)| other.origin == zone.origin) {
            Some((_, host)) => add(zone, format!("{domain}. 0 IN MX 10 {host}.")),
            None => from_elsewhere.push((domain, zone, ip)),
        }
    }
    // who sends for a domain from elsewhere does not take its mail, but somebody does
    for (domain, zone, ip) in from_elsewhere {
        let head = format!("{domain}. 0 IN MX ");
        if let Some(host) = name_of(ip).filter(|_| !lines.iter().any(|(_, line)| line.starts_with(&head))) {
            lines.push((zone.origin.clone(), format!("{head}10 {host}.")));
        }
    }
    lines
}

/// Adds these lines to their zones.
pub(crate) fn settle(zones: &mut [dns::ZoneData], hosts: &[(Domain, String)]) {
    for (origin, line) in hosts {
        if let Some(zone) = zones.iter_mut().find(|zone| zone.origin == *origin) {
            writeln!(zone.records, "\n{line}").expect("writing to a string");
        }
    }
}

/// The name of an address, in letters, since a name with numbers in it looks like that of a subscriber's line.
fn name_of(ip: IpAddr) -> Option<Domain> {
    let octets = match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let halves = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    let letters: String = halves.map(|half| char::from(b'a' + half)).collect();
    format!("mx-{letters}.{NAMED}").parse().ok()
}

/// The zones of an address's name.
fn named(ip: IpAddr) -> Vec<dns::ZoneData> {
    let Some(name) = name_of(ip) else { return Vec::new() };
    let kind = if ip.is_ipv4() { "A" } else { "AAAA" };
    let pointer = pointer(ip, &name);
    let forward = dns::ZoneData {
        origin: name,
        dnssec: plan::Dnssec::Insecure,
        records: format!("@ 0 IN {kind} {ip}\n"),
        faults: Vec::new(),
    };
    vec![pointer, forward]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records that a client at 192.0.2.10 brings with it into the zone of bank.example.
    fn records(zone: &str, ehlo: &str, mail_from: &str) -> Vec<String> {
        let zone = dns::ZoneData {
            origin: "bank.example".parse().unwrap(),
            dnssec: plan::Dnssec::Signed,
            records: zone.to_owned(),
            faults: Vec::new(),
        };
        let (ip, mail_from) = ("192.0.2.10".parse().unwrap(), mail_from.parse().unwrap());
        let sender =
            Sender { ip, ehlo: ehlo.parse().ok(), mail_from: Some(&mail_from), message: b"From: a@bank.example" };
        hosts_of([sender].into_iter(), &[], &[zone]).into_iter().map(|(_, line)| line).collect()
    }

    const SPF: &str = "@ IN TXT \"v=spf1 ip4:192.0.2.10 -all\"\n";
    const HOST: &str = "mail.bank.example. 0 IN A 192.0.2.10";

    #[test]
    fn a_domain_that_sends_from_its_own_host_has_it() {
        let of = |ehlo: &str, mail_from: &str| records(SPF, ehlo, mail_from);
        assert_eq!(of("mail.bank.example", "bank.example"), [HOST, "bank.example. 0 IN MX 10 mail.bank.example."]);
        assert_eq!(
            of("mail.attacker.example", "bank.example"),
            ["bank.example. 0 IN MX 10 mx-maaaacak.senders.example."]
        );
        // a name without records stays nobody's
        assert_eq!(of("mail.bank.example", "no.bank.example"), [HOST]);
        // a zone that has nothing but keys is there as well, and takes mail
        let keys = "s1._domainkey IN TXT \"v=DKIM1; p=x\"\n";
        assert_eq!(records(keys, "mail.bank.example", "bank.example").len(), 2);
    }

    #[test]
    fn what_a_scenario_says_of_its_names_stays() {
        for zone in ["@ IN TXT \"v=spf1 a:mail.bank.example -all\"\n", "* IN TXT x\n"] {
            assert_eq!(records(zone, "mail.bank.example", "bank.example"), [""; 0], "{zone}");
        }
        let other = "bank.example. 0 IN MX 10 mx-maaaacak.senders.example.";
        assert_eq!(records("mail IN A 192.0.2.11\n", "mail.bank.example", "bank.example"), [other]);
        assert_eq!(records("@ IN MX 10 mx\n", "mail.bank.example", "bank.example"), [HOST]);
    }

    #[test]
    fn an_address_has_a_name_in_letters_that_leads_back() {
        let zones = named("192.0.2.10".parse().unwrap());
        let said: Vec<(String, &str)> = zones.iter().map(|z| (z.origin.to_string(), z.records.trim_end())).collect();
        assert_eq!(
            said,
            [
                ("10.2.0.192.in-addr.arpa".to_owned(), "@ 0 IN PTR mx-maaaacak.senders.example."),
                ("mx-maaaacak.senders.example".to_owned(), "@ 0 IN A 192.0.2.10"),
            ]
        );
    }
}
