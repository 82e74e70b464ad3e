//! Whose a run is, and whether that process still lives: an engine may be shared with other users, containers and machines,
//! whose runs must never be touched.

use std::{fs, os::unix::fs::MetadataExt};

/// A process, as a label names it: `PID:STARTTIME`. A PID that is used again has another start time.
#[must_use]
pub(crate) fn label_of(pid: u32) -> String {
    format!("{pid}:{}", start_time(pid).unwrap_or_default())
}

/// From where a PID means what it says: `BOOT/PIDNAMESPACE/UID` of this process. Empty where the system does not tell.
#[must_use]
pub(crate) fn place() -> String {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
    let namespace = fs::read_link("/proc/self/ns/pid").ok().map(|link| link.display().to_string());
    let uid = fs::metadata("/proc/self").ok().map(|own| own.uid());
    match (boot, namespace, uid) {
        (Some(boot), Some(namespace), Some(uid)) => format!("{}/{namespace}/{uid}", boot.trim()),
        _ => String::new(),
    }
}

/// What can be told of the process that owns a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// It lives, or the reaper that cleans up after it does.
    Lives,
    /// Neither does.
    Dead,
    /// It belongs to another machine, boot, container or user: nothing can be told from here.
    Elsewhere,
}

impl Owner {
    /// What the labels say: the owner, its reaper, and the place from which they were seen.
    pub(crate) fn of(owner: Option<&str>, reaper: Option<&str>, at: Option<&str>) -> Self {
        let here = place();
        let (Some(owner), Some(at)) = (owner, at) else { return Self::Elsewhere };
        let sees_all = || here == at || (here.ends_with("/0") && boot_of(&here) == boot_of(at));
        let states = [Some(owner), reaper].into_iter().flatten().map(process);
        if at.is_empty() || boot_of(&here) != boot_of(at) {
            return Self::Elsewhere;
        }
        states.fold(Self::Dead, |all, state| match (all, state) {
            (Self::Lives, _) | (_, Process::Runs) => Self::Lives,
            // of another user's processes the system may show none (hidepid in proc(5))
            (_, Process::Unseen) if !sees_all() => Self::Elsewhere,
            (all, Process::Unseen | Process::Another) => all,
        })
    }
}

/// Boot and namespace of a place.
fn boot_of(place: &str) -> &str {
    place.rsplit_once('/').map_or(place, |(boot, _)| boot)
}

/// What a label's process is now.
enum Process {
    Runs,
    /// Its PID is another process's.
    Another,
    /// Nothing with its PID is to be seen.
    Unseen,
}

fn process(label: &str) -> Process {
    let Some((pid, started)) = label.split_once(':') else { return Process::Unseen };
    let seen = pid.parse().ok().filter(|pid: &u32| *pid > 0).and_then(start_time);
    match seen {
        Some(now) if started.parse() == Ok(now) => Process::Runs,
        Some(_) => Process::Another,
        None => Process::Unseen,
    }
}

/// When a process started, in clock ticks since the machine did; none of one that has ended and waits to be reaped.
fn start_time(pid: u32) -> Option<u64> {
    start_time_of(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// Field 22 of proc(5) stat. Field 2 is the program's name in parentheses, which may itself have spaces and parentheses; field 3
/// is the state.
fn start_time_of(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own() -> String {
        label_of(std::process::id())
    }

    #[test]
    fn this_process_lives_and_its_labels_say_so() {
        assert_eq!(Owner::of(Some(&own()), None, Some(&place())), Owner::Lives);
    }

    #[test]
    fn a_run_is_only_dead_when_its_reaper_is_gone_too() {
        assert_eq!(Owner::of(Some("1:1"), Some(&own()), Some(&place())), Owner::Lives);
        assert_eq!(Owner::of(Some("1:1"), Some("1:2"), Some(&place())), Owner::Dead);
    }

    #[test]
    fn another_process_with_the_same_pid_is_not_the_owner() {
        let reused = format!("{}:1", std::process::id());
        assert_eq!(Owner::of(Some(&reused), None, Some(&place())), Owner::Dead);
        assert_eq!(Owner::of(Some("4194305:1"), None, Some(&place())), Owner::Dead);
    }

    #[test]
    fn of_a_run_from_elsewhere_nothing_can_be_told() {
        let here = place();
        let (boot, uid) = here.rsplit_once('/').unwrap();
        let namespace = boot.split_once('/').unwrap().1;
        for at in
            [format!("another-boot/{namespace}/{uid}"), boot.replace("pid:[", "pid:[9") + "/" + uid, String::new()]
        {
            assert_eq!(Owner::of(Some("1:1"), None, Some(&at)), Owner::Elsewhere, "{at}");
        }
        assert_eq!(Owner::of(Some("1:1"), None, None), Owner::Elsewhere, "a version that says no place");
        if uid != "0" {
            let other = format!("{boot}/0");
            assert_eq!(Owner::of(Some("4194305:1"), None, Some(&other)), Owner::Elsewhere, "hidden processes");
        }
    }

    #[test]
    fn a_program_may_be_called_anything() {
        let rest = "S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 4242 20 21";
        assert_eq!(start_time_of(&format!("77 (a) b) (c) {rest}")), Some(4242));
        assert_eq!(start_time_of(&format!("77 (a) {}", rest.replace('S', "Z"))), None);
        assert_eq!(start_time_of("77 (short) S 1"), None);
    }

    proptest! {
        #[test]
        fn any_label_is_read(owner in ".*", at in ".*") {
            Owner::of(Some(&owner), Some(&owner), Some(&at));
            start_time_of(&owner);
        }
    }
}
