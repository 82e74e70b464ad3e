//! `scenario accept`: what the last runs proposed becomes the snapshots.

use super::CommandContext;
use crate::{
    cli::AcceptArgs,
    exit::{CommandError, Exit},
    library::{self, LibraryError},
    snapshots::SnapshotFile,
    start::CommandResult,
};
use std::path::PathBuf;

/// Accepts the proposals of the chosen scenarios: of one gateway, or of all that have any.
pub(crate) fn accept(context: &CommandContext, args: &AcceptArgs) -> CommandResult {
    let gateways = match &args.gateway {
        Some(gateway) => vec![context.workspace.gateway(Some(gateway))],
        None => all(context)?,
    };
    let mut is_any = false;
    for source in library::find(&context.workspace.scenarios(), &args.selection.names)? {
        let files = match &args.gateway {
            // whichever gateway it was run on
            None if library::is_foreign(&source) => SnapshotFile::all_beside(&source),
            _ => gateways.iter().map(|path| (name_of(path), SnapshotFile::new(path, &source))).collect(),
        };
        for (gateway, file) in files {
            if file.accept()? {
                println!("accepted {} of {gateway}", source.name);
                is_any = true;
            }
        }
    }
    if is_any {
        return Ok(Exit::AsExpected);
    }
    let nothing = LibraryError::Nothing("a proposed snapshot: `scenario run` proposes them".into());
    Err(CommandError { exit: Exit::Nothing, reports: vec![nothing.into()] })
}

/// The directories in `gateways`, of the user's and of the checkout, and the gateway that `mailproof.toml` names.
fn all(context: &CommandContext) -> Result<Vec<PathBuf>, LibraryError> {
    let mut directories = Vec::new();
    for gateways in context.workspace.gateways() {
        let unreadable = |cause| LibraryError::Unreadable { path: gateways.display().to_string(), cause };
        for entry in std::fs::read_dir(&gateways).map_err(unreadable)? {
            directories.push(entry.map_err(unreadable)?.path());
        }
    }
    let named = context.workspace.gateway(None);
    if named.is_dir() && !context.workspace.is_carried(&named) {
        directories.push(named);
    }
    directories.sort_by_cached_key(|directory| library::absolute(directory));
    directories.dedup_by_key(|directory| library::absolute(directory));
    Ok(directories)
}

fn name_of(gateway: &std::path::Path) -> String {
    library::absolute(gateway).file_name().unwrap_or_default().to_string_lossy().into_owned()
}
