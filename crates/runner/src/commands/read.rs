//! Commands that read scenario files and need no engine.

use super::{CommandContext, Pair};
use crate::{
    cli::ReadArgs,
    exit::{CommandError, Exit},
    library,
    start::CommandResult,
};
use claims::Scenario;

/// `scenario list`.
pub(crate) fn list(context: &CommandContext, args: &ReadArgs) -> CommandResult {
    print!("{}", report::list(&scenarios(context, args)?));
    Ok(Exit::AsExpected)
}

/// `scenario describe`.
pub(crate) fn describe(context: &CommandContext, args: &ReadArgs) -> CommandResult {
    let words: Vec<String> = scenarios(context, args)?.iter().map(report::describe).collect();
    print!("{}", words.join("\n"));
    Ok(Exit::AsExpected)
}

/// `scenario check`.
pub(crate) fn check(context: &CommandContext, args: &ReadArgs) -> CommandResult {
    let count = scenarios(context, args)?.len();
    println!("{count} {} nothing wrong", if count == 1 { "scenario:" } else { "scenarios:" });
    Ok(Exit::AsExpected)
}

/// `scenario plan`.
pub(crate) fn plan(context: &CommandContext, args: &ReadArgs) -> CommandResult {
    let plans: serde_json::Map<String, serde_json::Value> = (scenarios(context, args)?.iter())
        .map(|scenario| (scenario.plan.source.name.clone(), serde_json::to_value(scenario).expect("a plan is data")))
        .collect();
    println!("{}", serde_json::to_string_pretty(&plans).expect("a plan is data"));
    Ok(Exit::AsExpected)
}

/// The chosen scenarios, against the world of the gateway.
fn scenarios(context: &CommandContext, args: &ReadArgs) -> Result<Vec<Scenario>, CommandError> {
    let world = Pair::load(&context.workspace, args.gateway.word())?.world();
    let sources = library::find(&context.workspace.scenarios(), &args.selection.names)?;
    Ok(library::scenarios(sources, &world)?)
}
