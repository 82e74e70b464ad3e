//! `assess`: a gateway, or a server and zone of the user's own, as a hosted scanner would show them. Nothing is graded that was not
//! observed.

mod own;

use super::{CommandContext, Pair, probe};
use crate::{
    bring_up::{RunningStack, while_up},
    cli::AssessArgs,
    exit::{CommandError, Exit},
    start::CommandResult,
};
use ::assess::{
    Assessment, DomainFacts, Facts, PolicyFetch, RelayAttempt, RelayFacts, ServiceFacts, Software, UnknownRecipient,
    Verification,
};
use evidence::{Exchange, Observed};
use futures_util::future::join_all;
use mail::{ReversePath, Service};
use plan::Daemon;
use wire::Fetched;

/// The local-part of a mailbox that nobody has.
const NOBODY: &str = "nobody-at-all";
/// Who tries to relay.
const STRANGERS: &str = "a stranger to a stranger";

/// Assesses, and prints one line a check.
pub(crate) async fn assess(context: &CommandContext, args: AssessArgs) -> CommandResult {
    let profile = probe::find_profile(&args.profile)?;
    let facts = match &args.host {
        Some(host) => own::facts(host, &args).await?,
        None => of_gateway(context, args.target.as_deref().or(args.gateway.word())).await?,
    };
    let assessment = ::assess::assess(&facts, &profile);
    if args.json {
        println!("{}", serde_json::to_string_pretty(&assessment).expect("an assessment is data"));
    } else {
        print!("{}", report::assess_text(&assessment, &context.style()));
    }
    Ok(exit(&facts, &assessment))
}

fn exit(facts: &Facts, assessment: &Assessment) -> Exit {
    let is_unclear = facts.services.iter().all(|service| service.probed.seen().is_none());
    report::Whole::of(assessment.is_failure(), is_unclear).into()
}

/// A gateway on the pretend Internet, on its real daemons.
async fn of_gateway(context: &CommandContext, gateway: Option<&str>) -> Result<Facts, CommandError> {
    let pair = Pair::load(&context.workspace, gateway)?;
    while_up(context, pair, async |running_stack| {
        context.progress.say("assessing");
        gather(running_stack).await
    })
    .await
}

async fn gather(running_stack: &RunningStack) -> Result<Facts, CommandError> {
    let stack = &running_stack.stack;
    let gateway = stack.gateway();
    let mut facts = Facts::new(&gateway.name, &now());
    let (postfix, dovecot) = tokio::try_join!(stack.version_of(Daemon::Postfix), stack.version_of(Daemon::Dovecot))?;
    let software = |service: Service| {
        let daemon = Daemon::of(service);
        let version = if daemon == Daemon::Postfix { &postfix } else { &dovecot };
        version.as_ref().map(|version| Software::new(daemon, version))
    };
    let services = probe::services(gateway);
    let probed = join_all(services.iter().map(|service| stack.probe(*service, None))).await;
    for (service, probed) in services.into_iter().zip(probed) {
        let probed = probed?;
        let server = probed.seen().map_or_else(|| format!("port {}", service.port()), |seen| seen.server.clone());
        facts.services.push(ServiceFacts { service, server, software: software(service), probed });
    }
    let inquiry = stack.inquiry();
    facts.is_validated = true;
    for domain in &gateway.domains {
        let keys = gateway.hosts.iter().flat_map(|host| &host.dkim).filter(|key| key.domain == *domain);
        let selectors: Vec<String> = keys.map(|key| key.selector.clone()).collect();
        let (entries, policy) = tokio::join!(inquiry.domain(domain, &selectors), stack.policy(domain));
        facts.domains.push(DomainFacts::new(domain, entries, fetched(policy?)));
    }
    facts.relay = manners(running_stack).await?;
    Ok(facts)
}

fn fetched(policy: Observed<Fetched>) -> Observed<PolicyFetch> {
    match policy {
        Observed::Seen(Fetched { peer, answer }) => Observed::Seen(PolicyFetch { peer, answer }),
        Observed::Unobserved(why) => Observed::Unobserved(why),
    }
}

