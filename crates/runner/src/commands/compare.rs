//! `gateway compare`: what two gateways, or one at two revisions or on two releases, do otherwise. Nothing is written beside either.

use super::{
    CommandContext, Pair,
    run::{applicable, late, needs_peer, only_json, write_report},
};
use crate::{
    bring_up::{RunningStack, bring_up, interrupt},
    cli::{CompareArgs, Release},
    conduct::{Done, Incident, RunOptions, conduct},
    drive::Opinion,
    exit::CommandError,
    judge::by_itself,
    library,
    order::Order,
    revision,
    start::CommandResult,
};
use ::stack::{Stack, StackError, gateway::Gateway};
use claims::Scenario;
use evidence::Observed;
use futures_util::{StreamExt, stream};
use plan::{Daemon, Renames};
use report::{Came, Comparison, ScenarioReport, Side, Whole};
use std::{collections::BTreeMap, fs, num::NonZeroUsize, sync::Arc, time::Instant};

/// Memory that a gateway takes with its filters, in kB, with room.
const MEMORY: u64 = 1_000_000;
/// Processors from which on two gateways at a time are faster than one after the other.
const PROCESSORS: usize = 4;

/// How often a scenario is run again that differs.
const AGAIN: usize = 3;

/// Runs all sides and prints what each does otherwise than the one before.
pub(crate) async fn compare(context: &CommandContext, args: CompareArgs) -> CommandResult {
    only_json("a comparison", &args.reports)?;
    if args.release.len() == 1 {
        return Err(CommandError::usage(miette::miette!(
            help = "as in --release bookworm,trixie",
            "--release names two releases at least"
        )));
    }
    let scratch = tempfile::tempdir()
        .map_err(|cause| CommandError::error(miette::miette!("no directory for what is unpacked: {cause}")))?;
    let gateways = gateways(context, &args, scratch.path()).await?;
    let sources = library::find(&context.workspace.scenarios(), &args.scenario)?;
    // every file is read before anything is brought up
    let mut work = Vec::new();
    let mut worlds = Vec::new();
    for (label, pair) in gateways {
        let world = pair.world();
        work.push((label, pair, library::scenarios(sources.clone(), &world)?));
        worlds.push(world);
    }
    let at_once = args.at_once.map_or_else(|| at_once(work.len()), NonZeroUsize::get);
    let running = work.into_iter().map(|(label, pair, scenarios)| one(context, label, pair, scenarios, args.jobs));
    let ran: Vec<Result<Ran, CommandError>> = stream::iter(running).buffered(at_once).collect().await;
    let (mut sides, mut stacks, mut failed) = (Vec::new(), Vec::new(), None);
    for ran in ran {
        match ran {
            Ok(Ran { side, up }) => {
                sides.push(side);
                stacks.push(up);
            }
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    let mut steps = Vec::new();
    if failed.is_none() {
        let stepping = async {
            for at in 1..sides.len() {
                let renames = Renames::of(&worlds[at].roles(), &worlds[at - 1].roles());
                let varying = settle(context, &mut sides[at - 1..=at], &stacks[at - 1..=at], &renames).await;
                let found = report::compare(&sides[at - 1], &sides[at], &renames);
                steps.push(Comparison { varying, ..found });
            }
        };
        tokio::select! {
            () = stepping => {}
            () = interrupt() => failed = Some(CommandError::interrupted()),
        }
    }
    context.progress.say("cleaning up");
    for up in stacks.into_iter().flatten() {
        up.running_stack.down().await?;
    }
    if let Some(error) = failed {
        return Err(error);
    }
    let style = context.style();
    for (pair, found) in sides.windows(2).zip(&steps) {
        context.progress.print(&report::comparison_text(&pair[0], &pair[1], found, &style));
    }
    let whole = steps.iter().map(Comparison::verdict).fold(Whole::AsExpected, Whole::max);
    for report in &args.reports {
        write_report(report.path.as_deref(), &report::comparison_json(&sides, &steps, whole))?;
    }
    Ok(whole.into())
}

/// What is compared, each with what it is called.
async fn gateways(
    context: &CommandContext,
    args: &CompareArgs,
    scratch: &std::path::Path,
) -> Result<Vec<(String, Pair)>, CommandError> {
    let mut gateways = Vec::new();
    for (number, word) in [Some(&args.old), args.new.as_ref()].into_iter().flatten().enumerate() {
        let directory = revision::directory(&context.workspace, word, &scratch.join(number.to_string())).await?;
        gateways.push((word.clone(), Pair::load(&context.workspace, Some(&directory.display().to_string()))?));
    }
    let on = |(word, pair): &(String, Pair), release: &str| {
        let mut gateway = pair.gateway.clone();
        release.clone_into(&mut gateway.release);
        (format!("{word} on {release}"), Pair { gateway, peer: pair.peer.clone() })
    };
    if !args.release.is_empty() {
        return Ok(args.release.iter().map(|Release(release)| on(&gateways[0], release)).collect());
    }
    Ok(gateways)
}

/// How many run at the same time: their mail is bound to the processor, and what is slow for that reason would look like what is
/// not done.
fn at_once(sides: usize) -> usize {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let free = fs::read_to_string("/proc/meminfo").ok().and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?.trim();
        line.trim_end_matches(" kB").parse::<u64>().ok()
    });
    let has_memory = free.is_some_and(|free| free >= MEMORY * sides as u64);
    if processors >= PROCESSORS && has_memory { sides } else { 1 }
}

