//! A stack for a command: brought up, interruptible, and taken down in every case.

use crate::{
    commands::{Pair, Setting},
    exit::Trouble,
};
use container::{Engine, ImageSettings, Reaper, Run};
use stack::{Order, Stack};
use std::sync::{Arc, OnceLock};
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

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
