//! Commands that read scenario files and need no engine.

use super::{CommandContext, Pair};
use crate::{
    cli::Selection,
    exit::{CommandError, Exit},
    library,
    start::CommandResult,
};
use claims::Scenario;

/// `scenario list`.
pub(crate) fn list(context: &CommandContext, which: &Selection) -> CommandResult {
    print!("{}", report::list(&scenarios(context, which)?));
    Ok(Exit::AsExpected)
}

/// `scenario describe`.
pub(crate) fn describe(context: &CommandContext, which: &Selection) -> CommandResult {
    let words: Vec<String> = scenarios(context, which)?.iter().map(report::describe).collect();
    print!("{}", words.join("\n"));
    Ok(Exit::AsExpected)
}

/// `scenario check`.
pub(crate) fn check(context: &CommandContext, which: &Selection) -> CommandResult {
    let count = scenarios(context, which)?.len();
    println!("{count} {} nothing wrong", if count == 1 { "scenario:" } else { "scenarios:" });
    Ok(Exit::AsExpected)
}

/// `scenario plan`.
pub(crate) fn plan(context: &CommandContext, which: &Selection) -> CommandResult {
    let plans: serde_json::Map<String, serde_json::Value> = (scenarios(context, which)?.iter())
        .map(|scenario| (scenario.plan.source.name.clone(), serde_json::to_value(scenario).expect("a plan is data")))
        .collect();
    println!("{}", serde_json::to_string_pretty(&plans).expect("a plan is data"));
    Ok(Exit::AsExpected)
}

/// The chosen scenarios, against the world of the gateway that is the default.
fn scenarios(context: &CommandContext, which: &Selection) -> Result<Vec<Scenario>, CommandError> {
    let world = Pair::load(&context.workspace, "hardened")?.world();
    let sources = library::find(&context.workspace.scenarios(), &which.names)?;
    Ok(library::scenarios(sources, &world)?)
}
