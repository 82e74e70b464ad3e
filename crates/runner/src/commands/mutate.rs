//! `gateway mutate`: each line of a gateway's configuration is taken away, or made weaker, and what may notice is run. What nobody
//! notices is what the scenarios do not see.

use super::{
    CommandContext, Pair,
    compare::does_not_come_up,
    run::{applicable, needs_peer, only_json, write_report},
    watch::is_failing,
};
use crate::{
    bring_up::{RunningStack, bring_up, interrupt},
    cli::MutateArgs,
    conduct::{Done, RunOptions, conduct},
    drive::Opinion,
    exit::CommandError,
    judge::Judge,
    known::KnownFailures,
    library,
    mutants::{Mutant, mutants},
    order::Order,
    start::CommandResult,
    unnoticed::{self, Unnoticed},
};
use ::stack::{Stack, TakenOver, gateway::Gateway};
use claims::Scenario;
use report::{Mutated, Notice};
use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

/// Scenarios that run first, since they noticed something before.
const FIRST: usize = 24;
/// A file that is executed is a program, and no configuration.
const PROGRAM: u32 = 0o111;

/// Changes one thing after the other, and says what nobody notices.
pub(crate) async fn mutate(context: &CommandContext, args: MutateArgs) -> CommandResult {
    only_json("what nobody notices", &args.reports)?;
    let word = args.target.as_deref().or(args.gateway.word());
    let pair = Pair::load(&context.workspace, word)?;
    let directory = pair.gateway.directory.clone();
    let known = KnownFailures::load(&directory, &library::names(&context.workspace.scenarios())?)?;
    let explained = Unnoticed::load(&directory)?;
    let sources = library::find(&context.workspace.scenarios(), &args.scenario)?;
    let scenarios = library::scenarios(sources, &pair.world())?;
    let mut changes = changes(&pair.gateway);
    for gone in explained.beyond(&changes.iter().map(Change::line).collect::<Vec<_>>()) {
        context.progress.note(&format!("{}: there is no line `{gone}`", unnoticed::FILE));
    }
    let is_meant = |change: &Change| {
        let (path, number) = (change.path(&pair.gateway), change.mutant.number);
        args.only.is_empty() || args.only.iter().any(|place| place.is(path, number))
    };
    changes.retain(is_meant);
    if changes.is_empty() {
        let help = "--only takes the end of a path below /etc, such as postfix/main.cf, and the number of a line that is no comment";
        return Err(CommandError::usage(miette::miette!(
            help = help,
            "nothing of {} can be changed there",
            pair.gateway.name
        )));
    }
    let is_carried = context.workspace.is_carried(&directory);
    let judge = Judge { directory, known, is_ci: true, is_carried, wants_snapshots: false };
    let with_peer = scenarios.iter().any(|scenario| needs_peer(&scenario.plan, &pair));
    let mut bench = Bench { context, pair, with_peer, judge, jobs: args.jobs, up: None, order: VecDeque::new() };
    let deadline = args.minutes.map(|minutes| Instant::now() + Duration::from_secs(u64::from(minutes) * 60));
    let mut lines = Vec::new();
    let tried = tokio::select! {
        tried = bench.run(&changes, scenarios, &explained, deadline, &mut lines) => tried,
        () = interrupt() => Err(CommandError::interrupted()),
    };
    context.progress.say("cleaning up");
    bench.down().await?;
    let untried = changes.len() - lines.len();
    context.progress.print(&report::mutation_text(&lines, untried, &context.style()));
    for report in &args.reports {
        write_report(report.path.as_deref(), &report::mutation_json(&bench.pair.gateway.name, &lines, untried))?;
    }
    tried?;
    Ok(report::mutation_verdict(&lines).into())
}

/// A change of one file of one host.
struct Change {
    host: usize,
    file: usize,
    /// As it is shown.
    shown: String,
    mutant: Mutant,
}

impl Change {
    fn line(&self) -> (String, String) {
        (self.shown.clone(), self.mutant.line.clone())
    }

    /// Absolute path of its file.
    fn path<'a>(&self, gateway: &'a Gateway) -> &'a str {
        &gateway.hosts[self.host].etc[self.file].path
    }

    fn of(&self, gateway: &Gateway) -> Gateway {
        let mut changed = gateway.clone();
        changed.hosts[self.host].etc[self.file].contents = self.mutant.text.clone().into_bytes();
        changed
    }
}

/// Everything that the configuration can lose, file after file.
fn changes(gateway: &Gateway) -> Vec<Change> {
    let mut found = Vec::new();
    for (host, plan) in gateway.hosts.iter().enumerate() {
        for (file, etc) in plan.etc.iter().enumerate().filter(|(_, etc)| etc.mode & PROGRAM == 0) {
            let Ok(text) = std::str::from_utf8(&etc.contents) else { continue };
            let path = etc.path.strip_prefix("/etc/").unwrap_or(&etc.path);
            let is_elsewhere = |other: &::stack::gateway::Host| {
                other.name != plan.name && other.etc.iter().any(|o| o.path == etc.path)
            };
            let several = gateway.hosts.iter().any(is_elsewhere);
            let shown = if several { format!("{} of {}", path, plan.name) } else { path.to_owned() };
            let its = mutants(&etc.path, text).into_iter();
            found.extend(its.map(|mutant| Change { host, file, shown: shown.clone(), mutant }));
        }
    }
    found
}

