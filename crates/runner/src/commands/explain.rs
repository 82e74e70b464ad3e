//! `gateway explain`: every TLS line of a gateway, what it is documented to mean, and what it is seen to do.
//!
//! The same questions are asked with the line and without it. They are a scenario, so that what is asked and how is in one
//! place: probes of every service, mail to hosts of several kinds that the harness plays, and mail that comes in.

use super::{Pair, Setting};
use crate::{
    cli::ExplainArgs,
    drive::drive,
    exit::{Exit, Trouble},
    raise::{Raised, interrupt, raise},
    start::Ended,
};
use explain::{Effect, Facts, Line, Meaning, Meanings};
use mail::{Address, Service};
use report::Explained;
use scenario::{Daemon, Source, World};
use stack::gateway::Gateway;
use std::fmt::Write;

/// What outgoing mail meets: a word for it, and how the harness plays the host.
const HOSTS: [(&str, &str); 4] = [
    ("to a good host", r#"{ starttls = "offered" }"#),
    ("to a self-signed host", r#"{ starttls = "offered", certificate = "self-signed" }"#),
    ("to a host with TLS 1.0", r#"{ starttls = "offered", certificate = { kind = "good", key = "rsa2048" }, versions = ["TLSv1"] }"#),
    ("to a host without TLS", r#"{ starttls = "absent" }"#),
];
/// And what comes in.
const INBOUND: &str = "from a client";

/// Brings the gateway up, takes each line out in turn, and says what difference that makes.
pub(crate) async fn explain(setting: &Setting, args: ExplainArgs) -> Ended {
    let pair = Pair::load(&setting.place, &args.gateway)?;
    let meanings = Meanings::shipped();
    let (world, services) = (pair.world(), services(&pair.gateway));
    let user = pair.gateway.mailboxes.first().map(|mailbox| mailbox.address.clone()).ok_or_else(|| {
        Trouble::wrong(miette::miette!(help = "add a [[mailbox]] to gateway.toml", "{} has no user", pair.gateway.name))
    })?;
    let lines = lines(&pair.gateway, &meanings);
    let asking = Asking { user, world, services, meanings, lines };
    let raised = raise(setting, pair, false, false).await?;
    let explained = tokio::select! {
        explained = observe(setting, &raised, &asking) => explained,
        () = interrupt() => Err(Trouble::interrupted()),
    };
    setting.progress.say("cleaning up");
    raised.down().await?;
    let explained = explained?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&explained).expect("a table is data"));
    } else {
        print!("{}", report::explained_text(&explained, &setting.style()));
    }
    Ok(if explained.is_empty() { Exit::Nothing } else { Exit::AsExpected })
}

struct Asking {
    /// A user of the gateway, who sends and gets mail.
    user: Address,
    world: World,
    services: Vec<Service>,
    meanings: Meanings,
    lines: Vec<(String, Line)>,
}

async fn observe(setting: &Setting, raised: &Raised, asking: &Asking) -> Result<Vec<Explained>, Trouble> {
    setting.progress.say("looking at the gateway as it is, twice");
    let all = |daemon| Question { change: None, daemon, user: &asking.user, services: &asking.services };
    let mut explained = Vec::new();
    for daemon in [Daemon::Postfix, Daemon::Dovecot] {
        if !asking.lines.iter().any(|(_, line)| line.daemon == daemon) {
            continue;
        }
        let with = ask(raised, &asking.world, &all(daemon)).await?.0;
        let noise = noise(&with, &ask(raised, &asking.world, &all(daemon)).await?.0);
        for (file, line) in asking.lines.iter().filter(|(_, line)| line.daemon == daemon) {
            setting.progress.say(&format!("{} without {}", daemon_word(daemon), line.name));
            let change = Some((line.name.as_str(), None));
            let (without, refused) = ask(raised, &asking.world, &Question { change, ..all(daemon) }).await?;
            let meaning = asking.meanings.of(daemon, &line.name);
            let effects = explain::effects(&with, &without, &noise);
            explained.push(row(file, line, meaning, &effects, refused));
        }
        let absent = asking.meanings.warned_of().filter(|(meaning, _)| {
            meaning.daemon == daemon && !asking.lines.iter().any(|(_, l)| l.daemon == daemon && l.name == meaning.name)
        });
        for (meaning, instead) in absent {
            setting.progress.say(&format!("{} with {} = {instead}", daemon_word(daemon), meaning.name));
            let change = Some((meaning.name.as_str(), Some(instead)));
            let (other, refused) = ask(raised, &asking.world, &Question { change, ..all(daemon) }).await?;
            let effects = explain::effects(&with, &other, &noise);
            explained.push(Explained {
                place: "not set".to_owned(),
                line: meaning.name.clone(),
                means: meaning.means.clone(),
                effects: effects.iter().map(|effect| format!("{effect} (compared with {instead})")).collect(),
                refused,
            });
        }
    }
    Ok(explained)
}

fn row(file: &str, line: &Line, meaning: Option<&Meaning>, effects: &[Effect], refused: Vec<String>) -> Explained {
    let means = meaning.map_or_else(String::new, |meaning| match &meaning.obsolete {
        Some(obsolete) => format!("{} Obsolete: {obsolete}", meaning.means),
        None => meaning.means.clone(),
    });
    Explained {
        place: format!("{file}:{}", line.number),
        line: format!("{} = {}", line.name, line.value),
        means,
        effects: effects.iter().map(ToString::to_string).collect(),
        refused,
    }
}

/// What is asked: of the gateway with one setting changed, or as it is.
struct Question<'a> {
    /// Name and value; no value: its line is taken out.
    change: Option<(&'a str, Option<&'a str>)>,
    daemon: Daemon,
    user: &'a Address,
    services: &'a [Service],
}

