//! `gateway explain`: every TLS line of a gateway, what it is documented to mean, and what it is seen to do.
//!
//! The same questions are asked with the line and without it; what differs is what the line does.

use super::{CommandContext, Pair, probe};
use crate::{
    bring_up::{RunningStack, while_up},
    cli::ExplainArgs,
    exit::{CommandError, Exit},
    questions::{Questions, Stages},
    start::CommandResult,
};
use evidence::Evidence;
use explain::{Direction, Facts, Line, Meaning, Meanings, Noise};
use futures_util::future::try_join_all;
use mail::{Domain, Service};
use plan::{Daemon, SettingChange, Spanned};
use report::Explained;
use serde::Serialize;
use stack::{StackError, gateway::Gateway};
use std::collections::BTreeSet;

/// Brings the gateway up, takes each line out in turn, and says what difference that makes.
pub(crate) async fn explain(context: &CommandContext, mut args: ExplainArgs) -> CommandResult {
    let first =
        args.settings.first().filter(|word| context.workspace.gateway(Some(word)).join("gateway.toml").is_file());
    let named = first.cloned().filter(|_| args.gateway.word().is_none());
    if named.is_some() {
        args.settings.remove(0);
    }
    let pair = Pair::load(&context.workspace, named.as_deref().or(args.gateway.word()))?;
    let meanings = Meanings::shipped();
    let questions = Questions::new(&pair)?;
    let mut lines = lines(&pair.gateway, &meanings);
    lines.retain(|(_, line)| args.settings.is_empty() || args.settings.iter().any(|wanted| line.is_called(wanted)));
    let missing = args.settings.iter().find(|wanted| !lines.iter().any(|(_, line)| line.is_called(wanted)));
    if lines.is_empty() || missing.is_some() {
        return Err(nothing(&pair.gateway.name, missing));
    }
    let services = probe::services(&pair.gateway);
    let asking = Asking { lines, questions, services, meanings, is_all: args.settings.is_empty() };
    let told = while_up(context, pair, async |running_stack| asking.observe(context, running_stack).await).await?;
    if args.json {
        println!("{}", serde_json::to_string_pretty(&told).expect("a table is data"));
    } else {
        print!("{}", text(&told, &context.style()));
    }
    Ok(Exit::AsExpected)
}

/// A line, or a setting that is not there, and what is told of it.
#[derive(Debug, Serialize)]
struct Told {
    /// Its name, behind the service or the blocks in which it stands.
    name: String,
    /// The file in which it stands; none if it is not set.
    file: Option<String>,
    #[serde(flatten)]
    row: Explained,
    /// What was asked of the gateway without the line, as with it.
    asked: Vec<String>,
    /// Why what was asked does not tell that the line does nothing.
    unasked: Option<String>,
}

/// The table, lines that nothing was asked about behind it, and what was asked.
fn text(told: &[Told], style: &report::Style) -> String {
    let (unasked, rows): (Vec<_>, Vec<_>) = told.iter().partition(|told| told.unasked.is_some());
    let rows: Vec<Explained> = rows.into_iter().map(|told| told.row.clone()).collect();
    let mut out = report::explained_text(&rows, style);
    for Told { row, unasked, .. } in unasked {
        let why = unasked.as_deref().unwrap_or_default();
        out.push_str(&format!("not asked: what {} does, in {}: {why}\n", row.line, row.place));
    }
    let asked: BTreeSet<&str> = told.iter().flat_map(|told| &told.asked).map(String::as_str).collect();
    let asked: Vec<&str> = asked.into_iter().collect();
    out.push_str(&format!("asked: {}\n", if asked.is_empty() { "nothing".to_owned() } else { asked.join("; ") }));
    out
}

/// What is asked, and of which lines.
struct Asking {
    questions: Questions,
    lines: Vec<(String, Line)>,
    /// All services that the gateway offers; the questions are put to some.
    services: Vec<Service>,
    meanings: Meanings,
    /// Whether the lines are all about TLS that the gateway has: then settings that it lacks are looked at, too.
    is_all: bool,
}

fn nothing(gateway: &str, missing: Option<&String>) -> CommandError {
    let what = missing.map_or_else(|| "line about TLS".to_owned(), |name| format!("line `{name}` about TLS"));
    let help = "main.cf, master.cf and Dovecot's files are looked at, where gateway.toml puts them into /etc; `--gateway` names another gateway";
    CommandError { exit: Exit::Nothing, reports: vec![miette::miette!(help = help, "{gateway} has no {what}")] }
}

/// A line that is taken out, or a setting that is set, and what was seen then.
struct Ablation<'a> {
    told: Told,
    /// The line, if it is one that questions must be known to meet.
    line: Option<&'a Line>,
    /// Said behind every effect.
    note: String,
    seen: Facts,
}

