//! From the command line to a command, and from its end to an exit code.

use crate::{
    bring_up::interrupt,
    cli::{Cli, Command, GatewayCommand, ReportCommand, ScenarioCommand, StackCommand},
    commands::{self, CommandContext},
    exit::{CommandError, Exit},
    progress::Progress,
    shipped::Shipped,
    workspace::Workspace,
};
use clap::Parser;
use miette::{Diagnostic, MietteHandler, MietteHandlerOpts, ReportHandler};
use std::{fmt, io::IsTerminal, path::PathBuf, process::ExitCode};

/// How the program was called, besides the command line.
#[derive(Debug)]
pub struct Call {
    /// The words before a command's, by which messages name the program: `mailproof`, or `cargo xtask`.
    pub program: &'static str,
    /// What the binary carries.
    pub shipped: Shipped,
    /// Where files are kept between runs; none, if the system names no such place.
    pub cache: Option<PathBuf>,
    /// Where sockets of the user's own services lie; none, if the system names no such place.
    pub runtime: Option<PathBuf>,
    /// Whether this is the program once more, within the engine's network namespace.
    pub is_within: bool,
    /// Root of the repository that is tested, where a CI service says so.
    pub repository: Option<PathBuf>,
}

/// Reads the command line and runs the command; its result is on standard output, what goes on and what is wrong on standard error.
#[must_use]
pub fn main(call: Call) -> ExitCode {
    let cli = Cli::parse();
    let program = call.program;
    miette::set_hook(Box::new(move |_| handler(program))).expect("nobody else says how errors look");
    let progress = Progress::start();
    let runtime = tokio::runtime::Runtime::new().expect("the system gives threads");
    let ended = runtime.block_on(async {
        let named = cli.engine.engine.filter(|address| !address.is_empty());
        let engine = named.unwrap_or_else(|| container::local(call.runtime.as_deref()));
        let mirror = cli.engine.mirror;
        // these know of no workspace
        let command = match cli.command {
            Command::Init { directory } => return commands::init::init(&directory, &call),
            Command::Completions { shell } => return commands::pages::completions(shell),
            Command::Man { directory } => return commands::pages::man(directory.as_deref()),
            Command::Reap { run } => return commands::stack::reap(&engine, &run).await,
            command => command,
        };
        let engine =
            if command.has_stack() { container::enter(engine, program, call.is_within).await? } else { engine };
        let workspace = Workspace::open(cli.engine.root, &call)?;
        let context = CommandContext { workspace, program, engine, mirror, progress: progress.clone() };
        run(&context, command).await
    });
    progress.finish();
    let exit = ended.unwrap_or_else(|error| {
        for report in &error.reports {
            eprintln!("{report:?}");
        }
        error.exit
    });
    // What is still under way (a listener, a read of a log) ends with the process.
    runtime.shutdown_background();
    exit.into()
}

async fn run(context: &CommandContext, command: Command) -> CommandResult {
    match command {
        Command::Run(args) | Command::Scenario(ScenarioCommand::Run(args)) => commands::run::run(context, args).await,
        Command::Scenario(ScenarioCommand::List(which)) => commands::read::list(context, &which),
        Command::Scenario(ScenarioCommand::Describe(which)) => commands::read::describe(context, &which),
        Command::Scenario(ScenarioCommand::Check(which)) => commands::read::check(context, &which),
        Command::Scenario(ScenarioCommand::Plan(which)) => commands::read::plan(context, &which),
        Command::Scenario(ScenarioCommand::Accept(which)) => commands::accept::accept(context, &which),
        Command::Report(ReportCommand::Merge(args)) => commands::merge::merge(context, &args),
        Command::Report(ReportCommand::Read(args)) => commands::aggregate::read(context, &args),
        Command::Stack(StackCommand::Up { gateway }) => commands::stack::up(context, gateway.word()).await,
        Command::Stack(StackCommand::Down) => commands::stack::down(context).await,
        Command::Stack(StackCommand::Logs { host }) => commands::stack::logs(context, host.as_deref()).await,
        Command::Stack(StackCommand::Prune { runs, images }) => commands::stack::prune(context, &runs, images).await,
        Command::Gateway(GatewayCommand::Compare(args)) => commands::compare::compare(context, args).await,
        Command::Watch(args) => commands::watch::watch(context, args).await,
        Command::Gateway(GatewayCommand::Mutate(args)) => commands::mutate::mutate(context, args).await,
        Command::Gateway(GatewayCommand::Explain(args)) => commands::explain::explain(context, args).await,
        Command::Gateway(GatewayCommand::Users(args)) => commands::users::users(context, args).await,
        Command::Gateway(GatewayCommand::Import(args)) => commands::import::import(&args),
        Command::Probe(args) => commands::probe::probe(context, args).await,
        Command::Assess(args) => commands::assess::assess(context, args).await,
        Command::Lookup(args) => commands::lookup::lookup(context, args).await,
        Command::Schema { write } => commands::schema::schema(context, write),
        Command::Bench(args) => tokio::select! {
            ended = commands::bench::bench(context, args) => ended,
            () = interrupt() => Err(CommandError::interrupted()),
        },
        Command::Init { .. } | Command::Completions { .. } | Command::Man { .. } | Command::Reap { .. } => {
            unreachable!("they need no workspace, and were run")
        }
    }
}

/// How errors look: with source lines that are short enough to be read.
struct Handler {
    inner: MietteHandler,
    program: &'static str,
}

impl ReportHandler for Handler {
    fn debug(&self, error: &dyn Diagnostic, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.debug(&report::Bounded::new(error, self.program), f)
    }
}

/// Only a terminal has a width to wrap errors at: in a file they keep their lines, for who searches it. A path is never broken.
fn handler(program: &'static str) -> Box<dyn ReportHandler> {
    let options = MietteHandlerOpts::new().wrap_lines(std::io::stderr().is_terminal()).break_words(false);
    Box::new(Handler { inner: options.build(), program })
}

/// So that a command can end with its exit code by `?` alone.
pub(crate) type CommandResult = Result<Exit, crate::exit::CommandError>;
