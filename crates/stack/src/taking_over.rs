//! Files of the gateway under test that were saved while the stack stands: taken over into the hosts, their daemons reloaded, or
//! started again where they cannot be.

use crate::{
    Stack, StackError,
    gateway::{EtcFile, Gateway, Host, OwnZone, Service},
    host::SYSLOG,
};
use container::File;
use plan::Daemon;
use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

/// Settings of Postfix that a reload does not take over (postconf(5)), or that its unit prepares before the start.
const OF_A_START: [&str; 8] = [
    "inet_interfaces",
    "inet_protocols",
    "queue_directory",
    "mail_owner",
    "smtp_tls_CAfile",
    "smtp_tls_CApath",
    "smtpd_tls_CAfile",
    "smtpd_tls_CApath",
];
/// Says which of the files that are its arguments have been compiled, and into what.
const COMPILED: &str = "for file; do for made in $file.db $file.lmdb $file.cdb $file.dir ${file%.sieve}.svbin; do \
                        if [ -e $made ]; then echo $file; fi; done; done";

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakenOver {
    /// The gateway works with it. What was done, a sentence each, and how long it took until the daemons served with it.
    Done(Vec<String>, Duration),
    /// A daemon refuses it, in its own words; the gateway works as before.
    Refused(String),
    /// The stack must be brought up anew for it, and why.
    Anew(String),
}

/// What is to be done on one host.
#[derive(Debug, Default)]
struct Work {
    files: Vec<File>,
    /// Commands of `setup` that these files are about.
    commands: Vec<String>,
    reloaded: BTreeSet<Daemon>,
    /// Names of services.
    restarted: BTreeSet<String>,
}

impl Stack {
    /// Takes the gateway directory over as it is now. Nothing else may run meanwhile.
    ///
    /// # Errors
    /// The way to the gateway is broken, or a daemon refuses what is new and does not come back with what was before.
    pub async fn take_over(&mut self, new: Gateway) -> Result<TakenOver, StackError> {
        let old = self.gateway().clone();
        if let Some(why) = beyond(&old, &new) {
            return Ok(TakenOver::Anew(why));
        }
        let mut done = Vec::new();
        if old.zones != new.zones {
            if let Err(why) = self.republish(&old.zones, &new.zones) {
                return Ok(TakenOver::Refused(why.to_string()));
            }
            done.push("its zones are published as they are now".to_owned());
        }
        let mut works = Vec::new();
        for (was, is) in old.hosts.iter().zip(&new.hosts) {
            match self.work(was, is).await? {
                Ok(work) => works.push(work),
                Err(why) => return Ok(TakenOver::Anew(why)),
            }
        }
        let mut took = Duration::ZERO;
        for at in 0..works.len() {
            let failed = match self.act(at, &works[at], false).await? {
                Ok(serving) => {
                    took += serving;
                    None
                }
                Err(why) => Some(why),
            };
            if let Some(why) = failed {
                for (at, work) in works.iter().enumerate().take(at + 1) {
                    let before = Work { files: files(&old.hosts[at], work), ..again(work) };
                    if let Err(lost) = self.act(at, &before, true).await? {
                        let what = format!("it does not come back with the files as they were: {lost}");
                        return Err(StackError::Unfit { gateway: old.name, what });
                    }
                }
                self.republish(&new.zones, &old.zones)?;
                return Ok(TakenOver::Refused(why));
            }
        }
        for (work, host) in works.iter().zip(&new.hosts) {
            done.extend(work.reloaded.iter().map(|daemon| format!("{daemon} on {} was reloaded", host.name)));
            done.extend(work.restarted.iter().map(|service| format!("{service} on {} was started again", host.name)));
        }
        self.probed.forget();
        for (host, plan) in self.admds[0].hosts.iter_mut().zip(&new.hosts) {
            host.plan = plan.clone();
        }
        self.admds[0].gateway = new;
        Ok(TakenOver::Done(done, took))
    }

