//! Where in the scenario file the cause of a claim's failure lies, as far as it can be found there.

use crate::{Judged, claims::Case};
use evidence::Observed;
use mail::{DmarcResult, Domain, Message, SpfResult};
use scenario::{Claim, Command, DkimClaim, DkimKey, KeyRecord, Origin, Plan, Signature, Zone};
use std::ops::Range;
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// A place in the file and what it has to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    pub(crate) at: Range<usize>,
    pub(crate) what: String,
}

/// A DNS record of the file and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) at: Range<usize>,
    pub(crate) text: String,
}

/// The cause of what is seen; the transaction, if there is none to point at.
pub(crate) fn cause(case: &Case<'_>, claim: &Claim, judged: &Judged) -> Cause {
    let places = Places::of(case.plan);
    let found = match claim {
        Claim::Spf(_) => spf(case, &places, &judged.spf),
        Claim::Dkim(claim) => dkim(case, &places, claim),
        Claim::Dmarc(_) => dmarc(case, &places, &judged.dmarc),
        Claim::Outcome(_) => refused_at(case)
            .filter(|to| to != "end-of-data")
            .and_then(|to| command(case, &to))
            .or_else(|| dmarc(case, &places, &judged.dmarc))
            .or_else(|| Some(message_line(case, "From", "this message"))),
        Claim::Reply(reply)
            if reply.to == Command::EndOfData && refused_at(case).is_none_or(|to| to == "end-of-data") =>
        {
            dmarc(case, &places, &judged.dmarc).or_else(|| Some(message_line(case, "From", "this message")))
        }
        Claim::Reply(reply) => command(case, &refused_at(case).unwrap_or_else(|| reply.to.to_string())),
        Claim::Handshake(_) | Claim::Received | Claim::Offered(_) => handshake(case, &places),
        Claim::Header { name, .. } => Some(message_line(case, name, "the message as it was sent")),
        Claim::Arc(_) | Claim::Arrived(_) | Claim::Fetched(_) => None,
    };
    let text = &case.plan.source.text;
    let mut cause =
        found.unwrap_or_else(|| Cause { at: case.planned.span.clone(), what: "of this transaction".to_owned() });
    cause.at = first_line(text, &cause.at);
    cause
}

fn spf(case: &Case<'_>, places: &Places<'_>, seen: &Observed<SpfResult>) -> Option<Cause> {
    if *seen == Observed::Seen(SpfResult::TempError)
        && let Some(cause) = fault(case, places)
    {
        return Some(cause);
    }
    let domain = case.spf_domain()?;
    let Origin::Client(client) = &case.planned.origin else {
        return places.spf(&domain).map(|record| Cause { at: record.at, what: "the record that SPF found".to_owned() });
    };
    let ip = client.ip.value;
    match places.spf(&domain) {
        Some(Record { at, .. }) => {
            let what = match seen.seen() {
                Some(SpfResult::Fail | SpfResult::SoftFail) => format!("{ip} is not authorised here"),
                Some(SpfResult::Pass) => format!("{ip} is authorised here"),
                _ => format!("what {domain} says of {ip}"),
            };
            Some(Cause { at, what })
        }
        None => Some(Cause { at: client.ip.span.clone(), what: format!("{domain} says nothing of this address") }),
    }
}

fn dkim(case: &Case<'_>, places: &Places<'_>, claim: &DkimClaim) -> Option<Cause> {
    let wanted = |signature: &&Signature| match claim {
        DkimClaim::Overall(_) => true,
        DkimClaim::Signatures(list) => list.iter().any(|(domain, _)| *domain == signature.domain.value),
    };
    let message = &case.planned.message;
    let Some(signature) = message.sign.iter().find(wanted) else {
        return Some(match &case.planned.origin {
            Origin::Submission(submission) => Cause {
                at: submission.login.span.clone(),
                what: "signed by this login's own server, if at all".to_owned(),
            },
            Origin::Client(_) | Origin::Sendmail => message_line(case, "From", "nobody signs this message"),
        });
    };
    if let Some(cause) = fault(case, places) {
        return Some(cause);
    }
    let key = case.plan.zones.iter().find(|zone| zone.origin == signature.domain.value).and_then(|zone| {
        let key = zone.dkim.iter().find(|key| key.selector == signature.selector.value)?;
        Some((places.key(&zone.origin, key)?, record_words(key.record)?))
    });
    let tampered = || {
        let at = places.transaction(case.index)?.get("tamper")?.get_ref().get(0)?.span();
        (!message.tamper.is_empty()).then(|| Cause { at, what: "changed after it was signed".to_owned() })
    };
    let selector = &signature.selector;
    Some(match key {
        Some((at, what)) => Cause { at, what: what.to_owned() },
        None => {
            tampered().unwrap_or_else(|| Cause { at: selector.span.clone(), what: "signed with this key".to_owned() })
        }
    })
}

