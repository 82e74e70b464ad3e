//! `watch`: the stack stays up, what is saved is taken over, and what it may change is run again.

use super::{
    CommandContext, Pair,
    run::{applicable, late, needs_peer},
};
use crate::{
    bring_up::{RunningStack, bring_up, interrupt},
    cli::WatchArgs,
    conduct::{Done, Incident, RunOptions, conduct},
    drive::Opinion,
    exit::{CommandError, Exit},
    judge::Judge,
    known::{self, KnownFailures},
    library,
    order::Order,
    saved::Saved,
    start::CommandResult,
};
use ::stack::{TakenOver, gateway::Gateway};
use claims::Scenario;
use plan::Source;
use report::{Identity, RunReport, ScenarioReport, Status, Whole};
use std::{
    cell::Cell,
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

/// Scenarios that are run before it is looked whether something was saved meanwhile.
const CHUNK: usize = 64;
/// Scenarios of which each gets a line.
const LINES: usize = 40;

/// Watches until somebody interrupts.
pub(crate) async fn watch(context: &CommandContext, args: WatchArgs) -> CommandResult {
    let directory = context.workspace.gateway(args.gateway.word());
    let mut saved = watched(context, &args, &directory)?;
    let mut watch = Watch::new(context, args, directory);
    let mut stale = BTreeSet::new();
    let mut since = Instant::now();
    let watched = async {
        loop {
            let passed = watch.pass(&mut stale, since, &saved).await;
            let is_told = watch.is_told.take() || passed.is_err();
            if let Err(error) = passed {
                error.reports.iter().for_each(|report| context.progress.print(&format!("{report:?}\n")));
            }
            if is_told && !saved.is_any() {
                context.progress.print("waiting for something to be saved; Ctrl-C ends\n");
            }
            since = saved.next().await;
        }
    };
    tokio::select! {
        () = watched => {}
        () = interrupt() => {}
    }
    context.progress.say("cleaning up");
    watch.down().await?;
    Ok(Exit::AsExpected)
}

/// Watches the gateway and the chosen scenarios.
fn watched(context: &CommandContext, args: &WatchArgs, directory: &Path) -> Result<Saved, CommandError> {
    let failed = |path: &Path, why: notify::Error| {
        let help = "is it there? fs.inotify.max_user_watches of sysctl(8) limits how much is watched";
        CommandError::error(miette::miette!(help = help, "{} cannot be watched: {why}", path.display()))
    };
    let mut saved = Saved::new().map_err(|why| failed(directory, why))?;
    // what is not there is told when it is read
    let mut watch = |path: &Path, deep| match path.is_dir() {
        true => saved.watch(path, deep).map_err(|why| failed(path, why)),
        false => Ok(()),
    };
    watch(directory, true)?;
    let (paths, parts): (Vec<&String>, Vec<&String>) =
        args.selection.names.iter().partition(|word| word.ends_with(".toml") || Path::new(word.as_str()).is_dir());
    if paths.is_empty() || !parts.is_empty() {
        let library = context.workspace.scenarios();
        watch(&library.directory, true)?;
        library.own.iter().try_for_each(|own| watch(own, true))?;
    }
    for path in paths.iter().map(Path::new) {
        // an editor may replace the file, so it is its directory that is watched
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.is_dir() { watch(path, true)? } else { watch(parent, false)? }
    }
    Ok(saved)
}

/// What is watched, as it was taken over.
struct Watch<'a> {
    context: &'a CommandContext,
    args: WatchArgs,
    directory: PathBuf,
    up: Option<Up>,
    /// Texts by name.
    sources: BTreeMap<String, String>,
    /// The text of the list of known failures.
    known: Option<String>,
    /// Of each scenario that failed when it ran last, what was said of it.
    failing: BTreeMap<String, String>,
    /// Whether anything was said since it was asked for.
    is_told: Cell<bool>,
    /// Nothing is printed.
    is_quiet: bool,
    /// How long the daemons took for what was taken over last.
    reloading: Duration,
}

struct Up {
    pair: Pair,
    running_stack: RunningStack,
    with_peer: bool,
    /// It cannot be told any more what state it is in.
    is_lost: bool,
}

impl<'a> Watch<'a> {
    fn new(context: &'a CommandContext, args: WatchArgs, directory: PathBuf) -> Self {
        Self {
            context,
            args,
            directory,
            up: None,
            sources: BTreeMap::new(),
            known: None,
            failing: BTreeMap::new(),
            is_told: Cell::new(false),
            is_quiet: false,
            reloading: Duration::ZERO,
        }
    }

    fn print(&self, text: &str) {
        self.is_told.set(true);
        if !self.is_quiet {
            self.context.progress.print(text);
        }
    }

