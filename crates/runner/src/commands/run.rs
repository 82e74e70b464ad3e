//! `scenario run`: the main job.

use super::{CommandContext, Pair, stack::hold};
use crate::{
    baseline,
    bring_up::{bring_up, interrupt},
    cli::{ReportKind, ReportTo, RunArgs},
    conduct::{Done, Ended, Incident, RunOptions, conduct},
    exit::CommandError,
    judge::Judge,
    known::KnownFailures,
    library,
    order::Order,
    shard,
    start::CommandResult,
};
use ::stack::{Stack, StackError};
use claims::Scenario;
use evidence::{Delivered, Observed};
use plan::{Origin, Plan};
use report::{Identity, Merged, Places, RunReport, ScenarioReport, ShardOf, Snapshot, Status};
use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::Mutex,
    time::{Duration, Instant},
};

/// Brings a stack up, runs the chosen scenarios, cleans up, and says what held.
pub(crate) async fn run(context: &CommandContext, args: RunArgs) -> CommandResult {
    let begun = Instant::now();
    if args.baseline && args.ci {
        let help = "write it where you work, and let CI compare; without CI in the environment, or with CI=false, it is written";
        return Err(CommandError::usage(miette::miette!(
            help = help,
            "--ci writes nothing, and a baseline is written"
        )));
    }
    let workspace = &context.workspace;
    let pair = Pair::load(workspace, args.gateway.word())?;
    let is_carried = workspace.is_carried(&pair.gateway.directory);
    if is_carried && args.baseline {
        let help = "`{mailproof} init` makes a repository with a gateway of your own, where it is written";
        let name = &pair.gateway.name;
        return Err(CommandError::usage(miette::miette!(
            help = help,
            "{name} is a shipped gateway, which stays as it is"
        )));
    }
    let known = KnownFailures::load(&pair.gateway.directory, &library::names(&workspace.scenarios())?)?;
    let mut scenarios =
        library::scenarios(library::find(&workspace.scenarios(), &args.selection.names)?, &pair.world())?;
    let directory = pair.gateway.directory.clone();
    let identity = shard::identity(&scenarios, &directory, &workspace.containers(), args.second_opinion, args.snapshot)
        .map_err(|cause| CommandError::wrong(miette::miette!("{}: {cause}", directory.display())))?;
    let times = args.times.as_deref().map(shard::times).transpose()?.unwrap_or_default();
    let part = args.shard.map(|shard| shard::take(&mut scenarios, shard, &times));
    let with_peer = scenarios.iter().any(|scenario| needs_peer(&scenario.plan, &pair));
    let judge = Judge { directory, known, is_ci: args.ci, is_carried, wants_snapshots: args.snapshot };
    let (gateway, adaptations) = (pair.gateway.name.clone(), pair.gateway.adaptations());

    let names: Vec<String> = scenarios.iter().map(|scenario| scenario.plan.source.name.clone()).collect();
    let style = context.style();
    let wanted = workspace.reports(&args.reports);
    if scenarios.is_empty() {
        let report = nothing(gateway, adaptations, identity, part, args.ci);
        context.progress.print(&report::summary(&report, &style));
        write_reports(context, wanted, &report, &judge.directory, None)?;
        return Ok(report::verdict(&report).into());
    }
    let quoted = Quoted::begin(context, wanted);
    if pair.gateway.mailboxes.is_empty() {
        let program = context.program;
        context.progress.note(&format!(
            "{gateway} has no `[[mailbox]]`, and scenarios are for those who have one; `{program} gateway users {gateway}` asks its daemons who there is"
        ));
    }
    let running_stack = bring_up(context, pair, with_peer, args.keep).await?;
    let stack = &running_stack.stack;
    let order = match args.order {
        Order::Name => String::new(),
        other => format!(", order {other}"),
    };
    context.progress.print(&format!("run {}: gateway {gateway}{order}\n", running_stack.run));
    if args.verbose {
        context.progress.print(&report::adaptations(&gateway, &adaptations, &style));
    }
    let reports = Mutex::new(BTreeMap::new());
    let each = |done: Done| {
        let is_run = !matches!(done.ended, Ended::NotRun(_));
        let report = judge.report(done);
        if is_run {
            context.progress.print(&report::line(&report, &style));
        }
        reports.lock().expect("nobody panics while printing").insert(report.name.clone(), report);
    };
    let ((scenarios, others), ()) = tokio::try_join!(applicable(stack, scenarios), stack.open_mailboxes())?;
    for report in others {
        context.progress.print(&report::line(&report, &style));
        reports.lock().expect("nobody panics while printing").insert(report.name.clone(), report);
    }
    context.progress.say(&format!("running {} scenarios", scenarios.len()));
    let options = RunOptions { jobs: args.jobs, opinion: args.second_opinion, order: args.order, is_enough: None };
    let incident = tokio::select! {
        incident = conduct(stack, scenarios, options, each) => Some(incident),
        () = interrupt() => None,
    };
    let is_interrupted = incident.is_none();
    let Incident { died, strays } = incident.unwrap_or_default();
    let reports = reports.into_inner().expect("nobody panics while printing");
    let mut report = RunReport {
        adaptations,
        died: died.iter().map(ToString::to_string).collect(),
        strays: if is_interrupted { Observed::Seen(strays) } else { late(stack, strays).await },
        left_out: names.into_iter().filter(|name| !reports.contains_key(name)).collect(),
        scenarios: reports.into_values().collect(),
        gateway,
        took: begun.elapsed(),
        identity,
        shard: part,
        incomplete: Vec::new(),
        is_ci: args.ci,
    };
    let baseline = match args.baseline && !is_interrupted {
        true => baseline::write(&judge, &mut report.scenarios).map(Some),
        false => Ok(None),
    };
    context.progress.print(&report::summary(&report, &style));
    context.progress.print(baseline.as_ref().ok().and_then(Option::as_deref).unwrap_or_default());
    drop(quoted);
    let written = write_reports(context, wanted, &report, &judge.directory, None);
    if is_interrupted {
        context.progress.say("cleaning up");
        running_stack.down().await?;
        return Err(CommandError::interrupted());
    }
    if args.keep {
        hold(context, running_stack).await?;
    } else {
        context.progress.say("cleaning up");
        running_stack.down().await?;
    }
    baseline?;
    written?;
    Ok(report::verdict(&report).into())
}

