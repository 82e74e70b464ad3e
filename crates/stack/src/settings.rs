//! Settings of the gateway under test that a scenario changes while it runs alone, and changes back.

use crate::{Host, Stack, StackError};
use evidence::Setting;
use scenario::{Daemon, SettingChange};
use std::{collections::BTreeSet, fmt::Write, time::Duration};
use tokio::time::Instant;

/// How long a daemon may take until it works with other settings.
const RELOADING: Duration = Duration::from_secs(20);
/// Every program of Postfix waits two seconds for a main.cf that was just written, unless it looks old.
const AGED: &str = "touch -d 2000-01-01 /etc/postfix/main.cf";
/// What the original of a changed file is called meanwhile.
const BEFORE: &str = "mailproof-before";

/// Settings that are changed; [`Stack::restore`] changes them back.
#[derive(Debug)]
#[must_use = "the gateway stays changed until it is restored"]
pub struct Changed {
    daemons: BTreeSet<Daemon>,
    /// What each daemon says of its new settings.
    pub settings: Vec<Setting>,
}

impl Stack {
    /// Changes settings, and waits until the daemons work with them or refuse them. A daemon that refuses goes on with
    /// its old ones.
    ///
    /// # Errors
    /// The way to the gateway is broken, or it has no such daemon.
    pub async fn change_settings(&self, changes: &[SettingChange]) -> Result<Changed, StackError> {
        let daemons: BTreeSet<Daemon> = changes.iter().map(|change| change.daemon).collect();
        let mut changed = Changed { daemons: daemons.clone(), settings: Vec::new() };
        for daemon in daemons {
            let its: Vec<&SettingChange> = changes.iter().filter(|change| change.daemon == daemon).collect();
            match self.change(daemon, &its).await {
                Ok((is_taken, said)) => changed.settings.extend(its.into_iter().map(|change| Setting {
                    daemon: word(daemon).to_owned(),
                    name: change.name.value.clone(),
                    value: change.value.clone(),
                    is_taken,
                    said: said.clone(),
                })),
                Err(error) => {
                    self.restore(changed).await?;
                    return Err(error);
                }
            }
        }
        Ok(changed)
    }

    /// Changes everything back, and waits until the daemons work as before.
    ///
    /// # Errors
    /// The way to the gateway is broken, or a daemon does not come back.
    pub async fn restore(&self, changed: Changed) -> Result<(), StackError> {
        for daemon in changed.daemons {
            let host = self.host_of(daemon)?;
            let file = file(daemon);
            let script = format!("test ! -e {file}.{BEFORE} || mv {file}.{BEFORE} {file}\n{}", reload(daemon));
            run(host, &script).await?;
            self.mailboxes.close().await;
            self.works(host, daemon).await?;
        }
        Ok(())
    }

    /// Whether the daemon takes the settings, and what it says of them.
    async fn change(&self, daemon: Daemon, changes: &[&SettingChange]) -> Result<(bool, Vec<String>), StackError> {
        let host = self.host_of(daemon)?;
        let file = file(daemon);
        let edited = run(host, &format!("cp -p {file} {file}.{BEFORE}\n{}", edit(daemon, changes))).await?;
        let checked = run(host, check(daemon)).await?;
        let mut said: Vec<String> = Vec::new();
        for line in edited.1.lines().chain(checked.1.lines()) {
            let line = plain(line);
            if !line.is_empty() && !said.contains(&line) {
                said.push(line);
            }
        }
        if edited.0 != 0 || checked.0 != 0 {
            return Ok((false, said));
        }
        run(host, &reload(daemon)).await?;
        self.mailboxes.close().await;
        self.works(host, daemon).await?;
        Ok((true, said))
    }

    /// Waits until a daemon serves.
    async fn works(&self, host: &Host, daemon: Daemon) -> Result<(), StackError> {
        let deadline = Instant::now() + RELOADING;
        let service = host.plan.services.iter().find(|s| s.name == word(daemon) || s.command[0].ends_with(word(daemon)));
        let Some(service) = service else { return Ok(()) };
        let ready = host.ready(service, |port| self.greets(host, port));
        tokio::time::timeout_at(deadline, ready).await.unwrap_or_else(|_| {
            Err(StackError::Unfit {
                gateway: self.gateway().name.clone(),
                what: format!("{} did not come back within {} s", word(daemon), RELOADING.as_secs()),
            })
        })
    }
}