const fn record_words(record: KeyRecord) -> Option<&'static str> {
    match record {
        KeyRecord::Published => None,
        KeyRecord::Revoked => Some("the zone says that this key is revoked"),
        KeyRecord::Wrong => Some("the zone has another key"),
        KeyRecord::Missing => Some("the zone does not have this key"),
    }
}

fn dmarc(case: &Case<'_>, places: &Places<'_>, seen: &Observed<DmarcResult>) -> Option<Cause> {
    if *seen == Observed::Seen(DmarcResult::TempError)
        && let Some(cause) = fault(case, places)
    {
        return Some(cause);
    }
    let from = author_domain(case)?;
    match places.dmarc(&from) {
        Some(Record { at, .. }) => Some(Cause { at, what: format!("the policy for {from}") }),
        None => Some(message_line(case, "From", "no zone of this file has a DMARC policy for this domain")),
    }
}

/// A name that answers wrongly, and was asked because of this transaction.
fn fault(case: &Case<'_>, places: &Places<'_>) -> Option<Cause> {
    case.plan.zones.iter().find_map(|zone| {
        let at = zone.faults.iter().position(|fault| {
            let name = fault.name.as_str();
            case.seen.questions.iter().any(|q| q.name == name && q.rcode != "NOERROR")
        })?;
        let span = places.zone(&zone.origin)?.get("faults")?.get_ref().get(at)?.span();
        Some(Cause { at: span, what: format!("{} answers wrongly", zone.faults[at].name) })
    })
}

fn handshake(case: &Case<'_>, places: &Places<'_>) -> Option<Cause> {
    let (table, key) = match &case.planned.origin {
        Origin::Client(_) => ("client", None),
        Origin::Submission(_) => ("via", Some("submission")),
        Origin::Sendmail => ("via", None),
    };
    let table = places.transaction(case.index)?.get(table)?;
    let table = key.map_or(Some(table), |key| table.get_ref().get(key))?;
    match (&case.planned.origin, table.get_ref().get("tls")) {
        (Origin::Client(_), Some(tls)) => Some(Cause { at: tls.span(), what: "what the client asks for".to_owned() }),
        _ => Some(Cause { at: table.span(), what: "who brings it".to_owned() }),
    }
}

/// The command whose reply the server refused the message with.
fn refused_at(case: &Case<'_>) -> Option<String> {
    let refused = |e: &&evidence::Exchange| e.to != "quit" && e.reply.seen().is_some_and(|reply| !reply.is_positive());
    case.seen.dialogue.iter().rfind(refused).map(|e| e.to.clone())
}

/// Where the file says what a command sends.
fn command(case: &Case<'_>, to: &str) -> Option<Cause> {
    let planned = case.planned;
    let at = match (to, &planned.origin) {
        ("mail-from", _) => planned.mail_from.span.clone(),
        ("rcpt-to", _) => {
            let mut replies = case.seen.dialogue.iter().filter(|e| e.to == "rcpt-to");
            let refused = replies.position(|e| e.reply.seen().is_some_and(|reply| !reply.is_positive()));
            planned.rcpt_to.get(refused.unwrap_or(planned.rcpt_to.len() - 1))?.span.clone()
        }
        ("ehlo", Origin::Client(client)) => client.ehlo.span.clone(),
        ("auth", Origin::Submission(submission)) => submission.login.span.clone(),
        ("connect", Origin::Client(client)) => client.ip.span.clone(),
        _ => return None,
    };
    Some(Cause { at, what: format!("what {to} is about") })
}

/// The domain of the From field, as far as it can be read.
fn author_domain(case: &Case<'_>) -> Option<Domain> {
    let message = Message::parse(case.planned.message.text.value.as_bytes());
    let from = message.first("From")?;
    let address = from.rsplit_once('<').map_or(from, |(_, rest)| rest);
    let domain = address.rsplit_once('@')?.1;
    domain.split(|c: char| !(c.is_alphanumeric() || "-._".contains(c))).next()?.parse().ok()
}

/// The line of a field in the message; else its first line.
fn message_line(case: &Case<'_>, name: &str, what: &str) -> Cause {
    let span = &case.planned.message.text.span;
    let raw = case.plan.source.text.get(span.clone()).unwrap_or_default();
    let begins = |line: &&str| {
        line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
            && line[name.len()..].trim_start().starts_with(':')
    };
    let at = raw.lines().find(begins).map(|line| {
        let start = span.start + (line.as_ptr() as usize - raw.as_ptr() as usize);
        start..start + line.trim_end().len()
    });
    Cause { at: at.unwrap_or_else(|| span.clone()), what: what.to_owned() }
}

