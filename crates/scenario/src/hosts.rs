//! Hosts that the harness plays, and what changes on the stage while a scenario runs.

use crate::{
    Change, Claim, Host, HttpsHost, Interference, Outcome, SmtpHost, Spanned, Transaction, World,
    faults::{Flaw, did_you_mean},
    form::Maybe,
    language::{ChangeTable, HostTable, HttpsTable, SmtpTable},
    transactions::Setting,
    values::Named,
    zones::{self, Declared},
};
use mail::Domain;
use std::net::IpAddr;

/// Makes the hosts of a file, and adds their addresses to its zones.
pub(crate) fn build(
    hosts: Named<Domain, HostTable>,
    zones: &mut [Declared],
    world: &World,
    flaws: &mut Vec<Flaw>,
) -> Vec<Host> {
    let mut built: Vec<Host> = Vec::new();
    for (name, table) in hosts.0 {
        let Some(host) = host(name, table, world, &built, flaws) else { continue };
        if !add_addresses(&host, zones) {
            let flaw = Flaw::new(format!("{} lies in no zone of this file", host.name));
            let parent = host.name.as_str().split_once('.').map_or(host.name.as_str(), |(_, parent)| parent);
            flaws.push(flaw.at(&host.span, "cannot be found").help(format!("declare [zone.\"{parent}\"]")));
        }
        built.push(host);
    }
    built
}

/// Makes the changes that come before a transaction.
pub(crate) fn change(table: Spanned<ChangeTable>, setting: &Setting<'_>, flaws: &mut Vec<Flaw>) -> Change {
    let mut zones = table.value.zone.map_or_else(Vec::new, |z| zones::build(z, setting.world, setting.file, flaws));
    for zone in &zones {
        let known = || setting.zones.iter().map(|known| known.zone.origin.as_str());
        was_declared("zone", &zone.zone.origin, &zone.span, known(), flaws);
    }
    let mut hosts: Vec<Host> = Vec::new();
    for (name, table) in table.value.host.into_iter().flat_map(|hosts| hosts.0) {
        was_declared("host", &name.value, &name.span, setting.hosts.iter().map(|h| h.name.as_str()), flaws);
        hosts.extend(host(name, table, setting.world, &hosts, flaws));
    }
    let others = setting.hosts.iter().filter(|host| !hosts.iter().any(|new| new.name == host.name));
    for host in others.chain(&hosts) {
        let is_new = !add_addresses(host, &mut zones);
        let moved = setting.hosts.iter().any(|old| old.name == host.name && old.ips != host.ips);
        if is_new && moved {
            let flaw = Flaw::new(format!("{} has another address now", host.name)).at(&host.span, "here");
            flaws.push(flaw.help("change its zone as well, or keep its address"));
        }
    }
    Change { zones: zones.into_iter().map(|declared| declared.zone).collect(), hosts }
}

fn was_declared<'a>(
    what: &str,
    name: &Domain,
    span: &std::ops::Range<usize>,
    known: impl Iterator<Item = &'a str> + Clone,
    flaws: &mut Vec<Flaw>,
) {
    if known.clone().any(|known| known == name.as_str()) {
        return;
    }
    let help = did_you_mean(name.as_str(), known, &format!("declare [{what}.\"{name}\"] at the top of the file"));
    flaws.push(Flaw::new(format!("no {what} {name} to change")).at(span, "not declared in this file").help(help));
}

