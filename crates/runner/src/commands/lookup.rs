//! `lookup`: what the DNS says for a domain, and what is to be said of that. A zone file is served here and now, by the
//! harness's own server on loopback: nothing is needed for it, neither engine nor network.

use super::CommandContext;
use crate::{
    cli::LookupArgs,
    exit::{CommandError, Exit},
    start::CommandResult,
};
use dns::{DnsError, Inquiry, Lease, Server, ZoneData};
use evidence::{Observed, Weight};
use lint::Entry;
use mail::Domain;
use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
};

/// Where the system's resolvers stand.
const RESOLV_CONF: &str = "/etc/resolv.conf";

/// Asks, prints, and says whether all is well.
pub(crate) async fn lookup(context: &CommandContext, args: LookupArgs) -> CommandResult {
    let served = if args.zones.is_empty() { None } else { Some(Served::start(&args.zones, &args.domain).await?) };
    let inquiry = match (&served, args.server) {
        (Some(served), _) => served.inquiry.clone(),
        (None, Some(server)) => Inquiry { server, zones: None },
        (None, None) => Inquiry { server: system_resolver(Path::new(RESOLV_CONF))?, zones: None },
    };
    let mut selectors = args.selectors.clone();
    selectors.extend(served.iter().flat_map(|served| served.selectors.clone()).filter(|s| !args.selectors.contains(s)));
    let entries = entries(&inquiry, &args, &selectors).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&entries).expect("a list of look-ups is data"));
    } else {
        print!("{}", report::lookup_text(&entries, &context.style()));
    }
    Ok(exit(&entries, inquiry.zones.as_deref()))
}

