//! The programs that run in a container, by name. Those of a gateway's host are started again when they end, if their units
//! say so, and what ended is kept until somebody asks. One that was stopped on purpose stands still until it is started.

use crate::{
    Logs, StackError, gateway,
    unit::{Restart, Unit},
};
use container::{Container, EngineError, Process};
use futures_util::future::try_join_all;
use std::{
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{interval, sleep_until, timeout},
};

/// A program that ends sooner than this after its start was of no use.
const BRIEF: Duration = Duration::from_secs(1);
/// As many starts in a row that were of no use are made, as by systemd (`StartLimitBurst=` in systemd.unit(5)).
const ATTEMPTS: usize = 5;
/// Lines of log that tell of a program's end.
const SHOWN: usize = 8;
/// How long a program may take to end after SIGTERM, and after SIGKILL.
const STOPPING: Duration = Duration::from_secs(10);
/// Begins a program, whose process id it writes down first; the file is the argument before the command.
const BEGIN: &str = "echo $$ > \"$0\" && exec \"$@\"";

/// Writes the process id of a program and those of all that came of it; its file is the argument.
const FAMILY: &str = "new=$(cat \"$0\"); while [ -n \"$new\" ]; do echo $new; \
    new=$(for id in $new; do grep -ls \"^PPid:[[:space:]]*$id\\$\" /proc/[0-9]*/status; done | cut -d/ -f3); done";
/// Whether any of these processes is more than an entry of the kernel's table (proc(5), `State`).
const LEFT: &str = "for id; do grep -qs '^State:.[^ZX]' \"/proc/$id/status\" && exit 0; done; exit 1";

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
    /// What became of it.
    pub then: Afterwards,
    /// The last lines of the host's log that name it, at most eight.
    pub log: Vec<String>,
}

/// What became of a service that ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// Its unit started it again.
    Restarted,
    /// Its unit does not; the harness started it.
    Revived,
    /// It does not run.
    Ended,
}

impl fmt::Display for Died {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, service, code, then, log, .. } = self;
        let then = match then {
            Afterwards::Restarted => "and was started again",
            Afterwards::Revived => "and was not started again by its unit; the harness started it to go on",
            Afterwards::Ended => "and does not come back",
        };
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
    place: Arc<Locality>,
    programs: Vec<Arc<Program>>,
    /// One for each program that is watched; they end when this is dropped.
    watchers: JoinSet<()>,
}

/// Where programs run.
#[derive(Debug)]
struct Locality {
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
    /// Its end is on purpose.
    is_stopped: AtomicBool,
    state: watch::Sender<State>,
}

#[derive(Debug, Clone)]
enum State {
    Runs(Arc<Process>),
    /// It ended and is about to be started again.
    Restarts,
    /// It was stopped on purpose.
    Stopped,
    /// It ended by itself, with this exit code, and its unit does not start it again.
    Ended(i64),
    /// It ended with this exit code, and did not come back when it was started again.
    Lost(i64),
}

impl Services {
    /// None yet.
    pub(crate) fn new(host: &str, container: Container, logs: Logs) -> Self {
        let place = Locality { host: host.to_owned(), container, logs, died: Mutex::default() };
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
        let (name, command, is_stopped) = (name.to_owned(), command.to_vec(), AtomicBool::new(false));
        let program = Program { name, command, restart, is_stopped, state };
        self.programs.push(Arc::new(program));
    }

    /// From now on programs that end are started again as their units say.
    pub(crate) fn watch(&mut self) {
        for program in &self.programs {
            self.watchers.spawn(watch(Arc::clone(&self.place), Arc::clone(program)));
        }
    }

    /// Stops the program of this name; it stands still until [`Services::begin`]. One that stands still already is left alone.
    ///
    /// # Errors
    /// It does not end, or the engine's word.
    pub(crate) async fn stop(&self, name: &str) -> Result<(), StackError> {
        for program in self.programs.iter().filter(|program| program.name == name) {
            program.settle(!self.watchers.is_empty()).await?;
            program.is_stopped.store(true, Ordering::SeqCst);
            if !matches!(&*program.state.borrow(), State::Runs(_)) {
                program.state.send_replace(State::Stopped);
                continue;
            }
            if !self.place.end(program).await? {
                return Err(StackError::NotStopped { host: self.place.host.clone(), service: name.to_owned() });
            }
        }
        Ok(())
    }

    /// Starts the program of this name, if it does not run.
    ///
    /// # Errors
    /// The engine's word.
    pub(crate) async fn begin(&self, name: &str) -> Result<(), StackError> {
        for program in self.programs.iter().filter(|program| program.name == name) {
            if !matches!(&*program.state.borrow(), State::Stopped | State::Ended(_) | State::Lost(_)) {
                continue;
            }
            let process = self.place.spawn(&program.name, &program.command).await?;
            program.is_stopped.store(false, Ordering::SeqCst);
            program.state.send_replace(State::Runs(Arc::new(process)));
        }
        Ok(())
    }

