//! SPF, DKIM and DMARC as the zone has them, and addresses for reports.

use crate::{
    DomainFacts,
    check::{Answer, Checks, Grade, Group},
    txt::{of_version, tag},
};
use evidence::{LookedUp, Observed, Weight};

pub(crate) fn checks(domain: &DomainFacts, out: &mut Checks) {
    let name = domain.domain.as_str();
    let group = Group::DnsAuthentication;
    let absent = Answer::fail("there is no SPF record: anybody may send as the domain")
        .change(format!("{name}. IN TXT \"v=spf1 mx -all\""))
        .cites("RFC 7208 §3.1");
    record(name, &domain.spf, Kind { group, name: "SPF", version: "v=spf1", needs: None, absent }, out);
    if domain.dkim.is_empty() {
        let answer = Answer::not_tested("no selector is known").cites("RFC 6376 §3.6.2");
        out.add(group, name, "DKIM", answer);
    }
    for (selector, found) in &domain.dkim {
        dkim(&format!("{selector}._domainkey.{name}"), found, out);
    }
    let absent = Answer::fail("there is no DMARC record: a forged From is not refused")
        .change(format!("_dmarc.{name}. IN TXT \"v=DMARC1; p=quarantine; rua=mailto:dmarc@{name}\""))
        .cites("RFC 9989 §4.5");
    record(name, &domain.dmarc, Kind { group, name: "DMARC", version: "v=DMARC1", needs: None, absent }, out);
    reports(domain, out);
}

/// A kind of record of which a name has at most one, known by its version.
pub(crate) struct Kind {
    pub(crate) group: Group,
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    /// A tag without which it means nothing.
    pub(crate) needs: Option<&'static str>,
    /// What is said if there is none.
    pub(crate) absent: Answer,
}

/// A line for each remark of the lint, or one line: what stands there, that nothing does, that nothing was seen. Returns the
/// records of this kind.
pub(crate) fn record(of: &str, found: &Observed<LookedUp>, kind: Kind, out: &mut Checks) -> Vec<String> {
    let Kind { group, name, version, needs, absent } = kind;
    let cites = absent.cites.clone().unwrap_or_default();
    let looked_up = match found {
        Observed::Unobserved(why) => {
            out.add(group, of, name, Answer::not_tested(why).cites(&cites));
            return Vec::new();
        }
        Observed::Seen(looked_up) => looked_up,
    };
    if let Some(answer) = failed(looked_up) {
        out.add(group, of, name, answer.cites(&cites));
        return Vec::new();
    }
    remarks(group, of, name, looked_up, out);
    let texts = of_version(looked_up, version);
    let has_fault = looked_up.remarks.iter().any(|remark| remark.weight == Weight::Fault);
    let is_bare = looked_up.remarks.is_empty();
    let answer = match texts.as_slice() {
        [] if !has_fault => Some(absent),
        [text] if is_bare => {
            let missing = needs.filter(|needed| tag(text, needed).is_none());
            Some(missing.map_or_else(
                || Answer::pass(text.clone()),
                |needed| Answer::fail(format!("`{text}` has no `{needed}`, and counts as none")).change(absent.change),
            ))
        }
        [_, _, ..] if is_bare => Some(Answer::fail(format!("there are {}, which counts as none", texts.len()))),
        _ => None,
    };
    if let Some(answer) = answer {
        out.add(group, of, name, answer.cites(&cites));
    }
    texts
}

/// A key record may leave its version out, so that any text counts (RFC 6376 §3.6.1).
fn dkim(of: &str, found: &Observed<LookedUp>, out: &mut Checks) {
    let answer = match found {
        Observed::Unobserved(why) => Answer::not_tested(why),
        Observed::Seen(looked_up) => match failed(looked_up) {
            Some(answer) => answer,
            None if looked_up.records.is_empty() && looked_up.remarks.is_empty() => {
                Answer::fail("there is no key: what is signed with this selector does not verify")
            }
            None => {
                remarks(Group::DnsAuthentication, of, "DKIM", looked_up, out);
                if !looked_up.remarks.is_empty() {
                    return;
                }
                let text = looked_up.records.first().map(|record| crate::txt::text(record)).unwrap_or_default();
                Answer::pass(format!("a key, {}", tag(&text, "k").unwrap_or("rsa")))
            }
        },
    };
    out.add(Group::DnsAuthentication, of, "DKIM", answer.cites("RFC 6376 §3.6.1"));
}

/// That the DNS gave no answer which could be used.
fn failed(looked_up: &LookedUp) -> Option<Answer> {
    let is_answer = matches!(looked_up.rcode.as_str(), "NOERROR" | "NXDOMAIN");
    (!is_answer).then(|| Answer::fail(format!("the DNS answers {}", looked_up.rcode)))
}

fn remarks(group: Group, of: &str, name: &str, looked_up: &LookedUp, out: &mut Checks) {
    for remark in &looked_up.remarks {
        let help = Some(remark.help.clone()).filter(|help| !help.is_empty());
        let answer = Answer::new(Grade::from(remark.weight), remark.text.clone()).change(help);
        let answer = if remark.cites.is_empty() { answer } else { answer.cites(&remark.cites) };
        out.add(group, of, name, answer);
    }
}

fn reports(domain: &DomainFacts, out: &mut Checks) {
    let name = domain.domain.as_str();
    let answer = match &domain.dmarc {
        Observed::Unobserved(why) => Answer::not_tested(why),
        Observed::Seen(dmarc) => match of_version(dmarc, "v=DMARC1").as_slice() {
            [] => Answer::notice("no DMARC record, no reports"),
            [record, ..] => match tag(record, "rua") {
                Some(rua) => Answer::pass(format!("aggregate reports go to {rua}")),
                None => Answer::notice("nobody gets aggregate reports").change(format!(
                    "_dmarc.{name}. IN TXT \"{}; rua=mailto:dmarc@{name}\"",
                    record.trim_end_matches([';', ' '])
                )),
            },
        },
    };
    out.add(Group::Reports, name, "DMARC reports", answer.cites("RFC 9989 §4.7"));
    let absent = Answer::notice("there is no TLS-RPT record: nobody tells when TLS to the domain's hosts fails")
        .change(format!("_smtp._tls.{name}. IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@{name}\""))
        .cites("RFC 8460 §3");
    let kind = Kind { group: Group::Reports, name: "TLS reports", version: "v=TLSRPTv1", needs: Some("rua"), absent };
    record(name, &domain.tls_rpt, kind, out);
}