impl Asking {
    async fn observe(&self, context: &CommandContext, running_stack: &RunningStack) -> Result<Vec<Told>, CommandError> {
        let stages = self.questions.set_stages(&running_stack.stack).await?;
        let mut told = Vec::new();
        for daemon in Daemon::ALL {
            if self.lines.iter().any(|(_, line)| line.daemon == daemon) {
                told.extend(self.of_daemon(daemon, context, running_stack, &stages).await?);
            }
        }
        Ok(told)
    }

    async fn of_daemon(
        &self,
        daemon: Daemon,
        context: &CommandContext,
        running_stack: &RunningStack,
        stages: &Stages,
    ) -> Result<Vec<Told>, CommandError> {
        let word = daemon.as_str();
        let its: Vec<&(String, Line)> = self.lines.iter().filter(|(_, line)| line.daemon == daemon).collect();
        context.progress.say(&format!("looking at {word} as it is"));
        let look = |change, asked| self.ask(change, asked, running_stack, stages);
        let all = || self.all(daemon, &its);
        let with = look(None, all()).await?.0;
        let mut ablations = Vec::new();
        for (at, (file, line)) in its.iter().enumerate() {
            let mut told = told(file, line, self.meanings.of(line));
            // the last one of a file counts, and taking the name out takes both out
            let later = its[at + 1..].iter().find(|(other, later)| later.name == line.name && other == file);
            told.row.overruled = later.map(|(file, later)| format!("{file}:{}", later.number));
            if told.row.overruled.is_some() {
                ablations.push(Ablation { told, line: None, note: String::new(), seen: Facts::new() });
                continue;
            }
            context.progress.say(&format!("{word} without {}", line.name));
            let (seen, refused) = look(Some(change(daemon, &line.name, None)), self.about(line)).await?;
            let line = refused.is_empty().then_some(line);
            told.row.refused = refused;
            ablations.push(Ablation { told, line, note: String::new(), seen });
        }
        let is_set = |name: &str| its.iter().any(|(_, line)| line.name == name);
        let is_absent = |meaning: &Meaning| self.is_all && meaning.daemon == daemon && !is_set(&meaning.name);
        let absent = self.meanings.warned_of().filter(|(meaning, _)| is_absent(meaning));
        for (meaning, instead) in absent {
            context.progress.say(&format!("{word} with {} = {instead}", meaning.name));
            let change = change(daemon, &meaning.name, Some(instead));
            let asked = Asked { daemon, way: Some(meaning.direction), surveys: BTreeSet::new() };
            let (seen, refused) = look(Some(change), asked).await?;
            // a daemon that does not know the setting is not one of which guides warn
            if refused.is_empty() {
                let note = format!(" (compared with {instead})");
                ablations.push(Ablation { told: unset(meaning), line: None, note, seen });
            }
        }
        // a line that is set to what it is: what this changes is noise
        let same = its.last().map(|(_, line)| change(daemon, &line.name, Some(&line.value)));
        context.progress.say(&format!("looking at {word} as it is again"));
        let (mut again, refused) = look(same, all()).await?;
        if !refused.is_empty() {
            // postconf sets no value with white space in master.cf
            again = look(None, all()).await?.0;
        }
        let noise = Noise::of(&[with.clone(), again]);
        let compared = |ablation: Ablation<'_>| ablation.compared(&with, &noise, &self.services);
        Ok(ablations.into_iter().map(compared).collect())
    }

    /// What tells all that lines of a daemon do.
    fn all(&self, daemon: Daemon, its: &[&(String, Line)]) -> Asked {
        let surveys = its.iter().flat_map(|(_, line)| self.surveys(line)).collect();
        Asked { daemon, way: Some(Direction::Both), surveys }
    }

    /// What tells what a line does. Settings of one service of Postfix are those of a server or of a client.
    fn about(&self, line: &Line) -> Asked {
        let surveys = self.surveys(line);
        let way = match (line.daemon, line.blocks().as_slice()) {
            (_, []) => self.meanings.of(line).map_or(Direction::Both, |meaning| meaning.direction),
            (Daemon::Postfix, [_, "inet"]) => Direction::Inbound,
            (Daemon::Postfix, ["smtp", "unix"]) => Direction::Outbound,
            _ => Direction::Both,
        };
        Asked { daemon: line.daemon, way: surveys.is_empty().then_some(way), surveys }
    }

    /// Dovecot's services have their settings in common, but for those in blocks: what is asked for these.
    fn surveys(&self, line: &Line) -> BTreeSet<(Service, Option<Domain>)> {
        let is_asked = |service: &&Service| line.daemon == Daemon::Dovecot && line.is_nested() && line.is_of(**service);
        self.services.iter().filter(is_asked).map(|service| (*service, line.server_name())).collect()
    }

