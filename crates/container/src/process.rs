//! A command that goes on in a container: its lines as they come, and its end.

use crate::{
    EngineError, Stream,
    bollard::{Docker, container::LogOutput, errors::Error},
    lines::Lines,
};
use futures_util::{StreamExt, stream::BoxStream};
use std::time::Duration;
use tokio::{
    sync::watch,
    time::{Instant, interval, timeout_at},
};

/// How long the engine may take to know an exit code after the output ended.
const LAG: Duration = Duration::from_secs(10);
/// How often the engine is asked whether a process ended whose children still hold its output open.
const ASK: Duration = Duration::from_secs(1);
/// How long the last lines of a process that ended may take.
const LAST_LINES: Duration = Duration::from_millis(250);

/// A command that was started in a container. Dropping it ends nothing; removing the container does.
#[derive(Debug)]
pub struct Process {
    docker: Docker,
    id: String,
    operation: String,
    read: watch::Receiver<bool>,
}

impl Process {
    /// Gives lines to `on_line` until the output ends.
    pub(crate) fn follow(
        docker: Docker,
        id: String,
        operation: String,
        mut output: BoxStream<'static, Result<LogOutput, Error>>,
        mut on_line: impl FnMut(Stream, &str) + Send + 'static,
    ) -> Self {
        let (ended, read) = watch::channel(false);
        tokio::spawn(async move {
            let mut lines = Lines::default();
            // that the engine is gone is told by whoever asks for the exit code
            while let Some(Ok(piece)) = output.next().await {
                let stream = if matches!(piece, LogOutput::StdErr { .. }) { Stream::Err } else { Stream::Out };
                lines.take(stream, &piece.into_bytes(), &mut on_line);
            }
            lines.end(&mut on_line);
            ended.send_replace(true);
        });
        Self { docker, id, operation, read }
    }

    /// Its exit code, if it has ended; 128 + N after signal N.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn exit_code(&self) -> Result<Option<i64>, EngineError> {
        let seen = exit_code(&self.docker, &self.id).await;
        seen.map_err(|error| EngineError::new(&self.operation, &error))
    }

    /// Whether it still runs.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn running(&self) -> Result<bool, EngineError> {
        Ok(self.exit_code().await?.is_none())
    }

    /// Waits until it ended and gives its exit code. All its lines have been given then, unless children of its own
    /// hold its output open.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn exited(&self) -> Result<i64, EngineError> {
        let mut read = self.read.clone();
        let mut tick = interval(ASK);
        loop {
            if let Some(code) = self.exit_code().await? {
                // what it wrote last is under way
                let _ = timeout_at(Instant::now() + LAST_LINES, read.wait_for(|ended| *ended)).await;
                return Ok(code);
            }
            tokio::select! {
                _ = tick.tick() => {}
                _ = read.wait_for(|ended| *ended), if !*self.read.borrow() => {}
            }
        }
    }
}

/// Exit code of a command whose output has ended: the engine knows it at the same time or a little later.
pub(crate) async fn exit_of(docker: &Docker, exec: &str) -> Result<i64, Error> {
    let deadline = Instant::now() + LAG;
    let mut tick = interval(Duration::from_millis(5));
    loop {
        tick.tick().await;
        if let Some(code) = exit_code(docker, exec).await? {
            return Ok(code);
        }
        if Instant::now() > deadline {
            let error = format!("its output ended and its exit code is not known {} s later", LAG.as_secs());
            return Err(Error::DockerStreamError { error });
        }
    }
}

async fn exit_code(docker: &Docker, exec: &str) -> Result<Option<i64>, Error> {
    let seen = docker.inspect_exec(exec).await?;
    Ok(if seen.running == Some(true) { None } else { seen.exit_code })
}