    /// Publishes zones of the gateway in the place of others of the same names.
    fn republish(&mut self, old: &[OwnZone], new: &[OwnZone]) -> Result<(), StackError> {
        let before = self.published.clone();
        for (was, is) in old.iter().zip(new) {
            for zone in self.published.iter_mut().filter(|zone| zone.origin == was.origin) {
                if let Some(added) = zone.records.strip_prefix(&was.records) {
                    zone.records = format!("{}{added}", is.records);
                }
            }
        }
        // a name has one owner at a time
        self.lease = None;
        match self.dns.publish(self.published.clone()) {
            Ok(lease) => {
                self.lease = Some(lease);
                Ok(())
            }
            Err(why) => {
                self.lease = Some(self.dns.publish(before.clone())?);
                self.published = before;
                Err(why.into())
            }
        }
    }

    /// What a host needs to work with its files as they are now; or why that cannot be told.
    async fn work(&self, was: &Host, is: &Host) -> Result<Result<Work, String>, StackError> {
        let changed: Vec<&EtcFile> = is.etc.iter().filter(|file| !was.etc.contains(file)).collect();
        let mut work = Work::default();
        if changed.is_empty() {
            return Ok(Ok(work));
        }
        let is_made = |file: &&&EtcFile| made(is).contains(&file.path.as_str());
        if let Some(file) = changed.iter().find(is_made) {
            return Ok(Err(format!("the run's own file lies at {}", file.path)));
        }
        work.files = changed.iter().map(|file| uploaded(file)).collect();
        let is_about = |command: &&String| changed.iter().any(|file| is_about(command, &file.path));
        work.commands = is.setup.iter().filter(is_about).cloned().collect();
        let loose = changed.iter().filter(|file| !file.path.ends_with(".conf") && !file.path.ends_with(".cf"));
        let loose: Vec<&str> = loose
            .map(|file| file.path.as_str())
            .filter(|path| !work.commands.iter().any(|command| self::is_about(command, path)))
            .collect();
        let running = self.admds[0].hosts.iter().find(|host| host.plan.name == is.name);
        let container = &running.expect("every host of a gateway runs").container;
        if !loose.is_empty() {
            let compiled = container.exec(&[&["sh", "-c", COMPILED, "sh"], loose.as_slice()].concat()).await?;
            if let Some(path) = compiled.stdout.lines().next() {
                return Ok(Err(format!("{path} is compiled, and no command of `setup` names it")));
            }
        }
        for file in &changed {
            let its: Vec<&Service> = is.services.iter().filter(|service| reads(service, &file.path)).collect();
            let all = || is.services.iter().collect();
            for service in if its.is_empty() { all() } else { its } {
                match daemon(service) {
                    Some(daemon) if !is_of_a_start(was, file) => drop(work.reloaded.insert(daemon)),
                    _ => drop(work.restarted.insert(service.name.clone())),
                }
            }
        }
        for service in &is.services {
            if work.restarted.contains(&service.name)
                && let Some(daemon) = daemon(service)
            {
                work.reloaded.remove(&daemon);
            }
        }
        Ok(Ok(work))
    }

    /// Puts the files in, and waits until the daemons work with them, and tells how long they took; else what they say.
    async fn act(&self, at: usize, work: &Work, has_failed: bool) -> Result<Result<Duration, String>, StackError> {
        if work.files.is_empty() {
            return Ok(Ok(Duration::ZERO));
        }
        let host = &self.admds[0].hosts[at];
        host.container.upload(work.files.clone()).await?;
        if !work.commands.is_empty() {
            let done = host.container.exec(&["sh", "-eux", "-c", &work.commands.join("\n")]).await?;
            if done.code != 0 {
                return Ok(Err(format!("a command of `setup` ended with exit {}:\n{}", done.code, done.stderr)));
            }
        }
        self.mailboxes.close().await;
        let mut took = Duration::ZERO;
        for daemon in &work.reloaded {
            match self.reload(host, *daemon, has_failed).await? {
                Ok(serving) => took += serving,
                Err(why) => return Ok(Err(why)),
            }
        }
        for name in &work.restarted {
            let begun = Instant::now();
            match host.restart(name, |port| self.greets(host, port)).await {
                Ok(()) => took += begun.elapsed(),
                Err(why @ (StackError::DidNotStart { .. } | StackError::NotReady { .. })) => {
                    return Ok(Err(why.to_string()));
                }
                Err(why) => return Err(why),
            }
        }
        Ok(Ok(took))
    }