    /// The program of this name is of no use: from now on it is lost, with this exit code.
    ///
    /// # Errors
    /// It does not end, or the engine's word.
    pub(crate) async fn give_up(&self, name: &str, code: i64) -> Result<(), StackError> {
        self.stop(name).await?;
        let its = self.programs.iter().filter(|program| program.name == name);
        its.for_each(|program| drop(program.state.send_replace(State::Lost(code))));
        Ok(())
    }

    /// The first that did not come back, with its exit code.
    pub(crate) fn lost(&self) -> Option<(String, i64)> {
        self.programs.iter().find_map(|program| match &*program.state.borrow() {
            State::Lost(code) => Some((program.name.clone(), *code)),
            _ => None,
        })
    }

    /// Whether the program of this name was stopped on purpose.
    pub(crate) fn is_stopped(&self, name: &str) -> bool {
        let mut its = self.programs.iter().filter(|program| program.name == name);
        its.any(|program| matches!(&*program.state.borrow(), State::Stopped))
    }

    /// The first that has ended and is not started again, with its exit code; of all, or of those with this name. One that is
    /// being started again is waited for; one that was stopped on purpose has not ended.
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
    /// Waits until it runs or stands still, and gives its exit code if it ended by itself.
    async fn settle(&self, is_watched: bool) -> Result<Option<i64>, EngineError> {
        let mut state = self.state.subscribe();
        loop {
            let now = state.borrow_and_update().clone();
            match now {
                State::Ended(code) | State::Lost(code) => return Ok(Some(code)),
                State::Stopped => return Ok(None),
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

impl Locality {
    async fn spawn(&self, name: &str, command: &[String]) -> Result<Process, EngineError> {
        let (logs, host, own) = (self.logs.clone(), self.host.clone(), name.to_owned());
        let on_line = move |_, line: &str| logs.remember(&host, &format!("{own}: {line}"));
        let file = pid_file(name);
        let begin = ["sh", "-c", BEGIN, &file];
        let command: Vec<&str> = begin.into_iter().chain(command.iter().map(String::as_str)).collect();
        self.container.spawn(&command, on_line).await
    }

    /// Ends a program with all processes that came of it: a script may only have started what serves. Says whether they ended.
    async fn end(&self, program: &Program) -> Result<bool, EngineError> {
        let family = self.container.exec(&["sh", "-c", FAMILY, &pid_file(&program.name)]).await?.stdout;
        let family: Vec<&str> = family.split_whitespace().collect();
        let run = async |command: &str, first: &str| {
            self.container.exec(&[&["sh", "-c", command, first], family.as_slice()].concat()).await
        };
        for signal in ["-TERM", "-KILL"] {
            run("kill \"$0\" \"$@\"", signal).await?;
            let ended = async {
                let mut state = program.state.subscribe();
                let _ = state.wait_for(|now| !matches!(now, State::Runs(_))).await;
                let mut tick = interval(Duration::from_millis(50));
                while run(LEFT, "left").await?.code == 0 {
                    tick.tick().await;
                }
                Ok::<_, EngineError>(())
            };
            if let Ok(ended) = timeout(STOPPING, ended).await {
                return ended.map(|()| true);
            }
        }
        Ok(false)
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

/// Where the process id of a service stands.
fn pid_file(name: &str) -> String {
    let name: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    format!("/run/service-{name}.pid")
}

/// Waits until a program ends, and starts it again if its unit does and it was not stopped on purpose, until the engine is gone;
/// who asks for the program next hears the engine's word.
async fn watch(place: Arc<Locality>, program: Arc<Program>) {
    let mut in_vain = 0;
    let mut state = program.state.subscribe();
    loop {
        let running = state.wait_for(|now| matches!(now, State::Runs(_))).await.map(|now| now.clone());
        let Ok(State::Runs(process)) = running else { return };
        let begun = Instant::now();
        let Ok(code) = process.exited().await else { return };
        let at = Instant::now();
        if program.is_stopped.load(Ordering::SeqCst) {
            program.state.send_replace(State::Stopped);
            in_vain = 0;
            continue;
        }
        program.state.send_replace(State::Restarts);
        let unit = place.unit(&program.command).await;
        in_vain = if begun.elapsed() < BRIEF { in_vain + 1 } else { 0 };
        let is_restarted = program.restart.unwrap_or(unit.restart).applies(code) && in_vain < ATTEMPTS;
        place.died().push(Died {
            host: place.host.clone(),
            service: program.name.clone(),
            code,
            at,
            then: if is_restarted { Afterwards::Restarted } else { Afterwards::Ended },
            log: place.log_of(&program),
        });
        if is_restarted {
            // systemd's own back-off, for what it is there for
            sleep_until((at + unit.delay).into()).await;
        }
        let again = if is_restarted { place.spawn(&program.name, &program.command).await.ok() } else { None };
        if again.is_none() {
            // whoever starts it begins anew
            in_vain = 0;
        }
        program.state.send_replace(again.map_or(State::Ended(code), |process| State::Runs(Arc::new(process))));
    }
}
