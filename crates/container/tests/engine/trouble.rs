//! An engine that is not there, and one that dies: played by this test, so that no engine is needed.

use crate::{Test, ensure, runtime};
use libtest_mimic::Failed;
use mailproof_container::{Engine, EngineError, Run};
use std::{
    io::{Read, Write},
    os::unix::{
        fs::chown,
        net::{UnixListener, UnixStream},
    },
    path::Path,
};
use tempfile::TempDir;

pub(crate) fn trials() -> Vec<Test> {
    vec![
        ("trouble::no_engine", no_engine),
        ("trouble::a_socket_that_nobody_listens_on", a_socket_that_nobody_listens_on),
        ("trouble::an_engine_that_hangs_up", an_engine_that_hangs_up),
        ("trouble::an_engine_without_disk", an_engine_without_disk),
        ("trouble::podman_of_another_user_is_told", podman_of_another_user_is_told),
    ]
}

fn no_engine() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let error = connect(&directory.path().join("none.sock"))?;
    ensure(matches!(error, EngineError::Absent { .. }), || format!("{error:?}"))?;
    ensure(error.to_string().contains("none.sock"), || error.to_string())
}

fn a_socket_that_nobody_listens_on() -> Result<(), Failed> {
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("left.sock");
    drop(UnixListener::bind(&socket)?);
    let error = connect(&socket)?;
    ensure(matches!(error, EngineError::Absent { .. }), || format!("{error:?}"))
}

fn connect(socket: &Path) -> Result<EngineError, Failed> {
    let found = runtime().block_on(Engine::connect(&format!("unix://{}", socket.display())));
    Ok(found.err().ok_or("an engine was found")?)
}

fn an_engine_that_hangs_up() -> Result<(), Failed> {
    let error = refused_by("")?;
    ensure(matches!(error, EngineError::Gone { .. }), || format!("{error:?}"))
}

fn an_engine_without_disk() -> Result<(), Failed> {
    let error = refused_by(&answer(500, r#"{"message":"write /x: no space left on device"}"#))?;
    ensure(matches!(error, EngineError::DiskFull { .. }), || format!("{error:?}"))
}

/// Docker, whoever owns its socket, is used as it is; Podman without root is entered, and by its own user alone.
fn podman_of_another_user_is_told() -> Result<(), Failed> {
    let enter = |component: &str| {
        let version = format!(r#"{{"ApiVersion":"1.41","Components":[{{"Name":"{component}","Version":"4"}}]}}"#);
        let (directory, address) = played(&version, "")?;
        // only root can hand a socket over; to anybody else this test says nothing about Podman
        let is_root = chown(directory.path().join("engine.sock"), Some(65_534), None).is_ok();
        let entered = runtime().block_on(mailproof_container::enter(address.clone(), "mailproof", false));
        Ok::<_, Failed>((is_root, entered.map(|used| used == address)))
    };
    let (is_root, docker) = enter("Engine")?;
    ensure(docker?, || "Docker is asked elsewhere".to_owned())?;
    if !is_root {
        return Ok(());
    }
    let error = enter("Podman Engine")?.1.err().ok_or("it was entered")?;
    ensure(matches!(error, EngineError::Apart { .. }), || format!("{error:?}"))?;
    ensure(error.to_string().contains("Podman of the user 65534"), || error.to_string())
}

/// The error from an engine that tells its version, and answers everything else with this.
fn refused_by(answer_to_all: &str) -> Result<EngineError, Failed> {
    let (_directory, address) = played(r#"{"ApiVersion":"1.41"}"#, answer_to_all)?;
    runtime().block_on(async {
        let engine = Engine::connect(&address).await?;
        let run = Run::new("r", false);
        let error = engine.network(&run).await.err().ok_or("a network was made")?;
        ensure(error.to_string().contains("make the network"), || error.to_string())?;
        Ok(error)
    })
}

/// An engine that tells this version, and answers everything else with that; and its address.
fn played(version: &str, answer_to_all: &str) -> Result<(TempDir, String), Failed> {
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("engine.sock");
    let listener = UnixListener::bind(&socket)?;
    let (version, answer_to_all) = (version.to_owned(), answer_to_all.to_owned());
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let _ = serve(connection, &version, &answer_to_all);
        }
    });
    Ok((directory, format!("unix://{}", socket.display())))
}

fn serve(mut connection: UnixStream, version: &str, answer_to_all: &str) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let size = connection.read(&mut request)?;
    let is_version = String::from_utf8_lossy(&request[..size]).contains("/version");
    let answer = if is_version { answer(200, version) } else { answer_to_all.to_owned() };
    connection.write_all(answer.as_bytes())
}

fn answer(status: u16, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
