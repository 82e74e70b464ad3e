//! The certificates that a service sends.

use crate::{
    Facts, ServiceFacts,
    check::{Answer, Checks, Group},
    dane,
    transport::by_profile,
};
use evidence::{Certificate, ChainSeen, Observed, Probed, Trust};
use mail::Service;
use profile::{Aspect, Profile};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// Days before its end at which a certificate should have been renewed.
const RENEWAL: i64 = 14;

pub(crate) fn checks(service: &ServiceFacts, label: &str, facts: &Facts, profile: &Profile, out: &mut Checks) {
    let Observed::Seen(probed) = &service.probed else { return };
    let is_without_tls = probed.versions.iter().all(|version| version.suites.seen().is_some_and(Vec::is_empty));
    if is_without_tls {
        return;
    }
    let chains = match probed.certificates() {
        Ok(chains) => chains,
        Err(why) => return out.add(Group::Certificate, label, "trusted", Answer::not_tested(why)),
    };
    for chain in &chains {
        let Some(own) = chain.certificates.first() else { continue };
        let of = if chains.len() > 1 { format!("{label} ({})", of_chain(chain, own)) } else { label.to_owned() };
        let mut add = |name: &str, answer| out.add(Group::Certificate, &of, name, answer);
        let host = chain.server_name.as_deref().unwrap_or_else(|| service.host());
        add("trusted", trusted(service, probed, chain));
        add("name", name(own, host));
        add("validity", validity(own, &facts.now));
        let alone = Probed { chains: Observed::Seen(vec![ChainSeen::clone(chain)]), ..probed.clone() };
        let (deviations, gaps) = (profile::judge(profile, &alone), profile::gaps(profile, &alone));
        let wanted = &profile.certificate;
        let by_profile =
            |aspect, good: &str| by_profile(&deviations, &gaps, aspect, || good.to_owned()).cites(&profile.title);
        if wanted.keys.is_some() {
            add("key", by_profile(Aspect::CertificateKey, &own.key));
        }
        if wanted.signatures.is_some() {
            add("signature", by_profile(Aspect::CertificateSignature, &own.signature));
        }
        if wanted.most_days.is_some() || wanted.recommended_days.is_some() {
            add("lifetime", by_profile(Aspect::CertificateLifetime, "as the profile asks"));
        }
    }
}

fn of_chain(chain: &ChainSeen, own: &Certificate) -> String {
    chain.server_name.as_ref().map_or_else(|| own.key.clone(), |name| format!("{name}, {}", own.key))
}

fn trusted(service: &ServiceFacts, probed: &Probed, chain: &ChainSeen) -> Answer {
    let why = match &chain.trust {
        Trust::Verified | Trust::Trusted => {
            return Answer::pass("issued under a root that is known").cites("RFC 5280 §6");
        }
        Trust::Anonymous => "there is none".to_owned(),
        Trust::Untrusted(why) => why.clone().unwrap_or_else(|| "not issued under a root that is known".to_owned()),
    };
    let is_for_hosts = service.service == Service::Smtp;
    if is_for_hosts && dane::is_matched(service, probed, chain) {
        return Answer::notice(format!("{why}; hosts that do DANE trust it by its TLSA record")).cites("RFC 7672 §3.1");
    }
    let who = if is_for_hosts { "hosts that verify defer mail" } else { "clients refuse it" };
    Answer::fail(format!("{why}; {who}")).cites("RFC 5280 §6")
}

fn name(own: &Certificate, host: &str) -> Answer {
    let answer = if own.is_for(host) {
        Answer::pass(format!("for {host}"))
    } else if own.names.is_empty() {
        Answer::fail(format!("it has no name in subjectAltName, so it is not for {host}"))
    } else {
        Answer::fail(format!("for {}, not for {host}", own.names.join(", ")))
    };
    answer.cites("RFC 9525 §6")
}

fn validity(own: &Certificate, now: &str) -> Answer {
    let read = |text: &str| OffsetDateTime::parse(text, &Rfc3339).map_err(|_| format!("`{text}` is no moment"));
    let moments = (read(now), read(&own.not_before), read(&own.not_after));
    let (now, begin, end) = match moments {
        (Ok(now), Ok(begin), Ok(end)) => (now, begin, end),
        (Err(why), ..) | (_, Err(why), _) | (.., Err(why)) => return Answer::not_tested(why),
    };
    let left = (end - now).whole_days();
    let answer = if now > end {
        Answer::fail(format!("it ended on {} ({} days ago)", end.date(), -left))
    } else if now < begin {
        Answer::fail(format!("it does not begin before {}", begin.date()))
    } else if left < RENEWAL {
        Answer::notice(format!("it ends on {}, in {left} days: renew it", end.date()))
    } else {
        Answer::pass(format!("until {} ({left} days)", end.date()))
    };
    answer.cites("RFC 5280 §4.1.2.5")
}
