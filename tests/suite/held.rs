//! A stack that `stack up` holds while a test looks at it.

use crate::{Failed, mailproof};
use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

/// Whoever takes down all held stacks holds it for writing, whoever needs one for reading.
static STACKS: RwLock<()> = RwLock::new(());

/// For a test that takes down whatever is held: as long as this lives, no other test holds a stack.
pub(crate) fn nobody_else() -> RwLockWriteGuard<'static, ()> {
    STACKS.write().unwrap_or_else(PoisonError::into_inner)
}

/// A stack until it is dropped.
pub(crate) struct Held {
    child: Child,
    out: BufReader<ChildStdout>,
    /// What it said until it was up.
    said: String,
    _turn: RwLockReadGuard<'static, ()>,
}

impl Held {
    pub(crate) fn up(gateway: &str) -> Result<Self, Failed> {
        let turn = STACKS.read().unwrap_or_else(PoisonError::into_inner);
        let mut child = mailproof(&["stack", "up", "--gateway", gateway]).stdout(Stdio::piped()).spawn()?;
        let out = BufReader::new(child.stdout.take().ok_or("no output")?);
        let mut held = Self { child, out, said: String::new(), _turn: turn };
        while held.out.read_line(&mut held.said)? > 0 {
            if held.said.lines().last().is_some_and(|line| line.starts_with("It stays")) {
                return Ok(held);
            }
        }
        Err(format!("no stack:\n{}", held.said).into())
    }

    /// The name of a host's container.
    pub(crate) fn container(&self, host: &str) -> Result<&str, Failed> {
        let shell = self.line(&format!("# {host}"))?;
        shell.split_whitespace().find(|word| word.ends_with(host)).ok_or_else(|| format!("no host in: {shell}").into())
    }

    /// Address and port of a host's SMTP server.
    pub(crate) fn smtp(&self, host: &str) -> Result<&str, Failed> {
        let tls = self.line(&format!("# TLS of {host}:25"))?;
        let address = tls.split("-connect ").nth(1).and_then(|rest| rest.split(' ').next());
        address.ok_or_else(|| format!("no address in: {tls}").into())
    }

    fn line(&self, end: &str) -> Result<&str, Failed> {
        let line = self.said.lines().find(|line| line.ends_with(end));
        line.ok_or_else(|| format!("no line ends with `{end}`:\n{}", self.said).into())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.out.read_to_string(&mut String::new());
        let _ = self.child.wait();
    }
}