/// The report of a part into which no scenario falls.
fn nothing(
    gateway: String,
    adaptations: Vec<String>,
    identity: Identity,
    shard: Option<ShardOf>,
    is_ci: bool,
) -> RunReport {
    let (scenarios, died, left_out, incomplete) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let strays = Observed::Seen(Vec::new());
    let took = Duration::ZERO;
    RunReport { gateway, adaptations, scenarios, died, strays, left_out, took, identity, shard, incomplete, is_ci }
}

/// The scenarios that apply to this gateway; and of those that do not what the gateway lacks.
pub(crate) async fn applicable(
    stack: &Stack,
    scenarios: Vec<Scenario>,
) -> Result<(Vec<Scenario>, Vec<ScenarioReport>), StackError> {
    let inventory = stack.inventory(scenarios.iter().flat_map(|scenario| &scenario.plan.needs)).await?;
    let (mut apply, mut others) = (Vec::new(), Vec::new());
    for scenario in scenarios {
        let mut lacks = scenario.plan.lacks.clone();
        lacks.extend(inventory.lacks(&scenario.plan.needs));
        lacks.extend(stack.lacks_service(scenario.plan.stopped()));
        if lacks.is_empty() {
            apply.push(scenario);
        } else {
            others.push(ScenarioReport {
                name: scenario.plan.source.name.clone(),
                file: library::absolute(Path::new(&scenario.plan.source.path)),
                title: scenario.plan.title.clone(),
                status: Status::NotApplicable(lacks.join("; ")),
                snapshot: Snapshot::None,
                died: Vec::new(),
                verdict: None,
                evidence: None,
                took: Duration::ZERO,
            });
        }
    }
    Ok((apply, others))
}

