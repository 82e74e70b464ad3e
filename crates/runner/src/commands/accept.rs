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
        Some(gateway) => vec![context.workspace.gateway(gateway)],
        None => shipped(context)?,
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

/// The directories in `gateways`.
fn shipped(context: &CommandContext) -> Result<Vec<PathBuf>, LibraryError> {
    let gateways = context.workspace.root().join("gateways");
    let unreadable = |cause| LibraryError::Unreadable { path: gateways.display().to_string(), cause };
    let entries = std::fs::read_dir(&gateways).map_err(unreadable)?;
    let mut directories =
        entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<Vec<_>, _>>().map_err(unreadable)?;
    directories.sort();
    Ok(directories)
}

fn name_of(gateway: &std::path::Path) -> String {
    library::absolute(gateway).file_name().unwrap_or_default().to_string_lossy().into_owned()
}
