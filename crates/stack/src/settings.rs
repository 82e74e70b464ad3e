//! Settings of the gateway under test that a scenario changes while it runs alone, and changes back.

use crate::{Host, Stack, StackError, host::SYSLOG};
use container::File;
use evidence::Setting;
use futures_util::future::try_join_all;
use plan::{Daemon, SettingChange};
use std::{collections::BTreeMap, time::Duration};
use tokio::time::timeout;

/// How long a daemon may take until it works with other settings.
const RELOADING: Duration = Duration::from_secs(10);
/// Lines of log in which a daemon may say why it does not work.
const SHOWN: usize = 50;

/// Settings that are changed; [`Stack::restore`] changes them back.
#[derive(Debug)]
#[must_use = "the gateway stays changed until it is restored"]
pub struct Changed {
    /// The files in which each daemon's settings stand, as they were.
    originals: BTreeMap<Daemon, Vec<File>>,
    /// What each daemon says of its new settings.
    pub settings: Vec<Setting>,
}

/// Tells every setting of Postfix and of Dovecot, its default or not, with other settings put in their places in it and with what is secret,
/// and every service of Postfix.
const EFFECTIVE: &str = "if command -v postconf; then postconf -x | grep -v '^process_id ='; postconf -M; postconf -xP; fi; \
    if command -v doveconf; then doveconf -aP; fi";

impl Stack {
    /// All settings of Postfix and Dovecot, as these tell them themselves, on each host of the gateway under test.
    ///
    /// # Errors
    /// The engine's word.
    pub async fn effective_settings(&self) -> Result<Vec<String>, StackError> {
        let hosts = &self.admds[0].hosts;
        let told = hosts.iter().map(|host| async { host.container.exec(&["sh", "-c", EFFECTIVE]).await });
        Ok(try_join_all(told).await?.into_iter().map(|told| told.stdout).collect())
    }