    /// The facts, and what the daemon says if it refuses to work so; there are no facts then.
    async fn ask(
        &self,
        change: Option<SettingChange>,
        asked: Asked,
        running_stack: &RunningStack,
        stages: &Stages,
    ) -> Result<(Facts, Vec<String>), CommandError> {
        let stack = &running_stack.stack;
        let Some(change) = change else { return Ok((self.seen(&asked, running_stack, stages).await?, Vec::new())) };
        let changed = stack.change_settings(&[change]).await?;
        let mut refused: Vec<String> =
            changed.settings.iter().filter(|s| !s.is_taken).flat_map(|s| s.said.clone()).collect();
        let is_taken = changed.settings.iter().all(|s| s.is_taken);
        if !is_taken && refused.is_empty() {
            refused.push("it does not say why".to_owned());
        }
        let seen = if is_taken { self.seen(&asked, running_stack, stages).await } else { Ok(Facts::new()) };
        stack.restore(changed).await?;
        Ok((seen?, refused))
    }

    async fn seen(&self, asked: &Asked, running_stack: &RunningStack, stages: &Stages) -> Result<Facts, StackError> {
        let stack = &running_stack.stack;
        let mut facts = match asked.way {
            Some(way) => self.questions.ask(stack, stages, asked.daemon, way).await?,
            None => Facts::new(),
        };
        let surveys = asked.surveys.iter().map(|(service, name)| stack.survey(*service, name.as_ref()));
        let probes = try_join_all(surveys).await?;
        let word = |(service, name): &(Service, Option<Domain>)| match name {
            Some(name) => format!("{service} as {name}"),
            None => service.to_string(),
        };
        let words: Vec<String> = asked.surveys.iter().map(word).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        facts.extend(explain::facts(&Evidence { probes, ..Evidence::default() }, &words, &[]));
        Ok(facts)
    }
}

/// What is asked of a gateway.
struct Asked {
    daemon: Daemon,
    /// The questions that go this way, if any.
    way: Option<Direction>,
    /// Services that are looked at besides, by the name that is asked for.
    surveys: BTreeSet<(Service, Option<Domain>)>,
}

impl Ablation<'_> {
    /// What is told, compared with what was seen of the gateway as it is, where these services were asked.
    fn compared(self, with: &Facts, noise: &Noise, services: &[Service]) -> Told {
        let Self { mut told, line, note, seen } = self;
        let effects = explain::effects(with, &seen, noise);
        told.row.effects = effects.iter().map(|effect| format!("{effect}{note}")).collect();
        told.asked = explain::asked(&seen);
        let unasked = line.filter(|_| effects.is_empty()).and_then(|line| line.unasked(services));
        told.unasked = unasked.map(str::to_owned);
        told
    }
}

fn told(file: &str, line: &Line, meaning: Option<&Meaning>) -> Told {
    let row = row(format!("{file}:{}", line.number), format!("{} = {}", line.name, line.value), meaning);
    Told { name: line.name.clone(), file: Some(file.to_owned()), row, asked: Vec::new(), unasked: None }
}

/// The row of a setting of which guides warn that it is not set.
fn unset(meaning: &Meaning) -> Told {
    let row = row("not set".to_owned(), meaning.name.clone(), Some(meaning));
    Told { name: meaning.name.clone(), file: None, row, asked: Vec::new(), unasked: None }
}

fn row(place: String, line: String, meaning: Option<&Meaning>) -> Explained {
    let means = meaning.map(means).unwrap_or_default();
    Explained { place, line, means, effects: Vec::new(), refused: Vec::new(), overruled: None }
}

fn means(meaning: &Meaning) -> String {
    match &meaning.obsolete {
        Some(obsolete) => format!("{} Obsolete: {obsolete}.", meaning.means),
        None => meaning.means.clone(),
    }
}

/// No value: its line is taken out.
fn change(daemon: Daemon, name: &str, value: Option<&str>) -> SettingChange {
    let name = Spanned { value: name.to_owned(), span: 0..0 };
    SettingChange { daemon, name, value: value.map(str::to_owned) }
}

/// The TLS lines of a gateway's files, with the file's path.
fn lines(gateway: &Gateway, meanings: &Meanings) -> Vec<(String, Line)> {
    let mut found = Vec::new();
    for file in gateway.hosts.iter().flat_map(|host| &host.etc) {
        let text = String::from_utf8_lossy(&file.contents);
        let read = |daemon| explain::lines(daemon, &file.path, &text);
        let lines = Daemon::ALL.into_iter().flat_map(read);
        let wanted = lines.filter(|line| line.is_about_tls() || meanings.of(line).is_some());
        let path = file.path.trim_start_matches("/etc/").to_owned();
        found.extend(wanted.map(|line| (path.clone(), line)));
    }
    found
}
