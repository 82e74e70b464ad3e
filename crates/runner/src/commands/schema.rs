//! `schema`: the JSON Schema of scenario files and their reference, made from the reader itself.

use super::Setting;
use crate::{
    exit::{Exit, Trouble},
    start::Ended,
};
use std::fs;

/// Prints the schema, or writes it and the reference into the checkout.
pub(crate) fn schema(setting: &Setting, write: bool) -> Ended {
    let schema = format!("{}\n", serde_json::to_string_pretty(&scenario::schema()).expect("a schema is data"));
    if !write {
        print!("{schema}");
        return Ok(Exit::AsExpected);
    }
    for (path, text) in [("scenarios/schema.json", schema), ("docs/scenario.md", scenario::reference())] {
        let file = setting.place.root().join(path);
        fs::write(&file, text).map_err(|e| Trouble::error(miette::miette!("{}: {e}", file.display())))?;
        println!("wrote {path}");
    }
    Ok(Exit::AsExpected)
}
