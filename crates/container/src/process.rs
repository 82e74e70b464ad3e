//! A command that goes on in a container: its lines as they come, and its end.

use crate::{Container, EngineError, channel::Progress};
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

/// How long the last lines of a process that ended may take, whose children may hold its output open.
const LAST_LINES: Duration = Duration::from_millis(250);

/// A command that was started in a container. Dropping it ends nothing; removing the container does.
#[derive(Debug)]
pub struct Process {
    container: Container,
    operation: String,
    progress: watch::Receiver<Progress>,
    last_words: watch::Receiver<String>,
}

impl Process {
    /// `operation`: what the harness does with it (an infinitive).
    pub(crate) fn new(
        container: Container,
        operation: String,
        progress: watch::Receiver<Progress>,
        last_words: watch::Receiver<String>,
    ) -> Self {
        Self { container, operation, progress, last_words }
    }

    /// Its exit code, if it has ended; 128 + N after signal N.
    ///
    /// # Errors
    /// Nothing can be told of it any more: the container, or the program that runs commands there, has ended, or the engine is gone.
    pub async fn exit_code(&self) -> Result<Option<i64>, EngineError> {
        let is_lost = self.progress.has_changed().is_err();
        match self.progress.borrow().code {
            None if is_lost => {}
            code => return Ok(code),
        }
        Err(self.lost().await)
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// As [`Process::exit_code`].
    pub async fn running(&self) -> Result<bool, EngineError> {
        Ok(self.exit_code().await?.is_none())
    }

    /// Waits until it ended and gives its exit code. All its lines have been given then, unless children of its own
    /// hold its output open.
    ///
    /// # Errors
    /// As [`Process::exit_code`].
    pub async fn exited(&self) -> Result<i64, EngineError> {
        let mut progress = self.progress.clone();
        let code = progress.wait_for(|now| now.code.is_some()).await.ok().and_then(|now| now.code);
        let Some(code) = code else { return Err(self.lost().await) };
        // what it wrote last is under way
        let _ = timeout_at(Instant::now() + LAST_LINES, progress.wait_for(|now| now.is_read)).await;
        Ok(code)
    }

    /// Waits until it ended and nobody holds its output open, and gives its exit code.
    pub(crate) async fn finished(mut self) -> Result<i64, EngineError> {
        let done = self.progress.wait_for(|now| now.code.is_some() && now.is_read).await.ok().and_then(|now| now.code);
        match done {
            Some(code) => Ok(code),
            None => Err(self.lost().await),
        }
    }

    async fn lost(&self) -> EngineError {
        let last_words = self.last_words.borrow().clone();
        self.container.silent(&self.operation, &last_words).await
    }
}
