//! Settings of the gateway under test that a scenario changes while it runs alone, and changes back.

use crate::{Host, Stack, StackError, host::SYSLOG};
use evidence::Setting;
use plan::{Daemon, SettingChange, setting_path};
use std::{collections::BTreeSet, fmt::Write, time::Duration};
use tokio::time::timeout;

/// How long a daemon may take until it works with other settings.
const RELOADING: Duration = Duration::from_secs(10);
/// Lines of log in which a daemon may say why it does not work.
const SHOWN: usize = 50;
/// Every program of Postfix waits two seconds for a main.cf that was just written, unless it looks old.
const AGED: &str = "touch -d 2000-01-01 /etc/postfix/main.cf";
/// Where Postfix has its services.
const MASTER: &str = "/etc/postfix/master.cf";
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
    /// Changes settings, and waits until the daemons work with them or refuse them. A daemon that refuses, or does not
    /// work with them, goes on with its old ones.
    ///
    /// # Errors
    /// The way to the gateway is broken, it has no such daemon, or a daemon does not come back with its old settings.
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
            self.put_back(daemon).await?;
        }
        Ok(())
    }

    async fn put_back(&self, daemon: Daemon) -> Result<(), StackError> {
        let host = self.host_of(daemon)?;
        self.mailboxes.close().await;
        let script = format!("{}{}{}", originals_back(daemon), unthrottle(daemon), reload(daemon));
        let reloaded = run(host, &script).await?;
        if reloaded.0 != 0 {
            return Err(self.lost(daemon, &format!("cannot be reloaded: {}", reloaded.1.trim_end())));
        }
        match self.works(host, daemon).await? {
            Ok(()) => Ok(()),
            Err(why) => Err(self.lost(daemon, &format!("did not come back with its own settings: {why}"))),
        }
    }

    fn lost(&self, daemon: Daemon, what: &str) -> StackError {
        StackError::Unfit { gateway: self.gateway().name.clone(), what: format!("{} {what}", word(daemon)) }
    }

    /// Whether the daemon takes the settings, and what it says of them.
    async fn change(&self, daemon: Daemon, changes: &[&SettingChange]) -> Result<(bool, Vec<String>), StackError> {
        let host = self.host_of(daemon)?;
        let script = format!("set -e\n{}{}{}\n", originals(daemon), edit(daemon, changes), check(daemon));
        let edited = run(host, &script).await?;
        let mut said = lines(&edited.1);
        if edited.0 != 0 {
            // processes that start now read the file as well
            run(host, &originals_back(daemon)).await?;
            return Ok((false, said));
        }
        self.mailboxes.close().await;
        let reloaded = run(host, &reload(daemon)).await?;
        if reloaded.0 != 0 {
            said.extend(lines(&reloaded.1));
            self.put_back(daemon).await?;
            return Ok((false, said));
        }
        let Err(why) = self.works(host, daemon).await? else { return Ok((true, said)) };
        said.extend(lines(&why));
        self.put_back(daemon).await?;
        Ok((false, said))
    }

    /// Waits until a daemon serves; else what it says of the reason.
    async fn works(&self, host: &Host, daemon: Daemon) -> Result<Result<(), String>, StackError> {
        let service =
            host.plan.services.iter().find(|s| s.name == word(daemon) || s.command[0].ends_with(word(daemon)));
        let Some(service) = service else { return Ok(Ok(())) };
        let ready = host.ready(service, |port| self.greets(host, port));
        if let Ok(ready) = timeout(RELOADING, ready).await {
            return ready.map(Ok);
        }
        let bad = |line: &String| ["fatal:", "panic:", "Fatal:", "Panic:"].iter().any(|mark| line.contains(mark));
        let log = self.logs.tail(host.name(), SHOWN).into_iter().filter(bad).collect::<Vec<_>>();
        let log = lines(&log.join("\n")).join("\n");
        let seconds = RELOADING.as_secs();
        Ok(Err(if log.is_empty() { format!("it did not serve within {seconds} s") } else { log }))
    }
}

/// What a daemon said, each line once.
fn lines(text: &str) -> Vec<String> {
    let mut said = Vec::new();
    for line in text.lines().map(plain) {
        if !line.is_empty() && !said.contains(&line) {
            said.push(line);
        }
    }
    said
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

/// A shell command that names the files in which a daemon's settings stand. Dovecot's main file includes others.
const fn files(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Postfix => "echo /etc/postfix/main.cf /etc/postfix/master.cf",
        Daemon::Dovecot => "find /etc/dovecot -name '*.conf'",
    }
}

/// Shell commands that keep the files as they are now, and how long the log is.
fn originals(daemon: Daemon) -> String {
    format!("for f in $({}); do cp -p $f $f.{BEFORE}; done\nwc -c < {SYSLOG} > /run/{BEFORE}.log\n", files(daemon))
}

/// Shell commands that put what was kept back; nothing if nothing was.
fn originals_back(daemon: Daemon) -> String {
    format!("for f in $({}); do test ! -e $f.{BEFORE} || mv $f.{BEFORE} $f; done\n", files(daemon))
}

