//! Cleaning up after a process that can do so no more: the program itself, once more, in a process group of its own, waits
//! for the end of its standard input, which comes however its parent ends.

use crate::{Engine, EngineError, Swept};
use std::{
    io::Read,
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
    time::Duration,
};
use tokio::time::interval;

/// The process that sweeps when this one ends. Dropping it makes it sweep at once.
#[derive(Debug)]
pub struct Reaper {
    child: Child,
}

impl Reaper {
    /// Executes this program again as `--engine ADDRESS reap RUN`, which must end up in [`reap`].
    ///
    /// # Errors
    /// [`EngineError::Reaper`].
    pub fn start(engine: &str, run: &str) -> Result<Self, EngineError> {
        let start = || {
            #[expect(clippy::disallowed_methods, reason = "this room starts programs")]
            let mut command = Command::new(std::env::current_exe()?);
            command
                .args(["--engine", engine, "reap", run])
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            // neither Ctrl-C nor a lost terminal reaches it
            command.process_group(0).spawn()
        };
        Ok(Self { child: start().map_err(|cause| EngineError::Reaper { cause })? })
    }

    /// Its PID.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends it without a sweep: everything is cleaned up.
    pub fn disarm(mut self) {
        // It may have ended by itself: then there is nothing to end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The body of the reaper's command: waits until standard input ends, then removes everything of the run.
///
/// # Errors
/// The engine's word.
pub async fn reap(engine: &str, run: &str) -> Result<Swept, EngineError> {
    // An error is an end too.
    let _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await;
    let engine = Engine::connect(engine).await?;
    let mut all = Swept::default();
    // What the engine was asked for when its client died may appear only now: until two rounds found nothing.
    let mut tick = interval(Duration::from_millis(300));
    let mut quiet = 0;
    while quiet < 2 {
        tick.tick().await;
        let swept = engine.sweep(run).await?;
        quiet = if swept == Swept::default() { quiet + 1 } else { 0 };
        all = Swept { containers: all.containers + swept.containers, networks: all.networks + swept.networks };
    }
    Ok(all)
}
