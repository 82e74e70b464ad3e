//! From the command line to a command, and from its end to an exit code.

use crate::{
    bring_up::interrupt,
    cli::{Cli, Command, GatewayCommand, ScenarioCommand, StackCommand},
    commands::{self, CommandContext},
    exit::{CommandError, Exit},
    progress::Progress,
    workspace::Workspace,
};
use miette::{Diagnostic, MietteHandler, MietteHandlerOpts, ReportHandler};
use std::{fmt, io::IsTerminal, process::ExitCode};

/// Runs the command; its result is on standard output, what goes on and what is wrong on standard error.
#[must_use]
pub fn main(cli: Cli) -> ExitCode {
    miette::set_hook(Box::new(|_| handler())).expect("nobody else says how errors look");
    let progress = Progress::start();
    let runtime = tokio::runtime::Runtime::new().expect("the system gives threads");
    let context = CommandContext {
        workspace: Workspace::new(cli.engine.root),
        engine: cli.engine.engine,
        mirror: cli.engine.mirror,
        progress,
    };
    let ended = runtime.block_on(async {
        match cli.command {
            Command::Scenario(ScenarioCommand::Run(args)) => commands::run::run(&context, args).await,
            Command::Scenario(ScenarioCommand::List(which)) => commands::read::list(&context, &which),
            Command::Scenario(ScenarioCommand::Describe(which)) => commands::read::describe(&context, &which),
            Command::Scenario(ScenarioCommand::Check(which)) => commands::read::check(&context, &which),
            Command::Scenario(ScenarioCommand::Plan(which)) => commands::read::plan(&context, &which),
            Command::Scenario(ScenarioCommand::Accept(which)) => commands::accept::accept(&context, &which),
            Command::Stack(StackCommand::Up { gateway }) => commands::stack::up(&context, &gateway).await,
            Command::Stack(StackCommand::Down) => commands::stack::down(&context).await,
            Command::Stack(StackCommand::Logs { host }) => commands::stack::logs(&context, host.as_deref()).await,
            Command::Stack(StackCommand::Prune { runs, images }) => {
                commands::stack::prune(&context, &runs, images).await
            }
            Command::Gateway(GatewayCommand::Compare(args)) => commands::compare::compare(&context, args).await,
            Command::Gateway(GatewayCommand::Explain(args)) => commands::explain::explain(&context, args).await,
            Command::Watch(args) => commands::watch::watch(&context, args).await,
            Command::Gateway(GatewayCommand::Import(args)) => commands::import::import(&args),
            Command::Probe(args) => commands::probe::probe(&context, args).await,
            Command::Assess(args) => commands::assess::assess(&context, args).await,
            Command::Lookup(args) => commands::lookup::lookup(&context, args).await,
            Command::Schema { write } => commands::schema::schema(&context, write),
            Command::Bench(args) => tokio::select! {
                ended = commands::bench::bench(&context, args) => ended,
                () = interrupt() => Err(CommandError::interrupted()),
            },
            Command::Reap { run } => commands::stack::reap(&context, &run).await,
        }
    });
    context.progress.finish();
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

/// How errors look: with source lines that are short enough to be read.
struct Handler(MietteHandler);

impl ReportHandler for Handler {
    fn debug(&self, error: &dyn Diagnostic, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug(&report::Bounded::new(error), f)
    }
}

/// Only a terminal has a width to wrap errors at: in a file they keep their lines, for who searches it. A path is never broken.
fn handler() -> Box<dyn ReportHandler> {
    let options = MietteHandlerOpts::new().wrap_lines(std::io::stderr().is_terminal()).break_words(false);
    Box::new(Handler(options.build()))
}

/// So that a command can end with its exit code by `?` alone.
pub(crate) type CommandResult = Result<Exit, crate::exit::CommandError>;
