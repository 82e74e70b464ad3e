//! What systemd would do with a service that ended: `Restart=` of systemd.service(5), as gateway.toml or the unit of the
//! distribution says.

use std::{collections::BTreeMap, time::Duration};

/// A back-off is never longer than this: the harness waits with it.
const LONGEST: Duration = Duration::from_secs(1);

/// When a service that ended is started again (`Restart=` in systemd.service(5)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Restart {
    /// Never.
    #[default]
    No,
    /// However it ended.
    Always,
    /// After exit 0, or SIGHUP, SIGINT, SIGPIPE or SIGTERM.
    OnSuccess,
    /// After any other exit code or signal.
    OnFailure,
    /// After any other signal.
    OnAbnormal,
}

impl Restart {
    /// Whether a service that ended with this exit code (128 + N after signal N) is started again.
    #[must_use]
    pub(crate) const fn applies(self, code: i64) -> bool {
        const HUP: i64 = 128 + 1;
        const INT: i64 = 128 + 2;
        const PIPE: i64 = 128 + 13;
        const TERM: i64 = 128 + 15;
        let is_clean = matches!(code, 0 | HUP | INT | PIPE | TERM);
        match self {
            Self::No => false,
            Self::Always => true,
            Self::OnSuccess => is_clean,
            Self::OnFailure => !is_clean,
            Self::OnAbnormal => !is_clean && code > 128,
        }
    }

    fn of(value: &str) -> Self {
        match value {
            "always" => Self::Always,
            "on-success" => Self::OnSuccess,
            "on-failure" => Self::OnFailure,
            "on-abnormal" | "on-abort" | "on-watchdog" => Self::OnAbnormal,
            _ => Self::No,
        }
    }
}

/// What of a service's unit counts when it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unit {
    pub(crate) restart: Restart,
    /// How long systemd waits before it starts the service again (`RestartSec=`), at most a second.
    pub(crate) delay: Duration,
}

impl Default for Unit {
    fn default() -> Self {
        // DefaultRestartSec= of systemd-system.conf(5)
        Self { restart: Restart::No, delay: Duration::from_millis(100) }
    }
}

impl Unit {
    /// A command that writes `FILE:KEY=VALUE` for what [`Unit::find`] reads of the units that packages installed.
    pub(crate) const COMMAND: &[&str] =
        &["grep", "-rHE", "--include=*.service", "^(ExecStart|Restart|RestartSec)=", "/usr/lib/systemd/system"];

    /// The unit that starts one of the programs of this command, of the output of [`Unit::COMMAND`]; the default if none does.
    pub(crate) fn find(units: &str, command: &[String]) -> Self {
        let mut by_file: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for line in units.lines() {
            if let Some(((file, key), value)) = line.split_once('=').and_then(|(k, v)| Some((k.split_once(':')?, v))) {
                by_file.entry(file).or_default().push((key, value.trim()));
            }
        }
        let programs: Vec<&str> = command.iter().map(|word| base_name(word)).collect();
        let starts = |(key, value): &(&str, &str)| {
            let program = value.split_whitespace().next().unwrap_or_default();
            *key == "ExecStart" && programs.contains(&base_name(program.trim_start_matches(['-', '@', '!', ':', '+'])))
        };
        let found = by_file.into_values().find(|lines| lines.iter().any(starts));
        let mut unit = Self::default();
        for (key, value) in found.into_iter().flatten() {
            match key {
                "Restart" => unit.restart = Restart::of(value),
                "RestartSec" => unit.delay = seconds(value).unwrap_or(LONGEST).min(LONGEST),
                _ => {}
            }
        }
        unit
    }
}

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `5`, `5s` or `100ms`; longer units than these are longer than any back-off here.
fn seconds(value: &str) -> Option<Duration> {
    if let Some(number) = value.strip_suffix("ms") {
        return number.trim().parse().ok().map(Duration::from_millis);
    }
    let number: f64 = value.strip_suffix('s').unwrap_or(value).trim().parse().ok()?;
    Duration::try_from_secs_f64(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As trixie's packages have them.
    const TRIXIE: &str = "\
/usr/lib/systemd/system/opendmarc.service:ExecStart=/usr/sbin/opendmarc
/usr/lib/systemd/system/opendmarc.service:Restart=on-failure
/usr/lib/systemd/system/postfix@.service:ExecStart=postfix debian-systemd-start
/usr/lib/systemd/system/postfix-mta-sts-resolver.service:ExecStart=/usr/bin/mta-sts-daemon --config /etc/mta-sts-daemon.yml
/usr/lib/systemd/system/postfix-mta-sts-resolver.service:Restart=on-failure
/usr/lib/systemd/system/postfix-mta-sts-resolver.service:RestartSec=5
/usr/lib/systemd/system/slow.service:ExecStart=-/usr/bin/slow
/usr/lib/systemd/system/slow.service:Restart=always
/usr/lib/systemd/system/slow.service:RestartSec=250ms
";

    fn unit(command: &[&str]) -> Unit {
        Unit::find(TRIXIE, &command.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn the_unit_of_the_program_says_whether_it_is_started_again() {
        assert_eq!(unit(&["opendmarc", "-f"]), Unit { restart: Restart::OnFailure, ..Unit::default() });
        assert_eq!(unit(&["postfix", "start-fg"]), Unit::default());
        assert_eq!(unit(&["/opt/mine", "-f"]), Unit::default());
        let behind = unit(&["setpriv", "--reuid=_mta-sts", "mta-sts-daemon", "-v", "warn"]);
        assert_eq!(behind, Unit { restart: Restart::OnFailure, delay: LONGEST });
        assert_eq!(unit(&["/usr/bin/slow"]), Unit { restart: Restart::Always, delay: Duration::from_millis(250) });
    }

    #[test]
    fn a_failure_is_what_systemd_calls_one() {
        let which = |restart: Restart| [0, 1, 134, 137, 143].map(|code| restart.applies(code));
        assert_eq!(which(Restart::No), [false; 5]);
        assert_eq!(which(Restart::Always), [true; 5]);
        assert_eq!(which(Restart::OnSuccess), [true, false, false, false, true]);
        assert_eq!(which(Restart::OnFailure), [false, true, true, true, false]);
        assert_eq!(which(Restart::OnAbnormal), [false, false, true, true, false]);
    }
}