fn host(
    name: Spanned<Domain>,
    table: HostTable,
    world: &World,
    others: &[Host],
    flaws: &mut Vec<Flaw>,
) -> Option<Host> {
    let ips = table.ip.0.map(|ips| ips.0)?;
    for ip in &ips {
        is_free(ip, world, others, flaws);
    }
    let is_missing = |part: &dyn Fn() -> bool| !part();
    if is_missing(&|| table.smtp.stands) && is_missing(&|| table.https.stands) {
        let flaw = Flaw::new(format!("{} does nothing", name.value)).at(&name.span, "neither `smtp` nor `https`");
        flaws.push(flaw.help(r#"add `smtp = { starttls = "offered" }`"#));
    }
    if let Some(tlsa) = table.tlsa.iter().flatten().next().filter(|_| !table.smtp.stands) {
        let flaw = Flaw::new(format!("{} takes no mail", name.value)).at(&tlsa.span, "TLSA records are for its port 25");
        flaws.push(flaw.help("add `smtp`, or leave `tlsa` out"));
    }
    Some(Host {
        name: name.value,
        ips: ips.into_iter().map(|ip| ip.value).collect(),
        tlsa: table.tlsa.into_iter().flatten().map(|tlsa| tlsa.value).collect(),
        smtp: part(table.smtp, smtp),
        https: part(table.https, https),
        span: name.span,
    })
}

fn part<T, R>(table: Maybe<T>, make: impl FnOnce(T) -> Option<R>) -> Option<R> {
    table.value.and_then(make)
}

#[expect(clippy::unnecessary_wraps, reason = "a part of a host that may lack what it needs")]
fn smtp(table: SmtpTable) -> Option<SmtpHost> {
    Some(SmtpHost {
        starttls: table.starttls.unwrap_or_default(),
        certificate: table.certificate.map(|form| form.0).unwrap_or_default(),
        versions: table.versions.into_iter().flat_map(|list| list.0).map(|version| version.0.to_owned()).collect(),
        wire: table.on_the_wire.unwrap_or(Interference::None),
        end_of_data: table.end_of_data.map(|reply| reply.0),
    })
}

fn https(table: HttpsTable) -> Option<HttpsHost> {
    Some(HttpsHost {
        certificate: table.certificate.map(|form| form.0).unwrap_or_default(),
        status: table.status.and_then(|status| u16::try_from(status.0).ok()).unwrap_or(200),
        policy: table.policy.0?,
        media_type: table.media_type.map_or_else(|| "text/plain".to_owned(), |line| line.0),
    })
}

fn is_free(ip: &Spanned<IpAddr>, world: &World, others: &[Host], flaws: &mut Vec<Flaw>) {
    let why = if ip.value.is_loopback() || ip.value.is_unspecified() || ip.value.is_multicast() {
        "is not the address of a host"
    } else if world.addresses.contains(&ip.value) {
        "belongs to the gateways"
    } else if others.iter().any(|other| other.ips.contains(&ip.value)) {
        "belongs to another host of this file"
    } else {
        return;
    };
    let flaw = Flaw::new(format!("{} {why}", ip.value)).at(&ip.span, "cannot be had");
    flaws.push(flaw.help("use a free documentation address: 198.51.100.0/24 or 2001:db8::/32"));
}

/// Adds a host's addresses to the deepest zone that it lies in; false if there is none.
fn add_addresses(host: &Host, zones: &mut [Declared]) -> bool {
    let within = zones.iter_mut().filter(|declared| host.name.is_within(&declared.zone.origin));
    let Some(declared) = within.max_by_key(|declared| declared.zone.origin.as_str().len()) else { return false };
    for ip in &host.ips {
        let kind = if ip.is_ipv4() { "A" } else { "AAAA" };
        declared.zone.records.push_str(&format!("{}. IN {kind} {ip}\n", host.name));
    }
    true
}

/// Complains of claims about hosts that are not there.
pub(crate) fn are_there(transaction: &Transaction, hosts: &[Host], flaws: &mut Vec<Flaw>) {
    let later = transaction.change.iter().flat_map(|change| &change.hosts);
    let all: Vec<&Host> = hosts.iter().chain(later).collect();
    let must_wait = transaction.expect.iter().any(|e| matches!(&e.claim, Claim::Outcome(Outcome::Deferred | Outcome::Rejected)));
    for expectation in &transaction.expect {
        let flaw = match &expectation.claim {
            Claim::Arrived(name) if !all.iter().any(|host| host.name == *name && host.smtp.is_some()) => {
                let names = all.iter().filter(|host| host.smtp.is_some()).map(|host| host.name.as_str());
                let help = did_you_mean(name.as_str(), names, &format!("declare [host.\"{name}\"] with `smtp`"));
                Flaw::new(format!("no host {name} to take the message")).help(help)
            }
            Claim::Arrived(name) if must_wait => {
                Flaw::new(format!("{name} cannot have taken a message that waits or is refused"))
            }
            Claim::Fetched(true) if !all.iter().any(|host| host.https.is_some()) => {
                Flaw::new("there is no web server to fetch a policy from").help("declare a host with `https`")
            }
            Claim::Offered(_) if !all.iter().any(|host| host.smtp.is_some()) => {
                Flaw::new("there is no host to which the gateway could offer anything").help("declare a host with `smtp`")
            }
            _ => continue,
        };
        flaws.push(flaw.at(&expectation.span, "this claim"));
    }
}
