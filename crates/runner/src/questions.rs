//! What `gateway explain` asks of a gateway, again and again: what its services take, mail that comes in, and mail to hosts
//! of several kinds that the harness plays.

use crate::{
    commands::{Pair, probe},
    drive::{Published, publish, send_again},
    exit::CommandError,
};
use evidence::Evidence;
use explain::{Direction, Facts};
use futures_util::future::{try_join, try_join_all};
use mail::{Address, Service};
use plan::{Daemon, Plan, Source, World};
use stack::{Stack, StackError, gateway::Gateway};

/// What outgoing mail meets: a word for it, the domain's zone, and its hosts; `DOMAIN` and `IP` are put in.
const KINDS: [(&str, &str, &str); 6] = [
    ("to a good host", "", r#"smtp = { starttls = "offered" }"#),
    ("to a self-signed host", "", r#"smtp = { starttls = "offered", certificate = "self-signed" }"#),
    (
        "to a host with TLS 1.0",
        "",
        r#"smtp = { starttls = "offered", certificate = { kind = "good", key = "rsa2048" }, versions = ["TLSv1"] }"#,
    ),
    ("to a host without TLS", "", r#"smtp = { starttls = "absent" }"#),
    (
        "to a host with another TLSA record",
        r#"dnssec = "signed""#,
        "tlsa = [\"3 1 1 wrong\"]\nsmtp = { starttls = \"offered\" }",
    ),
    (
        "to a host that its MTA-STS policy does not name",
        r#"mta-sts = "v=STSv1; id=1;""#,
        "smtp = { starttls = \"offered\" }\n[host.\"mta-sts.DOMAIN\"]\nip = \"198.51.100.78\"\nhttps = { certificate = \"good\", \
         policy = \"version: STSv1\\nmode: enforce\\nmx: mail.elsewhere.example\\nmax_age: 86400\\n\" }",
    ),
];
/// And what comes in.
const INBOUND: &str = "from a client";

/// What is asked.
#[derive(Debug)]
pub(crate) struct Questions {
    services: Vec<Service>,
    /// Scenarios with a single message each, for every one has a stage of its own.
    messages: Vec<Plan>,
}

/// Where the mail goes; the hosts leave the pretend Internet when it is dropped.
#[derive(Debug)]
pub(crate) struct Stages(Vec<Published>);

impl Questions {
    /// The questions that can be asked of this gateway.
    ///
    /// # Errors
    /// It has no mailbox.
    pub(crate) fn new(pair: &Pair) -> Result<Self, CommandError> {
        let Some(mailbox) = pair.gateway.mailboxes.first() else {
            let help = "add a [[mailbox]] to its gateway.toml";
            return Err(CommandError::wrong(miette::miette!(
                help = help,
                "nobody sends or gets mail at {}",
                pair.gateway.name
            )));
        };
        Ok(Self { services: services(&pair.gateway), messages: messages(&pair.world(), &mailbox.address)? })
    }

    /// Sets the stages on which the questions are asked, once for all.
    pub(crate) async fn set_stages(&self, stack: &Stack) -> Result<Stages, StackError> {
        Ok(Stages(try_join_all(self.messages.iter().map(|plan| publish(stack, plan))).await?))
    }

    /// Asks this daemon at the same time everything that goes this way: a client's settings do nothing to a server, and
    /// the other way round.
    pub(crate) async fn ask(
        &self,
        stack: &Stack,
        stages: &Stages,
        daemon: Daemon,
        way: Direction,
    ) -> Result<Facts, StackError> {
        let is_asked = |inbound: bool| way == Direction::Both || (way == Direction::Inbound) == inbound;
        let services: Vec<Service> =
            self.services.iter().copied().filter(|service| Daemon::of(*service) == daemon && is_asked(true)).collect();
        let probes = try_join_all(services.iter().map(|service| stack.survey(*service, None)));
        let is_message = |(plan, _): &(&Plan, &Published)| daemon == Daemon::Postfix && is_asked(plan.hosts.is_empty());
        let messages: Vec<_> = self.messages.iter().zip(&stages.0).filter(is_message).collect();
        let words: Vec<&str> =
            messages.iter().flat_map(|(plan, _)| &plan.transactions).map(|t| t.label.as_str()).collect();
        let messages = try_join_all(messages.iter().map(|(plan, stage)| send_again(stack, plan, stage)));
        let (probes, transactions) = try_join(probes, messages).await?;
        let transactions = transactions.into_iter().flatten().collect();
        let services: Vec<String> = services.iter().map(ToString::to_string).collect();
        let services: Vec<&str> = services.iter().map(String::as_str).collect();
        Ok(explain::facts(&Evidence { probes, transactions, ..Evidence::default() }, &services, &words))
    }
}

/// The scenarios whose mail asks.
fn messages(world: &World, user: &Address) -> Result<Vec<Plan>, CommandError> {
    let outbound = KINDS.iter().enumerate().map(|(at, (word, zone, host))| {
        let (domain, ip) = (format!("explain{at}.example"), format!("198.51.100.{}", 80 + at));
        let stage = format!(
            "[zone.\"{domain}\"]\nmx = \"mx.{domain}\"\n{zone}\n[host.\"mx.{domain}\"]\nip = \"{ip}\"\n{}\n",
            host.replace("DOMAIN", &domain)
        );
        mail_out(word, &stage, "via = { sendmail = true }", &user.to_string(), &format!("bob@{domain}"))
    });
    let client = "client = { ip = \"198.51.100.79\", ehlo = \"mail.explain.example\", tls = \"starttls\" }";
    let inbound = mail_out(INBOUND, "", client, "bob@explain.example", &user.to_string());
    let parsed = outbound.chain([inbound]).map(|text| {
        let source = Source { name: "explain".to_owned(), path: "explain".to_owned(), text };
        scenario::parse(source, world).map(|scenario| scenario.plan).map_err(CommandError::wrong)
    });
    parsed.collect()
}

fn mail_out(word: &str, stage: &str, way: &str, from: &str, to: &str) -> String {
    format!(
        "title = \"What a line does\"\n{stage}[[transaction]]\nlabel = \"{word}\"\n{way}\nmail-from = \"{from}\"\n\
         rcpt-to = [\"{to}\"]\nmessage = \"From: {from}\\nTo: {to}\\nSubject: Hello\\n\\nHello.\\n\"\n\
         [transaction.expect]\noutcome = \"delivered\"\n"
    )
}

/// Services that the gateway offers. Those for users share their settings: one of them stands for all, if possible one
/// that can be asked before TLS, too.
fn services(gateway: &Gateway) -> Vec<Service> {
    let services = probe::services(gateway).into_iter();
    let (mut chosen, mut for_users): (Vec<_>, Vec<_>) = services.partition(|s| Daemon::of(*s) == Daemon::Postfix);
    for_users.sort_by_key(|service| service.is_implicit());
    chosen.extend(for_users.first());
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mail_that_asks_is_well_formed() {
        let world = World { gateway: vec!["gateway.example".parse().unwrap()], ..World::default() };
        let messages = messages(&world, &"alice@gateway.example".parse().unwrap()).unwrap();
        assert_eq!(messages.len(), KINDS.len() + 1);
        assert!(messages.iter().all(|plan| plan.transactions.len() == 1));
        let inbound: Vec<bool> = messages.iter().map(|plan| plan.hosts.is_empty()).collect();
        assert_eq!(inbound.iter().filter(|is_inbound| **is_inbound).count(), 1);
    }
}