    /// Takes over what is there now, and runs what it may change; `stale` are names of scenarios that are to be run in any case, and
    /// holds afterwards those that were left since something was saved.
    async fn pass(&mut self, stale: &mut BTreeSet<String>, since: Instant, saved: &Saved) -> Result<(), CommandError> {
        let pair = Pair::load(&self.context.workspace, Some(&self.directory.display().to_string()))?;
        let library = self.context.workspace.scenarios();
        let known_text = fs::read_to_string(self.directory.join(known::FILE)).ok();
        let known = KnownFailures::load(&self.directory, &library::names(&library)?)?;
        let sources = library::find(&library, &self.args.selection.names)?;
        if self.known != known_text {
            // what is expected of them is another
            stale.extend(self.failing.keys().cloned());
            self.known = known_text;
        }
        let is_new = |source: &&Source| self.sources.get(&source.name) != Some(&source.text);
        stale.extend(sources.iter().filter(is_new).map(|source| source.name.clone()));
        self.sources = sources.iter().map(|source| (source.name.clone(), source.text.clone())).collect();
        let world = pair.world();
        if self.up.as_ref().is_some_and(|up| up.is_lost) {
            self.down().await?;
        }
        let all = || sources.iter().map(|source| source.name.clone());
        if self.up.is_some() && self.take_over(pair.gateway.clone()).await? {
            stale.extend(all());
        }
        if self.up.is_none() {
            stale.extend(all());
        }
        let stale_sources: Vec<Source> = sources.into_iter().filter(|source| stale.contains(&source.name)).collect();
        stale.retain(|name| self.sources.contains_key(name));
        if stale_sources.is_empty() {
            return Ok(());
        }
        let scenarios = library::scenarios(stale_sources, &world)?;
        self.ensure(pair, &scenarios).await?;
        self.run(scenarios, known, stale, since, saved).await
    }

    /// Takes the gateway over as it is now; says whether anything is another. If it must be brought up anew, none is up afterwards.
    async fn take_over(&mut self, gateway: Gateway) -> Result<bool, CommandError> {
        let Some(up) = &mut self.up else { return Ok(false) };
        if up.pair.gateway == gateway {
            return Ok(false);
        }
        let Some(stack) = Arc::get_mut(&mut up.running_stack.stack) else { unreachable!("nothing runs meanwhile") };
        let why = match stack.take_over(gateway.clone()).await {
            Ok(TakenOver::Done(done, took)) => {
                up.pair.gateway = gateway;
                self.reloading = took;
                self.print(&format!("{}, in {:.2} s\n", done.join("; "), took.as_secs_f64()));
                return Ok(true);
            }
            Ok(TakenOver::Refused(words)) => {
                self.print(&format!("refused; the gateway goes on as it was before:\n{words}\n"));
                return Ok(false);
            }
            Ok(TakenOver::Anew(why)) => why,
            Err(why) => why.to_string(),
        };
        self.print(&format!("the gateway is brought up anew: {why}\n"));
        self.down().await?;
        Ok(true)
    }

    /// Brings the stack up, if none is up that has what these scenarios need.
    async fn ensure(&mut self, pair: Pair, scenarios: &[Scenario]) -> Result<(), CommandError> {
        let with_peer = scenarios.iter().any(|scenario| needs_peer(&scenario.plan, &pair));
        if self.up.as_ref().is_some_and(|up| with_peer && !up.with_peer) {
            self.print("the gateway is brought up anew: a scenario needs the peer\n");
            self.down().await?;
        }
        if self.up.is_none() {
            let kept = Pair { gateway: pair.gateway.clone(), peer: pair.peer.clone() };
            let running_stack = bring_up(self.context, pair, with_peer, false).await?;
            self.print(&format!("run {}: gateway {}\n", running_stack.run, kept.gateway.name));
            self.up = Some(Up { pair: kept, running_stack, with_peer, is_lost: false });
        }
        Ok(())
    }