/// What the gateway does with mail that is none of its business.
async fn manners(running_stack: &RunningStack) -> Result<RelayFacts, CommandError> {
    let stack = &running_stack.stack;
    let stranger: ReversePath = "somebody@stranger.example".parse().expect("an address");
    let third = "victim@third.example".parse().expect("an address");
    let relayed = stack.attempt(stranger.clone(), third).await?;
    let mut facts = RelayFacts {
        attempts: vec![RelayAttempt { how: STRANGERS.to_owned(), dialogue: Observed::Seen(relayed.exchanges) }],
        ..RelayFacts::default()
    };
    let gateway = stack.gateway();
    if let Some(user) = gateway.mailboxes.first().map(|mailbox| &mailbox.address) {
        let nobody = format!("{NOBODY}@{}", user.domain());
        (facts.vrfy, facts.expn) = verified(&stack.ask(&questions(&user.to_string(), &nobody)).await?);
    }
    if let Some(domain) = gateway.domains.first()
        && let Ok(nobody) = format!("{NOBODY}@{domain}").parse()
    {
        let dialogue = stack.attempt(stranger, nobody).await?.exchanges;
        let is_refused =
            dialogue.iter().any(|e| e.to == "rcpt-to" && e.reply.seen().is_some_and(mail::Reply::is_permanent));
        let is_bounced = if is_refused {
            Observed::Seen(false)
        } else {
            Observed::Unobserved("whether a notification went out was not waited for".to_owned())
        };
        facts.unknown_recipient = Observed::Seen(UnknownRecipient { dialogue, is_bounced });
    }
    Ok(facts)
}

/// VRFY and EXPN with a mailbox that exists, and with one that does not (RFC 5321 §3.5).
fn questions(known: &str, unknown: &str) -> [String; 4] {
    [format!("VRFY {known}"), format!("VRFY {unknown}"), format!("EXPN {known}"), format!("EXPN {unknown}")]
}

/// What VRFY and EXPN were answered.
fn verified(asked: &[Exchange]) -> (Observed<Verification>, Observed<Verification>) {
    let of = |command: &str| {
        let mut replies = asked.iter().filter(|exchange| exchange.to == command).map(|exchange| &exchange.reply);
        match (replies.next(), replies.next()) {
            (Some(Observed::Seen(known)), Some(Observed::Seen(unknown))) => {
                Observed::Seen(Verification { known: known.clone(), unknown: unknown.clone() })
            }
            _ => Observed::Unobserved(ended(asked)),
        }
    };
    (of("vrfy"), of("expn"))
}

/// Why a dialogue went no further: the first thing in it that is not as it should be.
fn ended(asked: &[Exchange]) -> String {
    let why = |exchange: &Exchange| match &exchange.reply {
        Observed::Unobserved(why) => Some(why.clone()),
        Observed::Seen(reply) if matches!(reply.code, 421 | 521) || is_beginning(exchange) && !reply.is_positive() => {
            Some(format!("the server says `{reply}`"))
        }
        Observed::Seen(_) => None,
    };
    asked.iter().find_map(why).unwrap_or_else(|| "the dialogue ended before it".to_owned())
}

fn is_beginning(exchange: &Exchange) -> bool {
    matches!(exchange.to.as_str(), "connect" | "ehlo")
}

/// The moment, RFC 3339.
fn now() -> String {
    let now = time::OffsetDateTime::now_utc();
    now.format(&time::format_description::well_known::Rfc3339).expect("a moment has a form")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exchanges(said: &[(&str, &str)]) -> Vec<Exchange> {
        let exchange = |(to, reply): &(&str, &str)| {
            let reply = reply.parse().map_or_else(|_| Observed::Unobserved((*reply).to_owned()), Observed::Seen);
            Exchange::new(to, "", reply)
        };
        said.iter().map(exchange).collect()
    }

    #[test]
    fn what_was_not_answered_is_unobserved_and_says_why() {
        let begin = [("connect", "220 mx"), ("ehlo", "250 mx")];
        let all = [("vrfy", "252 perhaps"), ("vrfy", "550 nobody"), ("expn", "502 no"), ("expn", "502 no")];
        let (vrfy, expn) = verified(&exchanges(&[&begin[..], &all].concat()));
        assert_eq!(vrfy.seen().map(|seen| (seen.known.code, seen.unknown.code)), Some((252, 550)));
        assert_eq!(expn.seen().map(|seen| (seen.known.code, seen.unknown.code)), Some((502, 502)));
        for (said, why) in [
            (&[("connect", "554 go away")][..], "the server says `554 go away`"),
            (&[("connect", "the server closed the connection")], "the server closed the connection"),
            (&[begin[0], begin[1], ("vrfy", "252 perhaps"), ("vrfy", "421 enough")], "the server says `421 enough`"),
        ] {
            let (_, expn) = verified(&exchanges(said));
            assert_eq!(expn, Observed::Unobserved(why.to_owned()));
        }
    }
}