    async fn reload(
        &self,
        host: &crate::Host,
        daemon: Daemon,
        has_failed: bool,
    ) -> Result<Result<Duration, String>, StackError> {
        if let Err(said) = self.checked(host, daemon).await? {
            return Ok(Err(said.join("\n")));
        }
        let begun = Instant::now();
        let words = ["reload-daemon", daemon.as_str(), SYSLOG, "unthrottle"];
        let reloaded = host.container.exec(&words[..if has_failed { 4 } else { 3 }]).await?;
        if reloaded.code != 0 {
            return Ok(Err(reloaded.stderr.trim_end().to_owned()));
        }
        Ok(self.works(host, daemon).await?.map(|()| begun.elapsed()))
    }
}

/// The files of a host that a piece of work replaces, as they are there.
fn files(host: &Host, work: &Work) -> Vec<File> {
    let is_replaced = |file: &&EtcFile| work.files.iter().any(|new| new.path == file.path);
    host.etc.iter().filter(is_replaced).map(uploaded).collect()
}

/// The same once more, but for the files.
fn again(work: &Work) -> Work {
    let (commands, reloaded, restarted) = (work.commands.clone(), work.reloaded.clone(), work.restarted.clone());
    Work { files: Vec::new(), commands, reloaded, restarted }
}

fn uploaded(file: &EtcFile) -> File {
    File { mode: file.mode, ..File::new(&file.path, file.contents.clone()) }
}

/// Why what is new is more than other contents of zones and files, if it is.
fn beyond(old: &Gateway, new: &Gateway) -> Option<String> {
    let frame = |gateway: &Gateway| {
        let mut frame = gateway.clone();
        frame.zones.iter_mut().for_each(|zone| zone.records.clear());
        frame.hosts.iter_mut().for_each(|host| host.etc.clear());
        frame
    };
    if frame(old) != frame(new) {
        return Some("gateway.toml says something else than before, beyond its zones".to_owned());
    }
    let hosts = old.hosts.iter().zip(&new.hosts);
    let gone = hosts.flat_map(|(was, is)| was.etc.iter().filter(|old| !is.etc.iter().any(|new| new.path == old.path)));
    gone.map(|file| format!("{} is gone, and what the package has in its place is there only then", file.path)).next()
}

/// Paths at which the run has files of its own.
fn made(host: &Host) -> Vec<&str> {
    let certificate = host.certificate.iter().flat_map(|place| [place.chain.as_str(), place.key.as_str()]);
    let dkim = host.dkim.iter().map(|place| place.path.as_str());
    certificate.chain(host.roots.iter().map(String::as_str)).chain(dkim).collect()
}

/// Whether a command names a file, a directory in which it lies, or a pattern of its name.
fn is_about(command: &str, path: &str) -> bool {
    if path == "/etc/aliases" && command.contains("newaliases") {
        return true;
    }
    let mut words = command.split(|c: char| c.is_whitespace() || "\"'`;&|()<>=".contains(c));
    words.any(|word| {
        let word = word.split_once(':').map_or(word, |(_, behind)| behind);
        let (fixed, is_pattern) = word.split_once('*').map_or((word, false), |(fixed, _)| (fixed, true));
        let fixed = if is_pattern { fixed } else { fixed.trim_end_matches('/') };
        let Some(behind) = path.strip_prefix(fixed) else { return false };
        fixed.len() > "/etc/".len() && (is_pattern || behind.is_empty() || behind.starts_with('/'))
    })
}

