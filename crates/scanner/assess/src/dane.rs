//! TLSA records beside the certificates that a service sends (RFC 7672).

use crate::{
    Facts, ServiceFacts,
    check::{Answer, Checks, Group},
};
use evidence::{ChainSeen, LookedUp, Observed, Probed};
use mail::{Service, TlsaFault, TlsaRecord};

/// A zone file may be of a signed zone; whether its signatures are good is seen by those who ask for it.
const NOT_VALIDATED: &str = "whether resolvers find it authentic cannot be told: none that validates was asked";

/// Why no MTA can use a record (RFC 7672 §3.1); `None`: it can.
fn unusable(record: &TlsaRecord) -> Option<String> {
    record.faults().first().map(|fault| match fault {
        TlsaFault::NotForSmtp => format!("usage {} is not for SMTP", record.usage),
        TlsaFault::Unknown(what, number) => format!("nobody knows {what} {number}"),
        TlsaFault::Length(length) => format!("its data has not the length of its digest, {length} octets"),
    })
}

pub(crate) fn checks(service: &ServiceFacts, label: &str, facts: &Facts, out: &mut Checks) {
    let Observed::Seen(probed) = &service.probed else { return };
    let mut add = |name: &str, answer| out.add(Group::Dane, label, name, answer);
    let tlsa = match &probed.tlsa {
        Observed::Unobserved(why) if service.service == Service::Smtp => {
            return add("TLSA records", Answer::not_tested(why));
        }
        Observed::Unobserved(_) => return,
        Observed::Seen(tlsa) => tlsa,
    };
    let is_there = !tlsa.records.is_empty();
    if service.service != Service::Smtp && !is_there {
        return; // DANE is for hosts that send mail to each other; of other services only what is published is looked at
    }
    add("TLSA records", published(service, probed, tlsa));
    if !is_there {
        return;
    }
    let name = format!("_{}._tcp.{}", port(service), service.host());
    let authentic = if tlsa.is_authentic {
        Answer::pass("the answer is authentic")
    } else if facts.is_validated {
        Answer::fail(format!("{name} is in no signed zone: hosts that do DANE pass the records over"))
    } else {
        Answer::not_tested(NOT_VALIDATED)
    };
    add("DNSSEC", authentic.cites("RFC 7672 §2.2"));
    if service.service == Service::Smtp {
        add("MX by DNSSEC", mx(service, facts));
    }
    let records: Vec<Option<TlsaRecord>> = tlsa.records.iter().map(|record| record.parse().ok()).collect();
    add("usable", usable(tlsa, &records));
    add("matches", matches(service, probed, &records));
}

/// The TLSA base domain: the name that DANE-TA wants in the certificate (RFC 7672 §3.2.2).
fn host(service: &ServiceFacts) -> &str {
    service.host().trim_end_matches('.')
}

fn port(service: &ServiceFacts) -> &str {
    service.server.rsplit_once(':').map_or("25", |(_, port)| port)
}

fn published(service: &ServiceFacts, probed: &Probed, tlsa: &LookedUp) -> Answer {
    let answer = match (tlsa.records.len(), tlsa.rcode.as_str()) {
        (0, "NOERROR" | "NXDOMAIN") => {
            let digest = chains(service, probed).find_map(|chain| chain.digests.first());
            let line = |digest: &String| format!("_{}._tcp.{}. IN TLSA {digest}", port(service), service.host());
            Answer::notice("there are none: hosts that do DANE cannot know the certificate").change(digest.map(line))
        }
        (0, rcode) => Answer::fail(format!("the DNS answers {rcode}: hosts that do DANE defer mail")),
        (1, _) => Answer::pass("one record"),
        (many, _) => Answer::pass(format!("{many} records")),
    };
    answer.cites("RFC 7672 §2.2")
}

