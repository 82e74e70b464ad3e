//! An engine that is not there, and one that dies: played by this test, so that no engine is needed.

use crate::{Test, ensure, runtime};
use libtest_mimic::Failed;
use mailproof_container::{Engine, EngineError, Run};
use std::{
    io::{Read, Write},
    os::unix::net::{UnixListener, UnixStream},
    path::Path,
};

pub(crate) fn trials() -> Vec<Test> {
    vec![
        ("trouble::no_engine", no_engine),
        ("trouble::a_socket_that_nobody_listens_on", a_socket_that_nobody_listens_on),
        ("trouble::an_engine_that_hangs_up", an_engine_that_hangs_up),
        ("trouble::an_engine_without_disk", an_engine_without_disk),
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
    let found = runtime().block_on(Engine::connect(Some(&format!("unix://{}", socket.display()))));
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

/// The error from an engine that tells its version, and answers everything else with this.
fn refused_by(answer_to_all: &str) -> Result<EngineError, Failed> {
    let directory = tempfile::tempdir()?;
    let socket = directory.path().join("engine.sock");
    let listener = UnixListener::bind(&socket)?;
    let answer_to_all = answer_to_all.to_owned();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let _ = serve(connection, &answer_to_all);
        }
    });
    runtime().block_on(async {
        let engine = Engine::connect(Some(&format!("unix://{}", socket.display()))).await?;
        let run = Run::new("r", false);
        let error = engine.network(&run).await.err().ok_or("a network was made")?;
        ensure(error.to_string().contains("make the network"), || error.to_string())?;
        Ok(error)
    })
}

fn serve(mut connection: UnixStream, answer_to_all: &str) -> std::io::Result<()> {
    let mut request = [0; 4096];
    let size = connection.read(&mut request)?;
    let is_version = String::from_utf8_lossy(&request[..size]).contains("/version");
    let answer = if is_version { answer(200, r#"{"ApiVersion":"1.41"}"#) } else { answer_to_all.to_owned() };
    connection.write_all(answer.as_bytes())
}

fn answer(status: u16, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}