/// Messages that nobody sent, with those that came in after the last scenario.
pub(crate) async fn late(stack: &Stack, mut strays: Vec<Delivered>) -> Observed<Vec<Delivered>> {
    match stack.strays().await {
        Ok(more) => {
            strays.extend(more);
            Observed::Seen(strays)
        }
        // what was seen counts, whatever was not
        Err(_) if !strays.is_empty() => Observed::Seen(strays),
        Err(why) => Observed::Unobserved(why.to_string()),
    }
}

/// The peer is only brought up for mail that its users submit.
pub(crate) fn needs_peer(plan: &Plan, pair: &Pair) -> bool {
    let is_peers = |origin: &Origin| match origin {
        Origin::Submission(submission) => pair.peer.domains.contains(submission.login.value.domain()),
        Origin::Client(_) | Origin::Sendmail => false,
    };
    plan.transactions.iter().any(|t| is_peers(&t.origin))
}

/// While it lives, a service that reads commands in what is printed takes none: there is text from elsewhere in it, and whoever sent
/// that must not command the service.
pub(super) struct Quoted<'a> {
    context: &'a CommandContext,
    /// Ends it; nobody can guess it. None: no such service reads this.
    token: Option<String>,
}

impl<'a> Quoted<'a> {
    pub(super) fn begin(context: &'a CommandContext, wanted: &[ReportTo]) -> Self {
        let is_read = wanted.iter().any(|report| report.kind == ReportKind::Github);
        let token = is_read.then(|| format!("mailproof-{:032x}", rand::random::<u128>()));
        if let Some(token) = &token {
            context.progress.print(&format!("::stop-commands::{token}\n"));
        }
        Self { context, token }
    }
}

impl Drop for Quoted<'_> {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            self.context.progress.print(&format!("::{token}::\n"));
        }
    }
}

/// Writes the reports that are wanted. The document of a run that was merged is made of its parts'.
pub(super) fn write_reports(
    context: &CommandContext,
    wanted: &[ReportTo],
    report: &RunReport,
    gateway: &Path,
    merged: Option<&Merged>,
) -> Result<(), CommandError> {
    let (repository, gateway) = (context.workspace.repository(), library::absolute(gateway));
    let places = Places { repository: &repository, gateway: &gateway };
    for ReportTo { kind, path } in wanted {
        let text = match kind {
            ReportKind::Json => merged.map_or_else(|| report::json(report, places), Merged::json),
            ReportKind::Junit => report::junit(report, &context.style()),
            ReportKind::Github => report::github(report, places),
            ReportKind::Sarif => report::sarif(report, places),
            ReportKind::CodeQuality => report::code_quality(report, places),
        };
        write_report(path.as_deref(), &text)?;
    }
    Ok(())
}

/// Complains of a report that is not JSON, of a command that writes no other; `what` it is of.
pub(super) fn only_json(what: &str, reports: &[ReportTo]) -> Result<(), CommandError> {
    let other = reports.iter().find(|report| report.kind != ReportKind::Json);
    other.map_or(Ok(()), |report| {
        Err(CommandError::usage(miette::miette!("{what} is written as json, not as {:?}", report.kind)))
    })
}

/// Writes a report into a file; without one, or to `-`, to standard output.
pub(super) fn write_report(path: Option<&Path>, text: &str) -> Result<(), CommandError> {
    let Some(path) = path.filter(|path| path.as_os_str() != "-") else {
        print!("{text}");
        return Ok(());
    };
    fs::write(path, text).map_err(|cause| {
        let help = "is the disk full, or the directory missing?";
        CommandError::error(miette::miette!(help = help, "{}: {cause}", path.display()))
    })
}
