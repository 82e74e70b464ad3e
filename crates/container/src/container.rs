//! A container that runs: commands in it, files into it and out of it.

use crate::{
    Addresses, Engine, EngineError, EngineKind, File, Process, Stream, archive,
    bollard::{
        Docker, body_full,
        container::LogOutput,
        errors::Error,
        exec::{CreateExecOptions, StartExecOptions, StartExecResults},
        models::ContainerInspectResponse,
        query_parameters::{
            DownloadFromContainerOptionsBuilder, InspectContainerOptions, RemoveContainerOptionsBuilder,
            UploadToContainerOptionsBuilder,
        },
    },
    channel::{Channel, Heard, Listener, RESIDENT},
    error::is_missing,
    lines::Lines,
};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use std::{collections::BTreeMap, mem, net::SocketAddr, pin::Pin, sync::Arc};
use tokio::{
    io::{AsyncWrite, AsyncWriteExt, DuplexStream},
    sync::{Mutex, oneshot},
};

/// Octets of a command's output that are read at once.
const CAPACITY: usize = 64 * 1024;

/// A container that runs; cheap to clone. Dropping it removes nothing: that is done by label.
#[derive(Debug, Clone)]
pub struct Container {
    docker: Docker,
    kind: EngineKind,
    seen: Arc<Seen>,
}

#[derive(Debug)]
struct Seen {
    id: String,
    name: String,
    addresses: Option<Addresses>,
    ports: BTreeMap<u16, SocketAddr>,
    /// Over which commands are run, once one was.
    channel: Mutex<Option<Channel>>,
}

/// The exit code of a container that does not run.
pub(crate) fn ended(seen: &ContainerInspectResponse) -> Option<i64> {
    let state = seen.state.as_ref();
    let is_up = state.and_then(|state| state.running) == Some(true);
    (!is_up).then(|| state.and_then(|state| state.exit_code).unwrap_or_default())
}

/// What a command did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// Exit code; 128 + N after signal N, 126 or 127 if it could not be started.
    pub code: i64,
    /// All of its standard output, bad UTF-8 replaced.
    pub stdout: String,
    /// All of its standard error.
    pub stderr: String,
}

impl Container {
    pub(crate) fn new(
        engine: &Engine,
        id: String,
        name: String,
        addresses: Option<Addresses>,
        ports: BTreeMap<u16, SocketAddr>,
    ) -> Self {
        let seen = Seen { id, name, addresses, ports, channel: Mutex::default() };
        Self { docker: engine.docker.clone(), kind: engine.kind, seen: Arc::new(seen) }
    }

