//! `scenario accept`: what the last runs proposed becomes the snapshots.

use super::CommandContext;
use crate::{
    cli::Selection,
    exit::{CommandError, Exit},
    library::{self, LibraryError},
    snapshots::SnapshotFile,
    start::CommandResult,
};

/// Accepts the proposals of the chosen scenarios, for every gateway that has any.
pub(crate) fn accept(context: &CommandContext, which: &Selection) -> CommandResult {
    let gateways = context.workspace.root().join("gateways");
    let unreadable = |cause| LibraryError::Unreadable { path: gateways.display().to_string(), cause };
    let mut directories = Vec::new();
    for entry in std::fs::read_dir(&gateways).map_err(unreadable)? {
        directories.push(entry.map_err(unreadable)?.path());
    }
    directories.sort();
    let mut count = 0;
    for source in library::find(&context.workspace.scenarios(), &which.names)? {
        for directory in &directories {
            if SnapshotFile::new(directory, &source.name).accept()? {
                println!("accepted {} of {}", source.name, directory.file_name().unwrap_or_default().to_string_lossy());
                count += 1;
            }
        }
    }
    if count == 0 {
        let nothing = LibraryError::Nothing("a proposed snapshot: `scenario run` proposes them".into());
        return Err(CommandError { exit: Exit::Nothing, reports: vec![nothing.into()] });
    }
    Ok(Exit::AsExpected)
}
