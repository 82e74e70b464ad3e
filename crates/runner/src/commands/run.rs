//! `scenario run`: the main job.

use super::{CommandContext, Pair, stack::hold};
use crate::{
    bring_up::{bring_up, interrupt},
    cli::{ReportKind, ReportTo, RunArgs},
    conduct::{Done, RunOptions, conduct},
    exit::CommandError,
    judge::Judge,
    known::KnownFailures,
    library,
    start::CommandResult,
};
use plan::{Origin, Plan};
use report::{RunReport, ScenarioReport};
use std::{fs, sync::Mutex, time::Instant};

/// Brings a stack up, runs the chosen scenarios, cleans up, and says what held.
pub(crate) async fn run(context: &CommandContext, args: RunArgs) -> CommandResult {
    let begun = Instant::now();
    let workspace = &context.workspace;
    let pair = Pair::load(workspace, &args.gateway)?;
    let known = KnownFailures::load(&pair.gateway.directory, &library::names(&workspace.scenarios())?)?;
    let scenarios = library::scenarios(library::find(&workspace.scenarios(), &args.selection.names)?, &pair.world())?;
    let with_peer = scenarios.iter().any(|scenario| needs_peer(&scenario.plan, &pair));
    let directory = pair.gateway.directory.clone();
    let judge = Judge { directory, known, is_ci: args.ci, wants_snapshots: args.snapshot };
    let (name, adaptations) = (pair.gateway.name.clone(), pair.gateway.adaptations());

    let names: Vec<String> = scenarios.iter().map(|scenario| scenario.plan.source.name.clone()).collect();
    let style = context.style();
    let running_stack = bring_up(context, pair, with_peer, args.keep).await?;
    context.progress.print(&format!("run {}: gateway {name}\n", running_stack.run));
    context.progress.say(&format!("running {} scenarios", scenarios.len()));
    let reports = Mutex::new(Vec::new());
    let each = |done: Done| {
        let report = judge.report(done);
        context.progress.print(&report::line(&report, &style));
        reports.lock().expect("nobody panics while printing").push(report);
    };
    let options = RunOptions { jobs: args.jobs, opinion: args.second_opinion };
    let is_interrupted = tokio::select! {
        () = conduct(&running_stack.stack, scenarios, options, each) => false,
        () = interrupt() => true,
    };
    let mut scenarios = reports.into_inner().expect("nobody panics while printing");
    scenarios.sort_by(|a: &ScenarioReport, b| a.name.cmp(&b.name));
    let left_out = left_out(names, &scenarios);
    let report = RunReport { gateway: name, adaptations, scenarios, left_out, took: begun.elapsed(), is_ci: args.ci };
    context.progress.print(&report::summary(&report, &style));
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
    written?;
    Ok(report::verdict(&report).into())
}

/// Scenarios of which nothing is known, after an interrupt.
fn left_out(names: Vec<String>, done: &[ScenarioReport]) -> Vec<String> {
    names.into_iter().filter(|name| !done.iter().any(|report| report.name == *name)).collect()
}

/// The peer is only brought up for mail that its users submit.
fn needs_peer(plan: &Plan, pair: &Pair) -> bool {
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
