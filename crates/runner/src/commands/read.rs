//! Commands that read scenario files and need no engine.

use super::{Pair, Setting};
use crate::{
    cli::Selection,
    exit::{Exit, Trouble},
    library,
    start::Ended,
};
use plan::Plan;

/// `scenario list`.
pub(crate) fn list(setting: &Setting, which: &Selection) -> Ended {
    print!("{}", report::list(&plans(setting, which)?));
    Ok(Exit::AsExpected)
}

/// `scenario describe`.
pub(crate) fn describe(setting: &Setting, which: &Selection) -> Ended {
    let words: Vec<String> = plans(setting, which)?.iter().map(report::describe).collect();
    print!("{}", words.join("\n"));
    Ok(Exit::AsExpected)
}

/// `scenario check`.
pub(crate) fn check(setting: &Setting, which: &Selection) -> Ended {
    let count = plans(setting, which)?.len();
    println!("{count} {} nothing wrong", if count == 1 { "scenario:" } else { "scenarios:" });
    Ok(Exit::AsExpected)
}

/// `scenario plan`.
pub(crate) fn plan(setting: &Setting, which: &Selection) -> Ended {
    let plans: serde_json::Map<String, serde_json::Value> = (plans(setting, which)?.iter())
        .map(|plan| (plan.source.name.clone(), serde_json::to_value(plan).expect("a plan is data")))
        .collect();
    println!("{}", serde_json::to_string_pretty(&plans).expect("a plan is data"));
    Ok(Exit::AsExpected)
}

/// The chosen scenarios, against the world of the gateway that is the default.
fn plans(setting: &Setting, which: &Selection) -> Result<Vec<Plan>, Trouble> {
    let world = Pair::load(&setting.place, "hardened")?.world();
    let sources = library::find(&setting.place.scenarios(), &which.names)?;
    Ok(library::plans(sources, &world)?)
}