/// Runs a script: its exit code, and what it said on standard error.
async fn run(host: &Host, script: &str) -> Result<(i64, String), StackError> {
    let done = host.container.exec(&["sh", "-c", script]).await?;
    Ok((done.code, done.stderr))
}

const fn word(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Postfix => "postfix",
        Daemon::Dovecot => "dovecot",
    }
}

const fn file(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Postfix => "/etc/postfix/main.cf",
        Daemon::Dovecot => "/etc/dovecot/dovecot.conf",
    }
}

const fn check(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Postfix => "postconf -n > /dev/null",
        Daemon::Dovecot => "doveconf -n > /dev/null",
    }
}

/// Shell commands that change a daemon's file.
fn edit(daemon: Daemon, changes: &[&SettingChange]) -> String {
    let mut script = "set -e\n".to_owned();
    for SettingChange { name, value, .. } in changes {
        let name = &name.value;
        let written = match (daemon, value) {
            (Daemon::Postfix, Some(value)) => {
                writeln!(script, "postconf -e {}\n{AGED}", quoted(&format!("{name}={value}")))
            }
            (Daemon::Postfix, None) => writeln!(script, "postconf -X {}\n{AGED}", quoted(name)),
            // the last line of a name counts
            (Daemon::Dovecot, Some(value)) => {
                writeln!(script, "printf '\\n%s\\n' {} >> {}", quoted(&format!("{name} = {value}")), file(daemon))
            }
            (Daemon::Dovecot, None) => {
                writeln!(script, "sed -i {} {}", quoted(&format!("/^[[:space:]]*{name}[[:space:]]*=/d")), file(daemon))
            }
        };
        written.expect("writing to a string");
    }
    script
}

/// Shell commands that make a daemon work with its file; they end when the processes that had the old settings are
/// gone.
fn reload(daemon: Daemon) -> String {
    let (command, processes) = match daemon {
        Daemon::Postfix => ("postfix reload", "smtpd|smtp|tlsmgr|tlsproxy|qmgr|cleanup|pickup"),
        Daemon::Dovecot => ("doveadm reload", "imap-login|pop3-login|managesieve-login|submission-login"),
    };
    format!(
        r#"named() {{ for p in /proc/[0-9]*; do read -r name < "$p/comm" 2>/dev/null || continue
  case "$name" in {processes}) echo "${{p#/proc/}}";; esac; done; }}
old=$(named)
{command} >/dev/null || exit 1
i=0
for pid in $old; do while kill -0 "$pid" 2>/dev/null; do i=$((i+1)); test $i -lt 250 || exit 1; sleep 0.02; done; done
"#
    )
}

/// A word for the shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A line of a daemon without its date and process id.
fn plain(line: &str) -> String {
    let marks = ["warning:", "fatal:", "error:", "Fatal:", "Error:", "Warning:"];
    let at = marks.iter().filter_map(|mark| line.find(mark)).min();
    at.map_or(line, |at| &line[at..]).trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::Spanned;

    fn change(daemon: Daemon, name: &str, value: Option<&str>) -> SettingChange {
        let name = Spanned { value: name.to_owned(), span: 0..0 };
        SettingChange { daemon, name, value: value.map(str::to_owned) }
    }

    #[test]
    fn a_setting_is_one_word_for_the_shell() {
        let evil = change(Daemon::Postfix, "smtpd_banner", Some("it's; rm -rf $HOME"));
        assert_eq!(edit(Daemon::Postfix, &[&evil]), format!("set -e\npostconf -e 'smtpd_banner=it'\\''s; rm -rf $HOME'\n{AGED}\n"));
        let gone = change(Daemon::Dovecot, "ssl_min_protocol", None);
        assert!(edit(Daemon::Dovecot, &[&gone]).contains("sed -i '/^[[:space:]]*ssl_min_protocol"));
    }

    #[test]
    fn a_line_is_told_without_who_said_it() {
        assert_eq!(plain("postconf: warning: /etc/postfix/main.cf: unused parameter: x=y"), "warning: /etc/postfix/main.cf: unused parameter: x=y");
        assert_eq!(plain("doveconf: Fatal: Error in configuration file"), "Fatal: Error in configuration file");
        assert_eq!(plain("  something else "), "something else");
    }
}
