//! Where in the scenario file the cause of a failure lies, as far as it can be found there.

use super::Case;
use crate::{
    Cause,
    places::{Places, Record},
};
use evidence::Observed;
use mail::{DmarcResult, Domain, Message, Reply, SpfResult};
use plan::{Daemon, Host, KeyRecord, Origin, Settings, Signature, Tamper};
use std::ops::Range;
use toml::de::DeValue;

/// A setting that the scenario changes, of this daemon if there is one.
pub(crate) fn setting(settings: &Settings, daemon: Daemon) -> Option<Cause> {
    let its = settings.changes.iter().find(|change| change.daemon == daemon);
    let change = its.or_else(|| settings.changes.first())?;
    let what = if change.value.is_some() { "with this setting" } else { "without this setting" };
    Some(Cause::new(&change.name.span, what))
}

/// A host that the harness plays in this transaction: the last one of its name.
pub(super) fn host<'a>(case: &Case<'a>, is_it: impl Fn(&Host) -> bool) -> Option<&'a Host> {
    let changes = case.plan.transactions.iter().take(case.index + 1).filter_map(|t| t.change.as_ref());
    let mut hosts = case.plan.hosts.iter().chain(changes.flat_map(|change| &change.hosts));
    hosts.rfind(|host| is_it(host))
}

/// The played host that the message went to, or should go to.
pub(super) fn next_host(case: &Case<'_>) -> Option<Cause> {
    let tried = case.seen.connections.iter().rfind(|c| c.service == "smtp").map(|c| c.host.as_str());
    let tried = tried.and_then(|name| host(case, |host| host.name.as_str() == name));
    let meant = || {
        case.planned.rcpt_to.iter().find_map(|recipient| {
            let domain = recipient.value.domain();
            host(case, |host| host.smtp.is_some() && host.name.is_within(domain))
        })
    };
    tried.or_else(meant).map(|host| Cause::new(&host.span, "the host that it is for"))
}

/// The played web server that has the policy of a recipient's domain (RFC 8461 §3.3).
pub(super) fn web_host(case: &Case<'_>) -> Option<Cause> {
    case.planned.rcpt_to.iter().find_map(|recipient| {
        let name = format!("mta-sts.{}", recipient.value.domain());
        let host = host(case, |host| host.name.as_str() == name)?;
        Some(Cause::new(&host.span, "the host that has the policy"))
    })
}

/// What the zone of the domain that SPF checks says of the client.
pub(super) fn spf(case: &Case<'_>) -> Option<Cause> {
    let (places, seen) = (&Places::of(case.plan), &case.spf);
    if *seen == Observed::Seen(SpfResult::TempError)
        && let Some(cause) = fault(case, places)
    {
        return Some(cause);
    }
    let domain = case.spf_domain()?;
    let Origin::Client(client) = &case.planned.origin else {
        return places.spf(&domain).map(|record| Cause::here(record.at, "the record that SPF found".to_owned()));
    };
    let ip = client.ip.value;
    match places.spf(&domain) {
        Some(Record { at, .. }) => {
            let what = match seen.seen() {
                Some(SpfResult::Fail | SpfResult::SoftFail) => format!("{ip} is not authorised here"),
                Some(SpfResult::Pass) => format!("{ip} is authorised here"),
                _ => format!("what {domain} says of {ip}"),
            };
            Some(Cause::here(at, what))
        }
        None => Some(Cause::here(client.ip.span.clone(), format!("{domain} says nothing of this address"))),
    }
}