    /// Runs scenarios, those first that failed the last time, as long as nothing is saved.
    async fn run(
        &mut self,
        scenarios: Vec<Scenario>,
        known: KnownFailures,
        stale: &mut BTreeSet<String>,
        since: Instant,
        saved: &Saved,
    ) -> Result<(), CommandError> {
        let Some(up) = &self.up else { return Ok(()) };
        let stack = &up.running_stack.stack;
        let style = self.context.style();
        let judge =
            Judge { directory: self.directory.clone(), known, is_ci: false, is_carried: false, wants_snapshots: false };
        let (scenarios, others) = applicable(stack, scenarios).await?;
        let is_short = scenarios.len() <= LINES;
        let mut reports: BTreeMap<String, ScenarioReport> =
            others.into_iter().map(|report| (report.name.clone(), report)).collect();
        let (first, rest): (Vec<Scenario>, Vec<Scenario>) =
            scenarios.into_iter().partition(|scenario| self.failing.contains_key(&scenario.plan.source.name));
        let mut chunks = vec![first];
        let mut rest = rest.into_iter().peekable();
        while rest.peek().is_some() {
            chunks.push(rest.by_ref().take(CHUNK).collect());
        }
        let mut troubles = Incident::default();
        for chunk in chunks.into_iter().filter(|chunk| !chunk.is_empty()) {
            if saved.is_any() {
                break;
            }
            let each = |done: Done| {
                let report = judge.report(done);
                let is_news = self.failing.contains_key(&report.name) != is_failing(&report.status);
                if is_short || is_news {
                    self.print(&report::line(&report, &style));
                }
                reports.insert(report.name.clone(), report);
            };
            let options =
                RunOptions { jobs: self.args.jobs, opinion: Opinion::On, order: Order::Name, is_enough: None };
            let Incident { died, strays } = conduct(stack, chunk, options, each).await;
            troubles.died.extend(died);
            troubles.strays.extend(strays);
        }
        if reports.is_empty() {
            return Ok(());
        }
        let took = since.elapsed();
        let strays = late(stack, troubles.strays).await;
        let lost = stack.check().err();
        stale.retain(|name| !reports.contains_key(name));
        let (mut told, mut as_before) = (Vec::new(), Vec::new());
        for (name, report) in reports {
            if !is_failing(&report.status) {
                self.failing.remove(&name);
                told.push(report);
                continue;
            }
            let said = report::told(&report, &style);
            if self.failing.insert(name.clone(), said.clone()) == Some(said) {
                as_before.push(name);
            } else {
                told.push(report);
            }
        }
        let report = RunReport {
            gateway: up.pair.gateway.name.clone(),
            adaptations: Vec::new(),
            scenarios: told,
            died: troubles.died.iter().map(ToString::to_string).collect(),
            strays,
            left_out: stale.iter().cloned().collect(),
            took,
            identity: Identity::default(),
            shard: None,
            incomplete: Vec::new(),
            is_ci: false,
        };
        if !report.scenarios.is_empty() || report::verdict(&report) != Whole::AsExpected {
            self.print(&report::summary(&report, &style));
        }
        if !as_before.is_empty() {
            let (many, names) = (as_before.len(), report::listed(as_before.iter().map(String::as_str)));
            self.print(&format!(
                "{many} not as expected, in the same way as before, in {:.1} s: {names}\n",
                took.as_secs_f64()
            ));
        }
        if let (Some(why), Some(up)) = (lost, &mut self.up) {
            up.is_lost = true;
            self.print(&format!("the gateway is brought up anew when something is saved: {why}\n"));
        }
        Ok(())
    }

    async fn down(&mut self) -> Result<(), CommandError> {
        match self.up.take() {
            Some(up) => up.running_stack.down().await,
            None => Ok(()),
        }
    }
}

/// How long it takes from a saved file to the verdicts of one mechanism: in all, and of that until the daemon works with the file. The
/// gateway is a copy below `scratch`.
///
/// # Errors
/// Whatever prevents it.
pub(crate) async fn measure(
    context: &CommandContext,
    args: WatchArgs,
    scratch: &Path,
) -> Result<(Duration, Duration), CommandError> {
    let directory = scratch.join("watched");
    let (from, to) = (context.workspace.gateway(args.gateway.word()), directory.display().to_string());
    let copied = container::run_quietly("cp", &["-r", &from.display().to_string(), &to]).await;
    let failed = |why: String| CommandError::error(miette::miette!("{to}: {why}"));
    if !copied.map_err(|why| failed(why.to_string()))?.success() {
        return Err(failed("the gateway cannot be copied".to_owned()));
    }
    let mut saved = watched(context, &args, &directory)?;
    let mut watch = Watch { is_quiet: true, ..Watch::new(context, args, directory.clone()) };
    let mut stale = BTreeSet::new();
    watch.pass(&mut stale, Instant::now(), &saved).await?;
    let main = directory.join("postfix/main.cf");
    let text = fs::read_to_string(&main).map_err(|why| failed(why.to_string()))?;
    let begun = Instant::now();
    fs::write(&main, format!("{text}\n# saved\n")).map_err(|why| failed(why.to_string()))?;
    let since = saved.next().await;
    let passed = watch.pass(&mut stale, since, &saved).await;
    let took = begun.elapsed();
    watch.down().await?;
    passed?;
    if !watch.failing.is_empty() || watch.reloading.is_zero() {
        let names = report::listed(watch.failing.keys().map(String::as_str));
        return Err(failed(format!("not measured: {names} did not hold, or nothing was taken over")));
    }
    Ok((took, watch.reloading))
}

/// Whether it is among those that are run first the next time.
pub(super) fn is_failing(status: &Status) -> bool {
    status.weight(false) != Whole::AsExpected
}