/// A label over many lines hides them; so it stands at the first one that says something.
fn first_line(text: &str, span: &Range<usize>) -> Range<usize> {
    let Some(part) = text.get(span.clone()) else { return 0..0 };
    let line = part.lines().find(|line| line.chars().any(char::is_alphanumeric)).unwrap_or_default();
    let start = span.start + part.find(line).unwrap_or(0);
    start..start + line.trim_end().len()
}

/// The scenario's file as TOML, to find things by their names. A text that is no TOML has nothing in it.
pub(crate) struct Places<'a> {
    text: &'a str,
    table: Option<Spanned<DeTable<'a>>>,
    zones: &'a [Zone],
}

impl<'a> Places<'a> {
    pub(crate) fn of(plan: &'a Plan) -> Self {
        Self { text: &plan.source.text, table: DeTable::parse(&plan.source.text).ok(), zones: &plan.zones }
    }

    /// The SPF record at a name (RFC 7208 §3).
    pub(crate) fn spf(&self, name: &Domain) -> Option<Record> {
        self.record(name.as_str(), "v=spf1", |zone| (zone.as_str() == name.as_str()).then_some("spf"))
    }

    /// The DMARC record for a domain: its own, or that of a domain above (RFC 9989 §4.10).
    fn dmarc(&self, from: &Domain) -> Option<Record> {
        let mut domain = from.as_str();
        loop {
            let name = format!("_dmarc.{domain}");
            if let Some(found) = self.record(&name, "v=DMARC1", |zone| (zone.as_str() == domain).then_some("dmarc")) {
                return Some(found);
            }
            domain = domain.split_once('.')?.1;
        }
    }

    /// A TXT record that begins with a text: the zone's own key for it, or a line of its `records`.
    fn record<'k>(&self, name: &str, begin: &str, key: impl Fn(&Domain) -> Option<&'k str>) -> Option<Record> {
        let is_above = |zone: &&Zone| {
            name.strip_suffix(zone.origin.as_str()).is_some_and(|head| head.is_empty() || head.ends_with('.'))
        };
        let origin = &self.zones.iter().filter(is_above).max_by_key(|zone| zone.origin.as_str().len())?.origin;
        let table = self.zone(origin)?;
        if let Some(value) = key(origin).and_then(|key| table.get(key)) {
            return Some(Record { at: value.span(), text: value.get_ref().as_str()?.to_owned() });
        }
        let records = table.get("records")?;
        self.line_of(records, name.strip_suffix(origin.as_str())?.trim_end_matches('.'), name, begin)
    }

    /// The line of zone-file text whose owner is this name, written relative or whole.
    fn line_of(&self, records: &Spanned<DeValue<'_>>, relative: &str, whole: &str, begin: &str) -> Option<Record> {
        let text = records.get_ref().as_str()?;
        let is_owner = |owner: &str| {
            let owner = owner.to_ascii_lowercase();
            owner == relative || owner.strip_suffix('.') == Some(whole) || (relative.is_empty() && owner == "@")
        };
        let is_it = |line: &&str| {
            let owner = line.split_whitespace().next().unwrap_or_default();
            is_owner(owner) && line.to_ascii_lowercase().contains(&begin.to_ascii_lowercase())
        };
        let line = text.lines().find(is_it)?.trim();
        let said = line.split_once('"').and_then(|(_, rest)| rest.rsplit_once('"')).map_or(line, |(said, _)| said);
        let span = records.span();
        let start = self.text.get(span.clone()).and_then(|raw| raw.find(line)).map(|at| span.start + at);
        let at = start.map_or(span, |start| start..start + line.len());
        Some(Record { at, text: said.replace("\" \"", "") })
    }

    fn key(&self, zone: &Domain, key: &DkimKey) -> Option<Range<usize>> {
        Some(self.zone(zone)?.get("dkim")?.get_ref().get(key.selector.as_str())?.span())
    }

    fn zone(&self, origin: &Domain) -> Option<&DeTable<'a>> {
        let zones = self.table.as_ref()?.get_ref().get("zone")?.get_ref().as_table()?;
        let is_it = |name: &str| name.parse::<Domain>().is_ok_and(|name| name == *origin);
        zones.iter().find(|(name, _)| is_it(name.get_ref()))?.1.get_ref().as_table()
    }

    fn transaction(&self, index: usize) -> Option<&DeTable<'a>> {
        self.table.as_ref()?.get_ref().get("transaction")?.get_ref().get(index)?.get_ref().as_table()
    }
}
