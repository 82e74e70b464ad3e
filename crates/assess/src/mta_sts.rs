//! MTA-STS: record, policy, and whether MX records and certificates agree with it (RFC 8461).

use crate::{
    DomainFacts, Facts, PolicyFetch, ServiceFacts,
    check::{Answer, Checks, Group},
    names,
    policy::{self, Policy},
    records::{Kind, record},
};
use evidence::{Observed, Trust};
use mail::Service;

pub(crate) fn checks(domain: &DomainFacts, facts: &Facts, out: &mut Checks) {
    let name = domain.domain.as_str();
    let absent = Answer::notice("there is none: TLS to the domain's hosts can be stripped, unless DANE forbids it")
        .change(format!("_mta-sts.{name}. IN TXT \"v=STSv1; id=1\""))
        .cites("RFC 8461 §3.1");
    let kind = Kind { group: Group::MtaSts, name: "record", version: "v=STSv1", needs: Some("id"), absent };
    let is_absent = record(name, &domain.mta_sts, kind, out).is_empty();
    if is_absent && domain.mta_sts.seen().is_some() {
        return; // without a record no policy is asked for
    }
    let mut add = |what: &str, answer| out.add(Group::MtaSts, name, what, answer);
    let fetch = match &domain.policy {
        Observed::Unobserved(why) => return add("policy", Answer::not_tested(why)),
        Observed::Seen(fetch) => fetch,
    };
    add("policy host", host(fetch));
    let policy = match served(fetch) {
        Ok(policy) => policy,
        Err(answer) => return add("policy", answer.cites("RFC 8461 §3.2")),
    };
    add("policy", Answer::pass(format!("for {}", policy.mx.join(", "))).cites("RFC 8461 §3.2"));
    add("mode", mode(&policy));
    add("lifetime", lifetime(&policy));
    if policy.mode == "none" {
        return;
    }
    let hosts = match &domain.mx {
        Observed::Unobserved(why) => return add("MX", Answer::not_tested(why)),
        Observed::Seen(mx) => hosts(&mx.records),
    };
    add("MX", covered(&policy, &hosts));
    for host in hosts.iter().filter(|host| policy.covers(host)) {
        add("certificate", certificate(host, facts));
    }
}

fn host(fetch: &PolicyFetch) -> Answer {
    let answer = match &fetch.peer {
        Observed::Unobserved(why) => Answer::not_tested(why),
        Observed::Seen(Trust::Verified) => Answer::pass("HTTPS with a certificate that verifies"),
        Observed::Seen(Trust::Untrusted(Some(why))) => {
            Answer::fail(format!("its certificate does not verify, so the policy is passed over: {why}"))
        }
        Observed::Seen(_) => Answer::fail("its certificate does not verify, so the policy is passed over"),
    };
    answer.cites("RFC 8461 §3.3")
}

fn served(fetch: &PolicyFetch) -> Result<Policy, Answer> {
    let (status, media_type, body) = match &fetch.answer {
        Observed::Unobserved(why) => return Err(Answer::not_tested(why)),
        Observed::Seen(answer) => answer,
    };
    if *status != 200 {
        return Err(Answer::fail(format!("the host answers with status {status}, which must be 200")));
    }
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("text/plain") {
        return Err(Answer::fail(format!("its media type is `{media_type}`, not text/plain")));
    }
    policy::read(body).map_err(|why| Answer::fail(format!("{why}: hosts act as if there were none")))
}

fn mode(policy: &Policy) -> Answer {
    let answer = match policy.mode.as_str() {
        "enforce" => Answer::pass("enforce"),
        "testing" => Answer::notice("testing: mail is delivered, whatever the policy says"),
        _ => Answer::notice("none: the policy is given up"),
    };
    answer.change("mode: enforce".to_owned()).cites("RFC 8461 §5")
}

/// A policy protects as long as it is kept.
fn lifetime(policy: &Policy) -> Answer {
    let days = policy.max_age / 86_400;
    let answer = if days < 7 && policy.mode == "enforce" {
        Answer::notice(format!("max_age is {days} days; weeks or more are recommended"))
            .change("max_age: 604800".to_owned())
    } else {
        Answer::pass(format!("{days} days"))
    };
    answer.cites("RFC 8461 §3.2")
}

/// Hosts of MX records, `10 mx.gateway.example.`, without the root; a null MX has none.
fn hosts(records: &[String]) -> Vec<String> {
    let host =
        |record: &String| record.split_ascii_whitespace().nth(1).map(|host| host.trim_end_matches('.').to_owned());
    records.iter().filter_map(host).filter(|host| !host.is_empty()).collect()
}

fn covered(policy: &Policy, hosts: &[String]) -> Answer {
    let missing: Vec<&str> = hosts.iter().map(String::as_str).filter(|host| !policy.covers(host)).collect();
    let answer = if hosts.is_empty() {
        Answer::not_tested("the domain has no MX record")
    } else if missing.is_empty() {
        Answer::pass("every MX is in the policy")
    } else {
        let lines: Vec<String> = missing.iter().map(|host| format!("mx: {host}")).collect();
        Answer::fail(format!("{} is not in the policy: no mail is sent there", missing.join(", ")))
            .change(lines.join("\n"))
    };
    answer.cites("RFC 8461 §4.1")
}

/// Whether hosts that hold the policy can deliver to this MX.
fn certificate(host: &str, facts: &Facts) -> Answer {
    let is_it = |service: &&ServiceFacts| {
        service.service == Service::Smtp && service.host().trim_end_matches('.').eq_ignore_ascii_case(host)
    };
    let Some(service) = facts.services.iter().find(is_it) else {
        return Answer::not_tested(format!("{host} was not asked")).cites("RFC 8461 §4.2");
    };
    let answer = match &service.probed {
        Observed::Unobserved(why) => Answer::not_tested(format!("{host}: {why}")),
        Observed::Seen(probed) if probed.versions.iter().all(|v| v.suites.seen().is_some_and(Vec::is_empty)) => {
            Answer::fail(format!("{host} has no TLS: no mail is sent there"))
        }
        Observed::Seen(probed) => {
            let asked = |chain: &&evidence::ChainSeen| {
                chain.server_name.as_deref().is_none_or(|name| name.eq_ignore_ascii_case(host))
            };
            let chains: Vec<_> = probed.certificates().unwrap_or_default().into_iter().filter(asked).collect();
            let is_good = |chain: &&evidence::ChainSeen| {
                matches!(chain.trust, Trust::Verified | Trust::Trusted) && names::is_for(&chain.certificates[0], host)
            };
            match (chains.is_empty(), chains.iter().all(is_good)) {
                (true, _) => Answer::not_tested(format!("no certificate of {host} was seen")),
                (false, true) => Answer::pass(format!("{host} has one that verifies")),
                (false, false) => {
                    Answer::fail(format!("the certificate of {host} does not verify: no mail is sent there"))
                }
            }
        }
    };
    answer.cites("RFC 8461 §4.2")
}
