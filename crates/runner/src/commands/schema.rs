//! `schema`: the JSON Schemas of the files that people write and their references, made from the readers themselves.

use super::CommandContext;
use crate::{
    exit::{CommandError, Exit},
    known, project,
    start::CommandResult,
    unnoticed,
};
use stack::gateway;
use std::fs;

/// Prints the schema of scenarios, or writes all schemas and references into the checkout.
pub(crate) fn schema(context: &CommandContext, write: bool) -> CommandResult {
    let text =
        |schema: serde_json::Value| format!("{}\n", serde_json::to_string_pretty(&schema).expect("a schema is data"));
    if !write {
        print!("{}", text(scenario::schema()));
        return Ok(Exit::AsExpected);
    }
    let Some(checkout) = context.workspace.checkout() else {
        let help = "call it in a checkout of Mailproof, or name one with --root; without --write it is printed";
        return Err(CommandError::usage(miette::miette!(help = help, "there is no checkout to write into")));
    };
    for (path, text) in [
        ("scenarios/schema.json", text(scenario::schema())),
        ("docs/scenario.md", scenario::reference()),
        ("gateways/known-failures.schema.json", text(known::schema())),
        ("docs/known-failures.md", known::reference()),
        ("gateways/unnoticed.schema.json", text(unnoticed::schema())),
        ("docs/unnoticed.md", unnoticed::reference()),
        ("gateways/schema.json", text(gateway::schema())),
        ("docs/gateway.md", gateway::reference()),
        ("docs/mailproof.schema.json", text(project::schema())),
        ("docs/mailproof.md", project::reference()),
        ("profiles/schema.json", text(profile::schema())),
        ("docs/profile.md", profile::reference()),
    ] {
        let file = checkout.join(path);
        fs::write(&file, text).map_err(|e| CommandError::error(miette::miette!("{}: {e}", file.display())))?;
        println!("wrote {path}");
    }
    Ok(Exit::AsExpected)
}
