//! What a container engine does for us, seen on a real one. `MAILPROOF_NO_ENGINE=1` leaves out what needs one.
//!
//! The reaper executes whoever starts it, so this binary has a `reap` command, as `mailproof` has; and `raise`, which
//! stands for a run that is killed.

mod containers;
mod images;
mod runs;
mod trouble;

use libtest_mimic::{Arguments, Failed, Trial};
use mailproof_container::{Base, Engine, EngineError, ImageRecipe, ImageSettings, Network, Run};
use std::{
    collections::BTreeMap,
    future::Future,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicU32, Ordering},
};

/// Where the engine is on which these tests run.
pub(crate) const DOCKER: &str = "unix:///var/run/docker.sock";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--engine", engine, "reap", run] => block(async { mailproof_container::reap(engine, run).await.map(drop) }),
        ["raise", run] => block(runs::raise(run)),
        _ => test(),
    }
}

fn test() -> ExitCode {
    #[expect(clippy::disallowed_methods, reason = "the main of the tests")]
    let no_engine = std::env::var("MAILPROOF_NO_ENGINE").is_ok_and(|value| value == "1");
    let mut trials = [images::trials(), containers::trials(), runs::trials()].concat();
    if no_engine {
        trials.iter().for_each(|(name, _)| eprintln!("left out, no engine: {name}"));
        trials.clear();
    }
    trials.extend(trouble::trials());
    let trials = trials.into_iter().map(|(name, body)| Trial::test(name, body));
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// A test's name and body.
type Test = (&'static str, fn() -> Result<(), Failed>);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime")
}

fn block(command: impl Future<Output = Result<(), EngineError>>) -> ExitCode {
    match runtime().block_on(command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// The engine, a run of this test's own on it, the run's network, and an image.
pub(crate) struct Place {
    pub(crate) engine: Engine,
    pub(crate) run: Run,
    pub(crate) network: Network,
    pub(crate) image: String,
}

/// Gives a test its place, and takes everything down afterwards, whatever the test says.
pub(crate) fn with_place<F>(test: impl FnOnce(Place) -> F) -> Result<(), Failed>
where
    F: Future<Output = Result<(), Failed>>,
{
    runtime().block_on(async {
        let engine = Engine::connect(DOCKER).await?;
        let image = engine.ensure(&debian(), &settings(), &|_| {}).await?;
        let run = Run::new(&run_id(), false);
        let network = engine.network(&run).await?;
        let place = Place { engine: engine.clone(), run: run.clone(), network, image };
        let said = test(place).await;
        engine.sweep(&run.id).await?;
        said
    })
}

/// An id that no other run has.
pub(crate) fn run_id() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("test{:x}x{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn settings() -> ImageSettings {
    ImageSettings { mirror: None, cache: workspace().join("target/mailproof") }
}

pub(crate) fn debian() -> ImageRecipe {
    recipe("debian", Base::Debian("trixie".to_owned()))
}

pub(crate) fn recipe(name: &str, base: Base) -> ImageRecipe {
    ImageRecipe {
        name: name.to_owned(),
        directory: workspace().join("containers").join(name),
        base,
        args: BTreeMap::new(),
    }
}

pub(crate) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Result<(), Failed> {
    if holds { Ok(()) } else { Err(what().into()) }
}
