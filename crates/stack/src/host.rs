//! One host of a gateway, running: its container, its log, its services.

use crate::{
    Logs, StackError,
    gateway::{self, Ready, Service},
    services::{Afterwards, Died, Services},
};
use container::Container;
use std::time::Duration;
use tokio::time::{Instant, interval, timeout_at};

/// How long a service may take until it is ready. On a busy machine rspamd needs half of that.
const START: Duration = Duration::from_secs(60);
/// Lines of log that an error shows.
const SHOWN: usize = 25;
/// File with everything that the host logged, for `stack logs`.
pub(crate) const SYSLOG: &str = "/run/syslog";
/// Ends what the collector read at one time.
const END_OF_BATCH: &str = "\t";

/// What the distribution does for Postfix before the start: its unit makes the files of the chroot, and its package, which starts it
/// once when it is installed, the directories of the queue, in which others have sockets.
const OF_UNITS: &str = "if [ -x /usr/sbin/postfix ] && [ ! -d /var/spool/postfix/private ]; then postfix check || :; fi
prepare=/usr/lib/postfix/configure-instance.sh
if grep -qs ExecStartPre=$prepare /usr/lib/systemd/system/postfix@.service; then $prepare -; fi";

/// A host whose container runs.
#[derive(Debug)]
pub struct Host {
    /// What the gateway's directory says of it.
    pub(crate) plan: gateway::Host,
    pub(crate) container: Container,
    logs: Logs,
    services: Services,
}

impl Host {
    pub(crate) fn new(plan: gateway::Host, container: Container, logs: Logs) -> Self {
        let services = Services::new(plan.name.as_str(), container.clone(), logs.clone());
        Self { plan, container, logs, services }
    }

    /// Its name on the pretend Internet.
    #[must_use]
    pub fn name(&self) -> &str {
        self.plan.name.as_str()
    }

    /// Runs the harness's own preparations, then those of `gateway.toml` and of the units, in one shell; the first that fails ends it.
    pub(crate) async fn prepare(&self, preparations: &str) -> Result<(), StackError> {
        let commands = format!("{preparations}{}\n{OF_UNITS}\n", self.plan.setup.join("\n"));
        let done = self.container.exec(&["sh", "-eux", "-c", &commands]).await?;
        if done.code == 0 {
            return Ok(());
        }
        let text = format!("{}{}", done.stdout, done.stderr);
        let lines: Vec<&str> = text.lines().collect();
        let output = lines[lines.len().saturating_sub(SHOWN)..].join("\n");
        Err(StackError::Setup { host: self.name().to_owned(), code: done.code, output })
    }

    /// Starts the collector of the log, then all services at the same time.
    pub(crate) async fn start(&mut self) -> Result<(), StackError> {
        self.collect().await?;
        self.services.start(&self.plan.services).await
    }

    /// From now on services that end are started again as their units say.
    pub(crate) fn watch(&mut self) {
        self.services.watch();
    }

    /// What ended since the last time; it is ready again by then. What its unit does not start again is started here; what does
    /// not come back has ended.
    ///
    /// # Errors
    /// A service that its unit started again is not ready in time, or the engine's word.
    pub(crate) async fn mend<F>(&self, smtp: impl Fn(u16) -> F) -> Result<Vec<Died>, StackError>
    where
        F: Future<Output = Result<(), String>>,
    {
        self.services.ended(None).await?;
        let mut died = self.services.take_died();
        for service in &self.plan.services {
            if !died.iter().any(|died| died.service == service.name) {
                continue;
            }
            let Some((_, code)) = self.services.ended(Some(&service.name)).await? else {
                self.ready(service, &smtp).await?;
                continue;
            };
            let then = match self.start_again(service, code, &smtp).await {
                Ok(()) => Afterwards::Revived,
                Err(StackError::DidNotStart { .. } | StackError::NotReady { .. }) => Afterwards::Ended,
                Err(error) => return Err(error),
            };
            let last = died.iter_mut().rfind(|died| died.service == service.name);
            last.expect("it is among them").then = then;
        }
        Ok(died)
    }

    /// Starts a service that does not run, and waits until it is ready. If it does not come back it has ended with this exit
    /// code, and what else ended in trying is nobody's doing.
    ///
    /// # Errors
    /// It does not come back, or the engine's word.
    async fn start_again<F>(&self, service: &Service, code: i64, smtp: impl Fn(u16) -> F) -> Result<(), StackError>
    where
        F: Future<Output = Result<(), String>>,
    {
        self.services.begin(&service.name).await?;
        let Err(error) = self.ready(service, smtp).await else { return Ok(()) };
        self.services.give_up(&service.name, code).await?;
        self.services.take_died();
        Err(error)
    }

