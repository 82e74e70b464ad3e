//! Why the engine did not do what it was asked, told apart by what a person must do about it.

use crate::bollard::errors::Error;
use miette::Diagnostic;
use std::{error::Error as StdError, io, path::PathBuf};

/// What went wrong, and what to do.
#[derive(Debug, thiserror::Error, Diagnostic)]
pub enum EngineError {
    /// Nobody answers at the engine's address.
    #[error("no container engine at {address}: {reason}")]
    #[diagnostic(
        code(mailproof::engine::absent),
        help("start Docker, or name another engine with --engine or DOCKER_HOST")
    )]
    Absent {
        /// Where it was looked for.
        address: String,
        /// The system's word.
        reason: String,
    },
    /// The engine's socket is there, and not for us.
    #[error("no permission to use the container engine at {address}: {reason}")]
    #[diagnostic(
        code(mailproof::engine::forbidden),
        help(
            "join the group that owns the socket (usually `docker`) and log in anew, or name an engine of your own with --engine"
        )
    )]
    Forbidden {
        /// The socket.
        address: String,
        /// The system's word.
        reason: String,
    },
    /// Its networks lie where this process cannot come.
    #[error(
        "the networks of the engine at {address} lie in a namespace of their own, which cannot be entered: {reason}"
    )]
    #[diagnostic(
        code(mailproof::engine::apart),
        help("is podman installed for this user? `podman unshare --rootless-netns true` must work")
    )]
    Apart {
        /// Where the engine is.
        address: String,
        /// The system's word.
        reason: String,
    },
    /// The engine answered before, and does no more.
    #[error("the container engine is gone, could not {operation}: {reason}")]
    #[diagnostic(
        code(mailproof::engine::gone),
        help(
            "it ended or was restarted in mid-run; once it is back, `{{mailproof}} stack prune` removes what is left"
        )
    )]
    Gone {
        /// What it was asked to do.
        operation: String,
        /// What was seen instead of an answer.
        reason: String,
    },
    /// The disk under the engine, or under an image that is made, is full.
    #[error("the disk is full, could not {operation}: {reason}")]
    #[diagnostic(
        code(mailproof::engine::disk_full),
        help("`docker system df` shows what takes the engine's space, `docker system prune` frees it")
    )]
    DiskFull {
        /// What it was asked to do.
        operation: String,
        /// The engine's word.
        reason: String,
    },
    /// The engine understood, and did not do it.
    #[error("the container engine could not {operation}: {reason}")]
    #[diagnostic(
        code(mailproof::engine::refused),
        help("`{{mailproof}} stack prune` removes what dead runs left; the engine's own log says more")
    )]
    Refused {
        /// What it was asked to do.
        operation: String,
        /// The engine's word.
        reason: String,
    },
    /// A step of a Dockerfile failed.
    #[error("the image {image} could not be built: {reason}; the end of its output:\n{output}")]
    #[diagnostic(
        code(mailproof::engine::build),
        help(
            "if a package is missing there: is it in this Debian release, and is the mirror reachable? --mirror names another. Where the engine cannot run a step at all, its last words say why"
        )
    )]
    Build {
        /// The recipe's name.
        image: String,
        /// The engine's word.
        reason: String,
        /// The last lines of the build.
        output: String,
    },
    /// There is nothing to build images upon.
    #[error("no Debian {release} on the engine; pulling it: {pulling}; making it with mmdebstrap: {making}")]
    #[diagnostic(
        code(mailproof::engine::base),
        help(
            "one of these suffices: an image registry; or apt, a reachable Debian mirror (--mirror) and either root or subordinate ids for this user in /etc/subuid and /etc/subgid"
        )
    )]
    NoBase {
        /// Debian release.
        release: String,
        /// Why it could not be pulled.
        pulling: String,
        /// Why it could not be made.
        making: String,
    },
    /// A directory of image recipes, or the cache, cannot be used.
    #[error("{}: {cause}", path.display())]
    #[diagnostic(code(mailproof::engine::recipe), help("images are made from `containers` with a cache in `target`"))]
    Recipe {
        /// File or directory.
        path: PathBuf,
        /// The system's word.
        cause: io::Error,
    },
    /// A file that cannot go into a container, or come out of one.
    #[error("the file `{path}`: {reason}")]
    #[diagnostic(code(mailproof::engine::file), help("paths in containers are absolute, without `..`"))]
    File {
        /// Path in the container.
        path: String,
        /// What is wrong.
        reason: String,
    },
    /// A container has no such port, or it is not published.
    #[error("{container}: port {port} is not published")]
    #[diagnostic(code(mailproof::engine::port), help("does the container still run? `docker ps --all` shows it"))]
    NotPublished {
        /// Container.
        container: String,
        /// Its TCP port.
        port: u16,
    },
    /// The process that cleans up after this one could not be started.
    #[error("the reaper, which cleans up if this process is killed, could not be started: {cause}")]
    #[diagnostic(
        code(mailproof::engine::reaper),
        help("it is this program once more: was the binary replaced or removed?")
    )]
    Reaper {
        /// The system's word.
        cause: io::Error,
    },
}

