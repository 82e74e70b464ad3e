//! Podman without root. Its networks lie in a network namespace of its own, and who is to be reached from a container must
//! be in there: the program is executed once more, within.

use crate::{Engine, EngineError, EngineKind};
use std::{
    ffi::OsStr,
    fs::metadata,
    os::{
        fd::{AsRawFd, IntoRawFd},
        unix::{fs::MetadataExt, process::CommandExt},
    },
    path::{Path, PathBuf},
};

/// The variable of the environment that says that the program is within; its value is the name by which messages call it.
pub const WITHIN: &str = "MAILPROOF_WITHIN";

/// How the address of a socket begins that is held open.
const HELD: &str = "unix:///proc/self/fd/";

/// Where the engine is when nobody says so: Docker's socket; where there is none, that of Podman, first the user's own, which
/// lies below `runtime` (`XDG_RUNTIME_DIR`).
#[must_use]
pub fn local(runtime: Option<&Path>) -> String {
    first(runtime, Path::exists)
}

/// The first of the sockets that is there, and Docker's if none is: the error is then about that one.
fn first(runtime: Option<&Path>, is_there: impl Fn(&Path) -> bool) -> String {
    let docker = PathBuf::from("/var/run/docker.sock");
    let own = runtime.map(|runtime| runtime.join("podman/podman.sock"));
    let mut sockets = [docker.clone()].into_iter().chain(own).chain([PathBuf::from("/run/podman/podman.sock")]);
    let found = sockets.find(|socket| is_there(socket));
    format!("unix://{}", found.unwrap_or(docker).display())
}

/// Sees to it that this process can be reached from the engine's networks, and returns the address at which the engine is to
/// be asked from now on. Where the engine is Podman without root, which not every version says itself but the owner of its socket
/// does, this call does not return: the program is executed again by
/// `podman unshare --rootless-netns`, with the same words, and `name` as the value of [`WITHIN`].
///
/// # Errors
/// The engine's word, or why its namespace cannot be entered.
pub async fn enter(address: String, name: &str, is_within: bool) -> Result<String, EngineError> {
    if is_within {
        return held(&address);
    }
    // root's socket is no engine's without root, and one that is not there is told by whoever asks the engine
    let socket = address.strip_prefix("unix://").and_then(|path| metadata(path).ok());
    let Some(owner) = socket.map(|socket| socket.uid()).filter(|user| *user != 0) else { return Ok(address) };
    if Engine::connect(&address).await?.kind != EngineKind::Podman {
        return Ok(address);
    }
    let apart = |reason: String| EngineError::Apart { address: address.clone(), reason };
    let user = rustix::process::geteuid().as_raw();
    if owner != user {
        return Err(apart(format!("it is Podman of the user {owner}, and this is the user {user}")));
    }
    #[expect(clippy::disallowed_methods, reason = "this room starts programs")]
    let mut podman = std::process::Command::new("podman");
    podman.args(["unshare", "--rootless-netns"]);
    podman.arg(std::env::current_exe().map_err(|cause| apart(format!("this program is not found: {cause}")))?);
    podman.args(std::env::args_os().skip(1)).env(WITHIN, name).env("DOCKER_HOST", &address);
    // only a program that could not be executed comes back from here
    Err(apart(format!("podman could not be executed: {}", podman.exec())))
}

/// The socket by a descriptor of this process: Podman takes the files of the namespace away with the last container, and its
/// own socket, as it is seen from within, is one of them. The descriptor stays open for the programs that this one starts.
fn held(address: &str) -> Result<String, EngineError> {
    use rustix::fs::{Mode, OFlags, open};
    let Some(path) = address.strip_prefix("unix://").filter(|_| !is_held(address)) else {
        return Ok(address.to_owned());
    };
    let socket = open(OsStr::new(path), OFlags::PATH, Mode::empty())
        .map_err(|cause| EngineError::Absent { address: address.to_owned(), reason: cause.to_string() })?;
    let held = format!("{HELD}{}", socket.as_raw_fd());
    let _ = socket.into_raw_fd();
    Ok(held)
}

/// Whether an address is one that [`held`] gave.
pub(crate) fn is_held(address: &str) -> bool {
    address.starts_with(HELD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dockers_socket_is_taken_before_the_users_podman_and_that_before_the_machines() {
        let (docker, own, machine) =
            ("/var/run/docker.sock", "/run/user/1000/podman/podman.sock", "/run/podman/podman.sock");
        let runtime = Some(Path::new("/run/user/1000"));
        for (there, runtime, taken) in [
            (&[docker, own, machine][..], runtime, docker),
            (&[own, machine], runtime, own),
            (&[own, machine], None, machine),
            (&[machine], runtime, machine),
            (&[], runtime, docker),
        ] {
            let found = first(runtime, |socket| there.iter().any(|path| Path::new(path) == socket));
            assert_eq!(found, format!("unix://{taken}"), "of {there:?} below {runtime:?}");
        }
    }
}
