//! `lookup`: what the DNS says for a domain, and what is to be said of that. A zone file is served here and now, by the
//! harness's own server on loopback: nothing is needed for it, neither engine nor network.

use super::Setting;
use crate::{
    cli::LookupArgs,
    exit::{Exit, Trouble},
    start::Ended,
};
use dns::{DnsError, Inquiry, Lease, Server, ZoneData};
use evidence::{Observed, Weight};
use lint::Entry;
use mail::Domain;
use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

/// Where the system's resolvers stand.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Asks, prints, and says whether all is well.
pub(crate) async fn lookup(setting: &Setting, args: LookupArgs) -> Ended {
    let served = if args.zones.is_empty() { None } else { Some(Served::start(&args).await?) };
    let inquiry = match (&served, args.server) {
        (Some(served), _) => served.inquiry.clone(),
        (None, Some(server)) => Inquiry { server, zones: None },
        (None, None) => Inquiry { server: system_resolver(Path::new(RESOLV_CONF))?, zones: None },
    };
    let entries = entries(&inquiry, &args).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&entries).expect("a list of look-ups is data"));
    } else {
        print!("{}", report::lookup_text(&entries, &setting.style()));
    }
    Ok(exit(&entries))
}

/// A name with its types as it is, if it has an underscore in front; else what a mail domain publishes, only of the types that
/// are asked for. A type that a mail domain does not publish is asked of the name itself.
async fn entries(inquiry: &Inquiry, args: &LookupArgs) -> Result<Vec<Entry>, Trouble> {
    let types: Vec<String> = args.types.iter().map(|word| word.to_ascii_uppercase()).collect();
    let is_special = args.domain.as_str().starts_with('_') && !types.is_empty();
    let mut entries = Vec::new();
    if !is_special {
        entries = inquiry.domain(&args.domain, &args.selectors).await;
        entries.retain(|entry| types.is_empty() || types.contains(&entry.record_type));
    }
    for record_type in types {
        if entries.iter().any(|entry| entry.record_type == record_type) {
            continue;
        }
        let answer = match inquiry.record(&args.domain, &record_type).await {
            Ok(found) => Observed::Seen(found),
            Err(error @ DnsError::RecordType(_)) => return Err(usage(&error.to_string())),
            Err(error) => Observed::Unobserved(error.to_string()),
        };
        entries.push(Entry { what: record_type.clone(), name: args.domain.clone(), record_type, answer });
    }
    Ok(entries)
}

/// Nothing there outweighs nothing else; a fault that was seen is one, whatever else was not seen.
fn exit(entries: &[Entry]) -> Exit {
    let seen: Vec<_> = entries.iter().filter_map(|entry| entry.answer.seen()).collect();
    let is_error = |rcode: &str| !matches!(rcode, "NOERROR" | "NXDOMAIN");
    let has_unseen = seen.len() < entries.len();
    if !has_unseen && seen.iter().all(|found| found.records.is_empty() && !is_error(&found.rcode)) {
        Exit::Nothing
    } else if seen.iter().flat_map(|found| &found.remarks).any(|remark| remark.weight == Weight::Fault) {
        Exit::Failure
    } else if has_unseen || seen.iter().any(|found| is_error(&found.rcode)) {
        Exit::Error
    } else {
        Exit::AsExpected
    }
}

/// Zone files, served as long as this is kept.
struct Served {
    inquiry: Inquiry,
    _lease: Lease,
    _server: Server,
}

impl Served {
    async fn start(args: &LookupArgs) -> Result<Self, Trouble> {
        let mut zones: Vec<ZoneData> = Vec::new();
        for path in &args.zones {
            let zone = read(path, &args.domain)?;
            if zones.iter().any(|other| other.origin == zone.origin) {
                let help = "give each file an $ORIGIN or a SOA record of its own, or join them";
                return Err(Trouble::wrong(miette::miette!(help = help, "two files are of the zone {}", zone.origin)));
            }
            zones.push(zone);
        }
        let origins: Vec<Domain> = zones.iter().map(|zone| zone.origin.clone()).collect();
        if !origins.iter().any(|origin| args.domain.is_within(origin)) {
            let help = "the zone of a file is named by its SOA record, else by its $ORIGIN, else it is the domain itself";
            let all: Vec<String> = origins.iter().map(ToString::to_string).collect();
            return Err(Trouble::wrong(miette::miette!(help = help, "{} does not lie in {}", args.domain, all.join(", "))));
        }
        let server = Server::start(IpAddr::V4(Ipv4Addr::LOCALHOST)).await.map_err(|e| error(&e))?;
        let lease = server.publish(zones).map_err(|e| Trouble::wrong(miette::miette!("{e}")))?;
        let inquiry = Inquiry { server: server.address(), zones: Some(origins) };
        Ok(Self { inquiry, _lease: lease, _server: server })
    }
}

fn read(path: &Path, domain: &Domain) -> Result<ZoneData, Trouble> {
    let wrong = |why: String| Trouble::wrong(miette::miette!("{}: {why}", path.display()));
    let text = fs::read(path).map_err(|e| wrong(format!("the zone file cannot be read: {e}")))?;
    let text = String::from_utf8(text).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|octet| **octet == b'\n').count() + 1;
        wrong(format!("line {line} is not UTF-8; write other octets as \\DDD (RFC 1035 §5.1)"))
    })?;
    dns::read_zone_file(&text, domain).map_err(|e| wrong(e.to_string()))
}

/// The first resolver that the system is told to ask.
fn system_resolver(path: &Path) -> Result<SocketAddr, Trouble> {
    let help = "name a server with --server, or a zone file with --zone";
    let said = fs::read_to_string(path)
        .map_err(|e| Trouble::error(miette::miette!(help = help, "{}: {e}", path.display())))?;
    nameserver(&said)
        .ok_or_else(|| Trouble::error(miette::miette!(help = help, "{} names no nameserver", path.display())))
}

fn nameserver(resolv_conf: &str) -> Option<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse::<IpAddr>().ok()).flatten()
    };
    resolv_conf.lines().find_map(address).map(|ip| SocketAddr::new(ip, 53))
}

fn error(error: &dyn std::fmt::Display) -> Trouble {
    Trouble::error(miette::miette!("{error}"))
}

fn usage(message: &str) -> Trouble {
    Trouble { exit: Exit::Usage, reports: vec![miette::miette!("{message}")] }
}