    /// Has these services stand still and all others run; says whether any of them was started.
    ///
    /// # Errors
    /// A service does not end or does not come back, or the engine's word.
    pub(crate) async fn stand_still<F>(&self, names: &[String], smtp: impl Fn(u16) -> F) -> Result<bool, StackError>
    where
        F: Future<Output = Result<(), String>>,
    {
        let mut is_any_started = false;
        for service in &self.plan.services {
            match (names.contains(&service.name), self.services.is_stopped(&service.name)) {
                (true, false) => self.services.stop(&service.name).await?,
                (false, true) => {
                    self.start_again(service, 0, &smtp).await?;
                    is_any_started = true;
                }
                _ => {}
            }
        }
        Ok(is_any_started)
    }

    /// Stops a service, prepares the host as its unit does, and starts it.
    ///
    /// # Errors
    /// It does not end or does not come back, or the engine's word.
    pub(crate) async fn restart<F>(&self, name: &str, smtp: impl Fn(u16) -> F) -> Result<(), StackError>
    where
        F: Future<Output = Result<(), String>>,
    {
        let Some(service) = self.plan.services.iter().find(|service| service.name == name) else { return Ok(()) };
        self.services.stop(name).await?;
        self.container.exec(&["sh", "-c", OF_UNITS]).await?;
        self.start_again(service, 0, smtp).await
    }

    async fn collect(&mut self) -> Result<(), StackError> {
        let (logs, host) = (self.logs.clone(), self.name().to_owned());
        let (heard, listens) = tokio::sync::oneshot::channel();
        let mut heard = Some(heard);
        let mut batch: Vec<String> = Vec::new();
        let on_line = move |_, line: &str| match heard.take() {
            // the collector's first line says that it listens
            Some(first) => drop(first.send(())),
            None if line == END_OF_BATCH => logs.record(&host, batch.drain(..)),
            None => batch.push(line.to_owned()),
        };
        let command = ["syslog-collector", SYSLOG].into_iter().chain(self.plan.logs.iter().map(String::as_str));
        let collector = self.container.spawn(&command.collect::<Vec<_>>(), on_line).await?;
        self.services.add("syslog-collector", collector);
        match timeout_at(Instant::now() + START, listens).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(self.not_ready("syslog-collector", "its first line", "nothing")),
        }
    }

    /// Waits until a service does what its `ready` says; `smtp` tries a transaction from outside.
    pub(crate) async fn ready<F>(&self, service: &Service, smtp: impl Fn(u16) -> F) -> Result<(), StackError>
    where
        F: Future<Output = Result<(), String>>,
    {
        let deadline = Instant::now() + START;
        let mut tick = interval(Duration::from_millis(15));
        let mut saw = "nothing".to_owned();
        while Instant::now() < deadline {
            tick.tick().await;
            if let Some((service, code)) = self.services.ended(Some(&service.name)).await? {
                return Err(StackError::DidNotStart { host: self.name().to_owned(), service, code, log: self.log() });
            }
            let seen = match &service.ready {
                Ready::Socket(path) => self.listens("unix", path).await?,
                Ready::Listening(port) => self.listens("tcp", &port.to_string()).await?,
                Ready::Smtp(port) => smtp(*port).await,
            };
            match seen {
                Ok(()) => return Ok(()),
                Err(what) => saw = what,
            }
        }
        Err(self.not_ready(&service.name, &service.ready.to_string(), &saw))
    }

    async fn listens(&self, kind: &str, at: &str) -> Result<Result<(), String>, StackError> {
        let output = self.container.exec(&["await-listener", kind, at]).await?;
        let what = output.stderr.lines().next().unwrap_or("nobody listens").to_owned();
        Ok(if output.code == 0 { Ok(()) } else { Err(what) })
    }

    /// Whether every service runs, or can be started again.
    ///
    /// # Errors
    /// [`StackError::Ended`] for the first that [`Host::mend`] could not bring back.
    pub(crate) fn check(&self) -> Result<(), StackError> {
        self.services.lost().map_or(Ok(()), |(service, code)| {
            Err(StackError::Ended { host: self.name().to_owned(), service, code, log: self.log() })
        })
    }

    fn not_ready(&self, service: &str, condition: &str, saw: &str) -> StackError {
        StackError::NotReady {
            host: self.name().to_owned(),
            service: service.to_owned(),
            seconds: START.as_secs(),
            waited: format!("waited for {condition}, saw {saw}"),
            log: self.log(),
        }
    }

    fn log(&self) -> String {
        self.logs.tail(self.name(), SHOWN).join("\n")
    }
}