/// The facts, and what the daemon says if it refuses to work so.
async fn ask(raised: &Raised, world: &World, question: &Question<'_>) -> Result<(Facts, Vec<String>), Trouble> {
    let source = Source { name: "explain".to_owned(), path: "explain".to_owned(), text: text(question) };
    let plan = scenario::parse(source, world).map_err(Trouble::wrong)?;
    let evidence = drive(&raised.stack, &plan).await?;
    let refused = evidence.settings.iter().filter(|s| !s.is_taken).flat_map(|s| s.said.clone()).collect();
    let words: Vec<&str> = plan.transactions.iter().map(|t| t.label.as_str()).collect();
    Ok((explain::facts(&evidence, &words), refused))
}

/// The scenario that asks.
fn text(question: &Question<'_>) -> String {
    let mut text = "title = \"What a line does\"\n".to_owned();
    let (daemon, user) = (daemon_word(question.daemon), question.user);
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    let written = match question.change {
        None => Ok(()),
        Some((name, None)) => writeln!(text, "[setting]\nunset = {{ {daemon} = [{}] }}", quoted(name)),
        Some((name, Some(value))) => writeln!(text, "[setting]\n{daemon} = {{ {name} = {} }}", quoted(value)),
    };
    written.expect("writing to a string");
    for service in question.services.iter().filter(|service| of(**service) == question.daemon) {
        writeln!(text, "[[probe]]\nservice = \"{service}\"\n[probe.expect]\nhas = [\"resumption\"]").expect("writing to a string");
    }
    if question.daemon == Daemon::Postfix {
        for (at, (word, smtp)) in HOSTS.iter().enumerate() {
            let domain = format!("explain{at}.example");
            let ip = format!("198.51.100.{}", 80 + at);
            write!(
                text,
                "[zone.\"{domain}\"]\nmx = \"mx.{domain}\"\n[host.\"mx.{domain}\"]\nip = \"{ip}\"\nsmtp = {smtp}\n\
                 [[transaction]]\nlabel = \"{word}\"\nvia = {{ sendmail = true }}\nmail-from = \"{user}\"\n\
                 rcpt-to = [\"bob@{domain}\"]\nmessage = \"From: {user}\\nTo: bob@{domain}\\nSubject: Hello\\n\\nHello.\\n\"\n\
                 [transaction.expect]\noutcome = \"delivered\"\n"
            )
            .expect("writing to a string");
        }
        write!(
            text,
            "[[transaction]]\nlabel = \"{INBOUND}\"\nclient = {{ ip = \"198.51.100.79\", ehlo = \"mail.explain.example\", tls = \"starttls\" }}\n\
             mail-from = \"bob@explain0.example\"\nrcpt-to = [\"{user}\"]\n\
             message = \"From: bob@explain0.example\\nTo: {user}\\nSubject: Hello\\n\\nHello.\\n\"\n\
             [transaction.expect]\noutcome = \"delivered\"\n"
        )
        .expect("writing to a string");
    }
    text
}

/// Facts that two looks at the same configuration disagree about.
fn noise(one: &Facts, other: &Facts) -> Facts {
    one.iter().filter(|(key, value)| other.get(*key) != Some(*value)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// The TLS lines of a gateway's files, with the file's path.
fn lines(gateway: &Gateway, meanings: &Meanings) -> Vec<(String, Line)> {
    let mut found = Vec::new();
    for file in gateway.hosts.iter().flat_map(|host| &host.etc) {
        let daemon = match file.path.as_str() {
            "/etc/postfix/main.cf" => Daemon::Postfix,
            "/etc/dovecot/dovecot.conf" => Daemon::Dovecot,
            _ => continue,
        };
        let lines = explain::lines(daemon, &String::from_utf8_lossy(&file.contents));
        let known = lines.into_iter().filter(|line| meanings.of(daemon, &line.name).is_some());
        let path = file.path.trim_start_matches("/etc/").to_owned();
        found.extend(known.map(|line| (path.clone(), line)));
    }
    found
}

/// Services that the gateway offers.
fn services(gateway: &Gateway) -> Vec<Service> {
    let ports = gateway.hosts.iter().flat_map(stack::gateway::Host::ports);
    let mut services: Vec<Service> = ports.filter_map(Service::at_port).collect();
    services.sort_unstable();
    services.dedup();
    services
}

const fn of(service: Service) -> Daemon {
    match service {
        Service::Smtp | Service::Submission | Service::Submissions => Daemon::Postfix,
        Service::Imap | Service::Imaps | Service::Pop3 | Service::Pop3s | Service::Sieve => Daemon::Dovecot,
    }
}

const fn daemon_word(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Postfix => "postfix",
        Daemon::Dovecot => "dovecot",
    }
}
