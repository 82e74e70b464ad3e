//! Claims against evidence: each holds, fails, or cannot be told.

use crate::{
    Finding, Judged,
    cause::cause,
    check::{Cause, Check, Stated, Tally},
    finding::{Shown, Text},
    handshake, opinion, outbound,
    outcome::{self, Ending, endings, outcome_word, said},
    received, results,
    words::claim_words,
};
use evidence::{Observed, Transaction};
use mail::{Domain, Message, ReversePath};
use plan::{Claim, Command, DkimClaim, Origin, Plan, ReplyClaim};
use std::{collections::BTreeSet, fmt::Display};

/// A transaction with everything that claims are checked against.
pub(crate) struct Case<'a> {
    pub(crate) plan: &'a Plan,
    pub(crate) planned: &'a plan::Transaction,
    /// Place among the transactions of the file.
    pub(crate) index: usize,
    pub(crate) seen: &'a Transaction,
    pub(crate) endings: Vec<Ending>,
}

/// Judges one transaction.
pub(crate) fn judge(plan: &Plan, index: usize, seen: Option<&Transaction>, text: &Text) -> Judged {
    let planned = &plan.transactions[index];
    let Some(seen) = seen else { return unseen(planned, text) };
    let recipients: Vec<_> = planned.rcpt_to.iter().map(|r| &r.value).collect();
    let case = Case { plan, planned, index, seen, endings: endings(&recipients, seen) };
    let judged = Judged {
        label: planned.label.clone(),
        outcome: outcome::worst(&case.endings),
        spf: results::single("spf", seen),
        dkim: results::best_dkim(seen),
        dmarc: results::single("dmarc", seen),
        arc: results::single("arc", seen),
        findings: Vec::new(),
        errors: Vec::new(),
        second_opinion: Vec::new(),
    };
    let second_opinion = opinion::differences(&judged, seen);
    let mut tally = Tally::default();
    for expectation in &planned.expect {
        let claim = &expectation.claim;
        let stated = Stated { subject: &planned.label, words: claim_words(claim), span: &expectation.span };
        tally.add(case.check(claim, &judged), &stated, || Some(cause(&case, claim, &judged)), text);
    }
    tally.findings.iter_mut().for_each(|finding| finding.add(&second_opinion));
    if let Some((what, help)) = opinion::delivered_against_policy(seen, says_so(planned)) {
        let labels = vec![(planned.mail_from.span.clone(), "this message".to_owned())];
        let (subject, help, text) = (planned.label.clone(), help.join("\n"), text.clone());
        tally.findings.push(Finding::new(Shown { subject, message: what, labels, help, text }));
    }
    Judged { findings: tally.findings, errors: tally.errors, second_opinion, ..judged }
}

/// Whether a scenario claims that a message is delivered, and that DMARC does not pass.
fn says_so(planned: &plan::Transaction) -> bool {
    let claims = || planned.expect.iter().map(|expectation| &expectation.claim);
    let is_delivered = |claim: &Claim| matches!(claim, Claim::Outcome(plan::Outcome::Delivered(_) | plan::Outcome::Quarantined(_)));
    let is_failed = |claim: &Claim| matches!(claim, Claim::Dmarc(result) if *result != mail::DmarcResult::Pass);
    claims().any(is_delivered) && claims().any(is_failed)
}

/// Nothing was seen of the transaction: the run ended before it.
fn unseen(planned: &plan::Transaction, text: &Text) -> Judged {
    let why = "the scenario ended before this transaction";
    let mut tally = Tally::default();
    for expectation in &planned.expect {
        let words = claim_words(&expectation.claim);
        let check = Check::unclear(format!("whether it holds: {words}"), why);
        let stated = Stated { subject: &planned.label, words, span: &expectation.span };
        tally.add(check, &stated, || Some(Cause::new(&planned.span, "of this transaction")), text);
    }
    Judged {
        label: planned.label.clone(),
        outcome: Observed::Unobserved(why.to_owned()),
        spf: Observed::Unobserved(why.to_owned()),
        dkim: Observed::Unobserved(why.to_owned()),
        dmarc: Observed::Unobserved(why.to_owned()),
        arc: Observed::Unobserved(why.to_owned()),
        findings: tally.findings,
        errors: tally.errors,
        second_opinion: Vec::new(),
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
            Claim::Received => received::check(self),
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
    fn outcome(&self, claim: &plan::Outcome) -> Check {
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

    /// Every copy in a mailbox, and at a host that the harness plays, must have such a field.
    fn header(&self, name: &str, contains: &str, judged: &Judged) -> Check {
        let copies: Vec<(&Message, String)> = (self.seen.object.delivered.iter())
            .map(|copy| (&copy.message, format!("in {} of {}", copy.folder, copy.mailbox)))
            .chain(self.seen.arrived.iter().map(|arrived| (&arrived.message, format!("at {}", arrived.host))))
            .collect();
        if copies.is_empty() {
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
        let lacks = |(message, _): &&(&Message, String)| !message.all(name).any(|value| value.contains(contains));
        let Some((message, place)) = copies.iter().find(lacks) else { return Check::Holds };
        let fields: Vec<String> = message.all(name).map(|value| format!("{name}: {value}")).collect();
        let what = format!("no {name} field of the message {place} has `{contains}`");
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
        let lines = || self.seen.object.log.iter().filter(is_its);
        let line = lines().rfind(with_word).or_else(|| lines().next_back())?;
        Some(format!("{filter} on {} logged: {}", line.host, line.text))
    }

    /// The address and the record that SPF compares (RFC 7208 §4.1).
    fn spf_words(&self) -> Option<String> {
        let Origin::Client(client) = &self.planned.origin else { return None };
        let record = crate::places::Places::of(self.plan).spf(&self.spf_domain()?)?;
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
}
