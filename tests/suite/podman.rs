//! Podman without root, where `MAILPROOF_PODMAN` names the socket of somebody's (CONTRIBUTING.md says how to get one).

use crate::{Failed, Trial, said, trial};
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
    process::{Command, Stdio},
};

pub(crate) fn trials() -> Vec<Trial> {
    vec![trial("podman::the_main_job_runs_without_root_and_leaves_nothing", the_main_job_runs_without_root)]
}

/// Mail in both directions, over IPv4 and IPv6, with played hosts and settings that change; and then nothing is left.
fn the_main_job_runs_without_root() -> Result<(), Failed> {
    let Some(socket) = std::env::var_os("MAILPROOF_PODMAN").and_then(|address| address.into_string().ok()) else {
        println!("MAILPROOF_PODMAN names no socket: not run on Podman");
        return Ok(());
    };
    let owner = fs::metadata(socket.trim_start_matches("unix://"))?.uid();
    let entry = String::from_utf8(Command::new("getent").args(["passwd", &owner.to_string()]).output()?.stdout)?;
    let home = entry.trim().split(':').nth(5).ok_or("the socket's owner has no home")?.to_owned();
    // the checkout may lie where its user does not come
    let directory = tempfile::tempdir()?;
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777))?;
    let binary = directory.path().join("mailproof");
    fs::copy(env!("CARGO_BIN_EXE_mailproof"), &binary)?;
    let call = |words: &[&str]| -> Result<_, Failed> {
        let mut command = as_user(owner, &binary)?;
        command.args(words).args(["--engine", &socket]).current_dir(directory.path()).stdin(Stdio::null());
        command.env("HOME", &home).env("XDG_RUNTIME_DIR", format!("/run/user/{owner}"));
        command.env("XDG_CACHE_HOME", directory.path().join("cache")).env("NO_COLOR", "1").env_remove("CI");
        Ok(said(command.output()?))
    };
    let chosen = ["spf/ipv6", "spf/pass", "relay/unknown-user", "dane/starttls", "outage/"];
    call(&[&["scenario", "run", "--gateway", "hardened"], &chosen[..]].concat())?.must(0, &["held"])?;
    call(&["stack", "prune"])?.must(0, &["dead runs left nothing on this engine"])
}

/// A program as another user, or as this one.
fn as_user(user: u32, program: &Path) -> Result<Command, Failed> {
    if fs::metadata("/proc/self")?.uid() == user {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={user}"), &format!("--regid={user}"), "--init-groups"]).arg(program);
    Ok(command)
}