/// A side that ran, and its stack, if it came up.
struct Ran {
    side: Side,
    up: Option<Up>,
}

/// A stack that still stands, and the scenarios that apply to it.
struct Up {
    running_stack: RunningStack,
    scenarios: BTreeMap<String, Scenario>,
}

/// Brings one side up and runs what applies to it; it stays up.
async fn one(
    context: &CommandContext,
    label: String,
    pair: Pair,
    scenarios: Vec<Scenario>,
    jobs: NonZeroUsize,
) -> Result<Ran, CommandError> {
    let begun = Instant::now();
    context.progress.say(&format!("{label}: bringing it up"));
    let gateway = pair.gateway.clone();
    let with_peer = scenarios.iter().any(|scenario| needs_peer(&scenario.plan, &pair));
    let side = |came, troubles| {
        let (label, release) = (label.clone(), gateway.release.clone());
        let side = Side { label, release, came, troubles, took: begun.elapsed() };
        context.progress.print(&report::side_text(&side));
        side
    };
    let not = |words: String| {
        let side = side(Came::Not { remedies: remedies(&gateway, &words), words }, Vec::new());
        Ran { side, up: None }
    };
    let running_stack = match bring_up(context, pair, with_peer, false).await {
        Ok(running_stack) => running_stack,
        Err(error) => return does_not_come_up(&error, &gateway).map(not).ok_or(error),
    };
    let ran = tokio::select! {
        ran = run(context, &running_stack.stack, scenarios, &label, jobs) => ran.map_err(CommandError::from),
        () = interrupt() => Err(CommandError::interrupted()),
    };
    match ran {
        Ok(Ok((reports, troubles, scenarios))) => {
            let side = side(Came::Up(reports), troubles);
            Ok(Ran { side, up: Some(Up { running_stack, scenarios }) })
        }
        Ok(Err(words)) => {
            running_stack.down().await?;
            Ok(not(words))
        }
        Err(error) => {
            running_stack.down().await?;
            Err(error)
        }
    }
}

/// What the scenarios came to, what none of them can be blamed for, and those that apply; or why the mailboxes cannot be read, so that
/// nobody could work with it.
type Results = Result<(Vec<ScenarioReport>, Vec<String>, BTreeMap<String, Scenario>), String>;

async fn run(
    context: &CommandContext,
    stack: &Arc<Stack>,
    scenarios: Vec<Scenario>,
    label: &str,
    jobs: NonZeroUsize,
) -> Result<Results, StackError> {
    match stack.open_mailboxes().await {
        Err(StackError::Wire(why @ (wire::WireError::Refused { .. } | wire::WireError::Lost { .. }))) => {
            return Ok(Err(why.to_string()));
        }
        other => other?,
    }
    let (scenarios, others) = applicable(stack, scenarios).await?;
    let named = scenarios.iter().map(|scenario| (scenario.plan.source.name.clone(), scenario.clone())).collect();
    let mut reports: BTreeMap<String, ScenarioReport> =
        others.into_iter().map(|report| (report.name.clone(), report)).collect();
    context.progress.say(&format!("{label}: running {} scenarios", scenarios.len()));
    let each = |done: Done| {
        context.progress.detail(&format!("{label}: {}", done.scenario.plan.source.name));
        let report = by_itself(done);
        reports.insert(report.name.clone(), report);
    };
    let Incident { died, strays } = conduct(stack, scenarios, options(jobs), each).await;
    let mut troubles: Vec<String> = died.iter().map(ToString::to_string).collect();
    match late(stack, strays).await {
        Observed::Seen(strays) if strays.is_empty() => {}
        Observed::Seen(strays) => troubles.push(format!("messages that nobody sent: {}", strays.len())),
        Observed::Unobserved(why) => troubles.push(format!("whether there is mail that nobody sent: {why}")),
    }
    Ok(Ok((reports.into_values().collect(), troubles, named)))
}

const fn options(jobs: NonZeroUsize) -> RunOptions<'static> {
    RunOptions { jobs, opinion: Opinion::Off, order: Order::Name, is_enough: None }
}

