//! Claims against evidence: each holds, fails, or cannot be told.

use crate::{
    Finding, Judged, Unclear,
    cause::{Cause, cause},
    finding::{Shown, Text},
    handshake, outbound,
    outcome::{self, Ending, endings, outcome_word, said},
    results,
};
use evidence::{Observed, Transaction};
use mail::{Domain, ReversePath};
use scenario::{Claim, Command, DkimClaim, Expectation, Origin, Plan, ReplyClaim};
use std::{collections::BTreeSet, fmt::Display};

/// Whether a claim holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Check {
    Holds,
    /// What is otherwise, and the evidence, a line each.
    Fails(String, Vec<String>),
    /// What cannot be told, and why.
    Unclear(String, Vec<String>),
}

impl Check {
    pub(crate) fn fails(what: impl Into<String>, evidence: impl Into<String>) -> Self {
        Self::Fails(what.into(), vec![evidence.into()])
    }

    pub(crate) fn unclear(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Unclear(what.into(), vec![format!("unobserved: {}", why.into())])
    }
}

/// A transaction with everything that claims are checked against.
pub(crate) struct Case<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) planned: &'a scenario::Transaction,
    /// Place among the transactions of the file.
    pub(crate) index: usize,
    pub(crate) seen: &'a Transaction,
    endings: Vec<Ending>,
}

/// Judges one transaction.
pub(crate) fn judge(plan: &Plan, index: usize, seen: Option<&Transaction>, text: &Text) -> Judged {
    let planned = &plan.transactions[index];
    let Some(seen) = seen else { return unseen(planned, text) };
    let recipients: Vec<_> = planned.rcpt_to.iter().map(|r| &r.value).collect();
    let case = Case { plan, planned, index, seen, endings: endings(&recipients, seen) };
    let mut judged = Judged {
        label: planned.label.clone(),
        outcome: outcome::worst(&case.endings),
        spf: results::single("spf", seen),
        dkim: results::best_dkim(seen),
        dmarc: results::single("dmarc", seen),
        arc: results::single("arc", seen),
        findings: Vec::new(),
        errors: Vec::new(),
    };
    for expectation in &planned.expect {
        match case.check(&expectation.claim, &judged) {
            Check::Holds => {}
            Check::Fails(message, help) => {
                let label = format!("claimed: {}", claim_words(&expectation.claim));
                judged.findings.push(Finding::new(case.shown(expectation, label, message, help, &judged, text)));
            }
            Check::Unclear(what, help) => {
                let message = format!("it cannot be told {what}");
                let label = "claimed, and not observed".to_owned();
                judged.errors.push(Unclear::new(case.shown(expectation, label, message, help, &judged, text)));
            }
        }
    }
    judged
}

/// A claim in words, such as `SPF fail`.
#[must_use]
pub fn claim_words(claim: &Claim) -> String {
    match claim {
        Claim::Reply(reply) => {
            let enhanced = reply.enhanced.map(|status| format!(" {status}")).unwrap_or_default();
            let text = reply.text.as_ref().map(|text| format!(" with `{text}`")).unwrap_or_default();
            format!("reply {}{enhanced} to {}{text}", reply.code, reply.to)
        }
        Claim::Spf(result) => format!("SPF {result}"),
        Claim::Dkim(DkimClaim::Overall(result)) => format!("DKIM {result}"),
        Claim::Dkim(DkimClaim::Signatures(list)) => {
            let list: Vec<String> = list.iter().map(|(domain, result)| format!("DKIM {result} of {domain}")).collect();
            list.join(", ")
        }
        Claim::Dmarc(result) => format!("DMARC {result}"),
        Claim::Arc(result) => format!("ARC {result}"),
        Claim::Outcome(outcome) => outcome_word(outcome),
        Claim::Handshake(claim) if claim.version.as_deref() == Some("none") => "no TLS".to_owned(),
        Claim::Handshake(claim) => {
            let peer = claim.peer.as_ref().map(|peer| format!("peer {peer}"));
            let words = [claim.version.clone(), claim.suite.clone(), claim.group.clone(), peer];
            words.into_iter().flatten().collect::<Vec<_>>().join(" ")
        }
        Claim::Header { name, contains } => format!("a {name} field with `{contains}`"),
        Claim::Received => "a Received field that says what was negotiated".to_owned(),
        Claim::Arrived(host) => format!("taken by {host}"),
        Claim::Offered(versions) => format!("{} offered", versions.join(", ")),
        Claim::Fetched(true) => "a policy fetched".to_owned(),
        Claim::Fetched(false) => "no policy fetched".to_owned(),
    }
}

