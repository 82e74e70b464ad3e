//! Everything that a mail domain publishes, and what is to be said of it.

use crate::{Answers, Linted, Question, code::Code, mx, names, record, text::texts};
use evidence::{LookedUp, Observed, Remark};
use mail::Domain;
use serde::Serialize;
use std::{collections::BTreeSet, net::IpAddr};

/// One answer of those that belong to a domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What it is: `MX`, `TLSA`, `PTR`, `SPF`, `DKIM`, `DMARC`, `MTA-STS` or `TLS-RPT`; else the type of the records.
    pub what: String,
    /// The name.
    pub name: Domain,
    /// The type.
    #[serde(rename = "type")]
    pub record_type: String,
    /// The answer, with the remarks in it; or why there is none.
    pub answer: Observed<LookedUp>,
}

/// Looks at all that a mail domain publishes: MX, with the TLSA records and names of the hosts; SPF; a DKIM key for each of the
/// selectors; DMARC, MTA-STS and TLS-RPT. The entries come in this order.
#[must_use]
pub fn domain(domain: &Domain, selectors: &[String], answers: &Answers) -> Linted<Vec<Entry>> {
    let mut survey = Survey { answers, missing: BTreeSet::new(), entries: Vec::new() };
    survey.mail_exchange(domain);
    survey.look("SPF", domain, "TXT", |found| {
        let is_null = crate::spf::records(&texts(found)).is_empty();
        is_null.then(|| {
            Code::SpfNone.remark(
                "there is no SPF record: any address may send as the domain",
                format!("{domain}. IN TXT \"v=spf1 mx -all\""),
            )
        })
    });
    for selector in selectors {
        survey.below("DKIM", &format!("{selector}._domainkey"), domain, |_| None);
    }
    survey.below("DMARC", "_dmarc", domain, |_| None);
    survey.below("MTA-STS", "_mta-sts", domain, |found| {
        texts(found).is_empty().then(|| {
            let text = "there is no MTA-STS record: senders that do not do DANE take any certificate, or none";
            Code::MtaStsNone.remark(text, format!("_mta-sts.{domain}. IN TXT \"v=STSv1; id=1\", and a policy"))
        })
    });
    survey.below("TLS-RPT", "_smtp._tls", domain, |found| {
        texts(found).is_empty().then(|| {
            let line = format!("_smtp._tls.{domain}. IN TXT \"v=TLSRPTv1; rua=mailto:tls-reports@{domain}\"");
            Code::TlsRptNone.remark("nobody is told when TLS to the domain's hosts fails", line)
        })
    });
    if survey.missing.is_empty() {
        Linted::Done(survey.entries)
    } else {
        Linted::Needs(survey.missing.into_iter().collect())
    }
}

struct Survey<'a> {
    answers: &'a Answers,
    missing: BTreeSet<Question>,
    entries: Vec<Entry>,
}

impl<'a> Survey<'a> {
    /// One answer, with what is to be said of it in a mail domain besides.
    fn look(&mut self, what: &str, name: &Domain, record_type: &str, more: impl FnOnce(&LookedUp) -> Option<Remark>) {
        let remarks = match record(name, record_type, self.answers) {
            Linted::Done(remarks) => remarks,
            Linted::Needs(missing) => return self.missing.extend(missing),
        };
        let answer = self.answers.get(&Question::new(name, record_type)).cloned();
        let answer = match answer.expect("a lint that is done has its answer") {
            Observed::Seen(mut found) => {
                let is_answer = matches!(found.rcode.as_str(), "NOERROR" | "NXDOMAIN");
                let more = is_answer.then(|| more(&found)).flatten();
                found.remarks = remarks.into_iter().chain(more).collect();
                found.remarks.sort();
                Observed::Seen(found)
            }
            unobserved @ Observed::Unobserved(_) => unobserved,
        };
        let (what, name, record_type) = (what.to_owned(), name.clone(), record_type.to_owned());
        self.entries.push(Entry { what, name, record_type, answer });
    }

    fn below(&mut self, what: &str, labels: &str, domain: &Domain, more: impl FnOnce(&LookedUp) -> Option<Remark>) {
        if let Some(name) = names::below(labels, domain) {
            self.look(what, &name, "TXT", more);
        }
    }

    fn seen(&self, name: &Domain, record_type: &str) -> Option<&'a LookedUp> {
        self.answers.get(&Question::new(name, record_type))?.seen()
    }

    /// MX, TLSA of each host, and the names of their addresses.
    fn mail_exchange(&mut self, domain: &Domain) {
        let hosts = self.seen(domain, "MX").map(mx::hosts).unwrap_or_default();
        let owners: Vec<Domain> = hosts.iter().filter_map(|host| names::below("_25._tcp", host)).collect();
        let tlsa: Vec<&LookedUp> = owners.iter().filter_map(|owner| self.seen(owner, "TLSA")).collect();
        let protected = tlsa.iter().filter(|found| !found.records.is_empty()).count();
        let is_secure = self.seen(domain, "MX").is_none_or(|found| found.is_authentic) || !self.answers.is_validated();
        self.look("MX", domain, "MX", |_| {
            if protected > 0 && !is_secure {
                let text = format!(
                    "the MX records of {domain} are not signed: the TLSA records of its hosts count for nothing"
                );
                return Some(Code::TlsaMxInsecure.remark(text, "sign the zone, and have its DS record published"));
            }
            (protected > 0 && protected < tlsa.len()).then(|| {
                let text =
                    format!("{protected} of {} hosts have TLSA records: mail can be led to the others", tlsa.len());
                Code::TlsaNotEveryHost.remark(text, "publish TLSA records for each of them")
            })
        });
        for owner in &owners {
            self.look("TLSA", owner, "TLSA", |_| None);
        }
        let address = |record: &String| record.parse::<IpAddr>().ok();
        let found = hosts.iter().flat_map(|host| [self.seen(host, "A"), self.seen(host, "AAAA")]).flatten();
        let addresses: BTreeSet<IpAddr> = found.flat_map(|found| found.records.iter().filter_map(address)).collect();
        for name in addresses.into_iter().map(Domain::reverse) {
            self.look("PTR", &name, "PTR", |_| None);
        }
    }
}
