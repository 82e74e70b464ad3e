//! Causes on the gateway's side. One is only named where a line of this very message's log proves it, and where it is the cause
//! of what is claimed otherwise: a filter that is dead explains no certificate.

use super::{
    Case,
    causes::{self, refused_at},
};
use crate::{Cause, GatewayCause, outcomes::Outcome as Became, results};
use evidence::{Condition, ConditionKind as Kind, Configured, LogLine};
use plan::{Daemon, Origin};

/// Why an outcome is another one than this.
pub(super) fn outcome(case: &Case<'_>, claimed: &Became) -> Option<Cause> {
    let is_to_come_through = matches!(claimed, Became::Delivered(_));
    refusal(case).or_else(|| stay(case)).or_else(|| passage(case).filter(|_| !is_to_come_through))
}

/// Why a reply is another one; `is_refusal`: than a negative one.
pub(super) fn reply(case: &Case<'_>, is_refusal: bool) -> Option<Cause> {
    refusal(case).or_else(|| passage(case).filter(|_| is_refusal))
}

/// Why the results of a method are nowhere to be seen.
pub(super) fn silence(case: &Case<'_>, method: &str) -> Option<Cause> {
    if results::of(method, case.seen).is_ok() {
        return None;
    }
    // who evaluates SPF need not be a milter
    refusal(case).or_else(|| unjudged(case).filter(|_| method != "spf"))
}

/// What refused the message, of all that the log has of it: it must be in the server's own reply.
fn refusal(case: &Case<'_>) -> Option<Cause> {
    let (refused, reply) = causes::refusal(case)?;
    let reply_text = reply.lines.join(" ");
    let said = |condition: &&Condition| reply_text.contains(&condition.reason);
    let all = || case.seen.object.conditions.iter();
    let of = |kind: Kind| all().find(|condition| condition.kind == kind);
    // refused when it connected, a client hears it at the next command, and STARTTLS has words of its own for that
    let is_refused_whole = |condition: &&Condition| {
        ["CONNECT", "EHLO", "HELO"].contains(&condition.subject.as_str()) && !reply.is_permanent()
    };
    if let Some(unavailable) =
        of(Kind::ServiceUnavailable).filter(|condition| said(condition) || is_refused_whole(condition))
    {
        let milter = dead_milter(case)?;
        let setting = in_force(case, milter.setting.as_ref())?;
        let so = match setting.value.as_str() {
            "tempfail" if !reply.is_permanent() => "the client is to come again",
            "reject" if reply.is_permanent() => "the client is refused",
            _ => return None,
        };
        return Some(cause(
            format!("{}; with milter_default_action = {} {so}", dead(milter), setting.value),
            &[milter, unavailable],
            Some(setting),
        ));
    }
    if let Some(problem) = of(Kind::ServerProblem).filter(said) {
        let service = of(Kind::PolicyServiceFailed)?;
        let what = format!("the policy service {} could not be asked ({})", service.subject, service.reason);
        return Some(cause(what, &[service, problem], None));
    }
    let is_check = |condition: &&Condition| {
        matches!(condition.kind, Kind::HeaderCheck | Kind::BodyCheck)
            && condition.subject == "reject"
            && refused == "end-of-data"
    };
    if let Some(check) = all().find(is_check) {
        let setting = in_force(case, check.setting.as_ref()).filter(|setting| setting.at.is_some());
        return Some(cause(format!("{} refused the message", check_word(check)), &[check], setting));
    }
    let refusing = all().filter(|condition| !condition.reason.is_empty()).filter(said);
    refusing.filter_map(|condition| Some((condition, refusing_word(condition)?))).next().map(|(condition, what)| {
        let table = of(Kind::TableUnreadable).filter(|_| condition.kind == Kind::LookupFailed);
        let what =
            table.map_or(what, |table| format!("the table {} could not be read ({})", table.subject, table.reason));
        cause(what, &table.into_iter().chain([condition]).collect::<Vec<_>>(), None)
    })
}

fn refusing_word(condition: &Condition) -> Option<String> {
    let what = match condition.kind {
        Kind::AccessDenied => "an access table, or a restriction that refuses everybody, refused it",
        Kind::Greylisted => "greylisting: who is new is to come again",
        Kind::Misconfigured => "a restriction of the configuration cannot be evaluated",
        Kind::LookupFailed => "a table could not be read",
        Kind::TlsUnavailable => "TLS cannot be had, by a problem of the server's own",
        Kind::NoRoom => "there is no room for mail",
        Kind::Postscreen => "postscreen refused it before any server spoke with the client",
        _ => return None,
    };
    Some(what.to_owned())
}

