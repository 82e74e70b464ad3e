//! The suite: what a user sees, tested through the `mailproof` binary.
//!
//! Without a container engine it fails, unless `MAILPROOF_NO_ENGINE=1` asks for the pure tests alone; then it says
//! how many it left out.

#![expect(clippy::disallowed_methods, reason = "the suite is a main program, and starts others to look at them")]

mod assess;
mod baseline;
mod callbacks;
mod cli;
mod compare;
mod diagnostics;
mod engine;
mod explain;
mod faults;
mod greylisting;
mod held;
mod imports;
mod leftovers;
mod lookup;
mod mutate;
mod own;
mod podman;
mod probe;
mod reports;
mod safety;
mod scenarios;
mod shards;
mod stacks;
mod tidy;
mod unread;
mod users;
mod watch;

use held::Held;
use libtest_mimic::{Arguments, Failed, Trial};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials: Vec<Trial> = [
        tidy::trials(),
        cli::trials(),
        diagnostics::trials(),
        explain::pure(),
        compare::pure(),
        mutate::pure(),
        lookup::trials(),
        assess::pure(),
        own::pure(),
        probe::pure(),
        reports::trials(),
        imports::pure(),
        shards::pure(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let (mut first, scenarios) = scenarios::trials();
    // one makes the images while others need theirs; the rest wait for each other
    let runs = first.split_off(1);
    let on_engine: Vec<Trial> = [
        first,
        stacks::trials(),
        baseline::trials(),
        own::trials(),
        faults::trials(),
        unread::trials(),
        callbacks::trials(),
        greylisting::trials(),
        leftovers::trials(),
        safety::trials(),
        assess::trials(),
        probe::trials(),
        explain::trials(),
        compare::trials(),
        mutate::trials(),
        watch::trials(),
        imports::trials(),
        podman::trials(),
        users::trials(),
        shards::trials(),
        runs,
        scenarios,
    ]
    .into_iter()
    .flatten()
    .collect();
    if std::env::var_os("MAILPROOF_NO_ENGINE").is_some_and(|v| v == "1") {
        println!("MAILPROOF_NO_ENGINE=1: {} tests on real daemons are left out", on_engine.len());
    } else {
        if !arguments.list
            && let Err(gone) = engine::answers()
        {
            eprintln!("no test on real daemons can run, the engine does not answer: {gone}");
            std::process::exit(1);
        }
        trials.extend(on_engine);
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// Root of the checkout.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn trial(name: &str, test: impl FnOnce() -> Result<(), Failed> + Send + 'static) -> Trial {
    let title = name.to_owned();
    Trial::test(name, move || engine::guarded(&title, test))
}

/// The binary with these words, as a user would call it; never in CI's own mode by accident.
fn mailproof(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailproof"));
    command.args(words).current_dir(root()).env("NO_COLOR", "1").env_remove("CI").stdin(Stdio::null());
    command
}

/// What a command said, and how it ended.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

fn said(output: Output) -> Said {
    let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).into_owned();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn run(words: &[&str]) -> Result<Said, Failed> {
    Ok(said(mailproof(words).output()?))
}

impl Said {
    /// Fails unless it ended with this code and said all of these words.
    fn must(&self, code: i32, words: &[&str]) -> Result<(), Failed> {
        let all = format!("{}{}", self.out, self.err);
        let missing: Vec<_> =
            words.iter().filter(|w| !all.split_whitespace().collect::<Vec<_>>().join(" ").contains(**w)).collect();
        if self.code == Some(code) && missing.is_empty() {
            return Ok(());
        }
        Err(format!("exit {:?}, expected {code}; missing {missing:?} in:\n{}\n---\n{}", self.code, self.out, self.err)
            .into())
    }
}

/// A directory of the suite's own, below `target`, emptied first.
fn scratch(name: &str) -> Result<PathBuf, Failed> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory)?;
    Ok(directory)
}

/// What the engine's own command line says.
fn docker(words: &[&str]) -> Result<String, Failed> {
    let output = Command::new("docker").args(words).output()?;
    Ok(String::from_utf8(output.stdout)?)
}