    /// Changes settings, and waits until the daemons work with them or refuse them. A daemon that refuses, or does not
    /// work with them, goes on with its old ones.
    ///
    /// # Errors
    /// The way to the gateway is broken, it has no such daemon, or a daemon does not come back with its old settings.
    pub async fn change_settings(&self, changes: &[SettingChange]) -> Result<Changed, StackError> {
        let mut changed = Changed { originals: BTreeMap::new(), settings: Vec::new() };
        for daemon in Daemon::ALL {
            let its: Vec<&SettingChange> = changes.iter().filter(|change| change.daemon == daemon).collect();
            if its.is_empty() {
                continue;
            }
            let files = self.host_of(daemon)?.container.read_files(daemon.directory()).await;
            let mut originals = match files {
                Ok(files) => files,
                Err(error) => {
                    self.restore(changed).await?;
                    return Err(error.into());
                }
            };
            originals.retain(|file| has_settings(daemon, &file.path));
            changed.originals.insert(daemon, originals.clone());
            match self.change(daemon, &its, &originals).await {
                Ok((is_taken, said)) => changed.settings.extend(its.into_iter().map(|change| Setting {
                    daemon: daemon.as_str().to_owned(),
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
        for (daemon, originals) in changed.originals {
            self.put_back(daemon, originals).await?;
        }
        Ok(())
    }

    async fn put_back(&self, daemon: Daemon, originals: Vec<File>) -> Result<(), StackError> {
        let host = self.host_of(daemon)?;
        self.mailboxes.close().await;
        host.container.upload(originals).await?;
        let reloaded = host.container.exec(&["reload-daemon", daemon.as_str(), SYSLOG, "unthrottle"]).await?;
        if reloaded.code != 0 {
            return Err(self.lost(daemon, &format!("cannot be reloaded: {}", reloaded.stderr.trim_end())));
        }
        match self.works(host, daemon).await? {
            Ok(()) => Ok(()),
            Err(why) => Err(self.lost(daemon, &format!("did not come back with its own settings: {why}"))),
        }
    }

    fn lost(&self, daemon: Daemon, what: &str) -> StackError {
        StackError::Unfit { gateway: self.gateway().name.clone(), what: format!("{daemon} {what}") }
    }

    /// Whether the daemon takes the settings, and what it says of them.
    async fn change(
        &self,
        daemon: Daemon,
        changes: &[&SettingChange],
        originals: &[File],
    ) -> Result<(bool, Vec<String>), StackError> {
        let host = self.host_of(daemon)?;
        let edited = match edit(daemon, changes, originals) {
            Ok(edited) => edited,
            Err(why) => return Ok((false, vec![why])),
        };
        host.container.upload(edited).await?;
        let mut said = match self.checked(host, daemon).await? {
            Ok(said) => said,
            Err(said) => {
                // processes that start now read the file as well
                host.container.upload(originals.to_vec()).await?;
                return Ok((false, said));
            }
        };
        self.mailboxes.close().await;
        let reloaded = host.container.exec(&["reload-daemon", daemon.as_str(), SYSLOG]).await?;
        if reloaded.code != 0 {
            said.extend(lines(&reloaded.stderr));
            self.put_back(daemon, originals.to_vec()).await?;
            return Ok((false, said));
        }
        let Err(why) = self.works(host, daemon).await? else { return Ok((true, said)) };
        said.extend(lines(&why));
        self.put_back(daemon, originals.to_vec()).await?;
        Ok((false, said))
    }

    /// What a daemon's own check says of its files as they are now, and whether it takes them.
    pub(crate) async fn checked(
        &self,
        host: &Host,
        daemon: Daemon,
    ) -> Result<Result<Vec<String>, Vec<String>>, StackError> {
        let check: &[&str] = match daemon {
            Daemon::Postfix => &["postconf", "-n"],
            // with the files that settings name
            Daemon::Dovecot => &["doveconf", "-nx"],
        };
        let checked = host.container.exec(check).await?;
        let said = lines(&checked.stderr);
        Ok(if checked.code == 0 { Ok(said) } else { Err(said) })
    }

    /// Waits until a daemon serves; else what it says of the reason.
    pub(crate) async fn works(&self, host: &Host, daemon: Daemon) -> Result<Result<(), String>, StackError> {
        let service =
            host.plan.services.iter().find(|s| s.name == daemon.as_str() || s.command[0].ends_with(daemon.as_str()));
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

/// Whether settings stand in this file. Dovecot's main file includes others.
fn has_settings(daemon: Daemon, path: &str) -> bool {
    let name = path.strip_prefix(daemon.directory()).unwrap_or_default();
    match daemon {
        Daemon::Postfix => ["/main.cf", "/master.cf"].contains(&name),
        Daemon::Dovecot => name.ends_with(".conf"),
    }
}

/// The files that are other ones with these changes; or why a change cannot be made.
fn edit(daemon: Daemon, changes: &[&SettingChange], originals: &[File]) -> Result<Vec<File>, String> {
    let text = |file: &File| String::from_utf8_lossy(&file.contents).into_owned();
    let mut texts: Vec<String> = originals.iter().map(text).collect();
    for SettingChange { name, value, .. } in changes {
        let (name, value) = (name.value.as_str(), value.as_deref());
        let main = format!("{}/{}", daemon.directory(), daemon.file_of(name));
        let mut files = originals.iter().zip(&mut texts);
        match (daemon, value) {
            // a setting may stand in any file that the main one includes
            (Daemon::Dovecot, None) => {
                files.for_each(|(_, text)| *text = explain::without_dovecot_setting(text, name));
                continue;
            }
            _ => {
                let (_, text) =
                    files.find(|(file, _)| file.path == main).ok_or_else(|| format!("there is no {main}"))?;
                *text = match daemon {
                    Daemon::Dovecot => explain::with_dovecot_setting(text, name, value.unwrap_or_default()),
                    Daemon::Postfix if name.contains('/') => explain::set_service_parameter(text, name, value)
                        .ok_or_else(|| format!("{main} has no service for {name}"))?,
                    Daemon::Postfix => explain::set_main_parameter(text, name, value),
                };
            }
        }
    }
    let changed = originals.iter().zip(texts).filter(|(file, new)| text(file) != *new);
    Ok(changed.map(|(file, text)| File { contents: text.into_bytes(), ..file.clone() }).collect())
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

    /// The files that are changed, with their texts.
    fn edited(changes: &[&SettingChange], files: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        let files: Vec<File> = files.iter().map(|(path, text)| File::new(*path, *text)).collect();
        let edited = edit(changes[0].daemon, changes, &files)?;
        Ok(edited.into_iter().map(|file| (file.path, String::from_utf8(file.contents).unwrap())).collect())
    }

    #[test]
    fn only_the_file_in_which_a_setting_stands_is_written() {
        let files = [("/etc/postfix/main.cf", "a = 1\n"), ("/etc/postfix/master.cf", "smtp inet n - n - - smtpd\n")];
        let evil = change(Daemon::Postfix, "smtpd_banner", Some("it's; rm -rf $HOME"));
        let main = ("/etc/postfix/main.cf".to_owned(), "a = 1\nsmtpd_banner = it's; rm -rf $HOME\n".to_owned());
        assert_eq!(edited(&[&evil], &files).unwrap(), [main]);
        let service = change(Daemon::Postfix, "smtp/inet/a", Some("2"));
        assert_eq!(edited(&[&service], &files).unwrap()[0].0, "/etc/postfix/master.cf");
        let unknown = change(Daemon::Postfix, "smtps/inet/a", Some("2"));
        assert_eq!(edited(&[&unknown], &files).unwrap_err(), "/etc/postfix/master.cf has no service for smtps/inet/a");
        assert_eq!(edited(&[&change(Daemon::Postfix, "b", None)], &files).unwrap(), []);
    }

    #[test]
    fn a_setting_of_dovecot_is_taken_out_of_every_file() {
        let files = [
            ("/etc/dovecot/dovecot.conf", "ssl = no\n!include conf.d/*.conf\n"),
            ("/etc/dovecot/conf.d/a.conf", "ssl = yes\n"),
        ];
        let gone = edited(&[&change(Daemon::Dovecot, "ssl", None)], &files).unwrap();
        let texts: Vec<&str> = gone.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["!include conf.d/*.conf\n", ""]);
        let set = edited(&[&change(Daemon::Dovecot, "ssl", Some("required"))], &files).unwrap();
        assert_eq!(set.len(), 1);
        assert!(set[0].1.ends_with("\nssl = required\n"));
    }

    #[test]
    fn the_files_of_a_daemon_are_known() {
        assert!(has_settings(Daemon::Postfix, "/etc/postfix/main.cf"));
        assert!(!has_settings(Daemon::Postfix, "/etc/postfix/sub/main.cf"));
        assert!(has_settings(Daemon::Dovecot, "/etc/dovecot/conf.d/10-ssl.conf"));
        assert!(!has_settings(Daemon::Dovecot, "/etc/dovecot/dh.pem"));
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