/// Runs scenarios again, alone, that differ and few of whose like do: one that does the same on both sides at any time does not differ.
/// Names those.
async fn settle(context: &CommandContext, sides: &mut [Side], stacks: &[Option<Up>], renames: &Renames) -> Vec<String> {
    let [Some(old), Some(new)] = stacks else { return Vec::new() };
    let mut seen: BTreeMap<String, [Vec<ScenarioReport>; 2]> = BTreeMap::new();
    for _ in 0..AGAIN {
        let found = report::compare(&sides[0], &sides[1], renames);
        let doubtful: Vec<String> = found.doubtful().into_iter().map(str::to_owned).collect();
        let is_run = |name: &&String| old.scenarios.contains_key(*name) && new.scenarios.contains_key(*name);
        let doubtful: Vec<&String> = doubtful.iter().filter(is_run).collect();
        if doubtful.is_empty() {
            break;
        }
        context.progress.say(&format!("running {} scenarios again that differ", doubtful.len()));
        for (at, up) in [old, new].into_iter().enumerate() {
            let again = doubtful.iter().map(|name| up.scenarios[*name].clone()).collect();
            let each = |done| {
                let report = by_itself(done);
                seen.entry(report.name.clone()).or_default()[at].push(report);
            };
            conduct(&up.running_stack.stack, again, options(NonZeroUsize::MIN), each).await;
        }
        for name in doubtful {
            let Some([olds, news]) = seen.get_mut(name) else { continue };
            let first = |side: &Side| report_of(side, name).cloned();
            olds.extend(first(&sides[0]));
            news.extend(first(&sides[1]));
            let pairs = olds.iter().flat_map(|one| news.iter().map(move |other| (one, other)));
            let same = pairs.into_iter().find(|(one, other)| report::is_same(one, other, renames));
            if let Some((one, other)) = same.map(|(one, other)| (one.clone(), other.clone())) {
                put(&mut sides[0], one);
                put(&mut sides[1], other);
            }
        }
    }
    let is_settled = |name: &String| match (report_of(&sides[0], name), report_of(&sides[1], name)) {
        (Some(one), Some(other)) => report::is_same(one, other, renames),
        _ => false,
    };
    seen.into_keys().filter(is_settled).collect()
}

fn report_of<'a>(side: &'a Side, name: &str) -> Option<&'a ScenarioReport> {
    let Came::Up(reports) = &side.came else { return None };
    reports.iter().find(|report| report.name == name)
}

fn put(side: &mut Side, report: ScenarioReport) {
    if let Came::Up(reports) = &mut side.came
        && let Some(old) = reports.iter_mut().find(|old| old.name == report.name)
    {
        *old = report;
    }
}

/// What is said of it, if it is the gateway's own doing that it does not come up.
pub(super) fn does_not_come_up(error: &CommandError, gateway: &Gateway) -> Option<String> {
    let why = error.reports.iter().find_map(|why| why.downcast_ref::<StackError>())?;
    let is_own = why.host().is_some_and(|host| gateway.hosts.iter().any(|own| own.name.as_str() == host));
    (is_own || lacks_package(why)).then(|| own_words(why))
}

/// What is said of it, of a log only what names the service that did not start.
fn own_words(why: &StackError) -> String {
    let whole = why.to_string();
    let StackError::DidNotStart { service, log, .. } = why else { return whole };
    let own: Vec<&str> = log.lines().filter(|line| line.contains(service.as_str())).collect();
    if own.is_empty() { whole } else { whole.replace(log.as_str(), &own.join("\n")) }
}

/// Whether the release does not have a package that the gateway names, in apt's words.
fn lacks_package(why: &StackError) -> bool {
    let said = why.to_string();
    matches!(why, StackError::Engine(_))
        && ["E: Unable to locate package", "has no installation candidate"].iter().any(|words| said.contains(words))
}

/// The lines of a gateway that its Dovecot is known to refuse, if it refused one of these, and what stands for them.
fn remedies(gateway: &Gateway, words: &str) -> Vec<String> {
    const UNSAID: &str = "The first setting must be dovecot_config_version";
    let mut remedies = Vec::new();
    let mut is_it = words.contains(UNSAID);
    if is_it {
        remedies.push("as the first line of dovecot.conf → dovecot_config_version = 2.4.1".to_owned());
        remedies.push("as the next one → dovecot_storage_version = 2.4.1".to_owned());
    }
    for file in gateway.hosts.iter().flat_map(|host| &host.etc) {
        let lines = explain::lines(Daemon::Dovecot, &file.path, &String::from_utf8_lossy(&file.contents));
        for line in lines {
            let Some(new) = explain::successor(&line) else { continue };
            let own = line.parameter();
            let section = line.name.contains("db/") && words.contains("is missing section name");
            is_it |= section || words.lines().any(|said| said.trim_end().ends_with(&format!("Unknown setting: {own}")));
            let new = if new.is_empty() { "(nothing; take it out)".to_owned() } else { new.join("; ") };
            let path = file.path.trim_start_matches("/etc/");
            remedies.push(format!("{path}:{}: {own} = {} → {new}", line.number, line.value));
        }
    }
    if is_it { remedies } else { Vec::new() }
}
