//! `schema`: the JSON Schema of scenario files and their reference, made from the reader itself.

use super::CommandContext;
use crate::{
    exit::{CommandError, Exit},
    start::CommandResult,
};
use std::fs;

/// Prints the schema, or writes it and the reference into the checkout.
pub(crate) fn schema(context: &CommandContext, write: bool) -> CommandResult {
    let schema = format!("{}\n", serde_json::to_string_pretty(&scenario::schema()).expect("a schema is data"));
    if !write {
        print!("{schema}");
        return Ok(Exit::AsExpected);
    }
    for (path, text) in [("scenarios/schema.json", schema), ("docs/scenario.md", scenario::reference())] {
        let file = context.workspace.root().join(path);
        fs::write(&file, text).map_err(|e| CommandError::error(miette::miette!("{}: {e}", file.display())))?;
        println!("wrote {path}");
    }
    Ok(Exit::AsExpected)
}