/// Nothing was seen of the transaction: the run ended before it.
fn unseen(planned: &scenario::Transaction, text: &Text) -> Judged {
    let why = "the scenario ended before this transaction";
    let unclear = |expectation: &Expectation| {
        Unclear::new(Shown {
            transaction: planned.label.clone(),
            message: format!("it cannot be told whether it holds: {}", claim_words(&expectation.claim)),
            labels: vec![(expectation.span.clone(), "claimed, and not observed".to_owned())],
            help: format!("unobserved: {why}"),
            text: text.clone(),
        })
    };
    Judged {
        label: planned.label.clone(),
        outcome: Observed::Unobserved(why.to_owned()),
        spf: Observed::Unobserved(why.to_owned()),
        dkim: Observed::Unobserved(why.to_owned()),
        dmarc: Observed::Unobserved(why.to_owned()),
        arc: Observed::Unobserved(why.to_owned()),
        findings: Vec::new(),
        errors: planned.expect.iter().map(unclear).collect(),
    }
}

impl Case<'_> {
    fn check(&self, claim: &Claim, judged: &Judged) -> Check {
        match claim {
            Claim::Reply(claim) => self.reply(claim),
            Claim::Spf(claim) => self.result("spf", *claim, &judged.spf),
            Claim::Dkim(DkimClaim::Overall(claim)) => self.result("dkim", *claim, &judged.dkim),
            Claim::Dkim(DkimClaim::Signatures(claims)) => self.signatures(claims),
            Claim::Dmarc(claim) => self.result("dmarc", *claim, &judged.dmarc),
            Claim::Arc(claim) => self.result("arc", *claim, &judged.arc),
            Claim::Outcome(claim) => self.outcome(claim),
            Claim::Handshake(claim) => handshake::check(claim, &handshake::link(&self.planned.origin, self.seen)),
            Claim::Header { name, contains } => self.header(name, contains, judged),
            Claim::Received => outbound::received(self),
            Claim::Arrived(host) => outbound::arrived(host, self.seen),
            Claim::Offered(versions) => outbound::offered(versions, self.seen),
            Claim::Fetched(wanted) => outbound::fetched(*wanted, self.seen),
        }
    }

    fn reply(&self, claim: &ReplyClaim) -> Check {
        let to = claim.to;
        let wanted = to.to_string();
        let Some(exchange) = self.seen.dialogue.iter().rfind(|e| e.to == wanted) else { return self.never_said(to) };
        let reply = match &exchange.reply {
            Observed::Seen(reply) => reply,
            Observed::Unobserved(why) => return Check::unclear(format!("what the reply to {to} is"), why.clone()),
        };
        let evidence = format!("the server replied {} to {to}", said(reply));
        if reply.code != claim.code {
            return Check::fails(format!("the reply to {to} is {}, not {}", reply.code, claim.code), evidence);
        }
        if let Some(enhanced) = claim.enhanced.filter(|claimed| reply.enhanced() != Some(*claimed)) {
            let what = match reply.enhanced() {
                Some(seen) => format!("the enhanced status code of the reply to {to} is {seen}, not {enhanced}"),
                None => format!("the reply to {to} has no enhanced status code; {enhanced} is claimed"),
            };
            return Check::fails(what, evidence);
        }
        match claim.text.as_ref().filter(|text| !reply.lines.join("\n").contains(*text)) {
            Some(text) => Check::fails(format!("the reply to {to} has no `{text}` in it"), evidence),
            None => Check::Holds,
        }
    }

    /// A command that was not sent: because of what the server refused before, or for a reason that says nothing of it.
    fn never_said(&self, to: Command) -> Check {
        let dialogue = || self.seen.dialogue.iter().filter(|e| !matches!(e.to.as_str(), "quit" | "octets"));
        let silent = dialogue().find_map(|e| match &e.reply {
            Observed::Unobserved(why) => Some(format!("no reply to {}: {why}", e.to)),
            Observed::Seen(_) => None,
        });
        if let Some(why) = silent {
            return Check::unclear(format!("what the reply to {to} is"), why);
        }
        let refused = dialogue().filter_map(|e| Some((e, e.reply.seen()?))).rfind(|(_, reply)| !reply.is_positive());
        match refused {
            Some((exchange, reply)) => {
                let what = format!("it did not come to {to}: {} was refused", exchange.to);
                Check::fails(what, format!("the server replied {} to {}", said(reply), exchange.to))
            }
            None => {
                let why = outcome::ended(&self.seen.dialogue, &self.seen.handshake);
                Check::unclear(format!("what the reply to {to} is"), why)
            }
        }
    }

    fn result<R: PartialEq + Display>(&self, method: &str, claim: R, seen: &Observed<R>) -> Check {
        let name = method.to_uppercase();
        match seen {
            Observed::Seen(seen) if *seen == claim => Check::Holds,
            Observed::Seen(seen) => Check::Fails(format!("{name} is {seen}, not {claim}"), self.said_of(method)),
            Observed::Unobserved(why) => Check::unclear(format!("whether {name} is {claim}"), why.clone()),
        }
    }

    /// Every signature of a domain must have the claimed result, and there must be one.
    fn signatures(&self, claims: &[(Domain, mail::DkimResult)]) -> Check {
        let mut unclear = None;
        for (domain, claim) in claims {
            let found = match results::dkim_of(domain, self.seen) {
                Observed::Seen(found) => found,
                Observed::Unobserved(why) => {
                    unclear = Some(Check::unclear(format!("whether DKIM of {domain} is {claim}"), why));
                    continue;
                }
            };
            if found.is_empty() {
                return Check::Fails(format!("no DKIM result is for a signature of {domain}"), self.said_of("dkim"));
            }
            if let Some(other) = found.iter().find(|result| *result != claim) {
                return Check::Fails(format!("DKIM of {domain} is {other}, not {claim}"), self.said_of("dkim"));
            }
        }
        unclear.unwrap_or(Check::Holds)
    }

    /// It must hold for every recipient.
    fn outcome(&self, claim: &scenario::Outcome) -> Check {
        if let Some(ending) = self.endings.iter().find(|ending| ending.holds(claim) == Some(false)) {
            let recipient = &ending.recipient;
            let what = match &ending.outcome {
                Observed::Seen(seen) => {
                    format!("the message for {recipient} was {}, not {}", outcome_word(seen), outcome_word(claim))
                }
                Observed::Unobserved(_) => {
                    format!("the message for {recipient} was accepted, not {}", outcome_word(claim))
                }
            };
            let mut help = vec![ending.because.clone()];
            help.extend(crate::snapshot::bounce_words(self.seen));
            help.extend(results::of("dmarc", self.seen).unwrap_or_default().into_iter().map(results::told));
            return Check::Fails(what, help);
        }
        match self.endings.iter().find(|ending| ending.holds(claim).is_none()) {
            Some(ending) => Check::unclear(
                format!("whether the message for {} was {}", ending.recipient, outcome_word(claim)),
                ending.because.clone(),
            ),
            None => Check::Holds,
        }
    }

    /// Every copy in a mailbox must have such a field.
    fn header(&self, name: &str, contains: &str, judged: &Judged) -> Check {
        if self.seen.delivered.is_empty() {
            return match &judged.outcome {
                Observed::Seen(outcome) => {
                    let because = self.endings.iter().map(|e| e.because.clone()).collect();
                    Check::Fails(format!("no message is in a mailbox: it was {}", outcome_word(outcome)), because)
                }
                Observed::Unobserved(why) => {
                    Check::unclear(format!("what the {name} field of the delivered message is"), why.clone())
                }
            };
        }
        let lacks = |copy: &&evidence::Delivered| !copy.message.all(name).any(|value| value.contains(contains));
        let Some(copy) = self.seen.delivered.iter().find(lacks) else { return Check::Holds };
        let fields: Vec<String> = copy.message.all(name).map(|value| format!("{name}: {value}")).collect();
        let what = format!("no {name} field of the message in {} of {} has `{contains}`", copy.folder, copy.mailbox);
        let none = || vec![format!("the message has no {name} field")];
        Check::Fails(what, if fields.is_empty() { none() } else { fields })
    }

    /// What the filters said of a method, a line each, and the log lines that say so; of DMARC also what it rests on.
    fn said_of(&self, method: &str) -> Vec<String> {
        let mut lines = Vec::new();
        for result in results::of(method, self.seen).unwrap_or_default() {
            lines.push(results::told(result));
            if let evidence::ResultSource::Log(filter) = &result.source
                && let Some(line) = self.log_line(filter, &result.result)
            {
                lines.push(line);
            }
        }
        match method {
            "spf" => lines.extend(self.spf_words()),
            "dmarc" => {
                let below = ["spf", "dkim"].into_iter().flat_map(|m| results::of(m, self.seen).unwrap_or_default());
                lines.extend(below.map(results::told));
            }
            _ => {}
        }
        let mut told = BTreeSet::new();
        lines.retain(|line| told.insert(line.clone()));
        lines
    }

    /// The last line of a filter, preferably one with this word.
    fn log_line(&self, filter: &str, word: &str) -> Option<String> {
        let is_its = |line: &&evidence::LogLine| line.program.rsplit('/').next() == Some(filter);
        let with_word = |line: &&evidence::LogLine| line.text.to_ascii_lowercase().contains(&word.to_ascii_lowercase());
        let lines = || self.seen.log.iter().filter(is_its);
        let line = lines().rfind(with_word).or_else(|| lines().next_back())?;
        Some(format!("{filter} on {} logged: {}", line.host, line.text))
    }

    /// The address and the record that SPF compares (RFC 7208 §4.1).
    fn spf_words(&self) -> Option<String> {
        let Origin::Client(client) = &self.planned.origin else { return None };
        let record = crate::cause::Places::of(self.plan).spf(&self.spf_domain()?)?;
        Some(format!("SPF compares {} with `{}`", client.ip.value, record.text))
    }

    /// The domain that SPF checks: that of MAIL FROM, or the HELO name with a null reverse-path (RFC 7208 §2.4).
    pub(crate) fn spf_domain(&self) -> Option<Domain> {
        match (&self.planned.mail_from.value, &self.planned.origin) {
            (ReversePath::Address(address), _) => Some(address.domain().clone()),
            (ReversePath::Null, Origin::Client(client)) => client.ehlo.value.parse().ok(),
            (ReversePath::Null, Origin::Submission(_) | Origin::Sendmail) => None,
        }
    }

    fn shown(
        &self,
        expectation: &Expectation,
        label: String,
        message: String,
        help: Vec<String>,
        judged: &Judged,
        text: &Text,
    ) -> Shown {
        let Cause { at, what } = cause(self, &expectation.claim, judged);
        let mut labels = vec![(expectation.span.clone(), label)];
        if at != expectation.span {
            labels.push((at, what));
        }
        Shown { transaction: self.planned.label.clone(), message, labels, help: help.join("\n"), text: text.clone() }
    }
}
