//! A run and its owner: the labels that everything on the engine carries.

use std::{collections::HashMap, fs};

/// Label that holds the run's id.
pub(crate) const RUN: &str = "mailproof.run";
/// Label that holds the owner: `PID:STARTTIME`.
pub(crate) const OWNER: &str = "mailproof.owner";
/// Label of runs that stay up for a person.
pub(crate) const HELD: &str = "mailproof.held";
/// Label that holds what a container was called in its [`crate::ContainerSpec`].
pub(crate) const HOST: &str = "mailproof.host";

/// A run: everything that it makes on the engine carries its labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Unique among the runs on an engine; lower-case letters and digits, since names are made from it.
    pub id: String,
    /// `PID:STARTTIME` of the process that the run belongs to.
    pub owner: String,
    /// Whether it stays up until somebody takes it down.
    pub held: bool,
}

impl Run {
    /// A run of this process.
    #[must_use]
    pub fn new(id: &str, held: bool) -> Self {
        let pid = std::process::id();
        let started = start_time(pid).unwrap_or_default();
        Self { id: id.to_owned(), owner: format!("{pid}:{started}"), held }
    }

    pub(crate) fn labels(&self) -> HashMap<String, String> {
        let labels = [(RUN, &self.id), (OWNER, &self.owner), (HELD, &self.held.to_string())];
        labels.map(|(key, value)| (key.to_owned(), value.clone())).into()
    }
}

/// Whether the process that an owner label names still lives: a reused PID has another start time.
pub(crate) fn is_alive(owner: &str) -> bool {
    let Some((pid, started)) = owner.split_once(':') else { return false };
    let pid = pid.parse().ok().filter(|pid: &u32| *pid > 0);
    pid.and_then(start_time).is_some_and(|now| started.parse() == Ok(now))
}

/// When a process started, in clock ticks since the machine did.
fn start_time(pid: u32) -> Option<u64> {
    start_time_of(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of proc(5) stat. Field 2 is the program's name in parentheses, which may itself have spaces and parentheses.
fn start_time_of(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_ascii_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn this_process_lives_and_its_label_says_so() {
        let run = Run::new("r", true);
        assert!(is_alive(&run.owner));
        assert_eq!(run.labels()[HELD], "true");
    }

    #[test]
    fn another_process_with_the_same_pid_is_not_the_owner() {
        let run = Run::new("r", false);
        assert!(!is_alive(&format!("{}:1", std::process::id())));
        assert!(!is_alive(run.owner.split_once(':').unwrap().0));
        assert!(!is_alive("0:0"));
    }

    #[test]
    fn a_program_may_be_called_anything() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21";
        assert_eq!(start_time_of(&format!("77 (a) b) (c) {rest}")), Some(4242));
        assert_eq!(start_time_of("77 (short) S 1"), None);
    }

    proptest! {
        #[test]
        fn any_label_is_read(owner in ".*") {
            is_alive(&owner);
            start_time_of(&owner);
        }
    }
}
