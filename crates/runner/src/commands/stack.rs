//! `stack up|down|logs|prune`, and the reaper's own command.

use super::{CommandContext, Pair};
use crate::{
    bring_up::{RunningStack, bring_up, interrupt},
    exit::{CommandError, Exit},
    start::CommandResult,
};
use container::{Engine, Owner, SeenRun};
use std::time::Duration;

/// Brings a stack up and holds it.
pub(crate) async fn up(context: &CommandContext, gateway: Option<&str>) -> CommandResult {
    let running_stack = bring_up(context, Pair::load(&context.workspace, gateway)?, true, true).await?;
    let gateway = running_stack.stack.gateway();
    context.progress.print(&report::adaptations(&gateway.name, &gateway.adaptations(), &context.style()));
    hold(context, running_stack).await
}

/// Holds a stack until somebody interrupts, or takes it down from elsewhere.
pub(crate) async fn hold(context: &CommandContext, running_stack: RunningStack) -> CommandResult {
    context.progress.finish();
    print!("{}", running_stack.stack.ways_in());
    println!("\nIt stays until Ctrl-C here, or `{} stack down` elsewhere.", context.program);
    let mut tick = tokio::time::interval(Duration::from_secs(1));
    let gone = async {
        let stack = &running_stack.stack;
        while let Ok(died) = stack.mend().await {
            died.iter().for_each(|died| println!("{died}"));
            if stack.check().is_err() {
                break;
            }
            tick.tick().await;
        }
    };
    tokio::select! {
        () = interrupt() => {}
        () = gone => {}
    }
    running_stack.down().await?;
    Ok(Exit::AsExpected)
}

/// Takes down every stack that is held.
pub(crate) async fn down(context: &CommandContext) -> CommandResult {
    let engine = Engine::connect(&context.engine).await?;
    sweep(&engine, "no stack is held on this engine", "took down", |run| run.held).await?;
    Ok(Exit::AsExpected)
}

/// Removes what dead runs left and those that are named, and if it is wanted the images, on which nobody must stand. Runs of which
/// it cannot be told from here whether they live are named, and stay.
pub(crate) async fn prune(context: &CommandContext, named: &[String], images: bool) -> CommandResult {
    let engine = Engine::connect(&context.engine).await?;
    let is_meant = |run: &SeenRun| run.owner == Owner::Dead || named.contains(&run.id);
    sweep(&engine, "dead runs left nothing on this engine", "removed what was left of", is_meant).await?;
    for run in engine.runs().await?.iter().filter(|run| run.owner == Owner::Elsewhere) {
        println!(
            "run {} belongs to another machine, boot, container or user; if it is dead, `{} stack prune {}` removes it",
            run.id, context.program, run.id
        );
    }
    if images {
        if let Some(run) = engine.runs().await?.first() {
            let help = "wait until it is over; a stack that is held goes with `{mailproof} stack down`";
            return Err(CommandError::error(miette::miette!(help = help, "run {} needs the images", run.id)));
        }
        engine.remove_images().await?;
        println!("removed the images");
    }
    Ok(Exit::AsExpected)
}

async fn sweep(
    engine: &Engine,
    nothing: &str,
    done: &str,
    is_meant: impl Fn(&SeenRun) -> bool,
) -> Result<(), CommandError> {
    let meant: Vec<SeenRun> = engine.runs().await?.into_iter().filter(is_meant).collect();
    for run in &meant {
        engine.sweep(&run.id).await?;
        println!("{done} run {}", run.id);
    }
    if meant.is_empty() {
        println!("{nothing}");
    }
    Ok(())
}

/// Prints what hosts of held stacks logged.
pub(crate) async fn logs(context: &CommandContext, host: Option<&str>) -> CommandResult {
    let engine = Engine::connect(&context.engine).await?;
    let mut is_any = false;
    for run in engine.runs().await?.into_iter().filter(|run| run.held) {
        for seen in run.containers.iter().filter(|c| host.is_none_or(|wanted| c.host == wanted)) {
            let Some(log) = stack::syslog(&engine.container(&seen.id).await?).await? else { continue };
            is_any = true;
            for line in log.lines() {
                println!("{}: {line}", seen.host);
            }
        }
    }
    if is_any {
        return Ok(Exit::AsExpected);
    }
    let what =
        host.map_or_else(|| "no stack is held on this engine".to_owned(), |h| format!("no held stack has a host {h}"));
    let report = miette::miette!(help = "`{mailproof} stack up` holds one", "{what}");
    Err(CommandError { exit: Exit::Nothing, reports: vec![report] })
}

/// Waits until standard input ends, then removes everything of the run.
pub(crate) async fn reap(engine: &str, run: &str) -> CommandResult {
    container::reap(engine, run).await?;
    Ok(Exit::AsExpected)
}