/// A name with its types as it is, if there is an underscore in front of a label; else what a mail domain publishes, only of the types that
/// are asked for. A type that a mail domain does not publish is asked of the name itself.
async fn entries(inquiry: &Inquiry, args: &LookupArgs, selectors: &[String]) -> Result<Vec<Entry>, CommandError> {
    let types: Vec<String> = args.types.iter().map(|word| word.to_ascii_uppercase()).collect();
    let is_special = home(&args.domain) != args.domain && !types.is_empty();
    let mut entries = Vec::new();
    if !is_special {
        entries = inquiry.domain(&args.domain, selectors).await;
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

/// That nothing is there outweighs all else; a fault that was seen is one, whatever was not seen. What lies outside the zone files
/// was never to be seen.
fn exit(entries: &[Entry], zones: Option<&[Domain]>) -> Exit {
    let is_near = |entry: &&Entry| zones.is_none_or(|zones| zones.iter().any(|zone| entry.name.is_within(zone)));
    let near: Vec<&Entry> = entries.iter().filter(is_near).collect();
    let seen: Vec<_> = near.iter().filter_map(|entry| entry.answer.seen()).collect();
    let is_error = |rcode: &str| !matches!(rcode, "NOERROR" | "NXDOMAIN");
    let is_unclear = seen.len() < near.len() || seen.iter().any(|found| is_error(&found.rcode));
    if !is_unclear && seen.iter().all(|found| found.records.is_empty()) {
        return Exit::Nothing;
    }
    let is_wrong = seen.iter().flat_map(|found| &found.remarks).any(|remark| remark.weight == Weight::Fault);
    report::Whole::of(is_wrong, is_unclear).into()
}

/// Zone files, served as long as this is kept.
pub(super) struct Served {
    pub(super) inquiry: Inquiry,
    /// Of the DKIM keys in the files.
    pub(super) selectors: Vec<String>,
    _lease: Lease,
    _server: Server,
}

impl Served {
    pub(super) async fn start(files: &[PathBuf], domain: &Domain) -> Result<Self, CommandError> {
        let mut zones: Vec<ZoneData> = Vec::new();
        for path in files {
            let zone = read(path, domain)?;
            if zones.iter().any(|other| other.origin == zone.origin) {
                let help = "give each file an $ORIGIN or a SOA record of its own, or join them";
                return Err(CommandError::wrong(miette::miette!(
                    help = help,
                    "two files are of the zone {}",
                    zone.origin
                )));
            }
            zones.push(zone);
        }
        let origins: Vec<Domain> = zones.iter().map(|zone| zone.origin.clone()).collect();
        if !origins.iter().any(|origin| domain.is_within(origin)) {
            let help =
                "the zone of a file is named by its SOA record, else by its $ORIGIN, else it is the domain itself";
            let all: Vec<String> = origins.iter().map(ToString::to_string).collect();
            return Err(CommandError::wrong(miette::miette!(
                help = help,
                "{domain} does not lie in {}",
                all.join(", ")
            )));
        }
        let selectors = zones.iter().flat_map(|zone| dns::selectors(zone, domain)).collect();
        let server = Server::start(IpAddr::V4(Ipv4Addr::LOCALHOST)).await.map_err(|e| error(&e))?;
        let lease = server.publish(zones).map_err(|e| CommandError::wrong(miette::miette!("{e}")))?;
        let inquiry = Inquiry { server: server.address(), zones: Some(origins) };
        Ok(Self { inquiry, selectors, _lease: lease, _server: server })
    }
}

/// The domain that a name with underscored labels belongs to, as `bank.example` of `s1._domainkey.bank.example` (RFC 8552 §1.1).
fn home(name: &Domain) -> Domain {
    let labels: Vec<&str> = name.as_str().split('.').collect();
    let begin = labels.iter().rposition(|label| label.starts_with('_')).map_or(0, |at| at + 1);
    labels[begin..].join(".").parse().unwrap_or_else(|_| name.clone())
}

fn read(path: &Path, domain: &Domain) -> Result<ZoneData, CommandError> {
    let wrong = |why: String| CommandError::wrong(miette::miette!("{}: {why}", path.display()));
    let text = fs::read(path).map_err(|e| wrong(format!("the zone file cannot be read: {e}")))?;
    let text = String::from_utf8(text).map_err(|e| {
        let line = e.as_bytes()[..e.utf8_error().valid_up_to()].iter().filter(|octet| **octet == b'\n').count() + 1;
        wrong(format!("line {line} is not UTF-8; write other octets as \\DDD (RFC 1035 §5.1)"))
    })?;
    dns::read_zone_file(&text, &home(domain)).map_err(|e| wrong(e.to_string()))
}

/// The first resolver that the system is told to ask.
fn system_resolver(path: &Path) -> Result<SocketAddr, CommandError> {
    let help = "name a server with --server, or a zone file with --zone";
    let said = fs::read_to_string(path)
        .map_err(|e| CommandError::error(miette::miette!(help = help, "{}: {e}", path.display())))?;
    nameserver(&said)
        .ok_or_else(|| CommandError::error(miette::miette!(help = help, "{} names no nameserver", path.display())))
}

fn nameserver(resolv_conf: &str) -> Option<SocketAddr> {
    let address = |line: &str| {
        let mut words = line.split_ascii_whitespace();
        (words.next() == Some("nameserver")).then(|| words.next()?.parse::<IpAddr>().ok()).flatten()
    };
    resolv_conf.lines().find_map(address).map(|ip| SocketAddr::new(ip, 53))
}

fn error(error: &dyn std::fmt::Display) -> CommandError {
    CommandError::error(miette::miette!("{error}"))
}

fn usage(message: &str) -> CommandError {
    CommandError { exit: Exit::Usage, reports: vec![miette::miette!("{message}")] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use evidence::{LookedUp, Remark};

    const GOOD: &str = "@ MX 10 mx\nmx A 192.0.2.1\n@ TXT \"v=spf1 mx -all\"\n_dmarc TXT \"v=DMARC1; p=reject; rua=mailto:dmarc@bank.example\"\n";

    fn entry(rcode: &str, records: &[&str], weight: Option<Weight>) -> Entry {
        let remark = |weight| Remark {
            code: "spf-syntax".to_owned(),
            weight,
            text: String::new(),
            help: String::new(),
            cites: String::new(),
        };
        let answer = Observed::Seen(LookedUp {
            rcode: rcode.to_owned(),
            is_authentic: false,
            records: records.iter().map(|&record| record.to_owned()).collect(),
            remarks: weight.map(remark).into_iter().collect(),
        });
        Entry { what: "SPF".to_owned(), name: "bank.example".parse().unwrap(), record_type: "TXT".to_owned(), answer }
    }

    fn args(domain: &str, zones: &[PathBuf], types: &[&str]) -> LookupArgs {
        LookupArgs {
            domain: domain.parse().unwrap(),
            zones: zones.to_vec(),
            types: types.iter().map(|&word| word.to_owned()).collect(),
            selectors: Vec::new(),
            server: None,
            json: false,
        }
    }

    /// What comes of looking into a zone file.
    async fn looked(text: &str, domain: &str, types: &[&str]) -> Result<(Vec<String>, Exit), CommandError> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bank.zone");
        fs::write(&path, text).unwrap();
        let args = args(domain, &[path], types);
        let served = Served::start(&args.zones, &args.domain).await?;
        let entries = entries(&served.inquiry, &args, &args.selectors).await?;
        let named = entries.iter().map(|entry| format!("{} {}", entry.name, entry.record_type)).collect();
        Ok((named, exit(&entries, served.inquiry.zones.as_deref())))
    }

    #[test]
    fn the_exit_code_is_that_of_the_worst() {
        let good = || entry("NOERROR", &["v=spf1 -all"], None);
        let noticed = entry("NOERROR", &["v=spf1"], Some(Weight::Notice));
        let faulty = entry("NOERROR", &["v=spf1 +all"], Some(Weight::Fault));
        let missing = entry("NXDOMAIN", &[], Some(Weight::Fault));
        let unseen = || Entry { answer: Observed::Unobserved("no answer".to_owned()), ..entry("NOERROR", &[], None) };
        assert_eq!(exit(&[good(), noticed], None), Exit::AsExpected);
        assert_eq!(exit(&[good(), missing.clone()], None), Exit::Failure);
        assert_eq!(exit(&[missing, entry("NOERROR", &[], None)], None), Exit::Nothing);
        assert_eq!(exit(&[good(), unseen()], None), Exit::Error);
        assert_eq!(exit(&[unseen()], None), Exit::Error);
        assert_eq!(exit(&[faulty, unseen()], None), Exit::Failure);
        assert_eq!(exit(&[entry("SERVFAIL", &[], None), good()], None), Exit::Error);
        let outside = Entry { name: "1.2.0.192.in-addr.arpa".parse().unwrap(), ..unseen() };
        let zones = ["bank.example".parse().unwrap()];
        assert_eq!(exit(&[good(), outside.clone()], Some(&zones)), Exit::AsExpected);
        assert_eq!(exit(&[good(), outside], None), Exit::Error);
    }

    #[tokio::test]
    async fn a_zone_file_is_looked_into() {
        let (named, exit) = looked(GOOD, "bank.example", &[]).await.unwrap();
        assert!(named.contains(&"_dmarc.bank.example TXT".to_owned()), "{named:?}");
        assert!(named.contains(&"_25._tcp.mx.bank.example TLSA".to_owned()), "{named:?}");
        assert_eq!(exit, Exit::AsExpected);
        let (_, exit) =
            looked(&GOOD.replace("mx A 192.0.2.1", "mx CNAME b\nb A 192.0.2.1"), "bank.example", &[]).await.unwrap();
        assert_eq!(exit, Exit::Failure);
    }

    #[tokio::test]
    async fn only_what_is_asked_for_is_looked_at() {
        let name = "_dmarc.bank.example";
        let only = looked(&format!("$ORIGIN bank.example.\n{GOOD}"), name, &["txt"]).await.unwrap();
        assert_eq!(only, (vec![format!("{name} TXT")], Exit::AsExpected));
        let (named, _) = looked(GOOD, "bank.example", &["MX", "SOA"]).await.unwrap();
        assert_eq!(named, ["bank.example MX", "bank.example SOA"]);
        let nothing = looked(&format!("$ORIGIN bank.example.\n{GOOD}"), "_no.bank.example", &["TXT"]).await.unwrap();
        assert_eq!(nothing.1, Exit::Nothing);
    }

    #[tokio::test]
    async fn a_zone_file_that_is_wrong_says_where() {
        for (text, domain, said) in [
            ("@ MX 10 mx\n\n@ MX ten mx\n", "bank.example", "bank.zone: line 3 is not understood"),
            ("$ORIGIN bank.example.\n@ MX 10 mx\n", "other.example", "other.example does not lie in bank.example"),
        ] {
            let trouble = looked(text, domain, &[]).await.unwrap_err();
            assert_eq!(trouble.exit, Exit::Wrong);
            assert!(trouble.reports[0].to_string().contains(said), "{}", trouble.reports[0]);
        }
        let trouble = Served::start(&[PathBuf::from("no.zone")], &"bank.example".parse().unwrap()).await.err().unwrap();
        assert!(trouble.reports[0].to_string().starts_with("no.zone: the zone file cannot be read: "));
        let word = looked(GOOD, "bank.example", &["NOPE"]).await.unwrap_err();
        assert_eq!(word.exit, Exit::Usage);
    }

    #[test]
    fn underscored_names_belong_to_the_domain_behind() {
        for (name, domain) in [
            ("bank.example", "bank.example"),
            ("_dmarc.bank.example", "bank.example"),
            ("s1._domainkey.bank.example", "bank.example"),
            ("_25._tcp.mx.bank.example", "mx.bank.example"),
            ("_tcp", "_tcp"),
        ] {
            assert_eq!(home(&name.parse().unwrap()).as_str(), domain);
        }
    }

    #[test]
    fn the_first_nameserver_counts() {
        let said = "# nameserver 192.0.2.1\nsearch example\nnameserver 2001:db8::53\nnameserver 192.0.2.2\n";
        assert_eq!(nameserver(said), Some("[2001:db8::53]:53".parse().unwrap()));
        assert_eq!(nameserver("search example\nnameserver nowhere\n"), None);
    }
}