    /// The engine's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.seen.id
    }

    /// The engine's name for it, `mailproof-RUN-NAME`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.seen.name
    }

    /// Its addresses on the run's network.
    ///
    /// # Panics
    /// If it is on none: it was started with `container:ID` as its network.
    #[must_use]
    pub fn addresses(&self) -> Addresses {
        self.seen.addresses.expect("a container on a network has an address there")
    }

    /// The engine that it runs on.
    #[must_use]
    pub fn engine(&self) -> EngineKind {
        self.kind
    }

    /// Where a published port is to be reached: at 127.0.0.1 and a port that Docker chose; on Podman, whose networks this
    /// process is on, at the container's own address.
    ///
    /// # Errors
    /// [`EngineError::NotPublished`].
    pub fn port(&self, port: u16) -> Result<SocketAddr, EngineError> {
        let own = || self.seen.addresses.map(|on| SocketAddr::new(on.v4.into(), port));
        let found = match self.kind {
            EngineKind::Docker => self.seen.ports.get(&port).copied(),
            EngineKind::Podman | EngineKind::RootlessPodman => own(),
        };
        found.ok_or_else(|| EngineError::NotPublished { container: self.seen.name.clone(), port })
    }

    /// Runs a command as root and waits until it ended. Its exit code is no error here.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn exec(&self, command: &[&str]) -> Result<Output, EngineError> {
        let (whole, output) = oneshot::channel();
        let mut whole = Some(whole);
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let listener = move |heard: Heard<'_>| match heard {
            Heard::Piece(Stream::Out, piece) => stdout.extend_from_slice(piece),
            Heard::Piece(Stream::Err, piece) => stderr.extend_from_slice(piece),
            Heard::End => {
                // who asked may have gone
                let _ = whole.take().map(|whole| whole.send((mem::take(&mut stdout), mem::take(&mut stderr))));
            }
        };
        let process = self.run(command, "run", Box::new(listener)).await?;
        let code = process.finished().await?;
        let (stdout, stderr) = output.await.expect("the end of the output was heard");
        let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
        Ok(Output { code, stdout: text(stdout), stderr: text(stderr) })
    }

    /// Starts a command as root that goes on, and gives each line that it writes as soon as it is complete. One that cannot be
    /// started has ended with exit 126 or 127.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn spawn(
        &self,
        command: &[&str],
        mut on_line: impl FnMut(Stream, &str) + Send + 'static,
    ) -> Result<Process, EngineError> {
        let mut lines = Lines::default();
        let listener = move |heard: Heard<'_>| match heard {
            Heard::Piece(stream, piece) => lines.take(stream, piece, &mut on_line),
            Heard::End => mem::take(&mut lines).end(&mut on_line),
        };
        self.run(command, "follow", Box::new(listener)).await
    }

    /// Starts a command over the channel, which is opened if there is none or the last one ended.
    async fn run(&self, command: &[&str], verb: &str, listener: Listener) -> Result<Process, EngineError> {
        let operation = format!("{verb} `{}` in {}", command.join(" "), self.seen.name);
        let mut channel = self.seen.channel.lock().await;
        if channel.as_ref().is_none_or(Channel::is_over) {
            let (output, input) = self.attach(&RESIDENT).await.map_err(|e| EngineError::new(&operation, &e))?;
            *channel = Some(Channel::over(output, input));
        }
        let open = channel.as_ref().expect("it was opened");
        let (started, last_words) = (open.start(command, listener), open.last_words());
        match started {
            Some(progress) => Ok(Process::new(self.clone(), operation, progress, last_words)),
            None => {
                let last_words = last_words.borrow().clone();
                Err(self.silent(&operation, &last_words).await)
            }
        }
    }

    /// Why nothing is heard of a command any more: the engine's word, if it has one.
    pub(crate) async fn silent(&self, operation: &str, last_words: &str) -> EngineError {
        let seen = match self.docker.inspect_container(&self.seen.id, None::<InspectContainerOptions>).await {
            Ok(seen) => seen,
            Err(error) => return EngineError::new(operation, &error),
        };
        let reason = match ended(&seen) {
            None => format!("the program that runs commands there ended. {last_words}").trim_end().to_owned(),
            Some(code) => format!("the container has ended with exit {code}"),
        };
        EngineError::Refused { operation: operation.to_owned(), reason }
    }

    /// Starts a command as root that is spoken with: what is written is its input, what is read its standard output. What it says
    /// on standard error is lost. When it has ended, reading comes to an end.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn converse(&self, command: &[&str]) -> Result<DuplexStream, EngineError> {
        let fault = |error: Error| self.fault(&format!("run `{}` in", command.join(" ")), &error);
        let (mut output, mut input) = self.attach(command).await.map_err(fault)?;
        let (ours, theirs) = tokio::io::duplex(CAPACITY);
        let (mut said, mut heard) = tokio::io::split(theirs);
        tokio::spawn(async move {
            let hear = async move {
                while let Some(Ok(piece)) = output.next().await {
                    if let LogOutput::StdOut { message } = piece
                        && heard.write_all(&message).await.is_err()
                    {
                        break;
                    }
                }
                heard.shutdown().await
            };
            let say = async move {
                let _ = tokio::io::copy(&mut said, &mut input).await;
                input.shutdown().await
            };
            // whoever reads hears of the end, whichever side it comes from
            let _ = tokio::join!(hear, say);
        });
        Ok(ours)
    }

    /// Puts files in, over what is there.
    ///
    /// # Errors
    /// The engine's word, or a file whose path is none.
    pub async fn upload(&self, files: Vec<File>) -> Result<(), EngineError> {
        let root = UploadToContainerOptionsBuilder::new().path("/").build();
        let octets = body_full(archive::pack(&files)?.into());
        let done = self.docker.upload_to_container(&self.seen.id, Some(root), octets).await;
        done.map_err(|error| self.fault("upload files to", &error))
    }

    /// The octets of a regular file.
    ///
    /// # Errors
    /// The engine's word, or [`EngineError::File`] if it is no regular file.
    pub async fn read_file(&self, path: &str) -> Result<Vec<u8>, EngineError> {
        archive::unpack(path, &self.archive_of(path).await?)
    }

    /// All regular files at or below a path, with their modes and owners.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn read_files(&self, path: &str) -> Result<Vec<File>, EngineError> {
        archive::unpack_all(path, &self.archive_of(path).await?)
    }

    /// What is at or below a path, as a tar whose names begin with its last part.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn archive_of(&self, path: &str) -> Result<Vec<u8>, EngineError> {
        let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
        let pieces = self.docker.download_from_container(&self.seen.id, Some(options));
        let octets = pieces.try_fold(Vec::new(), |mut all, piece| async move {
            all.extend_from_slice(&piece);
            Ok(all)
        });
        octets.await.map_err(|error| self.fault(&format!("read {path} of"), &error))
    }

    /// Kills and removes it, with its anonymous volumes. It is no error if it is gone already.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn remove(&self) -> Result<(), EngineError> {
        let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
        match self.docker.remove_container(&self.seen.id, Some(options)).await {
            Err(error) if !is_missing(&error) => Err(self.fault("remove", &error)),
            _ => Ok(()),
        }
    }

    /// Starts a command by the engine and gives its output and its input.
    async fn attach(&self, command: &[&str]) -> Result<(BoxStream<'static, Piece>, Input), Error> {
        let options = CreateExecOptions {
            attach_stdin: Some(true),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..Default::default()
        };
        let id = self.docker.create_exec(&self.seen.id, options).await?.id;
        let options = StartExecOptions { output_capacity: Some(CAPACITY), ..Default::default() };
        match self.docker.start_exec(&id, Some(options)).await? {
            StartExecResults::Attached { output, input } => Ok((output, input)),
            StartExecResults::Detached => unreachable!("it was asked to attach"),
        }
    }

    fn fault(&self, what: &str, error: &Error) -> EngineError {
        EngineError::new(format!("{what} {}", self.seen.name), error)
    }
}

/// What a command is told.
type Input = Pin<Box<dyn AsyncWrite + Send>>;

/// Output as it comes.
type Piece = Result<LogOutput, Error>;
