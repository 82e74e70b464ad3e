//! What stands in the DNS, with what the lint says of it: MX and PTR, SPF, DKIM and DMARC, and addresses for reports.

use crate::{
    DomainFacts,
    check::{Answer, Checks, Grade, Group},
};
use evidence::{LookedUp, Observed, Remark};
use lint::{Published, Tags, texts};

pub(crate) fn checks(domain: &DomainFacts, out: &mut Checks) {
    let name = domain.domain.as_str();
    let line = |name, cites| Line { group: Group::DnsAuthentication, name, cites };
    let listed = |found: &LookedUp| Answer::pass(found.records.join(", "));
    line("MX", "RFC 5321 §5.1").add(name, &domain.mx, |remark| !is_of_dane(remark), listed, out);
    for (owner, found) in &domain.ptr {
        line("PTR", "RFC 8601 §3").add(owner, found, |_| true, listed, out);
    }
    line("SPF", "RFC 7208 §4.5").add(name, &domain.spf, |_| true, |found| published(Published::Spf, found), out);
    if domain.dkim.is_empty() {
        let answer = Answer::not_tested("no selector is known").cites("RFC 6376 §3.6.2.1");
        out.add(Group::DnsAuthentication, name, "DKIM", answer);
    }
    for (selector, found) in &domain.dkim {
        let of = format!("{selector}._domainkey.{name}");
        line("DKIM", "RFC 6376 §3.6.1").add(&of, found, |_| true, key, out);
    }
    let dmarc = |found: &LookedUp| match Published::Dmarc.of(&texts(found)).first() {
        Some(record) => Answer::pass(*record),
        // else the lint would have said so
        None => Answer::pass("none of its own: the policy of a domain above it holds"),
    };
    line("DMARC", "RFC 9989 §4.7").add(name, &domain.dmarc, |remark| !is_of_reports(remark), dmarc, out);
    let reports = |name, cites| Line { group: Group::Reports, name, cites };
    reports("DMARC reports", "RFC 9989 §4.7").add(name, &domain.dmarc, is_of_reports, reported, out);
    let tls_rpt = |found: &LookedUp| published(Published::TlsRpt, found);
    reports("TLS reports", "RFC 8460 §3").add(name, &domain.tls_rpt, |_| true, tls_rpt, out);
}

/// A check of a look-up.
pub(crate) struct Line {
    pub(crate) group: Group,
    pub(crate) name: &'static str,
    /// The section for it, if the lint has nothing to say.
    pub(crate) cites: &'static str,
}

impl Line {
    /// Adds one line for each remark of the lint that concerns it; if there is none, what is good about it, or that nothing was
    /// seen.
    pub(crate) fn add(
        &self,
        of: &str,
        found: &Observed<LookedUp>,
        concerns: impl Fn(&Remark) -> bool,
        good: impl FnOnce(&LookedUp) -> Answer,
        out: &mut Checks,
    ) {
        let found = match found {
            Observed::Unobserved(why) => {
                return out.add(self.group, of, self.name, Answer::not_tested(why).cites(self.cites));
            }
            Observed::Seen(found) => found,
        };
        let mut remarks = found.remarks.iter().filter(|remark| concerns(remark)).peekable();
        if remarks.peek().is_none() {
            return out.add(self.group, of, self.name, good(found).cites(self.cites));
        }
        for remark in remarks {
            out.add(self.group, of, self.name, said(remark));
        }
    }
}

/// A remark of the lint as an answer. What the lint did not see is not graded.
pub(crate) fn said(remark: &Remark) -> Answer {
    let grade = if remark.code == "unseen" { Grade::NotTested } else { Grade::from(remark.weight) };
    let help = Some(remark.help.clone()).filter(|help| !help.is_empty());
    let answer = Answer::new(grade, remark.text.clone()).change(help);
    if remark.cites.is_empty() { answer } else { answer.cites(&remark.cites) }
}

/// The record itself.
pub(crate) fn published(kind: Published, found: &LookedUp) -> Answer {
    let texts = texts(found);
    kind.of(&texts).first().map_or_else(|| Answer::not_tested("no record was seen"), |record| Answer::pass(*record))
}

fn key(found: &LookedUp) -> Answer {
    let texts = texts(found);
    let kind = texts.first().and_then(|text| Tags::read(text).get("k"));
    Answer::pass(format!("a key, {}", kind.unwrap_or("rsa")))
}

fn reported(found: &LookedUp) -> Answer {
    let texts = texts(found);
    match Published::Dmarc.of(&texts).first().and_then(|record| Tags::read(record).get("rua")) {
        Some(rua) => Answer::pass(format!("aggregate reports go to {rua}")),
        None => Answer::notice("no DMARC record of its own, no reports of its own"),
    }
}

/// What the lint says of MX records because of the TLSA records of their hosts.
pub(crate) fn is_of_dane(remark: &Remark) -> bool {
    remark.code.starts_with("tlsa")
}

/// What the lint says of a DMARC record because of its addresses for reports.
fn is_of_reports(remark: &Remark) -> bool {
    remark.code.contains("report") || matches!(remark.code.as_str(), "dmarc-bad-uri" | "dmarc-obsolete-size")
}
