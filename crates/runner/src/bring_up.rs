//! A stack for a command: brought up, interruptible, and taken down in every case.

use crate::{
    commands::{CommandContext, Pair},
    exit::CommandError,
};
use container::{Engine, ImageSettings, Owner, Reaper, Run};
use stack::{Stack, StackSpec};
use std::sync::{Arc, OnceLock};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// A stack that is up.
#[derive(Debug)]
pub(crate) struct RunningStack {
    pub(crate) engine: Engine,
    pub(crate) stack: Arc<Stack>,
    pub(crate) run: String,
    reaper: Reaper,
}

/// Brings a stack up. `held` marks it as one that `stack down` may take down.
///
/// # Errors
/// Whatever prevents it, or an interrupt; nothing is left on the engine then.
pub(crate) async fn bring_up(
    context: &CommandContext,
    pair: Pair,
    with_peer: bool,
    held: bool,
) -> Result<RunningStack, CommandError> {
    let engine = Engine::connect(&context.engine).await?;
    remove_dead(context, &engine).await;
    let id = format!("{:08x}", rand::random::<u32>());
    let reaper = Reaper::start(&context.engine, &id)?;
    let run = Run::new(&id, held).with_reaper(&reaper);
    let images = ImageSettings { mirror: context.mirror.clone(), cache: context.workspace.cache() };
    let Pair { gateway, peer } = pair;
    let spec =
        StackSpec { gateway, peer: with_peer.then_some(peer), containers: context.workspace.containers(), images };
    let progress = |what: &str| context.progress.say(what);
    let up = tokio::select! {
        up = Stack::up(&engine, run, spec, &progress) => up.map_err(CommandError::from),
        () = interrupt() => Err(CommandError::interrupted()),
    };
    match up {
        Ok(stack) => Ok(RunningStack { engine, stack: Arc::new(stack), run: id, reaper }),
        Err(trouble) => {
            context.progress.say("cleaning up");
            // The reaper sweeps once more when this process ends; the trouble is what the user must know.
            let _ = engine.sweep(&id).await;
            Err(trouble)
        }
    }
}

/// Brings the gateway up without its peer for as long as it is asked something, and takes it down in every case.
///
/// # Errors
/// Whatever prevents it, what came of the question, or an interrupt.
pub(crate) async fn while_up<T>(
    context: &CommandContext,
    pair: Pair,
    ask: impl AsyncFnOnce(&RunningStack) -> Result<T, CommandError>,
) -> Result<T, CommandError> {
    let running_stack = bring_up(context, pair, false, false).await?;
    let answer = tokio::select! {
        answer = ask(&running_stack) => answer,
        () = interrupt() => Err(CommandError::interrupted()),
    };
    context.progress.say("cleaning up");
    running_stack.down().await?;
    answer
}

/// Removes what runs left that nobody cleans up any more. A run that lives, or of which nothing can be told from here, is not
/// touched; what cannot be removed is no reason not to run.
async fn remove_dead(context: &CommandContext, engine: &Engine) {
    let Ok(runs) = engine.runs().await else { return };
    for run in runs.iter().filter(|run| run.owner == Owner::Dead) {
        let said = match engine.sweep(&run.id).await {
            Ok(_) => format!("removed what was left of run {}, which is dead", run.id),
            Err(why) => format!("run {} is dead, and what it left could not be removed: {why}", run.id),
        };
        context.progress.note(&said);
    }
}

impl RunningStack {
    /// Removes everything of the run from the engine.
    pub(crate) async fn down(self) -> Result<(), CommandError> {
        self.engine.sweep(&self.run).await?;
        self.reaper.disarm();
        Ok(())
    }
}

/// Ends when the user presses Ctrl-C, or the process is asked to end; at once, if that was since this was first awaited. From
/// then on nothing else hears of such a signal, so one that comes between two steps of a command must be kept.
pub(crate) async fn interrupt() {
    static ASKED: OnceLock<watch::Receiver<bool>> = OnceLock::new();
    let mut asked = ASKED.get_or_init(listen).clone();
    asked.wait_for(|asked| *asked).await.expect("signals are listened to as long as the process lives");
}

fn listen() -> watch::Receiver<bool> {
    let (ask, asked) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate()).expect("the system has signals");
    let mut interrupt = signal(SignalKind::interrupt()).expect("the system has signals");
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        ask.send_replace(true);
    });
    asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tokio::{process::Command, time::timeout};

    #[tokio::test]
    #[expect(clippy::disallowed_methods, reason = "a signal comes from another process")]
    async fn an_interrupt_that_comes_while_nobody_waits_is_kept() {
        tokio::select! {
            biased;
            () = interrupt() => panic!("nobody asked"),
            () = std::future::ready(()) => {}
        }
        let this = std::process::id().to_string();
        assert!(Command::new("kill").args(["-INT", &this]).status().await.unwrap().success());
        timeout(Duration::from_secs(30), interrupt()).await.unwrap();
    }
}