impl EngineError {
    /// An error while the engine is asked to do something (an infinitive: "start mx").
    pub(crate) fn new(operation: impl Into<String>, error: &Error) -> Self {
        let (operation, reason) = (operation.into(), chain(error));
        if is_disk_full(&reason) {
            return Self::DiskFull { operation, reason };
        }
        if is_answer(error) { Self::Refused { operation, reason } } else { Self::Gone { operation, reason } }
    }

    /// An error while the engine is looked for.
    pub(crate) fn at_first(address: &str, error: &Error) -> Self {
        let kind = io_error(error).map(io::Error::kind);
        Self::unreachable(address, kind, chain(error))
    }

    /// The engine's address gives this error at the first connection.
    pub(crate) fn unreachable(address: &str, kind: Option<io::ErrorKind>, reason: String) -> Self {
        let address = address.to_owned();
        match kind {
            Some(io::ErrorKind::PermissionDenied) => Self::Forbidden { address, reason },
            _ => Self::Absent { address, reason },
        }
    }

    /// A build that failed; the last lines of its output may say more than the engine does.
    pub(crate) fn build(image: &str, reason: String, output: String) -> Self {
        if is_disk_full(&reason) || is_disk_full(&output) {
            return Self::DiskFull { operation: format!("build the image {image}"), reason };
        }
        Self::Build { image: image.to_owned(), reason, output }
    }
}

/// Whether the engine says that this thing is not there: for who removes it, that is well.
pub(crate) fn is_missing(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 404, .. })
}

/// Whether what was asked for happens already, or something else must be gone first: ask again.
pub(crate) fn is_busy(error: &Error) -> bool {
    matches!(error, Error::DockerResponseServerError { status_code: 403 | 409, .. })
}

fn is_disk_full(text: &str) -> bool {
    text.to_ascii_lowercase().contains("no space left on device")
}

/// Whether these are the engine's own words. Everything else that can happen to a request that is well-formed is that
/// no answer came, or half of one.
fn is_answer(error: &Error) -> bool {
    matches!(
        error,
        Error::DockerResponseServerError { .. }
            | Error::DockerStreamError { .. }
            | Error::DockerContainerWaitError { .. }
            | Error::JsonDataError { .. }
            | Error::APIVersionParseError {}
            | Error::UnsupportedURISchemeError { .. }
    )
}

/// The message with those of its causes, each once.
fn chain(error: &Error) -> String {
    let mut text = match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::DockerStreamError { error } => error.trim().to_owned(),
        Error::RequestTimeoutError => "no answer within 120 s".to_owned(),
        other => other.to_string(),
    };
    let mut cause = error.source();
    while let Some(next) = cause {
        let more = next.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = next.source();
    }
    text
}