/// What is the matter with a signature that is `wanted`.
pub(super) fn dkim(case: &Case<'_>, wanted: impl Fn(&Signature) -> bool) -> Option<Cause> {
    let places = &Places::of(case.plan);
    let Some(signature) = case.planned.message.signatures().find(|signature| wanted(signature)) else {
        return Some(match &case.planned.origin {
            Origin::Submission(submission) => {
                Cause::new(&submission.login.span, "signed by this login's own server, if at all")
            }
            Origin::Client(_) | Origin::Sendmail if is_signed(case) => {
                message_line(case, "DKIM-Signature", "a signature that the message brings with it")
            }
            Origin::Client(_) | Origin::Sendmail => message_line(case, "From", "no signature is in this message"),
        });
    };
    if let Some(cause) = fault(case, places) {
        return Some(cause);
    }
    let key = case.plan.zones.iter().find(|zone| zone.origin == signature.domain.value).and_then(|zone| {
        let key = zone.dkim.iter().find(|key| key.selector == signature.selector.value)?;
        Some((places.key(&zone.origin, key)?, record_words(key.record)?))
    });
    let tampered =
        || Some(Cause::here(changed_behind(signature, case, places)?, "changed after it was signed".to_owned()));
    let selector = &signature.selector;
    Some(match key {
        Some((at, what)) => Cause::here(at, what.to_owned()),
        None => tampered().unwrap_or_else(|| Cause::here(selector.span.clone(), "signed with this key".to_owned())),
    })
}

/// Where the first change stands that is made after this signature.
fn changed_behind(signature: &Signature, case: &Case<'_>, places: &Places<'_>) -> Option<Range<usize>> {
    let recipe = &case.planned.message;
    let table = places.transaction(&case.planned.span)?;
    let is_it = |one: &Signature| std::ptr::eq(one, signature);
    let its_hop = recipe.hops.iter().position(|hop| hop.sign.iter().any(is_it));
    let first = |list: Option<&toml::Spanned<DeValue<'_>>>| Some(list?.get_ref().get(0)?.span());
    if its_hop.is_none() && !recipe.tamper.is_empty() {
        return first(table.get("tamper"));
    }
    let behind = its_hop.map_or(0, |at| at + 1);
    let at = recipe.hops.iter().skip(behind).position(|hop| !hop.tamper.is_empty())? + behind;
    first(table.get("hop")?.get_ref().get(at)?.get_ref().get("tamper"))
}

/// Whether the message has a signature that the file itself writes out.
fn is_signed(case: &Case<'_>) -> bool {
    let recipe = &case.planned.message;
    let begins = |octets: &[u8]| {
        String::from_utf8_lossy(octets)
            .lines()
            .any(|line| line.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("DKIM-Signature:")))
    };
    let adds = |change: &Tamper| match change {
        Tamper::PrependHeader(field) => begins(&field.0),
        Tamper::Replace { with, .. } => begins(&with.0),
        _ => false,
    };
    begins(&recipe.text.value.0) || recipe.changes().any(adds) || begins(case.seen.octets())
}

/// The policy of the Author Domain, where it is what refused the message or put it aside: DMARC fails, and the policy asks
/// for that.
pub(super) fn enforced(case: &Case<'_>) -> Option<Cause> {
    let record = Places::of(case.plan).dmarc(&author_domain(case)?)?;
    let asks = |tag: &str| {
        let mut tags = record.text.split(';').filter_map(|tag| tag.split_once('='));
        tags.any(|(name, value)| {
            name.trim().eq_ignore_ascii_case(tag)
                && ["reject", "quarantine"].iter().any(|word| value.trim().eq_ignore_ascii_case(word))
        })
    };
    let is_failed = case.dmarc == Observed::Seen(DmarcResult::Fail);
    (is_failed && (asks("p") || asks("sp") || asks("np"))).then(|| dmarc(case))?
}

const fn record_words(record: KeyRecord) -> Option<&'static str> {
    match record {
        KeyRecord::Published => None,
        KeyRecord::Revoked => Some("the zone says that this key is revoked"),
        KeyRecord::Wrong => Some("the zone has another key"),
        KeyRecord::Missing => Some("the zone does not have this key"),
    }
}

/// The policy of the Author Domain.
pub(super) fn dmarc(case: &Case<'_>) -> Option<Cause> {
    let (places, seen) = (&Places::of(case.plan), &case.dmarc);
    if *seen == Observed::Seen(DmarcResult::TempError)
        && let Some(cause) = fault(case, places)
    {
        return Some(cause);
    }
    let from = author_domain(case)?;
    match places.dmarc(&from) {
        Some(Record { at, .. }) => Some(Cause::here(at, format!("the policy for {from}"))),
        None => Some(message_line(case, "From", "no zone of this file has a DMARC policy for this domain")),
    }
}

