//! MTA-STS: record, policy, and whether MX records and certificates agree with it (RFC 8461).

use crate::{
    DomainFacts, Facts, PolicyFetch, ServiceFacts,
    check::{Answer, Checks, Grade, Group},
    records::{Line, is_of_dane, published, said},
};
use evidence::{LookedUp, Observed, Remark, Trust, Weight};
use lint::{Policy, Published, texts};
use mail::{Domain, Service};

pub(crate) fn checks(domain: &DomainFacts, facts: &Facts, out: &mut Checks) {
    let name = domain.domain.as_str();
    if let Observed::Seen(LookedUp { remarks, .. }) = &domain.mx {
        for remark in remarks.iter().filter(|remark| is_of_dane(remark)) {
            out.add(Group::Dane, name, "MX", said(remark));
        }
    }
    let line = Line { group: Group::MtaSts, name: "record", cites: "RFC 8461 §3.1" };
    line.add(name, &domain.mta_sts, |_| true, |found| published(Published::MtaSts, found), out);
    if domain.mta_sts.seen().is_some_and(|found| Published::MtaSts.of(&texts(found)).is_empty()) {
        return; // without a record no policy is asked for
    }
    let mut add = |what: &str, answer| out.add(Group::MtaSts, name, what, answer);
    let fetch = match &domain.policy {
        Observed::Unobserved(why) => return add("policy", Answer::not_tested(why).cites("RFC 8461 §3.3")),
        Observed::Seen(fetch) => fetch,
    };
    add("policy host", host(fetch));
    let policy = match served(fetch) {
        Ok(body) => Policy::read(body),
        Err(answer) => return add("policy", answer),
    };
    let hosts = domain.mx.seen().map(lint::hosts).unwrap_or_default();
    let remarks = policy.remarks(&hosts);
    for part in PARTS {
        let of: Vec<&Remark> = remarks.iter().filter(|remark| part.has(&remark.code)).collect();
        add(part.name, part.judged(&of, || (part.good)(&policy, domain, &hosts)));
    }
    let is_none = |remark: &Remark| remark.weight == Weight::Fault && !MX.has(&remark.code);
    if policy.mode() == Some("none") || remarks.iter().any(is_none) {
        return; // hosts act as if there were no policy
    }
    let of: Vec<&Remark> = remarks.iter().filter(|remark| MX.has(&remark.code)).collect();
    add(MX.name, MX.judged(&of, || (MX.good)(&policy, domain, &hosts)));
    for host in hosts.iter().filter(|host| policy.covers(host)) {
        add("certificate", certificate(host.as_str(), facts));
    }
}

/// A part of a policy that has a line of its own.
struct Part {
    name: &'static str,
    cites: &'static str,
    /// Ends of the codes of remarks on it; none: all others.
    codes: &'static [&'static str],
    /// What is said if there is no remark.
    good: fn(&Policy<'_>, &DomainFacts, &[Domain]) -> Answer,
}

const PARTS: [Part; 3] = [
    Part {
        name: "policy",
        cites: "RFC 8461 §3.2",
        codes: &[],
        good: |policy, _, _| Answer::pass(format!("for {}", policy.mx().collect::<Vec<_>>().join(", "))),
    },
    Part {
        name: "mode",
        cites: "RFC 8461 §5",
        codes: &["-policy-mode", "-policy-none", "-policy-testing"],
        good: |policy, _, _| Answer::pass(policy.mode().unwrap_or_default()),
    },
    Part {
        name: "lifetime",
        cites: "RFC 8461 §3.2",
        codes: &["-policy-max-age", "-policy-short-lived"],
        good: |policy, _, _| Answer::pass(format!("{} days", policy.max_age().unwrap_or_default() / 86_400)),
    },
];

/// The part that is of no matter if the others are wrong.
const MX: Part = Part { name: "MX", cites: "RFC 8461 §4.1", codes: &["-policy-mx-uncovered"], good: covered };

impl Part {
    fn has(&self, code: &str) -> bool {
        let is_among = |codes: &[&str]| codes.iter().any(|end| code.ends_with(end));
        if self.codes.is_empty() {
            !PARTS.iter().chain([&MX]).any(|part| is_among(part.codes))
        } else {
            is_among(self.codes)
        }
    }

    /// One line, however many remarks there are: what is no policy at all may have one for each of its lines.
    fn judged(&self, remarks: &[&Remark], good: impl FnOnce() -> Answer) -> Answer {
        let Some(worst) = remarks.iter().max_by_key(|remark| (Grade::from(remark.weight), std::cmp::Reverse(*remark)))
        else {
            return good().cites(self.cites);
        };
        let mut answer = said(worst);
        if remarks.len() > 1 {
            answer.reason.push_str(&format!(", and {} more", remarks.len() - 1));
        }
        let mut lines: Vec<&str> = remarks.iter().map(|remark| remark.help.as_str()).collect();
        lines.dedup();
        answer.change(lines.join("\n"))
    }
}

/// That every MX is covered, if it is known which there are.
fn covered(_: &Policy<'_>, domain: &DomainFacts, hosts: &[Domain]) -> Answer {
    match &domain.mx {
        Observed::Unobserved(why) => Answer::not_tested(why),
        Observed::Seen(_) if hosts.is_empty() => Answer::not_tested("the domain has no MX record"),
        Observed::Seen(_) => Answer::pass("every MX is in the policy"),
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

/// The policy as it is served.
fn served(fetch: &PolicyFetch) -> Result<&str, Answer> {
    let (status, media_type, body) = match &fetch.answer {
        Observed::Unobserved(why) => return Err(Answer::not_tested(why).cites("RFC 8461 §3.3")),
        Observed::Seen(answer) => answer,
    };
    if *status != 200 {
        let said = format!("the host answers with status {status}, which must be 200");
        return Err(Answer::fail(said).cites("RFC 8461 §3.3"));
    }
    let media_type = media_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("text/plain") {
        let said = format!("its media type is `{media_type}`, not text/plain");
        return Err(Answer::fail(said).cites("RFC 8461 §3.2"));
    }
    Ok(body)
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
                matches!(chain.trust, Trust::Verified | Trust::Trusted) && chain.certificates[0].is_for(host)
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