/// The MX records must be authentic as well, else somebody can send mail to another host.
fn mx(service: &ServiceFacts, facts: &Facts) -> Answer {
    let of_host =
        |mx: &LookedUp| lint::hosts(mx).iter().any(|named| named.as_str().eq_ignore_ascii_case(host(service)));
    let domains = facts.domains.iter().filter(|domain| domain.mx.seen().is_some_and(of_host));
    let (signed, plain): (Vec<_>, Vec<_>) =
        domains.partition(|domain| domain.mx.seen().is_some_and(|mx| mx.is_authentic));
    let names = |domains: &[&crate::DomainFacts]| {
        domains.iter().map(|domain| domain.domain.as_str()).collect::<Vec<_>>().join(", ")
    };
    let answer = match (signed.is_empty(), plain.is_empty()) {
        (true, true) => Answer::not_tested("no MX record was seen that names this host"),
        (false, true) => Answer::pass(format!("authentic for {}", names(&signed))),
        (_, false) if !facts.is_validated => Answer::not_tested(NOT_VALIDATED),
        (_, false) => Answer::fail(format!("the MX records of {} are not authentic: DANE does nothing", names(&plain))),
    };
    answer.cites("RFC 7672 §2.2.1")
}

fn usable(tlsa: &LookedUp, records: &[Option<TlsaRecord>]) -> Answer {
    let faults: Vec<String> = tlsa
        .records
        .iter()
        .zip(records)
        .filter_map(|(text, record)| match record {
            Some(record) => unusable(record).map(|why| format!("`{}`: {why}", short(text))),
            None => Some(format!("`{}` is no TLSA record", short(text))),
        })
        .collect();
    let answer = match (faults.len(), records.len()) {
        (0, _) => Answer::pass("all of them"),
        (bad, all) if bad == all => {
            Answer::fail(format!("none: {}; hosts encrypt, and verify nothing", faults.join(", ")))
        }
        _ => Answer::notice(format!("not all: {}", faults.join(", "))),
    };
    answer.cites("RFC 7672 §3.1")
}

/// The parameters, and the beginning of the data.
fn short(record: &str) -> String {
    match record.char_indices().nth(14) {
        Some((end, _)) => format!("{}…", &record[..end]),
        None => record.to_owned(),
    }
}

/// Every chain that a host may get must have a record, whatever kind of key the host prefers.
fn matches(service: &ServiceFacts, probed: &Probed, records: &[Option<TlsaRecord>]) -> Answer {
    let usable: Vec<&TlsaRecord> = records.iter().flatten().filter(|record| unusable(record).is_none()).collect();
    let chains: Vec<&ChainSeen> = chains(service, probed).collect();
    if usable.is_empty() || chains.is_empty() {
        let why = if chains.is_empty() { "no certificate was seen" } else { "no record can be used" };
        return Answer::not_tested(why);
    }
    let is_named =
        |chain: &&ChainSeen| usable.iter().any(|record| chain.is_named_by(record, host(service)) == Some(true));
    let Some(unmatched) = chains.iter().find(|chain| !is_named(chain)) else {
        return Answer::pass("every certificate that is sent").cites("RFC 7672 §3.2");
    };
    if usable.iter().any(|record| unmatched.is_named_by(record, host(service)).is_none()) {
        return Answer::not_tested("the certificate's SHA-256 digests alone are known, and no such record matches");
    }
    let key = unmatched.certificates.first().map_or("", |own| own.key.as_str());
    let line = unmatched.digests.first();
    let line = line.map(|digest| format!("_{}._tcp.{}. IN TLSA {digest}", port(service), service.host()));
    Answer::fail(format!("no record is for the certificate that is sent ({key}): hosts that do DANE defer mail"))
        .change(line)
        .cites("RFC 7672 §3.2")
}

/// Chains that a host gets which asks for the name of the TLSA base domain (RFC 7672 §8.1).
fn chains<'a>(service: &'a ServiceFacts, probed: &'a Probed) -> impl Iterator<Item = &'a ChainSeen> {
    let is_own =
        |chain: &&ChainSeen| chain.server_name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(service.host()));
    let all = probed.certificates().unwrap_or_default();
    let has_own = all.iter().any(is_own);
    all.into_iter().filter(move |chain| if has_own { is_own(chain) } else { chain.server_name.is_none() })
}

/// Whether a usable, authentic TLSA record names the chain.
pub(crate) fn is_matched(service: &ServiceFacts, probed: &Probed, chain: &ChainSeen) -> bool {
    let Some(tlsa) = probed.tlsa.seen().filter(|tlsa| tlsa.is_authentic && service.service == Service::Smtp) else {
        return false;
    };
    let records = tlsa.records.iter().filter_map(|record| record.parse::<TlsaRecord>().ok());
    let usable = records.filter(|record| record.faults().is_empty());
    usable.into_iter().any(|record| chain.is_named_by(&record, host(service)) == Some(true))
}
