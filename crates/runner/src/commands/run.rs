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
    start::CommandResult,
};
use ::stack::{Stack, StackError};
use claims::Scenario;
use evidence::{Delivered, Observed};
use plan::{Origin, Plan};
use report::{RunReport, ScenarioReport, Snapshot, Status};
use std::{
    collections::BTreeMap,
    fs,
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
    let pair = Pair::load(workspace, &args.gateway)?;
    let known = KnownFailures::load(&pair.gateway.directory, &library::names(&workspace.scenarios())?)?;
    let scenarios = library::scenarios(library::find(&workspace.scenarios(), &args.selection.names)?, &pair.world())?;
    let with_peer = scenarios.iter().any(|scenario| needs_peer(&scenario.plan, &pair));
    let directory = pair.gateway.directory.clone();
    let judge = Judge { directory, known, is_ci: args.ci, wants_snapshots: args.snapshot };
    let (gateway, adaptations) = (pair.gateway.name.clone(), pair.gateway.adaptations());

    let names: Vec<String> = scenarios.iter().map(|scenario| scenario.plan.source.name.clone()).collect();
    let style = context.style();
    let running_stack = bring_up(context, pair, with_peer, args.keep).await?;
    let stack = &running_stack.stack;
    context.progress.print(&format!("run {}: gateway {gateway}\n", running_stack.run));
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
    let options = RunOptions { jobs: args.jobs, opinion: args.second_opinion };
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
        is_ci: args.ci,
    };
    let baseline = match args.baseline && !is_interrupted {
        true => baseline::write(&judge, &mut report.scenarios).map(Some),
        false => Ok(None),
    };
    context.progress.print(&report::summary(&report, &style));
    context.progress.print(baseline.as_ref().ok().and_then(Option::as_deref).unwrap_or_default());
    let written = write_reports(&args.reports, &report);
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
        if lacks.is_empty() {
            apply.push(scenario);
        } else {
            others.push(ScenarioReport {
                name: scenario.plan.source.name.clone(),
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

fn write_reports(wanted: &[ReportTo], report: &RunReport) -> Result<(), CommandError> {
    for ReportTo { kind, path } in wanted {
        let text = match kind {
            ReportKind::Json => report::json(report),
            ReportKind::Junit => report::junit(report),
        };
        if path.as_os_str() == "-" {
            print!("{text}");
            continue;
        }
        fs::write(path, text).map_err(|e| {
            CommandError::error(miette::miette!(
                help = "is the disk full, or the directory missing?",
                "{}: {e}",
                path.display()
            ))
        })?;
    }
    Ok(())
}
