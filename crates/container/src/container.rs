//! A container that runs: commands in it, files into it and out of it.

use crate::{
    Addresses, Engine, EngineError, EngineKind, File, Process, Stream, archive,
    bollard::{
        Docker, body_full,
        container::LogOutput,
        errors::Error,
        exec::{CreateExecOptions, StartExecOptions, StartExecResults},
        query_parameters::{
            DownloadFromContainerOptionsBuilder, RemoveContainerOptionsBuilder, UploadToContainerOptionsBuilder,
        },
    },
    error::is_missing,
    process,
};
use futures_util::{StreamExt, TryStreamExt, stream::BoxStream};
use std::{collections::BTreeMap, net::SocketAddr, pin::Pin, sync::Arc};
use tokio::io::{AsyncWrite, AsyncWriteExt, DuplexStream};

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
        Self { docker: engine.docker.clone(), kind: engine.kind, seen: Arc::new(Seen { id, name, addresses, ports }) }
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
        let fault = |error: Error| self.fault(&format!("run `{}` in", command.join(" ")), &error);
        let (id, mut pieces) = self.begin(command).await?;
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        while let Some(piece) = pieces.next().await {
            match piece.map_err(fault)? {
                LogOutput::StdErr { message } => stderr.extend_from_slice(&message),
                other => stdout.extend_from_slice(&other.into_bytes()),
            }
        }
        let code = process::exit_of(&self.docker, &id).await.map_err(fault)?;
        let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
        Ok(Output { code, stdout: text(stdout), stderr: text(stderr) })
    }

    /// Starts a command as root that goes on, and gives each line that it writes as soon as it is complete.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn spawn(
        &self,
        command: &[&str],
        on_line: impl FnMut(Stream, &str) + Send + 'static,
    ) -> Result<Process, EngineError> {
        let (id, output) = self.begin(command).await?;
        let operation = format!("follow `{}` in {}", command.join(" "), self.seen.name);
        Ok(Process::follow(self.docker.clone(), id, operation, output, on_line))
    }

    /// Starts a command as root that is spoken with: what is written is its input, what is read its standard output. What it says
    /// on standard error is lost. When it has ended, reading comes to an end.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn converse(&self, command: &[&str]) -> Result<DuplexStream, EngineError> {
        let (_, mut output, mut input) = self.attach(command, true).await?;
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

    async fn archive_of(&self, path: &str) -> Result<Vec<u8>, EngineError> {
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

    async fn begin(&self, command: &[&str]) -> Result<(String, BoxStream<'static, Piece>), EngineError> {
        self.attach(command, false).await.map(|(id, output, _)| (id, output))
    }

    /// Starts a command and gives its id, its output and its input, which only is open if it is wanted.
    async fn attach(
        &self,
        command: &[&str],
        has_input: bool,
    ) -> Result<(String, BoxStream<'static, Piece>, Input), EngineError> {
        let fault = |error: Error| self.fault(&format!("run `{}` in", command.join(" ")), &error);
        let options = CreateExecOptions {
            attach_stdin: Some(has_input),
            attach_stdout: Some(true),
            attach_stderr: Some(true),
            cmd: Some(command.to_vec()),
            ..Default::default()
        };
        let id = self.docker.create_exec(&self.seen.id, options).await.map_err(fault)?.id;
        let options = StartExecOptions { output_capacity: Some(CAPACITY), ..Default::default() };
        match self.docker.start_exec(&id, Some(options)).await.map_err(fault)? {
            StartExecResults::Attached { output, input } => Ok((id, output, input)),
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