/// Why the message was accepted and has not come to a mailbox.
fn stay(case: &Case<'_>) -> Option<Cause> {
    let outcome = case.outcome.seen().filter(|_| refused_at(case).is_none())?;
    let all = || case.seen.object.conditions.iter();
    match outcome {
        Became::Quarantined(None) => {
            if let Some(held) = all().find(|condition| condition.kind == Kind::HeldByDefault) {
                let milter = dead_milter(case)?;
                let setting = in_force(case, milter.setting.as_ref()).filter(|setting| setting.value == "quarantine");
                return Some(cause(
                    format!("{}, and the message was put on hold", dead(milter)),
                    &[milter, held],
                    setting,
                ));
            }
            checked(case, "hold", "put it on hold")
        }
        Became::Discarded => checked(case, "discard", "threw it away"),
        Became::Deferred | Became::Bounced => {
            let failed = all().find(|condition| condition.kind == Kind::DeliveryFailed)?;
            let next = match failed.subject.as_str() {
                "none" => "the mailbox server".to_owned(),
                relay => format!("the mailbox server {relay}"),
            };
            Some(cause(format!("{next} did not take it: {}", failed.reason), &[failed], None))
        }
        _ => None,
    }
}

fn checked(case: &Case<'_>, action: &str, did: &str) -> Option<Cause> {
    let is_it = |condition: &&Condition| {
        matches!(condition.kind, Kind::HeaderCheck | Kind::BodyCheck) && condition.subject == action
    };
    let check = case.seen.object.conditions.iter().find(is_it)?;
    let setting = in_force(case, check.setting.as_ref()).filter(|setting| setting.at.is_some());
    Some(cause(format!("{} {did}", check_word(check)), &[check], setting))
}

/// Why the message was accepted.
fn passage(case: &Case<'_>) -> Option<Cause> {
    if case.seen.object.is_accepted != Some(true) || refused_at(case).is_some() {
        return None;
    }
    let of = |kind: Kind| case.seen.object.conditions.iter().find(|condition| condition.kind == kind);
    let logged_in = of(Kind::LoggedIn).filter(|_| !matches!(case.planned.origin, Origin::Submission(_)));
    unjudged(case)
        .or_else(|| {
            let own = of(Kind::OwnNetwork)?;
            let what = format!("the client's address {} is one of mynetworks, whose members are exempt", own.subject);
            Some(cause(what, &[own], in_force(case, own.setting.as_ref())))
        })
        .or_else(|| {
            let user = logged_in?;
            Some(cause(format!("the client had logged in as {}", user.subject), &[user], None))
        })
}

/// That the message was accepted without a filter that is dead.
fn unjudged(case: &Case<'_>) -> Option<Cause> {
    let milter = dead_milter(case).filter(|_| case.seen.object.is_accepted == Some(true))?;
    let setting = in_force(case, milter.setting.as_ref()).filter(|setting| setting.value == "accept");
    let so = setting.as_ref().map(|_| " by milter_default_action").unwrap_or_default();
    Some(cause(format!("{}, and the message was let through without it{so}", dead(milter)), &[milter], setting))
}

fn dead_milter<'a>(case: &Case<'a>) -> Option<&'a Condition> {
    let is_dead = |condition: &&Condition| matches!(condition.kind, Kind::MilterUnreachable | Kind::MilterFailed);
    case.seen.object.conditions.iter().find(is_dead)
}

fn dead(milter: &Condition) -> String {
    let what = if milter.kind == Kind::MilterUnreachable { "could not be reached" } else { "failed" };
    format!("the milter {} {what} ({})", milter.subject, milter.reason)
}

const fn check_word(check: &Condition) -> &'static str {
    if matches!(check.kind, Kind::BodyCheck) { "a check of body lines" } else { "a check of header fields" }
}

/// What a setting is while the scenario runs, if that is known: it may be one that the scenario changes.
fn in_force(case: &Case<'_>, setting: Option<&Configured>) -> Option<Configured> {
    let setting = setting?;
    let mut changes = case.plan.settings.changes.iter();
    match changes.rfind(|change| change.daemon == Daemon::Postfix && change.name.value == setting.name) {
        None => Some(setting.clone()),
        Some(change) => {
            let (value, at) = (change.value.clone()?, Some(case.plan.source.path.clone()));
            Some(Configured { name: setting.name.clone(), value, at })
        }
    }
}

fn cause(what: String, conditions: &[&Condition], setting: Option<Configured>) -> Cause {
    let proof: Vec<LogLine> = conditions.iter().filter_map(|condition| condition.line.clone()).collect();
    Cause::Gateway(GatewayCause { what, proof, setting })
}
