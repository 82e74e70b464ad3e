//! Hosts that the harness plays: what they do, and whether they can.

use crate::language::{HostTable, HttpsTable, RepliesTable, SmtpTable};
use form::{
    Flaw, Keyword,
    values::{AtLeastOne, Named},
    words::HostVersion,
};
use mail::Domain;
use plan::{Certificate, Host, HttpsHost, Interference, PlayedReply, Point, SmtpHost, Spanned, StarttlsPlay, World};
use std::{collections::BTreeMap, net::IpAddr};

/// Makes hosts. `others` are there at the same time.
pub(crate) fn build(
    hosts: Named<Domain, HostTable>,
    others: &[Host],
    world: &World,
    flaws: &mut Vec<Flaw>,
) -> Vec<Host> {
    let mut built: Vec<Host> = Vec::new();
    for (name, table) in hosts.0 {
        if let Some(other) = built.iter().find(|other| other.name == name.value) {
            let flaw = Flaw::new(format!("the host {} is declared twice", name.value)).at(&name.span, "here again");
            flaws.push(flaw.at(&other.span, "declared here").help("names do not differ by case"));
        }
        if let Some(owned) = world.reserved.iter().find(|owned| name.value.is_within(owned)) {
            let flaw = Flaw::new(format!("{} belongs to the gateways", name.value)).at(&name.span, "cannot be played");
            flaws.push(flaw.help(format!("{owned} is served for them already; choose another name")));
        }
        let host = host(name, table, world, others.iter().chain(&built), flaws);
        built.push(host);
    }
    built
}

