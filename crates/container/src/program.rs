//! Programs of this machine, run to make an image's root.

use std::{collections::VecDeque, io, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
};

/// Lines of output that an error shows.
const SHOWN: usize = 30;
/// Characters of a line of progress.
const WIDTH: usize = 100;

/// The last lines of some output.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    lines: VecDeque<String>,
}

impl Tail {
    /// Takes a line, and passes it on in short if there is anything in it.
    pub(crate) fn push(&mut self, line: &str, progress: impl FnOnce(&str)) {
        // the engine colours what a build writes to its standard error
        let line = line.replace("\u{1b}[91m", "").replace("\u{1b}[0m", "");
        let line = line.trim_end();
        if line.is_empty() {
            return;
        }
        if self.lines.len() == SHOWN {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
        match line.char_indices().nth(WIDTH) {
            Some((end, _)) => progress(&format!("{}…", &line[..end])),
            None => progress(line),
        }
    }

    /// The lines, joined.
    pub(crate) fn text(&self) -> String {
        self.lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// A program with its arguments; it is not found if it is not on the PATH.
pub(crate) fn program(name: impl AsRef<std::ffi::OsStr>) -> Command {
    #[expect(clippy::disallowed_methods, reason = "this room starts programs")]
    Command::new(name)
}

/// Runs a program of this machine to its end, without a word from it.
///
/// # Errors
/// It is not installed ([`io::ErrorKind::NotFound`]), or could not be started.
pub async fn run_quietly(name: &str, words: &[&str]) -> io::Result<std::process::ExitStatus> {
    let mut command = program(name);
    command.args(words).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.status().await
}

/// Runs a program of this machine to its end, and gives what it wrote.
///
/// # Errors
/// As [`run_quietly`].
pub async fn output(name: &str, words: &[&std::ffi::OsStr]) -> io::Result<std::process::Output> {
    program(name).args(words).stdin(Stdio::null()).kill_on_drop(true).output().await
}

/// Runs it to its end, and passes its lines on. It is not killed if nobody waits any more, since some clean up after
/// themselves.
///
/// # Errors
/// What happened, in words, with the end of its output.
pub(crate) async fn run(mut command: Command, progress: impl Fn(&str)) -> Result<(), String> {
    let name = command.as_std().get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut tail = Tail::default();
    let ended = async {
        let mut child = command.spawn()?;
        let Some(errors) = child.stderr.take() else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let mut lines = BufReader::new(errors).split(b'\n');
        while let Some(line) = lines.next_segment().await? {
            tail.push(&String::from_utf8_lossy(&line), &progress);
        }
        child.wait().await
    };
    match ended.await {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{name}`: {status}; the end of its output:\n{}", tail.text())),
        Err(cause) => Err(format!("`{name}`: {cause}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_tail_is_the_end() {
        let mut tail = Tail::default();
        for n in 0..100 {
            tail.push(&format!("\u{1b}[91mline {n}\n\u{1b}[0m"), |line| assert!(!line.contains('\u{1b}')));
        }
        assert_eq!(tail.text().lines().count(), SHOWN);
        assert!(tail.text().ends_with("line 99"));
    }

    #[tokio::test]
    async fn a_failure_has_the_programs_last_words() {
        let mut command = program("sh");
        command.args(["-c", "echo out; echo cannot do that >&2; exit 3"]);
        let error = run(command, |_| {}).await.unwrap_err();
        assert!(error.contains("cannot do that") && error.contains('3') && !error.contains("out\n"), "{error}");
        let missing = run(program("no-such-program-here"), |_| {}).await.unwrap_err();
        assert!(missing.contains("no-such-program-here"), "{missing}");
    }

    proptest! {
        #[test]
        fn progress_is_short(line in ".{0,300}") {
            Tail::default().push(&line, |short| assert!(short.chars().count() <= WIDTH + 1));
        }
    }
}
