//! `scenario run`: the main job.

use super::{CommandContext, Pair, stack::hold};
use crate::{
    bring_up::{bring_up, interrupt},
    cli::{ReportKind, ReportTo, RunArgs},
    conduct::{Done, conduct},
    exit::{CommandError, Exit},
    known::KnownFailures,
    library,
    snapshots::{Comparison, SnapshotFile},
    start::CommandResult,
};
use plan::{Origin, Plan};
use report::{RunReport, ScenarioReport, Status};
use std::{fs, path::Path, sync::Mutex, time::Instant};

/// Brings a stack up, runs the chosen scenarios, cleans up, and says what held.
pub(crate) async fn run(context: &CommandContext, args: RunArgs) -> CommandResult {
    let begun = Instant::now();
    let workspace = &context.workspace;
    let pair = Pair::load(workspace, &args.gateway)?;
    let known = KnownFailures::load(&pair.gateway.directory)?;
    refuse_strangers(&known, workspace.scenarios().as_path())?;
    let scenarios = library::scenarios(library::find(&workspace.scenarios(), &args.selection.names)?, &pair.world())?;
    let with_peer = scenarios.iter().any(|scenario| needs_peer(&scenario.plan, &pair));
    let judge = Judge { directory: pair.gateway.directory.clone(), known, is_ci: args.ci };
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
    let is_interrupted = tokio::select! {
        () = conduct(&running_stack.stack, scenarios, args.jobs, each) => false,
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
    Ok(match report::verdict(&report) {
        report::Whole::AsExpected => Exit::AsExpected,
        report::Whole::Failure => Exit::Failure,
        report::Whole::Error => Exit::Error,
    })
}

/// Known failures must be scenarios of the library, or they would never be missed.
fn refuse_strangers(known: &KnownFailures, scenarios: &Path) -> Result<(), CommandError> {
    let library = library::find(scenarios, &[])?;
    let names: Vec<&str> = library.iter().map(|s| s.name.as_str()).collect();
    let strangers: Vec<&str> = known.strangers(&names).collect();
    if strangers.is_empty() {
        return Ok(());
    }
    let what = format!("known-failures.toml names scenarios that do not exist: {}", strangers.join(", "));
    Err(CommandError::wrong(miette::miette!(help = "remove them, or give them their new names", "{what}")))
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

/// What makes a status of a verdict: known failures and snapshots.
struct Judge {
    directory: std::path::PathBuf,
    known: KnownFailures,
    is_ci: bool,
}

impl Judge {
    fn report(&self, done: Done) -> ScenarioReport {
        let Done { scenario, ended, took } = done;
        let plan = scenario.plan;
        let (status, seen) = match ended {
            Err(why) => (Status::Error(why), None),
            Ok((evidence, verdict)) => (self.status(&plan, &verdict), Some((evidence, verdict))),
        };
        let (evidence, verdict) = seen.unzip();
        ScenarioReport { name: plan.source.name.clone(), title: plan.title.clone(), status, verdict, evidence, took }
    }

    fn status(&self, plan: &Plan, verdict: &verdict::Verdict) -> Status {
        let name = &plan.source.name;
        let known = self.known.reason(name);
        // what is listed may also be something that this gateway gives no evidence of
        match (verdict.is_unclear(), verdict.holds(), known) {
            (true, _, None) => Status::Error("something that is claimed was not observed".to_owned()),
            (_, true, Some(reason)) => Status::UnexpectedPass(reason.to_owned()),
            (_, false, None) => Status::Failed,
            (_, true, None) => self.compare(name, &verdict.snapshot, Status::Held),
            (_, false, Some(reason)) => self.compare(name, &verdict.snapshot, Status::KnownFailure(reason.to_owned())),
        }
    }

    /// The status that it has by its claims, unless the snapshot says otherwise.
    fn compare(&self, name: &str, seen: &str, status: Status) -> Status {
        let file = SnapshotFile::new(&self.directory, name);
        let compared = file.compare(seen).and_then(|comparison| {
            match (&comparison, self.is_ci) {
                (_, true) => {}
                (Comparison::Same, false) => file.withdraw(),
                (_, false) => drop(file.propose(seen)?),
            }
            Ok(comparison)
        });
        match compared {
            Ok(Comparison::Same) => status,
            Ok(Comparison::Missing) => Status::SnapshotNew,
            Ok(Comparison::Different(diff)) => Status::SnapshotDiffers(diff),
            Err(error) => Status::Error(error.to_string()),
        }
    }
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