fn host<'a>(
    name: Spanned<Domain>,
    table: HostTable,
    world: &World,
    others: impl Iterator<Item = &'a Host> + Clone,
    flaws: &mut Vec<Flaw>,
) -> Host {
    let ips = table.ip.0.map(|ips| ips.0).unwrap_or_default();
    for (i, ip) in ips.iter().enumerate() {
        is_free(ip, &ips[..i], world, others.clone(), flaws);
    }
    if !table.smtp.stands && !table.https.stands {
        let flaw = Flaw::new(format!("{} does nothing", name.value)).at(&name.span, "neither `smtp` nor `https`");
        flaws.push(flaw.help(r#"add `smtp = { starttls = "offered" }`"#));
    }
    if let Some(tlsa) = table.tlsa.iter().flatten().next().filter(|_| !table.smtp.stands) {
        let flaw =
            Flaw::new(format!("{} takes no mail", name.value)).at(&tlsa.span, "TLSA records are for its port 25");
        flaws.push(flaw.help("add `smtp`, or leave `tlsa` out"));
    }
    Host {
        name: name.value,
        ips: ips.into_iter().map(|ip| ip.value).collect(),
        tlsa: table.tlsa.into_iter().flatten().map(|tlsa| tlsa.value).collect(),
        smtp: table.smtp.stands.then(|| table.smtp.value.map_or_else(usual, |table| smtp(table, flaws))),
        https: table.https.value.map(https),
        span: name.span,
    }
}

fn is_free<'a>(
    ip: &Spanned<IpAddr>,
    own: &[Spanned<IpAddr>],
    world: &World,
    mut others: impl Iterator<Item = &'a Host>,
    flaws: &mut Vec<Flaw>,
) {
    let why = if !is_of_a_host(ip.value) {
        "is not the address of a host".to_owned()
    } else if world.addresses.contains(&ip.value) {
        "belongs to the gateways".to_owned()
    } else if let Some(other) = others.find(|other| other.ips.contains(&ip.value)) {
        format!("belongs to {}", other.name)
    } else if own.iter().any(|other| other.value == ip.value) {
        "stands twice".to_owned()
    } else {
        return;
    };
    let flaw = Flaw::new(format!("{} {why}", ip.value)).at(&ip.span, "cannot be had");
    flaws.push(
        flaw.help("use a free documentation address: 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 or 2001:db8::/32"),
    );
}

/// Whether anybody on the Internet could be there.
pub(crate) fn is_of_a_host(ip: IpAddr) -> bool {
    let is_local = match ip {
        IpAddr::V4(v4) => v4.is_link_local() || v4.is_broadcast(),
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.to_ipv4_mapped().is_some(),
    };
    !(is_local || ip.is_loopback() || ip.is_unspecified() || ip.is_multicast())
}

fn usual() -> SmtpHost {
    SmtpHost {
        starttls: StarttlsPlay::Offered,
        certificate: Certificate::default(),
        versions: Vec::new(),
        wire: Interference::None,
        replies: BTreeMap::new(),
    }
}

fn smtp(table: SmtpTable, flaws: &mut Vec<Flaw>) -> SmtpHost {
    can_be_played(&table, flaws);
    let (mut replies, end_again) = table.replies.map(RepliesTable::by_point).unwrap_or_default();
    if let Some(reply) = table.end_of_data {
        if let Some(again) = end_again {
            let flaw = Flaw::new("the reply to the end of data stands twice").at(&again, "here again");
            flaws.push(flaw.at(&reply.span, "the first one").help("take one of them away"));
        }
        replies.insert(Point::EndOfData, vec![PlayedReply::Says(reply.value.0)]);
    }
    SmtpHost {
        starttls: table.starttls.map_or(StarttlsPlay::Offered, |starttls| starttls.value.0),
        certificate: table.certificate.map(|form| form.0).unwrap_or_default(),
        versions: table.versions.map(in_order).unwrap_or_default(),
        wire: table.on_the_wire.map_or(Interference::None, |wire| wire.value),
        replies,
    }
}

/// Complains of a part of the play that can never come.
fn can_be_played(table: &SmtpTable, flaws: &mut Vec<Flaw>) {
    let play = table.starttls.as_ref().filter(|starttls| starttls.value.0 != StarttlsPlay::Offered);
    let never = play.filter(|play| matches!(play.value.0, StarttlsPlay::Absent | StarttlsPlay::Refused(_)));
    if let (Some(never), Some(versions)) = (never, &table.versions) {
        let flaw = Flaw::new("without STARTTLS no version of TLS is taken").at(&versions.span, "these versions");
        flaws.push(flaw.at(&never.span, "what it does about STARTTLS").help("take one of them away"));
    }
    let Some(wire) = &table.on_the_wire else { return };
    let (message, other) = match (wire.value, play, never, &table.end_of_data) {
        (Interference::StripStarttls, Some(play), ..) => {
            ("it is never seen what the host does about STARTTLS", &play.span)
        }
        (Interference::SwapCertificate, _, Some(play), _) => {
            ("no certificate can be swapped without a handshake", &play.span)
        }
        (Interference::CutInData, _, _, Some(reply)) => ("nobody sees a reply on a line that is cut", &reply.span),
        _ => return,
    };
    let flaw = Flaw::new(message).at(other, "what the host does").at(&wire.span, "what somebody on the way does");
    flaws.push(flaw.help("take one of them away"));
}

/// Versions from the oldest to the newest, each once.
fn in_order(versions: Spanned<AtLeastOne<HostVersion>>) -> Vec<String> {
    let AtLeastOne(written) = versions.value;
    let all = HostVersion::words().into_iter().map(|(word, ..)| word);
    all.filter(|word| written.iter().any(|version| version.0 == *word)).map(str::to_owned).collect()
}

fn https(table: HttpsTable) -> HttpsHost {
    let usual = if table.policy.is_some() { 200 } else { 404 };
    HttpsHost {
        certificate: table.certificate.map(|form| form.0).unwrap_or_default(),
        status: table.status.and_then(|status| u16::try_from(status.0).ok()).unwrap_or(usual),
        policy: table.policy.unwrap_or_default().replace("\r\n", "\n"),
        media_type: table.media_type.map_or_else(|| "text/plain".to_owned(), |line| line.0),
    }
}