/// Shell commands for a daemon of which a program died with the changed settings. Postfix starts such a program again
/// after a minute at the soonest, whatever its settings are by then; it forgets that with the service.
fn unthrottle(daemon: Daemon) -> String {
    match daemon {
        Daemon::Dovecot => String::new(),
        Daemon::Postfix => format!(
            "if tail -c +$(($(cat /run/{BEFORE}.log) + 1)) {SYSLOG} | grep -q -e '-- throttling'; then\n\
             f=/etc/postfix/master.cf; cp -p $f $f.{BEFORE}; : > $f; postfix reload; mv $f.{BEFORE} $f\nfi\n"
        ),
    }
}

const fn check(daemon: Daemon) -> &'static str {
    match daemon {
        Daemon::Postfix => "postconf -n > /dev/null",
        // with the files that settings name
        Daemon::Dovecot => "doveconf -nx > /dev/null",
    }
}

/// An awk program: a file of Dovecot without the setting `NAME`, which has the path of its blocks before its name. It reads
/// a file as `explain` does: a comment begins outside of quotes, a line goes on behind a backslash.
const WITHOUT: &str = r##"BEGIN { name = ENVIRON["NAME"] }
{ raw = raw $0 "\n"; code = $0 }
{ match(code, /^([^"'#]|"([^"\\]|\\.)*"|'([^'\\]|\\.)*')*/) }
substr(code, RLENGTH + 1, 1) == "#" { code = substr(code, 1, RLENGTH) }
{ gsub(/^[ \t]+|[ \t]+$/, "", code) }
code == "" && joined != "" { next }
{ joined = joined code }
sub(/[ \t]*\\$/, " ", joined) { next }
joined ~ /^[^ \t=]+[ \t]*=/ { key = joined; sub(/[ \t]*=.*/, "", key); if (path[depth] key == name) raw = "" }
joined ~ /[{]$/ && joined !~ /^[^ \t=]+[ \t]*=/ {
  sub(/[ \t]*[{]$/, "", joined); gsub(/"/, "", joined); gsub(/[ \t]+/, " ", joined)
  path[depth + 1] = path[depth] joined "/"; depth++ }
joined == "}" && depth > 0 { depth-- }
{ printf "%s", raw; raw = joined = "" }
END { printf "%s", raw }"##;

/// Shell commands that change a daemon's file.
fn edit(daemon: Daemon, changes: &[&SettingChange]) -> String {
    let mut script = String::new();
    for SettingChange { name, value, .. } in changes {
        let name = &name.value;
        let assigned = |value: &String| quoted(&format!("{name}={value}"));
        let written = match (daemon, value) {
            // a service in master.cf has it; postconf cannot read `-oname=value`, which daemons can
            (Daemon::Postfix, value) if name.contains('/') => {
                let change =
                    value.as_ref().map_or_else(|| format!("-PX {}", quoted(name)), |v| format!("-P {}", assigned(v)));
                writeln!(
                    script,
                    "sed -i -E '/^#/! s/([ \\t])-o([a-z][a-z0-9_]*=)/\\1-o \\2/g' {MASTER}\npostconf {change}"
                )
            }
            (Daemon::Postfix, Some(value)) => writeln!(script, "postconf -e {}\n{AGED}", assigned(value)),
            (Daemon::Postfix, None) => writeln!(script, "postconf -X {}\n{AGED}", quoted(name)),
            // the last line of a name counts
            (Daemon::Dovecot, Some(value)) => {
                writeln!(script, "printf '\\n%s\\n' {} >> {}", quoted(&in_blocks(name, value)), file(daemon))
            }
            // what stands in other braces, or in none, has its last name in common only
            (Daemon::Dovecot, None) => writeln!(
                script,
                "for f in $({}); do NAME={} awk {} $f > /run/{BEFORE}; cat /run/{BEFORE} > $f; done",
                files(daemon),
                quoted(name),
                quoted(WITHOUT),
            ),
        };
        written.expect("writing to a string");
    }
    script
}

/// A setting of Dovecot in its blocks: `protocol imap/ssl` is `ssl` in `protocol imap { }`. A path without names of blocks is
/// Dovecot's own way to write one.
fn in_blocks(name: &str, value: &str) -> String {
    let (blocks, own) = if name.contains(' ') { setting_path(name) } else { (Vec::new(), name) };
    let heads = blocks.iter().map(|block| match block.split_once(' ') {
        Some((kind, name)) if name.contains(' ') => format!("{kind} \"{name}\" {{\n"),
        _ => format!("{block} {{\n"),
    });
    format!("{}{own} = {value}\n{}", heads.collect::<String>(), "}\n".repeat(blocks.len()))
}

/// Shell commands that make a daemon work with its files; they end when the processes that had the old settings are
/// gone, or have been busy for too long. They fail if the daemon does not do it; Dovecot says so in its log alone.
fn reload(daemon: Daemon) -> String {
    let (command, processes) = match daemon {
        Daemon::Postfix => ("postfix reload", "smtpd|smtp|tlsmgr|tlsproxy|qmgr|cleanup|pickup"),
        Daemon::Dovecot => ("doveadm reload", "imap-login|pop3-login|managesieve-login|submission-login"),
    };
    format!(
        r#"named() {{ for p in /proc/[0-9]*; do read -r name < "$p/comm" 2>/dev/null || continue
  case "$name" in {processes}) echo "${{p#/proc/}}";; esac; done; }}
old=$(named)
at=$(wc -c < {SYSLOG})
{command} >/dev/null || exit 1
i=0
for pid in $old; do while kill -0 "$pid" 2>/dev/null; do i=$((i+1)); test $i -lt 250 || break 2; sleep 0.02; done; done
! tail -c +$((at + 1)) {SYSLOG} | grep 'Failed to read configuration' >&2
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
    use plan::Spanned;

    fn change(daemon: Daemon, name: &str, value: Option<&str>) -> SettingChange {
        let name = Spanned { value: name.to_owned(), span: 0..0 };
        SettingChange { daemon, name, value: value.map(str::to_owned) }
    }

    #[test]
    fn a_setting_is_one_word_for_the_shell() {
        let evil = change(Daemon::Postfix, "smtpd_banner", Some("it's; rm -rf $HOME"));
        assert_eq!(
            edit(Daemon::Postfix, &[&evil]),
            format!("postconf -e 'smtpd_banner=it'\\''s; rm -rf $HOME'\n{AGED}\n")
        );
        let gone = change(Daemon::Dovecot, "ssl_min_protocol", None);
        assert!(edit(Daemon::Dovecot, &[&gone]).contains("NAME='ssl_min_protocol' awk"));
    }

    #[test]
    fn a_setting_of_a_service_is_changed_where_it_stands() {
        let name = "submissions/inet/smtpd_tls_wrappermode";
        let (set, gone) = (change(Daemon::Postfix, name, Some("no")), change(Daemon::Postfix, name, None));
        assert!(edit(Daemon::Postfix, &[&set]).ends_with(&format!("\npostconf -P '{name}=no'\n")));
        assert!(edit(Daemon::Postfix, &[&gone]).ends_with(&format!("\npostconf -PX '{name}'\n")));
    }

    #[test]
    fn a_setting_of_dovecot_is_set_in_its_blocks() {
        assert_eq!(in_blocks("ssl", "no"), "ssl = no\n");
        assert_eq!(
            in_blocks("service imap-login/inet_listener imaps/ssl", "no"),
            "service imap-login {\ninet_listener imaps {\nssl = no\n}\n}\n"
        );
        assert_eq!(in_blocks("local 192.0.2.0/24/ssl", "no"), "local 192.0.2.0/24 {\nssl = no\n}\n");
        assert_eq!(in_blocks("mailbox Sent Mail/auto", "no"), "mailbox \"Sent Mail\" {\nauto = no\n}\n");
        assert_eq!(in_blocks("protocol/imap/ssl", "no"), "protocol/imap/ssl = no\n");
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the program is for awk, so awk shows what it does")]
    fn exactly_one_setting_of_dovecot_is_taken_out() {
        const FILE: &str = "# ssl = x {\nssl = yes # why\nservice imap-login {\n  inet_listener \"imaps\" { # a {\n    ssl = yes\n  }\n\n\
                            \tinet_listener  pop3s {\n    ssl=yes\n  }\n}\na = {\nb = 'x # {' # }\nc = A: \\\n  !B\nlocal 192.0.2.0/24 {\n  \
                            ssl = no\n}\nend = 1\n";
        let without = |name: &str| {
            let mut awk = std::process::Command::new("awk");
            let mut awk = awk.env("NAME", name).arg(WITHOUT).stdin(std::process::Stdio::piped());
            awk = awk.stdout(std::process::Stdio::piped());
            let mut awk = awk.spawn().unwrap();
            std::io::Write::write_all(&mut awk.stdin.take().unwrap(), FILE.as_bytes()).unwrap();
            String::from_utf8(awk.wait_with_output().unwrap().stdout).unwrap()
        };
        for (name, gone) in [
            ("ssl", "ssl = yes # why\n"),
            ("service imap-login/inet_listener imaps/ssl", "    ssl = yes\n"),
            ("service imap-login/inet_listener pop3s/ssl", "    ssl=yes\n"),
            ("local 192.0.2.0/24/ssl", "  ssl = no\n"),
            ("a", "a = {\n"),
            ("b", "b = 'x # {' # }\n"),
            ("c", "c = A: \\\n  !B\n"),
            ("end", "end = 1\n"),
            ("imaps/ssl", ""),
            ("service imap-login/ssl", ""),
        ] {
            assert_eq!(without(name), FILE.replacen(gone, "", 1), "{name}");
        }
    }

    #[test]
    fn a_line_is_told_without_who_said_it() {
        assert_eq!(
            plain("postconf: warning: /etc/postfix/main.cf: unused parameter: x=y"),
            "warning: /etc/postfix/main.cf: unused parameter: x=y"
        );
        assert_eq!(plain("doveconf: Fatal: Error in configuration file"), "Fatal: Error in configuration file");
        assert_eq!(plain("  something else "), "something else");
    }
}
