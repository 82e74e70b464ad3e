//! A stack for a command: brought up, interruptible, and taken down in every case.

use crate::{
    commands::{Pair, Setting},
    exit::Trouble,
};
use container::{Engine, ImageSettings, Reaper, Run};
use stack::{Order, Stack};
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};

/// A stack that is up.
#[derive(Debug)]
pub(crate) struct Raised {
    pub(crate) engine: Engine,
    pub(crate) stack: Arc<Stack>,
    pub(crate) run: String,
    reaper: Reaper,
}

/// Brings a stack up. `held` marks it as one that `stack down` may take down.
///
/// # Errors
/// Whatever prevents it, or an interrupt; nothing is left on the engine then.
pub(crate) async fn raise(setting: &Setting, pair: Pair, with_peer: bool, held: bool) -> Result<Raised, Trouble> {
    let engine = Engine::connect(setting.engine.as_deref()).await?;
    let run = Run::new(&format!("{:08x}", rand::random::<u32>()), held);
    let id = run.id.clone();
    let reaper = Reaper::start(setting.engine.as_deref(), &id)?;
    let images = ImageSettings { mirror: setting.mirror.clone(), cache: setting.place.cache() };
    let Pair { gateway, peer } = pair;
    let order = Order { gateway, peer: with_peer.then_some(peer), containers: setting.place.containers(), images };
    let progress = |what: &str| setting.progress.say(what);
    let up = tokio::select! {
        up = Stack::up(&engine, run, order, &progress) => up.map_err(Trouble::from),
        () = interrupt() => Err(Trouble::interrupted()),
    };
    match up {
        Ok(stack) => Ok(Raised { engine, stack: Arc::new(stack), run: id, reaper }),
        Err(trouble) => {
            setting.progress.say("cleaning up");
            // The reaper sweeps once more when this process ends; the trouble is what the user must know.
            let _ = engine.sweep(&id).await;
            Err(trouble)
        }
    }
}

impl Raised {
    /// Removes everything of the run from the engine.
    pub(crate) async fn down(self) -> Result<(), Trouble> {
        self.engine.sweep(&self.run).await?;
        self.reaper.disarm();
        Ok(())
    }
}

/// Ends when the user presses Ctrl-C, or the process is asked to end.
pub(crate) async fn interrupt() {
    let mut terminate = signal(SignalKind::terminate()).expect("the system has signals");
    let mut interrupt = signal(SignalKind::interrupt()).expect("the system has signals");
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}