/// Whether a service reads a file: it is named on its command line, or lies in /etc under a name that the service or its program
/// begins with, or that begins with it.
fn reads(service: &Service, path: &str) -> bool {
    if service.command.iter().any(|word| word.contains(path)) {
        return true;
    }
    let name = path.strip_prefix("/etc/").unwrap_or(path).split('/').next().unwrap_or_default();
    let name = name.split('.').next().unwrap_or_default();
    let programs = service.command.iter().map(|word| word.rsplit('/').next().unwrap_or_default());
    let mut known = [service.name.as_str()].into_iter().chain(programs).filter(|known| known.len() > 3);
    name.len() > 3 && known.any(|known| known.starts_with(name) || name.starts_with(known))
}

/// The daemon that a service is, if it is one that can be reloaded.
fn daemon(service: &Service) -> Option<Daemon> {
    let is_its = |daemon: &Daemon| {
        let program = daemon.as_str();
        service.command.iter().any(|word| word.rsplit('/').next() == Some(program))
    };
    Daemon::ALL.into_iter().find(is_its)
}

/// Whether a file has other settings of Postfix than before that only a start takes over.
fn is_of_a_start(was: &Host, file: &EtcFile) -> bool {
    let settings = |file: &EtcFile| -> Vec<(String, String)> {
        let lines = explain::lines(Daemon::Postfix, &file.path, &String::from_utf8_lossy(&file.contents));
        let lines = lines.into_iter().filter(|line| OF_A_START.contains(&line.parameter().as_str()));
        lines.map(|line| (line.name, line.value)).collect()
    };
    let old = was.etc.iter().find(|old| old.path == file.path);
    old.map(settings).unwrap_or_default() != settings(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gateway::Ready;

    fn service(command: &[&str]) -> Service {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        let name = command[0].clone();
        Service { name, command, ready: Ready::Listening(1), restart: None, ports: Vec::new() }
    }

    #[test]
    fn a_service_is_known_by_the_files_that_it_reads() {
        let reads = |command: &[&str], path: &str| reads(&service(command), path);
        for (command, path) in [
            (&["postfix", "start-fg"][..], "/etc/postfix/main.cf"),
            (&["postfix", "start-fg"], "/etc/postfix-policyd-spf-python/policyd-spf.conf"),
            (&["opendkim", "-f"], "/etc/opendkim.conf"),
            (&["setpriv", "mta-sts-daemon", "--config", "/etc/mta-sts-daemon.yml"], "/etc/mta-sts-daemon.yml"),
            (&["tlsrpt-collectd"], "/etc/tlsrpt/collectd.cfg"),
        ] {
            assert!(reads(command, path), "{command:?} {path}");
        }
        assert!(!reads(&["postfix", "start-fg"], "/etc/opendkim.conf"));
        assert!(!reads(&["opendkim", "-f"], "/etc/opendmarc.conf"));
        assert!(!reads(&["dovecot", "-F"], "/etc/mailname"));
    }

    #[test]
    fn a_command_of_setup_is_about_the_files_that_it_names() {
        for (command, path) in [
            ("postmap /etc/postfix/vmailbox", "/etc/postfix/vmailbox"),
            ("postmap hash:/etc/postfix/vmailbox", "/etc/postfix/vmailbox"),
            ("echo Nameservers 203.0.113.53 >> /etc/opendkim.conf", "/etc/opendkim.conf"),
            ("chown -R opendkim /etc/opendkim/", "/etc/opendkim/keys/x"),
            ("for map in /etc/postfix/maps/*; do postmap $map; done", "/etc/postfix/maps/transport"),
            ("newaliases", "/etc/aliases"),
        ] {
            assert!(is_about(command, path), "{command} {path}");
        }
        for (command, path) in [
            ("postmap /etc/postfix/vmailbox", "/etc/postfix/main.cf"),
            ("postmap /etc/postfix/vmailbox", "/etc/postfix/vmailbox2"),
            ("cp -r /etc /backup", "/etc/mailname"),
            ("openssl rehash /etc/ssl/certs", "/etc/postfix/main.cf"),
        ] {
            assert!(!is_about(command, path), "{command} {path}");
        }
    }
}