fn io_error(error: &Error) -> Option<&io::Error> {
    if let Error::IOError { err } = error {
        return Some(err);
    }
    let mut cause: Option<&(dyn StdError + 'static)> = error.source();
    while let Some(next) = cause {
        if let Some(found) = next.downcast_ref::<io::Error>() {
            return Some(found);
        }
        cause = next.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status_code: u16, message: &str) -> Error {
        Error::DockerResponseServerError { status_code, message: message.to_owned() }
    }

    fn system(kind: io::ErrorKind) -> Error {
        Error::IOError { err: kind.into() }
    }

    fn help(error: &EngineError) -> String {
        error.help().expect("every error says what to do").to_string()
    }

    #[test]
    fn an_engine_that_is_not_there_and_one_that_is_not_for_us() {
        let absent = EngineError::at_first("unix:///no.sock", &Error::SocketNotFoundError("/no.sock".into()));
        assert!(matches!(absent, EngineError::Absent { .. }), "{absent:?}");
        assert!(absent.to_string().contains("unix:///no.sock"));
        let refused = EngineError::at_first("tcp://127.0.0.1:1", &system(io::ErrorKind::ConnectionRefused));
        assert!(matches!(refused, EngineError::Absent { .. }), "{refused:?}");
        let forbidden = EngineError::at_first("unix:///engine.sock", &system(io::ErrorKind::PermissionDenied));
        assert!(matches!(forbidden, EngineError::Forbidden { .. }), "{forbidden:?}");
        assert_ne!(help(&absent), help(&forbidden));
    }

    #[test]
    fn an_engine_that_dies_in_mid_run_is_gone() {
        use io::ErrorKind::{BrokenPipe, ConnectionRefused, ConnectionReset, NotFound, UnexpectedEof};
        for kind in [ConnectionRefused, ConnectionReset, BrokenPipe, UnexpectedEof, NotFound] {
            let error = EngineError::new("start mx", &system(kind));
            assert!(matches!(error, EngineError::Gone { .. }), "{kind}: {error:?}");
            assert!(error.to_string().contains("start mx"));
        }
        let silent = EngineError::new("start mx", &Error::RequestTimeoutError);
        assert!(matches!(silent, EngineError::Gone { .. }), "{silent:?}");
    }

    #[test]
    fn a_refusal_in_the_engines_words_is_no_dead_engine() {
        let text = "Get \"https://registry.example/v2/\": dial tcp 192.0.2.1:443: connect: connection refused";
        let error = EngineError::new("pull debian:trixie", &answer(500, text));
        assert!(matches!(error, EngineError::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains(text));
    }

    #[test]
    fn a_full_disk_is_told_whoever_says_it() {
        let text = "write /var/lib/docker/tmp/x: No space left on device";
        let stream = Error::DockerStreamError { error: text.to_owned() };
        for error in [
            EngineError::new("start mx", &answer(500, text)),
            EngineError::new("import", &stream),
            EngineError::new("upload", &Error::IOError { err: io::Error::other(text) }),
            EngineError::build(
                "host",
                "returned a non-zero code: 100".to_owned(),
                format!("dpkg: error\n{text}\nE: failed"),
            ),
        ] {
            assert!(matches!(error, EngineError::DiskFull { .. }), "{error:?}");
        }
    }

    #[test]
    fn a_failed_build_shows_the_end_of_its_output() {
        let error = EngineError::build(
            "host",
            "returned a non-zero code: 100".into(),
            "E: Unable to locate package postfux".into(),
        );
        assert!(error.to_string().contains("postfux") && error.to_string().contains("host"));
    }

    #[test]
    fn only_what_is_missing_is_missing() {
        assert!(is_missing(&answer(404, "No such container: x")) && !is_missing(&answer(409, "in progress")));
        assert!(is_busy(&answer(409, "removal of container x is already in progress")));
        assert!(is_busy(&answer(403, "error while removing network: network x has active endpoints")));
        assert!(!is_busy(&answer(500, "x")) && !is_busy(&system(io::ErrorKind::ConnectionReset)));
    }
}