/// The gateway, as it is at the moment, and who may notice.
struct Bench<'a> {
    context: &'a CommandContext,
    /// As it is in its directory.
    pair: Pair,
    with_peer: bool,
    judge: Judge,
    jobs: NonZeroUsize,
    up: Option<RunningStack>,
    /// Names of those that noticed something, the latest first.
    order: VecDeque<String>,
}

/// The scenarios that may notice something.
struct Watchful {
    /// Those that come to the same whenever they run.
    always: Vec<Scenario>,
    /// Those for which a gateway has to be brought up, since its daemons remember something of them.
    once: Vec<Scenario>,
}

impl Bench<'_> {
    async fn run(
        &mut self,
        changes: &[Change],
        scenarios: Vec<Scenario>,
        explained: &Unnoticed,
        deadline: Option<Instant>,
        lines: &mut Vec<Mutated>,
    ) -> Result<(), CommandError> {
        let style = self.context.style();
        let unchanged = self.pair.gateway.clone();
        if let Err(why) = self.become_of(&unchanged).await? {
            return Err(CommandError::error(miette::miette!("the gateway does not work as it is: {why}")));
        }
        let watchful = self.watchful(scenarios).await?;
        let as_is = self.stack().effective_settings().await?;
        // those whose settings are the same as those of another change need not be told apart
        let mut alike: BTreeMap<Vec<String>, Notice> = BTreeMap::new();
        for change in changes {
            if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
                break;
            }
            let begun = Instant::now();
            let changed = change.of(&unchanged);
            let came = match self.become_of(&changed).await? {
                Err(words) => Notice::Refused(words),
                Ok(()) => {
                    let now = self.stack().effective_settings().await?;
                    let is_of_daemon = is_in_effective(change.path(&unchanged));
                    if is_of_daemon && now == as_is {
                        Notice::Equivalent("what postconf and doveconf say is the same".to_owned())
                    } else if let Some(same) = alike.get(&now).filter(|_| is_of_daemon) {
                        same.clone()
                    } else {
                        let came = self.noticed(&changed, &watchful).await?;
                        if is_of_daemon {
                            alike.insert(now, came.clone());
                        }
                        came
                    }
                }
            };
            let (file, line) = change.line();
            let reason = explained.reason(&file, &line);
            if let (Notice::Noticed(_), Some(_)) = (&came, reason) {
                self.context.progress.note(&format!("{}: `{file}: {line}` is noticed", unnoticed::FILE));
            }
            let came = match (came, reason) {
                (Notice::Unnoticed, Some(reason)) => Notice::Explained(reason.to_owned()),
                (came, _) => came,
            };
            let (number, becomes) = (change.mutant.number, change.mutant.becomes.clone());
            let tried = Mutated { file, number, line, becomes, came, took: begun.elapsed() };
            self.context.progress.print(&report::mutation_line(&tried, &style));
            lines.push(tried);
        }
        Ok(())
    }

    /// Lets the gateway be this one; or its daemons' words, if they do not work with it.
    async fn become_of(&mut self, gateway: &Gateway) -> Result<Result<(), String>, CommandError> {
        // a service that a change before made end for good would be missed by whoever is asked next
        if self.up.as_ref().is_some_and(|up| up.stack.check().is_err()) {
            self.down().await?;
        }
        if let Some(up) = &mut self.up {
            let Some(stack) = Arc::get_mut(&mut up.stack) else { unreachable!("nothing runs meanwhile") };
            match stack.take_over(gateway.clone()).await {
                Ok(TakenOver::Done(..)) => return Ok(Ok(())),
                Ok(TakenOver::Refused(words)) => return Ok(Err(words)),
                // what cannot be taken over is brought up anew
                Ok(TakenOver::Anew(_)) | Err(_) => self.down().await?,
            }
        }
        let pair = Pair { gateway: gateway.clone(), peer: self.pair.peer.clone() };
        match bring_up(self.context, pair, self.with_peer, false).await {
            Ok(up) => {
                self.up = Some(up);
                Ok(Ok(()))
            }
            Err(error) => does_not_come_up(&error, gateway).map(Err).ok_or(error),
        }
    }

    /// The scenarios that apply and come to what is expected of them: only they can notice anything.
    async fn watchful(&mut self, scenarios: Vec<Scenario>) -> Result<Watchful, CommandError> {
        let (scenarios, others) = applicable(self.stack(), scenarios).await?;
        self.stack().open_mailboxes().await?;
        self.context.progress.say(&format!("running {} scenarios twice on the gateway as it is", scenarios.len()));
        let (_, blind) = self.astray(&scenarios, false).await;
        let named = |scenario: &Scenario, names: &BTreeSet<String>| names.contains(&scenario.plan.source.name);
        let may: Vec<Scenario> = scenarios.into_iter().filter(|scenario| !named(scenario, &blind)).collect();
        let (_, other) = self.astray(&may, false).await;
        let (once, always): (Vec<Scenario>, Vec<Scenario>) =
            may.into_iter().partition(|scenario| named(scenario, &other));
        let (many, of_those, lack) = (once.len() + always.len(), once.len(), others.len());
        let mut said =
            format!("{many} scenarios may notice, {of_those} of them only on a gateway that was just brought up; ");
        said.push_str(&format!("{lack} do not apply\n"));
        if !blind.is_empty() {
            let blind = report::listed(blind.iter().map(String::as_str));
            said.push_str(&format!("not as expected on the gateway as it is, and left out: {blind}\n"));
        }
        self.context.progress.print(&said);
        Ok(Watchful { always, once })
    }

    /// The gateway that stands now.
    fn stack(&self) -> &Arc<Stack> {
        self.up.as_ref().map_or_else(|| unreachable!("nothing is asked of a gateway that is not up"), |up| &up.stack)
    }

    /// Who notices what is there now: those first that noticed something before, then all others, as long as nobody does.
    async fn noticed(&mut self, gateway: &Gateway, watchful: &Watchful) -> Result<Notice, CommandError> {
        let known = |scenario: &Scenario| {
            let name = &scenario.plan.source.name;
            self.order.iter().take(FIRST).position(|known| known == name).unwrap_or(FIRST)
        };
        // of every subject one, then of every subject another one
        let mut of_subject: BTreeMap<&str, usize> = BTreeMap::new();
        let mut waiting: Vec<((usize, usize), &Scenario)> = Vec::new();
        for scenario in &watchful.always {
            let name = scenario.plan.source.name.as_str();
            let turn = of_subject.entry(name.rsplit_once('/').map_or("", |(subject, _)| subject)).or_default();
            waiting.push(((known(scenario), *turn), scenario));
            *turn += 1;
        }
        waiting.sort_by_key(|(place, _)| *place);
        let mut waiting: Vec<Scenario> = waiting.into_iter().map(|(_, scenario)| scenario.clone()).collect();
        while !waiting.is_empty() {
            let (ran, astray) = self.astray(&waiting, true).await;
            if astray.is_empty() {
                break;
            }
            // what happens once may have been chance
            let is_one = |scenario: &Scenario| astray.contains(&scenario.plan.source.name);
            let again: Vec<Scenario> = waiting.iter().filter(|scenario| is_one(scenario)).cloned().collect();
            let (_, astray) = self.astray(&again, false).await;
            if !astray.is_empty() {
                self.order.retain(|name| !astray.contains(name));
                astray.iter().for_each(|name| self.order.push_front(name.clone()));
                return Ok(Notice::Noticed(astray.into_iter().collect()));
            }
            waiting.retain(|scenario| !ran.contains(&scenario.plan.source.name));
        }
        let mut astray = BTreeSet::new();
        for again in [false, true] {
            let scenarios: Vec<Scenario> =
                watchful.once.iter().filter(|s| !again || astray.contains(&s.plan.source.name)).cloned().collect();
            if scenarios.is_empty() {
                return Ok(Notice::Unnoticed);
            }
            self.down().await?;
            if let Err(words) = self.become_of(gateway).await? {
                return Ok(Notice::Refused(words));
            }
            (_, astray) = self.astray(&scenarios, false).await;
        }
        Ok(if astray.is_empty() { Notice::Unnoticed } else { Notice::Noticed(astray.into_iter().collect()) })
    }

    /// Runs these, until one does not come to what is expected of it if that `is_enough`; names of those that ran, and of those that did
    /// not. Nothing is left in the mailboxes.
    async fn astray(&self, scenarios: &[Scenario], is_enough: bool) -> (BTreeSet<String>, BTreeSet<String>) {
        let (mut ran, mut astray) = (BTreeSet::new(), BTreeSet::new());
        let found = AtomicBool::new(false);
        let each = |done: Done| {
            self.context.progress.detail(&done.scenario.plan.source.name);
            let report = self.judge.report(done);
            if is_failing(&report.status) {
                found.store(true, Ordering::Relaxed);
                astray.insert(report.name.clone());
            }
            ran.insert(report.name);
        };
        let is_enough = is_enough.then_some(&found);
        let options = RunOptions { jobs: self.jobs, opinion: Opinion::On, order: Order::Name, is_enough };
        conduct(self.stack(), scenarios.to_vec(), options, each).await;
        // mail that a weaker gateway took is nobody's
        let _ = self.stack().strays().await;
        (ran, astray)
    }

    async fn down(&mut self) -> Result<(), CommandError> {
        match self.up.take() {
            Some(up) => up.down().await,
            None => Ok(()),
        }
    }
}

/// Whether postconf or doveconf tell all that is in this file.
fn is_in_effective(path: &str) -> bool {
    ["/etc/postfix/main.cf", "/etc/postfix/master.cf"].contains(&path)
        || (path.starts_with("/etc/dovecot/") && path.ends_with(".conf"))
}
