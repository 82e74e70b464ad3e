//! The programs that run in a container, by name. Those of a gateway's host are started again when they end, if their units
//! say so, and what ended is kept until somebody asks.

use crate::{
    Logs, StackError, gateway,
    unit::{Restart, Unit},
};
use container::{Container, EngineError, Process};
use futures_util::future::try_join_all;
use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::{sync::watch, task::JoinSet, time::sleep_until};

/// A program that ends sooner than this after its start was of no use.
const BRIEF: Duration = Duration::from_secs(1);
/// As many starts in a row that were of no use are made, as by systemd (`StartLimitBurst=` in systemd.unit(5)).
const ATTEMPTS: usize = 5;
/// Lines of log that tell of a program's end.
const SHOWN: usize = 8;

/// A service of a gateway that ended while it should run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Died {
    /// Name of its host.
    pub host: String,
    /// What gateway.toml calls it.
    pub service: String,
    /// Its exit code; 128 + N after signal N.
    pub code: i64,
    /// When its end was noticed.
    pub at: Instant,
    /// Whether it was started again.
    pub is_restarted: bool,
    /// The last lines of the host's log that name it, at most eight.
    pub log: Vec<String>,
}

impl fmt::Display for Died {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, service, code, is_restarted, log, .. } = self;
        let then = if *is_restarted { "and was started again" } else { "and is not started again" };
        write!(f, "{host}: {service} ended with exit {code}{} {then}", signal(*code))?;
        if log.is_empty() { Ok(()) } else { write!(f, "; the end of its log:\n{}", log.join("\n")) }
    }
}

/// Which signal ended a program with this exit code, in parentheses.
pub(crate) fn signal(code: i64) -> &'static str {
    match code - 128 {
        1 => " (SIGHUP)",
        2 => " (SIGINT)",
        3 => " (SIGQUIT)",
        4 => " (SIGILL)",
        6 => " (SIGABRT)",
        7 => " (SIGBUS)",
        8 => " (SIGFPE)",
        9 => " (SIGKILL)",
        11 => " (SIGSEGV)",
        13 => " (SIGPIPE)",
        15 => " (SIGTERM)",
        _ => "",
    }
}

/// The programs of one container.
#[derive(Debug)]
pub(crate) struct Services {
    place: Arc<Place>,
    programs: Vec<Arc<Program>>,
    /// One for each program that is watched; they end when this is dropped.
    watchers: JoinSet<()>,
}

/// Where programs run.
#[derive(Debug)]
struct Place {
    host: String,
    container: Container,
    logs: Logs,
    died: Mutex<Vec<Died>>,
}

#[derive(Debug)]
struct Program {
    name: String,
    command: Vec<String>,
    /// As gateway.toml says; else its unit says it.
    restart: Option<Restart>,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone)]
enum State {
    Runs(Arc<Process>),
    /// It ended and is about to be started again.
    Restarts,
    /// It ended for good, with this exit code.
    Ended(i64),
}

impl Services {
    /// None yet.
    pub(crate) fn new(host: &str, container: Container, logs: Logs) -> Self {
        let place = Place { host: host.to_owned(), container, logs, died: Mutex::default() };
        Self { place: Arc::new(place), programs: Vec::new(), watchers: JoinSet::new() }
    }

    /// One more, that was started already and is never started again.
    pub(crate) fn add(&mut self, name: &str, process: Process) {
        self.push(name, &[], Some(Restart::No), process);
    }

    /// Starts these, all at the same time.
    ///
    /// # Errors
    /// The engine's word.
    pub(crate) async fn start(&mut self, services: &[gateway::Service]) -> Result<(), StackError> {
        let starting = services.iter().map(|service| self.place.spawn(&service.name, &service.command));
        for (service, process) in services.iter().zip(try_join_all(starting).await?) {
            self.push(&service.name, &service.command, service.restart, process);
        }
        Ok(())
    }

    fn push(&mut self, name: &str, command: &[String], restart: Option<Restart>, process: Process) {
        let state = watch::Sender::new(State::Runs(Arc::new(process)));
        let program = Program { name: name.to_owned(), command: command.to_vec(), restart, state };
        self.programs.push(Arc::new(program));
    }