/// A name that answers wrongly, and was asked because of this transaction.
fn fault(case: &Case<'_>, places: &Places<'_>) -> Option<Cause> {
    case.plan.zones.iter().find_map(|zone| {
        let at = zone.faults.iter().position(|fault| {
            let name = fault.name.to_string();
            case.seen.questions.iter().any(|q| q.name == name && q.rcode != "NOERROR")
        })?;
        let span = places.zone(&zone.origin)?.get("faults")?.get_ref().get(at)?.span();
        Some(Cause::here(span, format!("{} answers wrongly", zone.faults[at].name)))
    })
}

/// Who brings the message, and what of TLS it asks for.
pub(super) fn origin(case: &Case<'_>) -> Option<Cause> {
    let places = Places::of(case.plan);
    let (table, key) = match &case.planned.origin {
        Origin::Client(_) => ("client", None),
        Origin::Submission(_) => ("via", Some("submission")),
        Origin::Sendmail => ("via", None),
    };
    let table = places.transaction(&case.planned.span)?.get(table)?;
    let table = key.map_or(Some(table), |key| table.get_ref().get(key))?;
    match (&case.planned.origin, table.get_ref().get("tls")) {
        (Origin::Client(_), Some(tls)) => Some(Cause::here(tls.span(), "what the client asks for".to_owned())),
        _ => Some(Cause::here(table.span(), "who brings it".to_owned())),
    }
}

/// The command whose reply the server refused the message with.
pub(super) fn refused_at(case: &Case<'_>) -> Option<String> {
    refusal(case).map(|(to, _)| to.to_owned())
}

/// That command with its reply.
pub(super) fn refusal<'a>(case: &Case<'a>) -> Option<(&'a str, &'a Reply)> {
    refusal_in(&case.seen.dialogue)
}

/// The last command of a dialogue that was refused, with its reply.
pub(super) fn refusal_in(dialogue: &[evidence::Exchange]) -> Option<(&str, &Reply)> {
    let said = dialogue.iter().filter(|e| !matches!(e.to.as_str(), "quit" | "unexpected"));
    said.filter_map(|e| Some((e.to.as_str(), e.reply.seen()?))).rfind(|(_, reply)| !reply.is_positive())
}

/// Where the file says what a command sends.
pub(super) fn command(case: &Case<'_>, to: &str) -> Option<Cause> {
    let planned = case.planned;
    let at = match (to, &planned.origin) {
        ("mail-from", _) => planned.mail_from.span.clone(),
        ("rcpt-to", _) => {
            let mut replies = case.seen.dialogue.iter().filter(|e| e.to == "rcpt-to");
            let refused = replies.position(|e| e.reply.seen().is_some_and(|reply| !reply.is_positive()));
            planned.rcpt_to.get(refused.unwrap_or(planned.rcpt_to.len().saturating_sub(1)))?.span.clone()
        }
        ("ehlo", Origin::Client(client)) => client.ehlo.span.clone(),
        ("auth", Origin::Submission(submission)) => submission.login.span.clone(),
        ("connect", Origin::Client(client)) => client.ip.span.clone(),
        _ => return None,
    };
    Some(Cause::here(at, format!("what {to} is about")))
}

/// The domain of the From field, as far as it can be read.
fn author_domain(case: &Case<'_>) -> Option<Domain> {
    let message = Message::parse(&case.planned.message.text.value.0);
    let mut fields = message.all("From");
    let from = fields.next()?;
    // filters differ in what they make of two fields, of nested angles and of several addresses
    if fields.next().is_some() || ['<', '>', '@'].iter().any(|sign| from.matches(*sign).count() > 1) {
        return None;
    }
    let address = from.rsplit_once('<').map_or(from, |(_, rest)| rest);
    let domain = address.rsplit_once('@')?.1;
    domain.split(|c: char| !(c.is_alphanumeric() || "-._".contains(c))).next()?.parse().ok()
}

/// The line of a field in the message; else its first line.
pub(super) fn message_line(case: &Case<'_>, name: &str, what: &str) -> Cause {
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
    Cause::here(at.unwrap_or_else(|| span.clone()), what.to_owned())
}