    /// From now on programs that end are started again as their units say.
    pub(crate) fn watch(&mut self) {
        for program in &self.programs {
            self.watchers.spawn(watch(Arc::clone(&self.place), Arc::clone(program)));
        }
    }

    /// The first that has ended for good, with its exit code; of all, or of those with this name. One that is being started
    /// again is waited for.
    ///
    /// # Errors
    /// The engine's word.
    pub(crate) async fn ended(&self, name: Option<&str>) -> Result<Option<(String, i64)>, StackError> {
        let asked = self.programs.iter().filter(|program| name.is_none_or(|name| name == program.name));
        let ended = asked.map(|program| async {
            let code = program.settle(!self.watchers.is_empty()).await?;
            Ok::<_, EngineError>(code.map(|code| (program.name.clone(), code)))
        });
        Ok(try_join_all(ended).await?.into_iter().flatten().next())
    }

    /// What ended since the last time.
    pub(crate) fn take_died(&self) -> Vec<Died> {
        std::mem::take(&mut *self.place.died())
    }
}

impl Program {
    /// Waits until it runs or has ended for good, and gives its exit code then.
    async fn settle(&self, is_watched: bool) -> Result<Option<i64>, EngineError> {
        let mut state = self.state.subscribe();
        loop {
            let now = state.borrow_and_update().clone();
            match now {
                State::Ended(code) => return Ok(Some(code)),
                State::Restarts => {}
                State::Runs(process) => match process.exit_code().await? {
                    None => return Ok(None),
                    Some(code) if !is_watched => return Ok(Some(code)),
                    // its watcher is about to notice
                    Some(_) => {}
                },
            }
            if state.changed().await.is_err() {
                unreachable!("the program itself has the sender");
            }
        }
    }
}

impl Place {
    async fn spawn(&self, name: &str, command: &[String]) -> Result<Process, EngineError> {
        let (logs, host, own) = (self.logs.clone(), self.host.clone(), name.to_owned());
        let on_line = move |_, line: &str| logs.remember(&host, &format!("{own}: {line}"));
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        self.container.spawn(&command, on_line).await
    }

    async fn unit(&self, command: &[String]) -> Unit {
        let units = self.container.exec(Unit::COMMAND).await;
        units.map(|units| Unit::find(&units.stdout, command)).unwrap_or_default()
    }

    fn log_of(&self, program: &Program) -> Vec<String> {
        let names_it = |line: &String| line.contains(&program.name);
        let mut log: Vec<String> =
            self.logs.tail(&self.host, usize::MAX).into_iter().rev().filter(names_it).take(SHOWN).collect();
        log.reverse();
        log
    }

    fn died(&self) -> std::sync::MutexGuard<'_, Vec<Died>> {
        self.died.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits until a program ends, and starts it again, until it ends for good or the engine is gone; who asks for the program next
/// hears the engine's word.
async fn watch(place: Arc<Place>, program: Arc<Program>) {
    let mut in_vain = 0;
    loop {
        let State::Runs(process) = program.state.borrow().clone() else { return };
        let begun = Instant::now();
        let Ok(code) = process.exited().await else { return };
        let at = Instant::now();
        program.state.send_replace(State::Restarts);
        let unit = place.unit(&program.command).await;
        in_vain = if begun.elapsed() < BRIEF { in_vain + 1 } else { 0 };
        let is_restarted = program.restart.unwrap_or(unit.restart).applies(code) && in_vain < ATTEMPTS;
        place.died().push(Died {
            host: place.host.clone(),
            service: program.name.clone(),
            code,
            at,
            is_restarted,
            log: place.log_of(&program),
        });
        if is_restarted {
            // systemd's own back-off, for what it is there for
            sleep_until((at + unit.delay).into()).await;
        }
        let again = if is_restarted { place.spawn(&program.name, &program.command).await.ok() } else { None };
        program.state.send_replace(again.map_or(State::Ended(code), |process| State::Runs(Arc::new(process))));
    }
}
